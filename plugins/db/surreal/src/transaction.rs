//! Transactions over several documents (manual 3.10.5).
//!
//! A transaction reads what the database held when it began, and what it changed itself; its
//! changes are kept here until it is committed, and then made together. What it changes is locked:
//! another transaction that changes the same fails at once, a writer outside of transactions waits.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Bson, Document};
use bytes::Bytes;
use mql::SortKey;
use sdk_plugin::contract::db::{DUPLICATE_KEY, NO_SUCH_TRANSACTION, WRITE_CONFLICT};
use sdk_plugin::{Error, Result, codes};
use surreal_records::{Expect, Snapshot, Then, Write, Written};

use crate::change::{Change, Changed, updated, upserted};
use crate::database::Database;
use crate::error::language;
use crate::find::{self, Query};
use crate::index::Changes;
use crate::insert::{self, New};
use crate::layout;
use crate::locks::{Lock, Locks, Name};
use crate::records::{Records, Version};
use crate::scan::{Match, decode, encode};

/// How long a transaction may take, from its start to its commit.
const LIFETIME: Duration = Duration::from_secs(10);
/// How many transactions may be open in a space.
const MAX_OPEN: usize = 200;
/// How many documents a transaction may change.
const MAX_CHANGES: usize = 1000;
/// How many bytes of documents a transaction may change. MongoDB's own limit of 4.0.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The open transactions of all spaces.
#[derive(Clone)]
pub struct Transactions {
    open: Arc<Mutex<HashMap<String, Arc<Transaction>>>>,
    locks: Locks,
}

/// An open transaction.
pub struct Transaction {
    database: Arc<Database>,
    snapshot: Snapshot,
    locks: Locks,
    /// Its commands run one after the other.
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: bool,
    /// What it changed, by collection and key.
    changes: BTreeMap<String, BTreeMap<String, Edit>>,
    locks: BTreeMap<Name, Lock>,
    size: usize,
    count: usize,
}

/// A document that the transaction changed.
struct Edit {
    table: Arc<str>,
    before: Option<Bytes>,
    after: Option<Bytes>,
}

impl Transactions {
    /// No transactions yet.
    pub fn new(locks: Locks) -> Self {
        Self { open: Arc::default(), locks }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Transaction>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a transaction, which is rolled back after 10 seconds. Answers its id.
    ///
    /// # Errors
    /// `Throttling.Api.Concurrency` when the space has 200 open already; otherwise what the database answers.
    pub async fn start(&self, database: Arc<Database>) -> Result<String> {
        let ends = Instant::now() + LIFETIME;
        let snapshot = database.snapshot().await?;
        let id = format!("{}{}", ObjectId::new().to_hex(), ObjectId::new().to_hex());
        let space = database.space.clone();
        let transaction = Arc::new(Transaction { database, snapshot, locks: self.locks.clone(), state: tokio::sync::Mutex::default() });
        {
            let mut open = self.open();
            if open.values().filter(|other| other.database.space == space).count() >= MAX_OPEN {
                let message = format!("the space has {MAX_OPEN} open transactions; commit or roll back some");
                return Err(Error::new(codes::THROTTLED_CONCURRENCY, message).retryable());
            }
            open.insert(id.clone(), transaction);
        }
        let (transactions, expired) = (self.clone(), id.clone());
        tokio::spawn(async move {
            tokio::time::sleep_until(ends.into()).await;
            // One that is being committed is not there any more.
            let transaction = transactions.open().remove(&expired);
            if let Some(transaction) = transaction {
                transaction.end().await;
            }
        });
        Ok(id)
    }

    /// The open transaction of a space.
    ///
    /// # Errors
    /// `NoSuchTransaction` when it has ended, or is of another space.
    pub fn get(&self, space: &str, id: &str) -> Result<Arc<Transaction>> {
        let found = self.open().get(id).filter(|found| *found.database.space == *space).cloned();
        found.ok_or_else(ended)
    }

    /// Ends a transaction, and makes its changes.
    ///
    /// # Errors
    /// `NoSuchTransaction`; `WriteConflict` when its changes cannot be made any more, of which none is made then.
    pub async fn commit(&self, space: &str, id: &str) -> Result<()> {
        let transaction = self.get(space, id)?;
        if self.open().remove(id).is_none() {
            return Err(ended());
        }
        transaction.commit().await
    }

    /// Ends a transaction without its changes.
    ///
    /// # Errors
    /// `NoSuchTransaction`.
    pub async fn abort(&self, space: &str, id: &str) -> Result<()> {
        let transaction = self.get(space, id)?;
        self.open().remove(id);
        transaction.end().await;
        Ok(())
    }

    /// Ends the transaction after an error that leaves nothing to go on with, as MongoDB does.
    ///
    /// # Errors
    /// The error.
    pub async fn ends_with<T>(&self, id: &str, outcome: Result<T>) -> Result<T> {
        if let Err(error) = &outcome
            && (error.code() == WRITE_CONFLICT || error.code() == DUPLICATE_KEY)
        {
            let transaction = self.open().remove(id);
            if let Some(transaction) = transaction {
                transaction.end().await;
            }
        }
        outcome
    }
}

impl Transaction {
    async fn end(&self) {
        let mut state = self.state.lock().await;
        *state = State { ended: true, ..State::default() };
    }

    /// A collection with its indexes as they were when the transaction began.
    async fn records(&self, collection: &str) -> Result<Records> {
        let collection = self.database.collection_at(collection, &self.snapshot).await?;
        Ok(Records { database: self.database.clone(), collection, snapshot: Some(self.snapshot.clone()) })
    }

    async fn state(&self) -> Result<tokio::sync::MutexGuard<'_, State>> {
        let state = self.state.lock().await;
        if state.ended { Err(ended()) } else { Ok(state) }
    }

    /// The first document of a query.
    ///
    /// # Errors
    /// `NoSuchTransaction`; otherwise as [`find::find`].
    pub async fn find_one(&self, collection: &str, query: &Query) -> Result<Option<Match>> {
        let state = self.state().await?;
        let records = self.records(collection).await?;
        state.first(&records, query).await
    }

    /// Inserts a document.
    ///
    /// # Errors
    /// `NoSuchTransaction`; `DuplicateKey`; `WriteConflict`.
    pub async fn insert_one(&self, collection: &str, new: &New) -> Result<()> {
        let mut state = self.state().await?;
        let records = self.records(collection).await?;
        self.insert(&mut state, &records, new).await
    }

    async fn insert(&self, state: &mut State, records: &Records, new: &New) -> Result<()> {
        if state.now(records, &new.key).await?.is_some() {
            return Err(insert::duplicate_id(&records.collection.name, &new.id));
        }
        self.edit(state, records, &new.key, None, Some(new.version())).await
    }

    /// Changes the first document of a query. Answers it, or what was inserted instead.
    ///
    /// # Errors
    /// `NoSuchTransaction`; `DuplicateKey`; `WriteConflict`; `InvalidParams.Format` when it cannot be changed so.
    pub async fn change_one(
        &self,
        collection: &str,
        query: &Query,
        change: &Change,
        upsert: bool,
    ) -> Result<(Option<Changed>, Option<(Bson, Bytes)>)> {
        let mut state = self.state().await?;
        let records = self.records(collection).await?;
        let Some(found) = state.first(&records, query).await? else {
            if !upsert {
                return Ok((None, None));
            }
            let new = upserted(&query.filter, change)?;
            self.insert(&mut state, &records, &new).await?;
            return Ok((None, Some((new.id, new.bytes))));
        };
        let (bytes, matched) = (found.bytes.clone(), found.matched());
        let (key, document) = (layout::key_of(&bytes)?, found.document()?);
        let before = Version { bytes: &bytes, document: &document };
        let changed = match change {
            Change::Delete | Change::Merge(_) => None,
            Change::Update(update) => Some(updated(document.clone(), update, matched)?),
        };
        let after = match &changed {
            Some(changed) => encode(changed)?,
            None => bytes.clone(),
        };
        let version = changed.as_ref().map(|document| Version { bytes: &after, document });
        let modified = changed.is_none() || after != bytes;
        // What is written unchanged is locked all the same, as in MongoDB.
        self.edit(&mut state, &records, &key, Some(before), version).await?;
        Ok((Some(Changed { before: bytes, after, modified }), None))
    }

    fn name(&self, table: &Arc<str>, key: &str) -> Name {
        Name { space: self.database.space.clone(), table: table.clone(), key: key.to_owned() }
    }

    async fn take(&self, state: &mut State, name: Name) -> Result<()> {
        if state.locks.contains_key(&name) {
            return Ok(());
        }
        let lock = self.locks.take(name.clone()).await?.ok_or_else(conflict)?;
        state.locks.insert(name, lock);
        Ok(())
    }

    /// Notes a change, after it is sure that nobody else has made or makes one.
    async fn edit(
        &self,
        state: &mut State,
        records: &Records,
        key: &str,
        before: Option<Version<'_>>,
        after: Option<Version<'_>>,
    ) -> Result<()> {
        let now = Records::open(self.database.clone(), &records.collection.name).await?;
        if now.collection.table != records.collection.table {
            return Err(conflict());
        }
        let collection = &now.collection;
        let size = after.map_or(0, |after| after.bytes.len());
        if state.count >= MAX_CHANGES || state.size + size > MAX_BYTES {
            return Err(Error::invalid_params(format!(
                "a transaction may change at most {MAX_CHANGES} documents of together {MAX_BYTES} bytes"
            )));
        }
        self.take(state, self.name(&collection.table, key)).await?;
        let known = state.changes.get(&collection.name).is_some_and(|edits| edits.contains_key(key));
        if !known {
            let present = self.database.get(&collection.table, &[key], None).await?.pop();
            if present.as_ref() != before.map(|before| before.bytes) {
                return Err(conflict());
            }
        }
        for (number, index) in collection.indexes.iter().enumerate().filter(|(_, index)| index.is_unique()) {
            let mut changes = Changes::default();
            index.changes(key, before.map(|v| v.document), after.map(|v| v.document), &mut changes)?;
            for write in changes.made.iter().filter(|write| write.expect == Expect::Absent) {
                self.take(state, self.name(&index.table, &write.key)).await?;
                let holder = self.database.get(&index.table, &[&write.key], None).await?.pop();
                let holder = holder.map(|holder| String::from_utf8_lossy(&holder).into_owned());
                if state.is_taken(&now, index, &write.key, key, holder.as_deref())? {
                    let empty = Document::new();
                    return Err(insert::duplicate(&now, number, after.map_or(&empty, |after| after.document)));
                }
            }
        }
        state.size += size;
        state.count += 1;
        let edits = state.changes.entry(collection.name.clone()).or_default();
        let edit = edits.entry(key.to_owned()).or_insert_with(|| Edit {
            table: collection.table.clone(),
            before: before.map(|v| v.bytes.clone()),
            after: None,
        });
        edit.after = after.map(|after| after.bytes.clone());
        Ok(())
    }

    async fn commit(&self) -> Result<()> {
        let mut state = self.state().await?;
        let mut writes: Vec<Write> = Vec::new();
        let mut touched = Vec::new();
        for (name, edits) in &state.changes {
            let records = Records::open(self.database.clone(), name).await?;
            if edits.values().any(|edit| edit.table != records.collection.table) {
                *state = State { ended: true, ..State::default() };
                return Err(conflict());
            }
            for (key, edit) in edits {
                let decoded = |bytes: &Option<Bytes>| bytes.as_ref().map(decode).transpose();
                let (before, after) = (decoded(&edit.before)?, decoded(&edit.after)?);
                let version = |bytes, document| Option::zip(bytes, document).map(|(bytes, document)| Version { bytes, document });
                let before = version(edit.before.as_ref(), before.as_ref());
                let after = version(edit.after.as_ref(), after.as_ref());
                match (before, after) {
                    (None, None) => {}
                    _ => writes.extend(records.changes(key, before, after)?),
                }
            }
            touched.push(records);
        }
        let written = match writes.is_empty() {
            true => Written::All,
            false => {
                writes.sort_by_key(|write| !removes(write));
                self.database.write(&writes).await?
            }
        };
        touched.iter().filter(|_| written == Written::All).for_each(|records| records.stored(&writes));
        *state = State { ended: true, ..State::default() };
        if written == Written::All { Ok(()) } else { Err(conflict()) }
    }
}

/// Whether a change takes something away. What is taken away goes first, so that a value of a
/// unique index may go from one document to another.
fn removes(write: &Write) -> bool {
    matches!(write.then, Then::Remove | Then::RemoveIf(_))
}

impl State {
    /// A document as the transaction sees it.
    async fn now(&self, records: &Records, key: &str) -> Result<Option<Bytes>> {
        match self.changes.get(&records.collection.name).and_then(|edits| edits.get(key)) {
            Some(edit) => Ok(edit.after.clone()),
            None => records.get(key).await,
        }
    }

    /// The first document of a query as the transaction sees the collection.
    async fn first(&self, records: &Records, query: &Query) -> Result<Option<Match>> {
        let Some(edits) = self.changes.get(&records.collection.name) else {
            return Ok(find::find(records, query).await?.into_iter().next());
        };
        let without: BTreeSet<String> = edits.keys().cloned().collect();
        let wanted = Query {
            skip: 0,
            limit: query.skip.saturating_add(1),
            filter: query.filter.clone(),
            sort: query.sort.clone(),
            hint: query.hint.clone(),
        };
        let mut found = Vec::new();
        for one in find::find_without(records, &wanted, Some(&without)).await? {
            found.push(Match { decoded: Some(decode(&one.bytes)?), whole: true, ..one });
        }
        for bytes in edits.values().filter_map(|edit| edit.after.as_ref()) {
            let document = decode(bytes)?;
            if let Some(matched) = query.filter.test(&document, &Document::new()).map_err(language)? {
                found.push(Match { bytes: bytes.clone(), decoded: Some(document), whole: true, position: matched.position });
            }
        }
        let empty = Document::new();
        let document = |one: &Match| one.decoded.clone().unwrap_or_else(|| empty.clone());
        found.sort_by_cached_key(|one| Place::of(query, &document(one)));
        let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
        Ok(found.into_iter().nth(skip))
    }

    /// Whether a document other than `key` has an entry of a unique index, as the transaction sees it.
    fn is_taken(&self, records: &Records, index: &crate::index::Index, entry: &str, key: &str, holder: Option<&str>) -> Result<bool> {
        let edits = self.changes.get(&records.collection.name);
        if let Some(holder) = holder.filter(|holder| *holder != key)
            && !edits.is_some_and(|edits| edits.contains_key(holder))
        {
            return Ok(true);
        }
        for (other, edit) in edits.into_iter().flatten().filter(|(other, _)| *other != key) {
            if let Some(after) = &edit.after
                && index.entries(other, &decode(after)?)?.contains(entry)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A document's place in the answer to a query.
struct Place {
    sort: Option<SortKey>,
    distance: f64,
    id: Bson,
}

impl Place {
    fn of(query: &Query, document: &Document) -> Self {
        let near = query.filter.near().filter(|_| query.sort.is_none());
        Self {
            sort: query.sort.as_ref().map(|sort| sort.key(document)),
            distance: near.and_then(|near| near.distance(document)).unwrap_or(0.0),
            id: document.get("_id").cloned().unwrap_or(Bson::Null),
        }
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let distance = self.distance.total_cmp(&other.distance);
        self.sort.cmp(&other.sort).then(distance).then_with(|| mql::compare(&self.id, &other.id))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Place {}

fn ended() -> Error {
    Error::new(NO_SUCH_TRANSACTION, "the transaction has been committed, rolled back, or was open for more than 10 seconds")
}

fn conflict() -> Error {
    let message = "WriteConflict error: this operation conflicted with another operation. Please retry the transaction.";
    Error::new(WRITE_CONFLICT, message).retryable()
}
