//! `$year` and its kind: one part of a date.

use bson::Bson;

use super::local::Local;
use super::zone::Zone;
use super::{NamedArgs, Operator, given, millis, nullish, type_name};
use crate::error::{Error, Result};

pub(super) const OPERATORS: &[Operator] = &[
    part("$dayOfMonth"),
    part("$dayOfWeek"),
    part("$dayOfYear"),
    part("$hour"),
    part("$isoDayOfWeek"),
    part("$isoWeek"),
    part("$isoWeekYear"),
    part("$millisecond"),
    part("$minute"),
    part("$month"),
    part("$second"),
    part("$week"),
    part("$year"),
];

const fn part(name: &'static str) -> Operator {
    Operator { name, arguments: &["date", "timezone"], required: &["date"], errors: [0, 40535, 40539], run }
}

fn run(name: &'static str, args: &NamedArgs<'_>) -> Result<Bson> {
    let date = match given(args, 0)? {
        Some(date) if !nullish(date) => millis(date)?,
        _ => return Ok(Bson::Null),
    };
    let zone = match given(args, 1)? {
        None => Zone::Utc,
        Some(value) if nullish(value) => return Ok(Bson::Null),
        Some(Bson::String(identifier)) => Zone::parse(identifier)?,
        Some(other) => {
            let kind = type_name(other);
            return Err(Error::at(40533, format!("{name} requires a string for the timezone argument, but was given a {kind} ({other})")));
        }
    };
    let at = Local::at(date, zone);
    let value = match name {
        "$dayOfMonth" => at.day,
        "$dayOfWeek" => at.day_of_week() + 1,
        "$dayOfYear" => at.day_of_year(),
        "$hour" => at.hour,
        "$isoDayOfWeek" => at.iso().day,
        "$isoWeek" => at.iso().week,
        // The only one that is a long.
        "$isoWeekYear" => return Ok(Bson::Int64(at.iso().year)),
        "$millisecond" => at.millisecond,
        "$minute" => at.minute,
        "$month" => at.month,
        "$second" => at.second,
        "$week" => at.week(),
        _ => at.year,
    };
    Ok(super::super::summation::narrow(value))
}
