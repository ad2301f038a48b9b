//! Websites of spaces: their files, releases and settings, and serving them.

#![deny(missing_docs)]

use sdk_plugin::{Host, Plugin, Result, export_plugin};

/// The plugin.
pub struct Sites;

impl Plugin for Sites {
    type Config = std::collections::BTreeMap<String, String>;

    async fn start(_config: Self::Config, _host: Host) -> Result<Self> {
        Ok(Self)
    }
}

export_plugin!(Sites);
