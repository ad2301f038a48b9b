//! Batches that were stored since an application's state was used. They are in the database too: one
//! that is full has the next use look for them there.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::pending::{Batch, Told};

/// How many events wait for an application.
const EVENTS: usize = 100_000;
/// How many bytes wait for all applications together.
const BYTES: usize = 64 << 20;

/// Batches that were stored since an application's state was used.
#[derive(Debug)]
pub struct Inbox {
    waiting: Mutex<Waiting>,
    /// How many bytes wait for all applications.
    all: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Waiting {
    batches: Vec<Batch>,
    events: usize,
    bytes: usize,
    full: bool,
}

impl Inbox {
    /// An empty one; `all` is how many bytes wait for all applications.
    pub fn new(all: Arc<AtomicUsize>) -> Self {
        Self { waiting: Mutex::default(), all }
    }

    /// Adds a batch.
    pub fn add(&self, batch: Batch) {
        let mut waiting = self.lock();
        if waiting.full {
            return;
        }
        let bytes = size(&batch);
        let together = self.all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        waiting.bytes += bytes;
        waiting.events += batch.events.len();
        waiting.batches.push(batch);
        if waiting.events > EVENTS || together > BYTES {
            self.all.fetch_sub(waiting.bytes, Ordering::Relaxed);
            *waiting = Waiting { full: true, ..Waiting::default() };
        }
    }

    /// Takes what waits; none when it was too much.
    pub fn take(&self) -> Option<Vec<Batch>> {
        let waiting = mem::take(&mut *self.lock());
        self.all.fetch_sub(waiting.bytes, Ordering::Relaxed);
        (!waiting.full).then_some(waiting.batches)
    }

    /// About how many bytes wait.
    pub fn memory(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.take();
    }
}

/// About how many bytes a batch takes.
fn size(batch: &Batch) -> usize {
    let texts = batch.id.capacity() + batch.device.capacity() + batch.platform.capacity() + batch.sdk.capacity();
    let channels: usize = batch.events.iter().map(|Told(_, _, channel)| channel.capacity()).sum();
    size_of::<Batch>() + texts + batch.events.capacity() * size_of::<Told>() + channels
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn batch(events: usize) -> Batch {
        let told = Told(1, 2, "channel".to_owned());
        let text = String::new;
        Batch { id: text(), received: 0, device: text(), platform: text(), sdk: text(), events: vec![told; events] }
    }

    #[test]
    fn what_waits_is_bounded_for_one_and_for_all() {
        let all = Arc::new(AtomicUsize::new(0));
        let (one, other) = (Inbox::new(all.clone()), Inbox::new(all.clone()));
        for _ in 0..100 {
            one.add(batch(EVENTS / 100));
        }
        let held = all.load(Ordering::Relaxed);
        assert!(held > EVENTS * size_of::<Told>() && held < BYTES, "{held}");
        assert_eq!(one.memory(), held);
        one.add(batch(1));
        assert_eq!(all.load(Ordering::Relaxed), 0, "what is looked for in the database is not held too");
        one.add(batch(1));
        assert_eq!(one.take(), None);
        one.add(batch(1));
        assert_eq!(one.take().unwrap().len(), 1);
        assert_eq!((one.take().unwrap().len(), all.load(Ordering::Relaxed)), (0, 0));
        all.store(BYTES, Ordering::Relaxed);
        other.add(batch(1));
        assert_eq!((other.take(), all.load(Ordering::Relaxed)), (None, BYTES));
        one.add(batch(0));
        all.store(0, Ordering::Relaxed);
        one.add(batch(0));
        assert_eq!(one.take(), None);
        one.add(batch(3));
        drop(one);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }
}
