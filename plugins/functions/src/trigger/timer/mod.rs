//! Timers (manual, 2.9): functions that run at times.
//!
//! Every node watches all timers. Whoever inserts the record of a fire first runs it, so that it
//! runs once however many nodes there are. What was due while no node ran is reported, not run.

mod claim;
mod fire;
mod watch;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sdk_plugin::Result;
use sdk_plugin::contract::db::Collection;
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::runtime::now;
use crate::service::{Edge, Service};
use crate::shares::Shares;
use fire::Running;
use watch::Watch;

/// How late a fire may still be run, in milliseconds; later it was missed.
const LATE: u64 = 60_000;
/// How long running functions are waited for when the plugin ends. The host waits for 30 seconds.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The timers' part of the service.
pub struct Timers<E> {
    /// A record for each fire, and one of what all nodes share.
    records: Collection<E>,
    /// Whether timers of this node's making have changed since they were read last.
    stale: AtomicBool,
    changed: Notify,
    stop: Notify,
    /// How many functions timers run at once.
    slots: Shares,
    running: Mutex<HashMap<String, Running>>,
    /// Fires that this node may have claimed: the database answered with an error. When each was due.
    unsure: Mutex<HashMap<String, u64>>,
    /// Names this node in records of fires.
    node: String,
    ended: Notify,
    watching: Mutex<Option<JoinHandle<()>>>,
}

impl<E: Edge> Timers<E> {
    /// Timers that run `at_once` functions, half of them of one space at most, over the records of
    /// fires.
    pub fn new(records: Collection<E>, at_once: usize) -> Self {
        Self {
            records,
            stale: AtomicBool::new(false),
            changed: Notify::new(),
            stop: Notify::new(),
            slots: Shares::new(at_once),
            running: Mutex::default(),
            unsure: Mutex::default(),
            node: Uuid::new_v4().to_string(),
            ended: Notify::new(),
            watching: Mutex::default(),
        }
    }
}

impl<E: Edge> Service<E> {
    /// Begins to watch the timers. Must be called inside a tokio runtime.
    pub fn watch_timers(self: &Arc<Self>) {
        let watching = tokio::spawn(watch_on(self.clone()));
        *self.triggers.timers.watching.lock().unwrap_or_else(PoisonError::into_inner) = Some(watching);
    }

    /// Stops watching, and waits at most `patience` for the functions that timers run. What has not
    /// ended then is noted in the function's log.
    pub async fn drain_timers(&self, patience: Duration) {
        let timers = &self.triggers.timers;
        timers.stop.notify_one();
        let watching = timers.watching.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = tokio::time::timeout(patience, async {
            if let Some(watching) = watching {
                let _ = watching.await;
            }
            loop {
                let ended = timers.ended.notified();
                if timers.running.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                    return;
                }
                ended.await;
            }
        });
        if ended.await.is_err() {
            self.note_interrupted();
        }
    }

    /// Has every node read the timers again: this one at once, the others within some seconds.
    ///
    /// # Errors
    /// What the database answers.
    pub(crate) async fn timers_changed(&self) -> Result<()> {
        let timers = &self.triggers.timers;
        let version = Uuid::new_v4().to_string();
        timers.records.upsert(json!({"_id": watch::SHARED}), json!({"$set": {"version": version}})).await?;
        timers.stale.store(true, std::sync::atomic::Ordering::Release);
        timers.changed.notify_one();
        Ok(())
    }

    /// Removes what is kept of a function's timer; of all in a space, without a name.
    ///
    /// # Errors
    /// What the database answers.
    pub(crate) async fn forget_timers(&self, space: &str, name: Option<&str>) -> Result<()> {
        let mut of = json!({"spaceId": space});
        if let Some(name) = name {
            of["functionName"] = name.into();
        }
        self.triggers.timers.records.delete(of).await?;
        self.timers_changed().await
    }
}

async fn watch_on<E: Edge>(service: Arc<Service<E>>) {
    let timers = &service.triggers.timers;
    let mut watch = Watch::default();
    loop {
        let next = service.tick(&mut watch, now()).await;
        let pause = Duration::from_millis(next.saturating_sub(now()).clamp(1, watch::POLL));
        tokio::select! {
            biased;
            () = timers.stop.notified() => return,
            () = timers.changed.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests;
