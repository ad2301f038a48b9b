//! `$dateFromParts`.

use bson::{Bson, DateTime, Document};

use super::super::arithmetic::whole;
use super::local::{IsoDay, SECONDS_PER_DAY, days_of};
use super::{NamedArgs, Operator, given, nullish, type_name, zone};
use crate::error::{Code, Error, Result};

pub(super) const OPERATOR: Operator = Operator {
    name: "$dateFromParts",
    arguments: &["year", "month", "day", "hour", "minute", "second", "millisecond", "isoWeekYear", "isoWeek", "isoDayOfWeek", "timezone"],
    required: &[],
    errors: [40519, 40518, 40516],
    run,
};

/// Checks that the parts are those of one calendar.
pub(super) fn check(given: &Document) -> Result<()> {
    let any = |names: &[&str]| names.iter().any(|name| given.contains_key(*name));
    if !any(&["year", "isoWeekYear"]) {
        return Err(Error::at(40516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present"));
    }
    if any(&["year"]) && any(&["isoWeekYear", "isoWeek", "isoDayOfWeek"]) {
        return Err(Error::at(40489, "$dateFromParts does not allow mixing natural dates with ISO dates"));
    }
    if any(&["isoWeekYear"]) && any(&["month", "day"]) {
        return Err(Error::at(40525, "$dateFromParts does not allow mixing ISO dates with natural dates"));
    }
    Ok(())
}

/// A part as a number; `None` if it is null.
fn number(args: &NamedArgs<'_>, place: usize, default: i64) -> Result<Option<i64>> {
    let value = match given(args, place)? {
        None => return Ok(Some(default)),
        Some(value) if nullish(value) => return Ok(None),
        Some(value) => value,
    };
    let name = name(place);
    let kind = type_name(value);
    let wrong = || Error::at(40515, format!("'{name}' must evaluate to an integer, found {kind} with value {value}"));
    whole(value).map(Some).ok_or_else(wrong)
}

fn name(place: usize) -> &'static str {
    OPERATOR.arguments.get(place).copied().unwrap_or_default()
}

/// As [`number`], within 16 bits.
fn short(args: &NamedArgs<'_>, place: usize, default: i64) -> Result<Option<i64>> {
    match number(args, place, default)? {
        Some(n) if i16::try_from(n).is_err() => {
            let message =
                format!("'{}' must evaluate to a value in the range [{}, {}]; value {n} is not in range", name(place), i16::MIN, i16::MAX);
            Err(Error::at(31034, message))
        }
        number => Ok(number),
    }
}

fn year(args: &NamedArgs<'_>, place: usize, code: i32) -> Result<Option<i64>> {
    number(args, place, 1970)?.map_or(Ok(None), |year| match year {
        0..=9999 => Ok(Some(year)),
        _ => Err(Error::at(code, format!("'{}' must evaluate to an integer in the range 0 to 9999, found {year}", name(place)))),
    })
}

fn run(_: &'static str, args: &NamedArgs<'_>) -> Result<Bson> {
    Ok(moment(args)?.map_or(Bson::Null, |millis| Bson::DateTime(DateTime::from_millis(millis))))
}

fn moment(args: &NamedArgs<'_>) -> Result<Option<i64>> {
    let (Some(hour), Some(minute), Some(second), Some(millisecond)) =
        (short(args, 3, 0)?, short(args, 4, 0)?, number(args, 5, 0)?, number(args, 6, 0)?)
    else {
        return Ok(None);
    };
    let Some(zone) = zone(args, 10)? else {
        return Ok(None);
    };
    let days = if given(args, 0)?.is_some() {
        match (year(args, 0, 40523)?, short(args, 1, 1)?, short(args, 2, 1)?) {
            (Some(year), Some(month), Some(day)) => days_of(year, month, day),
            _ => return Ok(None),
        }
    } else {
        match (year(args, 7, 31095)?, short(args, 8, 1)?, short(args, 9, 1)?) {
            (Some(year), Some(week), Some(day)) => IsoDay { year, week, day }.days(),
            _ => return Ok(None),
        }
    };
    let overflow = || Error::new(Code::DurationOverflow, "Overflow casting from a lower-precision duration to a higher-precision duration");
    let seconds = i128::from(days * SECONDS_PER_DAY + hour * 3600 + minute * 60) + i128::from(second);
    let shown = i64::try_from(seconds + i128::from(millisecond.div_euclid(1000))).map_err(|_| overflow())?;
    let millis = i128::from(zone.to_utc(shown)) * 1000 + i128::from(millisecond.rem_euclid(1000));
    i64::try_from(millis).map(Some).map_err(|_| overflow())
}
