//! Whole documents in place of others.

use bson::{Bson, Document};

use super::Update;
use crate::check;
use crate::error::{Code, Error, Result};

/// A whole document in place of another.
#[derive(Clone, Debug)]
pub struct Replacement {
    doc: Document,
}

impl Replacement {
    /// Checks a replacement.
    ///
    /// # Errors
    /// As [`check::document`]; `FailedToParse` when it has operators.
    pub fn parse(doc: Document) -> Result<Self> {
        if Update::is_operators(&doc) {
            return Err(Error::parse("the replacement document must not contain atomic operators"));
        }
        check::document(&doc)?;
        Ok(Self { doc })
    }

    pub(super) fn document(&self) -> &Document {
        &self.doc
    }

    /// The new document; it keeps the `_id` of the old one.
    ///
    /// # Errors
    /// `ImmutableField` when the replacement has another `_id`.
    pub fn apply(&self, id: &Bson) -> Result<Document> {
        with_id(&self.doc, Some(id))
    }

    /// The document that an upsert inserts, with the `_id` that the filter asks for, if any.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn for_insert(&self, equalities: &Document) -> Result<Document> {
        with_id(&self.doc, equalities.get("_id"))
    }
}

/// A document with the `_id` that it must keep, in front.
///
/// # Errors
/// `ImmutableField` when it has another one.
pub(super) fn with_id(doc: &Document, id: Option<&Bson>) -> Result<Document> {
    let own = doc.get("_id");
    if let (Some(own), Some(id)) = (own, id)
        && !crate::equal(own, id)
    {
        let shown: String = crate::json::to_string(own).chars().take(200).collect();
        return Err(Error::new(
            Code::ImmutableField,
            format!("After applying the update, the (immutable) field '_id' was found to have been altered to _id: {shown}"),
        ));
    }
    let mut new = Document::new();
    if let Some(id) = id.or(own) {
        new.insert("_id", id.clone());
    }
    new.extend(doc.iter().filter(|(name, _)| *name != "_id").map(|(name, value)| (name.clone(), value.clone())));
    Ok(new)
}
