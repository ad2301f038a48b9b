//! Operators on arrays.

use bson::Bson;

use super::arithmetic::whole;
use super::call::{Args, nth};
use super::room::Room;
use super::{nullish, type_name};
use crate::collation::Collation;
use crate::error::{Error, Result};
use crate::number::is_number;

/// A number that a 32-bit integer can hold.
pub(super) fn int32(value: &Bson) -> Option<i32> {
    whole(value).and_then(|n| i32::try_from(n).ok())
}

/// An index or bound of a search: an integer that is not negative.
pub(super) fn index(operator: &str, which: &str, value: &Bson) -> Result<usize> {
    let Some(n) = int32(value) else {
        let kind = type_name(value);
        return Err(Error::at(
            40096,
            format!("{operator} requires an integral {which}, found a value of type: {kind}, with value: {value}"),
        ));
    };
    usize::try_from(n).map_err(|_| Error::at(40097, format!("{operator} requires a nonnegative {which}, found: {n}")))
}

/// The bounds that a search takes as its third and fourth argument.
pub(super) fn bounds(operator: &str, args: &Args<'_>, length: usize) -> Result<(usize, usize)> {
    let start = args.get(2).map_or(Ok(0), |value| index(operator, "starting index", value))?;
    let end = args.get(3).map_or(Ok(length), |value| index(operator, "ending index", value))?;
    Ok((start, end.min(length)))
}

pub(super) fn is_array(args: &Args<'_>) -> Result<Bson> {
    Ok(Bson::Boolean(matches!(nth(args, 0), Bson::Array(_))))
}

pub(super) fn size(args: &Args<'_>) -> Result<Bson> {
    match nth(args, 0) {
        Bson::Array(items) => Ok(length(items.len())),
        other => Err(Error::at(17124, format!("The argument to $size must be an array, but was of type: {}", type_name(other)))),
    }
}

/// A count, which no value in memory is too large for.
pub(super) fn length(count: usize) -> Bson {
    i32::try_from(count).map_or(Bson::Int64(i64::MAX), Bson::Int32)
}

pub(super) fn array_elem_at(args: &Args<'_>) -> Result<Bson> {
    let (array, at) = (nth(args, 0), nth(args, 1));
    if nullish(array) || nullish(at) {
        return Ok(Bson::Null);
    }
    let Bson::Array(items) = array else {
        return Err(Error::at(28689, format!("$arrayElemAt's first argument must be an array, but is {}", type_name(array))));
    };
    if !is_number(at) {
        return Err(Error::at(28690, format!("$arrayElemAt's second argument must be a numeric value, but is {}", type_name(at))));
    }
    let at = int32(at)
        .ok_or_else(|| Error::at(28691, format!("$arrayElemAt's second argument must be representable as a 32-bit integer: {at}")))?;
    let back = at.unsigned_abs() as usize;
    let position = if at < 0 { items.len().checked_sub(back) } else { Some(back) };
    Ok(position.and_then(|position| items.get(position)).cloned().unwrap_or(Bson::Undefined))
}

pub(super) fn concat_arrays(args: &Args<'_>) -> Result<Bson> {
    let mut room = Room::new();
    let mut all = Vec::new();
    for value in args {
        match value.as_ref() {
            Bson::Array(items) => {
                for item in items {
                    room.hold(item)?;
                    all.push(item.clone());
                }
            }
            value if nullish(value) => return Ok(Bson::Null),
            other => return Err(Error::at(28664, format!("$concatArrays only supports arrays, not {}", type_name(other)))),
        }
    }
    Ok(Bson::Array(all))
}

pub(super) fn is_in(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    let wanted = nth(args, 0);
    match nth(args, 1) {
        Bson::Array(items) => Ok(Bson::Boolean(items.iter().any(|item| collation.equal(item, wanted)))),
        other => Err(Error::at(40081, format!("$in requires an array as a second argument, found: {}", type_name(other)))),
    }
}

pub(super) fn index_of_array(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    let items = match nth(args, 0) {
        value if nullish(value) => return Ok(Bson::Null),
        Bson::Array(items) => items,
        other => {
            let message = format!("$indexOfArray requires an array as a first argument, found: {}", type_name(other));
            return Err(Error::at(40090, message));
        }
    };
    let wanted = nth(args, 1);
    let (start, end) = bounds("$indexOfArray", args, items.len())?;
    let searched = items.get(start..end).unwrap_or_default();
    let found = searched.iter().position(|item| collation.equal(item, wanted));
    Ok(found.map_or(Bson::Int32(-1), |at| length(start.saturating_add(at))))
}

pub(super) fn range(args: &Args<'_>) -> Result<Bson> {
    let number = |place: usize, which: &str, verb: &str, code: i32| {
        let value = nth(args, place);
        if !is_number(value) {
            return Err(Error::at(code, format!("$range requires a numeric {which} value, found value of type: {}", type_name(value))));
        }
        let message = || format!("$range requires {verb} {which} value that can be represented as a 32-bit integer, found value: {value}");
        int32(value).map(i64::from).ok_or_else(|| Error::at(code + 1, message()))
    };
    let start = number(0, "starting", "a", 34443)?;
    let end = number(1, "ending", "an", 34445)?;
    let step = if args.len() > 2 { number(2, "step", "a", 34447)? } else { 1 };
    if step == 0 {
        return Err(Error::at(34449, "$range requires a non-zero step value"));
    }
    let count = if step > 0 { (end - start + step - 1).div_euclid(step) } else { (start - end - step - 1).div_euclid(-step) };
    let count = usize::try_from(count).unwrap_or(0);
    Room::new().take(count.saturating_mul(size_of::<Bson>()))?;
    let mut numbers = Vec::with_capacity(count);
    let mut next = start;
    while numbers.len() < count {
        numbers.push(i32::try_from(next).map_or(Bson::Int64(next), Bson::Int32));
        next += step;
    }
    Ok(Bson::Array(numbers))
}

pub(super) fn reverse_array(args: &Args<'_>) -> Result<Bson> {
    match nth(args, 0) {
        value if nullish(value) => Ok(Bson::Null),
        Bson::Array(items) => Ok(Bson::Array(items.iter().rev().cloned().collect())),
        other => Err(Error::at(34435, format!("The argument to $reverseArray must be an array, but was of type: {}", type_name(other)))),
    }
}

pub(super) fn slice(args: &Args<'_>) -> Result<Bson> {
    let (array, second) = (nth(args, 0), nth(args, 1));
    if nullish(array) || nullish(second) {
        return Ok(Bson::Null);
    }
    let Bson::Array(items) = array else {
        return Err(Error::at(28724, format!("First argument to $slice must be an array, but is of type: {}", type_name(array))));
    };
    if !is_number(second) {
        return Err(Error::at(28725, format!("Second argument to $slice must be a numeric value, but is of type: {}", type_name(second))));
    }
    let n = int32(second)
        .ok_or_else(|| Error::at(28726, format!("Second argument to $slice can't be represented as a 32-bit integer: {second}")))?;
    let size = n.unsigned_abs() as usize;
    let from = if n < 0 { items.len().saturating_sub(size) } else { size.min(items.len()) };
    let part = if args.len() < 3 {
        if n < 0 { items.get(from..) } else { items.get(..from) }
    } else {
        let third = nth(args, 2);
        if nullish(third) {
            return Ok(Bson::Null);
        }
        if !is_number(third) {
            return Err(Error::at(28727, format!("Third argument to $slice must be numeric, but is of type: {}", type_name(third))));
        }
        let count = int32(third)
            .ok_or_else(|| Error::at(28728, format!("Third argument to $slice can't be represented as a 32-bit integer: {third}")))?;
        let count = usize::try_from(count).ok().filter(|count| *count > 0);
        let count = count.ok_or_else(|| Error::at(28729, format!("Third argument to $slice must be positive: {third}")))?;
        items.get(from..from.saturating_add(count).min(items.len()))
    };
    Ok(Bson::Array(part.unwrap_or_default().to_vec()))
}
