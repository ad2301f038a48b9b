//! Events whose days are not held: their sessions are read first, day by day, so that few days are
//! in memory at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use analytics_engine::{Day, DeviceKey};
use sdk_plugin::Result;
use sdk_plugin::contract::Calls;

use super::sync::How;
use super::{Slot, load};
use crate::apps::App;
use crate::store::Store;
use crate::store::pending::{Batch, Told};

/// So many events wait at the most for their days; few in tests, so that these meet it.
const MOST: usize = if cfg!(test) { 1000 } else { 200_000 };
/// So many sessions of days before those that always are stay in memory, for the events that follow.
pub const HELD: usize = if cfg!(test) { 500 } else { 2_000_000 };

/// What the events of a batch share.
#[derive(Debug)]
pub struct Origin {
    /// The device, as the client names it.
    pub device: String,
    /// Its key.
    pub key: DeviceKey,
    /// The platform.
    pub platform: String,
    /// The version of the client package.
    pub sdk: String,
    /// When it was received, in milliseconds since 1970.
    pub received: i64,
}

/// An event of a batch.
pub type Event = (Arc<Origin>, Told);

/// The events of a batch, one by one.
pub fn events(batch: Batch) -> impl Iterator<Item = Event> {
    let Batch { device, platform, sdk, received, events, .. } = batch;
    let origin = Arc::new(Origin { key: DeviceKey::of(&device), device, platform, sdk, received });
    events.into_iter().map(move |told| (origin.clone(), told))
}

/// Events that wait for the sessions of their days.
#[derive(Debug, Default)]
pub struct Late {
    days: BTreeMap<Day, Vec<Event>>,
    count: usize,
}

impl Late {
    /// Adds an event of a day.
    pub fn add(&mut self, day: Day, event: Event) {
        self.days.entry(day).or_default().push(event);
        self.count += 1;
    }

    /// Whether no more should wait.
    pub fn is_full(&self) -> bool {
        self.count >= MOST
    }

    /// Takes the first day out.
    fn pop(&mut self) -> Option<(Day, Vec<Event>)> {
        let (day, events) = self.days.pop_first()?;
        self.count -= events.len();
        Some((day, events))
    }

    /// About how many bytes they take.
    pub fn memory(&self) -> usize {
        self.count * (size_of::<Event>() + 100)
    }
}

/// Notes the events that wait.
///
/// # Errors
/// What the storage answers. The state is not consistent then.
pub async fn settle<C: Calls>(slot: &mut Slot, store: &Store<C>, app: &App, how: &How) -> Result<()> {
    let now = how.clock.now();
    loop {
        let Some(state) = slot.state() else { return Ok(()) };
        let Some((day, events)) = state.late.pop() else { return Ok(()) };
        let parts = state.manifest.days.get(&day).cloned().unwrap_or_default();
        let sessions = load::sessions(store, &app.key, &parts).await?;
        slot.with(move |state| {
            state.ledger.hold(day, sessions);
            let noted = state.note_events(&events);
            state.release(now);
            noted
        })
        .await??;
    }
}
