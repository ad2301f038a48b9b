//! A server whose requests for files are answered by release builds, and whose other plugins are those
//! of the dev profile: SurrealDB takes half an hour to build in release, and answers no such request.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::cargo::{artefacts, plain, target};
use crate::step::succeed;

/// What is built in release. None of it depends on SurrealDB.
const RELEASED: [&str; 5] = ["mpcloud", "hosting-sites", "hosting-domains", "storage-files", "storage-opendal"];
/// The other plugins of a fresh installation.
const OTHERS: [&str; 3] = ["db-surreal", "db-tasks", "functions"];

/// Builds it, after the workspace, and gives the path of its binary.
pub fn build() -> Result<PathBuf> {
    let mut cargo = plain(&["build", "--release"]);
    for package in RELEASED {
        cargo.args(["--package", package]);
    }
    succeed(&mut cargo)?;
    // A folder of its own: beside the binary of a whole release build, these plugins would go before its own.
    let folder = target().join("mixed");
    let plugins = folder.join("plugins");
    fs::create_dir_all(&plugins)?;
    let library = |package: &str| format!("{DLL_PREFIX}{}{DLL_SUFFIX}", package.replace('-', "_"));
    let released = RELEASED.iter().skip(1).map(|package| (artefacts(true), library(package)));
    for (from, name) in released.chain(OTHERS.iter().map(|package| (artefacts(false), library(package)))) {
        fs::copy(from.join(&name), plugins.join(&name))?;
    }
    let binary = folder.join(format!("mpcloud{EXE_SUFFIX}"));
    fs::copy(artefacts(true).join(format!("mpcloud{EXE_SUFFIX}")), &binary)?;
    Ok(binary)
}
