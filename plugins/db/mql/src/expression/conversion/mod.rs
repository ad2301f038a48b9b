//! `$convert`, and `$toInt` and its kind, which are short for it; `$type`.

mod number;

use bson::oid::ObjectId;
use bson::{Bson, DateTime};

use super::call::{Args, nth};
use super::named::{NamedArgs, Operator, given};
use super::{arithmetic, date, nullish, text, truthy, type_name};
use crate::error::{Code, Error, Result};
use crate::filter::Types;

pub(super) const CONVERT: Operator = Operator {
    name: "$convert",
    arguments: &["input", "to", "onError", "onNull"],
    required: &["input", "to"],
    errors: [0, 0, 0],
    run: convert,
};

/// The type that a short form of `$convert` converts to.
pub(super) fn short_form(name: &str) -> Option<&'static str> {
    Some(match name {
        "$toBool" => "bool",
        "$toDate" => "date",
        "$toDecimal" => "decimal",
        "$toDouble" => "double",
        "$toInt" => "int",
        "$toLong" => "long",
        "$toObjectId" => "objectId",
        "$toString" => "string",
        _ => return None,
    })
}

pub(super) fn type_of(args: &Args<'_>) -> Result<Bson> {
    Ok(Bson::String(type_name(nth(args, 0)).to_owned()))
}

fn convert(_: &'static str, args: &NamedArgs<'_>) -> Result<Bson> {
    let to = given(args, 1)?.unwrap_or(&Bson::Undefined);
    let input = given(args, 0)?.unwrap_or(&Bson::Undefined);
    let target = if nullish(to) { None } else { Some(target(to)?) };
    if nullish(input) {
        return Ok(given(args, 3)?.cloned().unwrap_or(Bson::Null));
    }
    let Some(target) = target else {
        return Ok(Bson::Null);
    };
    match converted(input, target) {
        Err(error) if error.code() == Code::ConversionFailure => match given(args, 2)? {
            Some(value) => Ok(value.clone()),
            None => Err(error),
        },
        result => result,
    }
}

/// The name of the type that `to` says.
fn target(to: &Bson) -> Result<&'static str> {
    match to {
        Bson::String(name) if name == "missing" => Ok("missing"),
        Bson::String(name) => Types::known(name).ok_or_else(|| Error::bad(format!("Unknown type name: {name}"))),
        number if crate::number::is_number(number) => {
            let code = arithmetic::whole(number).ok_or_else(|| Error::parse("In $convert, numeric 'to' argument is not an integer"))?;
            let unknown = || Error::parse(format!("In $convert, numeric value for 'to' does not correspond to a BSON type: {code}"));
            if code == 0 { Ok("missing") } else { Types::name_of(code).ok_or_else(unknown) }
        }
        other => Err(Error::parse(format!("$convert's 'to' argument must be a string or number, but is {}", type_name(other)))),
    }
}

/// The error of a conversion that fails. All of them may be caught by `onError`.
fn failure(message: String) -> Error {
    Error::new(Code::ConversionFailure, message)
}

fn unsupported(input: &Bson, target: &str) -> Error {
    failure(format!("Unsupported conversion from {} to {target} in $convert with no onError value", type_name(input)))
}

fn converted(input: &Bson, target: &'static str) -> Result<Bson> {
    let unsupported = || unsupported(input, target);
    match target {
        "bool" => Ok(Bson::Boolean(truthy(input))),
        "double" => number::double(input).unwrap_or_else(|| Err(unsupported())).map(Bson::Double),
        "decimal" => number::decimal(input).unwrap_or_else(|| Err(unsupported())).map(Bson::from),
        "int" if !matches!(input, Bson::DateTime(_)) => number::int(input).unwrap_or_else(|| Err(unsupported())).map(Bson::Int32),
        "long" => number::long(input).unwrap_or_else(|| Err(unsupported())).map(Bson::Int64),
        "string" => match input {
            Bson::Boolean(value) => Ok(Bson::String(value.to_string())),
            Bson::ObjectId(id) => Ok(Bson::String(id.to_hex())),
            Bson::String(_) => Ok(input.clone()),
            Bson::Double(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Decimal128(_) | Bson::DateTime(_) => {
                Ok(Bson::String(text::of(input)?.into_owned()))
            }
            _ => Err(unsupported()),
        },
        "objectId" => match input {
            Bson::ObjectId(_) => Ok(input.clone()),
            Bson::String(hex) => object_id(hex),
            _ => Err(unsupported()),
        },
        "date" => match input {
            Bson::DateTime(_) => Ok(input.clone()),
            Bson::String(text) => date::from_text(text).map(moment),
            Bson::ObjectId(_) | Bson::Timestamp(_) => date::millis(input).map(moment),
            Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => number::long(input).unwrap_or_else(|| Err(unsupported())).map(moment),
            _ => Err(unsupported()),
        },
        _ => Err(unsupported()),
    }
}

fn moment(millis: i64) -> Bson {
    Bson::DateTime(DateTime::from_millis(millis))
}

fn object_id(hex: &str) -> Result<Bson> {
    let reason = if hex.len() != 24 {
        format!("Invalid string length for parsing to OID, expected 24 but found {}", hex.len())
    } else if let Some(wrong) = hex.chars().find(|c| !c.is_ascii_hexdigit()) {
        format!("Invalid character found in hex string: {wrong}")
    } else if let Ok(id) = ObjectId::parse_str(hex) {
        return Ok(Bson::ObjectId(id));
    } else {
        "it is not 24 hexadecimal digits".to_owned()
    };
    Err(failure(format!("Failed to parse objectId '{hex}' in $convert with no onError value: {reason}")))
}
