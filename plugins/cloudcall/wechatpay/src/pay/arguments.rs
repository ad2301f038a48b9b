//! Arguments of calls, as the service has brought them into form.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sdk_plugin::contract::cloudcall::codes::{INVALID_PARAM, NOT_FOUND_PARAM};
use sdk_plugin::{Error, Result};
use serde_json::{Map, Value};

use crate::amount::fen;

/// An argument that must be there.
///
/// # Errors
/// `NOT_FOUND_PARAM` or `INVALID_PARAM`.
pub fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    match arguments.get(name) {
        None | Some(Value::Null) => Err(Error::new(NOT_FOUND_PARAM, format!("{name} is missing"))),
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(invalid(name, "text that is not empty")),
    }
}

/// An amount above zero, in fen.
///
/// # Errors
/// As [`text`].
pub fn amount(arguments: &Map<String, Value>, name: &str) -> Result<i64> {
    fen(text(arguments, name)?).filter(|fen| *fen > 0).ok_or_else(|| invalid(name, "an amount in yuan such as \"12.30\""))
}

/// The number of an order: 6 to 32 letters, digits and `_-|*`.
///
/// # Errors
/// As [`text`].
pub fn order(arguments: &Map<String, Value>) -> Result<&str> {
    number(arguments, "outTradeNo", 6..=32, b"_-|*")
}

/// The number of a refund: 1 to 64 letters, digits and `_-|*@`.
///
/// # Errors
/// As [`text`].
pub fn refund(arguments: &Map<String, Value>) -> Result<&str> {
    number(arguments, "outRequestNo", 1..=64, b"_-|*@")
}

fn number<'a>(arguments: &'a Map<String, Value>, name: &str, length: std::ops::RangeInclusive<usize>, signs: &[u8]) -> Result<&'a str> {
    let text = text(arguments, name)?;
    let good = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || signs.contains(&byte));
    if good {
        Ok(text)
    } else {
        Err(invalid(name, &format!("{} to {} letters, digits and {}", length.start(), length.end(), String::from_utf8_lossy(signs))))
    }
}

/// An argument of a wrong form.
pub fn invalid(name: &str, form: &str) -> Error {
    Error::new(INVALID_PARAM, format!("{name} must be {form}"))
}

/// What a path may not have of what numbers may have.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'*').remove(b'@');

/// A number as a part of a path.
pub fn in_path(number: &str) -> String {
    utf8_percent_encode(number, ENCODED).to_string()
}
