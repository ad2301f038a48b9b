//! Times: of the clock, in texts, and of the nightly backup.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Days, LocalResult, NaiveTime, SecondsFormat, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The time, in milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn utc(millis: u64) -> DateTime<Utc> {
    i64::try_from(millis).ok().and_then(DateTime::from_timestamp_millis).unwrap_or(DateTime::UNIX_EPOCH)
}

/// A time as the vendor shows it: `2020-11-18T03:46:02Z`.
pub fn seconds(millis: u64) -> String {
    utc(millis).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time as digits that sort as the times do: `20201118034602`, in UTC.
pub fn stamp(millis: u64) -> String {
    utc(millis).format("%Y%m%d%H%M%S").to_string()
}

/// The time of a [`stamp`], in milliseconds since 1970.
pub fn of_stamp(stamp: &str) -> Option<u64> {
    let time = chrono::NaiveDateTime::parse_from_str(stamp, "%Y%m%d%H%M%S").ok()?;
    u64::try_from(time.and_utc().timestamp_millis()).ok()
}

/// When nightly backups are due.
#[derive(Clone, Copy, Debug)]
pub struct Nightly {
    /// The time of day.
    pub at: NaiveTime,
    /// Where the day is counted.
    pub zone: Tz,
}

impl Nightly {
    /// The last time that a backup was due, in milliseconds since 1970. Where clocks are put
    /// forward over the hour, it is due an hour later.
    pub fn last_due(&self, now: u64) -> u64 {
        let now = utc(now);
        let today = now.with_timezone(&self.zone).date_naive();
        let due = (0..3).filter_map(|days| {
            let local = today.checked_sub_days(Days::new(days))?.and_time(self.at);
            match self.zone.from_local_datetime(&local) {
                LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time),
                LocalResult::None => self.zone.from_local_datetime(&local.checked_add_signed(TimeDelta::hours(1))?).earliest(),
            }
        });
        let last = due.map(|time| time.with_timezone(&Utc)).find(|time| *time <= now);
        last.map_or(0, |time| u64::try_from(time.timestamp_millis()).unwrap_or(0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> u64 {
        u64::try_from(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()).unwrap()
    }

    #[test]
    fn stamps_sort_and_come_back() {
        let time = at("2020-11-18T03:46:02Z");
        assert_eq!((stamp(time).as_str(), seconds(time).as_str()), ("20201118034602", "2020-11-18T03:46:02Z"));
        assert_eq!(of_stamp(&stamp(time)), Some(time));
        assert_eq!(of_stamp("2020"), None);
    }

    #[test]
    fn the_night_is_that_of_the_time_zone() {
        let shanghai = Nightly { at: NaiveTime::from_hms_opt(2, 0, 0).unwrap(), zone: Tz::Asia__Shanghai };
        assert_eq!(shanghai.last_due(at("2026-03-10T17:59:59Z")), at("2026-03-09T18:00:00Z"));
        assert_eq!(shanghai.last_due(at("2026-03-10T18:00:00Z")), at("2026-03-10T18:00:00Z"));
    }

    #[test]
    fn an_hour_that_the_clocks_skip_or_repeat_is_due_once() {
        let berlin = Nightly { at: NaiveTime::from_hms_opt(2, 30, 0).unwrap(), zone: Tz::Europe__Berlin };
        // On 2026-03-29, two o'clock is followed by three.
        assert_eq!(berlin.last_due(at("2026-03-29T00:59:00Z")), at("2026-03-28T01:30:00Z"));
        assert_eq!(berlin.last_due(at("2026-03-29T12:00:00Z")), at("2026-03-29T01:30:00Z"));
        // On 2026-10-25, half past two comes twice.
        assert_eq!(berlin.last_due(at("2026-10-25T12:00:00Z")), at("2026-10-25T00:30:00Z"));
    }
}
