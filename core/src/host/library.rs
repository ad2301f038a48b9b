//! Finding and opening library files.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use sdk_plugin::abi::load::PluginLibrary;
use sdk_plugin::{Error, Result, codes};

use crate::config::Plugin;

/// The file of a plugin: its `path`, or its library in `plugins/` beside the binary, or (in a
/// build tree) beside the binary itself.
///
/// # Errors
/// `InvalidConfiguration` with the places that were looked at.
pub fn locate(plugin: &Plugin) -> Result<PathBuf> {
    if let Some(path) = &plugin.path {
        return if path.is_file() { Ok(path.clone()) } else { Err(Error::new(codes::CONFIG, format!("no file {}", path.display()))) };
    }
    let library = plugin.library.as_deref().unwrap_or_default();
    let name = format!("{DLL_PREFIX}{library}{DLL_SUFFIX}");
    let folders = folders();
    match folders.iter().map(|folder| folder.join(&name)).find(|file| file.is_file()) {
        Some(file) => Ok(file),
        None => Err(Error::new(codes::CONFIG, format!("no library {name} in {}", list(&folders)))),
    }
}

fn folders() -> Vec<PathBuf> {
    let binary = std::env::current_exe().ok().and_then(|file| file.canonicalize().ok());
    let beside = binary.as_deref().and_then(Path::parent);
    beside.map(|folder| vec![folder.join("plugins"), folder.to_owned()]).unwrap_or_default()
}

fn list(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" or ")
}

/// Opens a library and shakes hands with it, away from the reactor's threads.
///
/// # Errors
/// `InvalidConfiguration` with what both sides are.
pub async fn open(file: PathBuf) -> Result<PluginLibrary> {
    let opened = tokio::task::spawn_blocking(move || {
        PluginLibrary::open(&file).map_err(|refusal| Error::new(codes::CONFIG, format!("{} {refusal}", file.display())))
    });
    opened.await.map_err(Error::internal)?
}
