//! The time.

#[cfg(test)]
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A second in milliseconds.
pub const SECOND: u64 = 1000;
/// A minute in milliseconds.
pub const MINUTE: u64 = 60 * SECOND;
/// An hour in milliseconds.
pub const HOUR: u64 = 60 * MINUTE;
/// A day in milliseconds.
pub const DAY: u64 = 24 * HOUR;

/// Tells the time in milliseconds since 1970.
#[derive(Clone, Default)]
pub struct Clock(Inner);

#[derive(Clone, Default)]
enum Inner {
    #[default]
    Real,
    #[cfg(test)]
    Set(Arc<AtomicU64>),
}

impl Clock {
    /// The time.
    pub fn now(&self) -> u64 {
        match &self.0 {
            Inner::Real => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
            #[cfg(test)]
            Inner::Set(now) => now.load(Ordering::SeqCst),
        }
    }

    /// A clock that stands until it is set.
    #[cfg(test)]
    pub fn set_to(now: u64) -> Self {
        Self(Inner::Set(Arc::new(AtomicU64::new(now))))
    }

    /// Moves a clock that stands.
    #[cfg(test)]
    pub fn advance(&self, by: u64) {
        if let Inner::Set(now) = &self.0 {
            now.fetch_add(by, Ordering::SeqCst);
        }
    }
}
