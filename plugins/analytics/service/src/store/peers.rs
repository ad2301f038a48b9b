//! Which nodes collect. A node says so before it stores batches, and now and then while it does, so
//! that the others know when there can be no batches but their own: looking through all that wait
//! takes long while much does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout_at;

use crate::clock::{Clock, DAY, MINUTE};
use crate::errors::unavailable;

/// How often a node says that it collects, in milliseconds.
const EVERY: i64 = MINUTE / 2;
/// How long after it said so a node may still acknowledge batches, in milliseconds; by how much
/// clocks may differ included.
const LASTS: i64 = 5 * MINUTE;
/// How long saying so is waited for. With it, and the time until a batch is stored, a node that
/// said so [half of that](LASTS) ago may still go on.
const PATIENCE: Duration = Duration::from_secs(5);

/// The nodes.
#[derive(Debug)]
pub struct Peers<C> {
    records: Collection<C>,
    node: String,
    /// When this node said that it collects.
    said: Mutex<Option<i64>>,
    /// Whoever has it is saying so.
    turn: tokio::sync::Mutex<()>,
}

impl<C: Calls> Peers<C> {
    /// The nodes behind these calls; this one's name is `node`.
    pub fn new(calls: C, node: String) -> Self {
        let records = Collection::new(calls, SYSTEM_SPACE, "analyticsNodes");
        Self { records, node, said: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Has this node have said lately that it collects. Of many who come at once one says it; the
    /// others go on while what was said before lasts, or wait.
    ///
    /// # Errors
    /// `ServiceUnavailable` when that takes too long, or what the database answers.
    pub async fn announce(&self, clock: &Clock, deadline: Instant) -> Result<()> {
        if self.said_since(clock, EVERY) {
            return Ok(());
        }
        let deadline = deadline.min(Instant::now() + PATIENCE);
        let lasts = || self.said_since(clock, LASTS / 2);
        let said = match self.turn.try_lock() {
            Ok(_turn) => self.say(clock, deadline).await,
            Err(_) if lasts() => return Ok(()),
            Err(_) => {
                let _turn = timeout_at(deadline.into(), self.turn.lock()).await.map_err(|_| late())?;
                if self.said_since(clock, EVERY) { Ok(()) } else { self.say(clock, deadline).await }
            }
        };
        said.or_else(|error| if lasts() { Ok(()) } else { Err(error) })
    }

    async fn say(&self, clock: &Clock, deadline: Instant) -> Result<()> {
        let now = clock.now();
        // What comes late takes nothing back.
        let saying = self.records.upsert(json!({"_id": self.node}), json!({"$max": {"at": now}}));
        timeout_at(deadline.into(), saying).await.map_err(|_| late())??;
        *self.said() = Some(now);
        Ok(())
    }

    /// Whether it was said in so many milliseconds until now.
    fn said_since(&self, clock: &Clock, lasts: i64) -> bool {
        let now = clock.now();
        self.said().is_some_and(|said| (said..said + lasts).contains(&now))
    }

    fn said(&self) -> MutexGuard<'_, Option<i64>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
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

fn late() -> Error {
    unavailable("the database does not answer: send the batch again")
}
