//! What reports need of one local day.

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::bitmaps::Maker;
use crate::{Calendar, Day, DeviceId, Sessions};

/// The upper bounds (exclusive, in milliseconds) of all but the last class of times in front:
/// under 3 seconds, 10 seconds, 30 seconds, a minute, 3, 10 and 30 minutes, and above.
pub const TIME_BOUNDS: [u64; 7] = [3_000, 10_000, 30_000, 60_000, 180_000, 600_000, 1_800_000];

/// How many classes of times in front there are.
pub const TIME_CLASSES: usize = TIME_BOUNDS.len() + 1;

/// The class of a time in front, in milliseconds.
pub fn time_class(duration: u64) -> usize {
    // Looked at all of them, as nothing foretells the class of the next.
    TIME_BOUNDS.iter().map(|bound| usize::from(*bound <= duration)).sum()
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

/// A session that is new, or has become longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grown {
    pub device: DeviceId,
    pub start: i64,
    /// How long it was known to have lasted; none when it was not known.
    pub before: Option<u32>,
    pub duration: u32,
}

impl Grown {
    fn launches(&self) -> u32 {
        u32::from(self.before.is_none())
    }

    fn longer(&self) -> u64 {
        u64::from(self.duration.saturating_sub(self.before.unwrap_or(0)))
    }
}

impl Use {
    fn grow(&mut self, grown: &Grown) {
        self.launches = self.launches.saturating_add(grown.launches());
        self.duration += grown.longer();
    }
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
    /// By local hour, 24 of them. A changed copy shares those that are as they were.
    pub hours: Vec<Arc<HourFigures>>,
    /// The launches by class of their time in front.
    pub single: [u64; TIME_CLASSES],
}

impl DayFigures {
    /// The figures of the sessions of a day.
    pub fn of(calendar: &Calendar, day: Day, sessions: &Sessions) -> Self {
        let hours = Hours::of(calendar, day);
        let mut figures = Self::default();
        let mut of_hours = vec![(Vec::new(), HourFigures::default()); 24];
        let mut active: Vec<u32> = Vec::with_capacity(sessions.len());
        figures.uses.reserve(sessions.len());
        for session in sessions.iter() {
            let duration = u64::from(session.duration);
            if active.last() != Some(&session.device) {
                active.push(session.device);
                figures.uses.push(Use::default());
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
            if let Some((active, hour)) = of_hours.get_mut(usize::from(hours.of_instant(session.start))) {
                if active.last() != Some(&session.device) {
                    active.push(session.device);
                }
                hour.launches += 1;
                hour.duration += duration;
            }
        }
        figures.uses.shrink_to_fit();
        let mut maker = Maker::default();
        figures.active = maker.make(&active);
        figures.hours = of_hours.into_iter().map(|(active, hour)| Arc::new(HourFigures { active: maker.make(&active), ..hour })).collect();
        figures
    }

    /// Adds sessions that are new or have become longer, by device and in the order in which they grew: figures are sums, each of which
    /// grows by the difference.
    pub(crate) fn grow(&mut self, calendar: &Calendar, day: Day, grown: &[Grown]) {
        let hours = Hours::of(calendar, day);
        // The devices that are new on this day, each with its place among those that are known.
        let mut newcomers: Vec<(usize, u32, Use)> = Vec::new();
        for of_device in grown.chunk_by(|one, next| one.device == next.device) {
            let Some(Grown { device, .. }) = of_device.first() else { continue };
            let before = usize::try_from(self.active.rank(*device)).unwrap_or(usize::MAX);
            let used = if self.active.contains(*device) {
                before.checked_sub(1).and_then(|at| self.uses.get_mut(at))
            } else {
                newcomers.push((before, *device, Use::default()));
                newcomers.last_mut().map(|(_, _, used)| used)
            };
            if let Some(used) = used {
                of_device.iter().for_each(|grown| used.grow(grown));
            }
        }
        self.active.extend(newcomers.iter().map(|(_, device, _)| *device));
        self.uses = with(std::mem::take(&mut self.uses), &newcomers);
        for grown in grown {
            let (launches, longer) = (grown.launches(), grown.longer());
            self.launches += u64::from(launches);
            self.duration += longer;
            if let Some(class) = grown.before.and_then(|before| self.single.get_mut(time_class(before.into()))) {
                *class = class.saturating_sub(1);
            }
            if let Some(class) = self.single.get_mut(time_class(grown.duration.into())) {
                *class += 1;
            }
            if let Some(hour) = self.hours.get_mut(usize::from(hours.of_instant(grown.start))) {
                let hour = Arc::make_mut(hour);
                hour.active.insert(grown.device);
                hour.launches += u64::from(launches);
                hour.duration += longer;
            }
        }
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

/// What was used by some, with newcomers at their places.
fn with(mut uses: Vec<Use>, newcomers: &[(usize, u32, Use)]) -> Vec<Use> {
    if newcomers.iter().all(|(place, ..)| *place >= uses.len()) {
        uses.extend(newcomers.iter().map(|(_, _, used)| *used));
        return uses;
    }
    let mut all = Vec::with_capacity(uses.len() + newcomers.len());
    let mut done = 0;
    for (place, _, used) in newcomers {
        all.extend_from_slice(uses.get(done..*place).unwrap_or_default());
        all.push(*used);
        done = *place;
    }
    all.extend_from_slice(uses.get(done..).unwrap_or_default());
    all
}

/// Finds the local hours of instants of one day. Most days need no look at the zone for each.
struct Hours<'a> {
    calendar: &'a Calendar,
    /// When the day begins, where it is plain.
    start: Option<i64>,
}

impl<'a> Hours<'a> {
    fn of(calendar: &'a Calendar, day: Day) -> Self {
        Self { calendar, start: calendar.plain_start_of(day) }
    }

    fn of_instant(&self, instant: i64) -> u8 {
        match self.start {
            Some(start) => ((instant - start).div_euclid(3_600_000)) as u8,
            None => self.calendar.locate(instant).1,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::Session;

    #[test]
    fn figures_that_have_grown_are_those_of_all_sessions() {
        let seed: u64 = rand::random();
        println!("seed {seed}");
        let calendar = Calendar::named("Europe/Berlin").unwrap();
        for round in 0..200 {
            let mut random = StdRng::seed_from_u64(seed ^ round);
            // Among them one of 23 hours.
            let day = Day(20_541 - random.random_range(0..3));
            let (first, devices) = (calendar.start_of(day), random.random_range(1..100_000));
            let mut all = Sessions::default();
            let mut figures = Arc::new(DayFigures::of(&calendar, day, &all));
            for _ in 0..random.random_range(1..6) {
                let known = figures.clone();
                let mut grown = Vec::new();
                for _ in 0..random.random_range(1..300) {
                    let some = all.as_slice().get(random.random_range(0..=all.len()));
                    let new = (random.random_range(0..devices), first + random.random_range(0..82_800_000));
                    let (device, start) = some.map_or(new, |session| session.key());
                    let before = all.duration(device, start);
                    let duration = before.unwrap_or(0) + random.random_range(1..100_000);
                    grown.push(Grown { device, start, before, duration });
                    all = all.join(&Sessions::of(vec![Session { device, start, duration }]));
                }
                grown.sort_by_key(|grown| grown.device);
                let shared = random.random_bool(0.5).then(|| figures.clone());
                let was = DayFigures::clone(&known);
                Arc::make_mut(&mut figures).grow(&calendar, day, &grown);
                assert_eq!(*figures, DayFigures::of(&calendar, day, &all));
                assert!(shared.is_none_or(|shared| *shared == was), "a copy stays as it was");
            }
        }
    }
}
