//! `mpcloud plugin`.

use std::path::PathBuf;

use clap::Subcommand;
use sdk_plugin::abi::load::PluginLibrary;
use serde_json::{Value, json};

use super::output::{camel, table, text};
use super::{Failure, Options, scaffold};

/// The commands on plugins.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the plugins of the running server
    List,
    /// Start a new plugin: a crate that builds
    #[command(after_help = "Examples:
  mpcloud plugin new greeting
  mpcloud plugin new greeting --path plugins/greeting --sdk ~/mpcloud/sdk-plugin")]
    New {
        /// Its name: lower-case letters, digits and hyphens
        name: String,
        /// Where to put the crate; ./NAME by default
        #[arg(long, value_name = "DIR")]
        path: Option<PathBuf>,
        /// The folder of sdk-plugin, where it is not to come from a registry
        #[arg(long, value_name = "DIR")]
        sdk: Option<PathBuf>,
    },
    /// Check whether this mpcloud can load a library, and show what it declares
    #[command(after_help = "Runs the library's initialisers: check only libraries that you trust.

Example:
  mpcloud plugin check target/debug/libgreeting.so")]
    Check {
        /// The library's file
        #[arg(value_name = "LIB")]
        library: PathBuf,
    },
    /// Start a plugin anew, with the configuration that the file has now and without refusing a call
    Reload {
        /// The plugin's id in the configuration
        id: String,
    },
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let output = options.output();
        match self {
            Self::List => {
                let reply = options.client()?.call("ListPlugins", &[])?;
                let plugins = reply.get("Plugins").and_then(Value::as_array).cloned().unwrap_or_default();
                output.result(&json!({"plugins": plugins.iter().cloned().map(camel).collect::<Vec<_>>()}), || {
                    let row = |plugin: &Value| {
                        let methods = plugin.get("Methods").and_then(Value::as_array).map_or(0, Vec::len).to_string();
                        let [id, name, version, state, calls, errors, message] =
                            ["Id", "Name", "Version", "State", "Calls", "Errors", "Message"].map(|key| text(plugin, &[key]));
                        vec![id, name, version, state, methods, calls, errors, message]
                    };
                    let rows: Vec<_> = plugins.iter().map(row).collect();
                    table(&["ID", "NAME", "VERSION", "STATE", "METHODS", "CALLS", "ERRORS", "MESSAGE"], &rows)
                })
            }
            Self::New { name, path, sdk } => {
                let folder = path.unwrap_or_else(|| PathBuf::from(&name));
                let files = scaffold::write(&name, &folder, sdk.as_deref())?;
                let shown = folder.display().to_string();
                output.result(&json!({"name": name, "path": shown, "files": files}), || {
                    format!(
                        "made {shown} with {}\nBuild it: cargo build --manifest-path {shown}/Cargo.toml\nThen read {shown}/README.md",
                        files.join(", ")
                    )
                })
            }
            Self::Check { library } => {
                let file = library.display().to_string();
                let opened = PluginLibrary::open(&library).map_err(|refusal| Failure::new(format!("{file} {refusal}")))?;
                let manifest = opened.manifest()?;
                output.result(&json!({"library": file, "manifest": manifest}), || {
                    let line = |what: &str, list: &[String]| {
                        if list.is_empty() { String::new() } else { format!("\n{what:<10} {}", list.join(", ")) }
                    };
                    [
                        format!("{file} can be loaded\n{:<10} {} {}", "plugin", manifest.name, manifest.version),
                        line("methods", &manifest.methods),
                        line("internal", &manifest.internal),
                        line("calls", &manifest.calls),
                        line("http", &manifest.http),
                        line("events", &manifest.events),
                        line("secrets", &manifest.secrets),
                    ]
                    .concat()
                })
            }
            Self::Reload { id } => {
                options.client()?.call("ReloadPlugin", &[("PluginId", &id)])?;
                output.result(&json!({"id": id}), || format!("reloaded {id}"))
            }
        }
    }
}
