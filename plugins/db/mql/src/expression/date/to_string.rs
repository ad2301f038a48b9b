//! `$dateToString`.

use bson::Bson;

use super::format;
use super::{NamedArgs, Operator, given, millis, nullish, type_name, zone};
use crate::error::{Error, Result};

pub(super) const OPERATOR: Operator = Operator {
    name: "$dateToString",
    arguments: &["date", "format", "timezone", "onNull"],
    required: &["date"],
    errors: [18629, 18534, 18628],
    run,
};

fn run(_: &'static str, args: &NamedArgs<'_>) -> Result<Bson> {
    let format = match given(args, 1)? {
        None => Some(format::ISO),
        Some(Bson::String(format)) => {
            format::check(format, format::WRITTEN)?;
            Some(format.as_str())
        }
        Some(value) if nullish(value) => None,
        Some(other) => {
            let kind = type_name(other);
            return Err(Error::at(18533, format!("$dateToString requires that 'format' be a string, found: {kind} with value {other}")));
        }
    };
    let zone = zone(args, 2)?;
    let date = match given(args, 0)? {
        Some(date) if !nullish(date) => date,
        _ => return Ok(given(args, 3)?.cloned().unwrap_or(Bson::Null)),
    };
    let (Some(format), Some(zone)) = (format, zone) else {
        return Ok(Bson::Null);
    };
    format::write(format, millis(date)?, zone).map(Bson::String)
}
