//! Backups: all collections of a space in the storage, with their indexes (manual 3.10.3).
//!
//! A collection is one object: the pages of its dump, BSON documents one after another, compressed
//! with gzip. A backup counts only once its manifest is there, which is written last. The objects
//! lie in the system space, so that no rule of a space can ever open them to its mini program.

pub mod manifest;
pub mod nightly;
mod read;
mod write;

use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result, codes};

use crate::calendar::{now, of_stamp, stamp};
use crate::control::Control;
use crate::database::Database;
use crate::objects::Objects;
use crate::record::RESTORING;

use manifest::{Manifest, Saved};

pub use read::Batches;

/// The code for a backup that does not exist.
pub const NOT_FOUND: &str = "InvalidBackup.NotFound";
/// The largest manifest, in bytes.
const MAX_MANIFEST: usize = 64 << 20;
/// How many keys are listed at once.
const AT_ONCE: usize = 1000;

/// The id of a backup that a task makes. Ids sort as the backups began.
pub fn id(begun: u64, unique: &str) -> String {
    format!("{}_{unique}", stamp(begun))
}

/// When a backup began, in milliseconds since 1970.
pub fn begun(id: &str) -> Option<u64> {
    of_stamp(id.split('_').next()?)
}

fn no_backup(id: &str) -> Error {
    Error::new(NOT_FOUND, format!("the backup `{id}` does not exist"))
}

fn missing(error: Error, id: &str) -> Error {
    if error.code() == codes::NOT_FOUND { no_backup(id).with_source(error) } else { error }
}

/// The backups of one space.
pub struct Backups<C> {
    objects: Objects<C>,
    folder: String,
    space: String,
}

impl<C: Calls> Backups<C> {
    /// The backups of a space.
    pub fn new(objects: Objects<C>, space: &str) -> Self {
        Self { objects, folder: format!("db-backups/{space}"), space: space.to_owned() }
    }

    fn manifests(&self) -> String {
        format!("{}/manifests/", self.folder)
    }

    fn manifest_key(&self, id: &str) -> String {
        format!("{}{id}.json", self.manifests())
    }

    fn data(&self) -> String {
        format!("{}/data/", self.folder)
    }

    fn object_key(&self, id: &str, object: &str) -> String {
        format!("{}{id}/{object}", self.data())
    }

    /// Makes a backup.
    ///
    /// # Errors
    /// What the database or the storage answers; then there is no backup.
    pub async fn make(&self, database: &Database<C>, id: &str, begun: u64, control: &Control) -> Result<()> {
        let mut names = database.collections().await?;
        names.retain(|name| !name.starts_with(RESTORING));
        control.whole(names.len() as u64);
        let mut collections = Vec::with_capacity(names.len());
        for (number, name) in names.into_iter().enumerate() {
            let object = format!("{number}.bson.gz");
            if let Some(indexes) = write::indexes(database, &name).await? {
                let (documents, bytes) = write::collection(database, &self.objects, &name, &self.object_key(id, &object), control).await?;
                collections.push(Saved { name, object, documents, bytes, indexes });
            }
            control.done(1);
        }
        control.check()?;
        let manifest = Manifest { version: manifest::VERSION, space_id: self.space.clone(), begun, ended: now(), collections };
        let text = serde_json::to_vec(&manifest).map_err(Error::internal)?;
        self.objects.put(&self.manifest_key(id), sdk_plugin::Body::full(text)).await
    }

    /// The ids of the backups, newest first.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn list(&self) -> Result<Vec<String>> {
        let prefix = self.manifests();
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let (keys, more) = self.objects.keys(&prefix, after, AT_ONCE).await?;
            after = keys.last().cloned();
            let id = |key: &String| Some(key.strip_prefix(&prefix)?.strip_suffix(".json")?.to_owned());
            ids.extend(keys.iter().filter_map(id).filter(|id| begun(id).is_some()));
            if !more {
                break;
            }
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    /// What a backup has.
    ///
    /// # Errors
    /// `InvalidBackup.NotFound`, or what the storage answers.
    pub async fn manifest(&self, id: &str) -> Result<Manifest> {
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if id.is_empty() || id.len() > 100 || !plain {
            return Err(no_backup(id));
        }
        let body = self.objects.get(&self.manifest_key(id)).await.map_err(|error| missing(error, id))?;
        Manifest::parse(&body.collect(MAX_MANIFEST).await?)
    }

    /// The documents of a collection.
    ///
    /// # Errors
    /// `InvalidBackup.NotFound` when it was removed meanwhile, or what the storage answers.
    pub async fn read(&self, id: &str, saved: &Saved) -> Result<Batches> {
        let body = self.objects.get(&self.object_key(id, &saved.object)).await;
        Ok(Batches::of(body.map_err(|error| missing(error, id))?, saved.documents))
    }

    /// Removes the objects of a backup that has no manifest.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn remove_data(&self, id: &str) -> Result<()> {
        self.objects.delete_folder(&format!("{}{id}", self.data())).await
    }

    /// Removes a backup. From the first step on it is not listed any more.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn remove(&self, id: &str) -> Result<()> {
        self.objects.delete(&self.manifest_key(id)).await?;
        self.remove_data(id).await
    }

    /// Removes all backups.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn remove_all(&self) -> Result<()> {
        self.objects.delete_folder(&self.folder).await
    }

    /// The ids of backups that objects are there for, complete or not.
    ///
    /// # Errors
    /// What the storage answers.
    pub async fn with_data(&self) -> Result<Vec<String>> {
        let prefix = self.data();
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let (keys, _) = self.objects.keys(&prefix, after, 1).await?;
            let id = keys.first().and_then(|key| key.strip_prefix(&prefix)).and_then(|rest| rest.split('/').next()).map(str::to_owned);
            let Some(id) = id else { return Ok(ids) };
            // `0` comes right after the `/` that all keys of the folder go on with.
            after = Some(format!("{prefix}{id}0"));
            ids.push(id);
        }
    }
}

impl Manifest {
    fn parse(text: &[u8]) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(text).map_err(Error::internal)?;
        if manifest.version != manifest::VERSION {
            let message = format!("the backup was written by another version of mpcloud: form {}", manifest.version);
            return Err(Error::new(codes::UNAVAILABLE, message));
        }
        Ok(manifest)
    }
}
