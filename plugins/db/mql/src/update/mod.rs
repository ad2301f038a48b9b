//! Updates: operators that change fields, and whole replacements.

mod apply;
mod array;
mod parse;
mod place;

use bson::{Bson, Document};

use crate::check;
use crate::error::{Code, Error, Result};
use crate::filter::ElementFilter;
use crate::path::Path;
use array::Push;

pub(crate) use place::set_path;

/// A parsed update: `$set $unset $inc $mul $min $max $rename $setOnInsert $currentDate`,
/// `$push $addToSet $pop $pull $pullAll` with their modifiers, and `$bit`.
#[derive(Clone, Debug)]
pub struct Update {
    /// In the order of their paths, which is the order in which new fields are added.
    changes: Vec<(Path, Change)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(Bson),
    SetOnInsert(Bson),
    Unset,
    Increment(Bson),
    Multiply(Bson),
    Minimum(Bson),
    Maximum(Bson),
    RenameTo(Path),
    CurrentDate { timestamp: bool },
    Push(Push),
    AddToSet(Vec<Bson>),
    Pop { first: bool },
    Pull(ElementFilter),
    PullAll(Vec<Bson>),
    Bit(Vec<(BitOperation, Bson)>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum BitOperation {
    And,
    Or,
    Xor,
}

impl Update {
    /// Parses an update.
    ///
    /// # Errors
    /// As MongoDB: `FailedToParse` for unknown operators and for a document without any,
    /// `ConflictingUpdateOperators` when two touch the same path, `EmptyFieldName`,
    /// `DollarPrefixedFieldName`, `TypeMismatch`, `BadValue`; `CommandNotSupported` for positional
    /// operators, which are not there yet.
    pub fn parse(update: &Document) -> Result<Self> {
        Ok(Self { changes: parse::update(update)? })
    }

    /// Whether a document is an update of operators rather than a replacement.
    pub fn is_operators(update: &Document) -> bool {
        update.keys().next().is_some_and(|key| key.starts_with('$'))
    }

    /// Changes a document. After an error the document is unusable.
    ///
    /// # Errors
    /// `ImmutableField` when `_id` would change; `PathNotViable`, `TypeMismatch` and `BadValue`
    /// when a value cannot be changed so; `Overflow` when the result is nested too deep.
    pub fn apply(&self, doc: &mut Document) -> Result<()> {
        self.change(doc, false)
    }

    /// Changes the document that an upsert inserts, `$setOnInsert` included. It comes from
    /// [`Filter::equalities`](crate::Filter::equalities).
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn apply_on_insert(&self, doc: &mut Document) -> Result<()> {
        self.change(doc, true)
    }

    fn change(&self, doc: &mut Document, inserting: bool) -> Result<()> {
        let id = doc.get("_id").cloned();
        apply::all(&self.changes, doc, inserting)?;
        if let Some(id) = id
            && !doc.get("_id").is_some_and(|new| crate::equal(new, &id))
        {
            return Err(Error::new(Code::ImmutableField, "Performing an update on the path '_id' would modify the immutable field '_id'"));
        }
        check::depth(doc)
    }
}

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

    /// The new document; it keeps the `_id` of the old one.
    ///
    /// # Errors
    /// `ImmutableField` when the replacement has another `_id`.
    pub fn apply(&self, id: &Bson) -> Result<Document> {
        if let Some(new) = self.doc.get("_id")
            && !crate::equal(new, id)
        {
            return Err(Error::new(
                Code::ImmutableField,
                "After applying the update, the (immutable) field '_id' was found to have been altered",
            ));
        }
        let mut doc = Document::new();
        doc.insert("_id", id.clone());
        doc.extend(self.doc.iter().filter(|(key, _)| *key != "_id").map(|(key, value)| (key.clone(), value.clone())));
        Ok(doc)
    }

    /// The document that an upsert inserts, with the `_id` that the filter asks for, if any.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn for_insert(&self, equalities: &Document) -> Result<Document> {
        match equalities.get("_id") {
            Some(id) => self.apply(id),
            None => Ok(self.doc.clone()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
