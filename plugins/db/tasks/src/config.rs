//! The plugin's table in the TOML file.

use chrono::NaiveTime;
use chrono_tz::Tz;
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;

use crate::calendar::Nightly;

/// Backups and limits. Every key is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether every space is backed up each night. True by default.
    pub nightly_backup: bool,
    /// When the nightly backup begins, as `HH:MM`. "02:00" by default.
    pub backup_at: String,
    /// The time zone of `backup_at`, such as "Asia/Shanghai". The machine's own by default.
    pub time_zone: Option<String>,
    /// How many days backups are kept. 7 by default, as the manual says in 3.10.3.
    pub keep_days: u32,
    /// The largest file that can be imported, in bytes. 50 MB by default, as the manual says in 3.10.4.
    pub max_import_bytes: u64,
    /// How many tasks run at once. 4 by default.
    pub max_running: usize,
    /// How many tasks of one space run at once. 2 by default.
    pub max_running_per_space: usize,
    /// How many tasks may run or wait at once; more are refused with `SERVER_BUSY`. 64 by default.
    pub max_tasks: usize,
    /// How many tasks of one space may run or wait at once. 8 by default.
    pub max_tasks_per_space: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nightly_backup: true,
            backup_at: "02:00".to_owned(),
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
    ///
    /// # Errors
    /// `InvalidConfiguration` for a time or a time zone that does not exist, or limits of zero.
    pub fn nightly(&self) -> Result<Option<Nightly>> {
        let wrong = |message: String| Error::new(codes::CONFIG, message);
        let at = NaiveTime::parse_from_str(&self.backup_at, "%H:%M")
            .map_err(|_| wrong(format!("backup_at: `{}` is no time such as \"02:00\"", self.backup_at)))?;
        let zone: Tz = match &self.time_zone {
            Some(name) => name.parse().map_err(|_| wrong(format!("time_zone: `{name}` is no time zone such as \"Asia/Shanghai\"")))?,
            None => machine_zone(),
        };
        let limits = [
            ("keep_days", u64::from(self.keep_days)),
            ("max_import_bytes", self.max_import_bytes),
            ("max_running", self.max_running as u64),
            ("max_running_per_space", self.max_running_per_space as u64),
            ("max_tasks", self.max_tasks as u64),
            ("max_tasks_per_space", self.max_tasks_per_space as u64),
        ];
        if let Some((key, _)) = limits.iter().find(|(_, limit)| *limit == 0) {
            return Err(wrong(format!("{key} must be at least 1")));
        }
        Ok(self.nightly_backup.then_some(Nightly { at, zone }))
    }
}

/// The machine's time zone; UTC where it has none or one that is not known.
fn machine_zone() -> Tz {
    iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_zones_and_limits_are_checked() {
        assert!(Config::default().nightly().unwrap().is_some());
        let shanghai = Config { time_zone: Some("Asia/Shanghai".to_owned()), backup_at: "23:30".to_owned(), ..Config::default() };
        assert_eq!(shanghai.nightly().unwrap().unwrap().zone, Tz::Asia__Shanghai);
        for (broken, named) in [
            (Config { backup_at: "25:00".to_owned(), ..Config::default() }, "backup_at"),
            (Config { backup_at: "2".to_owned(), ..Config::default() }, "backup_at"),
            (Config { time_zone: Some("Mars/Olympus".to_owned()), ..Config::default() }, "time_zone"),
            (Config { keep_days: 0, ..Config::default() }, "keep_days"),
            (Config { max_running: 0, ..Config::default() }, "max_running"),
        ] {
            let error = broken.nightly().unwrap_err();
            assert!(error.code() == codes::CONFIG && error.message().contains(named), "{error}");
        }
        assert!(Config { nightly_backup: false, ..Config::default() }.nightly().unwrap().is_none());
    }
}
