//! How many functions of one space run at once, and how many begin each second.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sdk_plugin::{Error, Result, codes};

/// From how many remembered spaces on those that rest are forgotten.
const MANY: usize = 1000;

/// The limits of every space.
pub struct Quota {
    concurrency: usize,
    rate: u32,
    spaces: Mutex<HashMap<String, Arc<Space>>>,
}

struct Space {
    running: AtomicUsize,
    /// What is left of this second's calls, and when that was counted.
    bucket: Mutex<(f64, Instant)>,
}

/// The right to run one function.
pub struct Permit(Arc<Space>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Quota {
    /// Limits: calls at once, and calls a second; 0 for no limit.
    pub fn new(concurrency: usize, rate: u32) -> Self {
        Self { concurrency, rate, spaces: Mutex::default() }
    }

    /// Takes the right to run a function of a space.
    ///
    /// # Errors
    /// `Throttling.Api.Concurrency` with the limit that is reached.
    pub fn enter(&self, space: &str) -> Result<Permit> {
        let known = self.space(space);
        if self.rate > 0 && !known.take(f64::from(self.rate)) {
            return Err(throttled(format!("the space makes more than {} calls of functions a second", self.rate)));
        }
        let most = if self.concurrency == 0 { usize::MAX } else { self.concurrency };
        let entered = known.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| (running < most).then_some(running + 1));
        if entered.is_err() {
            return Err(throttled(format!("the space runs {most} functions at once, which is its limit")));
        }
        Ok(Permit(known))
    }

    fn space(&self, space: &str) -> Arc<Space> {
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = spaces.get(space) {
            return known.clone();
        }
        if spaces.len() >= MANY {
            spaces.retain(|_, space| Arc::strong_count(space) > 1);
        }
        let bucket = Mutex::new((f64::from(self.rate), Instant::now()));
        let known = Arc::new(Space { running: AtomicUsize::new(0), bucket });
        spaces.insert(space.to_owned(), known.clone());
        known
    }
}

impl Space {
    /// Takes one call of a second's worth, which fills up as time passes.
    fn take(&self, rate: f64) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let filled = (bucket.0 + now.duration_since(bucket.1).as_secs_f64() * rate).min(rate);
        let taken = filled >= 1.0;
        *bucket = (if taken { filled - 1.0 } else { filled }, now);
        taken
    }
}

fn throttled(message: String) -> Error {
    Error::new(codes::THROTTLED_CONCURRENCY, message).retryable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_runs_so_many_at_once_and_others_do_not_notice() {
        let quota = Quota::new(2, 0);
        let first = quota.enter("a").expect("room");
        let _second = quota.enter("a").expect("room");
        let refused = quota.enter("a").err().expect("full");
        assert_eq!(refused.code(), codes::THROTTLED_CONCURRENCY);
        assert!(refused.message().contains("2 functions at once"), "{refused}");
        let _other = quota.enter("b").expect("another space");
        drop(first);
        assert!(quota.enter("a").is_ok());
    }

    #[test]
    fn a_second_has_so_many_calls() {
        let quota = Quota::new(0, 5);
        let begun = (0..20).filter(|_| quota.enter("a").is_ok()).count();
        // The bucket holds five, and may fill by one while this runs.
        assert!((5..=6).contains(&begun), "{begun}");
        assert!(quota.enter("b").is_ok());
    }

    #[test]
    fn spaces_that_rest_are_forgotten() {
        let quota = Quota::new(1, 0);
        let _held = quota.enter("held").expect("room");
        for n in 0..5000 {
            assert!(quota.enter(&format!("s{n}")).is_ok());
        }
        assert!(quota.spaces.lock().expect("not poisoned").len() <= MANY);
        assert!(quota.enter("held").is_err(), "the one that runs is remembered");
    }
}
