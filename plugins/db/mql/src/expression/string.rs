//! Operators on strings.

use bson::Bson;

use super::arithmetic::long;
use super::array::{bounds, int32, length};
use super::call::{Args, nth};
use super::room::{self, Room};
use super::{nullish, text, type_name};
use crate::error::{Error, Result};
use crate::number::is_number;

pub(super) fn concat(args: &Args<'_>) -> Result<Bson> {
    let mut parts = Vec::with_capacity(args.len());
    let mut bytes = 0_usize;
    for value in args {
        match value.as_ref() {
            Bson::String(part) => {
                bytes = bytes.saturating_add(part.len());
                parts.push(part.as_str());
            }
            value if nullish(value) => return Ok(Bson::Null),
            other => return Err(Error::at(16702, format!("$concat only supports strings, not {}", type_name(other)))),
        }
    }
    room::string(bytes)?;
    Ok(Bson::String(parts.concat()))
}

/// Whether a character goes on at a byte of a text.
fn continues(text: &str, at: usize) -> bool {
    at < text.len() && !text.is_char_boundary(at)
}

/// `$substr` too, which is an older name.
pub(super) fn substr_bytes(args: &Args<'_>) -> Result<Bson> {
    let whole = text::of(nth(args, 0))?;
    for (place, which, code) in [(1, "starting index", 16034), (2, "length", 16035)] {
        let value = nth(args, place);
        if !is_number(value) {
            let message = format!("$substrBytes:  {which} must be a numeric type (is BSON type {})", type_name(value));
            return Err(Error::at(code, message));
        }
    }
    let start = long(nth(args, 1));
    let start = usize::try_from(start)
        .map_err(|_| Error::at(50752, format!("$substrBytes:  starting index must be non-negative (got: {start})")))?;
    // A negative length means all of the rest.
    let end = usize::try_from(long(nth(args, 2))).map_or(whole.len(), |length| start.saturating_add(length));
    if continues(&whole, start) {
        return Err(Error::at(28656, "$substrBytes:  Invalid range, starting index is a UTF-8 continuation byte."));
    }
    if continues(&whole, end) {
        return Err(Error::at(28657, "$substrBytes:  Invalid range, ending index is in the middle of a UTF-8 character."));
    }
    let part = whole.get(start..end.min(whole.len())).unwrap_or_default();
    Ok(Bson::String(part.to_owned()))
}

pub(super) fn substr_cp(args: &Args<'_>) -> Result<Bson> {
    let whole = text::of(nth(args, 0))?;
    let number = |place: usize, which: &str, code: i32| {
        let value = nth(args, place);
        if !is_number(value) {
            let message = format!("$substrCP: {which} must be a numeric type (is BSON type {})", type_name(value));
            return Err(Error::at(code, message));
        }
        let message = || format!("$substrCP: {which} cannot be represented as a 32-bit integral value: {value}");
        int32(value).ok_or_else(|| Error::at(code + 1, message()))
    };
    let (start, count) = (number(1, "starting index", 34450)?, number(2, "length", 34452)?);
    let count = usize::try_from(count).map_err(|_| Error::at(34454, "$substrCP: length must be a nonnegative integer."))?;
    let start = usize::try_from(start).map_err(|_| Error::at(34455, "$substrCP: the starting index must be nonnegative integer."))?;
    Ok(Bson::String(whole.chars().skip(start).take(count).collect()))
}

/// Letters of ASCII only, whatever the collation.
pub(super) fn to_lower(args: &Args<'_>) -> Result<Bson> {
    let whole = text::of(nth(args, 0))?;
    Ok(Bson::String(whole.to_ascii_lowercase()))
}

/// Letters of ASCII only, whatever the collation.
pub(super) fn to_upper(args: &Args<'_>) -> Result<Bson> {
    let whole = text::of(nth(args, 0))?;
    Ok(Bson::String(whole.to_ascii_uppercase()))
}

/// By bytes, but for the case of the letters of ASCII.
pub(super) fn strcasecmp(args: &Args<'_>) -> Result<Bson> {
    let (a, b) = (text::of(nth(args, 0))?, text::of(nth(args, 1))?);
    let upper = |byte: u8| byte.to_ascii_uppercase();
    Ok(Bson::Int32(a.bytes().map(upper).cmp(b.bytes().map(upper)) as i32))
}

pub(super) fn str_len_bytes(args: &Args<'_>) -> Result<Bson> {
    match nth(args, 0) {
        Bson::String(text) => Ok(length(text.len())),
        other => Err(Error::at(34473, format!("$strLenBytes requires a string argument, found: {}", type_name(other)))),
    }
}

pub(super) fn str_len_cp(args: &Args<'_>) -> Result<Bson> {
    match nth(args, 0) {
        Bson::String(text) => Ok(length(text.chars().count())),
        other => Err(Error::at(34471, format!("$strLenCP requires a string argument, found: {}", type_name(other)))),
    }
}

/// The text that is searched and the text that is searched for; `None` if the first is null.
fn searched<'a>(operator: &str, args: &'a Args<'_>, codes: [i32; 2]) -> Result<Option<(&'a str, &'a str)>> {
    let [first, second] = codes;
    let text = match nth(args, 0) {
        value if nullish(value) => return Ok(None),
        Bson::String(text) => text,
        other => {
            let message = format!("{operator} requires a string as the first argument, found: {}", type_name(other));
            return Err(Error::at(first, message));
        }
    };
    match nth(args, 1) {
        Bson::String(token) => Ok(Some((text, token))),
        other => {
            let message = format!("{operator} requires a string as the second argument, found: {}", type_name(other));
            Err(Error::at(second, message))
        }
    }
}

fn place(found: Option<usize>) -> Bson {
    found.map_or(Bson::Int32(-1), length)
}

pub(super) fn index_of_bytes(args: &Args<'_>) -> Result<Bson> {
    let Some((text, token)) = searched("$indexOfBytes", args, [40091, 40092])? else {
        return Ok(Bson::Null);
    };
    let (start, end) = bounds("$indexOfBytes", args, text.len())?;
    if start > end || token.is_empty() {
        return Ok(place((start <= end).then_some(start)));
    }
    // A text begins nowhere but where a character does.
    let from = (start..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let found = text.get(from..).and_then(|rest| rest.find(token)).map(|at| from.saturating_add(at));
    Ok(place(found.filter(|at| at.saturating_add(token.len()) <= end)))
}

pub(super) fn index_of_cp(args: &Args<'_>) -> Result<Bson> {
    let Some((text, token)) = searched("$indexOfCP", args, [40093, 40094])? else {
        return Ok(Bson::Null);
    };
    let (start, end) = bounds("$indexOfCP", args, usize::MAX)?;
    if text.is_empty() && token.is_empty() && start == 0 {
        return Ok(Bson::Int32(0));
    }
    // What is found must begin before the end, and may go on after it.
    let Some((from, _)) = text.char_indices().nth(start) else {
        return Ok(Bson::Int32(-1));
    };
    let rest = text.get(from..).unwrap_or_default();
    let before = rest.find(token).map(|at| rest.get(..at).unwrap_or_default().chars().count());
    Ok(place(before.map(|count| start.saturating_add(count)).filter(|at| *at < end)))
}

pub(super) fn split(args: &Args<'_>) -> Result<Bson> {
    let (text, separator) = (nth(args, 0), nth(args, 1));
    if nullish(text) || nullish(separator) {
        return Ok(Bson::Null);
    }
    let Bson::String(text) = text else {
        let message = format!("$split requires an expression that evaluates to a string as a first argument, found: {}", type_name(text));
        return Err(Error::at(40085, message));
    };
    let Bson::String(separator) = separator else {
        let kind = type_name(separator);
        let message = format!("$split requires an expression that evaluates to a string as a second argument, found: {kind}");
        return Err(Error::at(40086, message));
    };
    if separator.is_empty() {
        return Err(Error::at(40087, "$split requires a non-empty separator"));
    }
    let mut room = Room::new();
    let mut parts = Vec::new();
    for part in text.split(separator.as_str()) {
        room.take(size_of::<Bson>().saturating_add(part.len()))?;
        parts.push(Bson::String(part.to_owned()));
    }
    Ok(Bson::Array(parts))
}
