//! Values of a service's options.
//!
//! A secret need not stand in the TOML file: `{ env = "NAME" }` takes it from an environment
//! variable, `{ file = "PATH" }` from a file.

use std::io::Read;
use std::path::{Path, PathBuf};

use sdk_plugin::{Error, Result, codes};
use serde_json::Value;

/// The largest file that a value is taken from, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// Where the value of an option comes from.
#[derive(Clone)]
pub enum Source {
    Here(String),
    Environment(String),
    File(PathBuf),
}

impl TryFrom<Value> for Source {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, &'static str> {
        const WRONG: &str = "is a text, a number, true or false, or a table with one of `env` and `file`";
        match value {
            Value::String(text) => Ok(Self::Here(text)),
            Value::Bool(_) | Value::Number(_) => Ok(Self::Here(value.to_string())),
            Value::Object(table) if table.len() == 1 => match (table.get("env"), table.get("file")) {
                (Some(Value::String(name)), _) => Ok(Self::Environment(name.clone())),
                (_, Some(Value::String(path))) => Ok(Self::File(path.into())),
                _ => Err(WRONG),
            },
            _ => Err(WRONG),
        }
    }
}

impl Source {
    /// The value of the option `name`. Blocks.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the variable is not set or the file cannot be read.
    pub fn value(self, name: &str) -> Result<String> {
        let wrong = |what: String| Error::new(codes::CONFIG, format!("options.{name}: {what}"));
        match self {
            Self::Here(text) => Ok(text),
            Self::Environment(variable) => {
                std::env::var(&variable).map_err(|_| wrong(format!("the environment variable `{variable}` is not set, or no UTF-8")))
            }
            Self::File(path) => read(&path).map_err(|error| wrong(format!("{}: {error}", path.display()))),
        }
    }
}

/// What a file holds, without line ends behind it.
fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(std::io::Error::other(format!("it has more than {MAX_FILE} bytes")));
    }
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_come_from_the_file_the_environment_or_a_file_of_their_own() {
        let value = |json: Value| Source::try_from(json).unwrap().value("secret");
        assert_eq!(value(json!("x")).unwrap(), "x");
        assert_eq!(value(json!(true)).unwrap(), "true");
        assert_eq!(value(json!(3600)).unwrap(), "3600");
        assert_eq!(value(json!({"env": "CARGO_PKG_NAME"})).unwrap(), "storage-opendal");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "a b\r\n").unwrap();
        assert_eq!(value(json!({"file": file})).unwrap(), "a b");
        std::fs::write(&file, vec![b'x'; 70_000]).unwrap();
        for bad in [json!({"file": file}), json!({"file": folder.path().join("none")}), json!({"env": "MPCLOUD_NOT_SET"})] {
            let error = value(bad).unwrap_err();
            assert!(error.code() == codes::CONFIG && error.message().contains("options.secret"), "{error}");
        }
        for bad in [json!([]), json!({}), json!({"env": 1}), json!({"env": "A", "file": "b"}), json!({"enw": "A"}), json!(null)] {
            assert!(Source::try_from(bad.clone()).is_err(), "{bad}");
        }
    }
}
