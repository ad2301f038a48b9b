//! Objects of spaces in an OpenDAL store.

use futures_util::{StreamExt, TryStreamExt, stream};
use opendal::{ErrorKind, Operator};
use sdk_plugin::contract::storage::{Get, Object};
use sdk_plugin::{Body, Error, Result, codes};

use crate::backend::{describe, describe_contents, failure, read_failure};
use crate::layout::Layout;
use crate::put::Staging;

/// How often something that lost a race against a concurrent change is tried again.
const RETRIES: usize = 8;

/// The objects of all spaces.
pub struct Store {
    pub(crate) operator: Operator,
    pub(crate) layout: Layout,
    pub(crate) staging: Option<Staging>,
}

impl Store {
    /// Takes a store into use, and removes what interrupted uploads of earlier processes left.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the service cannot do what the contract asks for.
    pub async fn open(operator: Operator) -> Result<Self> {
        let info = operator.info();
        let layout = Layout::of_scheme(info.scheme());
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
            ("rename", can.rename || layout == Layout::Flat),
        ];
        if let Some((need, _)) = needs.iter().find(|(_, can)| !can) {
            return Err(Error::new(codes::CONFIG, format!("storage scheme `{}` cannot {need}", info.scheme())));
        }
        let staging = match layout {
            Layout::Flat => None,
            Layout::Nested => Some(Staging::open(&operator).await?),
        };
        Ok(Self { operator, layout, staging })
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

    /// Describes an object and reads a part of it. The bytes are those that the description is
    /// of, also when the object is replaced meanwhile.
    pub async fn get(&self, space: &str, get: &Get) -> Result<(Object, Body)> {
        let path = self.layout.object(space, &get.key)?;
        let key = get.key.clone();
        let mut object = self.stat_path(&path, &key).await?;
        for _ in 0..RETRIES {
            let available = object.size.checked_sub(get.offset).ok_or_else(|| {
                Error::new(codes::PARAM_INVALID, format!("offset {} is behind the end of an object of {} bytes", get.offset, object.size))
            })?;
            let length = get.length.map_or(available, |length| length.min(available));
            if length == 0 {
                return Ok((object, Body::empty()));
            }
            let reader = self.operator.reader(&path).await.map_err(|e| failure(&key, e))?;
            let range = get.offset..get.offset + length;
            let mut chunks = reader.into_bytes_stream(range).await.map_err(|e| failure(&key, e))?;
            // The first chunk opens the object; what is opened does not change any more.
            let first = chunks.try_next().await;
            let now = self.stat_path(&path, &key).await?;
            if now == object {
                let first = first.map_err(|e| read_failure(&key, e))?.unwrap_or_default();
                let rest = chunks.map(move |chunk| chunk.map_err(|e| read_failure(&key, e)));
                let body = stream::iter([Ok(first)]).chain(rest);
                return Ok((object, Body::from_stream(body).with_length(length)));
            }
            object = now;
        }
        Err(Error::new(codes::UNAVAILABLE, format!("the object `{key}` is being replaced all the time")).retryable())
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
