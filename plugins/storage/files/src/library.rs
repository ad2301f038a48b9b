//! The records of files. A file is what its record says: its bytes are stored before, under an id
//! of their own, and removed after.
//!
//! Whatever may be left behind when the server is cut off is written down first, as a
//! [`Leftover`]; the [sweep](Library::sweep) removes what no record names.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use sdk_plugin::contract::db::{Collection, EXECUTE};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Body, Call, Error, Result, codes};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::clock::now;
use crate::objects::Objects;
use crate::record::{File, Leftover};

/// How long a record that was read may be believed. What this node changes it sees at once.
const FRESH: Duration = Duration::from_secs(3);
/// How many records are remembered.
const REMEMBERED: u64 = 10_000;
/// How often a record is written whose neighbour is written at the same moment.
const TRIES: usize = 16;
/// How many records are looked at in one go.
pub const PAGE: usize = 200;

/// The names of the collections.
pub const FILES: &str = "files";
const LEFTOVERS: &str = "fileLeftovers";

/// The files of all spaces.
pub struct Library<C> {
    calls: C,
    files: Collection<C>,
    leftovers: Collection<C>,
    pub objects: Objects<C>,
    seen: Cache<String, Arc<File>>,
    /// How often records were changed here: what was read while that happened is not kept.
    changes: AtomicU64,
    /// What this instance is uploading.
    staged: Arc<Mutex<HashSet<String>>>,
}

/// What became of a commit.
#[derive(Debug)]
pub struct Committed {
    /// The file as it is now.
    pub file: File,
    /// How large the file was that it replaced.
    pub replaced: Option<u64>,
}

/// Bytes that are stored and not yet a file's. Unless they are committed they are removed.
pub struct Staged<C: Calls> {
    object: String,
    space: String,
    objects: Objects<C>,
    staged: Arc<Mutex<HashSet<String>>>,
    /// Whoever drops this may be outside of it.
    runtime: Handle,
    done: bool,
}

impl<C: Calls> Staged<C> {
    /// The name of the object.
    pub fn object(&self) -> &str {
        &self.object
    }
}

impl<C: Calls> Drop for Staged<C> {
    fn drop(&mut self) {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.object);
        if self.done {
            return;
        }
        // What was written down of it stays: the storage may not have given up yet, and then the
        // sweep looks again.
        let (objects, space, object) = (self.objects.clone(), self.space.clone(), self.object.clone());
        self.runtime.spawn(async move {
            if let Err(error) = objects.delete(&space, &object).await {
                tracing::warn!(space, object, ?error, "an upload was left behind; it is removed later");
            }
        });
    }
}

async fn discard<C: Calls>(objects: &Objects<C>, leftovers: &Collection<C>, space: &str, object: &str) -> Result<()> {
    objects.delete(space, object).await?;
    leftovers.delete(json!({"_id": object})).await.map(drop)
}

impl<C: Calls> Library<C> {
    /// The records behind these calls.
    pub fn new(calls: C) -> Self {
        Self {
            files: Collection::new(calls.clone(), SYSTEM_SPACE, FILES),
            leftovers: Collection::new(calls.clone(), SYSTEM_SPACE, LEFTOVERS),
            objects: Objects::new(calls.clone()),
            seen: Cache::builder().max_capacity(REMEMBERED).time_to_live(FRESH).build(),
            changes: AtomicU64::new(0),
            staged: Arc::default(),
            calls,
        }
    }

    /// Makes the indexes that lists need.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn prepare(&self) -> Result<()> {
        let indexes = [
            (FILES, json!({"key": {"space": 1, "path": 1}, "name": "space_1_path_1"})),
            (LEFTOVERS, json!({"key": {"at": 1}, "name": "at_1"})),
        ];
        for (collection, index) in indexes {
            let params = json!({"collection": collection, "command": "createIndexes", "indexes": [index], "options": {}});
            self.calls.make(Call::json(SYSTEM_SPACE, EXECUTE, &params)?).await?;
        }
        Ok(())
    }

    /// A file of a space, as the database has it.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get(&self, space: &str, id: &str) -> Result<Option<File>> {
        let found: Option<File> = self.files.get(id).await?;
        Ok(found.filter(|file| file.space == space))
    }

    /// Files of a space, in no particular order.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn get_all(&self, space: &str, ids: &[String]) -> Result<Vec<File>> {
        match ids {
            [] => Ok(Vec::new()),
            [id] => Ok(self.get(space, id).await?.into_iter().collect()),
            ids => self.files.find(json!({"_id": {"$in": ids}, "space": space}), json!({"limit": ids.len()})).await,
        }
    }

    /// A file of a space, as it was a few seconds ago at the most.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn recent(&self, space: &str, id: &str) -> Result<Option<Arc<File>>> {
        if let Some(seen) = self.seen.get(id).await {
            return Ok(Some(seen).filter(|file| file.space == space));
        }
        let changes = self.changes.load(Ordering::SeqCst);
        let Some(file) = self.get(space, id).await?.map(Arc::new) else { return Ok(None) };
        if self.changes.load(Ordering::SeqCst) == changes {
            self.seen.insert(id.to_owned(), file.clone()).await;
            if self.changes.load(Ordering::SeqCst) != changes {
                self.seen.invalidate(id).await;
            }
        }
        Ok(Some(file))
    }

    /// Forgets what was seen of a file.
    pub async fn forget(&self, id: &str) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.seen.invalidate(id).await;
    }

    /// A page of a space's files in the order of their paths.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn list(&self, mut query: Value, space: &str, limit: usize) -> Result<Vec<File>> {
        query["space"] = space.into();
        self.files.find(query, json!({"sort": {"path": 1}, "limit": limit})).await
    }

    /// Stores the bytes of a file that is to be.
    ///
    /// # Errors
    /// What the body, the database or the storage reports; then nothing is left.
    pub async fn stage(&self, space: &str, file: &str, body: Body) -> Result<Staged<C>> {
        let object = Uuid::new_v4().simple().to_string();
        self.write_down(space, file, &object).await?;
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).insert(object.clone());
        let staged = Staged {
            object: object.clone(),
            space: space.to_owned(),
            objects: self.objects.clone(),
            staged: self.staged.clone(),
            runtime: Handle::current(),
            done: false,
        };
        match self.objects.put(space, &object, body).await {
            Ok(()) => Ok(staged),
            Err(error) => {
                self.cancel(staged).await;
                Err(error)
            }
        }
    }

    /// Removes stored bytes now, so that whoever hears of the failure finds nothing left.
    pub async fn cancel(&self, mut staged: Staged<C>) {
        match discard(&self.objects, &self.leftovers, &staged.space, &staged.object).await {
            Ok(()) => staged.done = true,
            Err(error) => tracing::warn!(?error, "an upload was left behind; it is removed later"),
        }
    }

    async fn write_down(&self, space: &str, file: &str, object: &str) -> Result<()> {
        let leftover = Leftover { object: object.to_owned(), space: space.to_owned(), file: file.to_owned(), at: now() };
        self.leftovers.insert(serde_json::to_value(leftover).map_err(Error::internal)?).await.map(drop)
    }

    /// Makes a file of stored bytes, in place of the one with its path. `new` is what it will be
    /// when there is none; of one that is there, id, owner and time of creation stay, and whether it is
    /// private unless `private` says so. `check` says whether it may be replaced.
    ///
    /// # Errors
    /// What `check` or the database answers; then the old file is there still.
    pub async fn commit(
        &self,
        mut staged: Staged<C>,
        new: File,
        private: Option<bool>,
        check: impl Fn(&File) -> Result<()> + Send + Sync,
    ) -> Result<Committed> {
        if let Err(error) = self.renew(&staged.object).await {
            self.cancel(staged).await;
            return Err(error);
        }
        // From here on the bytes may be a file's, even where nobody hears of it: the sweep looks at
        // the record.
        staged.done = true;
        match self.place(&new, private, check).await {
            Ok((file, old)) => {
                self.forget(&file.id).await;
                // The file is there, whatever becomes of this: the sweep does it otherwise.
                if let Err(error) = self.leftovers.delete(json!({"_id": file.object})).await {
                    tracing::warn!(?error, "what is known of an upload could not be removed");
                }
                if let Some(old) = &old {
                    self.discard(&old.space, &old.object).await;
                }
                Ok(Committed { file, replaced: old.map(|old| old.size) })
            }
            // The record may have been written.
            Err(error) if !matches!(error.code(), codes::PERMISSION_DENIED | codes::CONFLICT) => {
                self.forget(&new.id).await;
                Err(error)
            }
            Err(error) => {
                self.cancel(staged).await;
                Err(error)
            }
        }
    }

    /// Keeps the sweep away from an object that is about to be a file's.
    async fn renew(&self, object: &str) -> Result<()> {
        match self.leftovers.update(json!({"_id": object}), json!({"$set": {"at": now()}})).await? {
            0 => Err(Error::new(codes::TIMEOUT, "the upload took so long that it was given up").retryable()),
            _ => Ok(()),
        }
    }

    async fn place(
        &self,
        new: &File,
        private: Option<bool>,
        check: impl Fn(&File) -> Result<()> + Send + Sync,
    ) -> Result<(File, Option<File>)> {
        for _ in 0..TRIES {
            let Some(old) = self.get(&new.space, &new.id).await? else {
                if self.files.insert(serde_json::to_value(new).map_err(Error::internal)?).await? {
                    return Ok((new.clone(), None));
                }
                continue;
            };
            check(&old)?;
            let mut file = new.clone();
            file.owner.clone_from(&old.owner);
            file.created = old.created;
            file.private = private.unwrap_or(old.private);
            file.modified = file.modified.max(old.modified / 1000 * 1000 + 1000);
            self.write_down(&old.space, &old.id, &old.object).await?;
            let Value::Object(mut set) = serde_json::to_value(&file).map_err(Error::internal)? else {
                return Err(Error::internal("a record that is no object"));
            };
            set.remove("_id");
            if self.files.update(json!({"_id": old.id, "object": old.object}), json!({"$set": set})).await? > 0 {
                return Ok((file, Some(old)));
            }
        }
        Err(Error::new(codes::CONFLICT, "the file is being replaced all the time").retryable())
    }

    /// Changes fields of a file's record.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn change(&self, file: &File, set: Value) -> Result<()> {
        self.files.update(json!({"_id": file.id, "object": file.object}), json!({"$set": set})).await?;
        self.forget(&file.id).await;
        Ok(())
    }

    /// Removes bytes that are no file's any more.
    async fn discard(&self, space: &str, object: &str) {
        if let Err(error) = discard(&self.objects, &self.leftovers, space, object).await {
            tracing::warn!(space, object, ?error, "the bytes of a file were left behind; they are removed later");
        }
    }

    /// Removes a file; false when somebody else has removed or replaced it.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove(&self, file: &File) -> Result<bool> {
        self.write_down(&file.space, &file.id, &file.object).await?;
        let removed = self.files.delete(json!({"_id": file.id, "object": file.object})).await? > 0;
        self.forget(&file.id).await;
        if removed {
            self.discard(&file.space, &file.object).await;
        }
        Ok(removed)
    }

    /// Removes objects that have been nobody's since before a time; says how many.
    ///
    /// # Errors
    /// What the database or the storage answers; the rest is done the next time.
    pub async fn sweep(&self, before: u64) -> Result<usize> {
        let mut removed = 0;
        let mut after = String::new();
        loop {
            let query = json!({"at": {"$lt": before}, "_id": {"$gt": after}});
            let page: Vec<Leftover> = self.leftovers.find(query, json!({"limit": PAGE, "sort": {"_id": 1}})).await?;
            for leftover in &page {
                after.clone_from(&leftover.object);
                if self.staged.lock().unwrap_or_else(PoisonError::into_inner).contains(&leftover.object) {
                    continue;
                }
                let in_use = self.get(&leftover.space, &leftover.file).await?.is_some_and(|file| file.object == leftover.object);
                if in_use {
                    self.leftovers.delete(json!({"_id": leftover.object})).await?;
                } else {
                    discard(&self.objects, &self.leftovers, &leftover.space, &leftover.object).await?;
                    removed += 1;
                }
            }
            if page.len() < PAGE {
                return Ok(removed);
            }
        }
    }

    /// How many bytes and files a space has, counted one by one.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn count(&self, space: &str) -> Result<(u64, u64)> {
        let (mut bytes, mut count, mut after) = (0, 0, String::new());
        loop {
            let page = self.list(json!({"path": {"$gt": after}}), space, PAGE).await?;
            bytes += page.iter().map(|file| file.size).sum::<u64>();
            count += page.len() as u64;
            match page.last() {
                Some(last) if page.len() == PAGE => after.clone_from(&last.path),
                _ => return Ok((bytes, count)),
            }
        }
    }

    /// Forgets all files of a space. Their bytes go with the space's storage.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space(&self, space: &str) -> Result<()> {
        self.files.delete(json!({"space": space})).await?;
        self.leftovers.delete(json!({"space": space})).await?;
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.seen.invalidate_all();
        Ok(())
    }
}
