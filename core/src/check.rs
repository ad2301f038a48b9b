//! `mpcloud check`: reads the configuration and loads every plugin, without listening.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sdk_plugin::{Error, Result, codes};
use serde_json::Value;

use crate::config::Config;
use crate::{gateway, host};

/// Checks a configuration; gives a line for each thing that was found in order.
///
/// # Errors
/// The first thing that is not in order.
pub async fn run(file: Option<PathBuf>, data: Option<PathBuf>) -> Result<Vec<String>> {
    let mut config = Config::load(file.as_deref())?;
    if data.is_some() {
        config.data = data;
    }
    let mut lines = vec![match &file {
        Some(file) => format!("{}: valid", file.display()),
        None => "no file: the defaults".to_owned(),
    }];
    gateway::check(&config.server)?;
    let mut provided: BTreeMap<String, &str> = BTreeMap::new();
    let mut answered: BTreeMap<String, &str> = BTreeMap::new();
    for (id, plugin) in config.plugins.iter().filter(|(_, plugin)| plugin.is_enabled()) {
        let in_plugin = |e: Error| Error::new(e.code().to_owned(), format!("plugins.{id}: {}", e.message())).with_source(e);
        let file = host::locate(plugin).map_err(in_plugin)?;
        let library = host::open(file.clone()).await.map_err(in_plugin)?;
        let manifest = library.manifest().map_err(in_plugin)?;
        library.check(&Value::Object(plugin.config.clone())).map_err(in_plugin)?;
        for method in &manifest.methods {
            if let Some(other) = provided.insert(method.clone(), id) {
                let message = format!("the plugins `{other}` and `{id}` both provide the method `{method}`");
                return Err(Error::new(codes::CONFIG, message));
            }
        }
        for service in &manifest.sites {
            if let Some(other) = answered.insert(service.clone(), id) {
                let message = format!("the plugins `{other}` and `{id}` both answer the service `{service}`");
                return Err(Error::new(codes::CONFIG, message));
            }
        }
        lines.push(format!(
            "plugins.{id}: {} {}, {} methods ({})",
            manifest.name,
            manifest.version,
            manifest.methods.len(),
            file.display()
        ));
    }
    Ok(lines)
}
