//! The files of applications. Each has a name of its own, and is never replaced.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sdk_plugin::contract::storage::{DELETE, DELETE_FOLDER, GET, Key, LIST, List, Listing, Object, PUT};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Body, Call, Caller, CallerKind, Error, Reply, Result};
use serde::Serialize;
use uuid::Uuid;

/// How long a file may take to be written, or read into memory.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a download may take.
const DOWNLOAD: Duration = Duration::from_secs(12 * 3600);
/// How long all else may take.
const SHORT: Duration = Duration::from_secs(60);
/// The largest file that is read into memory.
const LARGEST: usize = 1 << 30;
/// How many are listed at once.
const PAGE: usize = 1000;

/// What a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Devices.
    Devices,
    /// The sessions of a day.
    Days,
    /// Raw events.
    Raw,
}

/// The folder of an application.
pub fn folder(app: &str) -> String {
    format!("analytics/{app}")
}

/// The key of a file of an application.
pub fn key(app: &str, file: &str) -> String {
    format!("analytics/{app}/{file}")
}

/// A name that no other file of an application has.
pub fn new_name(kind: Kind, hint: impl std::fmt::Display) -> String {
    let folder = match kind {
        Kind::Devices => "devices",
        Kind::Days => "days",
        Kind::Raw => "raw",
    };
    format!("{folder}/{hint}-{}.parquet", Uuid::new_v4().simple())
}

/// The files.
#[derive(Clone, Debug)]
pub struct Objects<C> {
    calls: C,
}

impl<C: Calls> Objects<C> {
    /// The files behind these calls.
    pub fn new(calls: C) -> Self {
        Self { calls }
    }

    /// What is not there, or not right, is our matter, and nobody's who asks for a report.
    fn ours(error: Error) -> Error {
        if error.is_retryable() { error } else { Error::internal(error).with_operation("a file of analytics") }
    }

    async fn call(&self, method: &str, params: &impl Serialize, body: Option<Body>, patience: Duration) -> Result<Reply> {
        let mut call = Call::json(SYSTEM_SPACE, method, params)?;
        call.caller = Caller::of(CallerKind::System);
        call.body = body;
        call.deadline = Instant::now() + patience;
        self.calls.make(call).await
    }

    /// Stores a file.
    ///
    /// # Errors
    /// What the storage answers, as with all below.
    pub async fn put(&self, app: &str, file: &str, bytes: Bytes) -> Result<()> {
        self.call(PUT, &Key { key: key(app, file) }, Some(Body::full(bytes)), PATIENCE).await.map(drop)
    }

    /// Reads a file.
    pub async fn get(&self, app: &str, file: &str) -> Result<Bytes> {
        let body = self.body(app, file, PATIENCE).await.map_err(Self::ours)?;
        body.collect(LARGEST).await
    }

    /// Reads a file as a stream.
    pub async fn open(&self, app: &str, file: &str) -> Result<Body> {
        self.body(app, file, DOWNLOAD).await
    }

    async fn body(&self, app: &str, file: &str, patience: Duration) -> Result<Body> {
        let reply = self.call(GET, &Key { key: key(app, file) }, None, patience).await?;
        reply.body.ok_or_else(|| Error::internal("storage answered without a body"))
    }

    /// Deletes a file, if there is one.
    pub async fn delete(&self, app: &str, file: &str) -> Result<()> {
        self.call(DELETE, &Key { key: key(app, file) }, None, SHORT).await.map(drop)
    }

    /// Deletes all files of an application.
    pub async fn clear(&self, app: &str) -> Result<()> {
        self.call(DELETE_FOLDER, &Key { key: folder(app) }, None, SHORT * 5).await.map(drop)
    }

    /// The files of an application that were stored before an instant.
    pub async fn older(&self, app: &str, than: i64) -> Result<Vec<String>> {
        let prefix = key(app, "");
        let (mut files, mut after) = (Vec::new(), None);
        loop {
            let list = List { prefix: prefix.clone(), after, limit: PAGE };
            let listing: Listing = self.call(LIST, &list, None, SHORT).await?.decode()?;
            let old = listing.objects.into_iter().filter(|Object { modified, .. }| *modified < than);
            files.extend(old.filter_map(|object| object.key.strip_prefix(&prefix).map(str::to_owned)));
            match listing.next {
                Some(next) => after = Some(next),
                None => return Ok(files),
            }
        }
    }
}
