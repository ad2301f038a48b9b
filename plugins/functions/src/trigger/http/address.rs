//! Which space and path a request is for.
//!
//! A space's triggers are at `/trigger/SPACE/http…` of the server, with a domain for triggers
//! also at `/http…` of the host `SPACE.DOMAIN`, and at `/http…` of a domain that the space has for
//! functions.

use super::path::PREFIX as TRIGGER_PATH;

/// The path prefix of the addresses that need no domain.
pub const PREFIX: &str = "/trigger/";
/// The longest id of a space.
const MAX_SPACE: usize = 64;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    pub space: &'a str,
    /// As in `HttpTriggerPath`.
    pub path: &'a str,
}

/// The address that a request has; none when it cannot be that of a trigger. `host` is in lower
/// case and without a port.
pub fn locate<'a>(host: &'a str, path: &'a str, domain: Option<&str>) -> Option<Address<'a>> {
    // The SDKs join endpoint and path blindly, and so do their users.
    let path = one_slash(path)?;
    let (space, path) = match path.strip_prefix(PREFIX) {
        Some(rest) => rest.split_at(rest.find('/')?),
        None => (host.strip_suffix(host_part(domain?))?.strip_suffix('.')?, path),
    };
    let plain = !space.is_empty() && space.len() <= MAX_SPACE && space.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (plain && path.starts_with(TRIGGER_PATH)).then_some(Address { space, path })
}

/// The address that a request for a space's own domain has; none when it cannot be that of a
/// trigger.
pub fn within<'a>(space: &'a str, path: &'a str) -> Option<Address<'a>> {
    let path = one_slash(path)?;
    path.starts_with(TRIGGER_PATH).then_some(Address { space, path })
}

/// A path with one slash at its beginning.
fn one_slash(path: &str) -> Option<&str> {
    let slashes = path.len() - path.trim_start_matches('/').len();
    path.get(slashes.checked_sub(1)?..)
}

/// A domain without its port.
fn host_part(domain: &str) -> &str {
    domain.split_once(':').map_or(domain, |(host, _)| host)
}

/// The `DefaultEndpoint` of a space; `base` is the server's own URL.
pub fn endpoint(space: &str, base: &str, domain: Option<&str>) -> String {
    match domain {
        Some(domain) => format!("{space}.{domain}"),
        None => {
            let authority = base.split_once("://").map_or(base, |(_, rest)| rest).trim_end_matches('/');
            format!("{authority}{PREFIX}{space}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_space_by_path_or_by_host() {
        let at = |host, path| locate(host, path, Some("fn.example.com:8443")).map(|found| (found.space, found.path));
        assert_eq!(at("localhost", "/trigger/s-1/http/a"), Some(("s-1", "/http/a")));
        assert_eq!(at("", "//trigger/s-1/http"), Some(("s-1", "/http")));
        assert_eq!(at("s-1.fn.example.com", "/http/a"), Some(("s-1", "/http/a")));
        assert_eq!(at("s-1.fn.example.com", "/trigger/s-2/http/a"), Some(("s-2", "/http/a")));
        for (host, path) in [
            ("localhost", "/http/a"),
            ("fn.example.com", "/http/a"),
            ("a.b.fn.example.com", "/http/a"),
            ("xfn.example.com", "/http/a"),
            ("s.fn.example.com.evil", "/http/a"),
            ("s.fn.example.com", "/other"),
            ("localhost", "/trigger/s"),
            ("localhost", "/trigger//http"),
            ("localhost", "/trigger/s/other"),
            ("localhost", "/trigger/s%2f/http"),
            ("localhost", ""),
        ] {
            assert_eq!(at(host, path), None, "{host}{path}");
        }
        assert_eq!(locate("s.fn.example.com", "/http/a", None), None, "no domain was configured");
    }

    #[test]
    fn a_spaces_own_domain_has_its_triggers_only() {
        let at = |path| within("s", path).map(|found| (found.space, found.path));
        assert_eq!(at("/http/a"), Some(("s", "/http/a")));
        assert_eq!(at("//http/a"), Some(("s", "/http/a")));
        for path in ["", "/", "/other", "/trigger/t/http/a"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn the_endpoint_is_what_requests_are_told_apart_by() {
        assert_eq!(endpoint("s", "http://127.0.0.1:8520", None), "127.0.0.1:8520/trigger/s");
        assert_eq!(endpoint("s", "https://cloud.example.com/", None), "cloud.example.com/trigger/s");
        assert_eq!(endpoint("s", "http://127.0.0.1:8520", Some("fn.example.com")), "s.fn.example.com");
    }
}
