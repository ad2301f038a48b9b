//! Work that only one of many test processes does.

use std::fs::{self, File};
use std::path::Path;

/// Runs `install` in a new folder unless an earlier run has finished it, and keeps other test
/// processes waiting meanwhile.
///
/// # Panics
/// When `install` does, or when the folder cannot be written.
pub(crate) fn once(folder: &Path, install: impl FnOnce()) {
    let parent = folder.parent().expect("an install folder has a parent");
    fs::create_dir_all(parent).expect("create the cache folder");
    let lock = File::create(folder.with_extension("lock")).expect("create the lock file");
    lock.lock().expect("lock the install folder");
    let done = folder.join(".installed");
    if done.exists() {
        return;
    }
    // What an interrupted install left behind.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("create the install folder");
    install();
    File::create(done).expect("mark the install as done");
}
