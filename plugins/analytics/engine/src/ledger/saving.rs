//! What has to be saved, and which sessions are held.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::{DayState, Ledger, Since};
use crate::{Day, Sessions};

/// What has to be saved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The devices that are new, or were first met earlier than it was known.
    pub devices: RoaringBitmap,
    /// For each day the sessions that are new, or longer than what was saved of them.
    pub days: BTreeMap<Day, Sessions>,
}

impl Ledger {
    /// What has changed since the last changes that were saved, or were loaded. It is to be written,
    /// with the names of channels, before anything else is noted.
    pub fn changes(&mut self) -> Changes {
        self.saving.then(std::mem::replace(&mut self.unsaved, Since::of(&self.devices, &self.channels)));
        let mut days = BTreeMap::new();
        for (day, state) in &mut self.days {
            let sessions = state.take();
            if !sessions.is_empty() {
                days.insert(*day, sessions.clone());
            }
        }
        Changes { devices: self.saving.changed.clone(), days }
    }

    /// The changes that were taken last have been saved; what was noted since has not.
    pub fn saved(&mut self) {
        self.saving = Since::at(self.unsaved.devices, self.unsaved.channels);
        self.days.values_mut().for_each(DayState::saved);
    }

    /// Gives back the sessions of a day that were released, as files have them. Those that wait to
    /// be saved are joined with them.
    pub fn hold(&mut self, day: Day, sessions: Sessions) {
        let state = self.days.entry(day).or_default();
        state.hold(sessions);
        if state.is_stale() {
            self.last = None;
        }
    }

    /// Lets go of the sessions of a day but those that wait to be saved. Its figures are made first.
    /// Before anything of it is noted again its sessions have to be held again: none, where nothing
    /// of it was ever saved.
    pub fn release(&mut self, day: Day) {
        self.settle(day);
        if let Some(state) = self.days.get_mut(&day) {
            state.release();
        }
    }

    /// The days whose sessions are held, each with how many releasing it would let go of.
    pub fn held(&self) -> impl Iterator<Item = (Day, usize)> {
        self.days.iter().filter_map(|(day, state)| Some((*day, state.held()?)))
    }

    /// All sessions of a day, saved or not; none when they are not held.
    pub fn sessions(&self, day: Day) -> Option<Sessions> {
        self.days.get(&day)?.sessions()
    }
}
