//! The plugin's table in the TOML file.

use serde::Deserialize;

/// How payments are looked after. Every key is optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The URL that platforms reach this server at, such as `https://cloud.example.com`. The
    /// server's own by default. WeChat Pay wants HTTPS.
    pub public_url: Option<String>,
}
