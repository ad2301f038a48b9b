//! Dotted names as documents in documents.

use bson::{Bson, Document};
use mql::check::MAX_DEPTH;

/// A value whose keys have no `.` any more.
///
/// # Errors
/// When two keys lead to the same place, or a name to a place too deep.
pub fn value(value: Bson) -> Result<Bson, String> {
    Ok(match value {
        Bson::Document(document) => {
            let mut nested = Document::new();
            for (key, inner) in document {
                put(&mut nested, &key, self::value(inner)?)?;
            }
            Bson::Document(nested)
        }
        Bson::Array(items) => Bson::Array(items.into_iter().map(self::value).collect::<Result<_, _>>()?),
        other => other,
    })
}

/// Puts a value where a dotted name leads to.
///
/// # Errors
/// When something is there, or the place is too deep.
pub fn put(document: &mut Document, path: &str, value: Bson) -> Result<(), String> {
    let twice = || format!("the key `{path}` is there twice");
    if path.split('.').count() > MAX_DEPTH {
        return Err(format!("the key `{}…` leads too deep", path.chars().take(20).collect::<String>()));
    }
    let mut place = document;
    let mut rest = path;
    while let Some((first, others)) = rest.split_once('.') {
        let inner = place.entry(first.to_owned()).or_insert_with(|| Bson::Document(Document::new()));
        place = inner.as_document_mut().ok_or_else(twice)?;
        rest = others;
    }
    if place.contains_key(rest) {
        return Err(twice());
    }
    place.insert(rest, value);
    Ok(())
}
