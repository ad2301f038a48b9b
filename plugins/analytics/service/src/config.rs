//! The plugin's table in the TOML file.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Limits and times. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How often what was collected is folded into files, in seconds. 60 by default.
    #[serde(deserialize_with = "positive")]
    pub fold_seconds: u64,
    /// It is folded earlier when so many events of an application wait. 20,000 by default.
    #[serde(deserialize_with = "positive")]
    pub fold_events: u64,
    /// When so many events of an application wait, no more are taken until they are folded.
    /// 2,000,000 by default.
    #[serde(deserialize_with = "positive")]
    pub max_pending_events: u64,
    /// How many events of an application are taken each second, over ten seconds. 20,000 by default.
    #[serde(deserialize_with = "positive")]
    pub max_events_per_second: u64,
    /// How many events of a device are taken each minute on each node, over an hour. 30 by default.
    #[serde(deserialize_with = "positive")]
    pub max_events_per_device: u64,
    /// About how many devices an application can have. 5,000,000 by default: each takes some 50
    /// bytes of memory and of disk.
    #[serde(deserialize_with = "positive")]
    pub max_devices: u64,
    /// How many devices that it does not know a node takes of an application each minute, over ten
    /// minutes. 60,000 by default.
    #[serde(deserialize_with = "positive")]
    pub max_new_devices_per_minute: u64,
    /// How many of them it takes from one address each minute, over ten minutes. 600 by default.
    #[serde(deserialize_with = "positive")]
    pub max_new_devices_per_address: u64,
    /// How old the start of a session may be when it is first told of, in days. 30 by
    /// default, at most 3,650.
    #[serde(deserialize_with = "days")]
    pub late_days: u64,
    /// How long raw events are kept for export, in days; 0 keeps none. Roll-ups stay. 90 by
    /// default, at most 3,650.
    #[serde(deserialize_with = "days_or_none")]
    pub raw_days: u32,
    /// How much memory the applications that reports are asked of may take together, in MiB. 512 by
    /// default. One application is always kept, however large it is.
    #[serde(deserialize_with = "positive")]
    pub memory_mib: u64,
    /// How long an application stays in memory after its last use, in seconds. 1,800 by default.
    #[serde(deserialize_with = "positive")]
    pub idle_seconds: u64,
    /// How many applications a space can have. 100 by default.
    #[serde(deserialize_with = "positive")]
    pub max_apps_per_space: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            fold_seconds: 60,
            fold_events: 20_000,
            max_pending_events: 2_000_000,
            max_events_per_second: 20_000,
            max_events_per_device: 30,
            max_devices: 5_000_000,
            max_new_devices_per_minute: 60_000,
            max_new_devices_per_address: 600,
            late_days: 30,
            raw_days: 90,
            memory_mib: 512,
            idle_seconds: 1800,
            max_apps_per_space: 100,
        }
    }
}

impl Config {
    /// How often is folded.
    pub fn fold_every(&self) -> Duration {
        Duration::from_secs(self.fold_seconds)
    }

    /// The budget of memory, in bytes.
    pub fn memory(&self) -> usize {
        usize::try_from(self.memory_mib.saturating_mul(1 << 20)).unwrap_or(usize::MAX)
    }
}

/// A number from 1 to what a year of milliseconds, and any sum of such, has room for.
fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(D::Error::custom("0 is too small; it must be at least 1")),
        limit if limit > 1_000_000_000 => Err(D::Error::custom("it must be at most 1000000000")),
        limit => Ok(limit),
    }
}

/// A number of days from 1 to ten years.
fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match positive(deserializer)? {
        days if days > 3_650 => Err(D::Error::custom("it must be at most 3650 days")),
        days => Ok(days),
    }
}

/// A number of days up to ten years.
fn days_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        days if days > 3_650 => Err(D::Error::custom("it must be at most 3650 days")),
        days => Ok(days),
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
    fn every_key_is_optional_and_checked() {
        assert_eq!(read(json!({})).unwrap().raw_days, 90);
        assert_eq!(read(json!({"raw_days": 0})).unwrap().raw_days, 0);
        for (table, says) in [
            (json!({"fold_seconds": 0}), "at least 1"),
            (json!({"late_days": 3_651}), "at most 3650"),
            (json!({"raw_days": 3_651}), "at most 3650"),
            (json!({"max_devices": 0}), "at least 1"),
            (json!({"fold_seconds": 2_000_000_000_u64}), "at most"),
            (json!({"raw_dais": 1}), "raw_dais"),
        ] {
            let error = read(table).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
