//! One fold of an application: at most so many batches and events, beside those that reports have
//! noted.
//!
//! The state is locked while batches are noted, a few at a time, while it gives out what has
//! changed, and while the manifest is replaced. Files are made between these.

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use analytics_engine::segment::{merge_devices, merge_sessions, write_devices, write_sessions};
use analytics_engine::{Day, Sessions};
use bytes::Bytes;
use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use uuid::Uuid;

use super::{BATCHES, levels, raw};
use crate::apps::App;
use crate::errors;
use crate::service::Service;
use crate::state::entry::Entry;
use crate::state::load::fetch;
use crate::state::rows::Rows;
use crate::state::sync::Upto;
use crate::state::{State, blocking, engine};
use crate::store::Manifest;
use crate::store::manifest::{DayFile, DeviceFile, GRACE, RawFile};
use crate::store::objects::{Kind, new_name};

/// How many events one fold takes; few in tests, so that these meet it.
const EVENTS: u64 = if cfg!(test) { 20_000 } else { 200_000 };
/// In so many steps they are noted; reports have their turn between these.
const STEPS: usize = 4;
/// How long a fold waits for the state.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a state gives out to be folded.
struct Taken {
    /// Which state it is of.
    number: u64,
    /// What has changed; none when all was known.
    changed: Option<Changed>,
    /// The batches, and how many events they have.
    ids: Vec<String>,
    events: u64,
}

/// What a look at the batches that wait has shown.
struct Look {
    /// Whether every batch is known.
    complete: bool,
    /// How many events were counted as waiting before.
    waiting: u64,
}

/// What has changed since a manifest.
struct Changed {
    manifest: Manifest,
    channels: Vec<String>,
    users: u64,
    /// A segment of the devices that are new or came earlier.
    devices: Option<Bytes>,
    /// The sessions that are new or longer.
    days: BTreeMap<Day, Sessions>,
    rows: Rows,
}

impl<C: Calls> Service<C> {
    /// Folds some batches of an application; says whether none were left.
    ///
    /// # Errors
    /// What database and storage answer.
    pub(crate) async fn pass(&self, app: &App) -> Result<bool> {
        let entry = self.registry.entry(&app.key);
        let _turn = entry.folding.lock().await;
        let (Look { complete, waiting }, taken) = self.take(app, &entry).await?;
        let Taken { number, changed, ids, events } = taken;
        let outcome = match changed {
            Some(changed) => self.write(app, &entry, number, changed).await,
            None => Ok(true),
        };
        let outcome = match outcome {
            Ok(true) => self.store.pending.delete(&ids).await,
            Ok(false) => {
                if let Some(state) = entry.lock(patience()).await?.state().filter(|state| state.number == number) {
                    state.lost = true;
                }
                return Ok(true);
            }
            Err(error) => {
                entry.lock(patience()).await?.clear_if(number);
                Err(error)
            }
        };
        if let Some(state) = entry.lock(patience()).await?.state().filter(|state| state.number == number) {
            state.folding.clear();
        }
        outcome?;
        // What was sent again was counted too, and is nothing new: all that was counted before the last
        // look is done with.
        self.limits.folded(&app.key, if complete { waiting } else { events });
        tracing::debug!(app = app.key, batches = ids.len(), events, "analytics was folded");
        Ok(complete)
    }

    /// Notes batches, and takes what has changed.
    async fn take(&self, app: &App, entry: &Entry) -> Result<(Look, Taken)> {
        let how = self.how();
        let mut step = 1;
        loop {
            let mut slot = entry.lock(patience()).await?;
            if let Some(state) = slot.state().filter(|state| !state.folding.is_empty()) {
                // A fold of it was given up, and what it had taken is gone.
                state.lost = true;
            }
            let upto = Upto::Fold { batches: BATCHES * step / STEPS, events: EVENTS * step as u64 / STEPS as u64 };
            let waiting = self.limits.waiting(&app.key);
            let complete = entry.bring(&mut slot, &self.store, app, &how, upto).await?;
            if complete || step == STEPS {
                let taken = slot.with(take).await?;
                if taken.is_err() {
                    slot.clear();
                }
                return Ok((Look { complete, waiting }, taken?));
            }
            step += 1;
        }
    }

    /// Writes the files and the manifest; false when another node was first.
    async fn write(&self, app: &App, entry: &Entry, number: u64, changed: Changed) -> Result<bool> {
        let mut new = Vec::new();
        let manifest = self.files(&app.key, changed, &mut new).await?;
        let first = manifest.version == 1;
        let zone = manifest.time_zone.clone();
        // Reports wait for this one call: they would take the manifest for another node's.
        let mut slot = entry.lock(patience()).await?;
        let won = self.store.manifests.replace(&app.key, &manifest).await?;
        if !won {
            drop(slot);
            for name in new {
                self.store.objects.delete(&app.key, &name).await?;
            }
            return Ok(false);
        }
        if slot.state().is_some_and(|state| state.number == number) {
            let now = self.clock.now();
            slot.with(move |state| {
                state.manifest = manifest;
                state.ledger.saved();
                state.release(now);
            })
            .await?;
        }
        drop(slot);
        match self.apps.fetch(&app.key).await? {
            None => self.purge_gone(&app.key).await?,
            // Somebody changed the zone while there was no data that it would have parted wrongly.
            Some(now) if first && now.time_zone != zone => self.apps.set_zone(&app.key, &zone).await?,
            Some(_) => {}
        }
        Ok(true)
    }

    /// Writes the files of what has changed, one after the other; their names are added to `new`. Gives
    /// the manifest that has them.
    async fn files(&self, app: &str, changed: Changed, new: &mut Vec<String>) -> Result<Manifest> {
        let Changed { mut manifest, channels, users, devices, days, rows } = changed;
        let now = self.clock.now();
        manifest.version += 1;
        (manifest.pass, manifest.node, manifest.at) = (Uuid::new_v4().to_string(), self.node.clone(), now);
        (manifest.channels, manifest.users) = (channels, users);
        if manifest.swept == 0 {
            manifest.swept = now;
        }
        if let Some(mut bytes) = devices {
            let sizes: Vec<u64> = manifest.devices.iter().map(|segment| segment.bytes).collect();
            let old = manifest.devices.split_off(sizes.len() - levels::merged(&sizes, bytes.len() as u64));
            if !old.is_empty() {
                let segments = fetch(&self.store, app, old.iter().map(|segment| &segment.file)).await?;
                bytes = engine(move || merge_devices(segments.into_iter().chain([bytes]))).await?;
            }
            let segment = DeviceFile { file: new_name(Kind::Devices, manifest.version), bytes: bytes.len() as u64 };
            self.put(app, &segment.file, bytes, new).await?;
            manifest.devices.push(segment);
            old.into_iter().for_each(|old| manifest.discard(old.file, now + GRACE));
        }
        for (day, sessions) in days {
            let (mut count, mut bytes) = engine(move || Ok((sessions.len() as u64, write_sessions(&sessions)?))).await?;
            let parts = manifest.days.entry(day).or_default();
            let sizes: Vec<u64> = parts.iter().map(|part| part.bytes).collect();
            let old = parts.split_off(sizes.len() - levels::merged(&sizes, bytes.len() as u64));
            if !old.is_empty() {
                let merged = fetch(&self.store, app, old.iter().map(|part| &part.file)).await?;
                (count, bytes) = engine(move || merge_sessions(merged.into_iter().chain([bytes]))).await?;
            }
            let part = DayFile { file: new_name(Kind::Days, day), sessions: count, bytes: bytes.len() as u64 };
            self.put(app, &part.file, bytes, new).await?;
            parts.push(part);
            old.into_iter().for_each(|old| manifest.discard(old.file, now + GRACE));
        }
        for sealed in blocking(move || rows.sealed()).await?? {
            let file = new_name(Kind::Raw, sealed.date);
            manifest.raw.push(RawFile {
                date: sealed.date,
                file: file.clone(),
                rows: sealed.rows,
                bytes: sealed.bytes.len() as u64,
                settled: false,
            });
            self.put(app, &file, sealed.bytes, new).await?;
        }
        manifest.raw.sort_by_key(|raw| raw.date);
        manifest.due = manifest.next_due(raw::due(&manifest, self.config.raw_days));
        Ok(manifest)
    }

    async fn put(&self, app: &str, file: &str, bytes: Bytes, new: &mut Vec<String>) -> Result<()> {
        new.push(file.to_owned());
        self.store.objects.put(app, file, bytes).await
    }
}

fn patience() -> Instant {
    Instant::now() + PATIENCE
}

/// Takes out of a state what is to be folded.
fn take(state: &mut State) -> Result<Taken> {
    let changes = state.ledger.changes();
    let applied = mem::take(&mut state.applied);
    let events = applied.values().sum();
    let ids: Vec<String> = applied.into_keys().collect();
    state.folding = ids.iter().cloned().collect();
    let mut taken = Taken { number: state.number, changed: None, ids, events };
    if changes.days.is_empty() && changes.devices.is_empty() && state.rows.is_empty() {
        return Ok(taken);
    }
    let devices = match changes.devices.is_empty() {
        true => None,
        false => Some(write_devices(&state.ledger, &changes.devices).map_err(errors::engine)?),
    };
    taken.changed = Some(Changed {
        manifest: state.manifest.clone(),
        channels: state.ledger.channels().names().map(str::to_owned).collect(),
        users: state.ledger.devices().len() as u64,
        devices,
        days: changes.days,
        rows: state.rows.take(),
    });
    Ok(taken)
}
