//! An instance of a function as the rest of the process sees it: a channel and a few counters.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sdk_plugin::{Error, Result};

use super::calls::{Calls, Claim, Ending};
use super::{Invocation, Outcome, Target};
use crate::native;

/// How many calls of services and native ops may be open in one instance at once.
pub const MAX_OPEN_CALLS: usize = 1024;

/// How many of them may belong to one call of the function.
pub const MAX_OPEN_OF_CALL: usize = 256;

/// What is sent to an instance's thread. Its channel has room for all that can be under way, so
/// that sending never waits.
pub enum Message {
    /// Begin the call that waits.
    Start,
    /// Something that the function waits for is done.
    Completed {
        /// Its number.
        id: u32,
        /// The answer.
        answer: Answer,
    },
    /// Look whether it is time to end.
    Wake,
}

/// What a function waited for.
pub enum Answer {
    /// A service's answer: JSON text, or an error.
    Service(Result<bytes::Bytes>),
    /// A native op's result.
    Native(native::Result),
}

/// How long a call may have to wait for an instance before another one is started, in microseconds.
const PATIENCE: u64 = 1000;

/// An instance's shared state.
pub struct Instance {
    /// What it runs.
    pub target: Arc<Target>,
    pub(super) messages: SyncSender<Message>,
    pub(super) leases: AtomicUsize,
    calls: Calls,
    retired: AtomicBool,
    memory: AtomicUsize,
    /// Calls that were given to it and have not been begun.
    queued: AtomicUsize,
    /// When the JavaScript that runs now began; 0 when none does. Microseconds since [`epoch`].
    running_since: AtomicU64,
    /// How long a stretch takes, as a moving average in microseconds.
    stretch: AtomicU64,
    pub(super) last_used: AtomicU64,
}

fn epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now)
}

pub(super) fn micros() -> u64 {
    // Never 0, which means "not running".
    u64::try_from(epoch().elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
}

impl Instance {
    pub(super) fn new(target: Arc<Target>, messages: SyncSender<Message>) -> Self {
        Self {
            target,
            messages,
            leases: AtomicUsize::new(0),
            calls: Calls::default(),
            retired: AtomicBool::new(false),
            memory: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            running_since: AtomicU64::new(0),
            stretch: AtomicU64::new(0),
            last_used: AtomicU64::new(micros()),
        }
    }

    /// Sends an answer. Fails only when the instance is gone, and then nobody waits for it.
    pub fn send(&self, message: Message) -> bool {
        self.messages.try_send(message).is_ok()
    }

    /// How many calls it runs or will run.
    pub fn leases(&self) -> usize {
        self.leases.load(Ordering::Acquire)
    }

    /// Gives it a call, with the lease of whoever gives it. One that it cannot take is handed back.
    pub(super) fn give(&self, invocation: Box<Invocation>, claim: Claim) {
        self.queued.fetch_add(1, Ordering::Relaxed);
        if !self.calls.give(invocation, claim, || self.send(Message::Start)) {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            self.release();
        }
    }

    /// Begins the call that has waited for longest, for the instance's thread. `None` when nobody
    /// waits for its result.
    pub fn begin(&self, id: u32) -> Option<Box<Invocation>> {
        self.queued.fetch_sub(1, Ordering::Relaxed);
        let begun = self.calls.begin(id);
        if begun.is_none() {
            self.release();
        }
        begun
    }

    /// Ends a call. Its lease is given back before the result goes out, so that whoever calls next
    /// finds the instance free.
    pub fn end(&self, id: u32, result: Result<String>) {
        if let Some(Claim { held, reply }) = self.calls.end(id) {
            drop(held);
            self.release();
            // Nobody waits any more when the deadline came first.
            let _ = reply.send(Ending::Outcome(Outcome { result, memory: self.memory() }));
        }
    }

    /// Ends all calls, because its thread is gone: those that were begun with an error. `false` when
    /// that has to be tried again.
    pub fn close(&self, error: impl Fn() -> Error) -> bool {
        let closed = self.calls.close(&error);
        self.leases.fetch_sub(closed.unwrap_or(0), Ordering::AcqRel);
        closed.is_some()
    }

    /// Notes that JavaScript begins to run.
    pub fn running(&self) {
        self.running_since.store(micros(), Ordering::Relaxed);
    }

    /// Notes that JavaScript has ended.
    pub fn idle(&self) {
        let took = micros().saturating_sub(self.running_since.swap(0, Ordering::Relaxed));
        let average = self.stretch.load(Ordering::Relaxed);
        self.stretch.store((average * 7 + took) / 8, Ordering::Relaxed);
    }

    /// Whether a new call would have to wait noticeably.
    pub(super) fn is_busy(&self) -> bool {
        let running = match self.running_since.load(Ordering::Relaxed) {
            0 => 0,
            since => micros().saturating_sub(since),
        };
        running > PATIENCE || self.queued.load(Ordering::Relaxed) as u64 * self.stretch.load(Ordering::Relaxed) > PATIENCE
    }

    pub(super) fn is_full(&self) -> bool {
        self.leases() >= self.target.concurrency
    }

    /// Notes the heap in use, in bytes.
    pub fn set_memory(&self, bytes: usize) {
        self.memory.store(bytes, Ordering::Relaxed);
    }

    /// The heap in use when last measured, in bytes.
    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        // When there is no room, its thread is awake anyway.
        let _ = self.messages.try_send(Message::Wake);
    }

    /// Whether it takes no new calls and ends with the last of those it has.
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// A call has ended.
    pub fn release(&self) {
        self.last_used.store(micros(), Ordering::Relaxed);
        self.leases.fetch_sub(1, Ordering::AcqRel);
    }

    /// For how long no call has ended.
    pub fn idle_for(&self) -> Duration {
        Duration::from_micros(micros().saturating_sub(self.last_used.load(Ordering::Relaxed)))
    }
}
