//! The plugin's table in the TOML file.

use serde::Deserialize;

/// How many apps there can be. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many apps a space can have on all platforms. 100 by default, 0 for any number.
    pub max_apps_per_space: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_apps_per_space: 100 }
    }
}
