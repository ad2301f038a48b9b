//! A plugin with one method, `demo.hello`, that greets.
//!
//! A mini program calls it through `mpserverless.network.forward('demo.hello', { name: 'Ann' })`.

use std::sync::Arc;

use sdk_plugin::{Call, Host, Methods, Plugin, Result, export_plugin};
use serde::Deserialize;

/// The plugin's table in the TOML file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The word that comes before the name.
    greeting: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { greeting: "Hello".to_owned() }
    }
}

/// What `demo.hello` is called with.
#[derive(Deserialize)]
pub struct Params {
    name: String,
}

/// The plugin.
pub struct Hello {
    greeting: String,
}

impl Hello {
    async fn hello(self: Arc<Self>, _call: Call, params: Params) -> Result<String> {
        Ok(format!("{}, {}!", self.greeting, params.name))
    }
}

impl Plugin for Hello {
    type Config = Config;

    async fn start(config: Config, _host: Host) -> Result<Self> {
        Ok(Self { greeting: config.greeting })
    }

    fn methods(methods: &mut Methods<Self>) {
        methods.on("demo.hello", Self::hello);
    }
}

export_plugin!(Hello);
