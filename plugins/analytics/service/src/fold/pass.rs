//! One fold of an application: at most so many batches and events, beside those that reports have
//! noted.
//!
//! The state is locked while batches are noted, a few at a time, while it gives out what has
//! changed, and while the manifest is replaced. Files are made between these.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use analytics_engine::segment::{merge_devices, merge_sessions, write_devices, write_sessions};
use analytics_engine::{Day, Sessions};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use tokio::time::Instant;
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
use crate::store::manifest::{DayFile, DeviceFile, GRACE, MOST_GARBAGE, RawFile, Replaced};
use crate::store::objects::{Kind, new_name};

/// How many events one fold takes; few in tests, so that these meet it.
const EVENTS: u64 = if cfg!(test) { 20_000 } else { 200_000 };
/// They are noted in so many steps, of which each doubles what was noted. Reports have their turn
/// between these.
const STEPS: u32 = 7;
/// No further step is begun after this part of the time that there is for the application: it would
/// take about as long as all before, and the files that follow as long again.
const NOTING: u32 = 8;
/// So many days are written at once.
const DAYS_AT_ONCE: usize = 8;
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

/// What a fold has written, and not yet named.
struct Written {
    /// It lacks the instant of its write, and what is discarded then.
    manifest: Manifest,
    /// The files that it names and the one before did not.
    new: Vec<String>,
    /// The files that it does not name any more.
    old: Vec<String>,
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
        let Some((Look { complete, waiting }, taken)) = self.take(app, &entry).await? else {
            tracing::info!(app = app.key, "analytics is folded further when files that are not needed any more were deleted");
            return Ok(true);
        };
        let Taken { number, changed, ids, events } = taken;
        let outcome = match changed {
            Some(changed) => self.write(app, &entry, number, changed).await,
            None => Ok(true),
        };
        let outcome = match outcome {
            Ok(true) => self.store.pending.delete(&ids).await.map(|()| true),
            other => other,
        };
        let mut slot = entry.lock(patience()).await?;
        match slot.state().filter(|state| state.number == number) {
            Some(state) if matches!(outcome, Ok(true)) => state.folding.clear(),
            // What was taken may be in files or not, and the manifest be another one.
            _ => slot.lose_if(number),
        }
        drop(slot);
        if !outcome? {
            return Ok(true);
        }
        // What was sent again was counted too, and is nothing new: all that was counted before the last
        // look is done with.
        self.limits.folded(&app.key, if complete { waiting } else { events });
        tracing::debug!(app = app.key, batches = ids.len(), events, "analytics was folded");
        Ok(complete)
    }

    /// Notes batches, and takes what has changed; nothing when too many files wait to be deleted.
    async fn take(&self, app: &App, entry: &Entry) -> Result<Option<(Look, Taken)>> {
        let (how, begun) = (self.how(), Instant::now());
        let mut step = STEPS;
        loop {
            step -= 1;
            let mut slot = entry.lock(patience()).await?;
            if slot.state().is_some_and(|state| !state.folding.is_empty()) {
                // A fold of it was given up, and what it had taken is gone.
                slot.lose();
            }
            let upto = Upto::Fold { batches: BATCHES >> step, events: EVENTS >> step };
            let waiting = self.limits.waiting(&app.key);
            let complete = entry.bring(&mut slot, &self.store, app, &how, upto).await?;
            if slot.state().is_some_and(|state| state.manifest.garbage.len() > MOST_GARBAGE) {
                return Ok(None);
            }
            if complete || step == 0 || begun.elapsed() > self.patience / NOTING {
                let taken = slot.with(take).await?;
                if taken.is_err() {
                    slot.lose();
                }
                slot.measure().await?;
                return Ok(Some((Look { complete, waiting }, taken?)));
            }
        }
    }

    /// Writes the files and the manifest; false when another node was first, or may have been.
    async fn write(&self, app: &App, entry: &Entry, number: u64, changed: Changed) -> Result<bool> {
        let Written { mut manifest, new, old } = self.files(&app.key, changed).await?;
        let first = manifest.version == 1;
        let zone = manifest.time_zone.clone();
        // Reports wait for this one call: they would take the manifest for another node's.
        let mut slot = entry.lock(patience()).await?;
        // Until now others have read the manifest before, whose files live on for them.
        let now = self.clock.now();
        manifest.at = now;
        old.into_iter().for_each(|file| manifest.discard(file, now + GRACE));
        manifest.due = manifest.next_due(raw::due(&manifest, self.config.raw_days));
        let replaced = self.store.manifests.replace(&app.key, &manifest).await?;
        if replaced != Replaced::Won {
            drop(slot);
            // Others may be named by the manifest that is there now.
            for name in new.iter().filter(|_| replaced == Replaced::Lost) {
                self.store.objects.delete(&app.key, name).await?;
            }
            return Ok(false);
        }
        if slot.state().is_some_and(|state| state.number == number) {
            slot.with(move |state| {
                state.manifest = manifest;
                state.ledger.saved();
                state.release(now);
            })
            .await?;
            slot.measure().await?;
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

    /// Writes the files of what has changed, those of some days at once.
    async fn files(&self, app: &str, changed: Changed) -> Result<Written> {
        let Changed { mut manifest, channels, users, devices, days, rows } = changed;
        let (mut new, mut old) = (Vec::new(), Vec::new());
        manifest.version += 1;
        (manifest.pass, manifest.node) = (Uuid::new_v4().to_string(), self.node.clone());
        (manifest.channels, manifest.users) = (channels, users);
        if manifest.swept == 0 {
            manifest.swept = self.clock.now();
        }
        if let Some(mut bytes) = devices {
            let sizes: Vec<u64> = manifest.devices.iter().map(|segment| segment.bytes).collect();
            let merged = manifest.devices.split_off(sizes.len() - levels::merged(&sizes, bytes.len() as u64));
            if !merged.is_empty() {
                let segments = fetch(&self.store, app, merged.iter().map(|segment| &segment.file)).await?;
                bytes = engine(move || merge_devices(segments.into_iter().chain([bytes]))).await?;
            }
            let segment = DeviceFile { file: new_name(Kind::Devices, manifest.version), bytes: bytes.len() as u64 };
            self.store.objects.put(app, &segment.file, bytes).await?;
            new.push(segment.file.clone());
            manifest.devices.push(segment);
            old.extend(merged.into_iter().map(|segment| segment.file));
        }
        let parts = days.into_iter().map(|(day, sessions)| {
            let before = manifest.days.get(&day).map_or(&[][..], Vec::as_slice);
            self.part(app, day, sessions, before)
        });
        let parts: Vec<_> = stream::iter(parts.collect::<Vec<_>>()).buffer_unordered(DAYS_AT_ONCE).try_collect().await?;
        for (day, kept, part) in parts {
            let parts = manifest.days.entry(day).or_default();
            old.extend(parts.drain(kept..).map(|part| part.file));
            new.push(part.file.clone());
            parts.push(part);
        }
        for sealed in blocking(move || rows.sealed()).await?? {
            let (file, bytes) = (new_name(Kind::Raw, sealed.date), sealed.bytes.len() as u64);
            self.store.objects.put(app, &file, sealed.bytes).await?;
            new.push(file.clone());
            manifest.raw.push(RawFile { date: sealed.date, file, rows: sealed.rows, bytes, settled: false });
        }
        manifest.raw.sort_by_key(|raw| raw.date);
        Ok(Written { manifest, new, old })
    }

    /// Writes what is new of a day, merged with the last of its parts. Gives the new part, and how many
    /// of the others stay.
    async fn part(&self, app: &str, day: Day, sessions: Sessions, parts: &[DayFile]) -> Result<(Day, usize, DayFile)> {
        let (mut count, mut bytes) = engine(move || Ok((sessions.len() as u64, write_sessions(&sessions)?))).await?;
        let sizes: Vec<u64> = parts.iter().map(|part| part.bytes).collect();
        let (kept, old) = parts.split_at(sizes.len() - levels::merged(&sizes, bytes.len() as u64));
        if !old.is_empty() {
            let merged = fetch(&self.store, app, old.iter().map(|part| &part.file)).await?;
            (count, bytes) = engine(move || merge_sessions(merged.into_iter().chain([bytes]))).await?;
        }
        let part = DayFile { file: new_name(Kind::Days, day), sessions: count, bytes: bytes.len() as u64 };
        self.store.objects.put(app, &part.file, bytes).await?;
        Ok((day, kept.len(), part))
    }
}

fn patience() -> std::time::Instant {
    (Instant::now() + PATIENCE).into_std()
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
