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

/// A range of days.
#[derive(Clone, Debug, Default, Args)]
pub struct Days {
    /// The first day
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "last")]
    from: Option<String>,
    /// The last day [default: yesterday]
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Option<String>,
    /// As many days, the last of them included [default: 7; 56 by weeks, 183 by months]
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
        let usual = match unit {
            "week" => 56,
            "month" => 183,
            _ => 7,
        };
        let from = self.from.clone().unwrap_or_else(|| plus(&to, 1 - i64::from(self.last.unwrap_or(usual))));
        params.insert("from".into(), json!(from));
        params.insert("to".into(), json!(to));
        Ok(())
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

fn millis(day: &str) -> Option<i64> {
    timestamp::parse(&format!("{day}T00:00:00Z"))
}

/// The day so many days later, or earlier.
fn plus(day: &str, days: i64) -> String {
    let moved = millis(day).map(|millis| timestamp::format(millis + days * MILLIS_PER_DAY));
    moved.and_then(|moved| Some(moved.split_once('T')?.0.to_owned())).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn range(days: &Days, unit: &str) -> Value {
        let mut params = Map::new();
        days.add(&mut params, unit, || Ok("2026-03-01".to_owned())).unwrap();
        Value::Object(params)
    }

    #[test]
    fn days_end_with_yesterday_and_are_a_week() {
        assert_eq!(range(&Days::default(), "day"), json!({"from": "2026-02-23", "to": "2026-03-01"}));
        assert_eq!(range(&Days { last: Some(1), ..Days::default() }, "day"), json!({"from": "2026-03-01", "to": "2026-03-01"}));
        assert_eq!(range(&Days::default(), "week"), json!({"from": "2026-01-05", "to": "2026-03-01"}));
        let given = Days { from: Some("2026-01-01".into()), to: Some("2026-01-02".into()), last: None };
        assert_eq!(range(&given, "month"), json!({"from": "2026-01-01", "to": "2026-01-02"}));
        let last = Days { to: Some("2024-03-01".into()), last: Some(2), from: None };
        assert_eq!(range(&last, "hour"), json!({"from": "2024-02-29", "to": "2024-03-01"}));
    }

    #[test]
    fn only_days_are_days() {
        assert_eq!(day("2026-11-26").unwrap(), "2026-11-26");
        for no in ["", "yesterday", "2026-1-1", "2026-02-30", "26-11-2026", "2026-11-26T", "2026-11-261"] {
            assert!(day(no).is_err(), "{no}");
        }
    }
}
