//! The plugin's table in the TOML file.

use chrono::NaiveTime;
use chrono_tz::Tz;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::calendar::Nightly;

/// Backups and limits. Every key is optional; no number may be zero.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether every space is backed up each night. True by default.
    pub nightly_backup: bool,
    /// When the nightly backup begins, as `HH:MM`. "02:00" by default.
    #[serde(deserialize_with = "time")]
    pub backup_at: NaiveTime,
    /// The time zone of `backup_at`, such as "Asia/Shanghai". The machine's own by default.
    #[serde(deserialize_with = "zone")]
    pub time_zone: Option<Tz>,
    /// How many days backups are kept. 7 by default, as the manual says in 3.10.3.
    #[serde(deserialize_with = "positive")]
    pub keep_days: u64,
    /// The largest file that can be imported, in bytes. 50 MB by default, as the manual says in 3.10.4.
    #[serde(deserialize_with = "positive")]
    pub max_import_bytes: u64,
    /// How many tasks run at once. 4 by default.
    #[serde(deserialize_with = "positive")]
    pub max_running: u64,
    /// How many tasks of one space run at once. 2 by default.
    #[serde(deserialize_with = "positive")]
    pub max_running_per_space: u64,
    /// How many tasks may run or wait at once; more are refused with `SERVER_BUSY`. 64 by default.
    #[serde(deserialize_with = "positive")]
    pub max_tasks: u64,
    /// How many tasks of one space may run or wait at once. 8 by default.
    #[serde(deserialize_with = "positive")]
    pub max_tasks_per_space: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nightly_backup: true,
            backup_at: NaiveTime::from_hms_opt(2, 0, 0).unwrap_or_default(),
            time_zone: None,
            keep_days: 7,
            max_import_bytes: 50 * 1024 * 1024,
            max_running: 4,
            max_running_per_space: 2,
            max_tasks: 64,
            max_tasks_per_space: 8,
        }
    }
}

impl Config {
    /// When the nightly backups are due; none where they are switched off.
    pub fn nightly(&self) -> Option<Nightly> {
        self.nightly_backup.then(|| Nightly { at: self.backup_at, zone: self.time_zone.unwrap_or_else(machine_zone) })
    }
}

/// The machine's time zone; UTC where it has none or one that is not known.
fn machine_zone() -> Tz {
    iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    NaiveTime::parse_from_str(&text, "%H:%M").map_err(|_| D::Error::custom(format!("backup_at: `{text}` is no time such as \"02:00\"")))
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tz>, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map(Some).map_err(|_| D::Error::custom(format!("time_zone: `{name}` is no time zone such as \"Asia/Shanghai\"")))
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
    use serde_json::{Value, json};

    use super::*;

    fn read(table: Value) -> Result<Config, String> {
        serde_json::from_value(table).map_err(|error| error.to_string())
    }

    #[test]
    fn times_zones_and_limits_are_checked() {
        assert_eq!(read(json!({})).unwrap().nightly().unwrap().at, NaiveTime::from_hms_opt(2, 0, 0).unwrap());
        let shanghai = read(json!({"time_zone": "Asia/Shanghai", "backup_at": "23:30"})).unwrap().nightly().unwrap();
        assert_eq!((shanghai.zone, shanghai.at), (Tz::Asia__Shanghai, NaiveTime::from_hms_opt(23, 30, 0).unwrap()));
        assert!(read(json!({"nightly_backup": false})).unwrap().nightly().is_none());
        for (table, says) in [
            (json!({"backup_at": "25:00"}), "backup_at"),
            (json!({"backup_at": "2"}), "backup_at"),
            (json!({"time_zone": "Mars/Olympus"}), "Mars/Olympus"),
            (json!({"keep_days": 0}), "at least 1"),
            (json!({"max_running": 0}), "at least 1"),
            (json!({"keep_dais": 1}), "keep_days"),
        ] {
            let error = read(table).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
