//! What a plugin can ask of mpcloud.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::abi::host::HostHandle;
use crate::{Call, Event, Reply, Result};

/// What the host tells a plugin of its surroundings when it makes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HostInfo {
    /// The id of this instance in the TOML file.
    pub plugin: String,
    /// A folder of this instance's own. It exists.
    pub data_dir: PathBuf,
    /// The instance's configuration as it was read.
    pub config: Value,
    /// The lowest level of log lines that anybody will see: `error`, `warn`, `info`, `debug`, `trace`.
    pub log_level: String,
}

/// A plugin's view of mpcloud. Cheap to clone; may be used from any thread and any task.
#[derive(Clone)]
pub struct Host {
    pub(crate) handle: Arc<HostHandle>,
    pub(crate) info: Arc<HostInfo>,
}

impl Host {
    /// Calls a method of any plugin, or of the core.
    ///
    /// The space's rules apply when the caller in `call` is a client. The method must be one that
    /// the manifest declares.
    ///
    /// # Errors
    /// What the method answers; `InvalidMethod.Format` when nobody provides it or the manifest
    /// does not declare it; `RequestTimeout` when the deadline passes.
    pub async fn call(&self, call: Call) -> Result<Reply> {
        self.handle.call(call).await
    }

    /// Tells every subscriber of an event, and waits until all have handled it.
    ///
    /// # Errors
    /// The first error of a subscriber, after all have been told.
    pub async fn emit(&self, event: Event) -> Result<()> {
        self.handle.emit(event).await
    }

    /// Has [`SCHEDULE_DUE`](crate::events::SCHEDULE_DUE) sent to this plugin whenever a cron
    /// expression (six fields, seconds first, UTC) is due. A name that is scheduled again is
    /// replaced. Schedules end with the plugin instance.
    ///
    /// # Errors
    /// `InvalidParams.Format` when the expression is not valid.
    pub async fn schedule(&self, name: &str, cron: &str) -> Result<()> {
        self.handle.schedule(name, cron).await
    }

    /// Reads a secret that the manifest declares: 32 random bytes that stay the same for this
    /// plugin id and name as long as the data folder's master key does.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the manifest does not declare it.
    pub fn secret(&self, name: &str) -> Result<Vec<u8>> {
        self.handle.secret(name)
    }

    /// The id of this instance in the TOML file.
    pub fn plugin(&self) -> &str {
        &self.info.plugin
    }

    /// A folder for this instance's files. It exists.
    pub fn data_dir(&self) -> &Path {
        &self.info.data_dir
    }

    /// The instance's configuration as it was read.
    pub fn config(&self) -> &Value {
        &self.info.config
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("plugin", &self.info.plugin).finish_non_exhaustive()
    }
}
