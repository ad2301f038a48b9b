//! Deadlines that are set far more often than they are reached.
//!
//! hyper sets one for the headers of each request. Registering each with tokio takes its timers' lock
//! twice a request. Here one timer for the connection stays registered, and moves on when it runs out.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time::{Sleep as TokioSleep, sleep_until};

/// The deadlines of a connection, of which it waits for one at a time.
#[derive(Default)]
pub struct Deadlines(Shared);

type Shared = Arc<Mutex<Option<Pin<Box<TokioSleep>>>>>;

struct Deadline {
    timer: Shared,
    at: tokio::time::Instant,
}

impl Timer for Deadlines {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Deadline { timer: self.0.clone(), at: deadline.into() })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

impl Sleep for Deadline {}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut timer = self.timer.lock().unwrap_or_else(PoisonError::into_inner);
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(self.at)));
        if timer.deadline() > self.at {
            timer.as_mut().reset(self.at);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= self.at {
                return Poll::Ready(());
            }
            // It was set for an earlier deadline, which was met.
            timer.as_mut().reset(self.at);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_deadline_is_reached_in_time_whatever_was_set_before() {
        let deadlines = Deadlines::default();
        let (unit, vain) = (Duration::from_millis(20), Duration::from_millis(5));
        // Set, waited for in vain, and met: never before its time.
        assert!(tokio::time::timeout(vain, deadlines.sleep(500 * unit)).await.is_err());
        for wait in [3, 1, 0, 2] {
            let begun = deadlines.now();
            deadlines.sleep(wait * unit).await;
            assert!(deadlines.now() - begun >= wait * unit, "{wait}");
        }
        assert!(tokio::time::timeout(vain, deadlines.sleep(500 * unit)).await.is_err());
        // One that is set for earlier is not kept waiting by the later one.
        let begun = deadlines.now();
        deadlines.sleep(2 * unit).await;
        assert!((2 * unit..500 * unit).contains(&(deadlines.now() - begun)));
    }
}
