//! Whether an update left a value as it was, its types and the order of fields included.

use bson::{Bson, Document};

pub(super) fn values(a: &[Bson], b: &[Bson]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| value(a, b))
}

pub(super) fn value(a: &Bson, b: &Bson) -> bool {
    match (a, b) {
        (Bson::Double(a), Bson::Double(b)) => a.to_bits() == b.to_bits(),
        (Bson::Array(a), Bson::Array(b)) => values(a, b),
        (Bson::Document(a), Bson::Document(b)) => document(a, b),
        _ => a == b,
    }
}

pub(super) fn document(a: &Document, b: &Document) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((name_a, a), (name_b, b))| name_a == name_b && value(a, b))
}
