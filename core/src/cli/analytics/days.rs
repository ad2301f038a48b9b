//! The days that are asked for. Without a date, they end with yesterday in the application's time
//! zone, which the server tells.

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::Failure;
use super::super::client::Client;
use super::super::output::text;
use super::{Target, ask};
use crate::management::timestamp;

const MILLIS_PER_DAY: i64 = 86_400_000;
/// How many days, weeks or months are shown unless it is said.
const DAYS: i64 = 7;
const WEEKS: i64 = 8;
const MONTHS: i64 = 6;

/// A range of days.
#[derive(Clone, Debug, Default, Args)]
pub struct Days {
    /// The first day
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "last")]
    from: Option<String>,
    /// The last day [default: yesterday, or the first day when that is today]
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Option<String>,
    /// As many days, the last of them included [default: 7; by weeks the last 8 whole ones, by months the last 6]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=732))]
    last: Option<u16>,
}

impl Days {
    /// Adds the range to the parameters of a report by such a unit.
    pub fn add(
        &self,
        params: &mut Map<String, Value>,
        unit: &str,
        yesterday: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<(), Failure> {
        let to = match &self.to {
            Some(to) => to.clone(),
            None => yesterday()?,
        };
        let (from, to) = match (&self.from, self.last) {
            (Some(from), _) if self.to.is_none() => (from.clone(), to.max(from.clone())),
            (Some(from), _) => (from.clone(), to),
            (None, Some(last)) => (plus(&to, 1 - i64::from(last)), to),
            (None, None) => usual(to, unit, self.to.is_some()),
        };
        params.insert("from".into(), json!(from));
        params.insert("to".into(), json!(to));
        Ok(())
    }
}

/// The days when only the last of them is known. Of weeks and months they are whole ones: those that
/// have ended by that day, or those that end with the one it is in when somebody named the day.
fn usual(to: String, unit: &str, named: bool) -> (String, String) {
    match unit {
        "week" => {
            let saturday = saturday(&to);
            let last = if named || saturday == to { saturday } else { plus(&saturday, -7) };
            (plus(&last, 1 - 7 * WEEKS), if named { to } else { last })
        }
        "month" => {
            // Of a month's last day it is that month, of any other day the one before.
            let last = if named { month(&to) } else { month(&plus(&to, 1)) - 1 };
            (first_of(last + 1 - MONTHS), if named { to } else { plus(&first_of(last + 1), -1) })
        }
        _ => (plus(&to, 1 - DAYS), to),
    }
}

/// Yesterday in the application's time zone.
pub fn yesterday(client: &Client, target: &Target) -> Result<String, Failure> {
    let overview = ask(client, &target.space, "analytics.report.overview", &json!({"appKey": target.app}))?;
    Ok(text(&overview.value, &["until"]))
}

/// Reads a day of the command line.
///
/// # Errors
/// When it is no date.
pub fn day(text: &str) -> Result<String, String> {
    let day = (text.len() == 10).then(|| millis(text)).flatten();
    day.map(|_| text.to_owned()).ok_or_else(|| "write a day as 2026-11-26".to_owned())
}

/// The same day of the week before (上周同期).
pub fn week_before(day: &str) -> String {
    plus(day, -7)
}

/// The same day of the month before, or that month's last (上月同期).
pub fn month_before(day: &str) -> String {
    let this = month(day);
    let last = plus(&first_of(this), -1);
    let same = first_of(this - 1).get(..8).unwrap_or_default().to_owned() + day.get(8..).unwrap_or_default();
    same.min(last)
}

fn millis(day: &str) -> Option<i64> {
    timestamp::parse(&format!("{day}T00:00:00Z"))
}

/// The day so many days later, or earlier.
fn plus(day: &str, days: i64) -> String {
    let moved = millis(day).map(|millis| timestamp::format(millis + days * MILLIS_PER_DAY));
    moved.and_then(|moved| Some(moved.split_once('T')?.0.to_owned())).unwrap_or_default()
}

/// The last day of the week that a day is in: weeks begin on Sundays.
fn saturday(day: &str) -> String {
    // 1970 began on a Thursday.
    let weekday = (millis(day).unwrap_or_default().div_euclid(MILLIS_PER_DAY) + 4).rem_euclid(7);
    plus(day, 6 - weekday)
}

/// The month that a day is in, counted since the year 0.
fn month(day: &str) -> i64 {
    let number = |digits: std::ops::Range<usize>| day.get(digits).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or_default();
    number(0..4) * 12 + number(5..7) - 1
}

/// The first day of a month.
fn first_of(month: i64) -> String {
    format!("{:04}-{:02}-01", month.div_euclid(12), month.rem_euclid(12) + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn range(days: &Days, unit: &str, yesterday: &str) -> [String; 2] {
        let mut params = Map::new();
        days.add(&mut params, unit, || Ok(yesterday.to_owned())).unwrap();
        ["from", "to"].map(|end| params[end].as_str().unwrap().to_owned())
    }

    fn days(from: &str, to: &str, last: u16) -> Days {
        let given = |day: &str| (!day.is_empty()).then(|| day.to_owned());
        Days { from: given(from), to: given(to), last: (last > 0).then_some(last) }
    }

    #[test]
    fn days_end_with_yesterday_and_are_a_week() {
        let range = |days: &Days, unit| range(days, unit, "2026-03-01");
        assert_eq!(range(&Days::default(), "day"), ["2026-02-23", "2026-03-01"]);
        assert_eq!(range(&days("", "", 1), "day"), ["2026-03-01", "2026-03-01"]);
        assert_eq!(range(&days("2026-01-01", "2026-01-02", 0), "month"), ["2026-01-01", "2026-01-02"]);
        assert_eq!(range(&days("", "2024-03-01", 2), "hour"), ["2024-02-29", "2024-03-01"]);
        assert_eq!(range(&days("", "", 56), "week"), ["2026-01-05", "2026-03-01"]);
    }

    #[test]
    fn weeks_and_months_are_whole_ones_that_have_ended() {
        // 2026-11-21 is a Saturday.
        for (yesterday, weeks) in [
            ("2026-11-20", ["2026-09-20", "2026-11-14"]),
            ("2026-11-21", ["2026-09-27", "2026-11-21"]),
            ("2026-11-22", ["2026-09-27", "2026-11-21"]),
        ] {
            assert_eq!(range(&Days::default(), "week", yesterday), weeks, "{yesterday}");
        }
        for (yesterday, months) in [
            ("2026-11-29", ["2026-05-01", "2026-10-31"]),
            ("2026-11-30", ["2026-06-01", "2026-11-30"]),
            ("2026-12-01", ["2026-06-01", "2026-11-30"]),
            ("2026-01-15", ["2025-07-01", "2025-12-31"]),
            ("2026-12-31", ["2026-07-01", "2026-12-31"]),
        ] {
            assert_eq!(range(&Days::default(), "month", yesterday), months, "{yesterday}");
        }
        // Whoever names the last day sees the week or month that it is in.
        assert_eq!(range(&days("", "2026-11-22", 0), "week", "2026-11-25"), ["2026-10-04", "2026-11-22"]);
        assert_eq!(range(&days("", "2026-02-10", 0), "month", "2026-11-25"), ["2025-09-01", "2026-02-10"]);
    }

    #[test]
    fn days_from_today_are_today() {
        assert_eq!(range(&days("2026-11-26", "", 0), "hour", "2026-11-25"), ["2026-11-26", "2026-11-26"]);
        assert_eq!(range(&days("2026-11-24", "", 0), "day", "2026-11-25"), ["2026-11-24", "2026-11-25"]);
    }

    #[test]
    fn the_same_day_before_is_in_that_month() {
        for (day, week, month) in [
            ("2026-11-26", "2026-11-19", "2026-10-26"),
            ("2026-03-31", "2026-03-24", "2026-02-28"),
            ("2024-03-30", "2024-03-23", "2024-02-29"),
            ("2026-01-31", "2026-01-24", "2025-12-31"),
        ] {
            assert_eq!((week_before(day).as_str(), month_before(day).as_str()), (week, month), "{day}");
        }
    }

    #[test]
    fn only_days_are_days() {
        assert_eq!(day("2026-11-26").unwrap(), "2026-11-26");
        for no in ["", "yesterday", "2026-1-1", "2026-02-30", "26-11-2026", "2026-11-26T", "2026-11-261"] {
            assert!(day(no).is_err(), "{no}");
        }
    }
}
