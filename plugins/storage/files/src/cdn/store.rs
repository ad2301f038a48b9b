//! Where the rules of spaces are kept.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::json;

use super::Rules;

/// The name of the collection.
const RULES: &str = "fileDomains";
/// How long rules that were read may be believed.
const FRESH: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
struct Record {
    rules: Rules,
}

/// The rules of all spaces.
pub struct RuleStore<C> {
    records: Collection<C>,
    seen: Cache<String, Arc<Rules>>,
}

impl<C: Calls> RuleStore<C> {
    /// The rules behind these calls.
    pub fn new(calls: C) -> Self {
        let seen = Cache::builder().max_capacity(10_000).time_to_live(FRESH).build();
        Self { records: Collection::new(calls, SYSTEM_SPACE, RULES), seen }
    }

    /// The rules of a space, as they were a few seconds ago at the most.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn of(&self, space: &str) -> Result<Arc<Rules>> {
        if let Some(seen) = self.seen.get(space).await {
            return Ok(seen);
        }
        let record: Option<Record> = self.records.get(space).await?;
        let rules = Arc::new(record.map(|record| record.rules).unwrap_or_default());
        self.seen.insert(space.to_owned(), rules.clone()).await;
        Ok(rules)
    }

    /// Changes rules of a space.
    ///
    /// # Errors
    /// What `change` or the database answers; then the rules are as they were.
    pub async fn change(&self, space: &str, change: impl FnOnce(&mut Rules) -> Result<()>) -> Result<()> {
        let record: Option<Record> = self.records.get(space).await?;
        let mut rules = record.map(|record| record.rules).unwrap_or_default();
        change(&mut rules)?;
        let rules = serde_json::to_value(&rules).map_err(Error::internal)?;
        self.records.upsert(json!({"_id": space}), json!({"$set": {"space": space, "rules": rules}})).await?;
        self.seen.invalidate(space).await;
        Ok(())
    }

    /// Forgets the rules of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.records.delete(json!({"space": space})).await?;
        self.seen.invalidate(space).await;
        Ok(())
    }
}
