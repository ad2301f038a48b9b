//! The connections of an instance that wait for another request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::connect::Target;
use super::Connection;

/// How long a connection waits, unless the server says less. Node.js's servers close theirs after
/// 5 seconds.
const IDLE: Duration = Duration::from_secs(4);

/// What a request can use a connection of: the same place, TLS settings and `http.Agent`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// Where it goes.
    pub target: Target,
    /// The number of the TLS settings; 0 without TLS.
    pub tls: u64,
    /// The agent's number.
    pub agent: u32,
}

struct Idle {
    connection: Connection,
    until: Instant,
}

/// Idle connections. They count as the instance's open ones.
#[derive(Default)]
pub struct Pool {
    idle: Mutex<HashMap<Key, Vec<Idle>>>,
    /// Requests that wait until a connection ends.
    waiting: AtomicUsize,
}

/// A request that waits for room, for as long as this lives.
pub struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection; the one that was used last.
    pub fn take(&self, key: &Key) -> Option<Connection> {
        let mut idle = self.lock();
        let list = idle.get_mut(key)?;
        let now = Instant::now();
        while let Some(last) = list.pop() {
            if last.until > now && !last.connection.sender.is_closed() {
                return Some(last.connection);
            }
        }
        None
    }

    /// Keeps a connection that can take another request, until the time that the server or this
    /// client gives it is over. It ends at once when requests wait for room.
    pub fn put(self: &Arc<Self>, key: Key, connection: Connection, keep: Option<Duration>) {
        let keep = keep.unwrap_or(IDLE).min(IDLE);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            return;
        }
        let until = Instant::now() + keep;
        self.lock().entry(key).or_default().push(Idle { connection, until });
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep_until(until.into()).await;
            if let Some(pool) = pool.upgrade() {
                pool.sweep();
            }
        });
    }

    fn sweep(&self) {
        let now = Instant::now();
        self.lock().retain(|_, list| {
            list.retain(|idle| idle.until > now && !idle.connection.sender.is_closed());
            !list.is_empty()
        });
    }

    /// Closes all idle connections, and those that become so while the answer lives.
    pub fn make_room(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.lock().clear();
        Waiting(&self.waiting)
    }

    /// Closes the idle connections of an agent.
    pub fn close(&self, agent: u32) {
        self.lock().retain(|key, _| key.agent != agent);
    }
}
