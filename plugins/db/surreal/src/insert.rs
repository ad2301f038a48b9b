//! Inserting documents.

use std::collections::BTreeSet;

use bson::oid::ObjectId;
use bson::{Bson, Document};
use bytes::Bytes;
use mql::{check, json};
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::{Error, Result};

use crate::change::Target;
use crate::error::language;
use crate::layout;
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
        Ok(Self { key: layout::key(&id)?, bytes: encode(&document)?, id })
    }
}

/// Stores a document.
///
/// # Errors
/// `DuplicateKey` when its `_id` is taken; otherwise what the database answers.
pub async fn one(target: &Target, new: &New) -> Result<()> {
    let _lock = target.lock(&new.key).await?;
    let write = target.records.change(&new.key, None, Some(&new.bytes));
    if target.records.write(&[write]).await? { Ok(()) } else { Err(duplicate(&target.records.collection, &new.id)) }
}

/// Stores documents. When one cannot be stored, those before it are, and unless `ordered` also
/// those after it.
///
/// # Errors
/// The first document's that cannot be stored.
pub async fn many(target: &Target, documents: &[New], ordered: bool) -> Result<()> {
    let mut rest = documents;
    let mut first_error = None;
    while !rest.is_empty() {
        let mut size = 0;
        let fits = rest.iter().take(BATCH_LIMIT).take_while(|new| {
            size += new.bytes.len();
            size <= BATCH_BYTES
        });
        let (batch, after) = rest.split_at(fits.count().max(1));
        rest = after;
        if together(target, batch).await? {
            continue;
        }
        // One of the batch cannot be stored: find out which.
        for new in batch {
            match one(target, new).await {
                Err(error) if ordered => return Err(error),
                Err(error) => drop(first_error.get_or_insert(error)),
                Ok(()) => {}
            }
        }
    }
    first_error.map_or(Ok(()), Err)
}

/// Stores all documents, or none when one of them cannot be stored.
async fn together(target: &Target, batch: &[New]) -> Result<bool> {
    // Everybody takes locks in this order.
    let keys: BTreeSet<&str> = batch.iter().map(|new| &*new.key).collect();
    let mut locks = Vec::with_capacity(keys.len());
    for key in keys {
        locks.push(target.lock(key).await?);
    }
    let writes: Vec<_> = batch.iter().map(|new| target.records.change(&new.key, None, Some(&new.bytes))).collect();
    target.records.write(&writes).await
}

/// That a document with this `_id` is there already.
pub fn duplicate(collection: &str, id: &Bson) -> Error {
    let shown = json::to_string(id);
    Error::new(DUPLICATE_KEY, format!("E11000 duplicate key error collection: {collection} index: _id_ dup key: {{ _id: {shown} }}"))
        .with_context("mongodb", "DuplicateKey (11000)")
}
