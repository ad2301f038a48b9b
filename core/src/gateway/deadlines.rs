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
        let short = Duration::from_millis(1);
        // Set, waited for in vain, and met.
        assert!(tokio::time::timeout(short, deadlines.sleep(20 * short)).await.is_err());
        for wait in [50, 5, 0, 1] {
            let begun = Instant::now();
            deadlines.sleep(wait * short).await;
            assert!(begun.elapsed() >= wait * short, "{wait}: {:?}", begun.elapsed());
        }
        let far = Duration::from_secs(1000);
        assert!(tokio::time::timeout(short, deadlines.sleep(far)).await.is_err());
        let near = tokio::time::timeout(far / 10, deadlines.sleep(2 * short));
        assert!(near.await.is_ok(), "it came with a later one");
    }
}
