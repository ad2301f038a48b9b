//! How far a task is, and whether it shall stop.

use std::sync::atomic::{AtomicU64, Ordering};

use sdk_plugin::{Error, Result};
use tokio_util::sync::CancellationToken;

use crate::code::INTERNAL_ERROR;

/// What a task and those who watch it share.
#[derive(Debug, Default)]
pub struct Control {
    succeeded: AtomicU64,
    failed: AtomicU64,
    /// Of the whole, in whatever unit the task chose.
    done: AtomicU64,
    /// Zero when nobody knows.
    whole: AtomicU64,
    stop: CancellationToken,
}

/// How far a task is at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many documents are done.
    pub succeeded: u64,
    /// How many documents could not be stored.
    pub failed: u64,
    /// How much of it is done, where that can be told.
    pub percent: Option<u64>,
}

impl Control {
    /// For a task that stops with others.
    pub fn of(stop: CancellationToken) -> Self {
        Self { stop, ..Self::default() }
    }

    /// Documents were done.
    pub fn succeeded(&self, count: u64) {
        self.succeeded.fetch_add(count, Ordering::Relaxed);
    }

    /// Documents could not be stored.
    pub fn failed(&self, count: u64) {
        self.failed.fetch_add(count, Ordering::Relaxed);
    }

    /// How large the whole is.
    pub fn whole(&self, size: u64) {
        self.whole.store(size, Ordering::Relaxed);
    }

    /// More of the whole is done.
    pub fn done(&self, size: u64) {
        self.done.fetch_add(size, Ordering::Relaxed);
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let (done, whole) = (self.done.load(Ordering::Relaxed), self.whole.load(Ordering::Relaxed));
        Progress {
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            percent: done.saturating_mul(100).checked_div(whole).map(|percent| percent.min(100)),
        }
    }

    /// Has the task stop at the next occasion.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the task shall stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Goes on, unless the task shall stop.
    ///
    /// # Errors
    /// `INTERNAL_ERROR`, which the task ends with.
    pub fn check(&self) -> Result<()> {
        if self.stop.is_cancelled() {
            return Err(Error::new(INTERNAL_ERROR, STOPPED));
        }
        Ok(())
    }
}

/// Why a task ends that was cut off.
pub const STOPPED: &str = "the server was stopped while the task was running; start the task again";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_a_part_of_the_whole() {
        let control = Control::default();
        control.succeeded(2);
        control.done(5);
        assert_eq!(control.progress(), Progress { succeeded: 2, failed: 0, percent: None });
        control.whole(20);
        assert_eq!(control.progress().percent, Some(25));
        assert!(control.check().is_ok());
        control.stop();
        assert!(control.check().is_err());
    }
}
