//! Which nodes collect. A node says so before it stores batches, and now and then while it does, so
//! that the others know when there can be no batches but their own: looking through all that wait
//! takes long while much does.

use sdk_plugin::Result;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use serde::Deserialize;
use serde_json::json;

use crate::clock::{Clock, DAY, MINUTE};

/// How often a node says that it collects, in milliseconds.
const EVERY: i64 = MINUTE / 2;
/// How long after it said so a node may still acknowledge batches, in milliseconds; by how much
/// clocks may differ included.
const LASTS: i64 = 5 * MINUTE;

/// The nodes.
#[derive(Debug)]
pub struct Peers<C> {
    records: Collection<C>,
    node: String,
    /// When this node said that it collects.
    said: tokio::sync::Mutex<Option<i64>>,
}

impl<C: Calls> Peers<C> {
    /// The nodes behind these calls; this one's name is `node`.
    pub fn new(calls: C, node: String) -> Self {
        Self { records: Collection::new(calls, SYSTEM_SPACE, "analyticsNodes"), node, said: tokio::sync::Mutex::default() }
    }

    /// Says that this node collects.
    ///
    /// # Errors
    /// What the database answers, as with all below.
    pub async fn announce(&self, clock: &Clock) -> Result<()> {
        // Of many who come at once one says it, and the others wait for that.
        let mut said = self.said.lock().await;
        let now = clock.now();
        if said.is_none_or(|said| !(said..said + EVERY).contains(&now)) {
            self.records.upsert(json!({"_id": self.node}), json!({"$set": {"at": now}})).await?;
            *said = Some(now);
        }
        Ok(())
    }

    /// Whether no other node has acknowledged batches since an instant.
    pub async fn none_since(&self, since: i64) -> Result<bool> {
        #[derive(Deserialize)]
        struct Node {}
        let query = json!({"_id": {"$ne": self.node}, "at": {"$gt": since - LASTS}});
        let others: Vec<Node> = self.records.find(query, json!({"limit": 1, "projection": {"_id": 1}})).await?;
        Ok(others.is_empty())
    }

    /// Forgets nodes that are gone.
    pub async fn forget_old(&self, now: i64) -> Result<()> {
        self.records.delete(json!({"at": {"$lt": now - DAY}})).await.map(drop)
    }
}
