//! What may be stored: names, nesting, `_id`. The SDK checks the same before it sends.

use bson::{Bson, Document};

use crate::error::{Code, Error, Result};

/// How deep documents may nest. MongoDB's own limit.
pub const MAX_DEPTH: usize = 100;

/// How large a document may be, in bytes of BSON. MongoDB's own limit.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// Checks a document that is to be stored.
///
/// # Errors
/// `DollarPrefixedFieldName` and `DottedFieldName` for field names with `$` in front or a `.`,
/// `InvalidIdField`, `Overflow` for nesting deeper than [`MAX_DEPTH`].
pub fn document(doc: &Document) -> Result<()> {
    if let Some(value) = doc.get("_id") {
        id(value)?;
    }
    names(doc)?;
    depth(doc)
}

/// Checks the size of a document as it is to be stored.
///
/// # Errors
/// `BSONObjectTooLarge` above [`MAX_SIZE`].
pub fn size(bytes: usize) -> Result<()> {
    if bytes > MAX_SIZE {
        return Err(Error::new(
            Code::BSONObjectTooLarge,
            format!("object to insert too large. size in bytes: {bytes}, max size: {MAX_SIZE}"),
        ));
    }
    Ok(())
}

/// Checks a value that can be an `_id`.
///
/// # Errors
/// `InvalidIdField` for arrays, regular expressions and undefined.
pub fn id(value: &Bson) -> Result<()> {
    match value {
        Bson::Array(_) | Bson::RegularExpression(_) | Bson::Undefined => {
            Err(Error::new(Code::InvalidIdField, format!("The '_id' value cannot be of type {}", type_name(value))))
        }
        _ => Ok(()),
    }
}

/// Checks that a document does not nest too deep.
///
/// # Errors
/// `Overflow` above [`MAX_DEPTH`] levels.
pub fn depth(doc: &Document) -> Result<()> {
    if doc.values().all(|value| shallow(value, MAX_DEPTH - 1)) {
        return Ok(());
    }
    Err(Error::new(Code::Overflow, format!("the document exceeds the maximum nesting depth of {MAX_DEPTH} levels")))
}

/// Checks the number of parts of a path that is not one of a stored document.
///
/// # Errors
/// `Overflow` above twice [`MAX_DEPTH`], which is as deep as values nest at all.
pub(crate) fn path(path: &str) -> Result<()> {
    if path.bytes().filter(|byte| *byte == b'.').count() >= 2 * MAX_DEPTH {
        return Err(Error::new(Code::Overflow, "FieldPath is too long"));
    }
    Ok(())
}

fn shallow(value: &Bson, levels: usize) -> bool {
    match value {
        Bson::Document(doc) => levels > 0 && doc.values().all(|v| shallow(v, levels - 1)),
        Bson::Array(items) => levels > 0 && items.iter().all(|v| shallow(v, levels - 1)),
        _ => true,
    }
}

/// Checks the field names in a value that an update stores at a path.
pub(crate) fn value(path: &str, value: &Bson) -> Result<()> {
    match bad_name(value) {
        None => Ok(()),
        Some(mut names) => {
            if !path.is_empty() {
                names.push(path.to_owned());
            }
            Err(refusal(names))
        }
    }
}

fn names(doc: &Document) -> Result<()> {
    match bad_field(doc) {
        None => Ok(()),
        Some(names) => Err(refusal(names)),
    }
}

/// The name that cannot be stored, and after it those of what it is in.
fn bad_name(value: &Bson) -> Option<Vec<String>> {
    match value {
        Bson::Document(doc) => bad_field(doc),
        Bson::Array(items) => items.iter().enumerate().find_map(|(i, item)| within(&i.to_string(), item)),
        _ => None,
    }
}

fn bad_field(doc: &Document) -> Option<Vec<String>> {
    doc.iter().find_map(|(name, value)| {
        let dollar = name.starts_with('$') && !matches!(name.as_str(), "$ref" | "$id" | "$db");
        if dollar || name.contains('.') { Some(vec![name.clone()]) } else { within(name, value) }
    })
}

fn within(name: &str, value: &Bson) -> Option<Vec<String>> {
    let mut names = bad_name(value)?;
    names.push(name.to_owned());
    Some(names)
}

fn refusal(mut names: Vec<String>) -> Error {
    let name = names.first().cloned().unwrap_or_default();
    names.reverse();
    let path = names.join(".");
    if name.starts_with('$') {
        let message = format!("The dollar ($) prefixed field '{name}' in '{path}' is not valid for storage.");
        return Error::new(Code::DollarPrefixedFieldName, message);
    }
    Error::new(Code::DottedFieldName, format!("The dotted field '{name}' in '{path}' is not valid for storage."))
}

/// MongoDB's name of a value's type, as messages and `$type` use it.
pub fn type_name(value: &Bson) -> &'static str {
    match value {
        Bson::Double(_) => "double",
        Bson::String(_) => "string",
        Bson::Array(_) => "array",
        Bson::Document(_) => "object",
        Bson::Boolean(_) => "bool",
        Bson::Null => "null",
        Bson::RegularExpression(_) => "regex",
        Bson::JavaScriptCode(_) => "javascript",
        Bson::JavaScriptCodeWithScope(_) => "javascriptWithScope",
        Bson::Int32(_) => "int",
        Bson::Int64(_) => "long",
        Bson::Timestamp(_) => "timestamp",
        Bson::Binary(_) => "binData",
        Bson::ObjectId(_) => "objectId",
        Bson::DateTime(_) => "date",
        Bson::Symbol(_) => "symbol",
        Bson::Decimal128(_) => "decimal",
        Bson::Undefined => "undefined",
        Bson::MaxKey => "maxKey",
        Bson::MinKey => "minKey",
        Bson::DbPointer(_) => "dbPointer",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn names_and_ids() {
        assert!(document(&doc! {"_id": "x", "id": 1, "a": [{"b": {"c": 1}}]}).is_ok());
        assert_eq!(document(&doc! {"a": {"$b": 1}}).unwrap_err().code(), Code::DollarPrefixedFieldName);
        assert_eq!(document(&doc! {"a": [{"$b": 1}]}).unwrap_err().code(), Code::DollarPrefixedFieldName);
        assert_eq!(document(&doc! {"a.b": 1}).unwrap_err().code(), Code::DottedFieldName);
        assert_eq!(document(&doc! {"_id": [1]}).unwrap_err().code(), Code::InvalidIdField);
        let error = value("x.y", &Bson::Array(vec![Bson::Null, doc! {"a": {"$b": 1}}.into()])).unwrap_err();
        assert_eq!(error.message(), "The dollar ($) prefixed field '$b' in 'x.y.1.a.$b' is not valid for storage.");
    }

    #[test]
    fn depth_and_size() {
        let nested = |levels: usize| (1..levels).fold(doc! {"x": 1}, |inner, _| doc! {"x": inner});
        assert!(document(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(document(&nested(MAX_DEPTH + 1)).unwrap_err().code(), Code::Overflow);
        assert!(size(MAX_SIZE).is_ok());
        assert!(size(MAX_SIZE + 1).is_err());
    }
}
