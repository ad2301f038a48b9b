//! Group commit: batches that wait are stored together, of whatever application, with one call of
//! the database. A batch is answered when the database has acknowledged it.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::errors::{throttled, unavailable};
use crate::store::Pending;
use crate::store::pending::Batch;

/// How many batches wait, and of how many bytes.
const WAITING: usize = 8192;
const WAITING_BYTES: usize = 64 << 20;
/// What one call takes: it begins no further batch with so many, or so many bytes.
const TOGETHER: usize = 1000;
const TOGETHER_BYTES: usize = 8 << 20;
/// How many calls are made at the same time.
const CALLS: usize = 2;

struct Waiting {
    app: String,
    batch: Batch,
    document: Vec<u8>,
    stored: oneshot::Sender<Result<()>>,
    _room: OwnedSemaphorePermit,
}

/// The batches that wait.
pub struct Queue {
    send: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    tracker: TaskTracker,
    stopping: CancellationToken,
}

/// Who hears of batches that were stored, before they are answered.
pub trait Stored: Send + Sync + 'static {
    /// A batch of an application was stored.
    fn stored(&self, app: &str, batch: Batch);
}

impl Queue {
    /// A queue. It works until it is dropped or [stopped](Self::stop).
    pub fn new<C: Calls>(pending: Pending<C>, hears: Arc<impl Stored>) -> Self {
        let (send, receive) = mpsc::channel(WAITING);
        let (tracker, stopping) = (TaskTracker::new(), CancellationToken::new());
        tracker.spawn(work(receive, pending, hears, tracker.clone(), stopping.clone()));
        Self { send, room: Arc::new(Semaphore::new(WAITING_BYTES)), tracker, stopping }
    }

    /// Stores a batch. A caller that goes away does not keep it from being stored.
    ///
    /// # Errors
    /// `Throttling.Api` when too many wait; `ServiceUnavailable` when the database refuses, or does
    /// not answer until `deadline`: then the batch may be stored, or not.
    pub async fn store(&self, app: &str, batch: Batch, deadline: Instant) -> Result<()> {
        let busy = || throttled("too many batches wait to be stored: keep the events and send them again later");
        let document = batch.encode(app)?;
        let size = u32::try_from(document.len()).map_err(Error::internal)?;
        let room = self.room.clone().try_acquire_many_owned(size).map_err(|_| busy())?;
        let (stored, outcome) = oneshot::channel();
        let waiting = Waiting { app: app.to_owned(), batch, document, stored, _room: room };
        self.send.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => busy(),
            mpsc::error::TrySendError::Closed(_) => unavailable("the server is stopping: send the batch again"),
        })?;
        match tokio::time::timeout_at(deadline.into(), outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(not_stored()),
            Err(_) => Err(Call::timed_out("analytics.collect")),
        }
    }

    /// Takes no more batches, and waits until those that wait are stored.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

fn not_stored() -> Error {
    unavailable("the database could not store the batch: send it again")
}

async fn work<C: Calls>(
    mut receive: mpsc::Receiver<Waiting>,
    pending: Pending<C>,
    hears: Arc<impl Stored>,
    tracker: TaskTracker,
    stopping: CancellationToken,
) {
    let calls = Arc::new(Semaphore::new(CALLS));
    loop {
        // What comes while all calls are made is stored with the next one.
        let Ok(turn) = calls.clone().acquire_owned().await else { return };
        let Some(first) = next(&mut receive, &stopping).await else { return };
        let (mut bytes, mut together) = (first.document.len(), vec![first]);
        while together.len() < TOGETHER && bytes < TOGETHER_BYTES {
            let Ok(next) = receive.try_recv() else { break };
            bytes += next.document.len();
            together.push(next);
        }
        let (pending, hears) = (pending.clone(), hears.clone());
        tracker.spawn(async move {
            store(&pending, &*hears, together, bytes).await;
            drop(turn);
        });
    }
}

/// The next batch; none when there will be no more.
async fn next(receive: &mut mpsc::Receiver<Waiting>, stopping: &CancellationToken) -> Option<Waiting> {
    tokio::select! {
        next = receive.recv() => return next,
        () = stopping.cancelled() => receive.close(),
    }
    receive.recv().await
}

async fn store<C: Calls>(pending: &Pending<C>, hears: &impl Stored, together: Vec<Waiting>, bytes: usize) {
    let mut documents = Vec::with_capacity(bytes);
    together.iter().for_each(|waiting| documents.extend_from_slice(&waiting.document));
    let failed = match pending.store(Bytes::from(documents)).await {
        Ok(failed) => failed,
        Err(error) => {
            tracing::warn!(?error, batches = together.len(), "batches of analytics could not be stored");
            for waiting in together {
                let _ = waiting.stored.send(Err(not_stored()));
            }
            return;
        }
    };
    if let Some(first) = failed.first() {
        tracing::warn!(batches = failed.len(), reason = first.errmsg, "the database refuses batches of analytics");
    }
    for (index, waiting) in together.into_iter().enumerate() {
        let outcome = if failed.iter().any(|error| error.index == index as u64) {
            Err(not_stored())
        } else {
            hears.stored(&waiting.app, waiting.batch);
            Ok(())
        };
        let _ = waiting.stored.send(outcome);
    }
}
