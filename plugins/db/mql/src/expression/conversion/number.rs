//! Conversions to numbers. `None` is a type that cannot be converted at all.

use bson::Bson;

use super::failure;
use crate::error::Result;
use crate::expression::decimal128::Decimal;
use crate::expression::text;

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

fn overflow(value: impl std::fmt::Display) -> crate::Error {
    failure(format!("Conversion would overflow target type in $convert with no onError value: {value}"))
}

fn unreadable(text: &str, reason: &str) -> crate::Error {
    failure(format!("Failed to parse number '{text}' in $convert with no onError value: {reason}"))
}

fn not_finite(nan: bool) -> crate::Error {
    let what = if nan { "NaN" } else { "infinity" };
    failure(format!("Attempt to convert {what} value to integer type in $convert with no onError value"))
}

/// To a 64-bit integer, a fraction cut off.
pub(super) fn long(input: &Bson) -> Option<Result<i64>> {
    Some(match input {
        Bson::Int32(n) => Ok(i64::from(*n)),
        Bson::Int64(n) => Ok(*n),
        Bson::Boolean(value) => Ok(i64::from(*value)),
        Bson::DateTime(at) => Ok(at.timestamp_millis()),
        Bson::Double(n) if !n.is_finite() => Err(not_finite(n.is_nan())),
        Bson::Double(n) if (-TWO_TO_63..TWO_TO_63).contains(n) => Ok(*n as i64),
        Bson::Double(n) => Err(overflow(text::double(*n))),
        Bson::Decimal128(n) => {
            let decimal = Decimal::decode(*n);
            if decimal.is_finite() { decimal.to_long().ok_or_else(|| overflow(n)) } else { Err(not_finite(decimal.is_nan())) }
        }
        Bson::String(text) => integer(text),
        _ => return None,
    })
}

/// To a 32-bit integer, a fraction cut off.
pub(super) fn int(input: &Bson) -> Option<Result<i32>> {
    let narrow = |n: i64| {
        i32::try_from(n).map_err(|_| match input {
            Bson::String(text) => unreadable(text, "Overflow"),
            other => text::of(other).map_or_else(|error| error, overflow),
        })
    };
    Some(long(input)?.and_then(narrow))
}

fn integer(text: &str) -> Result<i64> {
    hexadecimal(text)?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(wrong) = digits.chars().find(|c| !c.is_ascii_digit()) {
        return Err(unreadable(text, &format!("Bad digit \"{wrong}\" while parsing {text}")));
    }
    if digits.is_empty() {
        return Err(unreadable(text, if text.is_empty() { "Empty string" } else { "No digits" }));
    }
    text.parse().map_err(|_| unreadable(text, "Overflow"))
}

fn hexadecimal(text: &str) -> Result<()> {
    if text.starts_with("0x") {
        return Err(failure(format!("Illegal hexadecimal input in $convert with no onError value: {text}")));
    }
    Ok(())
}

pub(super) fn double(input: &Bson) -> Option<Result<f64>> {
    Some(match input {
        Bson::Double(n) => Ok(*n),
        Bson::Int32(n) => Ok(f64::from(*n)),
        Bson::Int64(n) => Ok(*n as f64),
        Bson::Boolean(value) => Ok(f64::from(u8::from(*value))),
        Bson::DateTime(at) => Ok(at.timestamp_millis() as f64),
        Bson::Decimal128(n) => {
            let decimal = Decimal::decode(*n);
            let double = decimal.to_double();
            let lost = decimal.is_finite() && (double.is_infinite() || (!decimal.is_zero() && double.abs() < f64::MIN_POSITIVE));
            if lost { Err(overflow(n)) } else { Ok(double) }
        }
        Bson::String(text) => real(text),
        _ => return None,
    })
}

fn real(text: &str) -> Result<f64> {
    hexadecimal(text)?;
    if text.is_empty() {
        return Err(unreadable(text, "Empty string"));
    }
    if text.starts_with(|c: char| c.is_ascii_whitespace()) {
        return Err(unreadable(text, "Leading whitespace"));
    }
    let n: f64 = text.parse().map_err(|_| unreadable(text, "Did not consume whole string."))?;
    let named = text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_alphabetic());
    let tiny = n.abs() < f64::MIN_POSITIVE && mantissa(text).contains(|c: char| matches!(c, '1'..='9'));
    if !named && (n.is_infinite() || tiny) {
        return Err(unreadable(text, "Out of range"));
    }
    Ok(n)
}

fn mantissa(text: &str) -> &str {
    text.split(['e', 'E']).next().unwrap_or(text)
}

pub(super) fn decimal(input: &Bson) -> Option<Result<Decimal>> {
    Some(match input {
        Bson::Double(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Decimal128(_) => Ok(Decimal::of(input)),
        Bson::Boolean(value) => Ok(Decimal::integer(i128::from(*value))),
        Bson::DateTime(at) => Ok(Decimal::integer(i128::from(at.timestamp_millis()))),
        Bson::String(text) => read(text),
        _ => return None,
    })
}

fn read(text: &str) -> Result<Decimal> {
    hexadecimal(text)?;
    let n = Decimal::parse(text).ok_or_else(|| unreadable(text, "Failed to parse string to decimal"))?;
    let written = mantissa(text);
    if written.contains(|c: char| c.is_ascii_digit()) && !n.is_finite() {
        return Err(unreadable(text, "Conversion from string to decimal would overflow"));
    }
    if n.is_zero() && written.contains(|c: char| matches!(c, '1'..='9')) {
        return Err(unreadable(text, "Conversion from string to decimal would underflow"));
    }
    Ok(n)
}
