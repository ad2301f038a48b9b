//! The plugin's table in the TOML file.

use std::collections::BTreeMap;
use std::path::Path;

use opendal::{Operator, OperatorRegistry};
use sdk_plugin::{Error, Result, codes, config::nearest};
use serde::Deserialize;

/// Where objects are kept.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default, try_from = "Table")]
pub struct StorageConfig {
    scheme: String,
    options: BTreeMap<String, String>,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self { scheme: "fs".into(), options: BTreeMap::new() }
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    /// The OpenDAL service: `fs`, or another that is compiled in. Default: `fs`.
    scheme: String,
    /// The service's own options, such as `root` for `fs` (default: the plugin's data folder).
    /// A folder belongs to one running mpcloud; several nodes share an object store instead.
    options: BTreeMap<String, Scalar>,
}

impl Default for Table {
    fn default() -> Self {
        Self { scheme: StorageConfig::default().scheme, options: BTreeMap::new() }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Bool(bool),
    Integer(i64),
}

impl From<Scalar> for String {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Text(text) => text,
            Scalar::Bool(b) => b.to_string(),
            Scalar::Integer(n) => n.to_string(),
        }
    }
}

impl TryFrom<Table> for StorageConfig {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let schemes = schemes();
        if !schemes.contains(&table.scheme) {
            return Err(format!("unknown storage scheme `{}` (available: {})", table.scheme, schemes.join(", ")));
        }
        if let Some(known) = known_options(&table.scheme)
            && let Some(key) = table.options.keys().find(|key| !known.contains(&key.as_str()))
        {
            let hint = nearest(key, known.iter().copied()).map_or(String::new(), |name| format!(", did you mean `{name}`?"));
            return Err(format!("unknown option `{key}` of storage scheme `{}`{hint} (known: {})", table.scheme, known.join(", ")));
        }
        let options = table.options.into_iter().map(|(key, value)| (key, value.into())).collect();
        Ok(Self { scheme: table.scheme, options })
    }
}

/// The services that are compiled in.
fn schemes() -> Vec<String> {
    opendal::init_default_registry();
    let mut schemes: Vec<String> = OperatorRegistry::get().schemes().into_iter().collect();
    schemes.sort();
    schemes
}

/// OpenDAL ignores options that it does not know, which hides typing errors.
fn known_options(scheme: &str) -> Option<&'static [&'static str]> {
    match scheme {
        "fs" | "file" => Some(&["root"]),
        "memory" => Some(&["root"]),
        _ => None,
    }
}

impl StorageConfig {
    /// Opens the store. Blocks, as `fs` makes its folders here.
    pub(crate) fn operator(mut self, data_dir: &Path) -> Result<Operator> {
        opendal::init_default_registry();
        if matches!(&*self.scheme, "fs" | "file") {
            let root = data_dir.to_str().ok_or_else(|| Error::new(codes::CONFIG, "the data folder's path is not UTF-8"))?;
            self.options.entry("root".into()).or_insert_with(|| root.to_owned());
        }
        let scheme = self.scheme.clone();
        Operator::via_iter(&self.scheme, self.options)
            .map_err(|e| Error::new(codes::CONFIG, format!("storage scheme `{scheme}`: {}", e.message())).with_source(e))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::config::decode_strict;
    use serde_json::json;

    use super::*;

    fn message(table: serde_json::Value) -> String {
        decode_strict::<StorageConfig>(table).err().unwrap().message().to_owned()
    }

    #[test]
    fn unknown_names_are_errors_that_name_the_known() {
        assert_eq!(message(json!({"scheme": "s4"})), "unknown storage scheme `s4` (available: file, fs, memory)");
        assert!(message(json!({"options": {"rot": "/x"}})).contains("did you mean `root`?"));
        assert!(message(json!({"schema": "fs"})).contains("did you mean `scheme`?"));
    }

    #[test]
    fn files_go_to_the_data_folder_unless_a_root_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let config = decode_strict::<StorageConfig>(json!({})).unwrap();
        let root = config.operator(dir.path()).unwrap().info().root();
        assert_eq!(Path::new(&root), dir.path().canonicalize().unwrap());
        let other = tempfile::tempdir().unwrap();
        let config = decode_strict::<StorageConfig>(json!({"options": {"root": other.path()}})).unwrap();
        let root = config.operator(dir.path()).unwrap().info().root();
        assert_eq!(Path::new(&root), other.path().canonicalize().unwrap());
    }
}
