//! What a proxy says of a request that it forwards.

use std::net::IpAddr;

use http::HeaderMap;

/// The client's side of a request that came by way of a trusted proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// The address that the proxy was asked from, by `X-Forwarded-For`.
    pub ip: Option<IpAddr>,
    /// Whether the proxy was asked over TLS, by `X-Forwarded-Proto`; none when it does not say.
    pub secure: Option<bool>,
}

impl Forwarded {
    /// What the last proxy says. Values before the last one may be whatever a client has sent.
    pub fn of(headers: &HeaderMap) -> Self {
        let secure = last(headers, "x-forwarded-proto").and_then(|scheme| match scheme {
            scheme if scheme.eq_ignore_ascii_case("https") => Some(true),
            scheme if scheme.eq_ignore_ascii_case("http") => Some(false),
            _ => None,
        });
        Self { ip: last(headers, "x-forwarded-for").and_then(|address| address.parse().ok()), secure }
    }
}

/// The last value of a list, which may be in several headers.
fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn of(lines: &[(&'static str, &'static str)]) -> Forwarded {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Forwarded::of(&headers)
    }

    #[test]
    fn the_last_proxy_is_believed_and_nobody_before_it() {
        assert_eq!(of(&[]), Forwarded::default());
        let ip = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(of(&[("x-forwarded-for", "6.6.6.6, 1.2.3.4")]).ip, ip("1.2.3.4"));
        assert_eq!(of(&[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "::1")]).ip, ip("::1"), "HAProxy adds a line");
        assert_eq!(of(&[("x-forwarded-for", "1.2.3.4, unknown")]).ip, None);
        for (value, secure) in [("https", Some(true)), ("HTTP", Some(false)), ("https,http", Some(false)), ("wss", None), ("", None)] {
            assert_eq!(of(&[("x-forwarded-proto", value)]).secure, secure, "{value}");
        }
        assert_eq!(of(&[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")]).secure, Some(false));
    }
}
