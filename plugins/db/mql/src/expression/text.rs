//! The text of values that are no strings, as `$toString` and the operators on strings write it.

use std::borrow::Cow;

use bson::Bson;

use super::type_name;
use crate::error::{Error, Result};
use crate::expression::date;

/// The text of a value; that of null and of a missing value is empty.
///
/// # Errors
/// 16007 for a value that has none, such as an array; 18537 for a date outside the years 0 to 9999.
pub(super) fn of(value: &Bson) -> Result<Cow<'_, str>> {
    Ok(match value {
        Bson::String(text) | Bson::Symbol(text) | Bson::JavaScriptCode(text) => Cow::Borrowed(text),
        Bson::Double(n) => Cow::Owned(double(*n)),
        Bson::Int32(n) => Cow::Owned(n.to_string()),
        Bson::Int64(n) => Cow::Owned(n.to_string()),
        Bson::Decimal128(n) => Cow::Owned(n.to_string()),
        Bson::DateTime(at) => Cow::Owned(date::iso(at.timestamp_millis())?),
        Bson::Timestamp(at) => Cow::Owned(format!("{}:{:x}", date::short(i64::from(at.time)), at.increment)),
        Bson::Null | Bson::Undefined => Cow::Borrowed(""),
        other => return Err(Error::at(16007, format!("can't convert from BSON type {} to String", type_name(other)))),
    })
}

/// Digits of a double that MongoDB writes.
const DIGITS: i32 = 16;

/// A double with 16 significant digits and no zeros at the end, as C's `%.16g` writes it.
pub(super) fn double(n: f64) -> String {
    if n.is_nan() {
        return "NaN".to_owned();
    }
    if n.is_infinite() {
        return if n < 0.0 { "-Infinity" } else { "Infinity" }.to_owned();
    }
    let scientific = format!("{n:.*e}", DIGITS as usize - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..DIGITS).contains(&exponent) {
        let places = usize::try_from(DIGITS - 1 - exponent).unwrap_or(0);
        return without_zeros(&format!("{n:.places$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.unsigned_abs())
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
