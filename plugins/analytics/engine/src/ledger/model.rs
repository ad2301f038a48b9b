//! Random sequences of what can be done to a ledger, against a naive model of it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::{DayFigures, Session, Sessions};

const HOUR: i64 = 3_600_000;
/// 2026-03-28T00:00:00Z: the next day, clocks change in Berlin.
const BEGIN: i64 = 1_774_656_000_000;

/// Sessions by day, device and start.
type Known = BTreeMap<(Day, DeviceId, i64), u32>;

#[derive(Default)]
struct Model {
    numbers: BTreeMap<DeviceKey, DeviceId>,
    noted: Known,
    /// What files have.
    saved: Known,
    /// What was noted when changes were taken last, and not saved since.
    taken: Option<Known>,
}

impl Model {
    fn note(&mut self, day: Day, told: &Observation) -> Noted {
        let next = self.numbers.len() as DeviceId;
        let device = *self.numbers.entry(told.device).or_insert(next);
        let key = (day, device, told.start);
        let known = self.noted.get(&key).copied();
        match known {
            Some(known) if known >= told.duration => return Noted::Nothing,
            _ => self.noted.insert(key, told.duration),
        };
        if known.is_some() { Noted::Longer } else { Noted::Launch }
    }

    fn changes(&self) -> BTreeMap<Day, Sessions> {
        by_day(self.noted.iter().filter(|(key, duration)| self.saved.get(key) != Some(duration)))
    }

    fn of_day(known: &Known, day: Day) -> Sessions {
        by_day(known.range((day, 0, 0)..(day.plus(1), 0, 0))).remove(&day).unwrap_or_default()
    }
}

fn by_day<'a>(known: impl Iterator<Item = (&'a (Day, DeviceId, i64), &'a u32)>) -> BTreeMap<Day, Sessions> {
    let mut days: BTreeMap<Day, Vec<Session>> = BTreeMap::new();
    for (&(day, device, start), &duration) in known {
        days.entry(day).or_default().push(Session { device, start, duration });
    }
    days.into_iter().map(|(day, sessions)| (day, Sessions::of(sessions))).collect()
}

fn seed() -> u64 {
    let seed = std::env::var("MPCLOUD_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("MPCLOUD_SEED={seed}");
    seed
}

fn observation(random: &mut StdRng) -> Observation {
    Observation {
        device: DeviceKey::of(&random.random_range(0..40).to_string()),
        start: BEGIN + random.random_range(0..72) * HOUR + random.random_range(0..3),
        duration: random.random_range(0..5) * 20_000,
        channel: ChannelId(random.random_range(0..4)),
    }
}

#[test]
fn a_ledger_is_what_a_naive_model_of_it_is() {
    let seed = seed();
    for round in 0..60 {
        let mut random = StdRng::seed_from_u64(seed ^ round);
        let calendar = Calendar::named("Europe/Berlin").unwrap();
        let (mut ledger, mut model) = (Ledger::new(calendar), Model::default());
        for name in ["a", "b"] {
            ledger.note_channel(name);
        }
        for _ in 0..random.random_range(1..150) {
            match random.random_range(0..10) {
                0 => {
                    let told: Vec<Observation> = (0..random.random_range(1..50)).map(|_| observation(&mut random)).collect();
                    for day in told.iter().filter_map(|told| ledger.lacks(told.start)).collect::<Vec<_>>() {
                        ledger.hold(day, Model::of_day(&model.saved, day));
                    }
                    let noted: Vec<Noted> = told.iter().map(|told| model.note(calendar.locate(told.start).0, told)).collect();
                    assert_eq!(ledger.note_all(&told), noted);
                }
                1..4 => {
                    for _ in 0..random.random_range(1..30) {
                        let told = observation(&mut random);
                        let day = calendar.locate(told.start).0;
                        if ledger.lacks(told.start).is_some() {
                            assert_eq!(ledger.note(&told), Noted::Nothing);
                            ledger.hold(day, Model::of_day(&model.saved, day));
                        }
                        assert_eq!(ledger.note(&told), model.note(day, &told));
                    }
                }
                4 => {
                    assert_eq!(ledger.changes().days, model.changes());
                    model.taken = Some(model.noted.clone());
                }
                5 => {
                    ledger.saved();
                    model.saved = model.taken.take().unwrap_or(model.saved);
                }
                6 | 7 => {
                    let held: Vec<Day> = ledger.held().map(|(day, _)| day).filter(|_| random.random_bool(0.5)).collect();
                    held.iter().for_each(|day| ledger.release(*day));
                    assert!(ledger.held().all(|(day, _)| !held.contains(&day)));
                }
                8 => {
                    let day = calendar.locate(observation(&mut random).start).0;
                    if ledger.days.contains_key(&day) {
                        ledger.hold(day, Model::of_day(&model.saved, day));
                        assert_eq!(ledger.sessions(day).unwrap(), Model::of_day(&model.noted, day));
                    }
                }
                _ => {
                    let snapshot = ledger.snapshot(BEGIN + 1000 * HOUR);
                    let days = by_day(model.noted.iter());
                    assert!(snapshot.days.keys().eq(days.keys()));
                    for (day, sessions) in days {
                        assert_eq!(snapshot.day(day).unwrap(), &DayFigures::of(&calendar, day, &sessions), "{day}");
                    }
                }
            }
        }
    }
}

/// All that `note` and `note_all` change.
fn outcome(mut ledger: Ledger) -> impl PartialEq + std::fmt::Debug {
    let saved = ledger.changes();
    let moved = std::mem::take(&mut ledger.moved);
    let snapshot = ledger.snapshot(BEGIN + 1000 * HOUR);
    let figures: Vec<_> = snapshot.days.iter().map(|(day, cell)| (*day, cell.figures.clone())).collect();
    let devices: Vec<_> = ledger.devices.iter().copied().collect();
    (saved, moved, figures, devices, ledger.directory.keys(0).to_vec(), ledger.newcomers)
}

#[test]
fn noting_many_at_once_is_noting_each_in_their_order() {
    let seed = seed();
    for round in 0..100 {
        let mut random = StdRng::seed_from_u64(seed ^ round);
        let [mut one, mut other] = [(); 2].map(|()| {
            let mut ledger = Ledger::new(Calendar::named("Europe/Berlin").unwrap());
            for name in ["b", "a"] {
                ledger.note_channel(name);
            }
            ledger
        });
        for _ in 0..random.random_range(1..8) {
            let mut told = Vec::new();
            for _ in 0..random.random_range(0..60) {
                let mut next = observation(&mut random);
                for _ in 0..random.random_range(1..6) {
                    told.push(next);
                    // Such as are far off, too.
                    next.start += [0, 0, 1, -HOUR, 30 * HOUR, -4 * BEGIN][random.random_range(0..6)];
                    next.duration = random.random_range(0..2 * LONGEST);
                }
            }
            assert_eq!(one.note_all(&told), told.iter().map(|told| other.note(told)).collect::<Vec<_>>());
            if random.random_bool(0.3) {
                let day = one.calendar.locate(observation(&mut random).start).0;
                one.release(day);
                other.release(day);
            }
        }
        assert_eq!(outcome(one), outcome(other));
    }
}

#[test]
fn what_waits_to_be_saved_counts_as_memory_also_of_a_released_day() {
    let mut ledger = Ledger::new(Calendar::named("Europe/Berlin").unwrap());
    let told = |start| Observation { device: DeviceKey::of("a"), start, duration: 0, channel: ChannelId::NONE };
    for n in 0..1000 {
        ledger.note(&told(BEGIN + n));
    }
    let held = ledger.memory();
    let (day, _) = ledger.calendar.locate(BEGIN);
    ledger.release(day);
    assert!(ledger.memory() >= held);
    assert_eq!((ledger.lacks(BEGIN), ledger.held().count()), (Some(day), 0));
    ledger.changes();
    assert!(ledger.memory() >= held);
    ledger.saved();
    assert!(ledger.memory() + 1000 * size_of::<Session>() <= held + 2000);
}
