//! The ports that people reach the server by.

use http::Uri;

use crate::config::Server;

/// The port of each scheme, as far as the server has it. Mappings may make them others than those
/// that it listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Of HTTP.
    pub http: Option<u16>,
    /// Of HTTPS that the server itself takes.
    pub https: Option<u16>,
    /// Of HTTPS that a proxy takes.
    pub proxied_https: u16,
}

impl Ports {
    /// The ports of a server that listens on these.
    pub fn of(config: &Server, http: Option<u16>, https: Option<u16>) -> Self {
        let url = config.public_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
        let said = |scheme: &str, usual: u16| {
            let url = url.as_ref().filter(|url| url.scheme_str() == Some(scheme))?;
            Some(url.port_u16().unwrap_or(usual))
        };
        let public = config.public_https_port.map(u16::from).or_else(|| said("https", 443));
        Self {
            // What has a URL of its own is behind something that has the usual port.
            http: http.map(|listened| if url.is_some() { said("http", 80).unwrap_or(80) } else { listened }),
            https: https.map(|listened| public.unwrap_or(listened)),
            proxied_https: public.unwrap_or(443),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    #[test]
    fn ports_are_those_that_people_use() {
        let server = |url: Option<&str>, port| Server {
            public_url: url.map(str::to_owned),
            public_https_port: NonZeroU16::new(port),
            ..Server::default()
        };
        for (url, port, http, https, proxied) in [
            (None, 0, 8080, 8443, 443),
            (None, 444, 8080, 444, 444),
            (Some("https://a.example"), 0, 80, 443, 443),
            (Some("https://a.example:444"), 0, 80, 444, 444),
            (Some("https://a.example"), 445, 80, 445, 445),
            (Some("http://a.example:81"), 0, 81, 8443, 443),
            (Some("http://a.example"), 443, 80, 443, 443),
        ] {
            let expected = Ports { http: Some(http), https: Some(https), proxied_https: proxied };
            assert_eq!(Ports::of(&server(url, port), Some(8080), Some(8443)), expected, "{url:?} {port}");
            let without = Ports::of(&server(url, port), None, None);
            assert_eq!((without.http, without.https), (None, None), "what it does not listen on, it does not have");
        }
    }
}
