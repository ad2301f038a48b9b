//! How much of the service a space uses. Bytes and files are counted when they change; what happens
//! with every download is gathered and written every few seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sdk_plugin::Result;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::{month, now};

/// The name of the collection.
const USAGE: &str = "fileUsage";
/// For how many spaces figures are held back at the most, before they are written.
const HELD: usize = 10_000;

/// What happened in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    #[serde(default)]
    pub uploads: u64,
    #[serde(default)]
    pub downloads: u64,
    /// Bytes that were sent.
    #[serde(default)]
    pub traffic: u64,
}

impl Traffic {
    fn add(&mut self, other: Self) {
        self.uploads = self.uploads.saturating_add(other.uploads);
        self.downloads = self.downloads.saturating_add(other.downloads);
        self.traffic = self.traffic.saturating_add(other.traffic);
    }
}

/// What a space has now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    #[serde(default)]
    pub bytes: i64,
    #[serde(default)]
    pub count: i64,
}

/// The answer of `files.usage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    pub bytes: u64,
    pub count: u64,
    pub uploads: u64,
    pub downloads: u64,
    pub traffic: u64,
    /// In bytes; 0 for none.
    pub quota: u64,
}

/// The figures of all spaces.
pub struct Usage<C> {
    records: Collection<C>,
    /// By space and month: what is not written yet.
    held: Mutex<HashMap<(String, String), Traffic>>,
    coming: Coming,
}

/// By space: bytes of uploads that are under way here.
type Coming = Arc<Mutex<HashMap<String, u64>>>;

/// Room that is kept for an upload until this is dropped.
#[derive(Debug)]
pub struct Reserved {
    coming: Coming,
    space: String,
    bytes: u64,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = coming.get_mut(&self.space) {
            *bytes = bytes.saturating_sub(self.bytes);
            if *bytes == 0 {
                coming.remove(&self.space);
            }
        }
    }
}

impl<C: Calls> Usage<C> {
    /// The figures behind these calls.
    pub fn new(calls: C) -> Self {
        Self { records: Collection::new(calls, SYSTEM_SPACE, USAGE), held: Mutex::default(), coming: Coming::default() }
    }

    /// Keeps room for an upload.
    pub fn reserve(&self, space: &str, bytes: u64) -> Reserved {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        let all = coming.entry(space.to_owned()).or_default();
        let before = *all;
        *all = all.saturating_add(bytes);
        Reserved { coming: self.coming.clone(), space: space.to_owned(), bytes: *all - before }
    }

    /// How many bytes room is kept for.
    pub fn reserved(&self, space: &str) -> u64 {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner).get(space).copied().unwrap_or(0)
    }

    /// Counts something of this month, to be written later.
    pub fn note(&self, space: &str, what: Traffic) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (space.to_owned(), month(now()));
        if held.len() < HELD || held.contains_key(&key) {
            held.entry(key).or_default().add(what);
        }
    }

    /// Counts bytes and files that have come or gone.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn stored(&self, space: &str, bytes: i64, count: i64) -> Result<()> {
        let update = json!({"$inc": {"bytes": bytes, "count": count}, "$setOnInsert": {"space": space}});
        self.records.upsert(json!({"_id": space}), update).await
    }

    /// Puts the figures of a space right.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn correct(&self, space: &str, bytes: u64, count: u64) -> Result<()> {
        let update = json!({"$set": {"bytes": bytes, "count": count, "space": space}});
        self.records.upsert(json!({"_id": space}), update).await
    }

    /// How many bytes a space has.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn bytes(&self, space: &str) -> Result<u64> {
        let stored: Option<Stored> = self.records.get(space).await?;
        Ok(stored.map_or(0, |stored| u64::try_from(stored.bytes).unwrap_or(0)))
    }

    /// Writes what is held back.
    ///
    /// # Errors
    /// What the database answers; then it is held still.
    pub async fn flush(&self) -> Result<()> {
        let held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        let mut left = held.into_iter();
        while let Some(((space, month), what)) = left.next() {
            let update = json!({
                "$inc": {"uploads": what.uploads, "downloads": what.downloads, "traffic": what.traffic},
                "$setOnInsert": {"space": space},
            });
            if let Err(error) = self.records.upsert(json!({"_id": format!("{space}-{month}")}), update).await {
                let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                for (key, what) in std::iter::once(((space, month), what)).chain(left) {
                    held.entry(key).or_default().add(what);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// The figures of a space, those included that are held back here.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn figures(&self, space: &str, quota: Option<u64>) -> Result<Figures> {
        let month = month(now());
        let stored: Stored = self.records.get(space).await?.unwrap_or_default();
        let mut traffic: Traffic = self.records.get(&format!("{space}-{month}")).await?.unwrap_or_default();
        if let Some(held) = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(&(space.to_owned(), month)) {
            traffic.add(*held);
        }
        let positive = |n: i64| u64::try_from(n).unwrap_or(0);
        let (bytes, count) = (positive(stored.bytes), positive(stored.count));
        let Traffic { uploads, downloads, traffic } = traffic;
        Ok(Figures { bytes, count, uploads, downloads, traffic, quota: quota.unwrap_or(0) })
    }

    /// The spaces that have figures after one, in order.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn spaces(&self, after: &str, limit: usize) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Counted {
            space: String,
        }
        let query = json!({"bytes": {"$exists": true}, "_id": {"$gt": after}});
        let counted: Vec<Counted> = self.records.find(query, json!({"sort": {"_id": 1}, "limit": limit})).await?;
        Ok(counted.into_iter().map(|counted| counted.space).collect())
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| of != space);
        self.records.delete(json!({"space": space})).await.map(drop)
    }
}
