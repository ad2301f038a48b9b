//! Objects of spaces in an OpenDAL store.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use opendal::{ErrorKind, Operator};
use sdk_plugin::contract::storage::Object;
use sdk_plugin::{Error, Result, codes};
use tokio::time::timeout;

use crate::backend::{describe, describe_contents, failure};
use crate::layout::Layout;
use crate::staging::Staging;

/// How often something that lost a race against a concurrent change is tried again.
/// How long a store may take to answer when it is taken into use: a start has a minute in all.
const GREETING: Duration = Duration::from_secs(10);
pub(crate) const RETRIES: usize = 8;

/// The objects of all spaces. Clones are of the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) operator: Operator,
    pub(crate) layout: Layout,
    pub(crate) staging: Option<Arc<Staging>>,
}

/// Checks that a service can do what the contract asks for.
///
/// # Errors
/// `InvalidConfiguration`, with what it cannot do.
pub fn check_capability(operator: &Operator) -> Result<()> {
    let info = operator.info();
    let can = info.capability();
    let needs = [
        ("read", can.read),
        ("stat", can.stat),
        ("write", can.write),
        ("write empty objects", can.write_can_empty),
        // `memory` takes many writes, but does not say so.
        ("write in parts", can.write_can_multi || info.scheme() == "memory"),
        ("delete", can.delete),
        ("list", can.list),
        ("rename", can.rename || Layout::of_scheme(info.scheme()) == Layout::Flat),
    ];
    match needs.iter().find(|(_, can)| !can) {
        None => Ok(()),
        Some((need, _)) => Err(Error::new(codes::CONFIG, format!("storage scheme `{}` cannot {need}", info.scheme()))),
    }
}

impl Store {
    /// Takes a store into use, and removes what interrupted uploads of earlier processes left in a
    /// file system.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the service cannot do what the contract asks for, when there is
    /// no such bucket, or when it refuses the credentials.
    pub async fn open(operator: Operator) -> Result<Self> {
        check_capability(&operator)?;
        let layout = Layout::of_scheme(operator.info().scheme());
        let staging = match layout {
            Layout::Flat => None,
            Layout::Nested => Some(Arc::new(Staging::open(&operator).await?)),
        };
        let store = Self { operator, layout, staging };
        store.greet().await?;
        Ok(store)
    }

    /// Asks the store for something, so that wrong options show at once. A store that cannot be
    /// reached is no reason not to start.
    async fn greet(&self) -> Result<()> {
        let first = async {
            let mut entries = self.operator.lister_with("objects/").limit(1).await?;
            entries.try_next().await
        };
        let scheme = self.operator.info().scheme();
        let Ok(first) = timeout(GREETING, first).await else {
            tracing::warn!(scheme, "the object store does not answer");
            return Ok(());
        };
        let Err(error) = first else { return Ok(()) };
        match error.kind() {
            ErrorKind::NotFound if self.layout == Layout::Nested => Ok(()),
            ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::ConfigInvalid => {
                let message = format!("storage scheme `{scheme}` cannot be used: {}", error.message());
                Err(Error::new(codes::CONFIG, message).with_source(error))
            }
            _ => {
                tracing::warn!(scheme, %error, "the object store cannot be reached");
                Ok(())
            }
        }
    }

    /// Describes an object.
    pub async fn stat(&self, space: &str, key: &str) -> Result<Object> {
        self.stat_path(&self.layout.object(space, key)?, key).await
    }

    pub(crate) async fn stat_path(&self, path: &str, key: &str) -> Result<Object> {
        let metadata = self.operator.stat(path).await.map_err(|e| failure(key, e))?;
        match describe(key, &metadata) {
            Some(object) => Ok(object),
            None => describe_contents(&self.operator, path, key).await,
        }
    }

    /// Deletes an object, if there is one.
    pub async fn delete(&self, space: &str, key: &str) -> Result<()> {
        let path = self.layout.object(space, key)?;
        self.operator.delete(&path).await.map_err(|e| failure(key, e))?;
        if self.layout == Layout::Nested {
            self.prune(&self.layout.space(space)?, &path).await;
        }
        Ok(())
    }

    /// Deletes every object under a folder.
    pub async fn delete_folder(&self, space: &str, key: &str) -> Result<()> {
        if key.is_empty() {
            return Err(Error::new(codes::PARAM_INVALID, "the storage key is empty"));
        }
        let path = self.layout.folder(space, key)?;
        self.delete_all(&path, key).await?;
        if self.layout == Layout::Nested {
            self.prune(&self.layout.space(space)?, path.trim_end_matches('/')).await;
        }
        Ok(())
    }

    /// Deletes every object of a space.
    pub async fn delete_space(&self, space: &str) -> Result<()> {
        self.delete_all(&self.layout.space(space)?, "").await
    }

    async fn delete_all(&self, folder: &str, key: &str) -> Result<()> {
        let mut left = RETRIES;
        loop {
            match self.operator.delete_with(folder).recursive(true).await {
                Ok(()) => return Ok(()),
                // An object that was put or deleted meanwhile stops a file system's removal.
                Err(_) if left > 0 && self.layout == Layout::Nested => left -= 1,
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
                Err(e) => return Err(failure(key, e)),
            }
        }
    }

    /// Removes the folders above a path that have become empty; one with entries refuses to go.
    async fn prune(&self, space: &str, path: &str) {
        let mut path = path;
        while let Some((folder, _)) = path.rsplit_once('/') {
            if folder.len() < space.len() || self.operator.delete(&format!("{folder}/")).await.is_err() {
                return;
            }
            path = folder;
        }
    }
}
