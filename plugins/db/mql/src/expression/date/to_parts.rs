//! `$dateToParts`.

use bson::{Bson, Document};

use super::super::summation::narrow;
use super::local::Local;
use super::{NamedArgs, Operator, given, millis, nullish, type_name, zone};
use crate::error::{Error, Result};

pub(super) const OPERATOR: Operator =
    Operator { name: "$dateToParts", arguments: &["date", "timezone", "iso8601"], required: &["date"], errors: [40524, 40520, 40522], run };

fn run(_: &'static str, args: &NamedArgs<'_>) -> Result<Bson> {
    let date = match given(args, 0)? {
        Some(date) if !nullish(date) => millis(date)?,
        _ => return Ok(Bson::Null),
    };
    let Some(zone) = zone(args, 1)? else {
        return Ok(Bson::Null);
    };
    let iso = match given(args, 2)? {
        None => false,
        Some(Bson::Boolean(iso)) => *iso,
        Some(value) if nullish(value) => return Ok(Bson::Null),
        Some(other) => return Err(Error::at(40521, format!("iso8601 must evaluate to a bool, found {}", type_name(other)))),
    };
    let at = Local::at(date, zone);
    let day = if iso {
        let day = at.iso();
        [("isoWeekYear", day.year), ("isoWeek", day.week), ("isoDayOfWeek", day.day)]
    } else {
        [("year", at.year), ("month", at.month), ("day", at.day)]
    };
    let time = [("hour", at.hour), ("minute", at.minute), ("second", at.second), ("millisecond", at.millisecond)];
    let parts: Document = day.into_iter().chain(time).map(|(name, value)| (name.to_owned(), narrow(value))).collect();
    Ok(Bson::Document(parts))
}
