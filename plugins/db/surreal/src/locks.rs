//! Who may change which record now.
//!
//! A transaction keeps the locks of what it changed until it ends, so that other transactions fail
//! at once and writers outside of transactions wait, as the manual says (3.10.5). Writers outside
//! of transactions take the same locks for as long as a change takes: those that wait for each
//! other lose less time than those that try until one wins.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sdk_plugin::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a transaction waits for a writer that is in no transaction. Such a writer may itself
/// wait for the transaction, so it cannot wait for long.
const PATIENCE: Duration = Duration::from_millis(100);

/// A record: its space, its table and its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The space.
    pub space: Arc<str>,
    /// The record's table.
    pub table: Arc<str>,
    /// The record's key.
    pub key: String,
}

struct State {
    turn: Arc<Semaphore>,
    /// Whether a transaction holds it.
    by_transaction: AtomicBool,
}

/// The locks of all records that are being changed.
#[derive(Clone, Default)]
pub struct Locks(Arc<Mutex<HashMap<Name, Arc<State>>>>);

/// A lock, which is given back when it is dropped.
pub struct Lock {
    locks: Locks,
    name: Name,
    state: Arc<State>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.state.by_transaction.store(false, Ordering::Release);
        self.permit = None;
        let mut held = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map and this lock hold it, and nobody who waits.
        if Arc::strong_count(&self.state) <= 2 {
            held.remove(&self.name);
        }
    }
}

impl Locks {
    fn state(&self, name: &Name) -> Arc<State> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Arc::new(State { turn: Arc::new(Semaphore::new(1)), by_transaction: AtomicBool::new(false) });
        match held.get(name) {
            Some(state) => state.clone(),
            None => held.entry(name.clone()).or_insert_with(fresh).clone(),
        }
    }

    fn forget(&self, name: &Name, state: &Arc<State>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map and the caller hold it.
        if Arc::strong_count(state) <= 2 && state.turn.available_permits() > 0 {
            held.remove(name);
        }
    }

    /// Waits for a lock; says also whether there was anybody to wait for.
    ///
    /// # Errors
    /// None that a caller can do something about.
    pub async fn wait(&self, name: Name) -> Result<(Lock, bool)> {
        // Who stops waiting leaves no trace in the map.
        let waiting = Waiting { locks: self, state: Some(self.state(&name)), name: &name };
        let turn = waiting.state.as_ref().map(|state| state.turn.clone()).ok_or_else(|| Error::internal("no lock"))?;
        let (permit, waited) = match turn.clone().try_acquire_owned() {
            Ok(permit) => (permit, false),
            Err(_) => (turn.acquire_owned().await.map_err(Error::internal)?, true),
        };
        let state = waiting.done().ok_or_else(|| Error::internal("no lock"))?;
        Ok((Lock { locks: self.clone(), name, state, permit: Some(permit) }, waited))
    }

    /// Takes a lock for a transaction; `None` when another transaction has it.
    ///
    /// # Errors
    /// None that a caller can do something about.
    pub async fn take(&self, name: Name) -> Result<Option<Lock>> {
        let state = self.state(&name);
        let by_transaction = state.by_transaction.load(Ordering::Acquire);
        let free = state.turn.available_permits() > 0;
        if by_transaction && !free {
            self.forget(&name, &state);
            return Ok(None);
        }
        drop(state);
        match timeout(PATIENCE, self.wait(name)).await {
            Ok(taken) => {
                let (lock, _) = taken?;
                lock.state.by_transaction.store(true, Ordering::Release);
                Ok(Some(lock))
            }
            Err(_) => Ok(None),
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

struct Waiting<'a> {
    locks: &'a Locks,
    name: &'a Name,
    state: Option<Arc<State>>,
}

impl Waiting<'_> {
    fn done(mut self) -> Option<Arc<State>> {
        self.state.take()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            self.locks.forget(self.name, &state);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn name(key: &str) -> Name {
        Name { space: "s".into(), table: "t".into(), key: key.to_owned() }
    }

    #[tokio::test]
    async fn a_transaction_that_meets_another_one_fails_at_once() {
        let locks = Locks::default();
        let first = locks.take(name("a")).await.unwrap().unwrap();
        let before = std::time::Instant::now();
        assert!(locks.take(name("a")).await.unwrap().is_none());
        assert!(before.elapsed() < PATIENCE);
        assert!(locks.take(name("b")).await.unwrap().is_some());
        drop(first);
        assert!(locks.take(name("a")).await.unwrap().is_some());
        assert_eq!(locks.len(), 0);
    }

    #[tokio::test]
    async fn a_writer_outside_waits_until_the_lock_is_given_back() {
        let locks = Locks::default();
        let held = locks.take(name("a")).await.unwrap().unwrap();
        let waiting = tokio::spawn({
            let locks = locks.clone();
            async move { locks.wait(name("a")).await.unwrap().1 }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(held);
        assert!(waiting.await.unwrap(), "it waited");
        assert_eq!(locks.len(), 0);
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_nothing_behind() {
        let locks = Locks::default();
        let held = locks.wait(name("a")).await.unwrap().0;
        assert!(timeout(Duration::from_millis(5), locks.wait(name("a"))).await.is_err());
        drop(held);
        assert_eq!(locks.len(), 0);
        let _again = locks.wait(name("a")).await.unwrap();
    }
}
