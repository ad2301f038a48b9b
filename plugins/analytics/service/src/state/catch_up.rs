//! Brings a state to the manifest that another node has written, without loading all of it: what is
//! in no file is forgotten, as the other node may have given its numbers to other devices, and what
//! differs between the two manifests is read.

use std::collections::BTreeSet;

use analytics_engine::{Day, DayFigures};
use futures_util::{StreamExt, TryStreamExt, stream};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};

use super::{Slot, State, engine, load};
use crate::apps::App;
use crate::store::manifest::{DayFile, DeviceFile};
use crate::store::{Manifest, Store};

/// How many days are read at once.
const AT_ONCE: usize = 4;
/// A state is loaded anew if so many times of what differs is more than all there is.
const WORTH: u64 = 2;

/// What is to be read.
struct Plan {
    manifest: Manifest,
    devices: Vec<DeviceFile>,
    /// Days with their parts, and whether their sessions are to be held.
    days: Vec<(Day, Vec<DayFile>, bool)>,
}

/// Brings a state to the manifest that is there now; false when it has to be loaded anew. Sessions of
/// days that do not always stay in memory are let go of where they differ.
///
/// # Errors
/// What database and storage answer. The state is not consistent then; it can be caught up again
/// after an error that is retryable, and has to be loaded anew after others.
pub async fn catch_up<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, now: i64) -> Result<bool> {
    let Some(manifest) = store.manifests.get(&app.key).await? else { return Ok(false) };
    let Some(plan) = slot.with(move |state| prepare(state, manifest, now)).await? else { return Ok(false) };
    let Plan { manifest, devices, days } = plan;
    for segment in devices {
        let bytes = store.objects.get(&app.key, &segment.file).await?;
        slot.with(move |state| state.ledger.load_devices(bytes)).await?.map_err(crate::errors::engine)?;
    }
    let Some(calendar) = slot.state().map(|state| *state.ledger.calendar()) else { return Ok(false) };
    let days = days.into_iter().map(|(day, parts, held)| async move {
        let sessions = load::sessions(store, &app.key, &parts).await?;
        let made = move || {
            let figures = DayFigures::of(&calendar, day, &sessions);
            Ok((day, figures, held.then_some(sessions)))
        };
        engine(made).await
    });
    let mut days = stream::iter(days.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    while let Some((day, figures, held)) = days.try_next().await? {
        let state = slot.state().ok_or_else(|| Error::internal("the state of the application is not loaded"))?;
        state.ledger.load_figures(day, figures);
        if let Some(sessions) = held {
            state.ledger.hold(day, sessions);
        }
    }
    // Only now: until then all that differs is to be read, also by who tries again.
    let Some(state) = slot.state() else { return Ok(false) };
    state.manifest = manifest;
    state.unread.clear();
    Ok(true)
}

/// Forgets what is in no file; none when the state has to be loaded anew.
fn prepare(state: &mut State, manifest: Manifest, now: i64) -> Option<Plan> {
    let from = state.held_from(now);
    let held: BTreeSet<Day> = state.ledger.held().map(|(day, _)| day).filter(|day| *day >= from).collect();
    state.roll_back();
    let before = &state.manifest;
    let follows = before.version > 0
        && (before.version < manifest.version || before.pass == manifest.pass)
        && before.time_zone == manifest.time_zone
        && manifest.channels.starts_with(&before.channels)
        && before.users <= manifest.users
        && before.days.keys().all(|day| manifest.days.contains_key(day));
    if !follows {
        return None;
    }
    let same = before.devices.iter().zip(&manifest.devices).take_while(|(before, now)| before == now).count();
    let devices = manifest.devices.get(same..).unwrap_or_default().to_vec();
    let mut changed: BTreeSet<Day> =
        manifest.days.iter().filter(|(day, parts)| before.days.get(day) != Some(parts)).map(|(day, _)| *day).collect();
    changed.extend(&state.unread);
    let parts = |day: Day| manifest.days.get(&day).map(|parts| (day, parts.clone(), held.contains(&day)));
    let days: Vec<_> = changed.into_iter().filter_map(parts).collect();
    let size = |devices: &[DeviceFile], parts: &mut dyn Iterator<Item = &DayFile>| {
        devices.iter().map(|segment| segment.bytes).sum::<u64>() + parts.map(|part| part.bytes).sum::<u64>()
    };
    let differs = size(&devices, &mut days.iter().flat_map(|(_, parts, _)| parts));
    let all = size(&manifest.devices, &mut manifest.days.values().flatten());
    if differs.saturating_mul(WORTH) > all {
        return None;
    }
    state.ledger.load_channels(&manifest.channels);
    Some(Plan { manifest, devices, days })
}
