//! The rules of all collections: records in the reserved space, and a cache of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use serde::Deserialize;
use serde_json::json;

use super::rule::Rule;
use crate::identity::now_ms;

/// How long a rule is kept: what another node changes is seen by then.
const TIME_TO_LIVE: Duration = Duration::from_secs(5);
/// How many rules are kept. One takes some 400 bytes at most.
const MAX_CACHED: u64 = 20_000;

/// The rules of collections.
pub struct Rules {
    default: Rule,
    cache: Cache<Key, Option<Rule>>,
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

fn records<C: Calls>(calls: &C) -> Collection<C> {
    Collection::new(calls.clone(), SYSTEM_SPACE, "rules")
}

/// The `_id` of a rule. No space's id has a slash.
fn id(space: &str, collection: &str) -> String {
    format!("{space}/{collection}")
}

impl Rules {
    /// No rule but the one of all collections that have none of their own.
    pub fn new(default: Rule) -> Self {
        let cache = Cache::builder().max_capacity(MAX_CACHED).time_to_live(TIME_TO_LIVE).build();
        Self { default, cache, changes: AtomicU64::new(0) }
    }

    /// The rule of collections that have none of their own.
    pub fn default(&self) -> Rule {
        self.default
    }

    /// The rule of a collection. However many ask at the same time, it is read once.
    ///
    /// # Errors
    /// `ServiceUnavailable` when it cannot be read, which may pass.
    pub async fn get<C: Calls>(&self, calls: &C, space: &str, collection: &str) -> Result<Rule> {
        let key = Key { changes: self.changes.load(Ordering::SeqCst), id: id(space, collection) };
        if let Some(rule) = self.cache.get(&key).await {
            return Ok(rule.unwrap_or(self.default));
        }
        let records = records(calls);
        let record = key.id.clone();
        // Boxed, as reading goes through the router, which asks here.
        let read = Box::pin(async move {
            let record: Option<Record> = records.get(&record).await?;
            record.map(|record| Rule::parse(&record.policy)).transpose()
        });
        let read: futures_util::future::BoxFuture<'_, Result<Option<Rule>>> = read;
        let rule = self.cache.try_get_with(key, read).await.map_err(|error: Arc<Error>| {
            Error::new(codes::UNAVAILABLE, "the rules of the collection cannot be read now").retryable().with_source(error)
        })?;
        Ok(rule.unwrap_or(self.default))
    }

    /// The text of a collection's rule as it was set; none when it has none of its own.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn text<C: Calls>(&self, calls: &C, space: &str, collection: &str) -> Result<Option<String>> {
        let record: Option<Record> = records(calls).get(&id(space, collection)).await?;
        Ok(record.map(|record| record.policy))
    }

    /// Sets the rule of a collection. On this node it holds when this ends.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn set<C: Calls>(&self, calls: &C, space: &str, collection: &str, text: &str) -> Result<()> {
        let _changing = Changing(&self.changes);
        let set = json!({"$set": {"space": space, "collection": collection, "policy": text, "updatedAt": now_ms()}});
        records(calls).upsert(json!({"_id": id(space, collection)}), set).await
    }

    /// Removes the rule of a collection.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove<C: Calls>(&self, calls: &C, space: &str, collection: &str) -> Result<()> {
        let _changing = Changing(&self.changes);
        records(calls).delete(json!({"_id": id(space, collection)})).await.map(drop)
    }

    /// Moves the rule of a collection that has another name now. What had that name before is gone.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn rename<C: Calls>(&self, calls: &C, space: &str, collection: &str, to: &str) -> Result<()> {
        match self.text(calls, space, collection).await? {
            Some(text) => self.set(calls, space, to, &text).await?,
            None => self.remove(calls, space, to).await?,
        }
        self.remove(calls, space, collection).await
    }

    /// Removes all rules of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space<C: Calls>(&self, calls: &C, space: &str) -> Result<()> {
        let _changing = Changing(&self.changes);
        records(calls).delete(json!({"space": space})).await.map(drop)
    }
}
