//! What a text says of a date.

use super::local::{IsoDay, SECONDS_PER_DAY, day_of_week, days_of};
use super::zone::Zone;
use crate::error::{Code, Error, Result};
use crate::iso::{civil_from_days, days_in_month};

/// The parts that a text has.
#[derive(Clone, Debug, Default)]
pub(super) struct Parsed {
    pub(super) year: Option<i64>,
    pub(super) month: Option<i64>,
    pub(super) day: Option<i64>,
    /// Seconds since midnight.
    pub(super) time: Option<i64>,
    pub(super) millisecond: i64,
    /// The next day of this name counts if the day is another, from Sunday, which is 0.
    pub(super) day_of_week: Option<i64>,
    pub(super) zone: Option<Written>,
}

/// A time zone as a text has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Seconds east of UTC.
    pub(super) offset: i64,
    /// Its name, if it is not an offset.
    pub(super) name: Option<String>,
}

/// The error of a text that is not a date.
pub(super) fn failure(message: impl Into<String>) -> Error {
    Error::new(Code::ConversionFailure, message)
}

/// The error of a text that is not a date because of what is at a byte of it.
pub(super) fn wrong(text: &str, at: usize, reason: &str) -> Error {
    let character = text.get(at..).and_then(|rest| rest.chars().next()).map(String::from).unwrap_or_default();
    failure(format!("Error parsing date string '{text}'; {at}: {reason} '{character}'"))
}

impl Parsed {
    pub(super) fn set_days(&mut self, days: i64) {
        let (year, month, day) = civil_from_days(days);
        (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
    }

    pub(super) fn set_iso(&mut self, day: IsoDay) {
        self.set_days(day.days());
    }

    /// The milliseconds since 1970, in a time zone that was asked for.
    ///
    /// # Errors
    /// `ConversionFailure` for a text that lacks a part, a date that does not exist, and a time zone
    /// in the text beside the one that was asked for.
    pub(super) fn millis(&self, text: &str, zone: Zone) -> Result<i64> {
        let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) else {
            return Err(failure(format!("an incomplete date/time string has been found, with elements missing: \"{text}\"")));
        };
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return Err(wrong(text, text.len(), "The parsed date was invalid"));
        }
        if let Some(written) = &self.zone
            && !zone.is_utc()
        {
            return Err(failure(match &written.name {
                None => "you cannot pass in a date/time string with GMT offset together with a timezone argument".to_owned(),
                Some(name) => {
                    format!("you cannot pass in a date/time string with time zone information ('{name}') together with a timezone argument")
                }
            }));
        }
        let mut days = days_of(year, month, day);
        if let Some(wanted) = self.day_of_week {
            days += (wanted - day_of_week(days)).rem_euclid(7);
        }
        let shown = days * SECONDS_PER_DAY + self.time.unwrap_or(0);
        let seconds = match &self.zone {
            Some(written) => shown - written.offset,
            None => zone.to_utc(shown),
        };
        Ok(seconds * 1000 + self.millisecond)
    }
}
