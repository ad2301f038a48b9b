//! What of a site is in the storage, as objects of the system space:
//!
//! | key | what |
//! | --- | --- |
//! | `sites/SPACE/manifests/M` | a manifest |
//! | `sites/SPACE/lists/D` | the list of a deployment |
//! | `sites/SPACE/blobs/D/SHA256` | contents that a deployment brought |
//! | `sites/SPACE/blobs/U` | contents that a single upload brought |

use std::time::{Duration, Instant};

use bytes::Bytes;
use sdk_plugin::contract::storage::{DELETE, DELETE_FOLDER, GET, Get, Key, LIST, List, Listing, PUT};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Body, Call, Error, Reply, Result};

use crate::ids;
use crate::manifest::{File, Hash};

/// How long anything but an upload may take.
const SHORT: Duration = Duration::from_secs(60);
/// The largest manifest or list, in bytes.
const MAX_WHOLE: usize = 256 << 20;

/// The objects of all sites.
#[derive(Clone, Debug)]
pub struct Objects<C> {
    calls: C,
}

/// All of a space's.
pub fn folder(space: &str) -> String {
    format!("sites/{space}")
}

/// The key of a manifest.
pub fn manifest_key(space: &str, name: &str) -> String {
    format!("sites/{space}/manifests/{name}")
}

/// The key of a deployment's list.
pub fn list_key(space: &str, deployment: &str) -> String {
    format!("sites/{space}/lists/{deployment}")
}

/// The key of contents.
pub fn blob_key(space: &str, origin: &str, hash: &Hash) -> String {
    if origin.starts_with(ids::DEPLOYMENT) {
        format!("sites/{space}/blobs/{origin}/{}", hex::encode(hash))
    } else {
        format!("sites/{space}/blobs/{origin}")
    }
}

impl<C: Calls> Objects<C> {
    /// The objects behind these calls.
    pub fn new(calls: C) -> Self {
        Self { calls }
    }

    async fn call(&self, method: &str, params: &impl serde::Serialize, body: Option<Body>, patience: Duration) -> Result<Reply> {
        let mut call = Call::json(SYSTEM_SPACE, method, params)?;
        call.body = body;
        call.deadline = Instant::now() + patience;
        self.calls.make(call).await
    }

    /// Stores an object.
    ///
    /// # Errors
    /// What the body or the storage reports; then there is no new object.
    pub async fn put(&self, key: &str, body: Body, patience: Duration) -> Result<()> {
        self.call(PUT, &Key { key: key.to_owned() }, Some(body), patience).await.map(drop)
    }

    /// Stores an object that is at hand.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn put_whole(&self, key: &str, bytes: impl Into<Bytes>) -> Result<()> {
        self.put(key, Body::full(bytes), SHORT).await
    }

    /// Reads a manifest or a list.
    ///
    /// # Errors
    /// `NotFound`, or what the storage answers.
    pub async fn get_whole(&self, key: &str) -> Result<Bytes> {
        let reply = self.call(GET, &Get { key: key.to_owned(), offset: 0, length: None }, None, SHORT).await?;
        reply.body.ok_or_else(|| Error::internal("storage answered without a body"))?.collect(MAX_WHOLE).await
    }

    /// Reads a part of a file's contents.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn read(&self, space: &str, file: &File, offset: u64, length: u64) -> Result<Body> {
        if length == 0 {
            return Ok(Body::empty());
        }
        let get = Get { key: blob_key(space, &file.origin, &file.hash), offset, length: Some(length) };
        let body = self.call(GET, &get, None, SHORT).await?.body.ok_or_else(|| Error::internal("storage answered without a body"))?;
        if body.length().is_some_and(|found| found != length) {
            return Err(Error::internal("a file's contents in the storage have another size").with_context("key", get.key));
        }
        Ok(body.with_length(length))
    }

    /// A page of the keys under a prefix, and where the next one begins.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn keys(&self, prefix: &str, after: Option<String>) -> Result<(Vec<String>, Option<String>)> {
        let (objects, next) = self.sizes(prefix, after).await?;
        Ok((objects.into_iter().map(|(key, _)| key).collect(), next))
    }

    /// A page of the keys under a prefix with the sizes of their objects, and where the next one begins.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn sizes(&self, prefix: &str, after: Option<String>) -> Result<(Vec<(String, u64)>, Option<String>)> {
        let list = List { prefix: prefix.to_owned(), after, limit: 1000 };
        let listing: Listing = self.call(LIST, &list, None, SHORT).await?.decode()?;
        Ok((listing.objects.into_iter().map(|object| (object.key, object.size)).collect(), listing.next))
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
