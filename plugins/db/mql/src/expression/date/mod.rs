//! Operators on dates.

mod abbreviation;
mod format;
mod formatted;
mod from_parts;
mod from_string;
mod lenient;
mod local;
mod parsed;
mod part;
mod to_parts;
mod to_string;
mod zone;

use bson::{Bson, Document};

use super::named::{NamedArgs, Operator, given};
use super::{nullish, type_name};
use crate::error::{Error, Result};
use local::Local;
use zone::Zone;

pub(super) const OPERATORS: &[&[Operator]] =
    &[part::OPERATORS, &[from_parts::OPERATOR, from_string::OPERATOR, to_parts::OPERATOR, to_string::OPERATOR]];

/// Whether the operator takes a date by itself as well as `{date, timezone}`.
pub(super) fn takes_date_or_document(name: &str) -> bool {
    part::OPERATORS.iter().any(|operator| operator.name == name)
}

/// Checks which arguments are given together.
///
/// # Errors
/// Those of `$dateFromParts`.
pub(super) fn check_arguments(operator: &str, given: &Document) -> Result<()> {
    if operator == from_parts::OPERATOR.name { from_parts::check(given) } else { Ok(()) }
}

/// The milliseconds since 1970 that a date, or what has one in it, stands for.
///
/// # Errors
/// 16006 for a value that is none.
pub(super) fn millis(value: &Bson) -> Result<i64> {
    match value {
        Bson::DateTime(at) => Ok(at.timestamp_millis()),
        Bson::Timestamp(at) => Ok(i64::from(at.time) * 1000),
        Bson::ObjectId(id) => Ok(id.timestamp().timestamp_millis()),
        other => Err(Error::at(16006, format!("can't convert from BSON type {} to Date", type_name(other)))),
    }
}

/// The milliseconds since 1970 of a text in one of the formats that `$dateFromString` takes when
/// none is given.
///
/// # Errors
/// `ConversionFailure`.
pub(super) fn from_text(text: &str) -> Result<i64> {
    lenient::parse(text)?.millis(text, Zone::Utc)
}

/// A date as `YYYY-MM-DDTHH:mm:ss.sssZ`.
///
/// # Errors
/// 18537 outside the years 0 to 9999.
pub(super) fn iso(millis: i64) -> Result<String> {
    format::write(format::ISO, millis, Zone::Utc)
}

/// A second as `Mon DD HH:mm:ss`, for timestamps.
pub(super) fn short(seconds: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = Local::at(seconds.saturating_mul(1000), Zone::Utc);
    let month = usize::try_from(at.month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
    format!("{month} {:>2} {:02}:{:02}:{:02}", at.day, at.hour, at.minute, at.second)
}

/// The time zone that an argument says: UTC if it is not given, `None` if it is null.
fn zone(args: &NamedArgs<'_>, place: usize) -> Result<Option<Zone>> {
    match given(args, place)? {
        None => Ok(Some(Zone::Utc)),
        Some(value) if nullish(value) => Ok(None),
        Some(Bson::String(identifier)) => Zone::parse(identifier).map(Some),
        Some(other) => Err(Error::at(40517, format!("timezone must evaluate to a string, found {}", type_name(other)))),
    }
}
