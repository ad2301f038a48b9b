//! The plugin's table in the TOML file.

use std::path::PathBuf;
use std::time::Duration;

use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;

/// Where WeChat is, and how it is reached. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The base address of WeChat Pay. `https://api.mch.weixin.qq.com` by default.
    pub gateway: String,
    /// The base address of WeChat, for logins. `https://api.weixin.qq.com` by default.
    pub login_gateway: String,
    /// How long an answer may take, in seconds. 15 by default.
    pub timeout_seconds: u64,
    /// The HTTP proxy that leads to both, such as `http://proxy.example.com:3128`. None by default.
    pub proxy: Option<String>,
    /// A file of certificates (PEM) of those who vouch for both, besides the public authorities.
    pub roots: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            gateway: "https://api.mch.weixin.qq.com".to_owned(),
            login_gateway: "https://api.weixin.qq.com".to_owned(),
            timeout_seconds: 15,
            proxy: None,
            roots: None,
        }
    }
}

impl Config {
    /// How long an answer may take.
    ///
    /// # Errors
    /// `InvalidConfiguration` when it is not from a second to ten minutes.
    pub fn timeout(&self) -> Result<Duration> {
        if !(1..=600).contains(&self.timeout_seconds) {
            return Err(Error::new(codes::CONFIG, "timeout_seconds must be from 1 to 600"));
        }
        Ok(Duration::from_secs(self.timeout_seconds))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_key_is_optional_and_none_is_unknown() {
        let config: Config = serde_json::from_value(json!({})).unwrap();
        assert_eq!(config.timeout().unwrap(), Duration::from_secs(15));
        assert!(serde_json::from_value::<Config>(json!({"gatway": ""})).is_err());
        for seconds in [0, 601] {
            assert!(Config { timeout_seconds: seconds, ..Config::default() }.timeout().is_err());
        }
    }
}
