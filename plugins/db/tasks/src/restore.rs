//! Restores: collections of a backup under new names (manual 3.10.3).
//!
//! Every collection is filled under a name that nobody can guess, with its indexes from the start:
//! a backup is no snapshot, so that two documents of it may have the same value of a unique index;
//! the later one then counts as failed. Only when all are complete do they get their names.

use bytes::Bytes;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::operations::{NAMESPACE_EXISTS, NAMESPACE_NOT_FOUND};
use sdk_plugin::{Error, Result};

use crate::backup::Backups;
use crate::code::COLLECTION_EXISTS;
use crate::control::Control;
use crate::database::Database;
use crate::record::{Restored, unfinished};

/// A restore.
pub struct Restore<'a, C> {
    /// The space's database.
    pub database: &'a Database<C>,
    /// The task's id.
    pub task: &'a str,
    /// Which collections become which.
    pub collections: &'a [Restored],
}

impl<C: Calls> Restore<'_, C> {
    /// Makes the collections, under names of their own.
    ///
    /// # Errors
    /// What the database or the storage answers.
    pub async fn fill(&self, backups: &Backups<C>, backup: &str, control: &Control) -> Result<()> {
        let manifest = backups.manifest(backup).await?;
        let saved = self.collections.iter().map(|restored| manifest.collection(&restored.from)).collect::<Result<Vec<_>>>()?;
        control.whole(saved.iter().map(|saved| saved.documents).sum());
        for (place, saved) in saved.into_iter().enumerate() {
            control.check()?;
            let name = unfinished(self.task, place);
            self.database.create(&name).await?;
            // One of them is that of `_id`, which is there.
            if saved.indexes.len() > 1 {
                self.database.create_indexes(&name, &saved.indexes).await?;
            }
            let mut batches = backups.read(backup, saved).await?;
            while let Some((documents, count)) = batches.next().await? {
                control.check()?;
                self.load(&name, documents, control).await?;
                control.done(count);
            }
        }
        Ok(())
    }

    async fn load(&self, name: &str, documents: Bytes, control: &Control) -> Result<()> {
        let (inserted, loaded) = self.database.load(name, documents, false).await?;
        control.succeeded(inserted);
        control.failed(loaded.write_errors.len() as u64);
        if let Some(error) = loaded.write_errors.first() {
            tracing::warn!(task = self.task, error = error.errmsg, "a document of a backup could not be restored");
        }
        Ok(())
    }

    /// Gives the collections their names, all or none.
    ///
    /// # Errors
    /// `COLLECTION_EXISTS` when somebody made one of that name meanwhile, or what the database answers.
    pub async fn publish(&self) -> Result<()> {
        for (place, restored) in self.collections.iter().enumerate() {
            if let Err(error) = self.database.rename(&unfinished(self.task, place), &restored.to).await {
                for named in self.collections.iter().take(place) {
                    self.database.remove(&named.to).await?;
                }
                return Err(exists(error, &restored.to));
            }
        }
        Ok(())
    }

    /// Goes on with [`publish`](Self::publish) after a crash. What has its name already keeps it,
    /// as it may have been replaced meanwhile.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub async fn go_on_publishing(&self) -> Result<()> {
        for (place, restored) in self.collections.iter().enumerate() {
            match self.database.rename(&unfinished(self.task, place), &restored.to).await {
                Ok(()) => {}
                Err(error) if error.code() == NAMESPACE_NOT_FOUND => {}
                Err(error) => return Err(exists(error, &restored.to)),
            }
        }
        Ok(())
    }

    /// Removes what has no name yet.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn undo(&self) -> Result<()> {
        for place in 0..self.collections.len() {
            self.database.remove(&unfinished(self.task, place)).await?;
        }
        Ok(())
    }
}

fn exists(error: Error, name: &str) -> Error {
    if error.code() == NAMESPACE_EXISTS {
        return Error::new(COLLECTION_EXISTS, format!("the collection `{name}` exists already")).with_source(error);
    }
    error
}
