//! A space of the backend, as a case uses it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream;
use serde::Serialize;

use crate::conformance::backend::Answering;
use crate::conformance::case::CaseSpace;
use crate::contract::storage::{DELETE, DELETE_FOLDER, GET, Get, Key, LIST, List, Listing, Object, PUT, STAT};
use crate::{Body, Bytes, Call, Error, Reply, Result};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A space that nobody else uses.
#[derive(Clone)]
pub(super) struct Space {
    backend: Arc<dyn Answering>,
    pub(super) name: String,
}

impl CaseSpace for Space {
    async fn open(backend: Arc<dyn Answering>) -> Result<Self> {
        let name = backend.open_space().await?;
        Ok(Self { backend, name })
    }
}

impl Space {
    /// Another one of the same backend.
    pub(super) async fn another(&self) -> Self {
        Self::open(self.backend.clone()).await.unwrap_or_else(|error| panic!("no second space was opened: {error:?}"))
    }

    /// Removes all that is in the space.
    pub(super) async fn clear(&self) {
        self.backend.delete_space(&self.name).await.unwrap_or_else(|error| panic!("the space was not deleted: {error:?}"));
    }

    pub(super) async fn call(&self, method: &str, params: &impl Serialize, body: Option<Body>) -> Result<Reply> {
        let mut call = Call::json(&*self.name, method, params)?;
        call.body = body;
        call.deadline = Instant::now() + PATIENCE;
        self.backend.answer(call).await
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

    /// The description of an object, and a body that has not been read.
    pub(super) async fn open_part(&self, key: &str, offset: u64, length: Option<u64>) -> Result<(Object, Body)> {
        let reply = self.call(GET, &Get { key: key.to_owned(), offset, length }, None).await?;
        let object = reply.decode()?;
        let body = reply.body.ok_or_else(|| Error::internal("a reply without a body"))?;
        Ok((object, body))
    }

    pub(super) async fn get(&self, key: &str, offset: u64, length: Option<u64>) -> Result<(Object, Bytes)> {
        let (object, body) = self.open_part(key, offset, length).await?;
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

    pub(super) async fn try_list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing> {
        let list = List { prefix: prefix.to_owned(), after: after.map(str::to_owned), limit };
        self.call(LIST, &list, None).await?.decode()
    }

    pub(super) async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Listing {
        let listing = self.try_list(prefix, after, limit).await;
        let listing = listing.unwrap_or_else(|error| panic!("no list of `{prefix}` after {after:?}: {error:?}"));
        assert!(listing.objects.len() <= limit, "a page of {} when {limit} were asked for", listing.objects.len());
        listing
    }

    /// All keys that begin so, by pages of so many.
    pub(super) async fn keys_by(&self, prefix: &str, limit: usize) -> Vec<String> {
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let page = self.list(prefix, after.as_deref(), limit).await;
            assert!(page.next.is_none() || page.next > after, "pages go on: after {after:?} comes {:?}", page.next);
            keys.extend(page.objects.into_iter().map(|object| object.key));
            after = page.next;
            if after.is_none() {
                return keys;
            }
        }
    }

    /// All keys that begin so.
    pub(super) async fn keys(&self, prefix: &str) -> Vec<String> {
        self.keys_by(prefix, 1000).await
    }
}

/// A body in pieces that do not match any buffer's size.
pub(super) fn pieces(contents: &[u8]) -> Body {
    let pieces: Vec<Result<Bytes>> = contents.chunks(100_003).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Body::from_stream(stream::iter(pieces))
}

/// Bytes that differ from place to place.
pub(super) fn contents(size: usize) -> Vec<u8> {
    (0..size).map(byte).collect()
}

/// The byte of [`contents`] at some place.
pub(super) fn byte(place: usize) -> u8 {
    u8::try_from((place * 31 + place / 251) % 256).unwrap_or_default()
}

/// The code that something was refused with.
#[track_caller]
pub(super) fn code<T>(outcome: Result<T>) -> String {
    match outcome {
        Ok(_) => panic!("it should have been refused"),
        Err(error) => error.code().to_owned(),
    }
}
