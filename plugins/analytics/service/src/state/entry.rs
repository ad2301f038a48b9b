//! An application in memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use tokio::sync::MutexGuard;
use tokio::time::timeout_at;

use super::Slot;
use super::inbox::Inbox;
use super::sync::{How, Upto, apply, bring};
use crate::apps::App;
use crate::collect::known::Known;
use crate::errors::unavailable;
use crate::store::Store;

/// An application in memory.
#[derive(Debug)]
pub struct Entry {
    /// Held while it is folded.
    pub folding: tokio::sync::Mutex<()>,
    /// Batches that were stored since its state was used.
    pub inbox: Inbox,
    /// The devices of its state.
    pub known: Arc<Known>,
    slot: tokio::sync::Mutex<Slot>,
    used: Mutex<Instant>,
    memory: Arc<AtomicUsize>,
}

/// The state is not there yet.
pub fn busy() -> Error {
    unavailable("the application's data is being loaded: try again in a moment")
}

impl Entry {
    /// One without a state; `inboxes` is how many bytes wait in inboxes.
    pub fn new(inboxes: Arc<AtomicUsize>) -> Self {
        let (memory, known) = (Arc::<AtomicUsize>::default(), Arc::<Known>::default());
        Self {
            folding: tokio::sync::Mutex::default(),
            inbox: Inbox::new(inboxes),
            slot: tokio::sync::Mutex::new(Slot::new(memory.clone(), known.clone())),
            known,
            used: Mutex::new(Instant::now()),
            memory,
        }
    }

    /// Its state. Whoever has the lock may load it.
    ///
    /// # Errors
    /// `ServiceUnavailable` when others have the lock until a deadline.
    pub async fn lock(&self, deadline: Instant) -> Result<MutexGuard<'_, Slot>> {
        let mut slot = timeout_at(deadline.into(), self.slot.lock()).await.map_err(|_| busy())?;
        slot.recover();
        Ok(slot)
    }

    /// Brings the state up to date; `slot` is this entry's. Says whether every batch is known.
    ///
    /// # Errors
    /// What database and storage answer.
    pub async fn bring<C: Calls>(&self, slot: &mut Slot, store: &Store<C>, app: &App, how: &How, upto: Upto) -> Result<bool> {
        // Whoever is cut off from here on leaves a state that may lack what was in the inbox.
        slot.begin();
        let again = slot.state().is_some_and(|state| state.lost);
        let mut brought = self.take_inbox(slot, store, app, how, upto).await;
        if brought.is_ok()
            && let Err(error) = slot.measure().await
        {
            brought = Err(error);
        }
        match &brought {
            Ok(_) => {}
            // Rolling it back has not helped.
            Err(error) if again && !error.is_retryable() => slot.clear(),
            Err(_) => slot.lose(),
        }
        slot.end();
        brought
    }

    async fn take_inbox<C: Calls>(&self, slot: &mut Slot, store: &Store<C>, app: &App, how: &How, upto: Upto) -> Result<bool> {
        let waiting = self.inbox.take();
        // One that is lost is rolled back, and looks for all of it in the database.
        if let Some(state) = slot.state().filter(|state| !state.lost) {
            match waiting {
                Some(batches) => apply(slot, store, app, how, batches).await?,
                None => state.synced = None,
            }
        }
        bring(slot, store, app, how, upto).await
    }

    /// Whether its state is in memory.
    pub fn is_loaded(&self) -> bool {
        self.memory.load(Ordering::Relaxed) > 0
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed) + self.inbox.memory()
    }

    /// Counts as used now.
    pub fn use_now(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// When it was used last.
    pub fn used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
