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
    /// Whether the state was worked on since that began.
    changed: bool,
    /// 0 without a state.
    memory: Arc<AtomicUsize>,
    known: Arc<Known>,
}

impl Slot {
    /// An empty one; it tells there how much memory its state takes, and which devices it has.
    pub fn new(memory: Arc<AtomicUsize>, known: Arc<Known>) -> Self {
        Self { state: None, busy: false, changed: false, memory, known }
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
        self.with(move |state| known.fill(state.ledger.keys(0))).await?;
        self.measure().await
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

    /// Says that the state lacks something that it was told: it is rolled back before it is used.
    pub fn lose(&mut self) {
        match self.state() {
            Some(state) => state.lost = true,
            None => self.clear(),
        }
    }

    /// As [`Slot::lose`], unless the state is another one already.
    pub fn lose_if(&mut self, number: u64) {
        if self.state.as_ref().is_some_and(|state| state.number == number) {
            self.lose();
        }
    }

    /// Says that the state is not to be used until [`Slot::end`], whatever becomes of who says so.
    pub fn begin(&mut self) {
        (self.busy, self.changed) = (true, false);
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
        let known = self.known.clone();
        let (state, value) = blocking(move || {
            let devices = state.ledger.devices().len() as DeviceId;
            let value = work(&mut state);
            state.ledger.keys(devices).iter().for_each(|key| known.add(*key));
            (state, value)
        })
        .await?;
        (self.state, self.changed) = (Some(state), true);
        Ok(value)
    }

    /// Finds out how much memory the state takes, if it was worked on. That may take some
    /// milliseconds where there are many days.
    ///
    /// # Errors
    /// As [`Slot::with`].
    pub async fn measure(&mut self) -> Result<()> {
        if self.changed {
            let memory = self.memory.clone();
            self.with(move |state| memory.store(state.memory().max(1), Ordering::Relaxed)).await?;
            self.changed = false;
        }
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use analytics_engine::{Calendar, Ledger};

    use super::*;
    use crate::store::Manifest;

    #[tokio::test]
    async fn memory_is_measured_when_it_is_asked_for_and_something_was_done() {
        let memory = Arc::<AtomicUsize>::default();
        let told = || memory.load(Ordering::Relaxed);
        let mut slot = Slot::new(memory.clone(), Arc::default());
        slot.fill(State::new(Manifest::default(), Ledger::new(Calendar::named("UTC").unwrap()), false)).await.unwrap();
        let before = told();
        assert!(before > 0);
        slot.begin();
        slot.with(|state| state.applied.extend((0..1000).map(|n| (n.to_string(), 1)))).await.unwrap();
        assert_eq!(told(), before);
        slot.measure().await.unwrap();
        assert!(told() > before + 1000);
        slot.begin();
        memory.store(7, Ordering::Relaxed);
        slot.measure().await.unwrap();
        assert_eq!(told(), 7, "nothing was done since");
    }
}
