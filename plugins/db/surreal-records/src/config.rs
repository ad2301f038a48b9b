//! The plugin's table in the TOML file.

use sdk_plugin::{Error, Result, codes};
use serde::{Deserialize, Deserializer};

/// The smallest memtable: the largest document, its record and its key have to fit with room to spare.
const MIN_MEMTABLE: u64 = 32 << 20;
/// The largest one: reading its log again may take more than it had, and 4 GiB is all there can be.
const MAX_MEMTABLE: u64 = 2 << 30;

/// Where documents are kept. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The database: empty for an embedded one in the plugin's own data folder,
    /// `surrealkv:///path` for an embedded one elsewhere, `mem://` for one that forgets everything
    /// with the process, `ws://host:port` or `wss://host:port` for a SurrealDB server or cluster.
    /// Default: empty.
    pub url: String,
    /// The SurrealDB namespace that holds one database for each space. Default: `mpcloud`.
    pub namespace: String,
    /// The root user of a server. Default: empty, which signs nobody in.
    pub username: String,
    /// That user's password. Default: empty.
    pub password: String,
    /// When an embedded database on disk calls a write done: `every` after it is on the disk (many
    /// writers share one flush), `never` after the operating system has it, which survives the end
    /// of the process but not of the machine, or a time such as `100ms`, as `never` and with a
    /// flush that often. Default: `every`.
    pub sync: String,
    /// How much of an embedded database on disk is kept in memory to read it again, in bytes or
    /// with `KiB`, `MiB` or `GiB`. Default: `128MiB`.
    pub cache: Size,
    /// How much may be written before it is sorted into a file, in bytes or with `KiB`, `MiB` or
    /// `GiB`, from `32MiB` to `2GiB`. What is written meanwhile takes as much again. Default: `64MiB`.
    pub memtable: Size,
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Bytes(u64),
            Text(String),
        }
        let size = match Form::deserialize(deserializer)? {
            Form::Bytes(bytes) => Some(bytes),
            Form::Text(text) => {
                let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
                let unit = match text.get(digits.len()..).map(str::trim) {
                    Some("" | "B") => Some(1_u64),
                    Some("KiB") => Some(1 << 10),
                    Some("MiB") => Some(1 << 20),
                    Some("GiB") => Some(1 << 30),
                    _ => None,
                };
                digits.parse::<u64>().ok().zip(unit).and_then(|(count, unit)| count.checked_mul(unit))
            }
        };
        size.map(Self).ok_or_else(|| serde::de::Error::custom("a size is a number of bytes, or one such as \"64MiB\""))
    }
}

impl Config {
    /// Checks what the types of the keys leave open.
    ///
    /// # Errors
    /// `InvalidConfiguration` for a `sync` that is none, and for a memtable that is too small or too large.
    pub fn check(&self) -> Result<()> {
        let known = self.sync == "every" || self.sync == "never" || self.sync.starts_with(|c: char| c.is_ascii_digit());
        if !known || !self.sync.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Error::new(codes::CONFIG, "sync must be `every`, `never` or a time such as `100ms`"));
        }
        if !(MIN_MEMTABLE..=MAX_MEMTABLE).contains(&self.memtable.0) {
            return Err(Error::new(codes::CONFIG, "memtable must be from 32MiB to 2GiB"));
        }
        Ok(())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: String::new(),
            namespace: "mpcloud".to_owned(),
            username: String::new(),
            password: String::new(),
            sync: "every".to_owned(),
            cache: Size(128 << 20),
            memtable: Size(64 << 20),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let read = |text: &str| serde_json::from_str::<Size>(text).map(|size| size.0).ok();
        assert_eq!(read("1048576"), Some(1 << 20));
        assert_eq!(read(r#""64MiB""#), Some(64 << 20));
        assert_eq!(read(r#""2 GiB""#), Some(2 << 30));
        for wrong in [r#""""#, r#""MiB""#, r#""1MB""#, r#""-1""#, "-1", r#""99999999999GiB""#] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert!(Config::default().check().is_ok());
        assert!(Config { memtable: Size(1 << 20), ..Config::default() }.check().is_err());
        assert!(Config { memtable: Size(3 << 30), ..Config::default() }.check().is_err());
        assert!(Config { sync: "sometimes".to_owned(), ..Config::default() }.check().is_err());
    }
}
