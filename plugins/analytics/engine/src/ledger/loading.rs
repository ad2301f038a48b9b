//! Takes over what was saved.

use std::ops::Range;
use std::sync::Arc;

use super::places::NearDays;
use super::{DayState, Ledger};
use crate::devices::Device;
use crate::snapshot::Cell;
use crate::{ChannelId, Channels, Day, DayFigures, DeviceId, DeviceKey, Sessions, channels};

/// What was saved of a device.
#[derive(Clone, Copy)]
pub(crate) struct DeviceRow {
    pub id: DeviceId,
    pub key: DeviceKey,
    pub first: i64,
    pub channel: ChannelId,
}

/// Devices in a row that are new on one day.
#[derive(Default)]
struct Met {
    day: Day,
    ids: Range<DeviceId>,
}

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

    /// Takes devices over, or what was found out of them later. An error is the number of one that
    /// does not follow those before it.
    pub(crate) fn load_rows(&mut self, rows: &[DeviceRow]) -> Result<(), DeviceId> {
        self.last = None;
        self.directory.reserve(rows.iter().filter(|row| row.id as usize >= self.devices.len()).count());
        let (mut near, mut met) = (NearDays::default(), Met::default());
        let mut wrong = None;
        for DeviceRow { id, key, first, channel } in rows.iter().copied() {
            let (first_day, first_hour) = near.of(&self.calendar, first);
            let device = Device { first, first_day, first_hour, channel };
            if id as usize == self.devices.len() {
                self.directory.add(key);
                self.devices.push(device);
                if met.day != first_day {
                    self.welcome_all(std::mem::replace(&mut met, Met { day: first_day, ids: id..id }));
                }
                met.ids.end = id + 1;
            } else if self.directory.key(id) == Some(key) {
                self.welcome_all(std::mem::take(&mut met));
                self.put(id, device);
            } else {
                wrong = Some(id);
                break;
            }
        }
        self.welcome_all(met);
        (self.saving.devices, self.unsaved.devices) = (self.devices.len(), self.devices.len());
        wrong.map_or(Ok(()), Err)
    }

    fn welcome_all(&mut self, Met { day, ids }: Met) {
        if !ids.is_empty() {
            let newcomers = Arc::make_mut(self.newcomers.entry(day).or_default());
            if newcomers.append(ids.clone()).is_err() {
                newcomers.extend(ids);
            }
            self.stale.newcomers.insert(day);
        }
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
