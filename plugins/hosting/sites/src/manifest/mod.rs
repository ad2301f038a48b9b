//! What a release has at which path.

mod format;

use std::sync::Arc;

use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::serve::encoding::{EXTENSIONS, Encoding};

pub use format::{Entry, decode, encode, entries};

/// The SHA-256 digest of a file's contents.
pub type Hash = [u8; 32];

/// What a file takes in memory beside its path, in bytes.
const FILE: usize = 160;

/// A file of a release. A folder that was made by itself is one whose path ends in a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, without a slash at its beginning.
    pub path: Arc<str>,
    /// The digest of its contents.
    pub hash: Hash,
    /// Its size in bytes.
    pub size: u64,
    /// The deployment or upload that brought its contents; see [`objects`](crate::objects).
    pub origin: Arc<str>,
    /// When it became what it is, in milliseconds since 1970.
    pub modified: u64,
    /// The type that was given with it.
    pub given_type: Option<Arc<str>>,
    /// The type that it is served with.
    pub content_type: HeaderValue,
}

impl File {
    /// An empty folder.
    pub fn folder(path: &str, modified: u64) -> Self {
        let hash = Sha256::digest([]).into();
        let content_type = HeaderValue::from_static("application/x-directory");
        Self { path: path.into(), hash, size: 0, origin: "".into(), modified, given_type: None, content_type }
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }
}

/// The files of a release, in the order of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    files: Vec<File>,
    bytes: u64,
    /// Whether there are files that others may be sent in place of, as they are compressed already.
    packed: bool,
}

impl Manifest {
    /// A manifest of files. The last of several with the same path counts.
    pub fn new(mut files: Vec<File>) -> Self {
        files.reverse();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Self::of(files)
    }

    /// Of files in their order.
    fn of(files: Vec<File>) -> Self {
        let bytes = files.iter().map(|file| file.size).sum();
        let packed = files.iter().any(|file| EXTENSIONS.iter().any(|extension| file.path.ends_with(extension)));
        Self { files, bytes, packed }
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&File> {
        let found = self.files.binary_search_by(|file| (*file.path).cmp(path)).ok()?;
        self.files.get(found)
    }

    /// The file beside another that has it compressed already: `app.js.br` for `app.js`.
    pub fn packed(&self, file: &File, encoding: Encoding) -> Option<&File> {
        let extension = encoding.extension().filter(|_| self.packed)?;
        let mut path = String::with_capacity(file.path.len() + extension.len());
        path.push_str(&file.path);
        path.push_str(extension);
        self.get(&path)
    }

    /// The files whose paths begin with a prefix, after one if it is named.
    pub fn after<'a>(&'a self, prefix: &'a str, after: Option<&str>) -> impl Iterator<Item = &'a File> {
        let first = match after.filter(|after| *after >= prefix) {
            Some(after) => self.files.partition_point(|file| &*file.path <= after),
            None => self.files.partition_point(|file| &*file.path < prefix),
        };
        self.files.get(first..).unwrap_or_default().iter().take_while(move |file| file.path.starts_with(prefix))
    }

    /// All files.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// How many bytes the files have in all.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// With a file more, or in the place of that with the same path.
    pub fn with(&self, file: File) -> Self {
        let mut files = self.files.clone();
        match files.binary_search_by(|other| other.path.cmp(&file.path)) {
            Ok(found) => {
                if let Some(old) = files.get_mut(found) {
                    *old = file;
                }
            }
            Err(place) => files.insert(place, file),
        }
        Self::of(files)
    }

    /// Without the files that `gone` names; none when there are none of them.
    pub fn without(&self, gone: impl Fn(&str) -> bool) -> Option<Self> {
        let files: Vec<File> = self.files.iter().filter(|file| !gone(&file.path)).cloned().collect();
        if files.len() == self.files.len() {
            return None;
        }
        Some(Self::of(files))
    }

    /// How much memory it takes, in bytes.
    pub fn weight(&self) -> usize {
        self.files.iter().map(|file| file.path.len() + FILE).sum::<usize>() + FILE
    }
}

/// The type that a file is served with: the given one, or that of its name. Texts are UTF-8.
pub fn content_type(path: &str, given: Option<&str>) -> HeaderValue {
    let of_name = || mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream");
    let name = given.unwrap_or_else(of_name);
    let essence = name.split(';').next().unwrap_or_default().trim();
    let is_text = essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(essence, "application/json" | "application/javascript" | "application/xml");
    let value = if is_text && !name.contains(';') { format!("{name}; charset=utf-8") } else { name.to_owned() };
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub mod tests {
    use super::*;

    /// A file of a test.
    pub fn file(path: &str, contents: &str) -> File {
        File {
            path: path.into(),
            hash: Sha256::digest(contents).into(),
            size: contents.len() as u64,
            origin: "u0".into(),
            modified: 1000,
            given_type: None,
            content_type: content_type(path, None),
        }
    }

    fn paths<'a>(files: impl Iterator<Item = &'a File>) -> Vec<&'a str> {
        files.map(|file| &*file.path).collect()
    }

    #[test]
    fn files_are_found_listed_and_changed() {
        let manifest = Manifest::new(["b", "a/2", "a/1", "c", "a", "a.x"].map(|path| file(path, path)).to_vec());
        assert_eq!(paths(manifest.files().iter()), ["a", "a.x", "a/1", "a/2", "b", "c"]);
        assert_eq!(manifest.get("a/2").unwrap().size, 3);
        assert!(manifest.get("a/").is_none());
        assert!(manifest.packed(manifest.get("a").unwrap(), Encoding::Gzip).is_none());
        let packed = manifest.with(file("a.gz", "x"));
        assert_eq!(&*packed.packed(packed.get("a").unwrap(), Encoding::Gzip).unwrap().path, "a.gz");
        assert!(packed.packed(packed.get("a").unwrap(), Encoding::Brotli).is_none());
        assert!(packed.packed(packed.get("b").unwrap(), Encoding::Gzip).is_none());
        assert_eq!(paths(manifest.after("a/", None)), ["a/1", "a/2"]);
        assert_eq!(paths(manifest.after("a", Some("a.x"))), ["a/1", "a/2"]);
        assert_eq!(paths(manifest.after("b", Some("a"))), ["b"]);
        assert_eq!(paths(manifest.after("a", Some("z"))), [""; 0]);
        assert_eq!(manifest.bytes(), 1 + 3 + 3 + 3 + 1 + 1);

        let changed = manifest.with(file("b", "longer")).with(file("aa", ""));
        assert_eq!((changed.get("b").unwrap().size, changed.bytes()), (6, 17));
        assert_eq!(changed.without(|path| path.starts_with("a/")).unwrap().files().len(), 5);
        assert!(changed.without(|path| path == "none").is_none());
        let twice = Manifest::new(vec![file("a", "first"), file("a", "second")]);
        assert_eq!(twice.files(), [file("a", "second")]);
    }

    #[test]
    fn types_follow_names_and_texts_are_utf8() {
        for (path, given, expected) in [
            ("a.html", None, "text/html; charset=utf-8"),
            ("a.JS", None, "text/javascript; charset=utf-8"),
            ("a.mjs", None, "application/javascript; charset=utf-8"),
            ("a.css", None, "text/css; charset=utf-8"),
            ("a.json", None, "application/json; charset=utf-8"),
            ("a.svg", None, "image/svg+xml; charset=utf-8"),
            ("a.png", None, "image/png"),
            ("a.wasm", None, "application/wasm"),
            ("a.woff2", None, "font/woff2"),
            ("LICENSE", None, "application/octet-stream"),
            ("a.html", Some("text/plain"), "text/plain; charset=utf-8"),
            ("a.html", Some("text/plain; charset=gbk"), "text/plain; charset=gbk"),
            ("a.html", Some("bad\nvalue"), "application/octet-stream"),
        ] {
            assert_eq!(content_type(path, given), expected, "{path}");
        }
    }
}
