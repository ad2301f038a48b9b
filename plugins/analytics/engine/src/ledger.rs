//! The state of one application.

mod day_state;
mod loading;
#[cfg(test)]
mod model;
mod note_all;
mod places;
mod roll_back;
mod saving;
mod since;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::day::Grown;
use crate::devices::{Device, Directory};
use crate::observation::LONGEST;
use crate::snapshot::{Cell, Rollups, Stale};
use crate::{Calendar, ChannelId, Channels, Day, DeviceId, DeviceKey, Devices, Observation, Snapshot, channels};
use day_state::DayState;
use places::Places;
use since::Since;

pub(crate) use loading::DeviceRow;
pub use saving::Changes;

/// What adding an observation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It told of a session that was not known.
    Launch,
    /// It told of a longer time in front.
    Longer,
    /// All of it was known.
    Nothing,
}

/// The state of one application: devices, channels and the sessions of each day.
///
/// The figures of all days are in memory; the sessions behind them only of days that change. Whoever
/// keeps the ledger gives the sessions of a day back ([`Ledger::hold`]) when [`Ledger::lacks`] tells
/// that they are needed.
#[derive(Debug)]
pub struct Ledger {
    calendar: Calendar,
    directory: Directory,
    devices: Devices,
    channels: Arc<Channels>,
    days: BTreeMap<Day, DayState>,
    newcomers: BTreeMap<Day, Arc<RoaringBitmap>>,
    /// What the last snapshot's reports have made.
    rollups: Arc<Rollups>,
    /// The days that have changed since.
    stale: Stale,
    /// The devices that have changed their channel or their first day since.
    moved: RoaringBitmap,
    /// What has changed since changes were taken by [`Ledger::changes`].
    unsaved: Since,
    /// What had changed then since the last changes that were saved.
    saving: Since,
    /// The snapshot that was made last, while nothing has changed since.
    last: Option<Snapshot>,
    /// The last day that a snapshot has shown.
    shown: Option<Day>,
    /// Where the last observations fell.
    places: Places,
}

impl Ledger {
    /// The state of an application that nobody has used.
    pub fn new(calendar: Calendar) -> Self {
        Self {
            calendar,
            directory: Directory::default(),
            devices: Devices::default(),
            channels: Arc::default(),
            days: BTreeMap::new(),
            newcomers: BTreeMap::new(),
            rollups: Arc::default(),
            stale: Stale::default(),
            moved: RoaringBitmap::new(),
            places: Places::default(),
            shown: None,
            unsaved: Since::of(&Devices::default(), &Channels::default()),
            saving: Since::of(&Devices::default(), &Channels::default()),
            last: None,
        }
    }

    /// The application's calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Its devices.
    pub fn devices(&self) -> &Devices {
        &self.devices
    }

    /// The key of a device.
    pub fn key(&self, id: DeviceId) -> Option<DeviceKey> {
        self.directory.key(id)
    }

    /// The keys of all devices from a number on.
    pub fn keys(&self, from: DeviceId) -> &[DeviceKey] {
        self.directory.keys(from)
    }

    /// The names of its channels.
    pub fn channels(&self) -> &Channels {
        &self.channels
    }

    /// The number of a channel. A new name gets one, as long as there is room; names that are too
    /// long count as [`channels::OTHER`].
    pub fn note_channel(&mut self, name: &str) -> ChannelId {
        match self.channels.id(name) {
            Some(id) => id,
            None if name.len() > channels::LONGEST_NAME || !self.channels.has_room() => ChannelId::OTHER,
            None => {
                self.last = None;
                Arc::make_mut(&mut self.channels).add(name)
            }
        }
    }

    /// The day whose sessions have to be held before a session that began at an instant can be noted.
    pub fn lacks(&self, start: i64) -> Option<Day> {
        let (day, _) = self.calendar.locate(start);
        self.days.get(&day).filter(|state| !state.is_held()).map(|_| day)
    }

    /// The days whose sessions have to be held before all of these can be noted.
    pub fn lacking(&self, told: &[Observation]) -> BTreeSet<Day> {
        let (mut places, mut lacking, mut last) = (Places::default(), BTreeSet::new(), None);
        for told in told {
            let (day, _) = places.of(&self.calendar, told.start);
            if last.replace(day) != Some(day) && self.days.get(&day).is_some_and(|state| !state.is_held()) {
                lacking.insert(day);
            }
        }
        lacking
    }

    /// Adds what a client told. The sessions of its day must be held, see [`Ledger::lacks`];
    /// otherwise nothing is noted.
    pub fn note(&mut self, told: &Observation) -> Noted {
        let (day, hour) = self.places.of(&self.calendar, told.start);
        if self.days.get(&day).is_some_and(|state| !state.is_held()) {
            return Noted::Nothing;
        }
        let device = self.meet(told, day, hour);
        let state = self.days.entry(day).or_insert_with(DayState::empty);
        let duration = told.duration.min(LONGEST);
        let before = state.duration(device, told.start);
        let noted = match before {
            None => Noted::Launch,
            Some(known) if known < duration => Noted::Longer,
            Some(_) => return Noted::Nothing,
        };
        state.add(&[Grown { device, start: told.start, before, duration }]);
        self.last = None;
        noted
    }

    /// Finds or adds the device of an observation, and keeps its first session and channel.
    fn meet(&mut self, told: &Observation, first_day: Day, first_hour: u8) -> DeviceId {
        self.meet_as(self.directory.get(told.device), told, first_day, first_hour)
    }

    /// As [`Ledger::meet`], of a device whose number was looked up.
    fn meet_as(&mut self, known: Option<DeviceId>, told: &Observation, first_day: Day, first_hour: u8) -> DeviceId {
        let device = Device { first: told.start, first_day, first_hour, channel: told.channel };
        let Some(id) = known else {
            let id = self.directory.add(told.device);
            self.devices.push(device);
            self.welcome(first_day, id);
            self.unsaved.changed.insert(id);
            return id;
        };
        let Some(known) = self.devices.get(id).copied() else { return id };
        if told.start > known.first {
            return id;
        }
        // Of two channels at the same instant the first by name counts, whichever came first.
        let earlier =
            told.start < known.first || (told.start == known.first && self.channels.name(told.channel) < self.channels.name(known.channel));
        if earlier {
            self.put(id, device);
            self.unsaved.keep(id, known);
            self.last = None;
        }
        id
    }

    /// Changes what is known of a device.
    fn put(&mut self, id: DeviceId, device: Device) {
        let Some(known) = self.devices.get(id).copied() else { return };
        self.devices.set(id, device);
        if known.first_day != device.first_day {
            self.leave(known.first_day, id);
            self.welcome(device.first_day, id);
        }
        if known.channel != device.channel || known.first_day != device.first_day {
            self.moved.insert(id);
        }
    }

    fn welcome(&mut self, day: Day, id: DeviceId) {
        Arc::make_mut(self.newcomers.entry(day).or_default()).insert(id);
        self.stale.newcomers.insert(day);
    }

    fn leave(&mut self, day: Day, id: DeviceId) {
        if let Some(newcomers) = self.newcomers.get_mut(&day) {
            Arc::make_mut(newcomers).remove(id);
        }
        self.stale.newcomers.insert(day);
    }

    /// The launches of devices that have moved count for other channels now, on all their days.
    fn forget_channels(&mut self) {
        let moved = std::mem::take(&mut self.moved);
        if moved.is_empty() {
            return;
        }
        for state in self.days.values_mut() {
            // Also where nobody has asked yet: an earlier snapshot may still, and it has them at their old places.
            if let Some(cell) = &mut state.cell
                && !cell.figures.active.is_disjoint(&moved)
            {
                *cell = Arc::new(Cell::of(cell.figures.clone()));
            }
        }
    }

    /// The state at an instant, in milliseconds since 1970.
    pub fn snapshot(&mut self, now: i64) -> Snapshot {
        let (today, _) = self.calendar.locate(now);
        if let Some(last) = &self.last
            && last.today() == today
        {
            return Snapshot { now, ..last.clone() };
        }
        let changed: Vec<Day> = self.days.iter().filter(|(_, state)| state.is_stale()).map(|(day, _)| *day).collect();
        for day in changed {
            self.settle(day);
        }
        self.forget_channels();
        // Days that were ahead of the last snapshot, and are not of this one.
        if let Some(shown) = self.shown.replace(today)
            && shown != today
        {
            let between = shown.min(today).plus(1)..=shown.max(today);
            self.stale.active.extend(self.days.range(between.clone()).map(|(day, _)| *day));
            self.stale.newcomers.extend(self.newcomers.range(between).map(|(day, _)| *day));
        }
        self.rollups = Arc::new(self.rollups.without(&std::mem::take(&mut self.stale)));
        let days = self.days.range(..=today).filter_map(|(day, state)| Some((*day, state.cell.clone()?))).collect();
        let newcomers =
            self.newcomers.range(..=today).filter(|(_, some)| !some.is_empty()).map(|(day, some)| (*day, some.clone())).collect();
        let snapshot = Snapshot {
            calendar: self.calendar,
            now,
            devices: Arc::new(self.devices.clone()),
            channels: self.channels.clone(),
            days: Arc::new(days),
            newcomers: Arc::new(newcomers),
            rollups: self.rollups.clone(),
        };
        self.last = Some(snapshot.clone());
        snapshot
    }

    /// Makes the figures of a day, where they lack something.
    fn settle(&mut self, day: Day) {
        if let Some(state) = self.days.get_mut(&day).filter(|state| state.is_stale()) {
            state.settle(&self.calendar, day);
            self.stale.active.insert(day);
        }
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        let days = self.days.values().map(DayState::memory);
        let newcomers = self.newcomers.values().map(|some| some.serialized_size());
        self.unsaved.memory()
            + self.saving.memory()
            + self.directory.memory()
            + self.devices.len() * size_of::<Device>()
            + days.sum::<usize>()
            + newcomers.sum::<usize>()
    }
}
