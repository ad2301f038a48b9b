//! Reading an object, of which the description and all bytes are of one version.

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use opendal::{Buffer, BufferStream, ErrorKind};
use sdk_plugin::contract::storage::{Get, Object};
use sdk_plugin::{Body, Error, Result, codes};

use crate::backend::{describe, describe_contents, failure, unavailable};
use crate::layout::Layout;
use crate::store::{RETRIES, Store};

/// How a store is kept to one version.
enum Version {
    /// It gives the bytes of the version with this etag only.
    Asked(String),
    /// What is opened does not change any more, so it is looked whether the right one was opened.
    Opened,
    /// It is looked at the end whether the object is still the one that was described.
    Compared,
}

impl Store {
    /// Describes an object and reads a part of it. The bytes are those that the description is
    /// of, also when the object is replaced meanwhile.
    pub async fn get(&self, space: &str, get: &Get) -> Result<(Object, Body)> {
        let path = self.layout.object(space, &get.key)?;
        let key = get.key.as_str();
        let (mut object, mut version) = self.version(&path, key).await?;
        for _ in 0..RETRIES {
            let available = object.size.checked_sub(get.offset).ok_or_else(|| {
                Error::new(codes::PARAM_INVALID, format!("offset {} is behind the end of an object of {} bytes", get.offset, object.size))
            })?;
            let length = get.length.map_or(available, |length| length.min(available));
            if length == 0 {
                return Ok((object, Body::empty()));
            }
            let reader = self.operator.reader_with(&path);
            let reader = match &version {
                Version::Asked(etag) => reader.if_match(etag),
                Version::Opened | Version::Compared => reader,
            };
            let opened = async {
                let mut chunks = reader.await?.into_stream(get.offset..get.offset + length).await?;
                // The first chunk opens the object.
                let first = chunks.try_next().await?;
                Ok::<_, opendal::Error>((first.unwrap_or_default(), chunks))
            };
            let opened = opened.await;
            let changed = match (&version, &opened) {
                (Version::Opened, _) => Some(self.version(&path, key).await?).filter(|(now, _)| *now != object),
                (_, Err(error)) if gone(error) => Some(self.version(&path, key).await?),
                _ => None,
            };
            if let Some(now) = changed {
                (object, version) = now;
                continue;
            }
            let (first, chunks) = opened.map_err(|e| failure(key, e))?;
            let compared = matches!(version, Version::Compared).then(|| (self.clone(), path, object.clone()));
            let rest = Rest { key: key.to_owned(), buffer: first, chunks, left: length, compared };
            let body = Body::from_stream(stream::try_unfold(rest, Rest::next));
            return Ok((object, body.with_length(length)));
        }
        Err(unavailable(&format!("the object `{key}` is being replaced all the time")))
    }

    async fn version(&self, path: &str, key: &str) -> Result<(Object, Version)> {
        let metadata = self.operator.stat(path).await.map_err(|e| failure(key, e))?;
        let Some(object) = describe(key, &metadata) else {
            return Ok((describe_contents(&self.operator, path, key).await?, Version::Opened));
        };
        let version = match metadata.etag() {
            Some(etag) if self.operator.info().capability().read_with_if_match => Version::Asked(etag.to_owned()),
            _ if self.layout == Layout::Nested => Version::Opened,
            _ => Version::Compared,
        };
        Ok((object, version))
    }
}

/// Whether the version that was asked for is not there any more.
fn gone(error: &opendal::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConditionNotMatch | ErrorKind::NotFound)
}

/// What of a body has not been given yet.
struct Rest {
    key: String,
    buffer: Buffer,
    chunks: BufferStream,
    left: u64,
    /// What the object must be at the end.
    compared: Option<(Store, String, Object)>,
}

impl Rest {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        loop {
            if let Some(bytes) = self.buffer.next() {
                self.left =
                    self.left.checked_sub(bytes.len() as u64).ok_or_else(|| unavailable("the object store gives too many bytes"))?;
                // Who has all bytes may stop to ask, so the last ones are given after the comparison.
                if self.left == 0 {
                    self.compare().await?;
                }
                if !bytes.is_empty() {
                    return Ok(Some((bytes, self)));
                }
                continue;
            }
            match self.chunks.try_next().await.map_err(|e| self.failure(e))? {
                Some(buffer) => self.buffer = buffer,
                None if self.left > 0 => return Err(unavailable("the object store ended a body too early")),
                None => return Ok(None),
            }
        }
    }

    /// The object was there: that it is not any more makes no other object of it.
    fn failure(&self, error: opendal::Error) -> Error {
        if gone(&error) { unavailable("the object was replaced while it was read").with_source(error) } else { failure(&self.key, error) }
    }

    async fn compare(&mut self) -> Result<()> {
        let Some((store, path, described)) = self.compared.take() else { return Ok(()) };
        match store.stat_path(&path, &self.key).await {
            Ok(now) if now == described => Ok(()),
            _ => Err(unavailable("the object was replaced while it was read")),
        }
    }
}
