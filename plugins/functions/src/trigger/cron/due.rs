//! When a schedule is due, in a time zone.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::Schedule;

/// How many days are looked at: 29 February comes again after eight years at the latest.
const HORIZON: u64 = 9 * 366;
/// All hours of a day.
const ALL_HOURS: u32 = (1 << 24) - 1;

impl Schedule {
    /// The first time after `after` that it is due, both in milliseconds since 1970.
    ///
    /// Where clocks are put forward, an hour that does not exist is due an hour later. Where they
    /// are put back, an hour that comes twice is due at its first time; a schedule of every hour is
    /// due at both.
    pub fn next(&self, after: u64, zone: Tz) -> Option<u64> {
        let after = DateTime::from_timestamp_millis(i64::try_from(after).ok()?)?;
        // What was put off from late yesterday is due today.
        let first = after.with_timezone(&zone).date_naive().checked_sub_days(Days::new(1))?;
        let due = (0..HORIZON)
            .filter_map(|days| first.checked_add_days(Days::new(days)))
            .filter(|date| self.is_due_on(*date))
            .find_map(|date| self.times(date, zone).filter(|time| *time > after).min())?;
        u64::try_from(due.timestamp_millis()).ok()
    }

    fn is_due_on(&self, date: NaiveDate) -> bool {
        let has = |set: u32, number: u32| set >> number & 1 == 1;
        has(self.months, date.month()) && has(self.days, date.day()) && has(self.weekdays, date.weekday().num_days_from_sunday())
    }

    fn times(&self, date: NaiveDate, zone: Tz) -> impl Iterator<Item = DateTime<Utc>> {
        let hours = (0..24).filter(|hour| self.hours >> hour & 1 == 1);
        let local = hours.filter_map(move |hour| date.and_hms_opt(hour, self.minute, self.second));
        local.flat_map(move |local| {
            let (first, second) = match zone.from_local_datetime(&local) {
                LocalResult::Single(time) => (Some(time), None),
                LocalResult::Ambiguous(first, second) => (Some(first), (self.hours == ALL_HOURS).then_some(second)),
                LocalResult::None => {
                    let later = local.checked_add_signed(TimeDelta::hours(1));
                    (later.and_then(|later| zone.from_local_datetime(&later).earliest()), None)
                }
            };
            first.into_iter().chain(second).map(|time| time.with_timezone(&Utc))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::SecondsFormat;

    use super::*;

    fn millis(text: &str) -> u64 {
        u64::try_from(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()).unwrap()
    }

    /// The next times after one, without their seconds.
    fn next(text: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(text).unwrap();
        let times = std::iter::successors(Some(millis(after)), |after| schedule.next(*after, zone)).skip(1).take(count);
        times
            .map(|time| DateTime::from_timestamp_millis(i64::try_from(time).unwrap()).unwrap().to_rfc3339_opts(SecondsFormat::Secs, true))
            .collect()
    }

    #[test]
    fn an_hour_is_due_at_its_minute_and_second() {
        let times = next("cron:30 15 * * * *", Tz::UTC, "2026-11-26T10:15:30Z", 2);
        assert_eq!(times, ["2026-11-26T11:15:30Z", "2026-11-26T12:15:30Z"], "not at the time itself");
        assert_eq!(next("cron:30 15 * * * *", Tz::UTC, "2026-11-26T10:15:29.999Z", 1), ["2026-11-26T10:15:30Z"]);
        assert_eq!(next("cron:0 0 8-10 * * *", Tz::UTC, "2026-11-26T09:30:00Z", 2), ["2026-11-26T10:00:00Z", "2026-11-27T08:00:00Z"]);
    }

    #[test]
    fn months_end_when_they_do_and_leap_days_come() {
        assert_eq!(
            next("cron:0 0 0 31 * ?", Tz::UTC, "2026-01-31T00:00:00Z", 3),
            ["2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z", "2026-07-31T00:00:00Z"]
        );
        assert_eq!(
            next("cron:0 0 0 29 FEB ?", Tz::UTC, "2096-03-01T00:00:00Z", 2),
            ["2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"],
            "2100 is no leap year"
        );
        assert_eq!(next("cron:59 59 23 * DEC ?", Tz::UTC, "2026-12-31T23:59:59Z", 1), ["2027-12-01T23:59:59Z"]);
    }

    #[test]
    fn weekdays_are_those_of_the_zone() {
        // 2026-11-29 is a Sunday.
        assert_eq!(next("cron:0 0 6 ? * SUN", Tz::UTC, "2026-11-26T00:00:00Z", 1), ["2026-11-29T06:00:00Z"]);
        assert_eq!(next("cron:0 0 6 ? * 7", Tz::Asia__Shanghai, "2026-11-26T00:00:00Z", 1), ["2026-11-28T22:00:00Z"]);
        assert_eq!(
            next("cron:0 0 6 ? * FRI-SUN", Tz::UTC, "2026-11-26T00:00:00Z", 4),
            ["2026-11-27T06:00:00Z", "2026-11-28T06:00:00Z", "2026-11-29T06:00:00Z", "2026-12-04T06:00:00Z"]
        );
    }

    #[test]
    fn an_hour_that_clocks_skip_is_due_an_hour_later() {
        // On 2026-03-29 in Berlin, two o'clock is followed by three.
        assert_eq!(
            next("cron:0 30 2 * * *", Tz::Europe__Berlin, "2026-03-28T12:00:00Z", 2),
            ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]
        );
        assert_eq!(
            next("cron:0 30 * * * *", Tz::Europe__Berlin, "2026-03-28T23:45:00Z", 3),
            ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"],
            "each real hour once"
        );
    }

    #[test]
    fn an_hour_that_clocks_repeat_is_due_once_unless_every_hour_is() {
        // On 2026-10-25 in Berlin, half past two comes twice.
        assert_eq!(
            next("cron:0 30 2 * * *", Tz::Europe__Berlin, "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            next("cron:0 30 * * * *", Tz::Europe__Berlin, "2026-10-24T23:45:00Z", 3),
            ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]
        );
    }

    #[test]
    fn the_end_of_time_is_no_time() {
        let schedule = Schedule::parse("cron:0 0 * * * *").unwrap();
        assert_eq!(schedule.next(u64::MAX, Tz::UTC), None);
        assert_eq!(schedule.next(8_210_266_876_799_999, Tz::UTC), None);
        assert_eq!(schedule.next(0, Tz::UTC), Some(3_600_000));
    }
}
