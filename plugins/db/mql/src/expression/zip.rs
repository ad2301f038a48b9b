//! `$zip`.

use bson::Bson;

use super::named::{NamedArgs, Operator, given};
use super::room::Room;
use super::{nullish, type_name};
use crate::error::{Error, Result};

pub(super) const OPERATORS: &[Operator] = &[Operator {
    name: "$zip",
    arguments: &["inputs", "defaults", "useLongestLength"],
    required: &["inputs"],
    errors: [34460, 34464, 34465],
    run,
}];

/// Checks what must be written out in an expression, and may not be computed.
pub(super) fn check_argument(operator: &str, argument: &str, value: &Bson) -> Result<()> {
    match (operator, argument, value) {
        ("$zip", "inputs", Bson::Array(inputs)) if inputs.is_empty() => Err(Error::at(34465, "$zip requires at least one input array")),
        ("$zip", "inputs" | "defaults", Bson::Array(_)) | ("$zip", "useLongestLength", Bson::Boolean(_)) => Ok(()),
        ("$zip", "inputs", other) => Err(Error::at(34461, format!("inputs must be an array of expressions, found {}", type_name(other)))),
        ("$zip", "defaults", other) => {
            Err(Error::at(34462, format!("defaults must be an array of expressions, found {}", type_name(other))))
        }
        ("$zip", "useLongestLength", other) => {
            Err(Error::at(34463, format!("useLongestLength must be a bool, found {}", type_name(other))))
        }
        _ => Ok(()),
    }
}

fn run(_: &'static str, args: &NamedArgs<'_>) -> Result<Bson> {
    let longest = matches!(given(args, 2)?, Some(Bson::Boolean(true)));
    let defaults = match given(args, 1)? {
        Some(Bson::Array(defaults)) => defaults.as_slice(),
        _ => &[],
    };
    let inputs = match given(args, 0)? {
        Some(Bson::Array(inputs)) => inputs.as_slice(),
        _ => &[],
    };
    if !defaults.is_empty() && !longest {
        return Err(Error::at(34466, "cannot specify defaults unless useLongestLength is true"));
    }
    if !defaults.is_empty() && defaults.len() != inputs.len() {
        return Err(Error::at(34467, "defaults and inputs must have the same length"));
    }
    let mut arrays = Vec::with_capacity(inputs.len());
    for input in inputs {
        match input {
            value if nullish(value) => return Ok(Bson::Null),
            Bson::Array(items) => arrays.push(items),
            other => return Err(Error::at(34468, format!("$zip found a non-array expression in input: {other}"))),
        }
    }
    let lengths = arrays.iter().map(|items| items.len());
    let length = if longest { lengths.max() } else { lengths.min() };
    let mut room = Room::new();
    let mut rows = Vec::new();
    for at in 0..length.unwrap_or(0) {
        let mut row = Vec::with_capacity(arrays.len());
        for (place, items) in arrays.iter().enumerate() {
            let value = items.get(at).or_else(|| defaults.get(place)).unwrap_or(&Bson::Null);
            room.hold(value)?;
            row.push(value.clone());
        }
        rows.push(Bson::Array(row));
    }
    Ok(Bson::Array(rows))
}
