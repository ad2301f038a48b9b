//! Making indexes over the documents that are there.
//!
//! The catalog gets the index first, not yet ready: from then on every write keeps it up to date.
//! Once nobody writes any more who began without it, the documents are gone through, and those
//! that have no entries get them. A build that was cut off begins again when the collection is
//! used next, or when the index is asked for again.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mql::index::IndexSpec;
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::contract::db::operations::INDEX_OPTIONS_CONFLICT;
use sdk_plugin::{Error, Result, codes};
use surreal_records::{Expect, Then, Write, Written};

use super::{Changes, Index};

use crate::change::Target;
use crate::database::{Collection, Database};
use crate::error::language;
use crate::insert;
use crate::layout::{self, Part, Range};
use crate::locks::Locks;
use crate::records::Records;
use crate::scan::decode;

/// How many documents get their entries together.
const BATCH: u64 = 256;
/// How long to wait before looking again whether somebody else has made indexes of the collection.
const TURN: Duration = Duration::from_millis(20);
/// How often a batch or document is tried again after others changed it at the same time.
const MAX_TRIES: u32 = 1000;

/// Makes indexes; those that are there already are left as they are. Answers how many there were
/// and are, `_id_` counted.
///
/// # Errors
/// `IndexOptionsConflict` when one of the same name or key is different otherwise;
/// `InvalidParams.Format` when there are 64 already, or when a document cannot be in one;
/// `DuplicateKey` when two documents have the same values of a unique one, which is not made then.
pub async fn create(database: &Arc<Database>, locks: &Locks, collection: &str, specs: Vec<IndexSpec>) -> Result<(usize, usize)> {
    let _turn = loop {
        match database.build(collection) {
            Some(turn) => break turn,
            None => tokio::time::sleep(TURN).await,
        }
    };
    let mut added = Vec::new();
    let mut count = (0, 0);
    let before = database.collection(collection).await?;
    count.0 = before.indexes.len() + 1;
    drop(before);
    let changed = database
        .redefine(collection, |definition| {
            for spec in specs {
                let existing: Vec<IndexSpec> =
                    std::iter::once(IndexSpec::id()).chain(definition.indexes.iter().map(|index| index.spec.clone())).collect();
                if spec.is_new(&existing).map_err(conflict)? {
                    let table = definition.new_table();
                    added.push(table.clone());
                    definition.indexes.push(Arc::new(Index::new(&table, spec, database.multikey())));
                }
            }
            Ok(!added.is_empty())
        })
        .await?;
    count.1 = changed.indexes.len() + 1;
    // One that somebody else began may have been cut off.
    let unready: Vec<String> = changed.indexes.iter().filter(|index| !index.ready).map(|index| index.table.to_string()).collect();
    drop(changed);
    match fill(database, locks, collection, &unready).await {
        Ok(()) => Ok(count),
        Err(error) => {
            // One that somebody else began may be finished yet.
            remove(database, collection, &added).await?;
            Err(error)
        }
    }
}

async fn remove(database: &Arc<Database>, collection: &str, tables: &[String]) -> Result<()> {
    database.drop_indexes(collection, |index| tables.iter().any(|table| **table == *index.table)).await
}

/// Finishes the indexes of a collection that were cut off. Those that the documents forbid are removed.
///
/// # Errors
/// As [`create`].
pub async fn resume(database: &Arc<Database>, locks: &Locks, collection: &str) -> Result<()> {
    let Some(_turn) = database.build(collection) else { return Ok(()) };
    let definition = database.collection(collection).await?;
    let unready: Vec<String> = definition.indexes.iter().filter(|index| !index.ready).map(|index| index.table.to_string()).collect();
    drop(definition);
    let filled = fill(database, locks, collection, &unready).await;
    if let Err(error) = &filled
        && (error.code() == DUPLICATE_KEY || error.code() == codes::INVALID_PARAMS)
    {
        let space = &*database.space;
        tracing::warn!(space, collection, %error, "an index that was cut off cannot be made, and is removed");
        remove(database, collection, &unready).await?;
    }
    filled
}

async fn fill(database: &Arc<Database>, locks: &Locks, collection: &str, tables: &[String]) -> Result<()> {
    if tables.is_empty() {
        return Ok(());
    }
    // Whoever writes without knowing of the indexes is to be done.
    let documents = database.collection(collection).await?.table.clone();
    database.settle(&[documents]).await?;
    for table in tables {
        database.make_table(table).await?;
    }
    let records = Records::open(database.clone(), collection).await?;
    let target = Target { records: records.clone(), locks: locks.clone() };
    let indexes: Vec<Arc<Index>> =
        records.collection.indexes.iter().filter(|index| tables.contains(&index.table.to_string())).cloned().collect();
    let mut range = Range::ALL;
    loop {
        tokio::task::yield_now().await;
        let page = records.page(&Part { range: &range, reverse: false, skip: 0, limit: BATCH }).await?;
        let Some(last) = page.last() else { break };
        range.start = Bound::Excluded(layout::key_of(last)?);
        if !enter(&target, &indexes, &page).await? {
            for document in &page {
                enter_one(&target, &indexes, layout::key_of(document)?).await?;
            }
        }
    }
    drop((records, target, indexes));
    let ready = |definition: &mut Collection| {
        if !tables.iter().all(|table| definition.indexes.iter().any(|index| *index.table == **table)) {
            return Err(Error::new(codes::CONFLICT, "an index was removed while it was made").retryable());
        }
        for index in &mut definition.indexes {
            if tables.contains(&index.table.to_string()) {
                *index = Arc::new(Index { ready: true, ..Index::clone(index) });
            }
        }
        Ok(true)
    };
    database.redefine(collection, ready).await?;
    Ok(())
}

/// What makes whoever else changes the document meanwhile fail. In this process locks do.
fn unchanged(records: &Records, bytes: &Bytes) -> Then {
    if records.database.is_shared() { Then::Put(bytes.clone()) } else { Then::Keep }
}

/// Enters documents, if they are as they were found and no value is taken.
async fn enter(target: &Target, indexes: &[Arc<Index>], documents: &[Bytes]) -> Result<bool> {
    let records = &target.records;
    let mut locks = Vec::with_capacity(documents.len());
    for bytes in documents {
        locks.push(target.lock(&layout::key_of(bytes)?).await?);
    }
    let mut writes = Vec::new();
    let mut changes = Changes::default();
    for bytes in documents {
        let key = layout::key_of(bytes)?;
        let document = decode(bytes)?;
        for index in indexes {
            index.changes(&key, None, Some(&document), &mut changes)?;
        }
        writes.push(Write {
            table: records.collection.table.clone(),
            key,
            expect: Expect::Is(bytes.clone()),
            then: unchanged(records, bytes),
        });
    }
    writes.extend(changes.made);
    let done = records.database.write(&writes).await? == Written::All;
    if done {
        records.stored(&writes);
    }
    Ok(done)
}

/// Enters a document as it is now.
async fn enter_one(target: &Target, indexes: &[Arc<Index>], key: String) -> Result<()> {
    let records = &target.records;
    let _lock = target.lock(&key).await?;
    for _ in 0..MAX_TRIES {
        let Some(bytes) = records.get(&key).await? else { return Ok(()) };
        let document = decode(&bytes)?;
        let mut changes = Changes::default();
        for index in indexes {
            index.changes(&key, None, Some(&document), &mut changes)?;
        }
        let mut writes = vec![Write {
            table: records.collection.table.clone(),
            key: key.clone(),
            expect: Expect::Is(bytes.clone()),
            then: unchanged(records, &bytes),
        }];
        for write in changes.made {
            if write.expect != Expect::Absent {
                writes.push(write);
                continue;
            }
            match records.database.get(&write.table, &[&write.key], None).await?.pop() {
                None => writes.push(write),
                Some(holder) if *holder == *key.as_bytes() => {}
                Some(holder) => {
                    let holder = String::from_utf8_lossy(&holder).into_owned();
                    let number = records.collection.indexes.iter().position(|index| index.table == write.table).unwrap_or_default();
                    let held = match records.get(&holder).await? {
                        Some(other) => match indexes.iter().find(|index| index.table == write.table) {
                            Some(index) => index.entries(&holder, &decode(&other)?)?.contains(&write.key),
                            None => false,
                        },
                        None => false,
                    };
                    if held {
                        return Err(insert::duplicate(records, number, &document));
                    }
                    // It is about to go: try again.
                    writes.push(write);
                }
            }
        }
        if records.database.write(&writes).await? == Written::All {
            records.stored(&writes);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err(Error::new(codes::CONFLICT, "a document was changed by others all the time while the index was made").retryable())
}

fn conflict(error: mql::Error) -> Error {
    match error.code() {
        mql::Code::IndexOptionsConflict | mql::Code::IndexKeySpecsConflict => Error::new(INDEX_OPTIONS_CONFLICT, error.message())
            .with_context("mongodb", format!("{} ({})", error.code().name(), error.code().number())),
        _ => language(error),
    }
}
