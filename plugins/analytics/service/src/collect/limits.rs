//! How much clients may make the service store: events of an application each second, and events
//! that wait to be folded.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an application may send at once what it may send over that time.
const BURST: f64 = 10.0;
/// How many applications are counted before those that are at rest are forgotten.
const MOST: usize = 10_000;
/// How often what waits is counted in the database at the most.
const COUNT_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Counted {
    /// Events that may still be taken, as of `since`.
    room: f64,
    since: Instant,
    /// About how many events wait to be folded, by what this node knows.
    waiting: u64,
    counted: Option<Instant>,
}

/// The counts of all applications.
#[derive(Debug)]
pub struct Limits {
    per_second: f64,
    most_waiting: u64,
    apps: Mutex<HashMap<String, Counted>>,
}

/// Whether a batch may be taken, as far as its application's backlog goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlog {
    /// It may.
    Small,
    /// Too many events wait.
    Full,
    /// Too many waited when they were last counted: count again.
    Unknown,
}

impl Limits {
    /// Limits of events each second, and of events that wait.
    pub fn new(per_second: u64, most_waiting: u64) -> Self {
        Self { per_second: per_second as f64, most_waiting, apps: Mutex::default() }
    }

    fn apps(&self) -> MutexGuard<'_, HashMap<String, Counted>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, app: &str, work: impl FnOnce(&mut Counted) -> T) -> T {
        let full = self.per_second * BURST;
        let mut apps = self.apps();
        if apps.len() >= MOST && !apps.contains_key(app) {
            apps.retain(|_, counted| counted.waiting > 0 || counted.since.elapsed().as_secs_f64() < BURST);
        }
        let new = || Counted { room: full, since: Instant::now(), waiting: 0, counted: None };
        work(apps.entry(app.to_owned()).or_insert_with(new))
    }

    /// Takes so many events of an application; false when it has sent too many. A batch of none
    /// counts as one event.
    pub fn take(&self, app: &str, events: usize) -> bool {
        let (rate, cost) = (self.per_second, events.max(1) as f64);
        self.with(app, |counted| {
            let now = Instant::now();
            let passed = now.duration_since(counted.since).as_secs_f64();
            counted.room = (counted.room + passed * rate).min(rate * BURST);
            counted.since = now;
            // What is larger than all the room there can be would never be taken.
            let taken = counted.room >= cost.min(rate * BURST);
            if taken {
                counted.room -= cost;
            }
            taken
        })
    }

    /// Whether an application's backlog has room.
    pub fn backlog(&self, app: &str) -> Backlog {
        let most = self.most_waiting;
        self.with(app, |counted| match counted.counted {
            _ if counted.waiting <= most => Backlog::Small,
            Some(when) if when.elapsed() < COUNT_EVERY => Backlog::Full,
            _ => {
                // Whoever sees this counts; others go by what is known until then.
                counted.counted = Some(Instant::now());
                Backlog::Unknown
            }
        })
    }

    /// So many events were stored; says how many wait.
    pub fn stored(&self, app: &str, events: u64) -> u64 {
        self.with(app, |counted| {
            counted.waiting = counted.waiting.saturating_add(events);
            counted.waiting
        })
    }

    /// So many events were folded.
    pub fn folded(&self, app: &str, events: u64) {
        self.with(app, |counted| counted.waiting = counted.waiting.saturating_sub(events));
    }

    /// So many events wait: they were counted.
    pub fn set_waiting(&self, app: &str, events: u64) {
        self.with(app, |counted| counted.waiting = events);
    }

    /// Only these applications, in order, have events that wait.
    pub fn only(&self, waiting: &[String]) {
        for (app, counted) in self.apps().iter_mut() {
            if waiting.binary_search(app).is_err() {
                counted.waiting = 0;
            }
        }
    }

    /// Forgets an application.
    pub fn forget(&self, app: &str) {
        self.apps().remove(app);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_may_come_at_once() {
        let limits = Limits::new(1, 100);
        assert!(limits.take("a", 6) && limits.take("a", 3));
        assert!(!limits.take("a", 3));
        assert!(limits.take("b", 10));
        // Larger than all the room there can be: taken when that is all free.
        assert!(limits.take("c", 500) && !limits.take("c", 1));
    }

    #[test]
    fn a_full_backlog_is_counted_now_and_then() {
        let limits = Limits::new(1000, 100);
        assert_eq!(limits.stored("a", 100), 100);
        assert_eq!(limits.backlog("a"), Backlog::Small);
        limits.stored("a", 1);
        assert_eq!(limits.backlog("a"), Backlog::Unknown);
        assert_eq!(limits.backlog("a"), Backlog::Full);
        limits.folded("a", 1);
        assert_eq!(limits.backlog("a"), Backlog::Small);
        limits.set_waiting("a", 101);
        assert_eq!(limits.backlog("a"), Backlog::Full);
    }
}
