//! Ends JavaScript that runs for too long. One thread watches every instance.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How exactly deadlines are kept.
const TICK: Duration = Duration::from_millis(5);
/// How long what was stopped may go on: work of the engine's own, or an op's, may have to end first. What
/// V8 does in one step ends, if late: filling a large array takes seconds.
const PATIENCE: Duration = if cfg!(feature = "v8") { Duration::MAX } else { Duration::from_secs(5) };
/// How many ticks without any running JavaScript let the watching thread sleep.
const IDLE_TICKS: u32 = 40;

/// Why running JavaScript was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// Its deadline has passed.
    Time,
    /// It reached the heap limit.
    Memory,
}

/// Stops an engine from another thread.
pub trait Interrupt: Send + Sync {
    /// Makes the JavaScript that runs now end with an error that it cannot catch.
    fn interrupt(&self);

    /// Does what an engine needs that has been interrupted and has not ended yet.
    fn remind(&self) {}

    /// Does without the thread: what was interrupted does not end.
    fn abandon(&self);
}

#[derive(Default)]
struct Stretch {
    deadline: Option<Instant>,
    stopped: Option<StopCause>,
    stopped_at: Option<Instant>,
    abandoned: bool,
}

/// Knows when an instance runs JavaScript, and until when it may.
///
/// A stretch is stopped under the same lock that begins and ends it, so that a stop can never hit
/// the stretch after the one it was meant for.
#[derive(Default)]
pub struct Guard {
    stretch: Mutex<Stretch>,
    interrupt: OnceLock<Box<dyn Interrupt>>,
}

impl Guard {
    /// A guard that the watching thread knows.
    pub fn watched() -> Arc<Self> {
        let guard = Arc::new(Self::default());
        watch(&guard);
        guard
    }

    /// Says how to stop the engine. Only the first one counts.
    pub fn arm(&self, interrupt: Box<dyn Interrupt>) {
        let _ = self.interrupt.set(interrupt);
    }

    /// JavaScript begins to run, and may until `deadline`.
    pub fn begin(&self, deadline: Instant) {
        *self.lock() = Stretch { deadline: Some(deadline), ..Stretch::default() };
        wake_watcher();
    }

    /// It has ended. Says whether it was stopped: then the engine must be told that it may run again.
    pub fn end(&self) -> Option<StopCause> {
        std::mem::take(&mut *self.lock()).stopped
    }

    /// Whether the stretch that runs was stopped.
    pub fn is_stopped(&self) -> bool {
        self.lock().stopped.is_some()
    }

    /// Stops what runs now, if anything does.
    pub fn stop(&self, cause: StopCause) {
        let mut stretch = self.lock();
        if stretch.deadline.is_some() && stretch.stopped.is_none() {
            self.interrupt(&mut stretch, cause);
        }
    }

    fn interrupt(&self, stretch: &mut Stretch, cause: StopCause) {
        stretch.stopped = Some(cause);
        stretch.stopped_at = Some(Instant::now());
        if let Some(interrupt) = self.interrupt.get() {
            interrupt.interrupt();
        }
    }

    /// Stops what runs past its deadline, and abandons what goes on all the same; says whether anything
    /// runs that has not been abandoned.
    fn check(&self, now: Instant) -> bool {
        let mut stretch = self.lock();
        let Some(deadline) = stretch.deadline else { return false };
        match stretch.stopped_at {
            None if now >= deadline => self.interrupt(&mut stretch, StopCause::Time),
            None => {}
            Some(at) => {
                self.remind();
                if !stretch.abandoned && now.duration_since(at) >= PATIENCE {
                    stretch.abandoned = true;
                    if let Some(interrupt) = self.interrupt.get() {
                        interrupt.abandon();
                    }
                }
            }
        }
        !stretch.abandoned
    }

    /// Reminds the engine of a stop. Done regularly until the stretch ends.
    pub fn remind(&self) {
        if let Some(interrupt) = self.interrupt.get() {
            interrupt.remind();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Stretch> {
        self.stretch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watcher {
    guards: Mutex<Vec<Weak<Guard>>>,
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

static WATCHER: Watcher = Watcher { guards: Mutex::new(Vec::new()), asleep: AtomicBool::new(false), thread: OnceLock::new() };

fn watch(guard: &Arc<Guard>) {
    WATCHER.guards.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(guard));
    WATCHER.thread.get_or_init(|| match thread::Builder::new().name("function-watch".to_owned()).spawn(keep_watch) {
        Ok(handle) => handle.thread().clone(),
        // Without a watcher no function could be stopped: better none runs at all.
        Err(error) => panic!("the thread that ends functions cannot start: {error}"),
    });
}

fn wake_watcher() {
    if WATCHER.asleep.load(Ordering::SeqCst)
        && WATCHER.asleep.swap(false, Ordering::SeqCst)
        && let Some(thread) = WATCHER.thread.get()
    {
        thread.unpark();
    }
}

fn keep_watch() {
    let mut idle = 0;
    loop {
        if check_all() {
            idle = 0;
        } else {
            idle += 1;
        }
        if idle < IDLE_TICKS {
            thread::sleep(TICK);
            continue;
        }
        // A stretch that begins after this line sees `asleep`; one before it is seen by the check.
        WATCHER.asleep.store(true, Ordering::SeqCst);
        if check_all() {
            WATCHER.asleep.store(false, Ordering::SeqCst);
        } else {
            while WATCHER.asleep.load(Ordering::SeqCst) {
                thread::park();
            }
        }
        idle = 0;
    }
}

fn check_all() -> bool {
    let now = Instant::now();
    let mut busy = false;
    WATCHER.guards.lock().unwrap_or_else(PoisonError::into_inner).retain(|guard| match guard.upgrade() {
        Some(guard) => {
            busy |= guard.check(now);
            true
        }
        None => false,
    });
    busy
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Tell(mpsc::Sender<&'static str>);

    impl Interrupt for Tell {
        fn interrupt(&self) {
            let _ = self.0.send("interrupted");
        }

        fn abandon(&self) {
            let _ = self.0.send("abandoned");
        }
    }

    #[test]
    fn a_stretch_past_its_deadline_is_stopped_once_and_the_next_is_not() {
        let (tell, told) = mpsc::channel();
        let guard = Guard::watched();
        guard.arm(Box::new(Tell(tell)));
        for _ in 0..2 {
            guard.begin(Instant::now() + Duration::from_millis(20));
            assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok("interrupted"));
            assert!(guard.is_stopped());
            assert_eq!(guard.end(), Some(StopCause::Time));
            guard.begin(Instant::now() + Duration::from_secs(60));
            assert_eq!(guard.end(), None);
            assert!(told.try_recv().is_err());
        }
    }
    #[cfg(not(feature = "v8"))]
    #[test]
    fn what_does_not_end_is_abandoned_once() {
        let (tell, told) = mpsc::channel();
        let guard = Guard::watched();
        guard.arm(Box::new(Tell(tell)));
        guard.begin(Instant::now());
        for what in ["interrupted", "abandoned"] {
            assert_eq!(told.recv_timeout(PATIENCE + Duration::from_secs(5)), Ok(what));
        }
        assert!(told.recv_timeout(TICK * 4).is_err());
        assert_eq!(guard.end(), Some(StopCause::Time));
    }
}
