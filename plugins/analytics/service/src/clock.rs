//! The time.

#[cfg(test)]
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use analytics_engine::Day;

/// A minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// A day in milliseconds.
pub const DAY: i64 = 24 * 60 * MINUTE;

/// Tells the time in milliseconds since 1970.
#[derive(Clone, Default)]
pub struct Clock(Inner);

#[derive(Clone, Default)]
enum Inner {
    #[default]
    Real,
    #[cfg(test)]
    Set(Arc<AtomicI64>),
}

/// The date of an instant in UTC.
pub fn date(millis: i64) -> Day {
    Day(i32::try_from(millis.div_euclid(DAY)).unwrap_or_default())
}

/// The first instant of a date in UTC.
pub fn start_of(date: Day) -> i64 {
    i64::from(date.0) * DAY
}

impl Clock {
    /// The time.
    pub fn now(&self) -> i64 {
        match &self.0 {
            Inner::Real => {
                SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            #[cfg(test)]
            Inner::Set(now) => now.load(Ordering::SeqCst),
        }
    }

    /// A clock that stands until it is set.
    #[cfg(test)]
    pub fn set_to(now: i64) -> Self {
        Self(Inner::Set(Arc::new(AtomicI64::new(now))))
    }

    /// Moves a clock that stands.
    #[cfg(test)]
    pub fn advance(&self, by: i64) {
        if let Inner::Set(now) = &self.0 {
            now.fetch_add(by, Ordering::SeqCst);
        }
    }
}
