//! `$add`, `$subtract`, `$multiply`, `$divide`, `$mod`, `$abs`, and what the other arithmetic
//! operators share.

use bson::{Bson, DateTime};

use super::call::{Args, nth};
use super::decimal128::Decimal;
use super::summation::{Summation, narrow};
use super::{nullish, type_name};
use crate::error::{Code, Error, Result};
use crate::number::is_number;

/// A number as a double, rounded to the nearest.
pub(super) fn double(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(n) => Some(f64::from(*n)),
        Bson::Int64(n) => Some(*n as f64),
        Bson::Double(n) => Some(*n),
        Bson::Decimal128(n) => Some(Decimal::decode(*n).to_double()),
        _ => None,
    }
}

/// A number as a long, its fraction cut off; the nearest long for what does not fit, 0 for what is
/// no number.
pub(super) fn long(value: &Bson) -> i64 {
    match value {
        Bson::Int32(n) => i64::from(*n),
        Bson::Int64(n) => *n,
        Bson::Double(n) => *n as i64,
        Bson::Decimal128(n) => {
            let n = Decimal::decode(*n);
            n.to_long().unwrap_or(n.to_double() as i64)
        }
        _ => 0,
    }
}

/// A number without a fraction that a long can hold, whatever its type.
pub(super) fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Decimal128(n) => Decimal::decode(*n).to_long().filter(|n| crate::equal(value, &Bson::Int64(*n))),
        other => crate::number::integer(other),
    }
}

/// Two numbers in the wider of their types.
pub(super) enum Pair {
    Int(i64, i64),
    Long(i64, i64),
    Double(f64, f64),
    Decimal(Decimal, Decimal),
}

impl Pair {
    /// `None` unless both are numbers.
    pub(super) fn of(a: &Bson, b: &Bson) -> Option<Self> {
        if !is_number(a) || !is_number(b) {
            return None;
        }
        Some(match (a, b) {
            (Bson::Decimal128(_), _) | (_, Bson::Decimal128(_)) => Self::Decimal(Decimal::of(a), Decimal::of(b)),
            (Bson::Double(_), _) | (_, Bson::Double(_)) => Self::Double(double(a)?, double(b)?),
            (Bson::Int32(_), Bson::Int32(_)) => Self::Int(long(a), long(b)),
            _ => Self::Long(long(a), long(b)),
        })
    }
}

pub(super) fn add(args: &Args<'_>) -> Result<Bson> {
    let mut total = Summation::new();
    let mut date = false;
    for value in args {
        match value.as_ref() {
            Bson::DateTime(at) => {
                if date {
                    return Err(Error::at(16612, "only one date allowed in an $add expression"));
                }
                date = true;
                total.push_integer(at.timestamp_millis());
            }
            value if is_number(value) => total.push(value),
            value if nullish(value) => return Ok(Bson::Null),
            other => {
                let message = format!("$add only supports numeric or date types, not {}", type_name(other));
                return Err(Error::at(16554, message));
            }
        }
    }
    if !date {
        return Ok(total.sum());
    }
    let millis = total.millis().ok_or_else(|| Error::new(Code::Overflow, "date overflow in $add"))?;
    Ok(Bson::DateTime(DateTime::from_millis(millis)))
}

pub(super) fn subtract(args: &Args<'_>) -> Result<Bson> {
    let (a, b) = (nth(args, 0), nth(args, 1));
    if nullish(a) || nullish(b) {
        return Ok(Bson::Null);
    }
    if let Bson::DateTime(from) = a {
        let from = from.timestamp_millis();
        let overflow = || Error::new(Code::Overflow, "date overflow in $subtract");
        return match b {
            Bson::DateTime(other) => from.checked_sub(other.timestamp_millis()).map(Bson::Int64).ok_or_else(overflow),
            other if is_number(other) => {
                let millis = from.checked_sub(long(other)).ok_or_else(overflow)?;
                Ok(Bson::DateTime(DateTime::from_millis(millis)))
            }
            other => Err(Error::at(16613, format!("cant $subtract a {} from a Date", type_name(other)))),
        };
    }
    Ok(match Pair::of(a, b) {
        Some(Pair::Int(a, b)) => narrow(a.saturating_sub(b)),
        Some(Pair::Long(a, b)) => a.checked_sub(b).map_or_else(|| Bson::Double(a as f64 - b as f64), Bson::Int64),
        Some(Pair::Double(a, b)) => Bson::Double(a - b),
        Some(Pair::Decimal(a, b)) => a.subtract(&b).into(),
        None => return Err(Error::at(16556, format!("cant $subtract a {} from a {}", type_name(b), type_name(a)))),
    })
}

pub(super) fn multiply(args: &Args<'_>) -> Result<Bson> {
    let mut product = Bson::Int32(1);
    for value in args {
        let value = value.as_ref();
        product = match Pair::of(&product, value) {
            Some(Pair::Int(a, b)) => narrow(a.saturating_mul(b)),
            Some(Pair::Long(a, b)) => a.checked_mul(b).map_or_else(|| Bson::Double(a as f64 * b as f64), Bson::Int64),
            Some(Pair::Double(a, b)) => Bson::Double(a * b),
            Some(Pair::Decimal(a, b)) => a.multiply(&b).into(),
            None if nullish(value) => return Ok(Bson::Null),
            None => return Err(Error::at(16555, format!("$multiply only supports numeric types, not {}", type_name(value)))),
        };
    }
    let all_int = args.iter().all(|value| matches!(**value, Bson::Int32(_)));
    Ok(match product {
        Bson::Int64(n) if all_int => narrow(n),
        product => product,
    })
}

pub(super) fn divide(args: &Args<'_>) -> Result<Bson> {
    let (a, b) = (nth(args, 0), nth(args, 1));
    let by_zero = || Error::at(16608, "can't $divide by zero");
    match Pair::of(a, b) {
        Some(Pair::Decimal(_, b)) if b.is_zero() => Err(by_zero()),
        Some(Pair::Decimal(a, b)) => Ok(a.divide(&b).into()),
        Some(_) => {
            let (a, b) = (double(a).unwrap_or(f64::NAN), double(b).unwrap_or(f64::NAN));
            if b == 0.0 { Err(by_zero()) } else { Ok(Bson::Double(a / b)) }
        }
        None if nullish(a) || nullish(b) => Ok(Bson::Null),
        None => Err(Error::at(16609, format!("$divide only supports numeric types, not {} and {}", type_name(a), type_name(b)))),
    }
}

pub(super) fn modulo(args: &Args<'_>) -> Result<Bson> {
    let (a, b) = (nth(args, 0), nth(args, 1));
    let Some(pair) = Pair::of(a, b) else {
        if nullish(a) || nullish(b) {
            return Ok(Bson::Null);
        }
        return Err(Error::at(16611, format!("$mod only supports numeric types, not {} and {}", type_name(a), type_name(b))));
    };
    let zero = match &pair {
        Pair::Int(_, b) | Pair::Long(_, b) => *b == 0,
        Pair::Double(_, b) => *b == 0.0,
        Pair::Decimal(_, b) => b.is_zero(),
    };
    if zero {
        return Err(Error::at(16610, "can't $mod by zero"));
    }
    Ok(match pair {
        Pair::Decimal(a, b) => a.remainder(&b).into(),
        // An integer and a double that is one too have an integer as their remainder.
        Pair::Double(x, y) => match (a, super::array::int32(b).map(i64::from)) {
            (Bson::Int32(n), Some(m)) => narrow(i64::from(*n).wrapping_rem(m)),
            (Bson::Int64(n), Some(m)) => Bson::Int64(n.wrapping_rem(m)),
            _ => Bson::Double(x % y),
        },
        Pair::Long(a, b) => Bson::Int64(a.wrapping_rem(b)),
        Pair::Int(a, b) => narrow(a.wrapping_rem(b)),
    })
}

/// The result of an operator on one number: null for null, else the error of all these operators.
pub(super) fn not_numeric(name: &str, value: &Bson) -> Result<Bson> {
    if nullish(value) {
        return Ok(Bson::Null);
    }
    Err(Error::at(28765, format!("{name} only supports numeric types, not {}", type_name(value))))
}

pub(super) fn abs(args: &Args<'_>) -> Result<Bson> {
    Ok(match nth(args, 0) {
        Bson::Int32(n) => narrow(i64::from(*n).abs()),
        Bson::Int64(n) => Bson::Int64(n.checked_abs().ok_or_else(|| Error::at(28680, "can't take $abs of long long min"))?),
        Bson::Double(n) => Bson::Double(n.abs()),
        Bson::Decimal128(n) => Decimal::decode(*n).abs().into(),
        other => return not_numeric("$abs", other),
    })
}
