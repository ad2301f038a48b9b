//! What reports need of one local day.

use roaring::RoaringBitmap;

use crate::{Calendar, Day, Sessions};

/// The upper bounds (exclusive, in milliseconds) of all but the last class of times in front:
/// under 3 seconds, 10 seconds, 30 seconds, a minute, 3, 10 and 30 minutes, and above.
pub const TIME_BOUNDS: [u64; 7] = [3_000, 10_000, 30_000, 60_000, 180_000, 600_000, 1_800_000];

/// How many classes of times in front there are.
pub const TIME_CLASSES: usize = TIME_BOUNDS.len() + 1;

/// The class of a time in front, in milliseconds.
pub fn time_class(duration: u64) -> usize {
    TIME_BOUNDS.partition_point(|bound| *bound <= duration)
}

/// The figures of one local hour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HourFigures {
    /// The devices that launched in it.
    pub active: RoaringBitmap,
    /// The launches in it.
    pub launches: u64,
    /// The time in front of the sessions that began in it, in milliseconds.
    pub duration: u64,
}

/// What one device did in a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Its launches.
    pub launches: u32,
    /// The time in front of the sessions that began that day, in milliseconds.
    pub duration: u64,
}

/// The figures of one local day, made from its sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DayFigures {
    /// The devices that launched.
    pub active: RoaringBitmap,
    /// For each of them, in the order of `active`, what it did.
    pub uses: Vec<Use>,
    /// All launches.
    pub launches: u64,
    /// The time in front of all sessions, in milliseconds.
    pub duration: u64,
    /// By local hour, 24 of them.
    pub hours: Vec<HourFigures>,
    /// The launches by class of their time in front.
    pub single: [u64; TIME_CLASSES],
}

impl DayFigures {
    /// The figures of the sessions of a day.
    pub fn of(calendar: &Calendar, day: Day, sessions: &Sessions) -> Self {
        let hours = Hours::of(calendar, day);
        let mut figures = Self { hours: vec![HourFigures::default(); 24], ..Self::default() };
        let mut last = None;
        for session in sessions.iter() {
            let duration = u64::from(session.duration);
            if last != Some(session.device) {
                figures.active.insert(session.device);
                figures.uses.push(Use::default());
                last = Some(session.device);
            }
            if let Some(used) = figures.uses.last_mut() {
                used.launches = used.launches.saturating_add(1);
                used.duration += duration;
            }
            figures.launches += 1;
            figures.duration += duration;
            if let Some(class) = figures.single.get_mut(time_class(duration)) {
                *class += 1;
            }
            if let Some(hour) = figures.hours.get_mut(usize::from(hours.of_instant(session.start))) {
                hour.active.insert(session.device);
                hour.launches += 1;
                hour.duration += duration;
            }
        }
        figures.uses.shrink_to_fit();
        figures
    }

    /// The devices that launched, each with what it did.
    pub fn users(&self) -> impl Iterator<Item = (u32, &Use)> {
        self.active.iter().zip(&self.uses)
    }

    /// About how many bytes it takes.
    pub(crate) fn memory(&self) -> usize {
        let bitmaps = std::iter::once(&self.active).chain(self.hours.iter().map(|hour| &hour.active));
        self.uses.len() * size_of::<Use>() + bitmaps.map(RoaringBitmap::serialized_size).sum::<usize>()
    }
}

/// Finds the local hours of instants of one day. Most days need no look at the zone for each.
struct Hours<'a> {
    calendar: &'a Calendar,
    /// When the day begins, where it has 24 hours and changes no clock.
    start: Option<i64>,
}

impl<'a> Hours<'a> {
    fn of(calendar: &'a Calendar, day: Day) -> Self {
        const DAY: i64 = 86_400_000;
        let start = calendar.start_of(day);
        let plain = calendar.start_of(day.plus(1)) - start == DAY && calendar.locate(start) == (day, 0);
        Self { calendar, start: plain.then_some(start) }
    }

    fn of_instant(&self, instant: i64) -> u8 {
        match self.start {
            Some(start) => ((instant - start).div_euclid(3_600_000)) as u8,
            None => self.calendar.locate(instant).1,
        }
    }
}
