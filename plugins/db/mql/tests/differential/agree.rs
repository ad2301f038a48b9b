//! Whether two outcomes are the same as far as they can be.

use bson::Bson;

use crate::case::Outcome;

/// Both sides refuse the case, or their values are the same. Mingo has one type of numbers, so
/// that numbers count by their value, and to 10 digits, as sums are taken in another order. The
/// order of fields does not count.
pub fn agree(ours: &Outcome, theirs: &Outcome) -> bool {
    match (ours, theirs) {
        (Outcome::Value(ours), Outcome::Value(theirs)) => same(ours, theirs),
        (Outcome::Error(..), Outcome::Error(..)) => true,
        _ => false,
    }
}

fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(n) => Some(f64::from(*n)),
        Bson::Int64(n) => Some(*n as f64),
        Bson::Double(n) => Some(*n),
        Bson::Decimal128(n) => n.to_string().parse().ok(),
        _ => None,
    }
}

fn same(a: &Bson, b: &Bson) -> bool {
    within(1e-10, a, b)
}

/// Whether two values are the same but for types of numbers and the order of fields.
pub fn identical(a: &Bson, b: &Bson) -> bool {
    within(0.0, a, b)
}

fn within(tolerance: f64, a: &Bson, b: &Bson) -> bool {
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-3);
    }
    match (a, b) {
        (Bson::Array(a), Bson::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| within(tolerance, there(a), there(b))),
        (Bson::Document(a), Bson::Document(b)) => {
            a.iter().all(|(key, value)| within(tolerance, value, b.get(key).unwrap_or(&Bson::Undefined)))
                && b.iter().all(|(key, value)| matches!(value, Bson::Undefined) || a.contains_key(key))
        }
        // The last digits of a number that was computed and made a string.
        (Bson::String(a), Bson::String(b)) if a != b && a.len().min(b.len()) > DIGITS => match (a.parse(), b.parse()) {
            (Ok(a), Ok(b)) => within(tolerance, &Bson::Double(a), &Bson::Double(b)),
            _ => false,
        },
        // The manual does not say what becomes of a part of a millisecond.
        (Bson::DateTime(a), Bson::DateTime(b)) if tolerance > 0.0 => a.timestamp_millis().abs_diff(b.timestamp_millis()) <= 1,
        _ => a == b,
    }
}

/// What a string of a number of so many digits has at most.
const DIGITS: usize = 15;

/// As in JSON, an array has null where there is nothing.
fn there(value: &Bson) -> &Bson {
    if matches!(value, Bson::Undefined) { &Bson::Null } else { value }
}
