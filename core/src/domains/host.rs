//! Host names, as domains have them and as requests name them.

use std::net::IpAddr;

use http::{HeaderMap, Uri, Version, header};

/// The longest name, in bytes (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// Checks that a name is one that domains have: labels of lower-case letters, digits and hyphens
/// (RFC 1123, section 2.1).
///
/// # Errors
/// What is wrong with it.
pub fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err("must have 1 to 253 characters");
    }
    if !name.is_ascii() {
        return Err("must be in its ASCII form: the labels of an international name begin with `xn--`");
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    for label in name.split('.') {
        if label.is_empty() || label.len() > MAX_LABEL {
            return Err("must have labels of 1 to 63 characters between its dots");
        }
        if !label.bytes().all(plain) || label.starts_with('-') || label.ends_with('-') {
            return Err("must have only lower-case letters, digits and dots, and hyphens inside of labels");
        }
    }
    // What ends in a number is an IPv4 address to browsers, in whatever notation.
    let last = name.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if number { Err("must not be an IP address") } else { Ok(()) }
}

/// Whether a host is an IP address, an IPv6 one in brackets.
pub fn is_address(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()),
        None => host.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()),
    }
}

/// The host of `HOST`, `HOST:PORT` or `[IPv6]:PORT`: in lower case, without port and final dot.
/// None when it is neither a name nor an address. Underscores are let through, as there are
/// machines whose names have them.
pub fn of_authority(authority: &str) -> Option<String> {
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at_checked(end + 1)?,
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    if !port.is_empty() {
        let digits = port.strip_prefix(':')?;
        if digits.len() > 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
    }
    if host.starts_with('[') {
        return is_address(host).then(|| host.to_ascii_lowercase());
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let labels = name.len() <= MAX_NAME && name.split('.').all(|label| !label.is_empty() && label.bytes().all(known));
    labels.then(|| name.to_ascii_lowercase())
}

/// The host that a request is for (RFC 9112, section 3.2; RFC 9113, section 8.3.1). Empty for one
/// of HTTP/1.0 that names none.
///
/// # Errors
/// Why the request must be refused.
pub fn of_request(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<String, &'static str> {
    const WRONG: &str = "the request's Host is no host name";
    let mut sent = headers.get_all(header::HOST).iter();
    let header = sent.next().map(|value| value.to_str().ok().and_then(of_authority).ok_or(WRONG)).transpose()?;
    if sent.next().is_some() {
        return Err("the request has several Host headers");
    }
    let authority = uri.authority().map(|authority| of_authority(authority.as_str()).ok_or(WRONG)).transpose()?;
    match (authority, header) {
        (Some(authority), Some(header)) if version >= Version::HTTP_2 && authority != header => {
            Err("the request's Host differs from its :authority")
        }
        // The target of a request to a proxy goes before its Host.
        (Some(authority), _) => Ok(authority),
        (None, Some(header)) => Ok(header),
        (None, None) if version < Version::HTTP_11 => Ok(String::new()),
        (None, None) => Err("the request has no Host"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn domains_have_names_of_the_dns() {
        let long = format!("{}.com", "a".repeat(63));
        for good in ["a.com", "xn--fiqs8s.cn", "1.a-b.example", "localhost", &long] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let label = format!("{}.com", "a".repeat(64));
        let name = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(62)].join(".");
        for bad in [
            "",
            ".",
            "a..com",
            "a.com.",
            ".a.com",
            "A.com",
            "a_b.com",
            "-a.com",
            "a-.com",
            "a b.com",
            "a.com:80",
            "中国.cn",
            "127.0.0.1",
            "1.2.3",
            "0x7f.1",
            "a.0x7f",
            "[::1]",
            "a.com/x",
            "*.a.com",
            "a\0.com",
            &label,
            &name,
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_authority_gives_its_host() {
        for (authority, host) in [
            ("a.com", Some("a.com")),
            ("A.Com:8080", Some("a.com")),
            ("a.com.:80", Some("a.com")),
            ("a.com:", Some("a.com")),
            ("my_service:80", Some("my_service")),
            ("127.0.0.1:1", Some("127.0.0.1")),
            ("[::1]:80", Some("[::1]")),
            ("[::FFFF]", Some("[::ffff]")),
            ("", None),
            (":80", None),
            (".", None),
            ("a.com..", None),
            ("a..com", None),
            ("user@a.com", None),
            ("a.com:80:80", None),
            ("a.com:x", None),
            ("a.com:123456", None),
            ("::1", None),
            ("[a.com]", None),
            ("[127.0.0.1]", None),
            ("[::1", None),
            ("[::1]x", None),
            ("a.com/b", None),
            ("a com", None),
            ("é.com", None),
        ] {
            assert_eq!(of_authority(authority).as_deref(), host, "{authority}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        let asked = |version, uri: &str, hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            of_request(version, &uri.parse().unwrap(), &headers).ok()
        };
        assert_eq!(asked(Version::HTTP_11, "/", &["A.com:80"]).as_deref(), Some("a.com"));
        assert_eq!(asked(Version::HTTP_11, "http://b.com/", &["a.com"]).as_deref(), Some("b.com"));
        assert_eq!(asked(Version::HTTP_11, "/", &[]), None);
        assert_eq!(asked(Version::HTTP_10, "/", &[]).as_deref(), Some(""));
        assert_eq!(asked(Version::HTTP_11, "/", &[""]), None);
        assert_eq!(asked(Version::HTTP_11, "/", &["a.com", "a.com"]), None);
        assert_eq!(asked(Version::HTTP_11, "/", &["a.com, b.com"]), None);
        assert_eq!(asked(Version::HTTP_2, "https://a.com/", &[]).as_deref(), Some("a.com"));
        assert_eq!(asked(Version::HTTP_2, "https://a.com/", &["a.com:443"]).as_deref(), Some("a.com"));
        assert_eq!(asked(Version::HTTP_2, "https://a.com/", &["b.com"]), None);
        assert_eq!(asked(Version::HTTP_2, "/", &[]), None);
    }
}
