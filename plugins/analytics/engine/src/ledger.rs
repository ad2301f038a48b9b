//! The state of one application.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::devices::{Device, Directory};
use crate::observation::LONGEST;
use crate::snapshot::{Cell, Rollups, Stale};
use crate::{
    Calendar, ChannelId, Channels, Day, DayFigures, DeviceId, DeviceKey, Devices, Observation, Session, Sessions, Snapshot, channels,
};

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
    /// What has not been taken by [`Ledger::changes`].
    unsaved: Unsaved,
    /// What has been taken, and may not have been saved.
    saving: Unsaved,
    /// The snapshot that was made last, while nothing has changed since.
    last: Option<Snapshot>,
    /// The last day that a snapshot has shown.
    shown: Option<Day>,
    /// Where the last observation fell.
    place: Place,
}

/// A minute and the local hour it belongs to: no zone has changed its clock within one since 1972.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    minute: i64,
    at: Option<(Day, u8)>,
}

impl Place {
    const MINUTE: i64 = 60_000;

    fn of(&mut self, calendar: &Calendar, instant: i64) -> (Day, u8) {
        let minute = instant.div_euclid(Self::MINUTE);
        match self.at {
            Some(at) if self.minute == minute => at,
            _ => {
                let at = calendar.locate(instant);
                *self = Self { minute, at: Some(at) };
                at
            }
        }
    }
}

/// What is known of a day.
#[derive(Debug, Default)]
struct DayState {
    /// Its figures as reports see them.
    cell: Option<Arc<Cell>>,
    /// Its sessions; absent when they were released.
    sessions: Option<Sessions>,
    /// Sessions that are not among `sessions` yet, or last longer than there.
    fresh: HashMap<(DeviceId, i64), u32>,
}

#[derive(Clone, Debug, Default)]
struct Unsaved {
    devices: RoaringBitmap,
    days: BTreeSet<Day>,
}

/// What has to be saved.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The devices that are new, or were first met earlier than it was known.
    pub devices: RoaringBitmap,
    /// The days whose sessions changed. All of them are held.
    pub days: Vec<Day>,
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
            place: Place::default(),
            shown: None,
            unsaved: Unsaved::default(),
            saving: Unsaved::default(),
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
        self.days.get(&day).filter(|state| state.sessions.is_none()).map(|_| day)
    }

    /// Gives back the sessions of a day that were released.
    pub fn hold(&mut self, day: Day, sessions: Sessions) {
        let state = self.days.entry(day).or_default();
        if state.sessions.is_none() {
            state.sessions = Some(sessions);
        }
    }

    /// Lets go of the sessions of days before one, where nothing of them waits to be saved.
    pub fn release(&mut self, before: Day) {
        let waiting: BTreeSet<Day> = self.unsaved.days.union(&self.saving.days).copied().collect();
        for (day, state) in self.days.range_mut(..before) {
            if !waiting.contains(day) && state.fresh.is_empty() && state.cell.is_some() {
                state.sessions = None;
            }
        }
    }

    /// Adds what a client told. The sessions of its day must be held, see [`Ledger::lacks`];
    /// otherwise nothing is noted.
    pub fn note(&mut self, told: &Observation) -> Noted {
        let (day, hour) = self.place.of(&self.calendar, told.start);
        if self.days.get(&day).is_some_and(|state| state.sessions.is_none()) {
            return Noted::Nothing;
        }
        let device = self.meet(told, day, hour);
        let state = self.days.entry(day).or_insert_with(|| DayState { sessions: Some(Sessions::default()), ..DayState::default() });
        let duration = told.duration.min(LONGEST);
        let key = (device, told.start);
        let known = match state.fresh.get(&key) {
            Some(known) => Some(*known),
            None => state.sessions.as_ref().and_then(|sessions| sessions.duration(device, told.start)),
        };
        let noted = match known {
            None => Noted::Launch,
            Some(known) if known < duration => Noted::Longer,
            Some(_) => return Noted::Nothing,
        };
        state.fresh.insert(key, duration);
        self.unsaved.days.insert(day);
        self.last = None;
        noted
    }

    /// Finds or adds the device of an observation, and keeps its first session and channel.
    fn meet(&mut self, told: &Observation, first_day: Day, first_hour: u8) -> DeviceId {
        let device = Device { first: told.start, first_day, first_hour, channel: told.channel };
        let Some(id) = self.directory.get(told.device) else {
            let id = self.directory.add(told.device);
            self.devices.push(device);
            self.welcome(first_day, id);
            self.unsaved.devices.insert(id);
            return id;
        };
        let Some(known) = self.devices.get(id).copied() else { return id };
        // Of two channels at the same instant the first by name counts, whichever came first.
        let earlier =
            told.start < known.first || (told.start == known.first && self.channels.name(told.channel) < self.channels.name(known.channel));
        if earlier {
            self.devices.set(id, device);
            if known.first_day != first_day {
                self.leave(known.first_day, id);
                self.welcome(first_day, id);
            }
            if known.channel != told.channel || known.first_day != first_day {
                self.moved.insert(id);
            }
            self.unsaved.devices.insert(id);
            self.last = None;
        }
        id
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
        let changed: Vec<Day> =
            self.days.iter().filter(|(_, state)| !state.fresh.is_empty() || state.cell.is_none()).map(|(day, _)| *day).collect();
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

    /// Joins what is fresh of a day with its sessions, and makes its figures anew.
    fn settle(&mut self, day: Day) {
        let Some(state) = self.days.get_mut(&day) else { return };
        let Some(sessions) = &mut state.sessions else { return };
        if !state.fresh.is_empty() {
            let fresh = state.fresh.drain().map(|((device, start), duration)| Session { device, start, duration }).collect();
            *sessions = sessions.join(&Sessions::of(fresh));
            state.fresh.shrink_to(0);
        }
        state.cell = Some(Arc::new(Cell::of(Arc::new(DayFigures::of(&self.calendar, day, sessions)))));
        self.stale.active.insert(day);
    }

    /// What has changed since the last changes that were saved, or were loaded.
    pub fn changes(&mut self) -> Changes {
        self.saving.devices |= std::mem::take(&mut self.unsaved.devices);
        self.saving.days.append(&mut self.unsaved.days);
        let days: Vec<Day> = self.saving.days.iter().copied().collect();
        for day in &days {
            if self.days.get(day).is_some_and(|state| !state.fresh.is_empty()) {
                self.settle(*day);
            }
        }
        Changes { devices: self.saving.devices.clone(), days }
    }

    /// The changes that were taken last have been saved; what was noted since has not.
    pub fn saved(&mut self) {
        self.saving = Unsaved::default();
    }

    /// The sessions of a day, as they were when [`Ledger::changes`] or [`Ledger::snapshot`] was
    /// called last; none when they are not held.
    pub fn sessions(&self, day: Day) -> Option<&Sessions> {
        self.days.get(&day)?.sessions.as_ref()
    }

    /// Takes the names of channels over, by number, before anything else is loaded.
    pub fn load_channels<T: AsRef<str>>(&mut self, names: impl IntoIterator<Item = T>) {
        self.channels = Arc::new(Channels::of(names));
        for name in [channels::NONE, channels::OTHER] {
            Arc::make_mut(&mut self.channels).add(name);
        }
        self.last = None;
    }

    /// Takes a device over, or what was found out of it later.
    pub(crate) fn load_device(&mut self, id: DeviceId, key: DeviceKey, first: i64, channel: ChannelId) -> bool {
        let (first_day, first_hour) = self.calendar.locate(first);
        let device = Device { first, first_day, first_hour, channel };
        match self.devices.get(id) {
            Some(known) => {
                let before = known.first_day;
                self.devices.set(id, device);
                self.leave(before, id);
            }
            None if id as usize == self.devices.len() => {
                self.directory.add(key);
                self.devices.push(device);
            }
            None => return false,
        }
        self.welcome(first_day, id);
        self.last = None;
        true
    }

    /// Takes the sessions of a day over: its figures stay, the sessions are released.
    pub fn load_day(&mut self, day: Day, sessions: &Sessions) {
        let figures = DayFigures::of(&self.calendar, day, sessions);
        self.load_figures(day, figures);
    }

    /// Takes the figures of a day over, which somebody made of its sessions.
    pub fn load_figures(&mut self, day: Day, figures: DayFigures) {
        let cell = Some(Arc::new(Cell::of(Arc::new(figures))));
        self.days.insert(day, DayState { cell, sessions: None, fresh: HashMap::new() });
        self.stale.active.insert(day);
        self.last = None;
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        let days = self.days.values().map(|state| {
            let figures = state.cell.as_ref().map_or(0, |cell| cell.figures.memory());
            let sessions = state.sessions.as_ref().map_or(0, |sessions| sessions.len() * size_of::<Session>());
            figures + sessions + state.fresh.capacity() * 32
        });
        let newcomers = self.newcomers.values().map(|some| some.serialized_size());
        self.directory.memory() + self.devices.len() * size_of::<Device>() + days.sum::<usize>() + newcomers.sum::<usize>()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::segment;

    const HOUR: i64 = 3_600_000;
    /// 2026-01-01T00:00:00Z, 08:00 in Shanghai.
    const NEW_YEAR: i64 = 1_767_225_600_000;

    fn ledger() -> Ledger {
        Ledger::new(Calendar::named("Asia/Shanghai").unwrap())
    }

    fn told(device: &str, start: i64, duration: u32, channel: ChannelId) -> Observation {
        Observation { device: DeviceKey::of(device), start, duration, channel }
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_told_again_changes_nothing_and_longer_times_win() {
        let mut ledger = ledger();
        assert_eq!(ledger.note(&told("a", NEW_YEAR, 0, ChannelId::NONE)), Noted::Launch);
        assert_eq!(ledger.note(&told("a", NEW_YEAR, 900, ChannelId::NONE)), Noted::Longer);
        assert_eq!(ledger.note(&told("a", NEW_YEAR, 500, ChannelId::NONE)), Noted::Nothing);
        let before = ledger.snapshot(NEW_YEAR);
        assert_eq!(ledger.note(&told("a", NEW_YEAR, 900, ChannelId::NONE)), Noted::Nothing);
        assert_eq!(ledger.note(&told("a", NEW_YEAR, 901, ChannelId::NONE)), Noted::Longer);
        let (was, is) =
            (before.day(day("2026-01-01")).unwrap().duration, ledger.snapshot(NEW_YEAR).day(day("2026-01-01")).unwrap().duration);
        assert_eq!((was, is), (900, 901), "a snapshot stays as it was");
    }

    #[test]
    fn an_earlier_session_makes_a_device_new_on_its_day_and_of_its_channel() {
        let mut ledger = ledger();
        let (spring, autumn) = (ledger.note_channel("spring"), ledger.note_channel("autumn"));
        ledger.note(&told("a", NEW_YEAR, 0, spring));
        let snapshot = ledger.snapshot(NEW_YEAR);
        assert_eq!((snapshot.newcomers(day("2026-01-01")).len(), snapshot.members("spring").len()), (1, 1));
        assert_eq!(snapshot.channel_figures(day("2026-01-01"))[0].channel, spring);
        assert_eq!((snapshot.cumulative(day("2025-12-30")), snapshot.cumulative(day("2026-01-01"))), (0, 1));
        ledger.note(&told("a", NEW_YEAR - 48 * HOUR, 0, autumn));
        let snapshot = ledger.snapshot(NEW_YEAR);
        assert!(snapshot.newcomers(day("2026-01-01")).is_empty());
        assert_eq!((snapshot.newcomers(day("2025-12-30")).len(), snapshot.members("spring").len()), (1, 0));
        let figures = snapshot.channel_figures(day("2026-01-01"));
        assert_eq!((figures[0].channel, figures[0].new, figures[0].active), (autumn, 0, 1));
        assert_eq!(snapshot.cumulative(day("2025-12-30")), 1);
    }

    #[test]
    fn a_snapshot_that_is_asked_late_tells_later_ones_nothing_old() {
        let mut ledger = ledger();
        let (spring, autumn) = (ledger.note_channel("spring"), ledger.note_channel("autumn"));
        ledger.note(&told("a", NEW_YEAR, 0, spring));
        let before = ledger.snapshot(NEW_YEAR);
        ledger.note(&told("a", NEW_YEAR - 48 * HOUR, 0, autumn));
        let after = ledger.snapshot(NEW_YEAR);
        let first = day("2026-01-01");
        let of = |snapshot: &Snapshot| snapshot.channel_figures(first).iter().map(|some| (some.channel, some.new)).collect::<Vec<_>>();
        assert_eq!((of(&before), of(&after)), (vec![(spring, 1)], vec![(autumn, 0)]));
    }

    #[test]
    fn of_two_channels_at_one_instant_the_first_by_name_counts_in_any_order() {
        for order in [["b", "a"], ["a", "b"]] {
            let mut ledger = ledger();
            for name in order {
                let channel = ledger.note_channel(name);
                ledger.note(&told("x", NEW_YEAR, 0, channel));
            }
            let snapshot = ledger.snapshot(NEW_YEAR);
            assert_eq!((snapshot.members("a").len(), snapshot.members("b").len()), (1, 0), "{order:?}");
        }
    }

    #[test]
    fn days_ahead_are_shown_once_they_begin() {
        let mut ledger = ledger();
        let late = NEW_YEAR + 15 * HOUR;
        ledger.note(&told("a", late, 0, ChannelId::NONE));
        ledger.note(&told("b", late + 2 * HOUR, 0, ChannelId::NONE));
        let (first, second) = (day("2026-01-01"), day("2026-01-02"));
        let today = ledger.snapshot(late);
        assert_eq!((today.active_between(first, second).len(), today.active_counts(first, second, [7], None)), (1, [vec![1, 1]]));
        assert_eq!(today.cumulative(second), 1);
        let tomorrow = ledger.snapshot(late + HOUR);
        assert_eq!((tomorrow.active_between(first, second).len(), tomorrow.active_counts(first, second, [7], None)), (2, [vec![1, 2]]));
        assert_eq!(tomorrow.cumulative(second), 2);
    }

    #[test]
    fn released_days_are_noted_only_when_they_are_held_again() {
        let mut ledger = ledger();
        ledger.note(&told("a", NEW_YEAR, 5, ChannelId::NONE));
        ledger.snapshot(NEW_YEAR);
        let first = day("2026-01-01");
        ledger.release(first.plus(1));
        assert_eq!(ledger.lacks(NEW_YEAR), None, "it waits to be saved");
        assert_eq!(ledger.changes().days, [first]);
        let saved = ledger.sessions(first).unwrap().clone();
        ledger.saved();
        ledger.release(first.plus(1));
        assert_eq!(ledger.lacks(NEW_YEAR), Some(first));
        assert_eq!(ledger.note(&told("b", NEW_YEAR, 0, ChannelId::NONE)), Noted::Nothing);
        assert_eq!(ledger.snapshot(NEW_YEAR).active(first).len(), 1);
        ledger.hold(first, saved);
        assert_eq!(ledger.note(&told("b", NEW_YEAR, 0, ChannelId::NONE)), Noted::Launch);
        assert_eq!(ledger.snapshot(NEW_YEAR).active(first).len(), 2);
    }

    #[test]
    fn what_was_noted_while_changes_were_saved_is_saved_next() {
        let mut ledger = ledger();
        ledger.note(&told("a", NEW_YEAR, 5, ChannelId::NONE));
        let changes = ledger.changes();
        assert_eq!((changes.devices.len(), changes.days.len()), (1, 1));
        ledger.note(&told("b", NEW_YEAR + 24 * HOUR, 0, ChannelId::NONE));
        assert_eq!(ledger.changes().days.len(), 2, "the first were not saved");
        ledger.note(&told("b", NEW_YEAR + 24 * HOUR, 7, ChannelId::NONE));
        ledger.saved();
        let changes = ledger.changes();
        assert_eq!((changes.devices.len(), changes.days), (0, vec![day("2026-01-02")]));
        ledger.saved();
        assert!(ledger.changes().days.is_empty());
    }

    #[test]
    fn segments_give_the_same_state_back() {
        let mut ledger = ledger();
        let channel = ledger.note_channel("渠道");
        for n in 0..500_i64 {
            ledger.note(&told(&format!("d{}", n % 90), NEW_YEAR + n * HOUR, n as u32, if n % 3 == 0 { channel } else { ChannelId::NONE }));
        }
        let first = ledger.changes();
        let devices = segment::write_devices(&ledger, &first.devices).unwrap();
        ledger.saved();
        ledger.note(&told("d7", NEW_YEAR - HOUR, 1, channel));
        let second = ledger.changes();
        let corrected = segment::write_devices(&ledger, &second.devices).unwrap();
        assert_eq!(second.devices.len(), 1);

        let mut again = super::Ledger::new(*ledger.calendar());
        again.load_channels(ledger.channels().names());
        again.load_devices(devices.clone()).unwrap();
        again.load_devices(corrected.clone()).unwrap();
        let merged = segment::merge_devices([devices, corrected]).unwrap();
        let all = (0..ledger.devices().len() as u32).collect();
        assert_eq!(merged, segment::write_devices(&ledger, &all).unwrap());
        for day in first.days.iter().chain(&second.days) {
            let sessions = segment::read_sessions(segment::write_sessions(ledger.sessions(*day).unwrap()).unwrap()).unwrap();
            assert_eq!(Some(&sessions), ledger.sessions(*day));
            again.load_day(*day, &sessions);
        }
        let now = NEW_YEAR + 1000 * HOUR;
        let (one, other) = (ledger.snapshot(now), again.snapshot(now));
        assert_eq!(one.newcomers, other.newcomers);
        let days: Vec<Day> = one.days.keys().copied().collect();
        assert_eq!(days, other.days.keys().copied().collect::<Vec<_>>());
        for day in days {
            assert_eq!((one.day(day), one.channel_figures(day)), (other.day(day), other.channel_figures(day)));
        }
        assert!(again.changes().days.is_empty(), "what is loaded is not to be saved");
        assert_eq!(again.note(&told("d7", NEW_YEAR - HOUR, 1, channel)), Noted::Nothing, "its day is not held");
        assert_eq!(again.lacks(NEW_YEAR - HOUR), Some(day("2026-01-01")));
    }

    #[test]
    fn broken_segments_are_refused() {
        let mut ledger = ledger();
        ledger.note(&told("a", NEW_YEAR, 5, ChannelId::NONE));
        let changes = ledger.changes();
        let sessions = segment::write_sessions(ledger.sessions(changes.days[0]).unwrap()).unwrap();
        assert!(segment::read_sessions(sessions.slice(..sessions.len() / 2)).is_err());
        assert!(segment::read_events(sessions.clone()).is_err());
        assert!(ledger.load_devices(sessions).is_err());
    }

    #[test]
    fn channels_are_bounded() {
        let mut ledger = ledger();
        for n in 0..channels::MOST {
            assert_ne!(ledger.note_channel(&n.to_string()), ChannelId::OTHER);
        }
        assert_eq!(ledger.note_channel("one more"), ChannelId::OTHER);
        assert_eq!(ledger.note_channel("7").0, 9);
        assert_eq!(ledger.note_channel(&"x".repeat(65)), ChannelId::OTHER);
    }
}
