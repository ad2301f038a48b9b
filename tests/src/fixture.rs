//! Where the fixtures are.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;

use crate::mpcloud_path;

/// The folder of this crate.
pub fn tests_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of a cloud function in `fixtures/functions`.
pub fn function(name: &str) -> PathBuf {
    tests_folder().join("fixtures/functions").join(name)
}

/// The library of a plugin crate of the workspace, beside the `mpcloud` that is tested.
///
/// # Panics
/// When it was not built.
pub fn plugin_library(name: &str) -> PathBuf {
    let path = mpcloud_path().with_file_name(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"));
    assert!(path.exists(), "{} is missing: run `cargo build --workspace` first", path.display());
    path
}
