//! Where an object of a space lies in the store.
//!
//! All objects of a space are under `objects/SPACE/`. Keys cannot leave it: [`check_key`] refuses
//! empty segments, `.` and `..`, and a space id is a single plain name.
//!
//! In an object store the key is the rest of the path. In a file system, `a` and `a/b` could not
//! both exist that way, so a folder's name there ends in a backslash, which no key contains:
//! `a/b` lies at `a\/b`. OpenDAL trims white space at the end of a path, so a key that ends in
//! some lies at a path that ends in `\s`; in an object store with a space before it, which keeps
//! such a key near its place in the order of paths.

use sdk_plugin::contract::storage::check_key;
use sdk_plugin::{Error, Result, codes};

/// The longest name in a file system, less the backslash.
const MAX_NAME: usize = 254;

/// How a store's paths work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Paths are names without further meaning, as in an object store.
    Flat,
    /// Paths are files in folders.
    Nested,
}

/// What an entry of a folder is, by its decoded name.
#[derive(Debug, PartialEq, Eq)]
pub enum Name {
    File(String),
    /// Without a trailing slash.
    Folder(String),
}

impl Layout {
    /// The layout that suits an OpenDAL service.
    pub fn of_scheme(scheme: &str) -> Self {
        match scheme {
            "alluxio" | "compfs" | "dbfs" | "file" | "fs" | "ftp" | "hdfs" | "hdfs-native" | "lakefs" | "monoiofs" | "seafile" | "sftp"
            | "webdav" | "webhdfs" => Self::Nested,
            _ => Self::Flat,
        }
    }

    /// The folder of a space, with a trailing slash.
    pub fn space(self, space: &str) -> Result<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if space.is_empty() || space.len() > 128 || !space.chars().all(plain) {
            return Err(Error::new(codes::PARAM_INVALID, "storage is used without a valid space id"));
        }
        Ok(format!("objects/{space}/"))
    }

    /// The path of an object.
    pub fn object(self, space: &str, key: &str) -> Result<String> {
        check_key(key)?;
        let mut path = self.space(space)?;
        let (folder, name) = key.rsplit_once('/').map_or(("", key), |(folder, name)| (folder, name));
        self.push_folder(&mut path, folder)?;
        self.check_name(name)?;
        path.push_str(name);
        if name.ends_with(char::is_whitespace) {
            path.push_str(self.mark());
        }
        Ok(path)
    }

    /// The path of a folder of objects, with a trailing slash. No key stands for the whole space.
    pub fn folder(self, space: &str, key: &str) -> Result<String> {
        if !key.is_empty() {
            check_key(key)?;
        }
        let mut path = self.space(space)?;
        self.push_folder(&mut path, key)?;
        Ok(path)
    }

    /// What lies behind an entry of a folder: its path without the folder's.
    pub fn decode(self, entry: &str) -> Option<Name> {
        match (entry.strip_suffix('/'), self) {
            (Some(folder), Self::Flat) => Some(Name::Folder(folder.to_owned())),
            (Some(folder), Self::Nested) => folder.strip_suffix('\\').map(|name| Name::Folder(name.to_owned())),
            (None, _) => Some(Name::File(entry.strip_suffix(self.mark()).unwrap_or(entry).to_owned())),
        }
    }

    /// What follows white space at the end of a key.
    fn mark(self) -> &'static str {
        match self {
            Self::Flat => " \\s",
            Self::Nested => "\\s",
        }
    }

    fn push_folder(self, path: &mut String, folder: &str) -> Result<()> {
        for segment in folder.split('/').filter(|segment| !segment.is_empty()) {
            self.check_name(segment)?;
            path.push_str(segment);
            path.push_str(if self == Self::Nested { "\\/" } else { "/" });
        }
        Ok(())
    }

    fn check_name(self, name: &str) -> Result<()> {
        // Two bytes are kept back for the mark of trailing white space.
        if self == Self::Nested && name.len() > MAX_NAME - 1 {
            return Err(Error::new(codes::PARAM_INVALID, format!("a segment of the storage key is longer than {} bytes", MAX_NAME - 1)));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_folder_of_the_same_name_have_two_paths() {
        assert_eq!(Layout::Nested.object("s", "a").unwrap(), "objects/s/a");
        assert_eq!(Layout::Nested.object("s", "a/b").unwrap(), "objects/s/a\\/b");
        assert_eq!(Layout::Flat.object("s", "a/b").unwrap(), "objects/s/a/b");
        assert_eq!(Layout::Nested.decode("a\\/"), Some(Name::Folder("a".into())));
        assert_eq!(Layout::Nested.decode("a"), Some(Name::File("a".into())));
    }

    #[test]
    fn trailing_white_space_survives() {
        for (layout, key) in
            [Layout::Nested, Layout::Flat].into_iter().flat_map(|layout| ["a ", "a\u{3000}", "f/ "].map(|key| (layout, key)))
        {
            let path = layout.object("s", key).unwrap();
            assert_eq!(path.trim(), path, "{key:?}");
            let name = path.rsplit('/').next().unwrap();
            assert_eq!(layout.decode(name), Some(Name::File(key.rsplit('/').next().unwrap().into())));
        }
    }

    #[test]
    fn neither_spaces_nor_keys_lead_outside() {
        for space in ["", "..", ".", "a/b", "a\\b", "a b", "空间"] {
            assert!(Layout::Nested.object(space, "k").is_err(), "{space:?}");
        }
        for key in ["", "..", "a/../../b", "/etc/passwd", "a//b", "a\\../b", "a\0"] {
            assert!(Layout::Nested.object("s", key).is_err(), "{key:?}");
        }
        assert!(Layout::Nested.object("s", &"x".repeat(300)).is_err());
        assert!(Layout::Flat.object("s", &"x".repeat(300)).is_ok());
    }
}
