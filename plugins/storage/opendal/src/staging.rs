//! Replacing a file: the bytes go to a file of their own, which then takes the object's place by
//! a rename.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use opendal::{ErrorKind, Operator};
use sdk_plugin::contract::storage::Object;
use sdk_plugin::{Error, Result, codes};
use tokio::sync::Mutex;

use crate::backend::failure;
use crate::store::Store;

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

    /// A path for an upload.
    pub fn upload(&self) -> String {
        format!("{}{}", self.folder, NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn lock(&self, path: &str) -> Option<&Mutex<()>> {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % self.locks.len() as u64).ok()?;
        self.locks.get(index)
    }

    /// Makes an upload the object of a path. `upload` may change its path, and is gone afterwards.
    pub async fn replace(&self, store: &Store, upload: &mut String, path: &str, key: &str) -> Result<Object> {
        let _one_at_a_time = match self.lock(path) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        };
        let object = self.distinguish(store, upload, path, key).await?;
        rename(&store.operator, upload, path, key).await?;
        Ok(object)
    }

    /// Describes the new object; its etag, made of its time, is not that of the old object.
    async fn distinguish(&self, store: &Store, upload: &mut String, path: &str, key: &str) -> Result<Object> {
        let old = match store.stat_path(path, key).await {
            Ok(old) => Some(old.etag),
            Err(error) if error.code() == codes::NOT_FOUND => None,
            Err(error) => return Err(error),
        };
        loop {
            let new = store.stat_path(upload, key).await?;
            if old.as_ref() != Some(&new.etag) {
                return Ok(new);
            }
            tokio::time::sleep(CLOCK_STEP).await;
            let older = std::mem::replace(upload, self.upload());
            let copied = store.operator.copy(&older, upload).await;
            store.operator.delete(&older).await.map_err(|e| failure(key, e))?;
            copied.map_err(|e| failure(key, e))?;
        }
    }
}

/// A name for this process that no other on this machine has had since it was started.
async fn process() -> String {
    let stat = tokio::fs::read_to_string("/proc/self/stat").await.unwrap_or_default();
    // The name of the program, in parentheses, may contain spaces; the start time is the 20th after it.
    let started = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)).unwrap_or_default();
    format!("{}-{started}", std::process::id())
}

async fn rename(operator: &Operator, from: &str, to: &str, key: &str) -> Result<()> {
    let mut left = RENAMES;
    loop {
        match operator.rename(from, to).await {
            // A folder that another delete removes while it is made may answer either.
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) && left > 0 => left -= 1,
            done => return done.map_err(|e| failure(key, e)),
        }
    }
}
