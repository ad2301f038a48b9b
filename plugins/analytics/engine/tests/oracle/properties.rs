//! What must not matter: the order of what is told, repetitions, and whether the state was written to
//! segments and read back meanwhile.

use std::collections::BTreeMap;

use analytics_engine::ledger::Changes;
use analytics_engine::{Day, Ledger, Sessions, Snapshot, segment};
use bytes::Bytes;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::cases::{self, CASES, Case, SEED};
use crate::raw::Event;
use crate::{difference, engine, params};

/// Compares all reports of two snapshots.
fn same(case: &Case, one: &Snapshot, other: &Snapshot, random: &mut StdRng) {
    for report in engine::REPORTS {
        let params = params::of(report, case, random);
        let [one, other] = [one, other].map(|snapshot| engine::reply(report, snapshot, &params).into());
        if let Some(difference) = difference("", &one, &other) {
            panic!("{report} {params}: {difference}\n{} of MPCLOUD_SEED={}", case.title, *SEED);
        }
    }
}

#[test]
fn any_order_and_repetition_gives_the_same_replies() {
    for (number, case) in CASES.iter().enumerate() {
        let mut random = cases::random(number as u64 ^ 0x0bde);
        let mut ledger = engine::ledger(case.zone);
        let mut events = case.events.clone();
        events.sort();
        if random.random_bool(0.5) {
            events.reverse();
        }
        events.iter().for_each(|event| engine::note(&mut ledger, event));
        same(case, &case.snapshot, &ledger.snapshot(case.now), &mut random);
        for _ in 0..2 {
            events.shuffle(&mut random);
            let some = &events[..random.random_range(0..=events.len())];
            some.iter().for_each(|event| engine::note(&mut ledger, event));
            same(case, &case.snapshot, &ledger.snapshot(case.now), &mut random);
        }
    }
}

/// What is kept of an application: the names of channels, the segments of devices in order, and the
/// segments of each day in any order.
#[derive(Default)]
struct Store {
    channels: Vec<String>,
    devices: Vec<Bytes>,
    days: BTreeMap<Day, Vec<Bytes>>,
}

impl Store {
    /// Writes what has changed.
    fn save(&mut self, ledger: &mut Ledger) {
        let changes = ledger.changes();
        self.channels = ledger.channels().names().map(str::to_owned).collect();
        self.devices.push(segment::write_devices(ledger, &changes.devices).unwrap());
        for (day, sessions) in changes.days {
            self.days.entry(day).or_default().push(segment::write_sessions(&sessions).unwrap());
        }
        ledger.saved();
    }

    /// The sessions that were saved of a day, if any.
    fn sessions(&self, day: Day) -> Sessions {
        let parts = self.days.get(&day).cloned().unwrap_or_default();
        segment::read_sessions(segment::merge_sessions(parts).unwrap().1).unwrap()
    }

    /// Reads all of it into a new ledger.
    fn load(&self, case: &Case) -> Ledger {
        let mut ledger = engine::ledger(case.zone);
        ledger.load_channels(&self.channels);
        for devices in &self.devices {
            ledger.load_devices(devices.clone()).unwrap();
        }
        for day in self.days.keys() {
            ledger.load_day(*day, &self.sessions(*day));
        }
        ledger
    }
}

#[test]
fn what_is_read_from_segments_gives_the_same_replies() {
    for (number, case) in CASES.iter().enumerate() {
        let mut random = cases::random(number as u64 ^ 0x5e6);
        let (mut ledger, mut store) = (engine::ledger(case.zone), Store::default());
        let mut events = case.events.clone();
        events.shuffle(&mut random);
        let mut rest = events.as_slice();
        let mut unsaved: Vec<Event> = Vec::new();
        while !rest.is_empty() || !unsaved.is_empty() {
            let again = random.random_bool(0.3);
            if again {
                // All reports are those of what was saved.
                for day in ledger.roll_back() {
                    let sessions = store.sessions(day);
                    if store.days.contains_key(&day) {
                        ledger.load_day(day, &sessions);
                    }
                }
                let mut saved = store.load(case);
                assert_eq!((ledger.keys(0), ledger.devices().len()), (saved.keys(0), saved.devices().len()));
                same(case, &saved.snapshot(case.now), &ledger.snapshot(case.now), &mut random);
                assert_eq!(ledger.changes(), Changes::default());
            }
            let (batch, others) = rest.split_at(if rest.is_empty() { 0 } else { random.random_range(1..=rest.len()) });
            rest = others;
            let batch: Vec<Event> =
                (if again { std::mem::take(&mut unsaved) } else { Vec::new() }).into_iter().chain(batch.iter().cloned()).collect();
            unsaved.extend(batch.iter().cloned());
            for event in &batch {
                if let Some(day) = ledger.lacks(event.1) {
                    ledger.hold(day, store.sessions(day));
                }
                engine::note(&mut ledger, event);
            }
            match random.random_range(0..5) {
                0 => {
                    store.save(&mut ledger);
                    unsaved.clear();
                    ledger = store.load(case);
                }
                1 => {
                    store.save(&mut ledger);
                    unsaved.clear();
                }
                2 => {
                    let held: Vec<Day> = ledger.held().map(|(day, _)| day).filter(|_| random.random_bool(0.7)).collect();
                    held.into_iter().for_each(|day| ledger.release(day));
                }
                // It failed.
                3 => drop(ledger.changes()),
                _ => drop(ledger.snapshot(case.now)),
            }
        }
        same(case, &case.snapshot, &ledger.snapshot(case.now), &mut random);
        store.save(&mut ledger);
        same(case, &case.snapshot, &store.load(case).snapshot(case.now), &mut random);
    }
}
