//! What all parts of the plugin work with.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use sdk_plugin::contract::{Calls, domains};
use sdk_plugin::{Call, Error, Result};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use crate::config::Config;
use crate::contents::Contents;
use crate::current::{Current, TRUST};
use crate::manifest::Manifest;
use crate::objects::{Objects, folder};
use crate::records::Records;
use crate::usage::Usage;

/// From this size on, in bytes, work that is more than copying leaves the reactor's threads.
pub const LONG: usize = 64 * 1024;
/// How many locks order the changes of sites.
const TURNS: u64 = 64;

/// Sites of all spaces.
pub struct Service<C> {
    pub(crate) calls: C,
    pub(crate) config: Config,
    /// The key of signatures.
    pub(crate) secret: Vec<u8>,
    pub(crate) records: Records<C>,
    pub(crate) objects: Objects<C>,
    pub(crate) current: Current,
    pub(crate) contents: Contents,
    pub(crate) usage: Usage,
    turns: Vec<Mutex<()>>,
}

impl<C: Calls> Service<C> {
    /// A service over the host's calls.
    pub fn new(config: Config, calls: C, secret: Vec<u8>) -> Arc<Self> {
        Self::trusting(config, calls, secret, TRUST)
    }

    /// A service that trusts what it has read of a site for so long.
    pub(crate) fn trusting(config: Config, calls: C, secret: Vec<u8>, trust: Duration) -> Arc<Self> {
        Arc::new(Self {
            records: Records::new(calls.clone()),
            objects: Objects::new(calls.clone()),
            current: Current::new(config.list_cache_bytes, trust),
            contents: Contents::new(&config),
            usage: Usage::default(),
            turns: (0..TURNS).map(|_| Mutex::new(())).collect(),
            calls,
            config,
            secret,
        })
    }

    /// Waits until it is this change's turn. Changes of one site would otherwise overtake each
    /// other again and again; those of other nodes still may.
    pub(crate) async fn turn(&self, space: &str) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        space.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % TURNS).ok()?;
        Some(self.turns.get(index)?.lock().await)
    }

    /// Refuses what would make a site larger than it may be. What makes a large one smaller is allowed.
    pub(crate) fn check_size(&self, new: (u64, u64), old: &Manifest) -> Result<()> {
        let ((files, bytes), (most_files, most_bytes)) = (new, (self.config.max_files, self.config.quota_bytes));
        if bytes > most_bytes && bytes > old.bytes() {
            let message = format!("the site would have {bytes} bytes, and may have {most_bytes}; delete files that are not needed");
            return Err(Error::new(crate::code::QUOTA, message));
        }
        if files > most_files && files > old.files().len() as u64 {
            let message = format!("the site would have {files} files, and may have {most_files}");
            return Err(Error::new(crate::code::TOO_MANY_FILES, message));
        }
        Ok(())
    }

    /// Where the server is reached.
    pub(crate) async fn endpoint(&self) -> Result<domains::Endpoint> {
        let mut endpoint: domains::Endpoint = self.calls.make(Call::json("", domains::ENDPOINT, &json!({}))?).await?.decode()?;
        endpoint.http.truncate(endpoint.http.trim_end_matches('/').len());
        Ok(endpoint)
    }

    /// Removes all that there is of a space.
    ///
    /// # Errors
    /// What the database or the storage answers.
    pub async fn remove_space(&self, space: &str) -> Result<()> {
        // The record first: nobody can make a release without it.
        self.records.remove(space).await?;
        self.current.forget(space).await;
        self.objects.delete_folder(&folder(space)).await?;
        self.usage.remove(&self.calls, space).await
    }
}

/// Does work that takes long on a thread that may be held.
///
/// # Errors
/// What the work answers.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests;
