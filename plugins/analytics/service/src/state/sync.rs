//! Brings the state of an application up to date with what all nodes have acknowledged and folded.
//!
//! First the batches that wait are looked through, then it is checked that no other node has folded
//! since the state's manifest. In this order every batch that was acknowledged before is known: it
//! was among those that waited, or had been folded into this manifest, as none is deleted before.
//! Where no other node collects, the batches need not be looked through: this node's own come by
//! themselves.

use std::time::{Duration, Instant};

use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};

use super::{Slot, State, load};
use crate::apps::App;
use crate::clock::Clock;
use crate::errors::unavailable;
use crate::store::Store;
use crate::store::manifest::Head;
use crate::store::pending::Batch;

/// How long a state is taken for up to date: other nodes may have acknowledged something since.
const FRESH: Duration = Duration::from_secs(1);
/// How many batches are applied at once.
const PAGE: usize = 250;
/// How often a state is loaded again because another node has folded meanwhile.
const TRIES: usize = 8;

/// How far a state is brought.
#[derive(Clone, Copy, Debug)]
pub enum Upto {
    /// To all that is known, unless that was done a moment ago.
    Moment,
    /// By so many batches at the most, or to all that is known.
    Batches(usize),
}

/// How states are brought up to date.
#[derive(Clone)]
pub struct How {
    /// Whether raw events are kept.
    pub keep_raw: bool,
    /// The clock.
    pub clock: Clock,
}

/// Brings a state up to date, and loads it where there is none; says whether every batch is known.
///
/// # Errors
/// What database and storage answer. The state is consistent, or there is none.
pub async fn bring<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, how: &How, upto: Upto) -> Result<bool> {
    for _ in 0..TRIES {
        if slot.state().is_none() {
            slot.fill(load::load(store, app, how.keep_raw).await?);
        }
        if let (Upto::Moment, Some(state)) = (upto, slot.state())
            && state.synced.is_some_and(|(synced, _)| synced.elapsed() < FRESH)
        {
            return Ok(true);
        }
        let begun = (Instant::now(), how.clock.now());
        let complete = match (upto, slot.state().and_then(|state| state.synced)) {
            // It heard of all that this node acknowledged, and no other did.
            (Upto::Moment, Some((_, since))) if store.peers.none_since(since).await? => true,
            _ => look_through(slot, store, app, upto).await?,
        };
        let head = store.manifests.head(&app.key).await?;
        let Some(state) = slot.state().filter(|state| is_of(state, &head, app)) else {
            slot.clear();
            continue;
        };
        if complete {
            state.synced = Some(begun);
        }
        return Ok(complete);
    }
    Err(unavailable("other nodes fold the application all the time: try again"))
}

/// Whether a state is of a manifest, and of the application's time zone while there is none.
fn is_of(state: &State, head: &Head, app: &App) -> bool {
    let zone = head.version > 0 || state.manifest.time_zone == app.time_zone;
    zone && head.version == state.manifest.version && head.pass == state.manifest.pass
}

async fn look_through<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, upto: Upto) -> Result<bool> {
    let mut room = match upto {
        Upto::Moment => usize::MAX,
        Upto::Batches(most) => most.saturating_sub(slot.state().map_or(0, |state| state.applied.len())),
    };
    let mut after: Option<String> = None;
    loop {
        let (ids, last) = store.pending.ids(&app.key, after.as_deref()).await?;
        after = ids.last().cloned();
        let mut unknown: Vec<String> = ids.into_iter().filter(|id| slot.state().is_none_or(|state| !state.knows(id))).collect();
        let complete = unknown.len() <= room;
        unknown.truncate(room);
        room -= unknown.len();
        for some in unknown.chunks(PAGE) {
            let batches = store.pending.fetch(some).await?;
            apply(slot, store, app, batches).await?;
        }
        if !complete || last {
            return Ok(complete);
        }
    }
}

/// Notes batches in a state.
///
/// # Errors
/// What the storage answers, where sessions of earlier days are needed.
pub async fn apply<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, batches: Vec<Batch>) -> Result<()> {
    if batches.is_empty() {
        return Ok(());
    }
    let (batches, files) = slot
        .with(move |state| {
            let lacking = state.lacking(&batches);
            let files: Vec<_> = lacking.into_iter().map(|day| (day, state.manifest.days.get(&day).cloned().unwrap_or_default())).collect();
            (batches, files)
        })
        .await?;
    let mut held = Vec::with_capacity(files.len());
    for (day, parts) in files {
        held.push((day, load::sessions(store, &app.key, day, &parts).await?));
    }
    let noted = slot
        .with(move |state| {
            for (day, sessions) in held {
                state.ledger.hold(day, sessions);
            }
            state.note(batches)
        })
        .await?;
    if noted.is_err() {
        // Some of the batches are noted and some are not.
        slot.clear();
    }
    noted.map_err(|error: Error| error.with_operation("note batches"))
}
