//! Where the rules of spaces are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Rules;

/// The name of the collection.
const RULES: &str = "fileDomains";
/// How long rules that were read may be believed.
const FRESH: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    rules: Rules,
}

/// The rules of all spaces.
pub struct RuleStore<C> {
    records: Collection<C>,
    seen: Cache<String, Arc<Rules>>,
    /// How often rules were changed here: what was read while that happened is not kept.
    changes: AtomicU64,
}

impl<C: Calls> RuleStore<C> {
    /// The rules behind these calls.
    pub fn new(calls: C) -> Self {
        let seen = Cache::builder().max_capacity(10_000).time_to_live(FRESH).build();
        Self { records: Collection::new(calls, SYSTEM_SPACE, RULES), seen, changes: AtomicU64::new(0) }
    }

    /// The rules of a space, as they were a few seconds ago at the most.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn of(&self, space: &str) -> Result<Arc<Rules>> {
        if let Some(seen) = self.seen.get(space).await {
            return Ok(seen);
        }
        let changes = self.changes.load(Ordering::SeqCst);
        let record: Option<Record> = self.records.get(space).await?;
        let rules = Arc::new(record.map(|record| record.rules).unwrap_or_default());
        if self.changes.load(Ordering::SeqCst) == changes {
            self.seen.insert(space.to_owned(), rules.clone()).await;
            if self.changes.load(Ordering::SeqCst) != changes {
                self.seen.invalidate(space).await;
            }
        }
        Ok(rules)
    }

    /// Changes rules of a space.
    ///
    /// # Errors
    /// What `change` or the database answers; then the rules are as they were.
    pub async fn change(&self, space: &str, change: impl FnOnce(&mut Rules) -> Result<()>) -> Result<()> {
        let record: Option<Record> = self.records.get(space).await?;
        let mut rules = record.map(|record| record.rules).unwrap_or_default();
        let before = serde_json::to_value(&rules).map_err(Error::internal)?;
        change(&mut rules)?;
        let Value::Object(after) = serde_json::to_value(&rules).map_err(Error::internal)? else {
            return Err(Error::internal("rules that are no object"));
        };
        // Only what was changed, as somebody else may be changing the rest.
        let mut set = Map::new();
        set.insert("space".to_owned(), space.into());
        for (name, rule) in after {
            if before.get(&name) != Some(&rule) {
                set.insert(format!("rules.{name}"), rule);
            }
        }
        self.records.upsert(json!({"_id": space}), json!({"$set": set})).await?;
        self.changed(space).await;
        Ok(())
    }

    /// Forgets what was seen of a space's rules, and what is being read of them.
    async fn changed(&self, space: &str) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.seen.invalidate(space).await;
    }

    /// Forgets the rules of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await?;
        self.changed(space).await;
        Ok(())
    }
}
