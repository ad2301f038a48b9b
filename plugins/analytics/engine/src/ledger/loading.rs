//! Takes over what was saved.

use std::sync::Arc;

use super::{DayState, Ledger};
use crate::devices::Device;
use crate::snapshot::Cell;
use crate::{ChannelId, Channels, Day, DayFigures, DeviceId, DeviceKey, Sessions, channels};

impl Ledger {
    /// Takes the names of channels over, by number, before anything else is loaded.
    /// Nothing may wait to be saved when something is loaded.
    pub fn load_channels<T: AsRef<str>>(&mut self, names: impl IntoIterator<Item = T>) {
        self.channels = Arc::new(Channels::of(names));
        for name in [channels::NONE, channels::OTHER] {
            Arc::make_mut(&mut self.channels).add(name);
        }
        (self.saving.channels, self.unsaved.channels) = (self.channels.len(), self.channels.len());
        self.last = None;
    }

    /// Takes a device over, or what was found out of it later.
    pub(crate) fn load_device(&mut self, id: DeviceId, key: DeviceKey, first: i64, channel: ChannelId) -> bool {
        let (first_day, first_hour) = self.calendar.locate(first);
        let device = Device { first, first_day, first_hour, channel };
        match self.devices.get(id) {
            Some(_) if self.directory.key(id) == Some(key) => self.put(id, device),
            Some(_) => return false,
            None if id as usize == self.devices.len() => {
                self.directory.add(key);
                self.devices.push(device);
                self.welcome(first_day, id);
                (self.saving.devices, self.unsaved.devices) = (self.devices.len(), self.devices.len());
            }
            None => return false,
        }
        self.last = None;
        true
    }

    /// Takes the sessions of a day over: its figures stay, the sessions are released.
    pub fn load_day(&mut self, day: Day, sessions: &Sessions) {
        let figures = DayFigures::of(&self.calendar, day, sessions);
        self.load_figures(day, figures);
    }

    /// Takes the figures of a day over, which somebody made of its sessions. Whatever was known of the day is forgotten.
    pub fn load_figures(&mut self, day: Day, figures: DayFigures) {
        let cell = Arc::new(Cell::of(Arc::new(figures)));
        self.days.insert(day, DayState::of(cell));
        self.stale.active.insert(day);
        self.last = None;
    }
}
