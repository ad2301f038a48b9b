//! The days that a report is asked for, and those it is compared with.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Day, Error, Result, Unit};

/// The most days of a range (6.5.1).
pub const MOST_DAYS: i32 = 732;
/// The most days of a range by hours (6.5.1).
pub const MOST_DAYS_BY_HOUR: i32 = 7;

/// Days of a report, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Range {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

/// The earlier days that a range is compared with. As many days as the range has. In JSON:
/// `"previous"`, `"week"`, `"month"`, or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Those just before it.
    Previous,
    /// A week earlier (上周同期).
    Week,
    /// A month earlier (上月同期): they begin on the same day of the last month, or its last day.
    Month,
    /// Those that begin on a day.
    From(Day),
}

impl<'de> Deserialize<'de> for Comparison {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let says = || D::Error::custom(format!("`compare` is `previous`, `week`, `month` or a date such as 2026-11-26, not `{text}`"));
        Ok(match text.as_str() {
            "previous" => Self::Previous,
            "week" => Self::Week,
            "month" => Self::Month,
            day => Self::From(day.parse().map_err(|_| says())?),
        })
    }
}

impl Range {
    /// Checks the order of both ends and the length, which depends on the unit.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(&self, unit: Unit) -> Result<()> {
        if self.to < self.from {
            return Err(Error::parameter(format!("`from` ({}) is after `to` ({})", self.from, self.to)));
        }
        let most = if unit == Unit::Hour { MOST_DAYS_BY_HOUR } else { MOST_DAYS };
        if self.days() > most {
            let by = if unit == Unit::Hour { " by hours" } else { "" };
            return Err(Error::parameter(format!(
                "a range{by} has at most {most} days, and {} to {} has {}",
                self.from,
                self.to,
                self.days()
            )));
        }
        Ok(())
    }

    /// How many days it has.
    pub fn days(&self) -> i32 {
        self.to.0 - self.from.0 + 1
    }

    /// The days it is compared with.
    #[must_use]
    pub fn earlier(&self, comparison: Comparison) -> Self {
        let from = match comparison {
            Comparison::Previous => self.from.plus(-self.days()),
            Comparison::Week => self.from.plus(-7),
            Comparison::Month => self.from.plus_months(-1),
            Comparison::From(day) => day,
        };
        Self { from, to: from.plus(self.days() - 1) }
    }

    /// The range of whole buckets that it touches.
    #[must_use]
    pub fn whole(&self, unit: Unit) -> Self {
        Self { from: self.from.bucket(unit), to: self.to.bucket(unit).step(unit, 1).plus(-1).max(self.to) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_a_word_or_a_day_and_others_are_told() {
        let read = |json| serde_json::from_str::<Comparison>(json).map_err(|error| error.to_string());
        assert_eq!(read("\"month\""), Ok(Comparison::Month));
        assert_eq!(read("\"2026-11-26\""), Ok(Comparison::From(Day(20_783))));
        assert!(read("\"yesterday\"").is_err_and(|says| says.contains("`previous`, `week`, `month` or a date")));
    }
}
