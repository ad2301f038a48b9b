//! The system space's storage, with streams that are written while they are stored.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use sdk_plugin::contract::storage::{DELETE, DELETE_FOLDER, GET, Key, LIST, List, Listing, PUT};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Body, Call, Error, Result, codes};
use tokio::sync::mpsc;

/// How long an object may take to be written or read.
const PATIENCE: Duration = Duration::from_secs(12 * 3600);
/// How long all else may take.
const SHORT: Duration = Duration::from_secs(60);
/// How many chunks wait between who writes and who stores.
const CHUNKS: usize = 2;
/// The code of what a writer is told when nobody stores any more.
const CLOSED: &str = "Closed";

/// The objects of this plugin.
#[derive(Clone, Debug)]
pub struct Objects<C> {
    calls: C,
}

/// Where the bytes of an object go. Unless it is finished, nothing is stored.
pub struct Sink(mpsc::Sender<Option<Result<Bytes>>>);

impl Sink {
    /// Writes; waits while the storage is busy.
    ///
    /// # Errors
    /// When the storage has given up.
    pub async fn send(&self, bytes: impl Into<Bytes>) -> Result<()> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Ok(());
        }
        self.0.send(Some(Ok(bytes))).await.map_err(|_| Error::new(CLOSED, "nobody stores the object"))
    }
}

fn channel() -> (Sink, Body) {
    let (send, receive) = mpsc::channel(CHUNKS);
    let body = stream::unfold(Some(receive), |receive| async move {
        let mut receive: mpsc::Receiver<Option<Result<Bytes>>> = receive?;
        match receive.recv().await {
            Some(Some(Ok(chunk))) => Some((Ok(chunk), Some(receive))),
            Some(Some(Err(error))) => Some((Err(error), None)),
            Some(None) => None,
            None => Some((Err(Error::internal("the writer of an object ended early")), None)),
        }
    });
    (Sink(send), Body::from_stream(body))
}

impl<C: Calls> Objects<C> {
    /// The objects behind these calls.
    pub fn new(calls: C) -> Self {
        Self { calls }
    }

    async fn call(
        &self,
        method: &str,
        params: &impl serde::Serialize,
        body: Option<Body>,
        patience: Duration,
    ) -> Result<sdk_plugin::Reply> {
        let mut call = Call::json(SYSTEM_SPACE, method, params)?;
        call.body = body;
        call.deadline = Instant::now() + patience;
        self.calls.make(call).await
    }

    /// Stores an object.
    ///
    /// # Errors
    /// What the body or the storage reports; then there is no object.
    pub async fn put(&self, key: &str, body: Body) -> Result<()> {
        self.call(PUT, &Key { key: key.to_owned() }, Some(body), PATIENCE).await.map(drop)
    }

    /// Stores what `write` writes.
    ///
    /// # Errors
    /// What `write` or the storage reports; then there is no object.
    pub async fn write<T, F: Future<Output = Result<T>>>(&self, key: &str, write: impl FnOnce(Sink) -> F) -> Result<T> {
        let (sink, body) = channel();
        let end = Sink(sink.0.clone());
        let writing = write(sink);
        let written = async move {
            let outcome = writing.await;
            let last = if outcome.is_ok() { None } else { Some(Err(Error::new(codes::INVALID_BODY, "the writer of an object failed"))) };
            let _ = end.0.send(last).await;
            outcome
        };
        match tokio::join!(written, self.put(key, body)) {
            (Ok(value), Ok(())) => Ok(value),
            (Err(error), Err(cause)) if error.code() == CLOSED => Err(cause),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        }
    }

    /// Reads an object.
    ///
    /// # Errors
    /// `NotFound`, or what the storage answers.
    pub async fn get(&self, key: &str) -> Result<Body> {
        let reply = self.call(GET, &Key { key: key.to_owned() }, None, PATIENCE).await?;
        reply.body.ok_or_else(|| Error::internal("storage answered without a body"))
    }

    /// A page of the keys under a prefix, and whether there are more.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn keys(&self, prefix: &str, after: Option<String>, limit: usize) -> Result<(Vec<String>, bool)> {
        let list = List { prefix: prefix.to_owned(), after, limit };
        let listing: Listing = self.call(LIST, &list, None, SHORT).await?.decode()?;
        Ok((listing.objects.into_iter().map(|object| object.key).collect(), listing.next.is_some()))
    }

    /// Deletes an object, if there is one.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.call(DELETE, &Key { key: key.to_owned() }, None, SHORT).await.map(drop)
    }

    /// Deletes every object of a folder.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn delete_folder(&self, key: &str) -> Result<()> {
        self.call(DELETE_FOLDER, &Key { key: key.to_owned() }, None, SHORT * 10).await.map(drop)
    }
}
