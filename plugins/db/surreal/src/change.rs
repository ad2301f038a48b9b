//! Changing documents, each of them atomically.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, Document};
use bytes::Bytes;
use mql::{Filter, Matched};
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::{Error, Result, codes};

use crate::command::Update;
use crate::error::language;
use crate::find::{self, Query};
use crate::insert::{self, New};
use crate::layout;
use crate::locks::{Lock, Locks, Name};
use crate::output::Merging;
use crate::records::{Records, Stored, Version};
use crate::scan::{Match, decode, encode};
use crate::write::{Expect, Write};

/// How often a change is tried again after others changed the document at the same time.
pub const MAX_TRIES: u32 = 100;
/// How often an upsert looks again after others inserted what it was about to insert.
const MAX_UPSERTS: u32 = 5;

/// The collection that is changed.
pub struct Target {
    /// Its documents.
    pub records: Records,
    /// Who changes what.
    pub locks: Locks,
}

/// What is done to a document.
pub enum Change {
    /// It is changed.
    Update(Update),
    /// It becomes what a `$merge` makes of it.
    Merge(Merging),
    /// It is removed.
    Delete,
}

/// A document that was changed.
pub struct Changed {
    /// What it was.
    pub before: Bytes,
    /// What it is now; what it was when it was removed.
    pub after: Bytes,
    /// Whether there is a difference.
    pub modified: bool,
}

/// What became of an update.
#[derive(Default)]
pub struct Outcome {
    /// How many documents matched.
    pub matched: u64,
    /// How many of them are different now.
    pub modified: u64,
    /// The `_id` and content of the document that was inserted because none matched.
    pub upserted: Option<(Bson, Bytes)>,
}

impl Outcome {
    /// What became of an update of at most one document.
    pub fn of_one(changed: Option<&Changed>, upserted: Option<(Bson, Bytes)>) -> Self {
        Self { matched: u64::from(changed.is_some()), modified: u64::from(changed.is_some_and(|changed| changed.modified)), upserted }
    }
}

impl Target {
    fn name(&self, table: &Arc<str>, key: &str) -> Name {
        Name { space: self.records.database.space.clone(), table: table.clone(), key: key.to_owned() }
    }

    /// Waits until nobody else changes a document.
    ///
    /// # Errors
    /// None that a caller can do something about.
    pub async fn lock(&self, key: &str) -> Result<Lock> {
        Ok(self.locks.wait(self.name(&self.records.collection.table, key)).await?.0)
    }

    /// Waits until nobody else changes the entries that must not be there.
    ///
    /// # Errors
    /// None that a caller can do something about.
    pub async fn lock_entries(&self, records: &Records, writes: &[Write]) -> Result<Vec<Lock>> {
        let unique = |write: &&Write| write.expect == Expect::Absent && write.table != records.collection.table;
        let names: BTreeSet<Name> = writes.iter().filter(unique).map(|write| self.name(&write.table, &write.key)).collect();
        let mut locks = Vec::with_capacity(names.len());
        for name in names {
            locks.push(self.locks.wait(name).await?.0);
        }
        Ok(locks)
    }

    /// Changes the first document of a query, if there is one.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it cannot be changed so; `Conflict` when others change it all the time.
    pub async fn first(&self, query: &Query, change: &Change) -> Result<Option<Changed>> {
        for _ in 0..MAX_TRIES {
            let Some(found) = find::find(&self.records, query).await?.into_iter().next() else {
                return Ok(None);
            };
            if let Some(changed) = self.one(&query.filter, found, change).await? {
                return Ok(Some(changed));
            }
            // It was removed, or does not match any more: there may be another one.
        }
        Err(contended())
    }

    /// Changes every document that a filter matches, one after another.
    ///
    /// # Errors
    /// As [`first`](Self::first), for the first document with an error; those before it stay changed.
    pub async fn all(&self, query: &Query, change: &Change) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut scan = find::open(&self.records, query).await?.once();
        while let Some(page) = scan.next().await? {
            for found in page {
                if let Some(changed) = self.one(&query.filter, found, change).await? {
                    outcome.matched += 1;
                    outcome.modified += u64::from(changed.modified);
                }
            }
        }
        Ok(outcome)
    }

    /// Changes a document as it is now; `None` when it does not match any more.
    async fn one(&self, filter: &Filter, found: Match, change: &Change) -> Result<Option<Changed>> {
        let key = layout::key_of(&found.bytes)?;
        let (_lock, waited) = self.locks.wait(self.name(&self.records.collection.table, &key)).await?;
        // Whoever had to wait finds a document that has changed.
        let mut current = Some(found).filter(|_| !waited);
        let mut records = self.records.clone();
        for tries in 0..MAX_TRIES {
            let bytes = match current.take() {
                Some(found) => found.bytes,
                None => match records.get(&key).await? {
                    Some(bytes) => bytes,
                    None => return Ok(None),
                },
            };
            let document = decode(&bytes)?;
            let Some(matched) = filter.test(&document, &Document::new()).map_err(language)? else {
                return Ok(None);
            };
            let before = Version { bytes: &bytes, document: &document };
            let (after, changed) = match change {
                Change::Delete => (bytes.clone(), None),
                Change::Update(update) => {
                    let changed = updated(document.clone(), update, matched)?;
                    (encode(&changed)?, Some(changed))
                }
                Change::Merge(merge) => match merge.with(&document)? {
                    None => (bytes.clone(), Some(document.clone())),
                    Some(changed) => (encode(&changed)?, Some(changed)),
                },
            };
            if changed.is_some() && after == bytes {
                return Ok(Some(Changed { modified: false, before: bytes, after }));
            }
            let version = changed.as_ref().map(|document| Version { bytes: &after, document });
            let writes = records.changes(&key, Some(before), version)?;
            let _entries = self.lock_entries(&records, &writes).await?;
            match records.write(&writes).await? {
                Stored::Done => return Ok(Some(Changed { modified: true, before: bytes, after })),
                Stored::Changed => {}
                Stored::Duplicate(number) => return Err(insert::duplicate(&records, number, &changed.unwrap_or_default())),
                Stored::Redefined => records = records.reopen().await?,
            }
            tokio::time::sleep(Duration::from_micros(100 * u64::from(tries.min(50)))).await;
        }
        Err(contended())
    }

    /// Changes the first document of a query, or inserts one if none matches.
    ///
    /// # Errors
    /// As [`first`](Self::first); `DuplicateKey` when the new document's `_id` is taken.
    pub async fn upsert(&self, query: &Query, change: &Change) -> Result<(Option<Changed>, Option<(Bson, Bytes)>)> {
        let mut tries = 0;
        loop {
            if let Some(changed) = self.first(query, change).await? {
                return Ok((Some(changed), None));
            }
            match self.insert(&query.filter, change).await {
                Err(error) if error.code() == DUPLICATE_KEY && tries < MAX_UPSERTS => tries += 1,
                inserted => return Ok((None, Some(inserted?))),
            }
        }
    }

    /// Inserts the document that an upsert makes of its filter.
    ///
    /// # Errors
    /// As [`upsert`](Self::upsert).
    async fn insert(&self, filter: &Filter, change: &Change) -> Result<(Bson, Bytes)> {
        let new = upserted(filter, change)?;
        insert::one(self, &new).await?;
        Ok((new.id, new.bytes))
    }
}

/// The document that an upsert makes of its filter.
///
/// # Errors
/// `InvalidParams.Format` when it cannot make one.
pub fn upserted(filter: &Filter, change: &Change) -> Result<New> {
    let document = match change {
        Change::Update(Update::Operators(update)) => update.upsert(filter).map_err(language)?,
        Change::Update(Update::Replacement(replacement)) => replacement.upsert(filter).map_err(language)?,
        Change::Delete | Change::Merge(_) => return Err(Error::internal("this change inserts nothing")),
    };
    New::of(document)
}

/// A document after an update.
///
/// # Errors
/// `InvalidParams.Format` when it cannot be updated so.
pub fn updated(mut document: Document, update: &Update, matched: Matched) -> Result<Document> {
    match update {
        Update::Operators(update) => {
            update.apply_matched(&mut document, matched).map_err(language)?;
            Ok(document)
        }
        Update::Replacement(replacement) => {
            let id = document.get("_id").ok_or_else(|| Error::internal("a stored document has no _id"))?;
            replacement.apply(id).map_err(language)
        }
    }
}

/// That others change the document all the time.
pub fn contended() -> Error {
    Error::new(codes::CONFLICT, "the document was changed by others at the same time").retryable()
}
