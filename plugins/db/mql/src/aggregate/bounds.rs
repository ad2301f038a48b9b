//! How large documents are, as BSON and in memory, and what they may grow to.

use bson::{Bson, Document};

use crate::check;
use crate::error::{Code, Error, Result};

/// How large a document between two stages may be, in bytes of BSON. MongoDB bounds only what
/// leaves the pipeline; a bound is needed here against documents that double at each stage.
pub(super) const MAX_INTERNAL_SIZE: usize = 4 * check::MAX_SIZE;

/// How deep a document between two stages may nest: what MongoDB allows BSON internally.
const MAX_INTERNAL_DEPTH: usize = 200;

/// The memory of a field beside its name and its value's parts: an entry of the map.
const FIELD: usize = size_of::<(String, Bson)>() + 24;

/// Checks a document that a stage made.
///
/// # Errors
/// `BSONObjectTooLarge`, or `Overflow` when it nests too deep.
pub(super) fn check(doc: &Document) -> Result<()> {
    let size = document(doc, MAX_INTERNAL_DEPTH).ok_or_else(|| {
        Error::new(Code::Overflow, format!("the document exceeds the maximum nesting depth of {MAX_INTERNAL_DEPTH} levels"))
    })?;
    within(size, MAX_INTERNAL_SIZE)
}

/// Checks a document that leaves the pipeline.
///
/// # Errors
/// `BSONObjectTooLarge` above 16 MiB.
pub(super) fn check_result(doc: &Document) -> Result<()> {
    within(size(doc), check::MAX_SIZE)
}

fn within(size: usize, most: usize) -> Result<()> {
    if size > most {
        return Err(Error::new(
            Code::BSONObjectTooLarge,
            format!("BSONObj size: {size} (0x{size:X}) is invalid. Size must be between 0 and {most}({}MB)", most >> 20),
        ));
    }
    Ok(())
}

/// A document's size in bytes of BSON.
pub(crate) fn size(doc: &Document) -> usize {
    document(doc, usize::MAX).unwrap_or(usize::MAX)
}

/// A value's size in bytes of BSON, without its name.
pub(super) fn value_size(value: &Bson) -> usize {
    payload(value, usize::MAX).unwrap_or(usize::MAX)
}

fn document(doc: &Document, levels: usize) -> Option<usize> {
    let levels = levels.checked_sub(1)?;
    let mut size = 5;
    for (name, value) in doc {
        size += name.len() + 2 + payload(value, levels)?;
    }
    Some(size)
}

fn payload(value: &Bson, levels: usize) -> Option<usize> {
    Some(match value {
        Bson::Double(_) | Bson::Int64(_) | Bson::DateTime(_) | Bson::Timestamp(_) => 8,
        Bson::String(text) | Bson::Symbol(text) | Bson::JavaScriptCode(text) => text.len() + 5,
        Bson::Document(doc) => document(doc, levels)?,
        Bson::Array(items) => {
            let levels = levels.checked_sub(1)?;
            let mut size = 5;
            for (position, item) in items.iter().enumerate() {
                size += digits(position) + 2 + payload(item, levels)?;
            }
            size
        }
        Bson::Boolean(_) => 1,
        Bson::Null | Bson::Undefined | Bson::MinKey | Bson::MaxKey => 0,
        Bson::Int32(_) => 4,
        Bson::ObjectId(_) => 12,
        Bson::Decimal128(_) => 16,
        Bson::Binary(binary) => binary.bytes.len() + 5,
        Bson::RegularExpression(regex) => regex.pattern.as_str().len() + regex.options.as_str().len() + 2,
        Bson::JavaScriptCodeWithScope(code) => code.code.len() + 9 + document(&code.scope, levels)?,
        // The fields of a pointer are private; its namespace has at most 120 bytes.
        Bson::DbPointer(_) => 137,
    })
}

fn digits(position: usize) -> usize {
    position.checked_ilog10().map_or(1, |digits| digits as usize + 1)
}

/// About how many bytes of memory a document takes.
pub(super) fn memory(doc: &Document) -> usize {
    size_of::<Document>() + doc.iter().map(|(name, value)| FIELD + name.len() + heap(value)).sum::<usize>()
}

/// About how many bytes of memory a value takes.
pub(super) fn value_memory(value: &Bson) -> usize {
    size_of::<Bson>() + heap(value)
}

fn heap(value: &Bson) -> usize {
    match value {
        Bson::Document(doc) => memory(doc),
        Bson::Array(items) => items.iter().map(value_memory).sum(),
        other => payload(other, usize::MAX).map_or(0, |size| size.saturating_sub(16)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::{bson, doc};

    use super::*;

    #[test]
    fn the_size_is_that_of_the_bytes() {
        let long: Vec<Bson> = (0..120).map(Bson::Int32).collect();
        let doc = doc! {
            "a": 1, "b": 2_i64, "c": 1.5, "d": "text", "e": {"f": [true, null_value(), {"g": "h"}]}, "i": long,
            "j": bson::oid::ObjectId::new(), "k": bson::DateTime::from_millis(5), "l": Bson::MinKey,
            "m": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2, 3] },
            "n": bson::Decimal128::from_bytes([0; 16]), "o": Bson::Timestamp(bson::Timestamp { time: 1, increment: 2 }),
        };
        assert_eq!(size(&doc), doc.to_vec().unwrap().len());
    }

    fn null_value() -> Bson {
        bson!(null)
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |levels: usize| (1..levels).fold(doc! {"x": 1}, |inner, _| doc! {"x": inner});
        assert!(check(&nested(MAX_INTERNAL_DEPTH)).is_ok());
        assert_eq!(check(&nested(MAX_INTERNAL_DEPTH + 1)).unwrap_err().code(), Code::Overflow);
        let large = doc! {"x": "y".repeat(check::MAX_SIZE)};
        assert!(check(&large).is_ok());
        assert_eq!(check_result(&large).unwrap_err().code(), Code::BSONObjectTooLarge);
    }
}
