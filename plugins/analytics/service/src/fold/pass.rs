//! One fold of an application: at most so many batches.

use std::mem;

use analytics_engine::ledger::Changes;
use analytics_engine::segment::{merge_devices, write_devices, write_sessions};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use uuid::Uuid;

use super::{BATCHES, levels, raw};
use crate::apps::App;
use crate::errors;
use crate::service::Service;
use crate::state::registry::Entry;
use crate::state::sync::Upto;
use crate::state::{Slot, State};
use crate::store::Manifest;
use crate::store::manifest::{DayFile, DeviceFile, GRACE, RawFile};
use crate::store::objects::{Kind, new_name};

/// How many files are written at once.
const AT_ONCE: usize = 8;
/// The sessions of so many days, today among them, stay in memory.
const DAYS_HELD: i32 = 2;

/// What a fold writes.
struct Pass {
    /// Which state it is of.
    number: u64,
    /// The manifest, and its new files; none when all was known.
    written: Option<(Manifest, Vec<(String, Bytes)>)>,
    /// The batches, and how many events they have.
    ids: Vec<String>,
    events: u64,
}

/// What is written beside the state itself.
struct About {
    node: String,
    now: i64,
    raw_days: u32,
}

impl<C: Calls> Service<C> {
    /// Folds some batches of an application; says whether none were left.
    ///
    /// # Errors
    /// What database and storage answer.
    pub(crate) async fn pass(&self, app: &App) -> Result<bool> {
        let entry = self.registry.entry(&app.key);
        let _turn = entry.folding.lock().await;
        let (complete, pass) = {
            let mut slot = entry.slot.lock().await;
            let complete = entry.bring(&mut slot, &self.store, app, &self.how(), Upto::Batches(BATCHES)).await?;
            (complete, self.prepare(&mut slot, app).await?)
        };
        let Pass { number, written, ids, events } = pass;
        let outcome = self.write(app, &entry, number, written).await;
        let outcome = match outcome {
            Ok(true) => self.store.pending.delete(&ids).await,
            Ok(false) => {
                entry.slot.lock().await.clear_if(number);
                return Ok(true);
            }
            Err(error) => {
                entry.slot.lock().await.clear_if(number);
                Err(error)
            }
        };
        let mut slot = entry.slot.lock().await;
        if let Some(state) = slot.state().filter(|state| state.number == number) {
            state.folding.clear();
        }
        entry.measure(&mut slot);
        outcome?;
        if complete {
            // Also those that were sent again, which were counted and are nothing new.
            self.limits.set_waiting(&app.key, 0);
        } else {
            self.limits.folded(&app.key, events);
        }
        tracing::debug!(app = app.key, batches = ids.len(), events, "analytics was folded");
        Ok(complete)
    }

    /// Encodes what has changed.
    async fn prepare(&self, slot: &mut Slot, app: &App) -> Result<Pass> {
        let (changes, merged) = slot
            .with(|state| {
                let changes = state.ledger.changes();
                let segments = &state.manifest.devices;
                let sizes: Vec<u64> = segments.iter().map(|segment| segment.bytes).collect();
                let count = if changes.devices.is_empty() {
                    0
                } else {
                    levels::merged(&sizes, changes.devices.len().saturating_mul(levels::DEVICE))
                };
                let merged = segments.get(segments.len() - count..).unwrap_or_default().to_vec();
                (changes, merged)
            })
            .await?;
        let mut segments = Vec::with_capacity(merged.len());
        for segment in merged {
            segments.push(self.store.objects.get(&app.key, &segment.file).await?);
        }
        let about = About { node: self.node.clone(), now: self.clock.now(), raw_days: self.config.raw_days };
        let prepared = slot.with(move |state| encode(state, &changes, segments, about)).await?;
        if prepared.is_err() {
            slot.clear();
        }
        prepared
    }

    /// Writes the files and the manifest; false when another node was first.
    async fn write(&self, app: &App, entry: &Entry, number: u64, written: Option<(Manifest, Vec<(String, Bytes)>)>) -> Result<bool> {
        let Some((manifest, files)) = written else { return Ok(true) };
        let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
        let puts = files.into_iter().map(|(name, bytes)| async move { self.store.objects.put(&app.key, &name, bytes).await });
        stream::iter(puts.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        let first = manifest.version == 1;
        let zone = manifest.time_zone.clone();
        // Reports wait for this one call: they would take the manifest for another node's.
        let mut slot = entry.slot.lock().await;
        let won = self.store.manifests.replace(&app.key, &manifest).await?;
        if !won {
            drop(slot);
            for name in names {
                self.store.objects.delete(&app.key, &name).await?;
            }
            return Ok(false);
        }
        if let Some(state) = slot.state().filter(|state| state.number == number) {
            state.manifest = manifest;
            state.ledger.saved();
            let (today, _) = state.ledger.calendar().locate(self.clock.now());
            state.ledger.release(today.plus(1 - DAYS_HELD));
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
}

fn encode(state: &mut State, changes: &Changes, merged: Vec<Bytes>, about: About) -> Result<Pass> {
    let applied = mem::take(&mut state.applied);
    let events = applied.values().sum();
    let ids: Vec<String> = applied.into_keys().collect();
    let number = state.number;
    state.folding = ids.iter().cloned().collect();
    if changes.days.is_empty() && changes.devices.is_empty() && state.rows.is_empty() {
        return Ok(Pass { number, written: None, ids, events });
    }
    let About { node, now, raw_days } = about;
    let mut manifest = state.manifest.clone();
    let mut files = Vec::new();
    manifest.version += 1;
    (manifest.pass, manifest.node, manifest.at) = (Uuid::new_v4().to_string(), node, now);
    manifest.channels = state.ledger.channels().names().map(str::to_owned).collect();
    if manifest.swept == 0 {
        manifest.swept = now;
    }
    if !changes.devices.is_empty() {
        let count = merged.len();
        let mut bytes = write_devices(&state.ledger, &changes.devices).map_err(errors::engine)?;
        if count > 0 {
            bytes = merge_devices(merged.into_iter().chain([bytes])).map_err(errors::engine)?;
        }
        let file = new_name(Kind::Devices, manifest.version);
        for old in manifest.devices.split_off(manifest.devices.len().saturating_sub(count)) {
            manifest.discard(old.file, now + GRACE);
        }
        manifest.devices.push(DeviceFile { file: file.clone(), bytes: bytes.len() as u64 });
        files.push((file, bytes));
    }
    for day in &changes.days {
        let sessions = state.ledger.sessions(*day).ok_or_else(|| Error::internal(format!("the changed day {day} is not held")))?;
        let bytes = write_sessions(sessions).map_err(errors::engine)?;
        let file = new_name(Kind::Days, day);
        let new = DayFile { file: file.clone(), sessions: sessions.len() as u64, bytes: bytes.len() as u64 };
        for old in manifest.days.insert(*day, vec![new]).into_iter().flatten() {
            manifest.discard(old.file, now + GRACE);
        }
        files.push((file, bytes));
    }
    for sealed in state.rows.take()? {
        let file = new_name(Kind::Raw, sealed.date);
        manifest.raw.push(RawFile {
            date: sealed.date,
            file: file.clone(),
            rows: sealed.rows,
            bytes: sealed.bytes.len() as u64,
            settled: false,
        });
        files.push((file, sealed.bytes));
    }
    manifest.raw.sort_by_key(|raw| raw.date);
    manifest.due = manifest.next_due(raw_days, raw::is_small);
    Ok(Pass { number, written: Some((manifest, files)), ids, events })
}
