//! A function's package: a zip file, the same bytes for the same files.

use std::fs::{self, DirEntry, File};
use std::io::{Cursor, Write as _, copy};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::Failure;

/// What is left out of a package.
const LEFT_OUT: [&str; 2] = [".git", ".DS_Store"];

/// How deep folders may lie in each other; a link that leads up would lead on for ever.
const MAX_DEPTH: usize = 64;

/// The name of a function whose package is at a path: that of the folder or file.
///
/// # Errors
/// When the path has no name.
pub fn default_name(path: &Path) -> Result<String, Failure> {
    let full = path.canonicalize().map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())))?;
    let name = full.file_name().and_then(|name| name.to_str()).map(|name| name.strip_suffix(".zip").unwrap_or(name).to_owned());
    name.ok_or_else(|| Failure::usage(format!("{} has no name that can be the function's", path.display())).advise("Give one with --name."))
}

/// Reads a zip file as it is, or zips a folder.
///
/// # Errors
/// When a file cannot be read, or a folder has no `index.js`.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.is_file() {
        return fs::read(path).map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())));
    }
    if !path.join("index.js").is_file() {
        return Err(Failure::new(format!("{} has no index.js", path.display()))
            .advise("A function's folder has an index.js that exports the function."));
    }
    zip(path)
}

fn zip(folder: &Path) -> Result<Vec<u8>, Failure> {
    let mut files = Vec::new();
    collect(folder, String::new(), 0, &mut files)?;
    files.sort_unstable();
    // Times of files would make two packages of the same files differ.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, path) in &files {
        let failed = |e: &dyn std::fmt::Display| Failure::new(format!("cannot pack {}: {e}", path.display()));
        zip.start_file(name.as_str(), options).map_err(|e| failed(&e))?;
        let mut file = File::open(path).map_err(|e| failed(&e))?;
        copy(&mut file, &mut zip).map_err(|e| failed(&e))?;
    }
    zip.flush().map_err(|e| Failure::new(e.to_string()))?;
    Ok(zip.finish().map_err(|e| Failure::new(e.to_string()))?.into_inner())
}

fn collect(folder: &Path, prefix: String, depth: usize, files: &mut Vec<(String, PathBuf)>) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new(format!("cannot read {}: {e}", folder.display()));
    if depth > MAX_DEPTH {
        return Err(Failure::new(format!("{} lies too deep; does a link lead back up?", folder.display())));
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry: DirEntry = entry.map_err(failed)?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            return Err(Failure::new(format!("the name of {} is not UTF-8", path.display())));
        };
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let name = format!("{prefix}{name}");
        let kind = fs::metadata(&path).map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())))?;
        if kind.is_dir() {
            collect(&path, format!("{name}/"), depth + 1, files)?;
        } else {
            files.push((name, path));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["index.js", "lib/b.js", "lib/a.js", ".git/HEAD", "lib/.DS_Store", ".env"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_becomes_the_same_zip_every_time() {
        let (one, two) = (folder(), folder());
        let package = read(one.path()).unwrap();
        assert_eq!(package, read(two.path()).unwrap());
        let mut archive = ZipArchive::new(Cursor::new(package)).unwrap();
        let names: Vec<String> = (0..archive.len()).map(|i| archive.by_index(i).unwrap().name().to_owned()).collect();
        assert_eq!(names, [".env", "index.js", "lib/a.js", "lib/b.js"]);
        let mut text = String::new();
        archive.by_name("lib/b.js").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "lib/b.js");
    }

    #[test]
    fn a_zip_file_is_taken_as_it_is_and_names_the_function() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("greet.zip");
        fs::write(&path, b"bytes").unwrap();
        assert_eq!(read(&path).unwrap(), b"bytes");
        assert_eq!(default_name(&path).unwrap(), "greet");
    }

    #[test]
    fn a_folder_without_a_function_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("index.js"));
        assert!(default_name(&folder.path().join("absent")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_back_up_ends() {
        let folder = folder();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        assert!(read(folder.path()).is_err());
    }
}
