//! Random values and documents, of few values, so that they often meet.

use bson::{Bson, DateTime, Document, oid::ObjectId};

use super::field;
use crate::random::Random;

const STRINGS: &[&str] = &["", "a", "b", "ab", "aB", "abc", "A", "x y", "é", "10", "2"];
const DATES: &[i64] = &[0, 86_400_000, 951_825_599_999, 1_577_836_800_000, 1_589_710_830_456, -1, 1_609_459_199_999];

pub fn number(random: &mut Random) -> Bson {
    match random.below(12) {
        0..6 => Bson::Int32(random.between(-2, 6)),
        6 | 7 => Bson::Int64(i64::from(random.between(-2, 6))),
        8 | 9 => Bson::Double(f64::from(random.between(-6, 12)) / 2.0),
        10 => Bson::Double(f64::from(random.between(-3, 5))),
        _ => [Bson::Int32(100), Bson::Int64(3_000_000_000), Bson::Double(0.1), Bson::Int32(7)][random.below(4)].clone(),
    }
}

pub fn int(random: &mut Random) -> Bson {
    Bson::Int32(random.between(-2, 6))
}

pub fn string(random: &mut Random) -> Bson {
    Bson::String(random.pick(STRINGS).to_owned())
}

pub fn date(random: &mut Random) -> Bson {
    Bson::DateTime(DateTime::from_millis(DATES[random.below(DATES.len())]))
}

pub fn object_id(random: &mut Random) -> Bson {
    let mut bytes = [7; 12];
    bytes[11] = u8::try_from(random.below(3)).unwrap_or_default();
    Bson::ObjectId(ObjectId::from_bytes(bytes))
}

pub fn boolean(random: &mut Random) -> Bson {
    Bson::Boolean(random.chance(50))
}

pub fn scalar(random: &mut Random) -> Bson {
    match random.below(16) {
        0..7 => number(random),
        7..11 => string(random),
        11 => boolean(random),
        12 | 13 => Bson::Null,
        14 => date(random),
        _ => object_id(random),
    }
}

pub fn value(random: &mut Random, depth: usize) -> Bson {
    match random.below(if depth == 0 { 6 } else { 10 }) {
        0..6 => scalar(random),
        6 | 7 => Bson::Array(random.some(0, 3, |random| value(random, depth - 1))),
        _ => Bson::Document(fields(random, depth - 1)),
    }
}

/// Some of the fields `a`, `b` and `c`, in this order: mingo does not look at the order.
fn fields(random: &mut Random, depth: usize) -> Document {
    let mut doc = Document::new();
    for name in ["a", "b", "c"] {
        if random.chance(60) {
            doc.insert(name, value(random, depth));
        }
    }
    doc
}

/// A document of any shape.
pub fn document(random: &mut Random) -> Document {
    fields(random, 2)
}

pub fn document_of(random: &mut Random, id: i32) -> Document {
    let mut doc = Document::new();
    doc.insert("_id", id);
    doc.extend(fields(random, 2));
    doc
}

fn small(random: &mut Random) -> Bson {
    let mut doc = Document::new();
    field(random, &mut doc, "n", number);
    field(random, &mut doc, "s", string);
    if random.chance(30) {
        field(random, &mut doc, "x", |random| Bson::Array(random.some(0, 3, number)));
    }
    Bson::Document(doc)
}

/// A document whose fields mostly have a certain type: numbers `n` and `m`, strings `s` and `t`, a
/// boolean `b`, a date `d`, arrays `x` of numbers, `y` of strings, `v` of documents, a document
/// `o`, and `k` of any type.
pub fn record(random: &mut Random, id: i32) -> Document {
    let mut doc = Document::new();
    doc.insert("_id", id);
    field(random, &mut doc, "b", boolean);
    field(random, &mut doc, "d", date);
    field(random, &mut doc, "k", scalar);
    field(random, &mut doc, "m", number);
    field(random, &mut doc, "n", number);
    field(random, &mut doc, "o", |random| {
        let mut inner = Document::new();
        field(random, &mut inner, "n", number);
        field(random, &mut inner, "p", small);
        field(random, &mut inner, "s", string);
        Bson::Document(inner)
    });
    field(random, &mut doc, "s", string);
    field(random, &mut doc, "t", string);
    field(random, &mut doc, "v", |random| Bson::Array(random.some(0, 3, small)));
    field(random, &mut doc, "x", |random| Bson::Array(random.some(0, 4, number)));
    field(random, &mut doc, "y", |random| Bson::Array(random.some(0, 3, string)));
    doc
}
