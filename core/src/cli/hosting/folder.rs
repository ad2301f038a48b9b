//! The files of a folder that is to be deployed.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};

use super::Failure;

/// Hidden, but part of websites (RFC 8615).
const WELL_KNOWN: &str = ".well-known";
/// How deep folders may lie in each other.
const MAX_DEPTH: usize = 64;
/// How many files are read at once.
const THREADS: usize = 4;
/// How much is read at once, in bytes.
const BUFFER: usize = 256 * 1024;

/// A file, and where it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its path on the website.
    pub path: String,
    /// Where it is.
    pub file: PathBuf,
}

/// What a folder has.
#[derive(Debug, Default)]
pub struct Folder {
    /// Its files, in the order of their paths.
    pub files: Vec<Found>,
    /// Hidden files and folders, which are left out.
    pub hidden: Vec<String>,
}

impl Folder {
    /// Looks through a folder.
    ///
    /// # Errors
    /// When it cannot be read, or has links or names that cannot be deployed.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        if !path.is_dir() {
            return Err(Failure::usage(format!("{} is not a folder", path.display())));
        }
        let mut found = Self::default();
        found.collect(path, "", 0)?;
        found.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        found.hidden.sort_unstable();
        Ok(found)
    }

    fn collect(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), Failure> {
        let failed = |e: std::io::Error| Failure::new(format!("cannot read {}: {e}", folder.display()));
        if depth > MAX_DEPTH {
            return Err(Failure::new(format!("{} lies too deep", folder.display())));
        }
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file = entry.path();
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                return Err(Failure::new(format!("the name of {} is not UTF-8", file.display())));
            };
            let path = format!("{prefix}{name}");
            if name.starts_with('.') && name != WELL_KNOWN {
                self.hidden.push(path);
                continue;
            }
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_symlink() {
                return Err(Failure::new(format!("{} is a link", file.display()))
                    .advise("A website has no links: put the file itself in its place, or move the link out of the folder."));
            }
            if kind.is_dir() {
                self.collect(&file, &format!("{path}/"), depth + 1)?;
            } else if kind.is_file() {
                self.files.push(Found { path, file });
            } else {
                return Err(Failure::new(format!("{} is neither a file nor a folder", file.display())));
            }
        }
        Ok(())
    }
}

/// Size and SHA-256 digest of each file, in their order. Says after each how many are done.
///
/// # Errors
/// When a file cannot be read.
pub fn digests(files: &[Found], done: &AtomicUsize) -> Result<Vec<(u64, String)>, Failure> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![None; files.len()]);
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..THREADS.min(files.len()) {
            scope.spawn(|| {
                while let Some((index, found)) = take(files, &next) {
                    match digest(&found.file) {
                        Ok(result) => {
                            if let Some(slot) = results.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                                *slot = Some(result);
                            }
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(e) => {
                            *failure.lock().unwrap_or_else(PoisonError::into_inner) =
                                Some(Failure::new(format!("cannot read {}: {e}", found.file.display())));
                            next.store(files.len(), Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(failure) => Err(failure),
        None => Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()),
    }
}

/// The next item that nobody works on.
pub fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    items.get(index).map(|item| (index, item))
}

fn digest(file: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(file)?;
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, hex::encode(hasher.finalize())));
        }
        size += read as u64;
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        folder
    }

    #[test]
    fn hidden_files_stay_at_home_and_well_known_ones_do_not() {
        let folder = folder(&["index.html", "a/b.js", "a.js", ".git/HEAD", "a/.DS_Store", ".well-known/x/y"]);
        let found = Folder::read(folder.path()).unwrap();
        let paths: Vec<&str> = found.files.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, [".well-known/x/y", "a.js", "a/b.js", "index.html"]);
        assert_eq!(found.hidden, [".git", "a/.DS_Store"]);
        assert!(Folder::read(&folder.path().join("index.html")).is_err());
    }

    #[test]
    fn digests_are_in_the_order_of_the_files() {
        let names: Vec<String> = (0..50).map(|n| format!("{n:02}")).collect();
        let folder = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let found = Folder::read(folder.path()).unwrap();
        let done = AtomicUsize::new(0);
        let expected: Vec<(u64, String)> = names.iter().map(|name| (2, hex::encode(Sha256::digest(name)))).collect();
        assert_eq!(digests(&found.files, &done).unwrap(), expected);
        assert_eq!(done.load(Ordering::Relaxed), 50);
        fs::remove_file(folder.path().join("07")).unwrap();
        assert!(digests(&found.files, &done).unwrap_err().to_string().contains("07"));
        assert!(digests(&[], &done).unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused() {
        let folder = folder(&["index.html"]);
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.txt")).unwrap();
        assert!(Folder::read(folder.path()).unwrap_err().to_string().contains("link.txt is a link"));
    }
}
