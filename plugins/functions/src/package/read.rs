//! Reads and checks the zip of a package. Nothing of it is ever written to a disk as a path.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Mutex;

use bytes::Bytes;
use sdk_plugin::{Error, Result};
use zip::ZipArchive;

use super::{Package, ROOT, Wanted};
use crate::config::Config;

/// Not a zip, or a broken one.
pub const FORMAT: &str = "InvalidPackage.Format";
/// Larger than the limits allow, packed or unpacked.
pub const TOO_LARGE: &str = "InvalidPackage.TooLarge";
/// An entry whose path leaves the package or cannot be a path.
pub const PATH: &str = "InvalidPackage.Path";
/// An entry that is a link or a device.
pub const LINK: &str = "InvalidPackage.Link";
/// Neither `index.js` nor a `package.json` that names an existing main module.
pub const NO_INDEX: &str = "InvalidPackage.MissingIndex";

/// How many times larger than its packed form an entry may be, once it is larger than a megabyte.
const MAX_RATIO: u64 = 200;
const RATIO_FREE: u64 = 1024 * 1024;

/// What a package may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of all files together.
    pub unpacked: u64,
    /// The most entries.
    pub files: usize,
}

impl From<&Config> for Limits {
    fn from(config: &Config) -> Self {
        Self { unpacked: config.max_unpacked_bytes, files: config.max_package_files }
    }
}

/// Reads a zip. Takes time that grows with its size: not for a reactor thread.
///
/// # Errors
/// One of the `InvalidPackage` codes with the entry and the rule that it breaks.
pub fn read(zip: &[u8], limits: Limits) -> Result<Package> {
    let broken = |e: zip::result::ZipError| Error::new(FORMAT, format!("the package is not a zip file that can be read: {e}"));
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(broken)?;
    if archive.len() > limits.files {
        return Err(Error::new(TOO_LARGE, format!("the package has {} entries; {} are allowed", archive.len(), limits.files)));
    }
    let mut files = BTreeMap::new();
    let mut left = limits.unpacked;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        let name = entry.name().to_owned();
        check_path(&name)?;
        if let Some(mode) = entry.unix_mode()
            && !matches!(mode & 0o170_000, 0 | 0o100_000 | 0o040_000)
        {
            return Err(Error::new(LINK, format!("`{name}` is a link or a device; a package has only files and folders")));
        }
        if entry.encrypted() {
            return Err(Error::new(FORMAT, format!("`{name}` is encrypted")));
        }
        if entry.is_dir() || is_clutter(&name) {
            continue;
        }
        let too_large = || Error::new(TOO_LARGE, format!("the unpacked package is larger than {} bytes", limits.unpacked));
        let (packed, claimed) = (entry.compressed_size(), entry.size());
        if claimed > left {
            return Err(too_large());
        }
        if claimed > RATIO_FREE && claimed / packed.max(1) > MAX_RATIO {
            return Err(Error::new(TOO_LARGE, format!("`{name}` unpacks to more than {MAX_RATIO} times its size")));
        }
        let mut contents = Vec::with_capacity(usize::try_from(claimed).unwrap_or(0));
        // What the header claims is not to be trusted.
        let read = (&mut entry).take(left + 1).read_to_end(&mut contents);
        read.map_err(|e| Error::new(FORMAT, format!("`{name}` cannot be unpacked: {e}")))?;
        left = left.checked_sub(contents.len() as u64).ok_or_else(too_large)?;
        if files.insert(name.clone(), Bytes::from(contents)).is_some() {
            return Err(Error::new(FORMAT, format!("`{name}` is there twice")));
        }
    }
    Package::new(lift(files))
}

fn check_path(name: &str) -> Result<()> {
    let refuse = |why: &str| Err(Error::new(PATH, format!("the entry {name:?} {why}")));
    if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        return refuse("has an absolute path");
    }
    if name.contains('\\') || name.chars().any(char::is_control) {
        return refuse("has a backslash or a control character in its path");
    }
    if name.trim_end_matches('/').split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse("has a path that is not plain: an empty segment, `.` or `..`");
    }
    if name.len() > 1024 {
        return refuse("has a path longer than 1,024 bytes");
    }
    Ok(())
}

/// What archive tools of desktops leave behind.
fn is_clutter(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.rsplit('/').next() == Some(".DS_Store")
}

/// Takes a package that lies in one folder out of it.
fn lift(files: BTreeMap<String, Bytes>) -> BTreeMap<String, Bytes> {
    let has_main = |prefix: &str| ["index.js", "package.json"].iter().any(|name| files.contains_key(&format!("{prefix}{name}")));
    let Some(top) = files.keys().next().and_then(|first| first.split_once('/')).map(|(top, _)| format!("{top}/")) else {
        return files;
    };
    if has_main("") || !has_main(&top) || !files.keys().all(|name| name.starts_with(&top)) {
        return files;
    }
    files.into_iter().map(|(name, contents)| (name[top.len()..].to_owned(), contents)).collect()
}

impl Package {
    /// A package of files whose paths have been checked.
    pub(super) fn new(files: BTreeMap<String, Bytes>) -> Result<Self> {
        let size = files.iter().map(|(path, contents)| path.len() + contents.len()).sum();
        let mut package = Self { files, main: String::new(), size, manifests: Mutex::default() };
        let main = package.resolve(ROOT, ".", Wanted::Require).filter(|path| !path.ends_with(".json"));
        package.main = main.ok_or_else(|| {
            Error::new(NO_INDEX, "the package has no index.js at its top, and no package.json whose main names a file that is there")
        })?;
        Ok(package)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const LIMITS: Limits = Limits { unpacked: 8 * 1024 * 1024, files: 10 };

    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, contents) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).expect("start");
            writer.write_all(contents).expect("write");
        }
        writer.finish().expect("finish").into_inner()
    }

    fn code(zip: &[u8]) -> String {
        read(zip, LIMITS).expect_err("must be refused").code().to_owned()
    }

    #[test]
    fn index_js_may_be_at_the_top_or_in_one_folder() {
        for entries in [
            vec![("index.js", b"x".as_slice())],
            vec![("hello/index.js", b"x".as_slice()), ("hello/lib/a.js", b"y")],
            vec![("package.json", br#"{"main":"lib/run.js"}"#.as_slice()), ("lib/run.js", b"x")],
            vec![("index.js", b"x".as_slice()), ("__MACOSX/index.js", b"y"), (".DS_Store", b"z")],
        ] {
            let package = read(&zip(&entries), LIMITS).expect("is fine");
            assert_eq!(package.file(package.main()).expect("main is there"), "x");
        }
        assert_eq!(read(&zip(&[("hello/index.js", b"x")]), LIMITS).expect("is fine").main(), "/code/index.js");
    }

    #[test]
    fn a_package_without_a_main_module_is_refused() {
        assert_eq!(code(&zip(&[("lib/a.js", b"x")])), NO_INDEX);
        assert_eq!(code(&zip(&[("a/index.js", b"x"), ("b/index.js", b"x")])), NO_INDEX);
        assert_eq!(code(&zip(&[("package.json", br#"{"main":"gone.js"}"#)])), NO_INDEX);
        assert_eq!(code(&zip(&[])), NO_INDEX);
    }

    #[test]
    fn paths_cannot_leave_the_package() {
        for name in ["../index.js", "a/../../index.js", "/index.js", "C:/index.js", "a\\b.js", "a//b.js", "./index.js"] {
            assert_eq!(code(&zip(&[("index.js", b"x"), (name, b"y")])), PATH, "{name}");
        }
    }

    #[test]
    fn links_are_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("index.js", "/etc/passwd", SimpleFileOptions::default()).expect("link");
        assert_eq!(code(&writer.finish().expect("finish").into_inner()), LINK);
    }

    #[test]
    fn bombs_are_refused() {
        let zeros = vec![0; 4 * 1024 * 1024];
        assert_eq!(code(&zip(&[("index.js", &zeros)])), TOO_LARGE, "ratio");
        let mut seed = 1u32;
        let noise: Vec<u8> = (0..5 * 1024 * 1024)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        assert_eq!(code(&zip(&[("index.js", &noise), ("b", &noise)])), TOO_LARGE, "total");
        let names: Vec<String> = (0..11).map(|n| format!("{n}.js")).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
        assert_eq!(code(&zip(&many)), TOO_LARGE, "entries");
    }

    #[test]
    fn what_is_no_zip_is_refused() {
        let good = zip(&[("index.js", b"module.exports = () => 1")]);
        for bad in [b"".as_slice(), b"hello", &good[..good.len() - 10], &good[10..]] {
            assert_eq!(code(bad), FORMAT);
        }
        let mut damaged = good.clone();
        damaged[40] ^= 0xff;
        assert_eq!(code(&damaged), FORMAT);
    }
}
