//! Days, hours, weeks and months in an application's time zone.
//!
//! An instant belongs to the local day and the local hour that a clock on the wall shows. A day of a
//! change to summer time has 23 hours, and its missing hour stays empty; where an hour is repeated,
//! both count as that hour. A week runs from Sunday to Saturday and is named by its Sunday, a month
//! by its first day (manual 6.5.1).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, Result};

/// A local day, as the number of days since 1970-01-01. Written `2026-11-26`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// The length of the buckets of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Local hours.
    Hour,
    /// Local days.
    #[default]
    Day,
    /// Weeks, from Sunday to Saturday.
    Week,
    /// Calendar months.
    Month,
}

/// An application's time zone.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    zone: Tz,
}

impl Calendar {
    /// The calendar of a zone of the IANA database, such as `Asia/Shanghai`.
    ///
    /// # Errors
    /// [`Error::Parameter`] when there is no such zone.
    pub fn named(zone: &str) -> Result<Self> {
        let known = Tz::from_str(zone);
        let zone = known.map_err(|_| Error::parameter(format!("`{zone}` is no time zone of the IANA database, such as Asia/Shanghai")))?;
        Ok(Self { zone })
    }

    /// The zone's name.
    pub fn name(&self) -> &'static str {
        self.zone.name()
    }

    /// The local day and hour (0 to 23) of an instant in milliseconds since 1970.
    pub fn locate(&self, millis: i64) -> (Day, u8) {
        const MILLIS_PER_HOUR: i64 = 3_600_000;
        let utc = DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default().naive_utc();
        let offset = i64::from(self.zone.offset_from_utc_datetime(&utc).fix().local_minus_utc());
        let hours = (millis + offset * 1000).div_euclid(MILLIS_PER_HOUR);
        (Day(hours.div_euclid(24) as i32), hours.rem_euclid(24) as u8)
    }

    /// The first instant of a day, in milliseconds since 1970.
    pub fn start_of(&self, day: Day) -> i64 {
        let midnight = day.date().and_hms_opt(0, 0, 0).unwrap_or_default();
        // Where midnight is skipped, the day begins with the first instant after the gap; where it
        // is repeated, with the earlier of the two.
        let mut wall = midnight;
        loop {
            if let Some(instant) = self.zone.from_local_datetime(&wall).earliest() {
                return instant.timestamp_millis();
            }
            wall += chrono::TimeDelta::minutes(15);
        }
    }

    /// As [`Calendar::start_of`], where the day has 24 hours and changes no clock.
    pub(crate) fn plain_start_of(&self, day: Day) -> Option<i64> {
        let start = self.start_of(day);
        let plain = self.start_of(day.plus(1)) - start == 86_400_000 && self.locate(start) == (day, 0);
        plain.then_some(start)
    }
}

impl Day {
    /// The day of a date.
    pub fn of(date: NaiveDate) -> Self {
        Self(date.signed_duration_since(NaiveDate::default()).num_days() as i32)
    }

    /// Its date.
    pub fn date(self) -> NaiveDate {
        NaiveDate::default().checked_add_signed(chrono::TimeDelta::days(i64::from(self.0))).unwrap_or_default()
    }

    /// The day so many days later, or earlier.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// The Sunday that its week begins with.
    #[must_use]
    pub fn sunday(self) -> Self {
        // 1970-01-01 was a Thursday.
        self.plus(-(self.0 + 4).rem_euclid(7))
    }

    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        Self::of(self.date().with_day(1).unwrap_or_default())
    }

    /// The same day of the month, so many months later or earlier; the month's last day where it
    /// has no such day.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Self {
        let by = Months::new(months.unsigned_abs());
        let date = if months < 0 { self.date().checked_sub_months(by) } else { self.date().checked_add_months(by) };
        date.map_or(self, Self::of)
    }

    /// The first day of the bucket of a unit that it belongs to: itself, its Sunday, or the first
    /// of its month.
    #[must_use]
    pub fn bucket(self, unit: Unit) -> Self {
        match unit {
            Unit::Hour | Unit::Day => self,
            Unit::Week => self.sunday(),
            Unit::Month => self.first_of_month(),
        }
    }

    /// The first day of the bucket so many buckets later or earlier. `self` is the first day of one.
    #[must_use]
    pub fn step(self, unit: Unit, by: i32) -> Self {
        match unit {
            Unit::Hour | Unit::Day => self.plus(by),
            Unit::Week => self.plus(by * 7),
            Unit::Month => self.plus_months(by),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().format("%Y-%m-%d").fmt(f)
    }
}

impl FromStr for Day {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| date.format("%Y-%m-%d").to_string() == text);
        let date = date.filter(|date| (1970..=9999).contains(&date.year()));
        date.map(Self::of).ok_or_else(|| Error::parameter(format!("`{text}` is not a date such as 2026-11-26")))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
