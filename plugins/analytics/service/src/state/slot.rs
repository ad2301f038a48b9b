//! Where the state of an application is, if it is loaded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use analytics_engine::DeviceId;
use sdk_plugin::{Error, Result};
use tokio::runtime::Handle;

use super::{State, blocking};
use crate::collect::known::Known;

/// Where the state of an application is, if it is loaded.
#[derive(Debug, Default)]
pub struct Slot {
    state: Option<Box<State>>,
    /// Whether somebody is bringing the state up to date. Who finds it so in a slot that was just
    /// locked follows one that was cut off.
    busy: bool,
    /// 0 without a state.
    memory: Arc<AtomicUsize>,
    known: Arc<Known>,
}

impl Slot {
    /// An empty one; it tells there how much memory its state takes, and which devices it has.
    pub fn new(memory: Arc<AtomicUsize>, known: Arc<Known>) -> Self {
        Self { state: None, busy: false, memory, known }
    }

    /// The state.
    pub fn state(&mut self) -> Option<&mut State> {
        self.state.as_deref_mut()
    }

    /// Takes a state in.
    ///
    /// # Errors
    /// As [`Slot::with`].
    pub async fn fill(&mut self, state: State) -> Result<()> {
        self.clear();
        self.state = Some(Box::new(state));
        let known = self.known.clone();
        self.with(move |state| known.fill(state.ledger.keys(0))).await
    }

    /// Throws the state away.
    pub fn clear(&mut self) {
        self.memory.store(0, Ordering::Relaxed);
        self.known.clear();
        let Some(state) = self.state.take() else { return };
        // It may have hundreds of megabytes.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(state))),
            Err(_) => drop(state),
        }
    }

    /// Throws the state away, unless it is another one already.
    pub fn clear_if(&mut self, number: u64) {
        if self.state.as_ref().is_some_and(|state| state.number == number) {
            self.clear();
        }
    }

    /// Says that the state is not to be used until [`Slot::end`], whatever becomes of who says so.
    pub fn begin(&mut self) {
        self.busy = true;
    }

    /// Says that the state is consistent, or that there is none.
    pub fn end(&mut self) {
        self.busy = false;
    }

    /// Throws a state away that somebody was cut off from; for who has just locked the slot.
    pub fn recover(&mut self) {
        if self.busy || self.state.is_none() {
            self.clear();
            self.busy = false;
        }
    }

    /// Works on the state where that may take long.
    ///
    /// # Errors
    /// `InternalError` when the work panicked, or there is no state. After a panic there is none.
    pub async fn with<T: Send + 'static>(&mut self, work: impl FnOnce(&mut State) -> T + Send + 'static) -> Result<T> {
        let mut state = self.state.take().ok_or_else(|| Error::internal("the state of the application is not loaded"))?;
        let (memory, known) = (self.memory.clone(), self.known.clone());
        let (state, value) = blocking(move || {
            let devices = state.ledger.devices().len() as DeviceId;
            let value = work(&mut state);
            state.ledger.keys(devices).iter().for_each(|key| known.add(*key));
            memory.store(state.memory().max(1), Ordering::Relaxed);
            (state, value)
        })
        .await?;
        self.state = Some(state);
        Ok(value)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.clear();
    }
}
