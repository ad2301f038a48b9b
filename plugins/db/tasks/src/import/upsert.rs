//! Upsert mode: a document whose `_id` is there replaces the one that has it, others are inserted.
//! A value of a unique index that is taken ends the import.
//!
//! Documents are inserted in bulk until one conflicts; from there on each replaces what has its
//! `_id`, until some in a row turn out to be new. Of two documents with the same `_id` the later
//! one counts. Where a document may take a value of a unique index that one before it sets free,
//! the order of the file is kept, and they are replaced one by one. Elsewhere that order shows
//! nowhere, and a few are replaced at once.

use bson::{Bson, doc};
use futures_util::future::join_all;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::contract::db::operations::{DUPLICATE_KEY_NUMBER, NAMESPACE_NOT_FOUND};
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::code::{DUPLICATE_KEY_ERROR, in_line};
use crate::control::Control;
use crate::database::Database;
use crate::extended;

use super::batch::{Entry, bytes};

/// After so many new documents in a row, the next are inserted in bulk.
const NEW_IN_A_ROW: usize = 8;
/// How many documents are replaced at once.
pub const AT_ONCE: usize = 16;

/// Writes batches.
pub struct Upsert<'a, C> {
    database: &'a Database<C>,
    collection: &'a str,
    control: &'a Control,
    /// How many documents may be replaced at once.
    at_once: usize,
}

impl<'a, C: Calls> Upsert<'a, C> {
    /// Looks which order a collection needs. A unique index that is made while the import runs does
    /// not change it.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn new(database: &'a Database<C>, collection: &'a str, control: &'a Control) -> Result<Self> {
        let at_once = if has_unique_index(database, collection).await? { 1 } else { AT_ONCE };
        Ok(Self { database, collection, control, at_once })
    }

    /// Replaces or inserts a batch.
    ///
    /// # Errors
    /// `DUPLICATE_KEY_ERROR`, `INVALID_FILE_FORMAT` for a document that the database does not take,
    /// or what the database answers. What comes before that document is stored then; of what comes
    /// after it, those that were written at the same time.
    pub async fn batch(&self, batch: &[Entry]) -> Result<()> {
        let mut place = 0;
        while let Some(rest) = batch.get(place..).filter(|rest| !rest.is_empty()) {
            place += self.in_bulk(rest).await?;
            let mut new = 0;
            while let Some(rest) = batch.get(place..).filter(|rest| !rest.is_empty() && new < NEW_IN_A_ROW) {
                self.control.check()?;
                let entries = distinct(rest, self.at_once);
                place += entries.len();
                // Every call ends before an error is told, so that what is counted is what is stored.
                let done = join_all(entries.iter().map(|entry| self.one(entry))).await;
                self.control.succeeded(done.iter().filter(|done| done.is_ok()).count() as u64);
                for inserted in done {
                    new = if inserted? { new + 1 } else { 0 };
                }
            }
        }
        Ok(())
    }

    /// Inserts documents up to the first that is there; says how many.
    async fn in_bulk(&self, entries: &[Entry]) -> Result<usize> {
        let (_, loaded) = self.database.load(self.collection, bytes(entries), true).await?;
        let Some(error) = loaded.write_errors.first() else {
            self.control.succeeded(entries.len() as u64);
            return Ok(entries.len());
        };
        let place = usize::try_from(error.index).unwrap_or(usize::MAX);
        let entry = entries.get(place).ok_or_else(|| Error::internal("the database refused a document that it was not given"))?;
        self.control.succeeded(error.index);
        if error.code == DUPLICATE_KEY_NUMBER { Ok(place) } else { Err(in_line(entry.line, &error.errmsg)) }
    }

    /// Replaces or inserts one document; says whether it was inserted.
    async fn one(&self, entry: &Entry) -> Result<bool> {
        // An `_id` that is a document must not be taken for operators.
        let (filter, document) = (raw(&doc! {"_id": {"$eq": entry.id().clone()}})?, raw(&entry.document)?);
        self.database.upsert(self.collection, &filter, &document).await.map_err(|error| match error.code() {
            DUPLICATE_KEY => Error::new(DUPLICATE_KEY_ERROR, format!("line {}: {}", entry.line, error.message())),
            codes::INVALID_PARAMS => in_line(entry.line, error.message()),
            _ => error,
        })
    }
}

async fn has_unique_index<C: Calls>(database: &Database<C>, collection: &str) -> Result<bool> {
    #[derive(Deserialize)]
    struct Index {
        #[serde(default)]
        unique: bool,
    }
    let indexes = match database.indexes(collection).await {
        Err(error) if error.code() == NAMESPACE_NOT_FOUND => return Ok(false),
        indexes => indexes?,
    };
    let indexes: Vec<Index> =
        indexes.iter().map(|index| serde_json::from_str(index.get())).collect::<Result<_, _>>().map_err(Error::internal)?;
    // That of `_id`, which every collection has, does not say so.
    Ok(indexes.iter().any(|index| index.unique))
}

/// The first entries, at most so many, of which no two have the same `_id`.
fn distinct(entries: &[Entry], most: usize) -> &[Entry] {
    let mut ids: Vec<&Bson> = Vec::with_capacity(most);
    for id in entries.iter().take(most).map(Entry::id) {
        if ids.iter().any(|other| mql::equal(other, id)) {
            break;
        }
        ids.push(id);
    }
    entries.get(..ids.len()).unwrap_or_default()
}

fn raw(document: &bson::Document) -> Result<Box<RawValue>> {
    let mut text = Vec::new();
    extended::document(document, &mut text);
    RawValue::from_string(String::from_utf8(text).map_err(Error::internal)?).map_err(Error::internal)
}
