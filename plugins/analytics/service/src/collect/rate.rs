//! Rates: token buckets, and bounded numbers of them.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many buckets are kept of a kind: 10 MB or so.
const MOST: usize = 1 << 18;

/// So much each second, and so much at once after a rest.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    per_second: f64,
    at_once: f64,
}

impl Rate {
    /// A number over a time; `at_once` is how long what is allowed is saved up.
    pub fn new(number: u64, over: Duration, at_once: Duration) -> Self {
        let per_second = number as f64 / over.as_secs_f64();
        Self { per_second, at_once: per_second * at_once.as_secs_f64() }
    }
}

/// What may still be taken.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    room: f64,
    since: Instant,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: Rate) -> Self {
        Self { room: rate.at_once, since: Instant::now() }
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        *self = Self { room: (self.room + passed * rate.per_second).min(rate.at_once), since: now };
    }

    /// Takes something if there is room for it. What is larger than all the room there can be is
    /// taken when that is all free, as it would never be otherwise.
    pub fn take(&mut self, rate: Rate, cost: usize) -> bool {
        self.fill(rate, Instant::now());
        let cost = cost as f64;
        let taken = self.room >= cost.min(rate.at_once);
        if taken {
            self.room -= cost;
        }
        taken
    }

    /// Gives back what was taken.
    pub fn give_back(&mut self, rate: Rate, cost: usize) {
        self.room = (self.room + cost as f64).min(rate.at_once);
    }

    /// Whether nothing was taken from it for long.
    pub fn is_full(&mut self, rate: Rate) -> bool {
        self.fill(rate, Instant::now());
        self.room >= rate.at_once
    }
}

/// Buckets of many, such as devices, each with the same rate.
#[derive(Debug)]
pub struct Buckets {
    rate: Rate,
    most: usize,
    hasher: RandomState,
    buckets: Mutex<HashMap<u64, Bucket>>,
}

impl Buckets {
    /// Full ones.
    pub fn new(rate: Rate) -> Self {
        Self { rate, most: MOST, hasher: RandomState::new(), buckets: Mutex::default() }
    }

    /// Takes something from the bucket of `whose`, if there is room for it.
    pub fn take(&self, whose: impl Hash, cost: usize) -> bool {
        let (key, rate) = (self.hasher.hash_one(whose), self.rate);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.most && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| !bucket.is_full(rate));
            // Looking through all of them again for each that comes would take too long.
            if buckets.len() > self.most / 2 {
                buckets.clear();
            }
        }
        buckets.entry(key).or_insert_with(|| Bucket::new(rate)).take(rate, cost)
    }

    /// Gives back what was taken from the bucket of `whose`.
    pub fn give_back(&self, whose: impl Hash, cost: usize) {
        let key = self.hasher.hash_one(whose);
        if let Some(bucket) = self.buckets.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&key) {
            bucket.give_back(self.rate, cost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_is_saved_up_may_come_at_once() {
        let rate = Rate::new(1, MINUTE, 10 * MINUTE);
        let mut bucket = Bucket::new(rate);
        assert!(bucket.is_full(rate));
        assert!(bucket.take(rate, 6) && bucket.take(rate, 4) && !bucket.take(rate, 1));
        assert!(!bucket.is_full(rate));
        assert!(Bucket::new(rate).take(rate, 500), "larger than all the room there can be");
    }

    #[test]
    fn each_has_a_bucket_of_its_own_and_they_are_bounded() {
        let mut buckets = Buckets::new(Rate::new(1, MINUTE, MINUTE));
        buckets.most = 100;
        assert!(buckets.take("a", 1) && !buckets.take("a", 1) && buckets.take("b", 1));
        buckets.give_back("a", 1);
        assert!(buckets.take("a", 1) && !buckets.take("b", 1));
        for n in 0..1000 {
            assert!(buckets.take(n, 1));
            assert!(buckets.buckets.lock().unwrap_or_else(PoisonError::into_inner).len() <= 100);
        }
    }
}
