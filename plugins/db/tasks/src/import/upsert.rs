//! Upsert mode: a document whose `_id` is there replaces the one that has it, others are inserted.
//! A value of a unique index that is taken ends the import at once.
//!
//! The order of the file is kept. Documents are inserted in bulk until one conflicts; from there on
//! they are replaced one by one, until some in a row turn out to be new.

use bson::{Bson, doc};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::contract::db::operations::DUPLICATE_KEY_NUMBER;
use sdk_plugin::{Error, Result, codes};
use serde_json::value::RawValue;

use crate::code::{DUPLICATE_KEY_ERROR, in_line};
use crate::control::Control;
use crate::database::Database;
use crate::extended;

use super::batch::{Entry, bytes};

/// After so many new documents in a row, the next are inserted in bulk.
const NEW_IN_A_ROW: usize = 8;

/// Replaces or inserts a batch.
///
/// # Errors
/// `DUPLICATE_KEY_ERROR`, `INVALID_FILE_FORMAT` for a document that the database does not take, or
/// what the database answers.
pub async fn batch<C: Calls>(database: &Database<C>, collection: &str, batch: &[Entry], control: &Control) -> Result<()> {
    let mut place = 0;
    while let Some(rest) = batch.get(place..).filter(|rest| !rest.is_empty()) {
        place += in_bulk(database, collection, rest, control).await?;
        let mut new = 0;
        while let Some(entry) = batch.get(place).filter(|_| new < NEW_IN_A_ROW) {
            control.check()?;
            let inserted = one(database, collection, entry).await?;
            control.succeeded(1);
            new = if inserted { new + 1 } else { 0 };
            place += 1;
        }
    }
    Ok(())
}

/// Inserts documents up to the first that is there; says how many.
async fn in_bulk<C: Calls>(database: &Database<C>, collection: &str, entries: &[Entry], control: &Control) -> Result<usize> {
    let (_, loaded) = database.load(collection, bytes(entries), true).await?;
    let Some(error) = loaded.write_errors.first() else {
        control.succeeded(entries.len() as u64);
        return Ok(entries.len());
    };
    let place = usize::try_from(error.index).unwrap_or(usize::MAX);
    let entry = entries.get(place).ok_or_else(|| Error::internal("the database refused a document that it was not given"))?;
    control.succeeded(error.index);
    if error.code == DUPLICATE_KEY_NUMBER { Ok(place) } else { Err(in_line(entry.line, &error.errmsg)) }
}

/// Replaces or inserts one document; says whether it was inserted.
async fn one<C: Calls>(database: &Database<C>, collection: &str, entry: &Entry) -> Result<bool> {
    let id = entry.document.get("_id").cloned().unwrap_or(Bson::Null);
    // An `_id` that is a document must not be taken for operators.
    let (filter, document) = (raw(&doc! {"_id": {"$eq": id}})?, raw(&entry.document)?);
    database.upsert(collection, &filter, &document).await.map_err(|error| match error.code() {
        DUPLICATE_KEY => Error::new(DUPLICATE_KEY_ERROR, format!("line {}: {}", entry.line, error.message())),
        codes::INVALID_PARAMS => in_line(entry.line, error.message()),
        _ => error,
    })
}

fn raw(document: &bson::Document) -> Result<Box<RawValue>> {
    let mut text = Vec::new();
    extended::document(document, &mut text);
    RawValue::from_string(String::from_utf8(text).map_err(Error::internal)?).map_err(Error::internal)
}
