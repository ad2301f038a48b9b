//! Inserting documents.

use std::collections::BTreeSet;

use bson::oid::ObjectId;
use bson::{Bson, Document};
use bytes::Bytes;
use mql::{check, json};
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::{Error, Result, codes};

use crate::change::{MAX_TRIES, Target, contended};
use crate::error::language;
use crate::layout;
use crate::records::{Records, Stored, Version};
use crate::scan::encode;

/// How many bytes of documents go into one transaction.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How many documents go into one transaction.
const BATCH_LIMIT: usize = 500;

/// A document that is ready to be stored.
pub struct New {
    /// Its `_id`.
    pub id: Bson,
    /// The key of its record.
    pub key: String,
    /// Its BSON.
    pub bytes: Bytes,
    document: Document,
}

impl New {
    /// Checks a document and gives it an `_id` if it has none; the `_id` comes first.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it may not be stored.
    pub fn of(mut document: Document) -> Result<Self> {
        let id = document.get("_id").cloned().unwrap_or_else(|| Bson::ObjectId(ObjectId::new()));
        if document.keys().next().is_none_or(|first| first != "_id") {
            document.remove("_id");
            let mut ordered = Document::new();
            ordered.insert("_id", id.clone());
            ordered.extend(document);
            document = ordered;
        }
        check::document(&document).map_err(language)?;
        Ok(Self { key: layout::key(&id)?, bytes: encode(&document)?, id, document })
    }

    /// It as the version of a document after a change.
    pub fn version(&self) -> Version<'_> {
        Version { bytes: &self.bytes, document: &self.document }
    }
}

/// Stores a document.
///
/// # Errors
/// `DuplicateKey` when its `_id` or a value of a unique index is taken; otherwise what the database answers.
pub async fn one(target: &Target, new: &New) -> Result<()> {
    let _lock = target.lock(&new.key).await?;
    let mut records = target.records.clone();
    for _ in 0..MAX_TRIES {
        let writes = records.changes(&new.key, None, Some(new.version()))?;
        let _entries = target.lock_entries(&records, &writes).await?;
        match records.write(&writes).await? {
            Stored::Done => return Ok(()),
            Stored::Changed => return Err(duplicate_id(&records.collection.name, &new.id)),
            Stored::Duplicate(number) => return Err(duplicate(&records, number, &new.document)),
            Stored::Redefined => records = records.reopen().await?,
        }
    }
    Err(contended())
}

/// Stores documents. When one cannot be stored, those before it are, and unless `ordered` also
/// those after it.
///
/// # Errors
/// The first document's that cannot be stored.
pub async fn many(target: &Target, documents: &[New], ordered: bool) -> Result<()> {
    let documents: Vec<&New> = documents.iter().collect();
    let (_, errors) = each(target, &documents, ordered).await?;
    errors.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

/// As [`many`]; answers how many were stored, and by their places why others were not.
///
/// # Errors
/// What is not about a document: what the database answers.
pub async fn each(target: &Target, documents: &[&New], ordered: bool) -> Result<(u64, Vec<(usize, Error)>)> {
    let (mut place, mut stored, mut errors) = (0, 0, Vec::new());
    while let Some(rest) = documents.get(place..).filter(|rest| !rest.is_empty()) {
        let mut size = 0;
        let fits = rest.iter().take(BATCH_LIMIT).take_while(|new| {
            size += new.bytes.len();
            size <= BATCH_BYTES
        });
        let batch = rest.get(..fits.count().max(1)).unwrap_or(rest);
        if together(target, batch).await? {
            stored += batch.len() as u64;
            place += batch.len();
            continue;
        }
        // One of the batch cannot be stored: find out which.
        for new in batch {
            match one(target, new).await {
                Err(error) if error.code() == DUPLICATE_KEY || error.code() == codes::INVALID_PARAMS => {
                    errors.push((place, error));
                    if ordered {
                        return Ok((stored, errors));
                    }
                }
                Err(error) => return Err(error),
                Ok(()) => stored += 1,
            }
            place += 1;
        }
    }
    Ok((stored, errors))
}

/// Stores all documents, or none when one of them cannot be stored.
async fn together(target: &Target, batch: &[&New]) -> Result<bool> {
    // Everybody takes locks in this order.
    let keys: BTreeSet<&str> = batch.iter().map(|new| &*new.key).collect();
    let mut locks = Vec::with_capacity(keys.len());
    for key in keys {
        locks.push(target.lock(key).await?);
    }
    let mut writes = Vec::with_capacity(batch.len());
    for new in batch {
        match target.records.changes(&new.key, None, Some(new.version())) {
            Ok(more) => writes.extend(more),
            Err(_) => return Ok(false),
        }
    }
    let _entries = target.lock_entries(&target.records, &writes).await?;
    Ok(target.records.write(&writes).await? == Stored::Done)
}

/// That a document with this `_id` is there already.
pub fn duplicate_id(collection: &str, id: &Bson) -> Error {
    let shown = json::to_string(id);
    Error::new(DUPLICATE_KEY, format!("E11000 duplicate key error collection: {collection} index: _id_ dup key: {{ _id: {shown} }}"))
        .with_context("mongodb", "DuplicateKey (11000)")
}

/// That another document has the same values in a unique index.
pub fn duplicate(records: &Records, number: usize, document: &Document) -> Error {
    let Some(index) = records.collection.indexes.get(number) else {
        return Error::internal("an unknown index has a duplicate");
    };
    let shown = index.shown(document);
    let message = format!("E11000 duplicate key error collection: {} index: {} dup key: {shown}", records.collection.name, index.name());
    Error::new(DUPLICATE_KEY, message).with_context("mongodb", "DuplicateKey (11000)")
}
