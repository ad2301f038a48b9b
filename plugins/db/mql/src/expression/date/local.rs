//! What calendar and clock show, in the Gregorian calendar and in that of ISO 8601's weeks.

use super::zone::Zone;
use crate::iso::{civil_from_days, days_from_civil};

pub(super) const SECONDS_PER_DAY: i64 = 86_400;

/// A moment as it is shown in a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Local {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) millisecond: i64,
    /// Seconds east of UTC.
    pub(super) offset: i64,
    /// Days since 1970-01-01.
    days: i64,
}

/// A day by its week; the year is the one that most of the week lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IsoDay {
    pub(super) year: i64,
    pub(super) week: i64,
    /// From Monday, which is 1.
    pub(super) day: i64,
}

impl Local {
    pub(super) fn at(millis: i64, zone: Zone) -> Self {
        let seconds = millis.div_euclid(1000);
        let offset = zone.offset_at(seconds);
        let shown = seconds + offset;
        let (days, rest) = (shown.div_euclid(SECONDS_PER_DAY), shown.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        Self {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            millisecond: millis.rem_euclid(1000),
            offset,
            days,
        }
    }

    /// From 1.
    pub(super) fn day_of_year(&self) -> i64 {
        self.days - days_from_civil(self.year, 1, 1) + 1
    }

    /// From Sunday, which is 0.
    pub(super) fn day_of_week(&self) -> i64 {
        day_of_week(self.days)
    }

    /// Weeks begin on Sundays; days before the first Sunday are in week 0.
    pub(super) fn week(&self) -> i64 {
        (self.day_of_year() + 6 - self.day_of_week()) / 7
    }

    pub(super) fn iso(&self) -> IsoDay {
        let day = (self.day_of_week() + 6) % 7 + 1;
        let thursday = self.days - day + 4;
        let (year, ..) = civil_from_days(thursday);
        IsoDay { year, week: (thursday - days_from_civil(year, 1, 1)) / 7 + 1, day }
    }
}

/// From Sunday, which is 0.
pub(super) fn day_of_week(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

/// Days since 1970-01-01 of a day of the calendar. A month or day that does not exist counts on, or
/// back.
pub(super) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let months = month - 1;
    days_from_civil(year + months.div_euclid(12), months.rem_euclid(12) + 1, 1) + day - 1
}

impl IsoDay {
    /// Days since 1970-01-01. A week or day that does not exist counts on, or back.
    pub(super) fn days(self) -> i64 {
        let fourth = days_from_civil(self.year, 1, 4);
        let monday = fourth - (day_of_week(fourth) + 6) % 7;
        monday + (self.week - 1) * 7 + self.day - 1
    }
}
