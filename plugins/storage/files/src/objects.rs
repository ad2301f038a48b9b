//! The bytes of files, in their space's storage.

use std::time::{Duration, Instant};

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::storage::{DELETE, GET, Get, Key, PUT};
use sdk_plugin::{Body, Call, Error, Reply, Result};
use serde::Serialize;

/// How long a file may take to be written. An upload may be begun within an hour of its signature.
pub const WRITE_PATIENCE: Duration = Duration::from_secs(3600);
/// How long a file may take to be read.
const READ_PATIENCE: Duration = Duration::from_secs(12 * 3600);
/// How long all else may take.
const SHORT: Duration = Duration::from_secs(60);

/// The objects of this plugin.
#[derive(Clone, Debug)]
pub struct Objects<C> {
    calls: C,
}

fn key(object: &str) -> String {
    format!("files/{object}")
}

impl<C: Calls> Objects<C> {
    /// The objects behind these calls.
    pub fn new(calls: C) -> Self {
        Self { calls }
    }

    async fn call(&self, space: &str, method: &str, params: &impl Serialize, body: Option<Body>, patience: Duration) -> Result<Reply> {
        let mut call = Call::json(space, method, params)?;
        call.body = body;
        call.deadline = Instant::now() + patience;
        self.calls.make(call).await
    }

    /// Stores an object.
    ///
    /// # Errors
    /// What the body or the storage reports; then there is no object.
    pub async fn put(&self, space: &str, object: &str, body: Body) -> Result<()> {
        self.call(space, PUT, &Key { key: key(object) }, Some(body), WRITE_PATIENCE).await.map(drop)
    }

    /// Reads a part of an object.
    ///
    /// # Errors
    /// `NotFound`, or what the storage answers.
    pub async fn get(&self, space: &str, object: &str, offset: u64, length: u64) -> Result<Body> {
        let get = Get { key: key(object), offset, length: Some(length) };
        let reply = self.call(space, GET, &get, None, READ_PATIENCE).await?;
        reply.body.ok_or_else(|| Error::internal("storage answered without a body"))
    }

    /// Deletes an object, if there is one.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn delete(&self, space: &str, object: &str) -> Result<()> {
        self.call(space, DELETE, &Key { key: key(object) }, None, SHORT).await.map(drop)
    }
}
