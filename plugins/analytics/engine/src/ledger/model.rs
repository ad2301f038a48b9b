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
    now: All,
    /// What files have.
    saved: All,
    /// What there was when changes were taken last, and not saved since.
    taken: Option<All>,
}

#[derive(Clone, Default)]
struct All {
    numbers: BTreeMap<DeviceKey, DeviceId>,
    /// The least start of each device, with its channel.
    firsts: BTreeMap<DeviceId, (i64, ChannelId)>,
    noted: Known,
}

impl Model {
    fn note(&mut self, day: Day, told: &Observation) -> Noted {
        let All { numbers, firsts, noted } = &mut self.now;
        let next = numbers.len() as DeviceId;
        let device = *numbers.entry(told.device).or_insert(next);
        // Channels are numbered in the order of their names here.
        let first = firsts.entry(device).or_insert((told.start, told.channel));
        *first = (*first).min((told.start, told.channel));
        let key = (day, device, told.start);
        let known = noted.get(&key).copied();
        match known {
            Some(known) if known >= told.duration => return Noted::Nothing,
            _ => noted.insert(key, told.duration),
        };
        if known.is_some() { Noted::Longer } else { Noted::Launch }
    }

    fn changes(&self) -> BTreeMap<Day, Sessions> {
        by_day(self.now.noted.iter().filter(|(key, duration)| self.saved.noted.get(key) != Some(duration)))
    }

    fn of_day(known: &All, day: Day) -> Sessions {
        by_day(known.noted.range((day, 0, 0)..(day.plus(1), 0, 0))).remove(&day).unwrap_or_default()
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

fn channels(ledger: &mut Ledger) {
    assert_eq!(["a", "b"].map(|name| ledger.note_channel(name)), [ChannelId(2), ChannelId(3)]);
}

fn observation(random: &mut StdRng) -> Observation {
    Observation {
        device: DeviceKey::of(&random.random_range(0..40).to_string()),
        start: BEGIN + random.random_range(0..72) * HOUR + random.random_range(0..3),
        duration: random.random_range(0..5) * 20_000,
        channel: [ChannelId::NONE, ChannelId(2), ChannelId(3)][random.random_range(0..3)],
    }
}

#[test]
fn a_ledger_is_what_a_naive_model_of_it_is() {
    let seed = seed();
    for round in 0..60 {
        let mut random = StdRng::seed_from_u64(seed ^ round);
        let calendar = Calendar::named("Europe/Berlin").unwrap();
        let (mut ledger, mut model) = (Ledger::new(calendar), Model::default());
        channels(&mut ledger);
        for _ in 0..random.random_range(1..150) {
            match random.random_range(0..11) {
                10 => {
                    let lost = ledger.roll_back();
                    assert!(lost.iter().eq(model.changes().keys()));
                    (model.now, model.taken) = (model.saved.clone(), None);
                    channels(&mut ledger);
                    for day in lost {
                        let saved = Model::of_day(&model.saved, day);
                        if !saved.is_empty() {
                            ledger.load_day(day, &saved);
                        }
                    }
                }
                0 => {
                    let told: Vec<Observation> = (0..random.random_range(1..50)).map(|_| observation(&mut random)).collect();
                    let lacking = ledger.lacking(&told);
                    assert_eq!(lacking, told.iter().filter_map(|told| ledger.lacks(told.start)).collect());
                    for day in lacking {
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
                    model.taken = Some(model.now.clone());
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
                        assert_eq!(ledger.sessions(day).unwrap(), Model::of_day(&model.now, day));
                    }
                }
                _ => {
                    let snapshot = ledger.snapshot(BEGIN + 1000 * HOUR);
                    let days = by_day(model.now.noted.iter());
                    assert!(snapshot.days.keys().eq(days.keys()));
                    let firsts: Vec<_> = ledger.devices.iter().map(|device| (device.first, device.channel)).collect();
                    assert!(firsts.iter().eq(model.now.firsts.values()));
                    assert!(model.now.numbers.iter().all(|(key, id)| ledger.directory.get(*key) == Some(*id)));
                    let newcomers = snapshot.newcomers.iter().flat_map(|(day, some)| some.iter().map(|id| (id, *day)));
                    let located = model.now.firsts.iter().map(|(id, (first, _))| (*id, calendar.locate(*first).0));
                    assert_eq!(newcomers.collect::<BTreeMap<_, _>>(), located.collect());
                    for (day, sessions) in days {
                        assert_eq!(snapshot.day(day).unwrap(), &DayFigures::of(&calendar, day, &sessions), "{day}");
                        let made = Cell::of(snapshot.days[&day].figures.clone());
                        assert_eq!(snapshot.ages(day), *made.ages(day, &snapshot.devices), "{day}");
                        assert_eq!(snapshot.channel_figures(day), *made.channels(day, &snapshot.devices, &snapshot.channels), "{day}");
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
