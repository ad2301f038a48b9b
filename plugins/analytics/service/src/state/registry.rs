//! The applications that are in memory.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use analytics_engine::Snapshot;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use tokio::time::timeout_at;

use super::blocking;
use super::entry::{self, Entry};
use super::sync::{How, Upto};
use crate::apps::App;
use crate::collect::queue::Stored;
use crate::store::Store;
use crate::store::pending::Batch;

/// The applications in memory.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Mutex<HashMap<String, Arc<Entry>>>,
    /// How many bytes wait in inboxes.
    inboxes: Arc<AtomicUsize>,
}

fn lock(entries: &Mutex<HashMap<String, Arc<Entry>>>) -> MutexGuard<'_, HashMap<String, Arc<Entry>>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stored for Registry {
    fn stored(&self, app: &str, batch: Batch) {
        if let Some(entry) = self.peek(app) {
            entry.inbox.add(batch);
        }
    }
}

impl Registry {
    /// The entry of an application, which counts as used now.
    pub fn entry(&self, app: &str) -> Arc<Entry> {
        let new = || Arc::new(Entry::new(self.inboxes.clone()));
        let entry = lock(&self.entries).entry(app.to_owned()).or_insert_with(new).clone();
        entry.use_now();
        entry
    }

    /// The entry of an application, if it is in memory; it does not count as used.
    pub fn peek(&self, app: &str) -> Option<Arc<Entry>> {
        lock(&self.entries).get(app).cloned()
    }

    /// Forgets an application.
    pub fn remove(&self, app: &str) {
        // What it has is dropped when the lock is free again.
        let removed = lock(&self.entries).remove(app);
        drop(removed);
    }

    /// The state of an application now, with all that was acknowledged. A caller that goes away does
    /// not end the loading, so that the next one finds it done.
    ///
    /// # Errors
    /// `ServiceUnavailable` when it is not there by a deadline, or what database and storage answer.
    pub async fn snapshot<C: Calls>(&self, store: &Store<C>, app: Arc<App>, how: How, deadline: Instant) -> Result<Snapshot> {
        let (entry, store) = (self.entry(&app.key), store.clone());
        let work = tokio::spawn(async move {
            let mut slot = entry.lock(deadline).await?;
            entry.bring(&mut slot, &store, &app, &how, Upto::Moment).await?;
            let now = how.clock.now();
            let (snapshot, warm) = slot.with(move |state| (state.ledger.snapshot(now), std::mem::replace(&mut state.warm, true))).await?;
            drop(slot);
            if !warm {
                let snapshot = snapshot.clone();
                blocking(move || snapshot.prepare()).await?;
            }
            Ok(snapshot)
        });
        timeout_at(deadline.into(), work).await.map_err(|_| entry::busy())?.map_err(Error::internal)?
    }

    /// Drops those that were not used for a time, and the longest unused while all of them take
    /// more than a budget, but the last. What is in use stays.
    pub fn evict(&self, idle: Duration, budget: usize) {
        // Dropped when the lock is free again.
        let mut removed = Vec::new();
        let mut entries = lock(&self.entries);
        let mut order: BTreeSet<(Instant, String)> = entries.iter().map(|(app, entry)| (entry.used(), app.clone())).collect();
        let mut total: usize = entries.values().map(|entry| entry.memory()).sum();
        while let Some((used, app)) = order.pop_first() {
            if used.elapsed() < idle && (total <= budget || order.is_empty()) {
                break;
            }
            // Only the map has it: nobody works with it, and nobody can begin to.
            if let Some(entry) = entries.get(&app).filter(|entry| Arc::strong_count(entry) == 1) {
                total = total.saturating_sub(entry.memory());
                removed.extend(entries.remove(&app));
            }
        }
        drop(entries);
    }

    /// Has the next report look for what other nodes have acknowledged.
    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub async fn time_passes(&self, app: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        if let Some(state) = self.entry(app).lock(deadline).await.unwrap().state()
            && let Some((_, at)) = state.synced
        {
            state.synced = Instant::now().checked_sub(Duration::from_secs(2)).map(|then| (then, at));
        }
    }

    /// The applications in memory.
    #[cfg(test)]
    pub fn loaded(&self) -> Vec<String> {
        lock(&self.entries).keys().cloned().collect()
    }
}
