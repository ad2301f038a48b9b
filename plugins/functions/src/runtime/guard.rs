//! Ends JavaScript that runs for too long, and tells when an instance's thread is lost. One thread
//! watches every instance.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
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

/// Why an instance's thread is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It has stopped for ever.
    Stopped,
    /// It goes on, although it was told to end.
    Unstoppable,
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
}

/// Knows when an instance runs JavaScript, and until when it may.
///
/// A stretch is stopped under the same lock that begins and ends it, so that a stop can never hit
/// the stretch after the one it was meant for.
pub struct Guard {
    stretch: Mutex<Stretch>,
    interrupt: OnceLock<Box<dyn Interrupt>>,
    /// 0 for none, otherwise a [`Loss`].
    lost: AtomicU8,
    on_loss: Box<dyn Fn(Loss) -> bool + Send + Sync>,
}

/// The values of [`Guard::lost`].
const STOPPED: u8 = 1;
const UNSTOPPABLE: u8 = 2;

/// What the watching thread finds.
enum Found {
    /// JavaScript runs.
    Running,
    /// None does.
    Idle,
    /// The thread is lost, and that was told.
    Lost,
}

impl Guard {
    /// A guard that the watching thread knows. It runs `on_loss` soon after [`Guard::lose`], or when a
    /// stretch goes on that was stopped, until that says that all is done.
    pub fn watched(on_loss: impl Fn(Loss) -> bool + Send + Sync + 'static) -> Arc<Self> {
        let on_loss = Box::new(on_loss);
        let guard = Arc::new(Self { stretch: Mutex::default(), interrupt: OnceLock::new(), lost: AtomicU8::new(0), on_loss });
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

    /// What runs now, if anything does, may until then at most.
    pub fn hasten(&self, deadline: Instant) {
        let mut stretch = self.lock();
        stretch.deadline = stretch.deadline.map(|allowed| allowed.min(deadline));
    }

    /// It has ended. Says whether it was stopped: then the engine must be told that it may run again.
    pub fn end(&self) -> Option<StopCause> {
        std::mem::take(&mut *self.lock()).stopped
    }

    /// Whether the stretch that runs was stopped.
    pub fn is_stopped(&self) -> bool {
        self.lock().stopped.is_some()
    }

    /// Stops what runs now, if anything does. The heap limit is the cause also of what was stopped
    /// before it reached it: the limit has to be lowered again.
    pub fn stop(&self, cause: StopCause) {
        let mut stretch = self.lock();
        if stretch.deadline.is_some() && (stretch.stopped.is_none() || cause == StopCause::Memory) {
            self.interrupt(&mut stretch, cause);
        }
    }

    fn interrupt(&self, stretch: &mut Stretch, cause: StopCause) {
        stretch.stopped = Some(cause);
        stretch.stopped_at.get_or_insert_with(Instant::now);
        if let Some(interrupt) = self.interrupt.get() {
            interrupt.interrupt();
        }
    }

    /// Reminds the engine of a stop. Done regularly until the stretch ends.
    pub fn remind(&self) {
        if let Some(interrupt) = self.interrupt.get() {
            interrupt.remind();
        }
    }

    /// The instance's thread has stopped for ever. Takes no lock and allocates nothing, so that a
    /// handler of signals may say it.
    pub fn lose(&self) {
        self.lost.store(STOPPED, Ordering::SeqCst);
        wake_watcher();
    }

    /// Whether the thread is lost: it ends if it still can.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst) != 0
    }

    fn loss(&self) -> Option<Loss> {
        match self.lost.load(Ordering::SeqCst) {
            0 => None,
            STOPPED => Some(Loss::Stopped),
            _ => Some(Loss::Unstoppable),
        }
    }

    /// Stops what runs past its deadline, and abandons what goes on all the same.
    fn check(&self, now: Instant) -> Found {
        if let Some(loss) = self.loss() {
            return if (self.on_loss)(loss) { Found::Lost } else { Found::Running };
        }
        let mut stretch = self.lock();
        let Some(deadline) = stretch.deadline else { return Found::Idle };
        match stretch.stopped_at {
            None if now >= deadline => self.interrupt(&mut stretch, StopCause::Time),
            None => {}
            Some(at) => {
                self.remind();
                if now.saturating_duration_since(at) >= PATIENCE {
                    // Under the lock, so that a stretch that ends at this moment knows of it.
                    self.lost.store(UNSTOPPABLE, Ordering::SeqCst);
                    if let Some(interrupt) = self.interrupt.get() {
                        interrupt.abandon();
                    }
                }
            }
        }
        Found::Running
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
            let found = guard.check(now);
            busy |= matches!(found, Found::Running);
            !matches!(found, Found::Lost)
        }
        None => false,
    });
    busy
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
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
        let guard = Guard::watched(|_| true);
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

    #[test]
    fn a_stretch_that_is_hastened_is_stopped_earlier_and_never_later() {
        let (tell, told) = mpsc::channel();
        let guard = Guard::watched(|_| true);
        guard.arm(Box::new(Tell(tell)));
        guard.begin(Instant::now() + Duration::from_secs(60));
        guard.hasten(Instant::now() + Duration::from_millis(20));
        guard.hasten(Instant::now() + Duration::from_secs(60));
        assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok("interrupted"));
        assert_eq!(guard.end(), Some(StopCause::Time));
        guard.hasten(Instant::now());
        assert!(!guard.is_stopped(), "nothing ran");
    }

    #[test]
    fn the_heap_limit_is_a_cause_beside_the_deadline() {
        let guard = Guard::watched(|_| true);
        guard.begin(Instant::now() + Duration::from_secs(60));
        guard.stop(StopCause::Time);
        guard.stop(StopCause::Memory);
        guard.stop(StopCause::Time);
        assert_eq!(guard.end(), Some(StopCause::Memory));
        guard.stop(StopCause::Memory);
        assert_eq!(guard.end(), None, "nothing ran");
    }

    #[test]
    fn a_loss_is_told_until_it_is_heard_and_not_again() {
        let (tell, told) = mpsc::channel();
        let times = AtomicU32::new(0);
        let guard = Guard::watched(move |loss| {
            assert_eq!(loss, Loss::Stopped);
            let time = times.fetch_add(1, Ordering::SeqCst);
            let _ = tell.send(time);
            time >= 2
        });
        // The watching thread may sleep by now; nothing runs.
        thread::sleep(TICK * (IDLE_TICKS + 10));
        guard.lose();
        for time in 0..3 {
            assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(time));
        }
        assert!(told.recv_timeout(TICK * 20).is_err(), "it was heard");
    }

    #[cfg(not(feature = "v8"))]
    #[test]
    fn what_does_not_end_is_abandoned_once() {
        let (tell, told) = mpsc::channel();
        let (lose, lost) = mpsc::channel();
        let guard = Guard::watched(move |loss| lose.send(loss).is_ok());
        guard.arm(Box::new(Tell(tell)));
        guard.begin(Instant::now());
        for what in ["interrupted", "abandoned"] {
            assert_eq!(told.recv_timeout(PATIENCE + Duration::from_secs(5)), Ok(what));
        }
        assert_eq!(lost.recv_timeout(Duration::from_secs(5)), Ok(Loss::Unstoppable));
        assert!(told.recv_timeout(TICK * 4).is_err());
        assert!(guard.is_lost());
        assert_eq!(guard.end(), Some(StopCause::Time));
    }
}
