//! Deployments: a list of files, the contents of those that are new, and then all at once.
//!
//! What a deployment names is taken from what it brought itself, or from the releases that are
//! kept at the moment when it is committed; see [`sweep`](crate::sweep) for why that matters.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result, codes};

use crate::clock::now;
use crate::code::{DEPLOYMENT_NOT_FOUND, INVALID_LIST};
use crate::ids;
use crate::manifest::{Entry, File, Hash, Manifest, content_type, entries};
use crate::objects::list_key;
use crate::record::Site;
use crate::service::{LONG, Service, blocking};

/// How long a deployment may be committed, in milliseconds.
pub const VALID: u64 = 24 * 3600 * 1000;
/// The largest list, in bytes.
pub const MAX_LIST: usize = 64 << 20;

/// What becomes of a deployment's list.
#[derive(Debug)]
pub struct Resolved {
    /// What the site will have; of what is missing, nothing.
    pub manifest: Manifest,
    /// Contents that are to be uploaded, and their sizes.
    pub missing: Vec<(Hash, u64)>,
}

fn no_deployment(id: &str) -> Error {
    Error::new(DEPLOYMENT_NOT_FOUND, format!("there is no deployment `{id}`, or it has expired; create another one"))
}

impl<C: Calls> Service<C> {
    /// Opens a deployment. Gives its id, and until when it may be committed.
    ///
    /// # Errors
    /// `InvalidWebHosting.NotOpened`, `Conflict`, or what the database answers.
    pub async fn create_deployment(&self, space: &str) -> Result<(String, u64)> {
        let (id, expires) = (ids::new(ids::DEPLOYMENT), now() + VALID);
        self.records
            .change(space, |site| {
                site.open(&id, expires);
                Ok(())
            })
            .await?;
        Ok((id, expires))
    }

    /// Keeps the list of a deployment; gives what is to be uploaded.
    ///
    /// # Errors
    /// `InvalidDeployment.List`, `InvalidDeployment.NotFound`, `QuotaExceeded.…`, or what database
    /// and storage answer.
    pub async fn list_deployment(&self, space: &str, id: &str, list: Bytes) -> Result<Vec<(Hash, u64)>> {
        let site = self.records.require(space).await?;
        if !site.is_open(id) {
            return Err(no_deployment(id));
        }
        let entries = self.parse(list.clone()).await?;
        let old = self.manifest_of(&site).await?;
        let bytes = entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.size));
        self.check_size((entries.len() as u64, bytes), &old)?;
        self.objects.put_whole(&list_key(space, id), list).await?;
        Ok(self.resolve(&site, id, &entries).await?.missing)
    }

    /// The list of a deployment that may be committed.
    pub(crate) async fn entries(&self, site: &Site, id: &str) -> Result<Vec<Entry>> {
        if !site.open.iter().any(|open| open.id == id && open.expires > now()) {
            return Err(no_deployment(id));
        }
        let list = self.objects.get_whole(&list_key(&site.space, id)).await.map_err(|error| match error.code() {
            codes::NOT_FOUND => Error::new(INVALID_LIST, "the deployment has no list yet"),
            _ => error,
        })?;
        let entries = self.parse(list).await?;
        let old = self.manifest_of(site).await?;
        let bytes = entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.size));
        self.check_size((entries.len() as u64, bytes), &old)?;
        Ok(entries)
    }

    async fn parse(&self, list: Bytes) -> Result<Vec<Entry>> {
        let most = self.config.max_files;
        if list.len() < LONG { entries(&list, most) } else { blocking(move || entries(&list, most)).await }
    }

    /// Refuses what is brought for a deployment that is not open.
    pub(crate) async fn require_open(&self, space: &str, id: &str) -> Result<()> {
        if self.records.require(space).await?.is_open(id) { Ok(()) } else { Err(no_deployment(id)) }
    }

    /// Finds the contents of what a list names: those with its digest and its size, as a list may
    /// lie. Kept releases are looked through one at a time.
    pub(crate) async fn resolve(&self, site: &Site, id: &str, entries: &[Entry]) -> Result<Resolved> {
        let mut wanted: HashSet<(Hash, u64)> = entries.iter().map(|entry| (entry.hash, entry.size)).collect();
        let mut origins: HashMap<(Hash, u64), Arc<str>> = HashMap::with_capacity(wanted.len());
        let mut seen = HashSet::new();
        for release in site.releases.iter().rev().filter(|release| seen.insert(release.manifest.clone())) {
            if wanted.is_empty() {
                break;
            }
            for file in self.manifest(&site.space, release).await?.files() {
                if !file.is_folder() && wanted.remove(&(file.hash, file.size)) {
                    origins.insert((file.hash, file.size), file.origin.clone());
                }
            }
        }
        if !wanted.is_empty() {
            let origin: Arc<str> = id.into();
            for found in self.brought(&site.space, id).await? {
                if wanted.remove(&found) {
                    origins.insert(found, origin.clone());
                }
            }
        }
        let current = self.manifest_of(site).await?;
        let now = now();
        let found = entries.iter().filter_map(|entry| {
            let origin = origins.get(&(entry.hash, entry.size))?.clone();
            let is_same = |old: &&File| old.hash == entry.hash && old.size == entry.size && !old.is_folder();
            let same = current.get(&entry.path).filter(is_same);
            Some(same.cloned().unwrap_or_else(|| File {
                path: entry.path.as_str().into(),
                hash: entry.hash,
                size: entry.size,
                origin,
                modified: now,
                given_type: None,
                content_type: content_type(&entry.path, None),
            }))
        });
        let manifest = Manifest::new(found.collect());
        Ok(Resolved { manifest, missing: wanted.into_iter().collect() })
    }

    /// The contents that a deployment has brought, and their sizes.
    async fn brought(&self, space: &str, id: &str) -> Result<Vec<(Hash, u64)>> {
        let prefix = format!("sites/{space}/blobs/{id}/");
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (objects, next) = self.objects.sizes(&prefix, after).await?;
            let digests = objects.iter().filter_map(|(key, size)| Some((key.strip_prefix(&prefix)?, *size)));
            all.extend(digests.filter_map(|(digest, size)| Some((Hash::try_from(hex::decode(digest).ok()?).ok()?, size))));
            match next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }
}
