//! Rules as they are kept: records in the reserved space, and a cache of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long rules are kept: what another node changes is seen by then.
const TIME_TO_LIVE: Duration = Duration::from_secs(5);
/// What an entry takes beside its rules, in bytes at most.
const ENTRY: u32 = 400;

/// Rules that are read from their text.
pub trait Kept: Clone + Send + Sync + 'static {
    /// What they are called in messages.
    const WHAT: &'static str;

    /// Reads the text.
    ///
    /// # Errors
    /// When it says no such rules.
    fn parse(text: &str) -> Result<Self>;

    /// How many bytes they take, beside those of the value itself.
    fn weight(&self) -> u32;
}

/// Rules of one kind by their ids.
pub struct Records<R> {
    /// The collection that they are in.
    name: &'static str,
    cache: Cache<Key, Option<R>>,
    /// Counts changes. What was read before a change is not found after it, even when reading it
    /// ends later.
    changes: AtomicU64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    changes: u64,
    id: String,
}

#[derive(Deserialize)]
struct Record {
    policy: String,
}

/// Counts a change when it is dropped, whatever became of the change.
struct Changing<'c>(&'c AtomicU64);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<R: Kept> Records<R> {
    /// The records of a collection, of which so many bytes are cached.
    pub fn new(name: &'static str, max_cached: u64) -> Self {
        let weight = |_: &Key, rules: &Option<R>| ENTRY.saturating_add(rules.as_ref().map_or(0, Kept::weight));
        let cache = Cache::builder().max_capacity(max_cached).weigher(weight).time_to_live(TIME_TO_LIVE).build();
        Self { name, cache, changes: AtomicU64::new(0) }
    }

    fn records<C: Calls>(&self, calls: &C) -> Collection<C> {
        Collection::new(calls.clone(), SYSTEM_SPACE, self.name)
    }

    /// The rules with an id. However many ask at the same time, they are read once.
    ///
    /// # Errors
    /// `ServiceUnavailable` when they cannot be read, which may pass.
    pub async fn get<C: Calls>(&self, calls: &C, id: String) -> Result<Option<R>> {
        let key = Key { changes: self.changes.load(Ordering::SeqCst), id };
        if let Some(rules) = self.cache.get(&key).await {
            return Ok(rules);
        }
        let records = self.records(calls);
        let record = key.id.clone();
        // Boxed, as reading goes through the router, which asks here.
        let read = Box::pin(async move {
            let record: Option<Record> = records.get(&record).await?;
            record.map(|record| R::parse(&record.policy)).transpose()
        });
        let read: futures_util::future::BoxFuture<'_, Result<Option<R>>> = read;
        self.cache.try_get_with(key, read).await.map_err(|error: Arc<Error>| {
            Error::new(codes::UNAVAILABLE, format!("{} cannot be read now", R::WHAT)).retryable().with_source(error)
        })
    }

    /// The text with an id as it was set.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn text<C: Calls>(&self, calls: &C, id: &str) -> Result<Option<String>> {
        let record: Option<Record> = self.records(calls).get(id).await?;
        Ok(record.map(|record| record.policy))
    }

    /// Sets the fields of a record, `policy` among them, which need not exist yet. On this node
    /// the rules hold when this ends.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn set<C: Calls>(&self, calls: &C, id: &str, fields: Value) -> Result<()> {
        let _changing = Changing(&self.changes);
        self.records(calls).upsert(json!({"_id": id}), json!({"$set": fields})).await
    }

    /// Sets fields of the record that a filter matches, if there is one.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn update<C: Calls>(&self, calls: &C, filter: Value, fields: Value) -> Result<()> {
        let _changing = Changing(&self.changes);
        self.records(calls).update(filter, json!({"$set": fields})).await.map(drop)
    }

    /// Removes the records that a filter matches.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove<C: Calls>(&self, calls: &C, filter: Value) -> Result<()> {
        let _changing = Changing(&self.changes);
        self.records(calls).delete(filter).await.map(drop)
    }
}
