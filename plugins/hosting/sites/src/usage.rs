//! How much sites are used. What is counted is written to the database every few seconds; a crash
//! loses what was counted since.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sdk_plugin::Result;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::{month, now};
use crate::service::Service;

/// What is counted of a space.
#[derive(Debug, Default)]
pub struct Counters {
    uploads: AtomicU64,
    downloads: AtomicU64,
    traffic: AtomicU64,
}

impl Counters {
    /// Counts a file that was brought.
    pub fn uploaded(&self) {
        self.uploads.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an answer with so many bytes.
    pub fn sent(&self, bytes: u64) {
        self.downloads.fetch_add(1, Ordering::Relaxed);
        self.traffic.fetch_add(bytes, Ordering::Relaxed);
    }

    fn are_zero(&self) -> bool {
        [&self.uploads, &self.downloads, &self.traffic].iter().all(|counter| counter.load(Ordering::Relaxed) == 0)
    }

    fn take(&self) -> Counts {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        Counts { uploads: take(&self.uploads), downloads: take(&self.downloads), traffic: take(&self.traffic) }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    #[serde(default)]
    uploads: u64,
    #[serde(default)]
    downloads: u64,
    #[serde(default)]
    traffic: u64,
}

/// The counters of spaces whose sites are in use.
#[derive(Default)]
pub struct Usage(Mutex<HashMap<String, Arc<Counters>>>);

fn collection<C: Calls>(calls: &C) -> Collection<C> {
    Collection::new(calls.clone(), SYSTEM_SPACE, "siteUsage")
}

impl Usage {
    /// The counters of a space.
    pub fn of(&self, space: &str) -> Arc<Counters> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = all.get(space) {
            return counters.clone();
        }
        let counters = Arc::<Counters>::default();
        all.insert(space.to_owned(), counters.clone());
        counters
    }

    /// Writes what was counted, and forgets spaces whose sites rest.
    ///
    /// # Errors
    /// What the database answers; what was not written is counted on.
    pub async fn flush<C: Calls>(&self, calls: &C) -> Result<()> {
        let all: Vec<(String, Arc<Counters>)> = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = all.iter().map(|(space, counters)| (space.clone(), counters.clone())).collect();
            // One count is the map's, one that of the list that was just made.
            all.retain(|_, counters| Arc::strong_count(counters) > 2 || !counters.are_zero());
            taken
        };
        let month = month(now());
        for (space, counters) in all {
            let counts = counters.take();
            if counts == Counts::default() {
                continue;
            }
            let filter = json!({"_id": format!("{space}:{month}")});
            let update = json!({"$inc": counts, "$set": {"space": space, "month": month}});
            if let Err(error) = collection(calls).upsert(filter, update).await {
                counters.uploads.fetch_add(counts.uploads, Ordering::Relaxed);
                counters.downloads.fetch_add(counts.downloads, Ordering::Relaxed);
                counters.traffic.fetch_add(counts.traffic, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove<C: Calls>(&self, calls: &C, space: &str) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(space);
        collection(calls).delete(json!({"space": space})).await.map(drop)
    }
}

/// The answer of `sites.usage`.
#[derive(Debug, Serialize)]
pub struct Figures {
    bytes: u64,
    count: u64,
    #[serde(flatten)]
    counts: Counts,
    quota: u64,
}

impl<C: Calls> Service<C> {
    /// The figures of a space: what its site has, and since the first of the month in UTC what was
    /// uploaded, answered and sent.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn figures(&self, space: &str) -> Result<Figures> {
        self.usage.flush(&self.calls).await?;
        let site = self.records.get(space).await?;
        let release = site.as_ref().and_then(|site| site.current());
        let counts: Option<Counts> = collection(&self.calls).get(&format!("{space}:{}", month(now()))).await?;
        Ok(Figures {
            bytes: release.map_or(0, |release| release.bytes),
            count: release.map_or(0, |release| release.files),
            counts: counts.unwrap_or_default(),
            quota: self.config.quota_bytes,
        })
    }
}
