//! Finds plugins that block the thread they are polled on.
//!
//! The host polls a plugin's futures on its own threads, which saves two thread hops a call. A
//! plugin that computes or sleeps without awaiting would hold such a thread. Two things keep that
//! from harming others: one plugin is never polled on all of the threads at once, and each poll is
//! marked, so that a watchdog sees long ones. A plugin that was caught once has its calls polled on
//! threads of their own from then on.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// A poll that takes longer holds up others.
const TOO_LONG: Duration = Duration::from_secs(1);
/// How often the watchdog looks.
const ROUND: Duration = Duration::from_millis(200);

/// Whether one plugin instance blocks, and on how many threads it is being polled.
#[derive(Debug)]
pub struct Suspect {
    plugin: String,
    number: u64,
    blocks: AtomicBool,
    polls: AtomicUsize,
    most_polls: usize,
    waiting: Mutex<Vec<Waker>>,
    anybody_waits: AtomicBool,
}

impl Suspect {
    /// Has an instance watched for as long as this lives.
    pub fn watch(plugin: &str) -> Arc<Self> {
        let mut watch = WATCH.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        watch.suspects.retain(|suspect| suspect.strong_count() > 0);
        watch.last += 1;
        let threads = tokio::runtime::Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
        let suspect = Arc::new(Self {
            plugin: plugin.to_owned(),
            number: watch.last & NUMBER_MASK,
            blocks: AtomicBool::new(false),
            polls: AtomicUsize::new(0),
            most_polls: threads.saturating_sub(1).max(1),
            waiting: Mutex::default(),
            anybody_waits: AtomicBool::new(false),
        });
        watch.suspects.push(Arc::downgrade(&suspect));
        suspect
    }

    /// Whether it was caught.
    pub fn blocks(&self) -> bool {
        self.blocks.load(Ordering::Relaxed)
    }

    /// Takes the right to poll, or leaves the waker to be told when to ask again.
    fn begin_poll(&self, cx: &Context<'_>) -> bool {
        if self.polls.fetch_add(1, Ordering::SeqCst) < self.most_polls {
            return true;
        }
        self.polls.fetch_sub(1, Ordering::SeqCst);
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(cx.waker().clone());
        self.anybody_waits.store(true, Ordering::SeqCst);
        // The last poll may have ended before the flag was set.
        if self.polls.load(Ordering::SeqCst) < self.most_polls {
            self.wake_waiting();
        }
        false
    }

    fn end_poll(&self) {
        self.polls.fetch_sub(1, Ordering::SeqCst);
        self.wake_waiting();
    }

    fn wake_waiting(&self) {
        if self.anybody_waits.swap(false, Ordering::SeqCst) {
            let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
            waiting.into_iter().for_each(Waker::wake);
        }
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
    /// The plugins whose polls this thread is within, the innermost last.
    static POLLED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };

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
        let suspect = self.suspect;
        // A plugin that calls itself through the host is polled within its own poll: that takes no
        // further thread, and waiting for the outer poll to end would be waiting for itself.
        let nested = POLLED.with_borrow(|polled| polled.contains(&suspect.number));
        if !nested && !suspect.begin_poll(cx) {
            return Poll::Pending;
        }
        POLLED.with_borrow_mut(|polled| polled.push(suspect.number));
        let poll = MARK.with(|mark| {
            // A plugin's future can poll another's through the host; the outer mark comes back.
            let outer = mark.swap((now_ms().max(1) << NUMBER_BITS) | suspect.number, Ordering::Relaxed);
            let poll = Pin::new(&mut self.future).poll(cx);
            mark.store(outer, Ordering::Relaxed);
            poll
        });
        POLLED.with_borrow_mut(|polled| {
            polled.pop();
        });
        if !nested {
            suspect.end_poll();
        }
        poll
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

    #[tokio::test]
    async fn a_plugin_may_be_polled_within_its_own_poll() {
        fn deeper(suspect: &Suspect, depth: usize) -> Pin<Box<dyn Future<Output = usize> + '_>> {
            Box::pin(async move {
                tokio::task::yield_now().await;
                if depth == 0 { 0 } else { 1 + suspect.marked(deeper(suspect, depth - 1)).await }
            })
        }
        let suspect = Suspect::watch("recursive");
        let work = suspect.marked(deeper(&suspect, 100));
        assert_eq!(tokio::time::timeout(Duration::from_secs(20), work).await, Ok(100));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
    async fn one_plugin_never_holds_every_thread() {
        let suspect = Suspect::watch("greedy");
        let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let polls = (0..50).map(|_| {
            let (suspect, most, now) = (suspect.clone(), most.clone(), now.clone());
            tokio::spawn(async move {
                let work = std::pin::pin!(async {
                    for _ in 0..20 {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                    }
                });
                suspect.marked(work).await;
            })
        });
        for poll in polls.collect::<Vec<_>>() {
            tokio::time::timeout(Duration::from_secs(20), poll).await.expect("no wake-up is lost").expect("no panic");
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }
}
