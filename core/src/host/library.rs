//! Finding and opening library files.

use std::collections::BTreeMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

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
/// A file that changed since it was opened is opened anew: the system's loader would give back
/// the old code for the same path, so it is shown a copy.
///
/// # Errors
/// `InvalidConfiguration` with what both sides are.
pub async fn open(file: PathBuf) -> Result<PluginLibrary> {
    tokio::task::spawn_blocking(move || open_blocking(&file)).await.map_err(Error::internal)?
}

/// Libraries that are open, by path, with what their files were then.
static OPEN: Mutex<BTreeMap<PathBuf, (Version, PluginLibrary)>> = Mutex::new(BTreeMap::new());

/// Tells one version of a file from another: file number, size, time of change.
type Version = (u64, u64, Option<SystemTime>);

fn open_blocking(file: &Path) -> Result<PluginLibrary> {
    let failed = |what: &str, e: std::io::Error| Error::new(codes::CONFIG, format!("cannot {what} {}: {e}", file.display()));
    let metadata = std::fs::metadata(file).map_err(|e| failed("read", e))?;
    let version = (metadata.ino(), metadata.len(), metadata.modified().ok());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = |refusal| Error::new(codes::CONFIG, format!("{} {refusal}", file.display()));
    let library = match open.get(file) {
        Some((known, library)) if *known == version => return Ok(*library),
        None => PluginLibrary::open(file).map_err(refused)?,
        Some(_) => {
            let folder = std::env::temp_dir().join(format!("mpcloud-{}", uuid::Uuid::new_v4()));
            let copy = folder.join(file.file_name().unwrap_or_default());
            std::fs::create_dir(&folder).and_then(|()| std::fs::copy(file, &copy)).map_err(|e| failed("copy", e))?;
            let opened = PluginLibrary::open(&copy).map_err(refused);
            // What is mapped stays mapped.
            let _ = std::fs::remove_dir_all(&folder);
            opened?
        }
    };
    open.insert(file.to_owned(), (version, library));
    Ok(library)
}
