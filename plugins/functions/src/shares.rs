//! Slots that all spaces share, of which one space has a part at most.
//!
//! Whoever waits gets a slot in the order of coming. A space that wants many waits for its own first,
//! so that at most its part of them is ahead of the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// From how many remembered spaces on those that rest are forgotten.
const MANY: usize = 1000;

/// The slots.
#[derive(Debug)]
pub struct Shares {
    all: Arc<Semaphore>,
    part: usize,
    spaces: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A slot that is taken until this is dropped.
#[derive(Debug)]
pub struct Slot {
    _of_space: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
    /// The semaphore of a space lives for as long as somebody has or wants a slot.
    _space: Arc<Semaphore>,
}

impl Shares {
    /// So many slots, one at least; a space has half of them, and one at least.
    pub fn new(slots: usize) -> Self {
        let slots = slots.clamp(1, Semaphore::MAX_PERMITS);
        Self { all: Arc::new(Semaphore::new(slots)), part: (slots / 2).max(1), spaces: Mutex::default() }
    }

    /// A slot, once there is one for the space.
    pub async fn take(&self, space: &str) -> Slot {
        let own = self.of(space);
        // Neither semaphore is ever closed.
        let of_space = own.clone().acquire_owned().await.ok();
        let of_all = self.all.clone().acquire_owned().await.ok();
        Slot { _of_space: of_space, _of_all: of_all, _space: own }
    }

    fn of(&self, space: &str) -> Arc<Semaphore> {
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = spaces.get(space).and_then(Weak::upgrade) {
            return known;
        }
        if spaces.len() >= MANY {
            spaces.retain(|_, space| space.strong_count() > 0);
        }
        let own = Arc::new(Semaphore::new(self.part));
        spaces.insert(space.to_owned(), Arc::downgrade(&own));
        own
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_space_has_its_part_and_the_others_the_rest() {
        let shares = Shares::new(4);
        let first = shares.take("a").await;
        let _second = shares.take("a").await;
        assert!(shares.take("a").now_or_never().is_none(), "half of them");
        let _third = shares.take("b").now_or_never().unwrap();
        let _fourth = shares.take("b").now_or_never().unwrap();
        assert!(shares.take("c").now_or_never().is_none(), "all are taken");
        drop(first);
        assert!(shares.take("c").now_or_never().is_some());
    }

    #[tokio::test]
    async fn of_one_slot_each_space_has_its_turn() {
        let shares = Arc::new(Shares::new(1));
        let held = shares.take("a").await;
        let turns = Arc::new(Mutex::new(Vec::new()));
        let waiting: Vec<_> = ["a", "a", "a", "b", "a", "b"]
            .into_iter()
            .map(|space| {
                let (shares, turns) = (shares.clone(), turns.clone());
                tokio::spawn(async move {
                    let _slot = shares.take(space).await;
                    turns.lock().unwrap().push(space);
                    tokio::task::yield_now().await;
                })
            })
            .collect();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        drop(held);
        for one in waiting {
            one.await.unwrap();
        }
        let turns = turns.lock().unwrap();
        let second = turns.iter().rposition(|space| *space == "b").unwrap();
        assert!(second <= 3, "those of one space do not come first: {turns:?}");
    }

    #[tokio::test]
    async fn spaces_that_rest_are_forgotten() {
        let shares = Shares::new(2);
        let _held = shares.take("held").await;
        for n in 0..5000 {
            drop(shares.take(&format!("s{n}")).await);
        }
        assert!(shares.spaces.lock().unwrap().len() <= MANY);
        assert!(shares.take("held").now_or_never().is_none(), "the one that has a slot is remembered");
    }
}
