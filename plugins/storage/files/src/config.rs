//! The plugin's table in the TOML file.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::media::EXTENSIONS;

/// What may be uploaded. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The largest file that mini programs, servers and functions may upload, in bytes. 100 MiB by
    /// default, as the API's documentation says.
    #[serde(deserialize_with = "positive")]
    pub max_bytes: u64,
    /// The largest file that an administrator may upload, in bytes. 5 GiB by default.
    #[serde(deserialize_with = "positive")]
    pub max_admin_bytes: u64,
    /// What names of uploaded files may end in, without the dot; `["*"]` stands for anything. The
    /// types of manual 4.2 and 4.4 and of the SDK by default. Administrators are not bound by it.
    #[serde(deserialize_with = "extensions")]
    pub extensions: Vec<String>,
    /// How many bytes of files a space may have; 0, the default, for as many as it likes.
    pub quota_bytes: u64,
    /// The same for single spaces, by their ids.
    pub quotas: BTreeMap<String, u64>,
    /// How long after its begin an upload that was not completed is removed, in seconds. 7200 by
    /// default: longer than an upload may take.
    #[serde(deserialize_with = "positive")]
    pub abandoned_after_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_bytes: 100 << 20,
            max_admin_bytes: 5 << 30,
            extensions: EXTENSIONS.iter().map(|extension| (*extension).to_owned()).collect(),
            quota_bytes: 0,
            quotas: BTreeMap::new(),
            abandoned_after_seconds: 7200,
        }
    }
}

impl Config {
    /// How many bytes a space may have; none where it may have any number.
    pub fn quota(&self, space: &str) -> Option<u64> {
        Some(self.quotas.get(space).copied().unwrap_or(self.quota_bytes)).filter(|quota| *quota > 0)
    }

    /// Whether files with an extension, in lower case, may be uploaded.
    pub fn allows(&self, extension: &str) -> bool {
        self.extensions.iter().any(|allowed| allowed == "*" || allowed == extension)
    }
}

fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(D::Error::custom("0 is too small; it must be at least 1")),
        limit => Ok(limit),
    }
}

fn extensions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    match list.iter().find(|extension| *extension != "*" && !plain(extension)) {
        Some(bad) => Err(D::Error::custom(format!("extensions: `{bad}` must be letters and digits without a dot, or `*`"))),
        None => Ok(list.iter().map(|extension| extension.to_ascii_lowercase()).collect()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(table: Value) -> Result<Config, String> {
        serde_json::from_value(table).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_those_of_the_manual_and_bad_values_are_refused() {
        let config = read(json!({})).unwrap();
        assert_eq!((config.max_bytes, config.quota("s")), (104_857_600, None));
        assert!(config.allows("webm") && config.allows("docx") && !config.allows("exe") && !config.allows(""));
        let config = read(json!({"extensions": ["PNG"], "quota_bytes": 10, "quotas": {"big": 99, "free": 0}})).unwrap();
        assert!(config.allows("png") && !config.allows("jpg"));
        assert_eq!((config.quota("s"), config.quota("big"), config.quota("free")), (Some(10), Some(99), None));
        assert!(read(json!({"extensions": ["*"]})).unwrap().allows("exe"));
        for (table, says) in [
            (json!({"max_bytes": 0}), "at least 1"),
            (json!({"extensions": [".png"]}), "without a dot"),
            (json!({"quota": 1}), "quota_bytes"),
        ] {
            let error = read(table).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
