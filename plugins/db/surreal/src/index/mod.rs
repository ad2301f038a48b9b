//! Indexes: tables whose keys are the values of documents, as [`mql::key`] writes them, and whose
//! records hold the key of the document that has the values.

mod build;
mod entries;
mod multikey;

use std::collections::BTreeSet;
use std::sync::Arc;

use bson::{Document, doc};
use bytes::Bytes;
use mql::index::IndexSpec;
use mql::json;
use sdk_plugin::{Error, Result};
use surreal_records::{Expect, Then, Write};

use crate::error::language;
use crate::layout;

pub use build::{create, resume};
pub use entries::Entries;
pub use multikey::{Multikey, MultikeyFields};

/// How much the entries of one document in one index may take, in bytes.
const MAX_ENTRIES_SIZE: usize = 32 * 1024 * 1024;

/// An index of a collection.
#[derive(Clone, Debug)]
pub struct Index {
    /// The table of its entries.
    pub table: Arc<str>,
    /// What it is made over.
    pub spec: IndexSpec,
    /// Whether it holds all documents by now.
    pub ready: bool,
    /// The fields that were arrays in some document.
    pub multikey: Arc<Multikey>,
    definition: Document,
}

impl PartialEq for Index {
    fn eq(&self, other: &Self) -> bool {
        (&self.table, self.ready, &self.definition) == (&other.table, other.ready, &other.definition)
    }
}

impl Index {
    /// A new index, of which nothing is there yet.
    pub fn new(table: &str, spec: IndexSpec, known: &MultikeyFields) -> Self {
        Self { definition: spec.document(), multikey: known.of(table), table: table.into(), spec, ready: false }
    }

    /// Reads an index of the catalog.
    ///
    /// # Errors
    /// `InternalError` when it is none.
    pub fn read(fields: &Document, known: &MultikeyFields) -> Result<Self> {
        let table = fields.get_str("table").map_err(Error::internal)?;
        let definition = fields.get_document("spec").map_err(Error::internal)?;
        let spec = IndexSpec::parse(definition).map_err(Error::internal)?;
        Ok(Self { ready: fields.get_bool("ready").map_err(Error::internal)?, ..Self::new(table, spec, known) })
    }

    /// The index as the catalog holds it.
    pub fn to_document(&self) -> Document {
        doc! {"table": &*self.table, "spec": &self.definition, "ready": self.ready}
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.spec.name()
    }

    /// Whether no two documents may have the same values.
    pub fn is_unique(&self) -> bool {
        self.spec.is_unique()
    }

    /// The keys of a document's entries.
    ///
    /// # Errors
    /// `InvalidParams.Format` when the index cannot hold the document.
    pub fn entries(&self, key: &str, document: &Document) -> Result<BTreeSet<String>> {
        let (mut entries, mut size) = (BTreeSet::new(), 0);
        for values in self.spec.encoded_keys(document).map_err(language)? {
            let mut entry = layout::text(&values);
            // Documents with the same values follow each other in the order of their `_id`s.
            if !self.is_unique() {
                entry.push_str(key);
            }
            size += entry.len();
            if size > MAX_ENTRIES_SIZE {
                let message = format!(
                    "the document has too many values for the index {}: its entries would take more than {MAX_ENTRIES_SIZE} bytes",
                    self.name()
                );
                return Err(Error::invalid_params(message).with_context("mongodb", "KeyTooLong (17280)"));
            }
            entries.insert(entry);
        }
        Ok(entries)
    }

    /// The values of a document in the index, as an error shows them.
    pub fn shown(&self, document: &Document) -> String {
        let keys = self.spec.keys(document).unwrap_or_default();
        let fields = self.spec.fields().iter().zip(keys.first().into_iter().flatten());
        let shown: Vec<String> = fields.map(|(field, value)| format!("{}: {}", field.path(), json::to_string(value))).collect();
        format!("{{ {} }}", shown.join(", "))
    }

    /// Adds what changes in the index when a document changes. What is removed comes first, so
    /// that a value can go from one document to another.
    ///
    /// # Errors
    /// `InvalidParams.Format` when the index cannot hold the document.
    pub fn changes(&self, key: &str, before: Option<&Document>, after: Option<&Document>, writes: &mut Changes) -> Result<()> {
        let entries = |document: Option<&Document>| document.map_or_else(|| Ok(BTreeSet::new()), |document| self.entries(key, document));
        let (old, new) = (entries(before)?, entries(after)?);
        let holder = Bytes::copy_from_slice(key.as_bytes());
        for entry in old.difference(&new) {
            // While the index is built the entry may not be there yet, or be another document's.
            let then = if self.is_unique() { Then::RemoveIf(holder.clone()) } else { Then::Remove };
            writes.removed.push(Write { table: self.table.clone(), key: entry.clone(), expect: Expect::Anything, then });
        }
        for entry in new.difference(&old) {
            let expect = if self.is_unique() { Expect::Absent } else { Expect::Anything };
            writes.made.push(Write { table: self.table.clone(), key: entry.clone(), expect, then: Then::Put(holder.clone()) });
        }
        if let Some(after) = after {
            self.multikey.note(self, after, &mut writes.made);
        }
        Ok(())
    }
}

/// What changes beside the documents.
#[derive(Default)]
pub struct Changes {
    /// The entries that go.
    pub removed: Vec<Write>,
    /// The entries that come.
    pub made: Vec<Write>,
}
