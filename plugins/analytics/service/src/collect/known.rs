//! Whether a device is known, in two to four bytes of memory for each: Bloom filters. Who is taken
//! for known wrongly (at most 1 of 1,000) is only let in without being counted as new.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use analytics_engine::DeviceKey;
use fastbloom::AtomicBloomFilter;

/// How often the first filter is wrong when it is full. Each further one is wrong half as often, so
/// that all together stay below twice this.
const WRONG: f64 = 0.0005;
/// How many keys the smallest filter is made for.
const FEWEST: usize = 1024;

/// The keys of an application's devices. Only [`fill`](Self::fill) takes longer than microseconds.
#[derive(Debug, Default)]
pub struct Known(RwLock<Option<Filters>>);

/// Filters, each for twice as many keys as the one before: a filter cannot grow, and its keys are
/// not kept.
#[derive(Debug)]
struct Filters {
    full: Vec<AtomicBloomFilter>,
    /// The one that keys are added to.
    last: AtomicBloomFilter,
    /// How many it is made for.
    room: usize,
    /// How many it has.
    used: AtomicUsize,
    /// How many the full ones have.
    before: usize,
}

fn filter(wrong: f64, room: usize) -> AtomicBloomFilter {
    // Seeded, as clients choose what is hashed.
    AtomicBloomFilter::with_false_pos(wrong).seed(&rand::random()).expected_items(room)
}

impl Filters {
    fn of(keys: &[DeviceKey]) -> Self {
        let room = keys.len().saturating_mul(2).max(FEWEST);
        let last = filter(WRONG, room);
        last.insert_all(keys);
        Self { full: Vec::new(), last, room, used: AtomicUsize::new(keys.len()), before: 0 }
    }

    fn has(&self, key: DeviceKey) -> bool {
        self.last.contains(&key) || self.full.iter().rev().any(|filter| filter.contains(&key))
    }

    fn is_full(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.room
    }

    fn grow(&mut self) {
        let room = self.room.saturating_mul(2);
        let next = filter(WRONG * 0.5_f64.powi(self.full.len() as i32 + 1), room);
        self.full.push(mem::replace(&mut self.last, next));
        self.before += mem::take(self.used.get_mut());
        self.room = room;
    }
}

impl Known {
    /// These are all keys, each once. Takes some milliseconds for 100,000: call it on a thread that
    /// may block. What is [added](Self::add) meanwhile may be lost.
    pub fn fill(&self, keys: &[DeviceKey]) {
        let filters = Filters::of(keys);
        let before = self.write().replace(filters);
        drop(before);
    }

    /// Adds a key, unless nothing is known: then all of them come with [`fill`](Self::fill).
    pub fn add(&self, key: DeviceKey) {
        let full = match &*self.read() {
            Some(filters) if !filters.has(key) => {
                if !filters.last.insert(&key) {
                    filters.used.fetch_add(1, Ordering::Relaxed);
                }
                filters.is_full()
            }
            _ => false,
        };
        if full && let Some(filters) = self.write().as_mut().filter(|filters| filters.is_full()) {
            filters.grow();
        }
    }

    /// Whether a key is known; nothing when the keys are not in memory.
    pub fn has(&self, key: DeviceKey) -> Option<bool> {
        self.read().as_ref().map(|filters| filters.has(key))
    }

    /// Nothing is known any more.
    pub fn clear(&self) {
        let before = self.write().take();
        drop(before);
    }

    /// How many keys there are; at most 1 of 1,000 too few, and none while nothing is known.
    pub fn count(&self) -> usize {
        self.read().as_ref().map_or(0, |filters| filters.before + filters.used.load(Ordering::Relaxed))
    }

    fn read(&self) -> RwLockReadGuard<'_, Option<Filters>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Filters>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(from: u32, to: u32) -> Vec<DeviceKey> {
        (from..to).map(|n| DeviceKey::of(&n.to_string())).collect()
    }

    fn wrong(known: &Known) -> usize {
        keys(1_000_000, 1_050_000).into_iter().filter(|key| known.has(*key) == Some(true)).count()
    }

    #[test]
    fn what_was_filled_in_is_known_and_little_else() {
        let known = Known::default();
        let filled = keys(0, 50_000);
        known.fill(&filled);
        assert!(filled.iter().all(|key| known.has(*key) == Some(true)));
        assert_eq!(known.count(), 50_000);
        assert!(wrong(&known) < 25, "{} of 50,000", wrong(&known));
    }

    #[test]
    fn it_grows_with_what_is_added_and_stays_as_right() {
        let known = Known::default();
        known.fill(&keys(0, 10));
        let added = keys(10, 50_000);
        added.iter().for_each(|key| known.add(*key));
        added.iter().for_each(|key| known.add(*key));
        assert!(keys(0, 50_000).into_iter().all(|key| known.has(key) == Some(true)));
        assert!((49_900..=50_000).contains(&known.count()), "{}", known.count());
        assert!(wrong(&known) < 100, "{} of 50,000", wrong(&known));
    }

    #[test]
    fn nothing_is_said_of_what_is_not_in_memory() {
        let known = Known::default();
        let key = DeviceKey::of("a");
        known.add(key);
        assert_eq!((known.has(key), known.count()), (None, 0));
        known.fill(&[]);
        assert_eq!(known.has(key), Some(false));
        known.fill(&[key]);
        assert_eq!((known.has(key), known.count()), (Some(true), 1));
        known.clear();
        assert_eq!(known.has(key), None);
    }

    #[test]
    fn many_add_at_the_same_time() {
        let known = Known::default();
        known.fill(&[]);
        let all = keys(0, 20_000);
        std::thread::scope(|scope| {
            for part in all.chunks(5_000) {
                scope.spawn(|| part.iter().for_each(|key| known.add(*key)));
            }
        });
        assert!(all.iter().all(|key| known.has(*key) == Some(true)));
    }
}
