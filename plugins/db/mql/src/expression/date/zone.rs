//! Time zones: Olson identifiers and offsets from UTC.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::error::{Error, Result};

/// Seconds from 1970 beyond which the rules of a region are not looked up, but taken as they are
/// there: about the year ±250 000.
const FAR: i64 = 8_000_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    Utc,
    /// Seconds east of UTC.
    Offset(i64),
    Region(Tz),
}

impl Zone {
    /// Parses an Olson identifier, or an offset as `+hh`, `+hhmm` or `+hh:mm`.
    ///
    /// # Errors
    /// 40485.
    pub(super) fn parse(identifier: &str) -> Result<Self> {
        match offset(identifier) {
            Some(seconds) => Ok(Self::Offset(seconds)),
            None => identifier
                .parse()
                .map(Self::Region)
                .map_err(|_| Error::at(40485, format!("unrecognized time zone identifier: \"{identifier}\""))),
        }
    }

    /// Whether it is UTC because no other was asked for, or by its offset.
    pub(super) fn is_utc(self) -> bool {
        matches!(self, Self::Utc | Self::Offset(0))
    }

    /// Seconds east of UTC at a second since 1970.
    pub(super) fn offset_at(self, seconds: i64) -> i64 {
        match self {
            Self::Utc => 0,
            Self::Offset(offset) => offset,
            Self::Region(region) => {
                let at = DateTime::from_timestamp(seconds.clamp(-FAR, FAR), 0).unwrap_or_default();
                i64::from(region.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
            }
        }
    }

    /// The second since 1970 at which clocks show a second since 1970. Where they show it twice or
    /// never, the offset is chosen as MongoDB's date library chooses it: of an hour that is left out
    /// the same time after the hour before counts, of an hour that comes twice the offset that holds
    /// when it is taken for one of UTC.
    pub(super) fn to_utc(self, local: i64) -> i64 {
        let before = self.offset_at(local);
        let after = self.offset_at(local.saturating_sub(before));
        let left_out = before < after && self.offset_at(local.saturating_sub(after)) != after;
        local.saturating_sub(if left_out { before } else { after })
    }
}

/// The seconds of an offset: a sign and `hh`, `hhmm` or `hh:mm`.
pub(super) fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let number = |from: usize| {
        let digits = text.get(from..from + 2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    let minutes = match text.len() {
        3 => 0,
        5 => number(3)?,
        6 if text.as_bytes().get(3) == Some(&b':') => number(4)?,
        _ => return None,
    };
    Some(sign * (number(1)? * 3600 + minutes * 60))
}
