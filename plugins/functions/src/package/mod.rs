//! Function packages: what is in a zip that was deployed.

mod list;
mod manifest;
mod read;
mod resolve;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

pub use manifest::Wanted;
pub use read::{Limits, read};

use manifest::Manifest;

/// Where functions see their package, as on the hosted cloud.
pub const ROOT: &str = "/code";

/// The files of a package, in memory.
#[derive(Debug)]
pub struct Package {
    files: BTreeMap<String, Bytes>,
    main: String,
    size: usize,
    /// The `package.json` files that were read; those that are not JSON count as absent.
    manifests: Mutex<HashMap<String, Option<Arc<Manifest>>>>,
}

impl Package {
    /// The path of the module that exports the function, such as `/code/index.js`.
    pub fn main(&self) -> &str {
        &self.main
    }

    /// The contents of a file that [`resolve`](Self::resolve) found.
    pub fn file(&self, path: &str) -> Option<&Bytes> {
        self.files.get(path.strip_prefix(ROOT)?.strip_prefix('/')?)
    }

    /// The text of a module, without a byte order mark; empty when there is no such file.
    pub fn source(&self, path: &str) -> &[u8] {
        self.file(path).map_or(&[], |contents| resolve::without_mark(contents))
    }

    /// The size of all files together, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
impl Package {
    /// A package of files that are at hand.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), Bytes::from((*text).to_owned()))).collect();
        Self::new(files).expect("the package has a main module")
    }

    /// A package of files with any contents.
    pub fn of_files(files: BTreeMap<String, Bytes>) -> Self {
        Self::new(files).expect("the package has a main module")
    }
}
