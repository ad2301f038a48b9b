//! Brings the state of an application up to date with what all nodes have acknowledged and folded.
//!
//! First the batches that wait are looked through, then it is checked that no other node has folded
//! since the state's manifest. In this order every batch that was acknowledged before is known: it
//! was among those that waited, or had been folded into this manifest, as none is deleted before.
//! Where no other node collects, the batches need not be looked through: this node's own come by
//! themselves.

use std::time::{Duration, Instant};

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;

use super::catch_up::catch_up;
use super::{Slot, State, late, load};
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
    /// To all that is known, or until so many batches or events are to be folded.
    Fold {
        /// Batches.
        batches: usize,
        /// Events; the last batch may exceed them.
        events: u64,
    },
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
/// What database and storage answer. The state has to be rolled back then.
pub async fn bring<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, how: &How, upto: Upto) -> Result<bool> {
    let complete = bring_manifest(slot, store, app, how, upto).await?;
    late::settle(slot, store, app, how).await?;
    // A day that has become an earlier one, where no fold lets go of it.
    let now = how.clock.now();
    if slot.state().is_some_and(|state| state.holds_too_much(now)) {
        slot.with(move |state| state.release(now)).await?;
    }
    Ok(complete)
}

async fn bring_manifest<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, how: &How, upto: Upto) -> Result<bool> {
    for _ in 0..TRIES {
        if slot.state().is_some_and(|state| state.lost) {
            catch_up_or_clear(slot, store, app, how).await?;
        }
        if slot.state().is_none() {
            slot.fill(load::load(store, app, how.keep_raw).await?).await?;
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
            _ => look_through(slot, store, app, how, upto).await?,
        };
        let head = store.manifests.head(&app.key).await?;
        let Some(state) = slot.state().filter(|state| is_of(state, &head, app)) else {
            catch_up_or_clear(slot, store, app, how).await?;
            continue;
        };
        if complete {
            state.synced = Some(begun);
        }
        return Ok(complete);
    }
    Err(unavailable("other nodes fold the application all the time: try again"))
}

/// Brings a state to the manifest that is there now, or throws it away where that cannot be.
///
/// # Errors
/// What database and storage answer, where it may be done later. The state is lost then.
async fn catch_up_or_clear<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, how: &How) -> Result<()> {
    match catch_up(slot, store, app, how.clock.now()).await {
        Ok(true) => {}
        Ok(false) => slot.clear(),
        Err(error) if error.is_retryable() => return Err(error),
        Err(error) => {
            tracing::debug!(?error, app = app.key, "a state of analytics is loaded anew");
            slot.clear();
        }
    }
    Ok(())
}

/// Whether a state is of a manifest, and of the application's time zone while there is none.
fn is_of(state: &State, head: &Head, app: &App) -> bool {
    let zone = head.version > 0 || state.manifest.time_zone == app.time_zone;
    zone && head.version == state.manifest.version && head.pass == state.manifest.pass
}

async fn look_through<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, how: &How, upto: Upto) -> Result<bool> {
    let applied = slot.state().map_or((0, 0), |state| (state.applied.len(), state.applied.values().sum()));
    let (mut batches, mut events) = match upto {
        Upto::Moment => (usize::MAX, u64::MAX),
        Upto::Fold { batches, events } => (batches.saturating_sub(applied.0), events.saturating_sub(applied.1)),
    };
    let mut after: Option<String> = None;
    loop {
        let (ids, last) = store.pending.ids(&app.key, after.as_deref()).await?;
        after = ids.last().map(|id| id.id.clone());
        let (mut some, mut complete) = (Vec::new(), true);
        for id in ids {
            if slot.state().is_some_and(|state| state.knows(&id.id)) {
                continue;
            }
            if batches == 0 || events == 0 {
                complete = false;
                break;
            }
            batches -= 1;
            events = events.saturating_sub(id.n);
            some.push(id.id);
        }
        for some in some.chunks(PAGE) {
            let batches = store.pending.fetch(some).await?;
            apply(slot, store, app, how, batches).await?;
        }
        if !complete || last {
            return Ok(complete);
        }
    }
}

/// Notes batches in a state. Events of days that are not held may still wait afterwards.
///
/// # Errors
/// What the storage answers, where sessions of earlier days are needed. The state is not consistent
/// then.
pub async fn apply<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, how: &How, batches: Vec<Batch>) -> Result<()> {
    if batches.is_empty() {
        return Ok(());
    }
    let full = slot.with(move |state| state.note(batches).map(|()| state.late.is_full())).await??;
    if full { late::settle(slot, store, app, how).await } else { Ok(()) }
}
