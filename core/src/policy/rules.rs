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

    /// Moves the rule of a collection that has another name now. One without a rule of its own
    /// leaves alone what was set for that name, so that to put other documents into a collection
    /// by a rename, or to hear of a rename twice, opens nothing.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn rename<C: Calls>(&self, calls: &C, space: &str, collection: &str, to: &str) -> Result<()> {
        if let Some(text) = self.text(calls, space, collection).await? {
            self.set(calls, space, to, &text).await?;
            self.remove(calls, space, collection).await?;
        }
        Ok(())
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use sdk_plugin::{Call, Reply};
    use serde_json::Value;
    use tokio::sync::Notify;

    use super::super::rule::Access;
    use super::*;

    const PRIVATE: &str = r#"{"*":"request.auth.userId==resource.auth.userId"}"#;

    /// A database with the few commands that rules need, which can fail, and wait.
    #[derive(Clone, Default)]
    struct Database(Arc<State>);

    #[derive(Default)]
    struct State {
        records: Mutex<BTreeMap<String, Value>>,
        reads: AtomicU64,
        down: std::sync::atomic::AtomicBool,
        /// Reads wait for it once they have read.
        hold: Mutex<Option<Arc<Notify>>>,
    }

    impl Calls for Database {
        async fn make(&self, call: Call) -> Result<Reply> {
            assert_eq!(call.space, SYSTEM_SPACE);
            if self.0.down.load(Ordering::SeqCst) {
                return Err(Error::new("Anything", "down"));
            }
            let params: Value = call.decode()?;
            let result = {
                let mut records = self.0.records.lock().unwrap();
                match params["command"].as_str().unwrap() {
                    "updateOne" => {
                        records.insert(params["filter"]["_id"].as_str().unwrap().to_owned(), params["update"]["$set"].clone());
                        Value::Null
                    }
                    "deleteMany" => {
                        let filter = &params["filter"];
                        records.retain(|id, record| filter["_id"] != id.as_str() && filter["space"] != record["space"]);
                        Value::Null
                    }
                    _ => {
                        self.0.reads.fetch_add(1, Ordering::SeqCst);
                        records.get(params["query"]["_id"].as_str().unwrap()).cloned().unwrap_or_default()
                    }
                }
            };
            let hold = self.0.hold.lock().unwrap().clone();
            if let Some(hold) = hold.filter(|_| params["command"] == "findOne") {
                hold.notified().await;
            }
            Reply::json(&json!({"affectedDocs": 1, "result": result}))
        }
    }

    impl Database {
        fn reads(&self) -> u64 {
            self.0.reads.load(Ordering::SeqCst)
        }
    }

    fn rules() -> Rules {
        Rules::new(Rule { read: Access::All, write: Access::Nobody })
    }

    async fn name(rules: &Rules, database: &Database, space: &str, collection: &str) -> &'static str {
        rules.get(database, space, collection).await.unwrap().name()
    }

    #[tokio::test]
    async fn a_rule_is_read_once_and_a_change_holds_at_once() {
        let (rules, database) = (rules(), Database::default());
        let asked = futures_util::future::join_all((0..20).map(|_| name(&rules, &database, "s", "c"))).await;
        assert!(asked.iter().all(|name| *name == "ADMINWRITEONLY"));
        assert_eq!(database.reads(), 1, "and however many ask at once");
        rules.set(&database, "s", "c", PRIVATE).await.unwrap();
        assert_eq!(name(&rules, &database, "s", "c").await, "PRIVATE");
        assert_eq!(name(&rules, &database, "s", "c").await, "PRIVATE");
        assert_eq!(database.reads(), 2);
        assert_eq!(name(&rules, &database, "other", "c").await, "ADMINWRITEONLY");
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept() {
        let (rules, database) = (Arc::new(rules()), Database::default());
        let hold = Arc::new(Notify::new());
        *database.0.hold.lock().unwrap() = Some(hold.clone());
        let reading = tokio::spawn({
            let (rules, database) = (rules.clone(), database.clone());
            async move { name(&rules, &database, "s", "c").await }
        });
        while database.reads() == 0 {
            tokio::task::yield_now().await;
        }
        rules.set(&database, "s", "c", PRIVATE).await.unwrap();
        *database.0.hold.lock().unwrap() = None;
        hold.notify_one();
        assert_eq!(reading.await.unwrap(), "ADMINWRITEONLY", "it was asked before");
        assert_eq!(name(&rules, &database, "s", "c").await, "PRIVATE");
    }

    #[tokio::test]
    async fn a_rule_that_cannot_be_read_lets_nothing_through() {
        let (rules, database) = (rules(), Database::default());
        database.0.down.store(true, Ordering::SeqCst);
        let error = rules.get(&database, "s", "c").await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (codes::UNAVAILABLE, true));
        database.0.down.store(false, Ordering::SeqCst);
        assert_eq!(name(&rules, &database, "s", "c").await, "ADMINWRITEONLY", "a failure is not kept");
        rules.set(&database, "s", "c", "of a later version").await.unwrap();
        assert_eq!(rules.get(&database, "s", "c").await.unwrap_err().code(), codes::UNAVAILABLE);
    }

    #[tokio::test]
    async fn rules_go_with_their_collections_and_spaces() {
        let (rules, database) = (rules(), Database::default());
        rules.set(&database, "s", "a", PRIVATE).await.unwrap();
        rules.rename(&database, "s", "a", "b").await.unwrap();
        assert_eq!(name(&rules, &database, "s", "a").await, "ADMINWRITEONLY");
        assert_eq!(name(&rules, &database, "s", "b").await, "PRIVATE");
        for without in ["a", "c"] {
            rules.rename(&database, "s", without, "b").await.unwrap();
            assert_eq!(name(&rules, &database, "s", "b").await, "PRIVATE");
        }
        rules.remove(&database, "s", "b").await.unwrap();
        assert_eq!(name(&rules, &database, "s", "b").await, "ADMINWRITEONLY");
        rules.set(&database, "s", "b", PRIVATE).await.unwrap();
        rules.set(&database, "t", "b", PRIVATE).await.unwrap();
        rules.forget_space(&database, "s").await.unwrap();
        assert_eq!(name(&rules, &database, "s", "b").await, "ADMINWRITEONLY");
        assert_eq!(name(&rules, &database, "t", "b").await, "PRIVATE");
    }
}
