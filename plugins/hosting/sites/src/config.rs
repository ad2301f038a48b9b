//! The plugin's table in the TOML file.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Limits of sites. Every key is optional; no number may be zero.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How large the current release of a space may be, in bytes. 2 GiB by default, as the manual
    /// says in 5.1.
    #[serde(deserialize_with = "positive")]
    pub quota_bytes: u64,
    /// How many files a release may have. 100,000 by default.
    #[serde(deserialize_with = "positive")]
    pub max_files: u64,
    /// How much memory files that are asked for often may take, compressed ones too, in bytes.
    /// 64 MiB by default.
    #[serde(deserialize_with = "positive")]
    pub cache_bytes: u64,
    /// How much memory the file lists of sites may take, in bytes. 64 MiB by default.
    #[serde(deserialize_with = "positive")]
    pub list_cache_bytes: u64,
    /// Up to which size a file is kept in memory, in bytes; larger ones are streamed. 2 MiB by default.
    #[serde(deserialize_with = "positive")]
    pub max_cached_file_bytes: u64,
    /// Up to which size a file is compressed when it is asked for, in bytes. 4 MiB by default.
    #[serde(deserialize_with = "positive")]
    pub max_compressed_file_bytes: u64,
    /// How long what no release needs is kept for, in seconds; an upload may take half of that.
    /// 7200 by default.
    #[serde(deserialize_with = "positive")]
    pub grace_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            quota_bytes: 2 << 30,
            max_files: 100_000,
            cache_bytes: 64 << 20,
            list_cache_bytes: 64 << 20,
            max_cached_file_bytes: 2 << 20,
            max_compressed_file_bytes: 4 << 20,
            grace_seconds: 7200,
        }
    }
}

impl Config {
    /// How old something must be to be swept away.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }

    /// How long an upload may take.
    pub fn upload_patience(&self) -> Duration {
        self.grace() / 2
    }
}

fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(D::Error::custom("0 is too small; it must be at least 1")),
        limit => Ok(limit),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_are_checked() {
        assert_eq!(serde_json::from_value::<Config>(json!({})).unwrap().quota_bytes, 2_147_483_648);
        for (table, says) in [(json!({"quota_bytes": 0}), "at least 1"), (json!({"quota": 1}), "quota_bytes")] {
            assert!(serde_json::from_value::<Config>(table).unwrap_err().to_string().contains(says));
        }
    }
}
