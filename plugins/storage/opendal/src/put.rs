//! Storing an object so that readers see the old one or the new one, whole.
//!
//! An object store makes an object visible when its upload is complete. In a file system the
//! bytes go to a file of their own, which then takes the object's place by a rename.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use opendal::{ErrorKind, Operator, Writer};
use sdk_plugin::contract::storage::Object;
use sdk_plugin::{Body, Error, Result, codes};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::backend::failure;
use crate::store::Store;

/// The bytes that are gathered before the store gets them.
const CHUNK: usize = 1 << 20;
/// How often a rename is tried whose folder was pruned at the same moment.
const RENAMES: usize = 16;
/// File systems count time in steps of up to 10 ms.
const CLOCK_STEP: Duration = Duration::from_millis(10);

/// The folder of uploads that are not complete yet.
const UPLOADS: &str = "uploads/";
/// Names of uploads are unique in a process, whatever instances of the plugin there are.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Where uploads lie until they are complete.
pub struct Staging {
    folder: String,
    /// Orders replacements of the same object; which lock is a key's is decided by its hash.
    locks: Vec<Mutex<()>>,
}

impl Staging {
    /// Removes the uploads of other processes. Those of this one are spared: during a reload, an
    /// instance that is still busy has some.
    pub async fn open(operator: &Operator) -> Result<Self> {
        let folder = format!("{UPLOADS}{}/", process().await);
        let mut entries = operator.lister(UPLOADS).await.map_err(Error::internal)?;
        while let Some(entry) = entries.try_next().await.map_err(Error::internal)? {
            if entry.path() != UPLOADS && entry.path() != folder {
                operator.delete_with(entry.path()).recursive(true).await.map_err(Error::internal)?;
            }
        }
        Ok(Self { folder, locks: (0..64).map(|_| Mutex::new(())).collect() })
    }

    fn upload(&self) -> String {
        format!("{}{}", self.folder, NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn lock(&self, path: &str) -> Option<&Mutex<()>> {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % self.locks.len() as u64).ok()?;
        self.locks.get(index)
    }
}

/// A name for this process that no other on this machine has had since it was started.
async fn process() -> String {
    let stat = tokio::fs::read_to_string("/proc/self/stat").await.unwrap_or_default();
    // The name of the program, in parentheses, may contain spaces; the start time is the 20th after it.
    let started = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)).unwrap_or_default();
    format!("{}-{started}", std::process::id())
}

/// An upload that is undone unless it is completed, also when its caller gives up.
struct Upload {
    operator: Operator,
    path: String,
    staged: bool,
    writer: Option<Writer>,
    runtime: Handle,
}

impl Upload {
    async fn undo(operator: Operator, path: String, staged: bool, writer: Option<Writer>) {
        let undone = if staged {
            drop(writer);
            operator.delete(&path).await
        } else if let Some(mut writer) = writer {
            writer.abort().await
        } else {
            Ok(())
        };
        if let Err(error) = undone {
            tracing::warn!(path, %error, "an interrupted upload was left behind");
        }
    }

    /// Undoes it now, so that whoever hears of the failure finds nothing left.
    async fn cancel(mut self) {
        let (writer, path) = (self.writer.take(), std::mem::take(&mut self.path));
        Self::undo(self.operator.clone(), path, self.staged, writer).await;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.path.is_empty() {
            let (writer, path) = (self.writer.take(), std::mem::take(&mut self.path));
            self.runtime.spawn(Self::undo(self.operator.clone(), path, self.staged, writer));
        }
    }
}

impl Store {
    /// Stores an object.
    pub async fn put(&self, space: &str, key: &str, body: Body) -> Result<Object> {
        let path = self.layout.object(space, key)?;
        let target = self.staging.as_ref().map_or_else(|| path.clone(), Staging::upload);
        let writer = self.operator.writer_with(&target).chunk(CHUNK).await.map_err(|e| failure(key, e))?;
        let mut upload = Upload {
            operator: self.operator.clone(),
            path: target,
            staged: self.staging.is_some(),
            writer: Some(writer),
            runtime: Handle::current(),
        };
        match self.fill(&mut upload, &path, key, body).await {
            Ok(object) => {
                upload.path.clear();
                Ok(object)
            }
            Err(error) => {
                upload.cancel().await;
                Err(error)
            }
        }
    }

    async fn fill(&self, upload: &mut Upload, path: &str, key: &str, mut body: Body) -> Result<Object> {
        let expected = body.length();
        let mut size = 0;
        let writer = upload.writer.as_mut().ok_or_else(|| Error::internal("an upload without a writer"))?;
        while let Some(chunk) = body.next().await {
            let chunk: Bytes = chunk?;
            size += chunk.len() as u64;
            writer.write(chunk).await.map_err(|e| failure(key, e))?;
        }
        if expected.is_some_and(|expected| expected != size) {
            return Err(Error::new(codes::INVALID_BODY, format!("the body of `{key}` ended after {size} bytes, before its length")));
        }
        let Some(staging) = &self.staging else {
            writer.close().await.map_err(|e| failure(key, e))?;
            upload.writer = None;
            return self.stat_path(path, key).await;
        };
        if let Some(mut writer) = upload.writer.take() {
            // OpenDAL's `fs` waits for the disk right on the thread that polls this.
            let runtime = upload.runtime.clone();
            let close = tokio::task::spawn_blocking(move || runtime.block_on(writer.close()));
            close.await.map_err(Error::internal)?.map_err(|e| failure(key, e))?;
        }
        let _one_at_a_time = match staging.lock(path) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        };
        let object = self.distinguish(staging, upload, path, key).await?;
        self.rename(&upload.path, path, key).await?;
        Ok(object)
    }

    /// Describes the new object; its etag, made of its time, is not that of the old object.
    async fn distinguish(&self, staging: &Staging, upload: &mut Upload, path: &str, key: &str) -> Result<Object> {
        let old = match self.stat_path(path, key).await {
            Ok(old) => Some(old.etag),
            Err(error) if error.code() == codes::NOT_FOUND => None,
            Err(error) => return Err(error),
        };
        loop {
            let new = self.stat_path(&upload.path, key).await?;
            if old.as_ref() != Some(&new.etag) {
                return Ok(new);
            }
            tokio::time::sleep(CLOCK_STEP).await;
            let newer = staging.upload();
            let older = std::mem::replace(&mut upload.path, newer);
            let copied = self.operator.copy(&older, &upload.path).await;
            self.operator.delete(&older).await.map_err(|e| failure(key, e))?;
            copied.map_err(|e| failure(key, e))?;
        }
    }

    async fn rename(&self, from: &str, to: &str, key: &str) -> Result<()> {
        let mut left = RENAMES;
        loop {
            match self.operator.rename(from, to).await {
                Err(e) if e.kind() == ErrorKind::NotFound && left > 0 => left -= 1,
                done => return done.map_err(|e| failure(key, e)),
            }
        }
    }
}
