//! The documents of a collection, with its indexes.

use std::sync::Arc;

use bson::Document;
use bytes::Bytes;
use sdk_plugin::{Error, Result};
use surreal_records::{Expect, Snapshot, Then, Write, Written};

use crate::database::{Collection, Database};
use crate::index::Changes;
use crate::layout::{Part, Range};

/// The documents of one collection.
#[derive(Clone)]
pub struct Records {
    /// The database.
    pub database: Arc<Database>,
    /// The collection as it was when the command began.
    pub collection: Arc<Collection>,
    /// What is read: the present, or what was at some moment.
    pub snapshot: Option<Snapshot>,
}

/// What came of storing a document.
#[derive(Debug, PartialEq)]
pub enum Stored {
    /// It is stored.
    Done,
    /// The record is not as it was expected to be.
    Changed,
    /// Another document has the same values in a unique index.
    Duplicate(usize),
    /// The collection is not what it was.
    Redefined,
}

/// A document before or after a change.
#[derive(Clone, Copy)]
pub struct Version<'a> {
    /// Its BSON.
    pub bytes: &'a Bytes,
    /// The same, decoded.
    pub document: &'a Document,
}

impl Records {
    /// The documents of a collection, now.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn open(database: Arc<Database>, collection: &str) -> Result<Self> {
        let collection = database.collection(collection).await?;
        Ok(Self { database, collection, snapshot: None })
    }

    /// The same collection as it is defined by now.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn reopen(&self) -> Result<Self> {
        Self::open(self.database.clone(), &self.collection.name).await
    }

    /// The document of a record.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(self.database.get(&self.collection.table, &[key], self.snapshot.as_ref()).await?.pop())
    }

    /// The documents of the first of several records, as far as they are read at once, and of how
    /// many records they are.
    pub async fn get_some(&self, keys: &[&str]) -> Result<(Vec<Bytes>, usize)> {
        self.database.get_some(&self.collection.table, keys, self.snapshot.as_ref()).await
    }

    /// A page of a part of the collection, in the order of their keys or in the reverse order.
    pub async fn page(&self, part: &Part<'_>) -> Result<Vec<Bytes>> {
        self.database.scan(&self.collection.table, part, self.snapshot.as_ref()).await
    }

    /// How many documents there are.
    pub async fn count(&self) -> Result<u64> {
        self.database.count(&self.collection.table, &Range::ALL, self.snapshot.as_ref()).await
    }

    /// The writes that change a document in its table and in all indexes. The first one is the
    /// document's own.
    ///
    /// # Errors
    /// `InvalidParams.Format` when an index cannot hold the document.
    pub fn changes(&self, key: &str, before: Option<Version<'_>>, after: Option<Version<'_>>) -> Result<Vec<Write>> {
        let expect = before.map_or(Expect::Absent, |before| Expect::Is(before.bytes.clone()));
        let then = after.map_or(Then::Remove, |after| Then::Put(after.bytes.clone()));
        let own = Write { table: self.collection.table.clone(), key: key.to_owned(), expect, then };
        let mut changes = Changes::default();
        for index in &self.collection.indexes {
            index.changes(key, before.map(|v| v.document), after.map(|v| v.document), &mut changes)?;
        }
        let mut writes = Vec::with_capacity(1 + changes.removed.len() + changes.made.len());
        writes.push(own);
        writes.append(&mut changes.removed);
        writes.append(&mut changes.made);
        if self.database.is_shared() {
            writes.push(self.collection.guard());
        }
        Ok(writes)
    }

    /// Makes changes.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn write(&self, writes: &[Write]) -> Result<Stored> {
        let unexpected = match self.database.write(writes).await? {
            Written::All => {
                self.stored(writes);
                return Ok(Stored::Done);
            }
            Written::Unexpected(number) => writes.get(number).ok_or_else(|| Error::internal("an unknown write failed"))?,
        };
        if unexpected.table == self.collection.table {
            return Ok(Stored::Changed);
        }
        if let Some(number) = self.collection.indexes.iter().position(|index| index.table == unexpected.table) {
            return Ok(Stored::Duplicate(number));
        }
        self.database.forget(&self.collection.name);
        Ok(Stored::Redefined)
    }

    /// Takes notice of changes that were made.
    pub fn stored(&self, writes: &[Write]) {
        for index in &self.collection.indexes {
            writes.iter().filter(|write| write.table == index.table).for_each(|write| index.multikey.stored(write));
        }
    }
}
