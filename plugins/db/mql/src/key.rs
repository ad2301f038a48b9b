//! Values as bytes that compare as the values do, for the keys of indexes.
//!
//! Bytes compare one by one, as `memcmp` and [`Vec<u8>`] do. No encoding is the beginning of
//! another, so that several can follow each other in one key, and a descending field is the
//! complement of an ascending one.
//!
//! ```
//! use mql::bson::bson;
//! use mql::key;
//!
//! let ascending = |value| key::encode(&value, false);
//! assert!(ascending(bson!(2)) < ascending(bson!(10)));
//! assert_eq!(ascending(bson!(2)), ascending(bson!(2.0)));
//! assert!(key::encode(&bson!("a"), true) > key::encode(&bson!("b"), true));
//! ```

use bson::{Bson, Document};

use crate::compare::rank;
use crate::decimal::{Number, Operand};

/// A byte above all that an encoding begins with.
const ABOVE_ALL: u8 = 0xFF;

/// The key of a value; in a descending field, the complement.
pub fn encode(value: &Bson, descending: bool) -> Vec<u8> {
    let mut key = Vec::with_capacity(16);
    append(value, descending, &mut key);
    key
}

/// Appends the key of a value, as [`encode`] makes it.
pub fn append(value: &Bson, descending: bool, key: &mut Vec<u8>) {
    let start = key.len();
    tagged(value, key);
    if descending {
        complement(key, start);
    }
}

/// The least bytes above all keys that begin with a prefix.
pub fn above(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![ABOVE_ALL]
}

fn complement(key: &mut [u8], start: usize) {
    for byte in key.iter_mut().skip(start) {
        *byte = !*byte;
    }
}

/// The byte that stands for a value's type. Zero is left for ends.
pub(crate) fn tag(value: &Bson) -> u8 {
    rank(value) + 1
}

fn tagged(value: &Bson, key: &mut Vec<u8>) {
    key.push(tag(value));
    payload(value, key);
}

fn payload(value: &Bson, key: &mut Vec<u8>) {
    match value {
        Bson::MinKey | Bson::MaxKey | Bson::Null | Bson::Undefined => {}
        Bson::Int32(n) => exact(f64::from(*n), key),
        Bson::Double(n) => exact(*n, key),
        Bson::Int64(n) => integer(*n, key),
        Bson::Decimal128(n) => decimal(*n, key),
        Bson::String(text) | Bson::Symbol(text) => string(text, key),
        Bson::Document(doc) => document(doc, key),
        Bson::Array(items) => {
            items.iter().for_each(|item| tagged(item, key));
            key.push(0);
        }
        Bson::Binary(binary) => {
            // No document is larger than 16 MiB.
            key.extend(u32::try_from(binary.bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            key.push(binary.subtype.into());
            key.extend(&binary.bytes);
        }
        Bson::ObjectId(id) => key.extend(id.bytes()),
        Bson::Boolean(b) => key.push(u8::from(*b)),
        Bson::DateTime(date) => key.extend(signed(date.timestamp_millis())),
        Bson::Timestamp(time) => {
            key.extend(time.time.to_be_bytes());
            key.extend(time.increment.to_be_bytes());
        }
        Bson::RegularExpression(regex) => {
            string(regex.pattern.as_str(), key);
            string(regex.options.as_str(), key);
        }
        Bson::JavaScriptCode(code) => string(code, key),
        Bson::JavaScriptCodeWithScope(code) => {
            string(&code.code, key);
            document(&code.scope, key);
        }
        Bson::DbPointer(pointer) => string(&format!("{pointer:?}"), key),
    }
}

/// Each field as the type of its value, its name, and its value, as they are compared.
fn document(doc: &Document, key: &mut Vec<u8>) {
    for (name, value) in doc {
        key.push(tag(value));
        string(name, key);
        payload(value, key);
    }
    key.push(0);
}

/// The bytes of a text with an end that is less than all that can follow.
fn string(text: &str, key: &mut Vec<u8>) {
    text_start(text, key);
    key.extend([0, 0]);
}

/// The bytes of a text without its end: what the keys of all texts begin with that begin so.
pub(crate) fn text_start(text: &str, key: &mut Vec<u8>) {
    for byte in text.bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(ABOVE_ALL);
        }
    }
}

fn signed(n: i64) -> [u8; 8] {
    ((n as u64) ^ (1 << 63)).to_be_bytes()
}

/// The bits of a double in its order; not-a-number comes before all, the zeros are one.
fn ordered(n: f64) -> [u8; 8] {
    let bits = if n == 0.0 { 0 } else { n.to_bits() };
    let ordered = match n {
        _ if n.is_nan() => 0,
        _ if bits >> 63 == 1 => !bits,
        _ => bits | 1 << 63,
    };
    ordered.to_be_bytes()
}

/// A number is the greatest double that is not above it, and then, if it is above that double,
/// its digits.
fn exact(n: f64, key: &mut Vec<u8>) {
    key.extend(ordered(n));
    key.push(0);
}

fn integer(n: i64, key: &mut Vec<u8>) {
    let near = n as f64;
    let order = i128::from(n).cmp(&(near as i128));
    if order.is_eq() {
        return exact(near, key);
    }
    let floor = if order.is_lt() { near.next_down() } else { near };
    inexact(floor, &Operand::Integer(n).number(), key);
}

fn decimal(n: bson::Decimal128, key: &mut Vec<u8>) {
    let operand = Operand::Decimal(n);
    let number = operand.number();
    match &number {
        Number::NaN => exact(f64::NAN, key),
        Number::Infinite { negative } => exact(if *negative { f64::NEG_INFINITY } else { f64::INFINITY }, key),
        Number::Finite(_) => {
            let near: f64 = n.to_string().parse().unwrap_or(f64::NAN);
            let order = crate::decimal::order(&operand, &Operand::Double(near));
            match order {
                std::cmp::Ordering::Equal => exact(near, key),
                std::cmp::Ordering::Less => inexact(near.next_down(), &number, key),
                std::cmp::Ordering::Greater => inexact(near, &number, key),
            }
        }
    }
}

fn inexact(floor: f64, number: &Number, key: &mut Vec<u8>) {
    key.extend(ordered(floor));
    key.push(1);
    let Number::Finite(number) = number else {
        return;
    };
    let start = key.len();
    key.extend(signed(number.magnitude));
    // Digits are '0' to '9', so that a zero ends them.
    key.extend(&number.digits);
    key.push(0);
    if number.negative {
        complement(key, start);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::bson;

    use super::*;

    #[test]
    fn numbers_of_all_types() {
        let decimal = |text: &str| Bson::Decimal128(text.parse().unwrap());
        let ordered = [
            vec![bson!(f64::NAN), decimal("NaN")],
            vec![bson!(f64::NEG_INFINITY), decimal("-Infinity")],
            vec![decimal("-1E+400")],
            vec![bson!(f64::MIN)],
            vec![decimal("-9223372036854775809")],
            vec![bson!(i64::MIN), bson!(-9_223_372_036_854_775_808.0)],
            vec![bson!(i64::MIN + 1)],
            vec![bson!(i64::MIN + 2)],
            vec![bson!(-1.5), decimal("-1.50")],
            vec![bson!(-1), bson!(-1_i64), bson!(-1.0), decimal("-1"), decimal("-1.00")],
            vec![decimal("-1E-6000")],
            vec![bson!(0), bson!(0.0), bson!(-0.0), decimal("0E-5"), decimal("-0")],
            vec![decimal("1E-6000")],
            vec![bson!(f64::from_bits(1))],
            vec![decimal("0.1")],
            vec![bson!(0.1)],
            vec![bson!(1), bson!(1_i64), bson!(1.0), decimal("1.000")],
            vec![bson!(9_007_199_254_740_992.0), bson!(9_007_199_254_740_992_i64)],
            vec![bson!(9_007_199_254_740_993_i64), decimal("9007199254740993")],
            vec![decimal("9007199254740993.5")],
            vec![bson!(9_007_199_254_740_994_i64)],
            vec![bson!(i64::MAX)],
            vec![bson!(9_223_372_036_854_775_808.0)],
            vec![decimal("1E+400")],
            vec![bson!(f64::INFINITY), decimal("Infinity")],
        ];
        for (i, equal) in ordered.iter().enumerate() {
            for (j, others) in ordered.iter().enumerate() {
                for (a, b) in equal.iter().flat_map(|a| others.iter().map(move |b| (a, b))) {
                    assert_eq!(encode(a, false).cmp(&encode(b, false)), i.cmp(&j), "{a} and {b}");
                    assert_eq!(encode(a, true).cmp(&encode(b, true)), j.cmp(&i), "{a} and {b}");
                    assert_eq!(crate::compare(a, b), i.cmp(&j), "{a} and {b}");
                }
            }
        }
    }

    #[test]
    fn texts_with_zeros() {
        let texts = ["", "\0", "\0\0", "\0a", "\u{1}", "a", "a\0", "a\0b", "ab", "\u{10FFFF}"];
        for (a, b) in texts.windows(2).map(|pair| (pair[0], pair[1])) {
            assert!(encode(&bson!(a), false) < encode(&bson!(b), false), "{a:?} {b:?}");
            assert!(encode(&bson!({a: 1}), false) < encode(&bson!({b: 1}), false), "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_is_above_a_prefix() {
        assert_eq!(above(&[1, 2]), [1, 3]);
        assert_eq!(above(&[1, 255, 255]), [2]);
        assert_eq!(above(&[]), [255]);
        let start = encode(&bson!("ab"), false);
        assert!(above(&start) > encode(&bson!("ab"), false));
        assert!(above(&start) < encode(&bson!("ab\0"), false));
    }
}
