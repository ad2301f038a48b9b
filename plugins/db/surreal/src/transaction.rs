//! Transactions over several documents (manual 3.10.5).
//!
//! A transaction reads what the database held when it began, and what it changed itself; its
//! changes are kept here until it is committed, and then made together. What it changes is locked:
//! another transaction that changes the same fails at once, a writer outside of transactions waits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Bson, Document};
use bytes::Bytes;
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::{Error, Result, codes};

use crate::change::{Change, Changed, updated, upserted};
use crate::database::Database;
use crate::find::{self, Query};
use crate::insert::{self, New};
use crate::layout;
use crate::locks::{Lock, Locks, Name};
use crate::records::Records;
use crate::scan::{Match, decode, encode};
use crate::session::Snapshot;
use crate::write::{Write, Written};

/// How long a transaction may take, from its start to its commit.
const LIFETIME: Duration = Duration::from_secs(10);
/// How many transactions may be open in a space.
const MAX_OPEN: usize = 200;
/// How many documents a transaction may change.
const MAX_CHANGES: usize = 1000;
/// How many bytes of documents a transaction may change. MongoDB's own limit of 4.0.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The code of a transaction that met another one; starting again may help.
pub const WRITE_CONFLICT: &str = "WriteConflict";
/// The code for a transaction that has ended, or never was.
pub const NO_SUCH_TRANSACTION: &str = "NoSuchTransaction";

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
    changes: BTreeMap<Arc<str>, BTreeMap<String, Edit>>,
    locks: BTreeMap<Name, Lock>,
    size: usize,
    count: usize,
}

/// A document that the transaction changed.
struct Edit {
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

    fn records(&self, collection: &str) -> Records {
        Records { snapshot: Some(self.snapshot.clone()), ..Records::open(self.database.clone(), collection) }
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
        let records = self.records(collection);
        state.first(&records, query).await
    }

    /// Inserts a document.
    ///
    /// # Errors
    /// `NoSuchTransaction`; `DuplicateKey`; `WriteConflict`.
    pub async fn insert_one(&self, collection: &str, new: &New) -> Result<()> {
        let mut state = self.state().await?;
        let records = self.records(collection);
        self.insert(&mut state, &records, new).await
    }

    async fn insert(&self, state: &mut State, records: &Records, new: &New) -> Result<()> {
        if state.now(records, &new.key).await?.is_some() {
            return Err(insert::duplicate(&records.collection, &new.id));
        }
        self.edit(state, records, &new.key, None, Some(&new.bytes)).await
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
        let records = self.records(collection);
        let Some(found) = state.first(&records, query).await? else {
            if !upsert {
                return Ok((None, None));
            }
            let new = upserted(&query.filter, change)?;
            self.insert(&mut state, &records, &new).await?;
            return Ok((None, Some((new.id, new.bytes))));
        };
        let bytes = found.bytes.clone();
        let (key, document) = (layout::key_of(&bytes)?, found.document()?);
        let after = match change {
            Change::Delete => None,
            Change::Update(update) => Some(encode(&updated(document, update)?)?),
        };
        // What is written unchanged is locked all the same, as in MongoDB.
        self.edit(&mut state, &records, &key, Some(&bytes), after.as_ref()).await?;
        let modified = after.as_ref() != Some(&bytes);
        Ok((Some(Changed { modified, after: after.unwrap_or_else(|| bytes.clone()), before: bytes }), None))
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
    async fn edit(&self, state: &mut State, records: &Records, key: &str, before: Option<&Bytes>, after: Option<&Bytes>) -> Result<()> {
        let collection = &records.collection;
        let size = after.map_or(0, Bytes::len);
        if state.count >= MAX_CHANGES || state.size + size > MAX_BYTES {
            return Err(Error::invalid_params(format!(
                "a transaction may change at most {MAX_CHANGES} documents of together {MAX_BYTES} bytes"
            )));
        }
        let name = Name { space: self.database.space.clone(), table: collection.clone(), key: key.to_owned() };
        self.take(state, name).await?;
        if !state.changes.get(collection).is_some_and(|edits| edits.contains_key(key)) {
            let present = self.database.get(collection, &[key], None).await?.pop();
            if present.as_ref() != before {
                return Err(conflict());
            }
        }
        state.size += size;
        state.count += 1;
        let edits = state.changes.entry(collection.clone()).or_default();
        edits.entry(key.to_owned()).or_insert_with(|| Edit { before: before.cloned(), after: None }).after = after.cloned();
        Ok(())
    }

    async fn commit(&self) -> Result<()> {
        let mut state = self.state().await?;
        let mut writes: Vec<Write> = Vec::new();
        for (collection, edits) in &state.changes {
            let records = self.records(collection);
            let changed = edits.iter().filter(|(_, edit)| edit.before != edit.after);
            writes.extend(changed.map(|(key, edit)| records.change(key, edit.before.as_ref(), edit.after.as_ref())));
        }
        let written = match writes.is_empty() {
            true => Written::All,
            false => self.database.write(&writes).await?,
        };
        *state = State { ended: true, ..State::default() };
        if written == Written::All { Ok(()) } else { Err(conflict()) }
    }
}

impl State {
    /// A document as the transaction sees it.
    async fn now(&self, records: &Records, key: &str) -> Result<Option<Bytes>> {
        match self.changes.get(&records.collection).and_then(|edits| edits.get(key)) {
            Some(edit) => Ok(edit.after.clone()),
            None => records.get(key).await,
        }
    }

    /// The first document of a query as the transaction sees the collection.
    async fn first(&self, records: &Records, query: &Query) -> Result<Option<Match>> {
        let Some(edits) = self.changes.get(&records.collection) else {
            return Ok(find::find(records, query).await?.into_iter().next());
        };
        let without: BTreeSet<String> = edits.keys().cloned().collect();
        let wanted = Query { skip: 0, limit: query.skip.saturating_add(1), filter: query.filter.clone(), sort: query.sort.clone() };
        let mut found = Vec::new();
        for one in find::find_without(records, &wanted, Some(&without)).await? {
            let document = decode(&one.bytes)?;
            found.push((document, one.bytes));
        }
        for bytes in edits.values().filter_map(|edit| edit.after.as_ref()) {
            let document = decode(bytes)?;
            if query.filter.matches(&document) {
                found.push((document, bytes.clone()));
            }
        }
        let id = |document: &Document| document.get("_id").cloned().unwrap_or(Bson::Null);
        found.sort_by(|(a, _), (b, _)| {
            let by_id = mql::compare(&id(a), &id(b));
            match &query.sort {
                Some(sort) => sort.key(a).cmp(&sort.key(b)).then(by_id),
                None => by_id,
            }
        });
        let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
        Ok(found.into_iter().nth(skip).map(|(document, bytes)| Match { bytes, decoded: Some(document) }))
    }
}

fn ended() -> Error {
    Error::new(NO_SUCH_TRANSACTION, "the transaction has been committed, rolled back, or was open for more than 10 seconds")
}

fn conflict() -> Error {
    let message = "WriteConflict error: this operation conflicted with another operation. Please retry the transaction.";
    Error::new(WRITE_CONFLICT, message).retryable()
}
