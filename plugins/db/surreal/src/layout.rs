//! How spaces, collections and documents lie in SurrealDB.
//!
//! A space is a database, a collection a table, a document a record with one field that holds the
//! document's BSON, so that the order of fields, types and equality stay exactly MongoDB's. The
//! record's key is made of the document's `_id`: keys compare as MongoDB compares the `_id`s, and
//! two are equal if and only if MongoDB calls the `_id`s equal.

use std::fmt::Write as _;
use std::ops::Bound;

use bson::{Bson, RawDocument};
use sdk_plugin::{Error, Result};
pub use surreal_records::{Part, Range};

/// How long a collection's name may be, in bytes. MongoDB's own limit.
const MAX_COLLECTION: usize = 120;
/// How long a record's key may be, in bytes.
const MAX_KEY: usize = 8 * 1024;

// Text in a key goes on until one of these; what text holds of U+0000 and U+0001 is written so
// that a text comes before all that it is the beginning of.
const END_OF_CONTAINER: &str = "\u{1}\u{1}";
const END_OF_VALUE: &str = "\u{1}\u{2}";
const END_OF_NAME: &str = "\u{1}\u{3}";
const ESCAPED_0: &str = "\u{1}\u{5}";
const ESCAPED_1: &str = "\u{1}\u{6}";

/// The name of a space's database. Nothing in it needs quoting.
pub fn database(space: &str) -> String {
    let mut name = String::with_capacity(space.len() + 2);
    name.push_str("s_");
    for byte in space.bytes() {
        if byte.is_ascii_alphanumeric() {
            name.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(name, "_{byte:02x}");
        }
    }
    name
}

/// Checks a collection's name, which is its table's name too.
///
/// # Errors
/// `InvalidParams.Format` for an empty name, one of more than 120 bytes, with `$` or U+0000, and
/// for MongoDB's own collections.
pub fn collection(name: &str) -> Result<()> {
    let wrong = if name.is_empty() {
        "a collection name may not be empty"
    } else if name.len() > MAX_COLLECTION {
        "a collection name may have at most 120 bytes"
    } else if name.contains(['\0', '$']) {
        "a collection name may not contain `$` or U+0000"
    } else if name.starts_with("system.") {
        "collections that begin with `system.` are reserved"
    } else {
        return Ok(());
    };
    Err(Error::invalid_params(wrong))
}

/// The key of the record for an `_id`.
///
/// # Errors
/// `InvalidParams.Format` for an `_id` whose key would have more than 8 KiB, and for types that
/// have no place in keys.
pub fn key(id: &Bson) -> Result<String> {
    let mut key = String::with_capacity(26);
    value(id, &mut key)?;
    if key.len() > MAX_KEY {
        return Err(Error::invalid_params(format!("an _id may take at most {MAX_KEY} bytes as a key")));
    }
    Ok(key)
}

/// Bytes as text that compares as they do, without U+0000. It begins with U+0001 only if they
/// begin with zero, which no key of an index does.
pub fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from_u32(u32::from(*byte) + 1).unwrap_or(char::MAX)).collect()
}

/// The key of the record that holds a document, from the document's BSON.
///
/// # Errors
/// `InternalError` when the bytes are no document with an `_id`.
pub fn key_of(document: &[u8]) -> Result<String> {
    let raw = RawDocument::from_bytes(document).map_err(Error::internal)?;
    let id = raw.get("_id").map_err(Error::internal)?.ok_or_else(|| Error::internal("a stored document has no _id"))?;
    key(&Bson::try_from(id).map_err(Error::internal)?)
}

/// The keys between two bounds of `_id`. A bound on one side stays within its type on the other.
///
/// # Errors
/// As [`key`].
pub fn range((start, end): (Bound<&Bson>, Bound<&Bson>)) -> Result<Range> {
    let bound = |bound: Bound<&Bson>| -> Result<Bound<String>> {
        Ok(match bound {
            Bound::Included(id) => Bound::Included(key(id)?),
            Bound::Excluded(id) => Bound::Excluded(key(id)?),
            Bound::Unbounded => Bound::Unbounded,
        })
    };
    let one_type = |bound: &Bound<&Bson>| match bound {
        Bound::Included(id) | Bound::Excluded(id) if !matches!(id, Bson::MinKey | Bson::MaxKey) => tag(id).ok(),
        _ => None,
    };
    Ok(match (one_type(&start), one_type(&end)) {
        (Some(tag), None) => Range { start: bound(start)?, end: Bound::Excluded(char::from(tag + 1).to_string()) },
        (None, Some(tag)) => Range { start: Bound::Included(char::from(tag).to_string()), end: bound(end)? },
        _ => Range { start: bound(start)?, end: bound(end)? },
    })
}

/// The entries of an index whose bytes are in a range, the first included, the last not. What
/// follows the bytes in an entry comes after them.
pub fn entries(from: &[u8], to: &[u8]) -> Range {
    Range { start: Bound::Included(text(from)), end: Bound::Excluded(text(to)) }
}

/// All entries of an index.
pub fn all_entries() -> Range {
    // Only what is no entry begins with U+0001.
    Range { start: Bound::Included("\u{2}".to_owned()), end: Bound::Unbounded }
}

/// The character that stands for a type, in the order of types.
fn tag(value: &Bson) -> Result<u8> {
    Ok(match value {
        Bson::MinKey => b'0',
        Bson::Null => b'1',
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => b'2',
        Bson::String(_) | Bson::Symbol(_) => b'3',
        Bson::Document(_) => b'4',
        Bson::Array(_) => b'5',
        Bson::Binary(_) => b'6',
        Bson::ObjectId(_) => b'7',
        Bson::Boolean(_) => b'8',
        Bson::DateTime(_) => b'9',
        Bson::Timestamp(_) => b'a',
        Bson::MaxKey => b'z',
        other => return Err(Error::invalid_params(format!("The '_id' value cannot be of type {}", mql::check::type_name(other)))),
    })
}

fn value(value: &Bson, key: &mut String) -> Result<()> {
    key.push(char::from(tag(value)?));
    payload(value, key)
}

fn payload(id: &Bson, key: &mut String) -> Result<()> {
    // Writing to a String cannot fail.
    let _ = match id {
        Bson::Int32(n) => write!(key, "{}", number(&Bson::Int64(i64::from(*n)))?),
        Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => write!(key, "{}", number(id)?),
        Bson::String(text) | Bson::Symbol(text) => {
            escape(text, key);
            Ok(())
        }
        Bson::Document(doc) => {
            for (name, inner) in doc {
                key.push(char::from(tag(inner)?));
                escape(name, key);
                key.push_str(END_OF_NAME);
                payload(inner, key)?;
                key.push_str(END_OF_VALUE);
            }
            key.push_str(END_OF_CONTAINER);
            Ok(())
        }
        Bson::Array(items) => {
            for item in items {
                value(item, key)?;
                key.push_str(END_OF_VALUE);
            }
            key.push_str(END_OF_CONTAINER);
            Ok(())
        }
        Bson::Binary(binary) => {
            let _ = write!(key, "{:08x}{:02x}", binary.bytes.len(), u8::from(binary.subtype));
            binary.bytes.iter().try_for_each(|byte| write!(key, "{byte:02x}"))
        }
        Bson::ObjectId(id) => id.bytes().iter().try_for_each(|byte| write!(key, "{byte:02x}")),
        Bson::Boolean(b) => write!(key, "{}", u8::from(*b)),
        Bson::DateTime(date) => write!(key, "{:016x}", ordered(date.timestamp_millis())),
        Bson::Timestamp(time) => write!(key, "{:08x}{:08x}", time.time, time.increment),
        _ => Ok(()),
    };
    Ok(())
}

fn escape(text: &str, key: &mut String) {
    for c in text.chars() {
        match c {
            '\0' => key.push_str(ESCAPED_0),
            '\u{1}' => key.push_str(ESCAPED_1),
            c => key.push(c),
        }
    }
}

/// Bits that compare without sign as the number does with it.
fn ordered(n: i64) -> u64 {
    (n as u64) ^ (1 << 63)
}

/// A number as the greatest double that is not greater, and what an integer has above it.
fn number(value: &Bson) -> Result<String> {
    let (floor, above) = match value {
        Bson::Int64(n) => floor(*n),
        Bson::Double(n) => (*n, 0),
        decimal => {
            // A decimal is written as the integer or double that it equals.
            let text = decimal.to_string();
            let double = text.trim_matches('"').parse::<f64>().unwrap_or(f64::NAN);
            match text.trim_matches('"').parse::<i64>() {
                Ok(integer) => floor(integer),
                Err(_) if mql::equal(decimal, &Bson::Double(double)) => (double, 0),
                Err(_) => {
                    return Err(Error::invalid_params(
                        "an _id that is a decimal and neither a 64-bit integer nor a double is not supported",
                    ));
                }
            }
        }
    };
    if floor.is_nan() {
        return Ok("0".repeat(20));
    }
    // The zeros are equal.
    let bits = if floor == 0.0 { 0 } else { floor.to_bits() };
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    Ok(format!("{ordered:016x}{above:04x}"))
}

fn floor(n: i64) -> (f64, u64) {
    let near = n as f64;
    let floor = if near as i128 > i128::from(n) { near.next_down() } else { near };
    // A double's neighbours are at most 1024 apart below 2^63.
    let above = i128::from(n) - floor as i128;
    (floor, u64::try_from(above).unwrap_or(0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cmp::Ordering;

    use bson::{bson, oid::ObjectId};

    use super::*;

    #[test]
    fn keys_compare_as_ids_do() {
        let big = 1_i64 << 53;
        let mut ids = vec![
            Bson::MinKey,
            Bson::Null,
            bson!(f64::NAN),
            bson!(f64::NEG_INFINITY),
            bson!(i64::MIN),
            bson!(-1.5),
            bson!(-1),
            bson!(0),
            bson!(0.5),
            bson!(1),
            bson!(1.0),
            Bson::Decimal128("1.00".parse().unwrap()),
            bson!(2_i64),
            bson!(i32::MAX),
            bson!(big),
            bson!(big + 1),
            bson!(big as f64 + 2.0),
            bson!(i64::MAX - 1),
            bson!(i64::MAX),
            bson!(1e300),
            bson!(""),
            bson!("a"),
            bson!("a\0"),
            bson!("a\u{1}"),
            bson!("a\u{2}"),
            bson!("ab"),
            bson!("é"),
            bson!("小"),
            bson!({}),
            bson!({"a": 1}),
            bson!({"a": 1.0}),
            bson!({"a": 1, "b": 0}),
            bson!({"a": 2}),
            bson!({"ab": 1}),
            bson!({"a": "x"}),
            bson!({"a": "x\0"}),
            bson!({"a": {"b": "x"}}),
            bson!({"a": {"b": "x"}, "c": 1}),
            bson!({"a": [1, "x"]}),
            Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![9] }),
            Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2] }),
            Bson::ObjectId(ObjectId::from_bytes([1; 12])),
            bson!(false),
            bson!(true),
            Bson::DateTime(bson::DateTime::from_millis(-1)),
            Bson::DateTime(bson::DateTime::from_millis(1)),
            Bson::Timestamp(bson::Timestamp { time: 1, increment: 2 }),
            Bson::MaxKey,
        ];
        ids.sort_by(mql::compare);
        for a in &ids {
            for b in &ids {
                let order = mql::compare(a, b);
                assert_eq!(key(a).unwrap().cmp(&key(b).unwrap()), order, "{a} and {b}");
                assert_eq!(order == Ordering::Equal, key(a).unwrap() == key(b).unwrap());
            }
        }
    }

    #[test]
    fn random_numbers_compare_as_keys() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        println!("seed {seed:#x}");
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let n = seed as i64 >> (seed % 64);
            if seed & 64 == 0 { bson!(n) } else { bson!(n as f64 / if seed & 128 == 0 { 1.0 } else { 3.0 }) }
        };
        for _ in 0..100_000 {
            let (a, b) = (next(), next());
            assert_eq!(key(&a).unwrap().cmp(&key(&b).unwrap()), mql::compare(&a, &b), "{a} and {b}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(database("ab-1"), "s_ab_2d1");
        assert_ne!(database("a_b"), database("a-b"));
        assert!(collection("用户 / x:y`z").is_ok());
        for name in ["", "a$b", "a\0", "system.users", &"x".repeat(121)] {
            assert!(collection(name).is_err(), "{name}");
        }
        assert!(key(&bson!("x".repeat(10_000))).is_err());
    }
}
