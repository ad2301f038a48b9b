//! The plugin's table in the TOML file.

use serde::Deserialize;

/// Where documents are kept. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The database: empty for an embedded one in the plugin's own data folder,
    /// `surrealkv:///path` for an embedded one elsewhere, `mem://` for one that forgets everything
    /// with the process, `ws://host:port` or `wss://host:port` for a SurrealDB server or cluster.
    /// Default: empty.
    pub url: String,
    /// The SurrealDB namespace that holds one database for each space. Default: `mpcloud`.
    pub namespace: String,
    /// The root user of a server. Default: empty, which signs nobody in.
    pub username: String,
    /// That user's password. Default: empty.
    pub password: String,
    /// When an embedded database on disk calls a write done: `every` after it is on the disk (many
    /// writers share one flush), `never` after the operating system has it, which survives the end
    /// of the process but not of the machine, or a time such as `100ms`, as `never` and with a
    /// flush that often. Default: `every`.
    pub sync: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: String::new(),
            namespace: "mpcloud".to_owned(),
            username: String::new(),
            password: String::new(),
            sync: "every".to_owned(),
        }
    }
}
