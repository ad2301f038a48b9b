//! How much clients may make the service store: events of an application each second, and events
//! that wait to be folded; and, in modules of their own, events of a device and new devices.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::loading::Loading;
use super::newcomers::Newcomers;
use super::rate::{Bucket, Buckets, Rate};
use super::refusals::Refusals;
use crate::config::Config;

/// How long an application may save up what it may send.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How long a device may: one that was offline for weeks has a thousand sessions.
const AT_ONCE_OF_DEVICE: Duration = Duration::from_secs(3600);
/// How many applications are counted before those that are at rest are forgotten.
const MOST: usize = 10_000;
/// How often what waits is counted in the database at the most.
const COUNT_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Counted {
    /// Events that may still be taken.
    bucket: Bucket,
    /// About how many events wait to be folded, by what this node knows.
    waiting: u64,
    counted: Option<Instant>,
}

/// The counts of all applications.
#[derive(Debug)]
pub struct Limits {
    rate: Rate,
    most_waiting: u64,
    apps: Mutex<HashMap<String, Counted>>,
    /// Events of each device.
    pub devices: Buckets,
    /// New devices.
    pub newcomers: Newcomers,
    /// What is loaded to tell who is new.
    pub loading: Arc<Loading>,
    /// Who is told of what is refused.
    pub refusals: Refusals,
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
    /// What is configured.
    pub fn of(config: &Config) -> Self {
        Self {
            rate: Rate::new(config.max_events_per_second, Duration::from_secs(1), AT_ONCE),
            most_waiting: config.max_pending_events,
            apps: Mutex::default(),
            devices: Buckets::new(Rate::new(config.max_events_per_device, Duration::from_secs(60), AT_ONCE_OF_DEVICE)),
            newcomers: Newcomers::new(config),
            loading: Arc::default(),
            refusals: Refusals::default(),
        }
    }

    fn apps(&self) -> MutexGuard<'_, HashMap<String, Counted>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, app: &str, work: impl FnOnce(&mut Counted) -> T) -> T {
        let rate = self.rate;
        let mut apps = self.apps();
        if apps.len() >= MOST && !apps.contains_key(app) {
            apps.retain(|_, counted| counted.waiting > 0 || !counted.bucket.is_full(rate));
        }
        let new = || Counted { bucket: Bucket::new(rate), waiting: 0, counted: None };
        work(apps.entry(app.to_owned()).or_insert_with(new))
    }

    /// Takes so many events of an application; false when it has sent too many.
    pub fn take(&self, app: &str, events: usize) -> bool {
        self.with(app, |counted| counted.bucket.take(self.rate, events))
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

    /// About how many events wait.
    pub fn waiting(&self, app: &str) -> u64 {
        self.with(app, |counted| counted.waiting)
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
        self.newcomers.forget(app);
        self.loading.forget(app);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max_events_per_second: u64, max_pending_events: u64) -> Limits {
        Limits::of(&Config { max_events_per_second, max_pending_events, ..Config::default() })
    }

    #[test]
    fn ten_seconds_may_come_at_once() {
        let limits = limits(1, 100);
        assert!(limits.take("a", 6) && limits.take("a", 3));
        assert!(!limits.take("a", 3));
        assert!(limits.take("b", 10));
        // Larger than all the room there can be: taken when that is all free.
        assert!(limits.take("c", 500) && !limits.take("c", 1));
    }

    #[test]
    fn a_full_backlog_is_counted_now_and_then() {
        let limits = limits(1000, 100);
        assert_eq!((limits.stored("a", 100), limits.waiting("a")), (100, 100));
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
