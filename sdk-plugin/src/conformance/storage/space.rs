//! A space of the backend, as a case uses it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use futures_util::stream;
use serde::Serialize;

use super::Backend;
use crate::contract::storage::{DELETE, DELETE_FOLDER, GET, Get, Key, LIST, List, Listing, Object, PUT, STAT};
use crate::{Body, Bytes, Call, Error, Reply, Result};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A space that nobody else uses.
#[derive(Clone)]
pub(super) struct Space<B> {
    pub(super) backend: B,
    pub(super) name: String,
}

impl<B: Backend> Space<B> {
    pub(super) fn new(backend: B) -> Self {
        Self { backend, name: format!("conformance-{:016x}", RandomState::new().build_hasher().finish()) }
    }

    /// Another one of the same backend.
    pub(super) fn another(&self) -> Self {
        Self::new(self.backend.clone())
    }

    pub(super) async fn call(&self, method: &str, params: &impl Serialize, body: Option<Body>) -> Result<Reply> {
        let mut call = Call::json(&*self.name, method, params)?;
        call.body = body;
        call.deadline = Instant::now() + PATIENCE;
        self.backend.make(call).await
    }

    pub(super) async fn try_put(&self, key: &str, body: Body) -> Result<Object> {
        self.call(PUT, &Key { key: key.to_owned() }, Some(body)).await?.decode()
    }

    pub(super) async fn put(&self, key: &str, contents: &[u8]) -> Object {
        self.try_put(key, pieces(contents)).await.unwrap_or_else(|error| panic!("`{key}` could not be put: {error:?}"))
    }

    pub(super) async fn stat(&self, key: &str) -> Result<Object> {
        self.call(STAT, &Key { key: key.to_owned() }, None).await?.decode()
    }

    pub(super) async fn get(&self, key: &str, offset: u64, length: Option<u64>) -> Result<(Object, Bytes)> {
        let reply = self.call(GET, &Get { key: key.to_owned(), offset, length }, None).await?;
        let object = reply.decode()?;
        let body = reply.body.ok_or_else(|| Error::internal("a reply without a body"))?;
        let announced = body.length();
        let bytes = body.collect(usize::MAX).await?;
        assert!(announced.is_none_or(|length| length == bytes.len() as u64), "`{key}`: {announced:?} were announced, {} came", bytes.len());
        Ok((object, bytes))
    }

    pub(super) async fn read(&self, key: &str) -> Bytes {
        self.get(key, 0, None).await.unwrap_or_else(|error| panic!("`{key}` could not be read: {error:?}")).1
    }

    pub(super) async fn delete(&self, key: &str) {
        let done = self.call(DELETE, &Key { key: key.to_owned() }, None).await;
        assert!(done.is_ok(), "`{key}` could not be deleted: {:?}", done.err());
    }

    pub(super) async fn delete_folder(&self, key: &str) {
        let done = self.call(DELETE_FOLDER, &Key { key: key.to_owned() }, None).await;
        assert!(done.is_ok(), "the folder `{key}` could not be deleted: {:?}", done.err());
    }

    pub(super) async fn list(&self, prefix: &str, after: Option<String>, limit: usize) -> Result<Listing> {
        self.call(LIST, &List { prefix: prefix.to_owned(), after, limit }, None).await?.decode()
    }

    /// All keys that begin so.
    pub(super) async fn keys(&self, prefix: &str) -> Vec<String> {
        let listing = self.list(prefix, None, 1000).await.unwrap_or_else(|error| panic!("no list of `{prefix}`: {error:?}"));
        listing.objects.into_iter().map(|object| object.key).collect()
    }
}

/// A body in pieces that do not match any buffer's size.
pub(super) fn pieces(contents: &[u8]) -> Body {
    let pieces: Vec<Result<Bytes>> = contents.chunks(100_003).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Body::from_stream(stream::iter(pieces))
}

/// Bytes that differ from place to place.
pub(super) fn contents(size: usize) -> Vec<u8> {
    (0..size).map(|n| u8::try_from((n * 31 + n / 251) % 256).unwrap_or_default()).collect()
}

/// The code that something was refused with.
#[track_caller]
pub(super) fn code<T>(outcome: Result<T>) -> String {
    match outcome {
        Ok(_) => panic!("it should have been refused"),
        Err(error) => error.code().to_owned(),
    }
}
