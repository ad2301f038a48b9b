//! The plugin's table in the TOML file.

use std::path::PathBuf;

use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use url::Url;

/// How Alipay is reached. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The gateway's URL. Alipay's by default; its sandbox is
    /// `https://openapi-sandbox.dl.alipaydev.com/gateway.do`.
    pub gateway: String,
    /// How long the gateway may take to answer, in seconds. 15 by default.
    pub timeout_seconds: u64,
    /// The HTTP proxy to go through, such as `http://proxy.example.com:3128`. None by default.
    pub proxy: Option<String>,
    /// A file of certificates (PEM) of those who vouch for the gateway's server, besides the public
    /// ones.
    pub roots: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self { gateway: "https://openapi.alipay.com/gateway.do".to_owned(), timeout_seconds: 15, proxy: None, roots: None }
    }
}

impl Config {
    /// The gateway's URL, checked.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it is none, when it would send keys in the clear over a network,
    /// or when the time-out is zero.
    pub(crate) fn checked_gateway(&self) -> Result<Url> {
        let wrong = |message: &str| Error::new(codes::CONFIG, message.to_owned());
        if !(1..=120).contains(&self.timeout_seconds) {
            return Err(wrong("timeout_seconds must be from 1 to 120"));
        }
        let url = Url::parse(&self.gateway).map_err(|error| wrong(&format!("gateway: {error}")))?;
        let near = matches!(url.host(), Some(url::Host::Ipv4(ip)) if ip.is_loopback())
            || matches!(url.host(), Some(url::Host::Ipv6(ip)) if ip.is_loopback());
        if url.scheme() != "https" && !(url.scheme() == "http" && near) {
            return Err(wrong("gateway must begin with https://"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("gateway must end with its path"));
        }
        Ok(url)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::config::decode_strict;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_gateway_is_reached_by_https_and_in_a_bounded_time() {
        assert!(Config::default().checked_gateway().is_ok());
        for (table, says) in [
            (json!({"gateway": "http://openapi.alipay.com/gateway.do"}), "https://"),
            (json!({"gateway": "openapi"}), "gateway"),
            (json!({"gateway": "https://a.b/?x=1"}), "path"),
            (json!({"timeout_seconds": 0}), "timeout_seconds"),
        ] {
            let error = decode_strict::<Config>(table).unwrap().checked_gateway().unwrap_err();
            assert!(error.message().contains(says), "{error}");
        }
        let unknown = decode_strict::<Config>(json!({"gatway": "x"})).unwrap_err();
        assert!(unknown.message().contains("did you mean `gateway`?"), "{unknown}");
        assert!(Config { gateway: "http://127.0.0.1:1/".into(), ..Config::default() }.checked_gateway().is_ok());
    }
}
