//! The documents of a collection.

use std::sync::Arc;

use bytes::Bytes;
use sdk_plugin::Result;

use crate::database::Database;
use crate::layout::{Part, Range};
use crate::session::Snapshot;
use crate::write::{Expect, Then, Write, Written};

/// The documents of one collection.
#[derive(Clone)]
pub struct Records {
    /// The database.
    pub database: Arc<Database>,
    /// The collection's name, which is its table's too.
    pub collection: Arc<str>,
    /// What is read: the present, or what was at some moment.
    pub snapshot: Option<Snapshot>,
}

impl Records {
    /// The documents of a collection, now.
    pub fn open(database: Arc<Database>, collection: &str) -> Self {
        Self { database, collection: collection.into(), snapshot: None }
    }

    /// The document of a record.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(self.get_all(&[key]).await?.pop())
    }

    /// The documents of several records, in the order of the keys; those that are not there are left out.
    pub async fn get_all(&self, keys: &[&str]) -> Result<Vec<Bytes>> {
        self.database.get(&self.collection, keys, self.snapshot.as_ref()).await
    }

    /// The documents of a part of the collection, in the order of their keys or in the reverse order.
    pub async fn page(&self, part: &Part<'_>) -> Result<Vec<Bytes>> {
        self.database.scan(&self.collection, part, self.snapshot.as_ref()).await
    }

    /// How many documents there are.
    pub async fn count(&self) -> Result<u64> {
        self.database.count(&self.collection, &Range::ALL, self.snapshot.as_ref()).await
    }

    /// The write that makes a document, changes it, or removes it.
    pub fn change(&self, key: &str, before: Option<&Bytes>, after: Option<&Bytes>) -> Write {
        Write {
            table: self.collection.clone(),
            key: key.to_owned(),
            expect: before.map_or(Expect::Absent, |before| Expect::Is(before.clone())),
            then: after.map_or(Then::Remove, |after| Then::Put(after.clone())),
        }
    }

    /// Makes changes; false, and makes none, when a document is not as it was expected to be.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn write(&self, writes: &[Write]) -> Result<bool> {
        Ok(self.database.write(writes).await? == Written::All)
    }
}
