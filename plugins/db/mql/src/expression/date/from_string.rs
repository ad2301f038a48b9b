//! `$dateFromString`.

use bson::{Bson, DateTime};

use super::zone::Zone;
use super::{NamedArgs, Operator, format, formatted, given, lenient, nullish, type_name, zone};
use crate::error::{Code, Error, Result};

pub(super) const OPERATOR: Operator = Operator {
    name: "$dateFromString",
    arguments: &["dateString", "format", "timezone", "onError", "onNull"],
    required: &["dateString"],
    errors: [40540, 40541, 40542],
    run,
};

fn run(_: &'static str, args: &NamedArgs<'_>) -> Result<Bson> {
    let format = given(args, 1)?;
    match format {
        Some(Bson::String(format)) => format::check(format, formatted::READ)?,
        Some(other) if !nullish(other) => {
            let kind = type_name(other);
            return Err(Error::at(40684, format!("$dateFromString requires that 'format' be a string, found: {kind} with value {other}")));
        }
        _ => {}
    }
    let zone = zone(args, 2)?;
    let date = match given(args, 0)? {
        Some(date) if !nullish(date) => date,
        _ => return Ok(given(args, 4)?.cloned().unwrap_or(Bson::Null)),
    };
    match read(date, format, zone) {
        Err(error) if error.code() == Code::ConversionFailure => match given(args, 3)? {
            Some(value) => Ok(value.clone()),
            None => Err(error),
        },
        result => result,
    }
}

fn read(date: &Bson, format: Option<&Bson>, zone: Option<Zone>) -> Result<Bson> {
    let Bson::String(text) = date else {
        let kind = type_name(date);
        let message = format!("$dateFromString requires that 'dateString' be a string, found: {kind} with value {date}");
        return Err(Error::new(Code::ConversionFailure, message));
    };
    let Some(zone) = zone else {
        return Ok(Bson::Null);
    };
    let parsed = match format {
        None => lenient::parse(text)?,
        Some(Bson::String(format)) => formatted::parse(text, format)?,
        Some(_) => return Ok(Bson::Null),
    };
    Ok(Bson::DateTime(DateTime::from_millis(parsed.millis(text, zone)?)))
}
