//! Storing an object so that readers see the old one or the new one, whole.
//!
//! An object store makes an object visible when its upload is complete; a file system is helped
//! by [`Staging`](crate::staging::Staging). An upload runs in a task of its own, so that it is
//! undone in order whenever its caller gives up: OpenDAL's writers do not bear to be dropped in
//! the middle of something.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;
use opendal::{Metadata, Operator, Writer};
use sdk_plugin::contract::storage::Object;
use sdk_plugin::{Body, Error, Result, codes};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::backend::{bare, write_failure};
use crate::store::Store;

/// The bytes that are gathered before a local store gets them.
const CHUNK: usize = 1 << 20;
/// The size of parts of large objects in an object store. There, an object has 10,000 parts at
/// most, so that one of 80 GB is possible. Two parts are in memory at once.
const PART: usize = 8 << 20;
/// Under this name, the metadata of an object says which upload it is from.
const UPLOAD: &str = "mpcloud-upload";

/// What an upload is told.
enum Step {
    Write(Bytes),
    Complete,
}

/// An upload under way. It is undone unless it is completed.
struct Upload {
    steps: mpsc::Sender<Step>,
    task: JoinHandle<Result<Object>>,
}

impl Upload {
    /// Adds bytes; false when the upload has failed, which [`finish`](Self::finish) tells more of.
    async fn write(&self, bytes: Bytes) -> bool {
        self.steps.send(Step::Write(bytes)).await.is_ok()
    }

    async fn complete(self) -> Result<Object> {
        // One that has failed takes no more steps.
        let _ = self.steps.send(Step::Complete).await;
        self.finish().await
    }

    /// Ends it, so that whoever hears of a failure finds nothing left.
    async fn finish(self) -> Result<Object> {
        drop(self.steps);
        self.task.await.map_err(Error::internal)?
    }
}

impl Store {
    /// Stores an object.
    pub async fn put(&self, space: &str, key: &str, mut body: Body) -> Result<Object> {
        let path = self.layout.object(space, key)?;
        let (steps, told) = mpsc::channel(1);
        let task = tokio::spawn(run(self.clone(), path, key.to_owned(), told));
        let upload = Upload { steps, task };
        let expected = body.length();
        let mut size = 0;
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(chunk) => {
                    size += chunk.len() as u64;
                    if !upload.write(chunk).await {
                        return upload.finish().await;
                    }
                }
                Err(error) => {
                    let _ = upload.finish().await;
                    return Err(error);
                }
            }
        }
        match expected {
            Some(expected) if expected != size => {
                let _ = upload.finish().await;
                Err(Error::new(codes::INVALID_BODY, format!("the body of `{key}` has {size} bytes, and not the {expected} of its length")))
            }
            _ => upload.complete().await,
        }
    }
}

/// Carries out an upload.
async fn run(store: Store, path: String, key: String, mut steps: mpsc::Receiver<Step>) -> Result<Object> {
    let mut target = store.staging.as_ref().map_or_else(|| path.clone(), |staging| staging.upload());
    let id = Uuid::new_v4().to_string();
    let mut writer = open(&store.operator, &target, &id).await.map_err(|e| write_failure(&key, e))?;
    let size = match write(&mut writer, &mut steps).await {
        Ok(Some(size)) => size,
        Ok(None) => {
            undo(&store, target, writer).await;
            return Err(Error::new(codes::INVALID_BODY, "the body did not end"));
        }
        Err(error) => {
            undo(&store, target, writer).await;
            return Err(write_failure(&key, error));
        }
    };
    let Some(staging) = &store.staging else {
        return match writer.close().await {
            Ok(metadata) => Ok(stored(&store, &path, &key, size, &metadata).await),
            Err(error) => match is_from(&store, &path, &id).await {
                Some(metadata) => Ok(stored(&store, &path, &key, size, &metadata).await),
                None => {
                    undo(&store, path, writer).await;
                    Err(write_failure(&key, error))
                }
            },
        };
    };
    // OpenDAL's `fs` waits for the disk right on the thread that polls this.
    let runtime = Handle::current();
    let closed = tokio::task::spawn_blocking(move || runtime.block_on(writer.close())).await.map_err(Error::internal)?;
    let replaced = match closed {
        Ok(_) => staging.replace(&store, &mut target, &path, &key).await,
        Err(error) => Err(write_failure(&key, error)),
    };
    if replaced.is_err() {
        remove(&store.operator, &target).await;
    }
    replaced
}

async fn open(operator: &Operator, path: &str, id: &str) -> opendal::Result<Writer> {
    let can = operator.info().capability();
    let writer = operator.writer_with(path).chunk(if can.write_multi_min_size.is_some() { PART } else { CHUNK });
    if can.write_multi_min_size.is_some() && can.write_with_user_metadata {
        return writer.user_metadata([(UPLOAD.to_owned(), id.to_owned())]).await;
    }
    writer.await
}

/// Writes what comes until all has come; none when it is given up.
async fn write(writer: &mut Writer, steps: &mut mpsc::Receiver<Step>) -> opendal::Result<Option<u64>> {
    let mut size = 0;
    loop {
        match steps.recv().await {
            Some(Step::Write(bytes)) => {
                size += bytes.len() as u64;
                writer.write(bytes).await?;
            }
            Some(Step::Complete) => return Ok(Some(size)),
            None => return Ok(None),
        }
    }
}

/// Whether the object of a path is from this upload. A store may have stored an object without
/// its answer arriving, and refuses to do so again.
async fn is_from(store: &Store, path: &str, id: &str) -> Option<Metadata> {
    let metadata = store.operator.stat(path).await.ok()?;
    let from = metadata.user_metadata()?.into_iter().any(|(name, value)| name.eq_ignore_ascii_case(UPLOAD) && value == id);
    from.then_some(metadata)
}

/// Describes an object that was stored just now, also when another has replaced it already.
async fn stored(store: &Store, path: &str, key: &str, size: u64, metadata: &Metadata) -> Object {
    let now = store.stat_path(path, key).await.ok();
    let etag = metadata.etag().map(bare);
    match (now, etag) {
        (Some(now), Some(etag)) if now.etag == etag => Object { size, ..now },
        (Some(now), None) => Object { size, ..now },
        (now, etag) => {
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let modified = now.map_or_else(|| i64::try_from(seconds * 1000).unwrap_or_default(), |now| now.modified);
            Object { key: key.to_owned(), size, modified, etag: etag.unwrap_or_default().to_owned() }
        }
    }
}

async fn undo(store: &Store, path: String, mut writer: Writer) {
    if store.staging.is_some() {
        drop(writer);
        remove(&store.operator, &path).await;
    } else if let Err(error) = writer.abort().await {
        tracing::warn!(path, %error, "an interrupted upload was left behind");
    }
}

async fn remove(operator: &Operator, path: &str) {
    if let Err(error) = operator.delete(path).await {
        tracing::warn!(path, %error, "an interrupted upload was left behind");
    }
}
