//! What is done with the files of an application besides folding: those that are not needed any more
//! are deleted, raw files are merged and expire, and lost files are looked for.

use std::time::{Duration, Instant};

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use uuid::Uuid;

use super::raw;
use crate::clock::MINUTE;
use crate::service::Service;
use crate::state::{Slot, entry::Entry};
use crate::store::Manifest;
use crate::store::manifest::{Garbage, Replaced};

/// How old a file is, in milliseconds, that no fold in flight can have written.
const LOST: i64 = 60 * MINUTE;
/// How long the state is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

impl<C: Calls> Service<C> {
    /// Does what is due with the files of an application.
    ///
    /// # Errors
    /// What database and storage answer.
    pub(crate) async fn tidy(&self, key: &str) -> Result<()> {
        // Then there is time left for what follows the merging.
        let until = Instant::now() + self.patience / 4;
        if self.apps.fetch(key).await?.is_none() {
            return self.purge_gone(key).await;
        }
        let entry = self.registry.peek(key);
        let _turn = match &entry {
            Some(entry) => Some(entry.folding.lock().await),
            None => None,
        };
        let Some(before) = self.store.manifests.get(key).await? else { return Ok(()) };
        let now = self.clock.now();
        if before.due > now || self.is_of_another(&before.node, before.at) {
            return Ok(());
        }
        let mut manifest = before.clone();
        let (old, young): (Vec<Garbage>, Vec<Garbage>) = manifest.garbage.into_iter().partition(|garbage| garbage.until <= now);
        manifest.garbage = young;
        let mut useless: Vec<String> = old.into_iter().map(|garbage| garbage.file).collect();
        if before.wants_sweep(now) {
            useless.extend(self.lost(key, &before, now).await?);
            manifest.swept = now;
        }
        raw::expire(&mut manifest, self.config.raw_days, now);
        let new = self.merge_raw(key, &mut manifest, now, until).await;
        manifest.due = manifest.next_due(raw::due(&manifest, self.config.raw_days));
        // So where all that is due was put off.
        if manifest == before {
            return Ok(());
        }
        manifest.version += 1;
        (manifest.pass, manifest.node, manifest.at) = (Uuid::new_v4().to_string(), self.node.clone(), now);
        // Only now, so that of a fold in flight, whose files look lost, and this one at most one has won.
        let useless = match self.replace(key, entry.as_deref(), &before, manifest).await? {
            Replaced::Won => useless,
            Replaced::Lost => new,
            // Either may be named now: what is not is found by a later search.
            Replaced::Unknown => Vec::new(),
        };
        for file in useless {
            self.store.objects.delete(key, &file).await?;
        }
        Ok(())
    }

    /// The files that the manifest does not name, and no fold in flight can have written.
    async fn lost(&self, key: &str, manifest: &Manifest, now: i64) -> Result<Vec<String>> {
        let named = manifest.files();
        let mut lost = self.store.objects.older(key, now - LOST).await?;
        lost.retain(|file| !named.contains(file.as_str()));
        if !lost.is_empty() {
            tracing::info!(app = key, files = lost.len(), "files of analytics that nothing names are deleted");
        }
        Ok(lost)
    }

    /// Writes a manifest that has the same state; one that is in memory is then of it.
    async fn replace(&self, key: &str, entry: Option<&Entry>, before: &Manifest, manifest: Manifest) -> Result<Replaced> {
        let mut none = Slot::default();
        let mut held = match entry {
            Some(entry) => Some(entry.lock(Instant::now() + PATIENCE).await?),
            None => None,
        };
        let slot = held.as_deref_mut().unwrap_or(&mut none);
        let replaced = self.store.manifests.replace(key, &manifest).await?;
        let won = replaced == Replaced::Won;
        match slot.state() {
            Some(state) if won && state.manifest.pass == before.pass => state.manifest = manifest,
            Some(_) if won => slot.clear(),
            _ => {}
        }
        Ok(replaced)
    }
}
