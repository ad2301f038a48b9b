//! What is removed, and why that is safe.
//!
//! A release may name only contents that a kept release names when it is made, or that its own
//! deployment or upload brought. Whether that is so is decided together with the record's version.
//! So contents that no kept release names never come back, once whoever brought them cannot make
//! a release any more: a deployment that is not open, or an upload that is older than it may take.
//! Ids tell when they were made, and what is younger than [`Config::grace`] is spared, so that
//! what began after the record was read is not mistaken for that.
//!
//! [`Config::grace`]: crate::config::Config::grace

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use sdk_plugin::Result;
use sdk_plugin::contract::Calls;

use crate::clock::now;
use crate::ids;
use crate::manifest::Hash;
use crate::objects::folder;
use crate::record::Site;
use crate::service::Service;

/// The schedule's name.
pub const SCHEDULE: &str = "sweep";
/// When it is due: every ten minutes.
pub const CRON: &str = "0 */10 * * * *";
/// How often every site is looked through, whether there is a reason or not, in milliseconds.
const AT_LEAST: u64 = 24 * 3600 * 1000;
/// How many sites are swept at once.
const AT_ONCE: usize = 16;

impl<C: Calls> Service<C> {
    /// Sweeps the sites that need it.
    ///
    /// # Errors
    /// What database and storage answer; the rest is done the next time.
    pub async fn sweep_all(self: Arc<Self>) -> Result<()> {
        let now = now();
        let due = self.records.to_sweep(now, now.saturating_sub(AT_LEAST)).await?;
        stream::iter(due)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, |space| {
                let service = self.clone();
                async move {
                    let removed = service.sweep(&space).await?;
                    tracing::debug!(space, removed, "a site was swept");
                    Ok(())
                }
            })
            .await
    }

    /// Removes what no release of a site needs; says how many objects that were.
    ///
    /// # Errors
    /// What database and storage answer.
    pub async fn sweep(&self, space: &str) -> Result<u64> {
        let began = now();
        let taken = self.records.change(space, |site| {
            site.open.retain(|open| open.expires > began);
            site.garbage = false;
            site.swept = began;
            Ok(site.clone())
        });
        let site = taken.await?;
        let needless = self.needless(&site, began).await?;
        if needless.is_empty() {
            return Ok(0);
        }
        // Visitors may have begun to read what a release of a moment ago names.
        for _ in 0..4 {
            self.settle().await;
        }
        for key in &needless {
            self.objects.delete(key).await?;
        }
        Ok(needless.len() as u64)
    }

    async fn needless(&self, site: &Site, began: u64) -> Result<Vec<String>> {
        let mut blobs: HashSet<(Arc<str>, Hash)> = HashSet::new();
        let mut manifests: HashSet<&str> = HashSet::new();
        for release in site.releases.iter().filter(|release| manifests.insert(&release.manifest)) {
            let manifest = self.manifest(&site.space, release).await?;
            blobs.extend(manifest.files().iter().map(|file| (file.origin.clone(), file.hash)));
        }
        let uploads: HashSet<&str> = blobs.iter().map(|(origin, _)| &**origin).filter(|origin| origin.starts_with(ids::UPLOAD)).collect();
        let oldest = began.saturating_sub(u64::try_from(self.config.grace().as_millis()).unwrap_or(u64::MAX));
        let is_old = |id: &str| ids::made(id).is_none_or(|made| made < oldest);
        let is_needed = |key: &str| match key.split('/').collect::<Vec<_>>()[..] {
            ["manifests", name] => manifests.contains(name) || !is_old(name),
            ["lists", id] => site.is_open(id) || !is_old(id),
            ["blobs", id, digest] => {
                let named = || Hash::try_from(hex::decode(digest).ok()?).ok().map(|hash| blobs.contains(&(id.into(), hash)));
                site.is_open(id) || !is_old(id) || named().unwrap_or(false)
            }
            ["blobs", id] => uploads.contains(id) || !is_old(id),
            _ => false,
        };
        let prefix = format!("{}/", folder(&site.space));
        let (mut needless, mut after) = (Vec::new(), None);
        loop {
            let (keys, next) = self.objects.keys(&prefix, after).await?;
            needless.extend(keys.into_iter().filter(|key| key.strip_prefix(&prefix).is_some_and(|key| !is_needed(key))));
            match next {
                Some(next) => after = Some(next),
                None => return Ok(needless),
            }
        }
    }
}
