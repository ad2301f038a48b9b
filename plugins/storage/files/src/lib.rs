//! The file service of mini programs: uploads, downloads, `serverless.file.resource.…`.

#![deny(missing_docs)]

use sdk_plugin::{Host, Plugin, Result, export_plugin};

/// The plugin.
pub struct Files;

impl Plugin for Files {
    type Config = std::collections::BTreeMap<String, String>;

    async fn start(_config: Self::Config, _host: Host) -> Result<Self> {
        Ok(Self)
    }
}

export_plugin!(Files);
