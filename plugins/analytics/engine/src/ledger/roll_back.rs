//! Forgets what was not saved.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{DayState, Ledger, Since};
use crate::{Day, DeviceId};

impl Ledger {
    /// Forgets all that was noted and is not in changes that were saved: devices, channels and
    /// sessions. Gives the days of such sessions, which are unknown then: what was saved of them is to
    /// be loaded ([`Ledger::load_day`], [`Ledger::load_figures`]) before anything is noted or shown.
    pub fn roll_back(&mut self) -> BTreeSet<Day> {
        let (len, channels) = (self.saving.devices, self.saving.channels);
        for id in len..self.devices.len() {
            let id = id as DeviceId;
            self.leave(self.devices.first_day(id), id);
        }
        self.directory.truncate(len);
        self.devices.truncate(len);
        self.moved.remove_range(len as DeviceId..);
        let mut saving = std::mem::replace(&mut self.saving, Since::at(len, channels));
        saving.then(std::mem::replace(&mut self.unsaved, Since::at(len, channels)));
        for (id, device) in saving.before {
            self.put(id, device);
        }
        if channels < self.channels.len() {
            Arc::make_mut(&mut self.channels).truncate(channels);
        }
        let lost: BTreeSet<Day> = self.days.iter().filter(|(_, state)| DayState::is_unsaved(state)).map(|(day, _)| *day).collect();
        self.days.retain(|day, _| !lost.contains(day));
        self.stale.active.extend(&lost);
        self.last = None;
        lost
    }
}
