//! Files that are downloaded: written beside their place first, so that they are never there in parts.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::Failure;

/// Has `write` write a file, and says how many bytes that were. One that is there stays as it is, unless
/// it is to be replaced.
pub fn save(file: &Path, replace: bool, write: impl FnOnce(&mut BufWriter<File>) -> Result<u64, Failure>) -> Result<u64, Failure> {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let cannot = |e: std::io::Error| Failure::new(format!("cannot write {}: {e}", part.display()));
    let mut out = BufWriter::new(File::create(&part).map_err(cannot)?);
    let written = write(&mut out).and_then(|bytes| {
        out.flush().map_err(cannot)?;
        Ok(bytes)
    });
    let placed = written.and_then(|bytes| place(&part, file, replace).map(|()| bytes));
    if placed.is_err() {
        let _ = fs::remove_file(&part);
    }
    placed
}

fn place(part: &Path, file: &Path, replace: bool) -> Result<(), Failure> {
    let cannot = |e: std::io::Error| Failure::new(format!("cannot write {}: {e}", file.display()));
    if !replace {
        // Claims the name, so that nobody's file is replaced that came meanwhile.
        OpenOptions::new().write(true).create_new(true).open(file).map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => exists(file),
            _ => cannot(e),
        })?;
    }
    fs::rename(part, file).map_err(cannot)
}

/// The failure of a command that would replace a file.
pub fn exists(file: &Path) -> Failure {
    Failure::new(format!("{} exists already", file.display())).advise("Replace it with --force, or name another file.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let write =
            |text: &'static str| move |out: &mut BufWriter<File>| Ok(out.write_all(text.as_bytes()).map(|()| text.len() as u64).unwrap());
        assert_eq!(save(&file, false, write("first")).unwrap(), 5);
        assert!(save(&file, false, write("second")).is_err(), "it exists");
        let broken = save(&file, true, |out| {
            out.write_all(b"half").unwrap();
            Err(Failure::new("broken off"))
        });
        assert!(broken.is_err());
        assert_eq!(fs::read(&file).unwrap(), b"first");
        assert_eq!(save(&file, true, write("third")).unwrap(), 5);
        assert_eq!(fs::read(&file).unwrap(), b"third");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
