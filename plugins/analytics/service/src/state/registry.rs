//! The applications that are in memory.

use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use analytics_engine::Snapshot;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};

use super::Slot;
use super::sync::{How, Upto, apply, bring};
use crate::apps::App;
use crate::collect::queue::Stored;
use crate::store::Store;
use crate::store::pending::Batch;

/// How many events wait for an application in memory until it is used; what is more is read from
/// the database then.
const INBOX: usize = 100_000;

/// An application in memory.
#[derive(Debug)]
pub struct Entry {
    /// Its state. Whoever has the lock may load it.
    pub slot: tokio::sync::Mutex<Slot>,
    /// Held while it is folded.
    pub folding: tokio::sync::Mutex<()>,
    inbox: Mutex<Inbox>,
    used: Mutex<Instant>,
    memory: AtomicUsize,
}

/// Batches that were stored since the state was used.
#[derive(Debug, Default)]
struct Inbox {
    batches: Vec<Batch>,
    events: usize,
    /// Whether there were more.
    full: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Entry {
    fn new() -> Self {
        Self {
            slot: tokio::sync::Mutex::default(),
            folding: tokio::sync::Mutex::default(),
            inbox: Mutex::default(),
            used: Mutex::new(Instant::now()),
            memory: AtomicUsize::new(0),
        }
    }

    /// Brings the state up to date; `slot` is this entry's. Says whether every batch is known.
    ///
    /// # Errors
    /// What database and storage answer.
    pub async fn bring<C: Calls>(&self, slot: &mut Slot, store: &Store<C>, app: &App, how: &How, upto: Upto) -> Result<bool> {
        let brought = self.take_inbox(slot, store, app, how, upto).await;
        if brought.is_err() {
            // What was taken from the inbox may be missing, or files of an older manifest be gone: it is loaded anew.
            slot.clear();
        }
        self.measure(slot);
        brought
    }

    async fn take_inbox<C: Calls>(&self, slot: &mut Slot, store: &Store<C>, app: &App, how: &How, upto: Upto) -> Result<bool> {
        let Inbox { batches, full, .. } = mem::take(&mut *lock(&self.inbox));
        if slot.state().is_some() {
            if full && let Some(state) = slot.state() {
                state.synced = None;
            }
            apply(slot, store, app, batches).await?;
        }
        bring(slot, store, app, how, upto).await
    }

    /// Takes down how much memory the state takes.
    pub fn measure(&self, slot: &mut Slot) {
        let memory = slot.state().map_or(0, |state| state.ledger.memory() + state.rows.memory() + state.applied.len() * 128);
        self.memory.store(memory, Ordering::Relaxed);
    }
}

/// The applications in memory.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Mutex<HashMap<String, Arc<Entry>>>,
}

impl Stored for Registry {
    fn stored(&self, app: &str, batch: Batch) {
        let Some(entry) = lock(&self.entries).get(app).cloned() else { return };
        let mut inbox = lock(&entry.inbox);
        if inbox.events + batch.events.len() > INBOX {
            inbox.full = true;
        } else {
            inbox.events += batch.events.len();
            inbox.batches.push(batch);
        }
    }
}

impl Registry {
    /// The entry of an application, which counts as used now.
    pub fn entry(&self, app: &str) -> Arc<Entry> {
        let entry = lock(&self.entries).entry(app.to_owned()).or_insert_with(|| Arc::new(Entry::new())).clone();
        *lock(&entry.used) = Instant::now();
        entry
    }

    /// The entry of an application, if it is in memory; it does not count as used.
    pub fn peek(&self, app: &str) -> Option<Arc<Entry>> {
        lock(&self.entries).get(app).cloned()
    }

    /// Forgets an application.
    pub fn remove(&self, app: &str) {
        lock(&self.entries).remove(app);
    }

    /// The state of an application now, with all that was acknowledged. A caller that goes away does
    /// not end the loading, so that the next one finds it done.
    ///
    /// # Errors
    /// What database and storage answer.
    pub async fn snapshot<C: Calls>(&self, store: &Store<C>, app: Arc<App>, how: How) -> Result<Snapshot> {
        let (entry, store) = (self.entry(&app.key), store.clone());
        let work = tokio::spawn(async move {
            let mut slot = entry.slot.lock().await;
            entry.bring(&mut slot, &store, &app, &how, Upto::Moment).await?;
            let now = how.clock.now();
            let (snapshot, warm) = slot.with(move |state| (state.ledger.snapshot(now), std::mem::replace(&mut state.warm, true))).await?;
            drop(slot);
            if !warm {
                let snapshot = snapshot.clone();
                tokio::task::spawn_blocking(move || snapshot.prepare()).await.map_err(Error::internal)?;
            }
            Ok(snapshot)
        });
        work.await.map_err(Error::internal)?
    }

    /// Drops those that were not used for a time, and the longest unused while all of them take
    /// more than a budget, but the last. What is in use stays.
    pub fn evict(&self, idle: Duration, budget: usize) {
        let mut entries = lock(&self.entries);
        let mut order: BTreeSet<(Instant, String)> = entries.iter().map(|(app, entry)| (*lock(&entry.used), app.clone())).collect();
        let mut total: usize = entries.values().map(|entry| entry.memory.load(Ordering::Relaxed)).sum();
        while let Some((used, app)) = order.pop_first() {
            if used.elapsed() < idle && (total <= budget || order.is_empty()) {
                return;
            }
            // Only the map has it: nobody works with it, and nobody can begin to.
            if let Some(entry) = entries.get(&app).filter(|entry| Arc::strong_count(entry) == 1) {
                total -= entry.memory.load(Ordering::Relaxed);
                entries.remove(&app);
            }
        }
    }

    /// Has the next report look for what other nodes have acknowledged.
    #[cfg(test)]
    pub async fn time_passes(&self, app: &str) {
        if let Some(state) = self.entry(app).slot.lock().await.state()
            && let Some((_, at)) = state.synced
        {
            state.synced = std::time::Instant::now().checked_sub(Duration::from_secs(2)).map(|then| (then, at));
        }
    }

    /// The applications in memory.
    #[cfg(test)]
    pub fn loaded(&self) -> Vec<String> {
        lock(&self.entries).keys().cloned().collect()
    }
}
