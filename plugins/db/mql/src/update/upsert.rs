//! The documents that upserts insert.

use bson::Document;

use super::replacement::{self, Replacement};
use super::{Update, check};
use crate::error::Result;
use crate::filter::Filter;

impl Update {
    /// The document that an upsert inserts when nothing matches its filter: what the filter says
    /// a match is equal in, changed by the update. It has no `_id` when neither says one.
    ///
    /// # Errors
    /// As [`Filter::check_upsert`], [`Filter::equalities`], [`Update::apply`] and
    /// [`check::document`].
    pub fn upsert(&self, filter: &Filter) -> Result<Document> {
        filter.check_upsert()?;
        let mut doc = filter.equalities()?;
        self.apply_on_insert(&mut doc)?;
        let doc = replacement::with_id(&doc, None)?;
        check::document(&doc)?;
        Ok(doc)
    }
}

impl Replacement {
    /// The document that an upsert inserts when nothing matches its filter: the replacement, with
    /// the `_id` that the filter asks for. It has no `_id` when neither says one.
    ///
    /// # Errors
    /// As [`Filter::check_upsert`] and [`Filter::id_equality`]; `ImmutableField` when they say different ones.
    pub fn upsert(&self, filter: &Filter) -> Result<Document> {
        filter.check_upsert()?;
        let id = filter.id_equality()?;
        if let Some(id) = id {
            check::id(id)?;
        }
        replacement::with_id(self.document(), id)
    }
}
