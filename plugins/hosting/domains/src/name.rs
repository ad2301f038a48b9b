//! Names of hosts, as people write them.

use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::{Error, Result};

/// The longest name, RFC 1035.
const MAX_NAME: usize = 253;

/// A host's name in the form that the contract asks for: lower case, ASCII (RFC 5891), without a
/// dot at its end. `parameter` names where it came from.
///
/// # Errors
/// `MissingParameter` when it is empty; `InvalidParameter` for what is no name of a host below a
/// top level domain.
pub fn host(parameter: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::new(MISSING_PARAMETER, format!("the parameter {parameter} is missing")));
    }
    let invalid = || {
        let shown: String = text.chars().take(80).collect();
        Error::new(INVALID_PARAMETER, format!("{parameter} must be the name of a host such as `www.example.com`, not `{shown}`"))
    };
    // What URLs would take apart is none of a name.
    if text.len() > 4 * MAX_NAME || text.contains(['/', ':', '@', '?', '#', '\\', '%', '*', '[', ']']) {
        return Err(invalid());
    }
    let Ok(url::Host::Domain(name)) = url::Host::parse(text) else { return Err(invalid()) };
    let name = name.strip_suffix('.').unwrap_or(&name);
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let valid = name.len() <= MAX_NAME && name.contains('.') && name.split('.').all(label);
    if valid { Ok(name.to_owned()) } else { Err(invalid()) }
}

/// A host's name as people write it: the Unicode form of labels that begin with `xn--` (RFC 5890).
pub fn unicode(host: &str) -> String {
    let shown = url::quirks::domain_to_unicode(host);
    if shown.is_empty() { host.to_owned() } else { shown }
}

/// A name and the domains that it is below of, up to the one that somebody has registered: suffixes
/// such as `co.uk` are many people's (publicsuffix.org), and one itself stands for nothing above it.
pub fn with_parents(host: &str) -> impl Iterator<Item = &str> {
    let shortest = psl::domain_str(host).unwrap_or(host).len();
    std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, parent)| parent))
        .take_while(move |name| name.len() >= shortest && name.contains('.'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form_and_nothing_else_passes() {
        for (text, name) in [
            ("Www.Example.COM", "www.example.com"),
            ("example.com.", "example.com"),
            (" a-b.example.com ", "a-b.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("a.中国", "a.xn--fiqs8s"),
        ] {
            assert_eq!(host("Domain", text).unwrap_or_else(|e| panic!("{text}: {e}")), name);
        }
        let long = format!("{}.com", "a".repeat(64));
        let endless = format!("{}com", "a.".repeat(130));
        for text in [
            "localhost",
            "127.0.0.1",
            "1.2.3",
            "0x7f.1",
            "[::1]",
            "a.com:80",
            "http://a.com",
            "a.com/",
            "*.a.com",
            "a..com",
            ".a.com",
            "-a.com",
            "a-.com",
            "a_b.com",
            "a b.com",
            "a.com\0",
            "a%2ecom",
            "u@a.com",
            &long,
            &endless,
        ] {
            assert_eq!(host("Domain", text).unwrap_err().code(), INVALID_PARAMETER, "{text}");
        }
        assert_eq!(host("Domain", " ").unwrap_err().code(), MISSING_PARAMETER);
    }

    #[test]
    fn names_are_shown_as_people_write_them() {
        for (name, shown) in [
            ("www.example.com", "www.example.com"),
            ("xn--bcher-kva.example", "bücher.example"),
            ("a.xn--fiqs8s", "a.中国"),
            ("xn--", "xn--"),
        ] {
            assert_eq!(unicode(name), shown);
        }
    }

    #[test]
    fn parents_end_at_what_somebody_has_registered() {
        assert_eq!(with_parents("a.b.example.com").collect::<Vec<_>>(), ["a.b.example.com", "b.example.com", "example.com"]);
        assert_eq!(with_parents("com").count(), 0);
        assert_eq!(with_parents("a.b.co.uk").collect::<Vec<_>>(), ["a.b.co.uk", "b.co.uk"]);
        assert_eq!(with_parents("www.me.duckdns.org").collect::<Vec<_>>(), ["www.me.duckdns.org", "me.duckdns.org"]);
        assert_eq!(with_parents("com.cn").collect::<Vec<_>>(), ["com.cn"], "a suffix is itself alone");
        assert_eq!(with_parents("www.a.test").collect::<Vec<_>>(), ["www.a.test", "a.test"], "an unlisted one");
    }
}
