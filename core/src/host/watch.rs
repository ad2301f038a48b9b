//! Finds plugins that block the thread they are polled on.
//!
//! The host polls a plugin's futures on its own threads, which saves two thread hops a call. A
//! plugin that computes or sleeps without awaiting would hold such a thread. So each poll is
//! marked; a watchdog looks at the marks, and a plugin that was caught once has its calls polled
//! on threads of their own from then on.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// A poll that takes longer holds up others.
const TOO_LONG: Duration = Duration::from_secs(1);
/// How often the watchdog looks.
const ROUND: Duration = Duration::from_millis(200);

/// Whether one plugin instance blocks.
#[derive(Debug)]
pub struct Suspect {
    plugin: String,
    number: u64,
    blocks: AtomicBool,
}

impl Suspect {
    /// Has an instance watched for as long as this lives.
    pub fn watch(plugin: &str) -> Arc<Self> {
        let mut watch = WATCH.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        watch.suspects.retain(|suspect| suspect.strong_count() > 0);
        watch.last += 1;
        let suspect = Arc::new(Self { plugin: plugin.to_owned(), number: watch.last & NUMBER_MASK, blocks: AtomicBool::new(false) });
        watch.suspects.push(Arc::downgrade(&suspect));
        suspect
    }

    /// Whether it was caught.
    pub fn blocks(&self) -> bool {
        self.blocks.load(Ordering::Relaxed)
    }

    /// Marks each poll of a future.
    pub fn marked<F: Future + Unpin>(&self, future: F) -> Marked<'_, F> {
        Marked { suspect: self, future }
    }
}

#[derive(Default)]
struct Watch {
    last: u64,
    suspects: Vec<Weak<Suspect>>,
    threads: Vec<Weak<AtomicU64>>,
}

static WATCH: LazyLock<Mutex<Watch>> = LazyLock::new(|| {
    let spawned = std::thread::Builder::new().name("plugin-watch".into()).spawn(|| {
        loop {
            std::thread::sleep(ROUND);
            look();
        }
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "plugins that block are not watched for");
    }
    Mutex::default()
});

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A mark holds the instance's number in its low bits and the time above them; zero is no poll.
const NUMBER_BITS: u32 = 16;
const NUMBER_MASK: u64 = (1 << NUMBER_BITS) - 1;

thread_local! {
    static MARK: Arc<AtomicU64> = {
        let mark = Arc::new(AtomicU64::new(0));
        let mut watch = WATCH.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        watch.threads.retain(|thread| thread.strong_count() > 0);
        watch.threads.push(Arc::downgrade(&mark));
        mark
    };
}

fn now_ms() -> u64 {
    u64::try_from(BEGAN.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn look() {
    let watch = WATCH.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for mark in watch.threads.iter().filter_map(Weak::upgrade) {
        let mark = mark.load(Ordering::Relaxed);
        let (since, number) = (mark >> NUMBER_BITS, mark & NUMBER_MASK);
        if mark == 0 || u128::from(now_ms().saturating_sub(since)) < TOO_LONG.as_millis() {
            continue;
        }
        let suspect = watch.suspects.iter().filter_map(Weak::upgrade).find(|suspect| suspect.number == number);
        if let Some(suspect) = suspect
            && !suspect.blocks.swap(true, Ordering::Relaxed)
        {
            tracing::error!(
                plugin = suspect.plugin,
                "the plugin blocks its thread (it computes or waits without awaiting); its calls get threads of their own from now on"
            );
        }
    }
}

/// A future whose polls are marked.
pub struct Marked<'a, F> {
    suspect: &'a Suspect,
    future: F,
}

impl<F: Future + Unpin> Future for Marked<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let number = self.suspect.number;
        MARK.with(|mark| {
            // A plugin's future can poll another's through the host; the outer mark comes back.
            let outer = mark.swap((now_ms().max(1) << NUMBER_BITS) | number, Ordering::Relaxed);
            let poll = Pin::new(&mut self.future).poll(cx);
            mark.store(outer, Ordering::Relaxed);
            poll
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_poll_that_blocks_is_caught_and_others_are_not() {
        let (slow, quick) = (Suspect::watch("slow"), Suspect::watch("quick"));
        let began = Instant::now();
        let busy = std::pin::pin!(async {
            while !slow.blocks() && began.elapsed() < Duration::from_secs(20) {
                std::hint::spin_loop();
            }
        });
        slow.marked(busy).await;
        assert!(slow.blocks());
        quick.marked(std::pin::pin!(tokio::time::sleep(Duration::from_millis(1)))).await;
        assert!(!quick.blocks());
    }
}
