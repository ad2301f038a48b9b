//! How the current release changes: by files that are uploaded or deleted one by one, by
//! deployments, by going back.

use std::sync::Arc;
use std::time::Duration;

use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};

use crate::clock::now;
use crate::code::{DEPLOYMENT_NOT_FOUND, INCOMPLETE, RELEASE_NOT_FOUND};
use crate::deployment::Resolved;
use crate::ids;
use crate::manifest::{Manifest, encode};
use crate::objects::{list_key, manifest_key};
use crate::record::{Kind, Release, Site};
use crate::records::{ATTEMPTS, busy};
use crate::service::{LONG, Service, blocking};

/// The longest pause before a change is made again, in milliseconds.
const PAUSE: u64 = 20;

impl<C: Calls> Service<C> {
    /// Makes a release of what `change` makes of the current one; none changes nothing. `change`
    /// is made again on what is there when somebody else was faster.
    ///
    /// # Errors
    /// What `change` says, `InvalidWebHosting.NotOpened`, `Conflict`, or what database and storage answer.
    pub async fn change_files(&self, space: &str, change: impl Fn(&Manifest) -> Result<Option<Manifest>>) -> Result<()> {
        let _turn = self.turn(space).await;
        for _ in 0..ATTEMPTS {
            let mut site = self.records.require(space).await?;
            let old = self.manifest_of(&site).await?;
            let Some(new) = change(&old)? else { return Ok(()) };
            self.check_size((new.files().len() as u64, new.bytes()), &old)?;
            if self.publish(&mut site, Kind::Files, Arc::new(new), "").await? {
                return Ok(());
            }
            pause().await;
        }
        Err(busy())
    }

    /// Makes a deployment the current release, and returns when every node serves it. A second
    /// time it does nothing.
    ///
    /// # Errors
    /// `InvalidDeployment.NotFound`, `InvalidDeployment.Incomplete`, `QuotaExceeded.…`, `Conflict`,
    /// or what database and storage answer.
    pub async fn commit(&self, space: &str, id: &str) -> Result<Release> {
        let release = {
            let _turn = self.turn(space).await;
            self.commit_in_turn(space, id).await?
        };
        if let Err(error) = self.objects.delete(&list_key(space, id)).await {
            tracing::debug!(space, ?error, "the list of a deployment is left for the sweep");
        }
        self.settle().await;
        Ok(release)
    }

    async fn commit_in_turn(&self, space: &str, id: &str) -> Result<Release> {
        for _ in 0..ATTEMPTS {
            let mut site = self.records.require(space).await?;
            if let Some(release) = site.releases.iter().find(|release| release.deployment == id) {
                return Ok(release.clone());
            }
            let entries = self.entries(&site, id).await?;
            let Resolved { manifest, missing } = self.resolve(&site, id, &entries).await?;
            if !missing.is_empty() {
                let message = format!("{} of the contents that the deployment's list names have not been uploaded", missing.len());
                return Err(Error::new(INCOMPLETE, message));
            }
            site.close(id);
            if self.publish(&mut site, Kind::Deployment, Arc::new(manifest), id).await? {
                return site.current().cloned().ok_or_else(|| Error::new(DEPLOYMENT_NOT_FOUND, "the deployment is gone"));
            }
            pause().await;
        }
        Err(busy())
    }

    /// Stores a manifest and makes it the current release, unless the site has changed since it
    /// was read; says whether that was so.
    async fn publish(&self, site: &mut Site, kind: Kind, manifest: Arc<Manifest>, deployment: &str) -> Result<bool> {
        let name = ids::new(ids::MANIFEST);
        let key = manifest_key(&site.space, &name);
        let object = if manifest.weight() < LONG {
            encode(&manifest)?
        } else {
            let manifest = manifest.clone();
            blocking(move || encode(&manifest)).await?
        };
        self.objects.put_whole(&key, object).await?;
        site.release(kind, &name, &manifest, deployment, now());
        if self.records.replace(site).await? {
            self.know(&name, manifest).await;
            self.renew(&site.space).await;
            return Ok(true);
        }
        self.objects.delete(&key).await?;
        Ok(false)
    }

    /// Goes back to a release, and returns when every node serves it.
    ///
    /// # Errors
    /// `InvalidRelease.NotFound`, `InvalidWebHosting.NotOpened`, `Conflict`, or what the database answers.
    pub async fn roll_back(&self, space: &str, to: Option<u64>) -> Result<Release> {
        let rolled_back = |site: &mut Site| {
            let absent = || match to {
                Some(number) => Error::new(RELEASE_NOT_FOUND, format!("there is no release {number}, or it is not kept any more")),
                None => Error::new(RELEASE_NOT_FOUND, "there is no release before the current one"),
            };
            site.roll_back(to, now()).ok_or_else(absent)?;
            site.current().cloned().ok_or_else(absent)
        };
        let release = self.records.change(space, rolled_back).await?;
        self.renew(space).await;
        self.settle().await;
        Ok(release)
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(rand::random_range(1..=PAUSE))).await;
}
