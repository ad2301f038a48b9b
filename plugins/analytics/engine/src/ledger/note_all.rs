//! Notes many observations at once.

use super::{DayState, Ledger, Noted};
use crate::day::Grown;
use crate::observation::LONGEST;
use crate::{Day, DeviceId, Observation};

/// So many are noted together, which stay in the processor's cache.
const CHUNK: usize = 1 << 16;

/// Observations of a day.
#[derive(Default)]
struct OfDay {
    day: Day,
    told: Vec<Told>,
}

/// An observation: its device, its start and its place among all, in this order of significance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Told(u128);

impl Told {
    fn of(device: DeviceId, start: i64, place: usize) -> Self {
        // The first bit is turned so that those before 1970 come first.
        let start = start.cast_unsigned() ^ 1 << 63;
        Self(u128::from(device) << 96 | u128::from(start) << 32 | place as u128)
    }

    fn device(self) -> DeviceId {
        (self.0 >> 96) as DeviceId
    }

    fn start(self) -> i64 {
        ((self.0 >> 32) as u64 ^ 1 << 63).cast_signed()
    }

    fn place(self) -> usize {
        self.0 as u32 as usize
    }

    fn is_of_session(self, other: &Self) -> bool {
        self.0 >> 32 == other.0 >> 32
    }
}

/// A device, as it was found.
#[derive(Clone, Copy)]
struct Known {
    id: DeviceId,
    /// The start of its first session; that may be earlier meanwhile.
    first: i64,
}

impl Ledger {
    /// Adds what clients told, in its order, as [`Ledger::note`] does with each: faster for many.
    pub fn note_all(&mut self, told: &[Observation]) -> Vec<Noted> {
        let mut noted = vec![Noted::Nothing; told.len()];
        for (told, noted) in told.chunks(CHUNK).zip(noted.chunks_mut(CHUNK)) {
            for OfDay { day, told: mut of_day } in self.meet_all(told) {
                of_day.sort_unstable();
                let state = self.days.entry(day).or_insert_with(DayState::empty);
                let fresh = fresh(state, &of_day, told, noted);
                if !fresh.is_empty() {
                    state.add(&fresh);
                    self.last = None;
                }
            }
        }
        noted
    }

    /// Finds or adds the devices, and gives what is told of days that are held.
    fn meet_all(&mut self, told: &[Observation]) -> Vec<OfDay> {
        // First all look-ups, which the processor does several of at a time as none depends on another.
        let known = self.look_up(told);
        let mut days: Vec<OfDay> = Vec::new();
        let mut at = 0;
        for (place, (told, known)) in told.iter().zip(known).enumerate() {
            let (day, hour) = self.places.of(&self.calendar, told.start);
            if days.get(at).is_none_or(|of_day| of_day.day != day) {
                at = match days.iter().position(|of_day| of_day.day == day) {
                    Some(at) => at,
                    None if self.days.get(&day).is_some_and(|state| !state.is_held()) => continue,
                    None => {
                        days.push(OfDay { day, told: Vec::new() });
                        days.len() - 1
                    }
                };
            }
            let device = match known {
                Some(Known { id, first }) if told.start > first => id,
                Some(Known { id, .. }) => self.meet_as(Some(id), told, day, hour),
                // It may have been met since all were looked up.
                None => self.meet(told, day, hour),
            };
            if let Some(of_day) = days.get_mut(at) {
                of_day.told.push(Told::of(device, told.start, place));
            }
        }
        days
    }

    /// The devices that are known. A batch has one device, which is looked up once.
    fn look_up(&self, told: &[Observation]) -> Vec<Option<Known>> {
        let mut known = Vec::with_capacity(told.len());
        let mut before = None;
        for told in told {
            let found = match before {
                Some((device, found)) if device == told.device => found,
                _ => self.directory.get(told.device).map(|id| Known { id, first: self.devices.first(id) }),
            };
            before = Some((told.device, found));
            known.push(found);
        }
        known
    }
}

/// The sessions of a day that are new, or longer than they were; notes which observations told of that.
fn fresh(state: &DayState, of_day: &[Told], told: &[Observation], noted: &mut [Noted]) -> Vec<Grown> {
    let mut finder = state.finder();
    let mut fresh = Vec::with_capacity(of_day.len());
    for of_session in of_day.chunk_by(|one, next| one.is_of_session(next)) {
        let Some(first) = of_session.first() else { continue };
        let (device, start) = (first.device(), first.start());
        let before = finder.duration(device, start);
        let mut known = before;
        for place in of_session.iter().map(|told| told.place()) {
            let (Some(told), Some(noted)) = (told.get(place), noted.get_mut(place)) else { continue };
            let duration = Some(told.duration.min(LONGEST));
            if duration > known {
                *noted = if known.is_none() { Noted::Launch } else { Noted::Longer };
                known = duration;
            }
        }
        if let Some(duration) = known.filter(|_| known > before) {
            fresh.push(Grown { device, start, before, duration });
        }
    }
    fresh
}
