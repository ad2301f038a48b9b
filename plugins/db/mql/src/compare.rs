//! The order of BSON values: "Comparison/Sort Order" in MongoDB's manual.

use std::cmp::Ordering;

use bson::{Bson, Document};

use crate::decimal::{self, Operand};

/// The rank of regular expressions.
pub(crate) const REGEX: u8 = 50;

/// The rank of a value's type. Types of one rank are compared by value.
pub(crate) fn rank(value: &Bson) -> u8 {
    match value {
        Bson::MinKey => 0,
        Bson::Undefined => 1,
        Bson::Null => 5,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 10,
        Bson::String(_) | Bson::Symbol(_) => 15,
        Bson::Document(_) => 20,
        Bson::Array(_) => 25,
        Bson::Binary(_) => 30,
        Bson::ObjectId(_) => 35,
        Bson::Boolean(_) => 40,
        Bson::DateTime(_) => 45,
        Bson::Timestamp(_) => 47,
        Bson::RegularExpression(_) => REGEX,
        Bson::DbPointer(_) => 55,
        Bson::JavaScriptCode(_) => 60,
        Bson::JavaScriptCodeWithScope(_) => 65,
        Bson::MaxKey => 127,
    }
}

/// Whether two values are equal as MongoDB sees it: numbers by value whatever their type,
/// documents with the same fields in the same order.
pub fn equal(a: &Bson, b: &Bson) -> bool {
    compare(a, b) == Ordering::Equal
}

/// Compares two values, first by type, then by value. A total order.
pub fn compare(a: &Bson, b: &Bson) -> Ordering {
    compare_with(a, b, &|a: &str, b: &str| a.as_bytes().cmp(b.as_bytes()))
}

/// As [`compare`], with an order of strings of its own; it decides about strings in arrays and
/// documents too, but not about the names of fields.
pub(crate) fn compare_with<F: Fn(&str, &str) -> Ordering>(a: &Bson, b: &Bson, strings: &F) -> Ordering {
    use Bson::{
        Array, Binary, Boolean, DateTime, DbPointer, Decimal128, Document, Double, Int32, Int64, JavaScriptCode, JavaScriptCodeWithScope,
        ObjectId, RegularExpression, String, Symbol, Timestamp,
    };
    match (a, b) {
        (Int32(a), Int32(b)) => a.cmp(b),
        (Int32(a), Int64(b)) => i64::from(*a).cmp(b),
        (Int64(a), Int32(b)) => a.cmp(&i64::from(*b)),
        (Int64(a), Int64(b)) => a.cmp(b),
        (Double(a), Double(b)) => doubles(*a, *b),
        (Int32(a), Double(b)) => doubles(f64::from(*a), *b),
        (Double(a), Int32(b)) => doubles(*a, f64::from(*b)),
        (Int64(a), Double(b)) => integer_double(*a, *b),
        (Double(a), Int64(b)) => integer_double(*b, *a).reverse(),
        (Decimal128(_), Int32(_) | Int64(_) | Double(_) | Decimal128(_)) | (Int32(_) | Int64(_) | Double(_), Decimal128(_)) => {
            decimal::order(&operand(a), &operand(b))
        }
        (String(a) | Symbol(a), String(b) | Symbol(b)) => strings(a, b),
        (Document(a), Document(b)) => documents(a, b, strings),
        (Array(a), Array(b)) => arrays(a, b, strings),
        (Binary(a), Binary(b)) => {
            let key = |x: &bson::Binary| (x.bytes.len(), u8::from(x.subtype));
            key(a).cmp(&key(b)).then_with(|| a.bytes.cmp(&b.bytes))
        }
        (ObjectId(a), ObjectId(b)) => a.bytes().cmp(&b.bytes()),
        (Boolean(a), Boolean(b)) => a.cmp(b),
        (DateTime(a), DateTime(b)) => a.cmp(b),
        (Timestamp(a), Timestamp(b)) => (a.time, a.increment).cmp(&(b.time, b.increment)),
        (RegularExpression(a), RegularExpression(b)) => {
            (a.pattern.as_str(), a.options.as_str()).cmp(&(b.pattern.as_str(), b.options.as_str()))
        }
        (JavaScriptCode(a), JavaScriptCode(b)) => a.cmp(b),
        (JavaScriptCodeWithScope(a), JavaScriptCodeWithScope(b)) => {
            a.code.cmp(&b.code).then_with(|| documents(&a.scope, &b.scope, strings))
        }
        (DbPointer(a), DbPointer(b)) => format!("{a:?}").cmp(&format!("{b:?}")),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn operand(value: &Bson) -> Operand {
    match value {
        Bson::Int32(n) => Operand::Integer(i64::from(*n)),
        Bson::Int64(n) => Operand::Integer(*n),
        Bson::Decimal128(n) => Operand::Decimal(*n),
        Bson::Double(n) => Operand::Double(*n),
        _ => Operand::Double(f64::NAN),
    }
}

/// Not-a-number is equal to itself and less than all others; the zeros are equal.
fn doubles(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// Exact where the integer has more digits than a double can hold.
fn integer_double(a: i64, b: f64) -> Ordering {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() || b < -TWO_TO_63 {
        Ordering::Greater
    } else if b >= TWO_TO_63 {
        Ordering::Less
    } else {
        a.cmp(&(b.trunc() as i64)).then_with(|| doubles(0.0, b.fract()))
    }
}

/// Field by field: the value's type, then the name, then the value; a prefix comes first.
fn documents<F: Fn(&str, &str) -> Ordering>(a: &Document, b: &Document, strings: &F) -> Ordering {
    for ((name_a, a), (name_b, b)) in a.iter().zip(b) {
        let order = rank(a).cmp(&rank(b)).then_with(|| name_a.cmp(name_b)).then_with(|| compare_with(a, b, strings));
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

fn arrays<F: Fn(&str, &str) -> Ordering>(a: &[Bson], b: &[Bson], strings: &F) -> Ordering {
    a.iter().zip(b).map(|(a, b)| compare_with(a, b, strings)).find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::{Timestamp, bson, doc, oid::ObjectId};

    use super::*;

    #[test]
    fn types_come_in_the_order_of_the_manual() {
        let ordered = [
            Bson::MinKey,
            Bson::Null,
            bson!(f64::NAN),
            bson!(-1),
            bson!(0.5),
            Bson::Decimal128("0.75".parse().unwrap()),
            bson!(1_i64),
            bson!(""),
            bson!("a"),
            bson!({}),
            bson!({"a": 1}),
            bson!([]),
            bson!([1]),
            Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![] }),
            Bson::ObjectId(ObjectId::from_bytes([0; 12])),
            bson!(false),
            bson!(true),
            Bson::DateTime(bson::DateTime::from_millis(-5)),
            Bson::Timestamp(Timestamp { time: 0, increment: 0 }),
            Bson::RegularExpression(bson::Regex {
                pattern: "a".to_owned().try_into().unwrap(),
                options: String::new().try_into().unwrap(),
            }),
            Bson::MaxKey,
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} against {b}");
            }
        }
    }

    #[test]
    fn numbers_by_value() {
        assert!(equal(&bson!(1), &bson!(1.0)));
        assert!(equal(&bson!(1_i64), &Bson::Decimal128("1.00".parse().unwrap())));
        assert!(equal(&bson!(0.0), &bson!(-0.0)));
        let big = 9_007_199_254_740_993_i64;
        assert_eq!(compare(&bson!(big), &bson!(9_007_199_254_740_992.0)), Ordering::Greater);
        assert_eq!(compare(&bson!(i64::MAX), &bson!(9_223_372_036_854_775_808.0)), Ordering::Less);
        assert_eq!(compare(&bson!(-1_i64), &bson!(-1.5)), Ordering::Greater);
    }

    #[test]
    fn documents_depend_on_the_order_of_fields() {
        assert!(!equal(&doc! {"a": 1, "b": 2}.into(), &doc! {"b": 2, "a": 1}.into()));
        assert_eq!(compare(&doc! {"b": 1}.into(), &doc! {"a": "x"}.into()), Ordering::Less, "the type decides before the name");
        assert_eq!(compare(&doc! {"a": 1}.into(), &doc! {"a": 1, "b": 0}.into()), Ordering::Less);
    }
}
