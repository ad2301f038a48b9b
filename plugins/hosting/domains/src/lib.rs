//! Custom domains of sites and functions: who owns them, and certificates that renew themselves.

#![deny(missing_docs)]

use sdk_plugin::{Host, Plugin, Result, export_plugin};

/// The plugin.
pub struct Domains;

impl Plugin for Domains {
    type Config = std::collections::BTreeMap<String, String>;

    async fn start(_config: Self::Config, _host: Host) -> Result<Self> {
        Ok(Self)
    }
}

export_plugin!(Domains);
