//! Random data sets, as the engine and the oracle see them.

use std::sync::LazyLock;

use analytics_engine::Snapshot;
use analytics_traffic::{Options, Traffic};
use chrono::{DateTime, NaiveDate, TimeZone};
use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::engine;
use crate::raw::{Event, Raw};

/// How many data sets there are.
const MANY: u64 = 48;

const HOUR: i64 = 3_600_000;

/// Zones, each with the day before one on which its clocks change.
const ZONES: [(Tz, (i32, u32, u32)); 9] = [
    (Tz::Asia__Shanghai, (2026, 2, 27)),
    (Tz::America__New_York, (2026, 3, 7)),
    (Tz::America__New_York, (2026, 10, 31)),
    (Tz::Australia__Lord_Howe, (2026, 4, 4)),
    (Tz::Australia__Lord_Howe, (2026, 10, 3)),
    (Tz::Asia__Kathmandu, (2025, 12, 30)),
    (Tz::America__Santiago, (2026, 9, 5)),
    (Tz::America__Santiago, (2026, 4, 4)),
    (Tz::UTC, (2024, 2, 28)),
];

/// A data set at an instant.
pub struct Case {
    pub title: String,
    pub zone: Tz,
    pub now: i64,
    pub events: Vec<Event>,
    pub raw: Raw,
    pub snapshot: Snapshot,
}

/// All that is random follows from it.
pub static SEED: LazyLock<u64> = LazyLock::new(|| {
    let seed = std::env::var("MPCLOUD_SEED").ok().map(|text| text.parse().unwrap()).unwrap_or_else(rand::random);
    println!("MPCLOUD_SEED={seed}");
    seed
});

/// The data sets.
pub static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| (0..MANY).map(Case::random).collect());

/// A generator of random numbers of its own for each purpose.
pub fn random(purpose: u64) -> StdRng {
    StdRng::seed_from_u64(SEED.wrapping_add(purpose << 32))
}

impl Case {
    fn random(number: u64) -> Self {
        let mut random = random(number);
        let (zone, (year, month, day)) = ZONES[number as usize % ZONES.len()];
        let change = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        let events = match number % 6 {
            5 => crowded(zone, change, &mut random),
            4 => traffic(zone, change, random.random_range(300..760), 1.0, &mut random),
            _ => traffic(zone, change, random.random_range(1..70), random.random_range(1.0..12.0), &mut random),
        };
        let now = now(zone, &events, &mut random);
        let mut ledger = engine::ledger(zone);
        engine::note_somehow(&mut ledger, &events, &mut random);
        let title = format!("data set {number}, {} events in {zone}, now {now} ({})", events.len(), at(zone, now));
        Self { title, zone, now, raw: Raw::of(zone, now, &events), snapshot: ledger.snapshot(now), events }
    }

    /// A day that something can be asked about: mostly one with launches, some before and after.
    pub fn day(&self, random: &mut StdRng) -> NaiveDate {
        let begun = self.events.choose(random).unwrap().1 + random.random_range(-24..24) * HOUR;
        match random.random_range(0..10) {
            0 => at(self.zone, begun - random.random_range(0..2_400) * HOUR).date_naive(),
            1 => at(self.zone, begun + random.random_range(0..2_400) * HOUR).date_naive(),
            2 | 3 => at(self.zone, self.now - random.random_range(0..72) * HOUR).date_naive(),
            _ => at(self.zone, begun).date_naive(),
        }
    }

    /// A channel that somebody came by, none, or an unknown one.
    pub fn channel(&self, random: &mut StdRng) -> String {
        match random.random_range(0..10) {
            0 => String::new(),
            1 => "unknown".to_owned(),
            2 => "(channels beyond 2,000)".to_owned(),
            _ => self.events.choose(random).unwrap().3.clone(),
        }
    }
}

fn at(zone: Tz, millis: i64) -> DateTime<Tz> {
    DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&zone)
}

/// What devices do, about the days on which clocks change.
fn traffic(zone: Tz, change: NaiveDate, days: u32, devices_a_day: f64, random: &mut StdRng) -> Vec<Event> {
    let first_day = change - chrono::TimeDelta::days(random.random_range(0..i64::from(days)));
    let channels = random.random_range(0..30);
    let traffic =
        Traffic::new(Options { seed: random.random(), zone, first_day, days, devices_a_day, growth: 1.0, channels, ..Options::default() });
    let name = |channel: u16| traffic.channel_name(channel).to_owned();
    let events = traffic.events().map(|event| (traffic.device_text(event.device), event.start, event.duration, name(event.channel)));
    let events: Vec<Event> = events.take(6_000).collect();
    if events.is_empty() { crowded(zone, change, random) } else { events }
}

/// Few devices that do much about the borders of hours, days, weeks and months, with times at the
/// borders of classes, and channels that contradict each other.
fn crowded(zone: Tz, change: NaiveDate, random: &mut StdRng) -> Vec<Event> {
    let long = "x".repeat(65);
    let channels = ["", "a", "b", "B", "é", "=c", "(channels beyond 2,000)", &long];
    let times = [0, 1, 2_999, 3_000, 9_999, 10_000, 29_999, 30_000, 60_000, 179_999, 180_000, 600_000, 1_799_999, 1_800_000, 86_400_000];
    let devices = random.random_range(1..40);
    let midnight = zone.from_utc_datetime(&change.and_hms_opt(0, 0, 0).unwrap()).timestamp_millis();
    let event = |_| {
        let device = format!("device-{}", random.random_range(0..devices));
        let hours = random.random_range(-60_i64..120) * if random.random_bool(0.3) { 24 } else { 1 };
        let half = if random.random_bool(0.5) { HOUR / 4 * random.random_range(0..4) } else { 0 };
        let start = midnight + hours * HOUR + half + random.random_range(-1..=1);
        (device, start, *times.choose(random).unwrap(), (*channels.choose(random).unwrap()).to_owned())
    };
    (0..2_000).map(event).collect()
}

/// An instant that reports are asked at: mostly at the end, some in between, before or long after,
/// and some at the border of an hour.
fn now(zone: Tz, events: &[Event], random: &mut StdRng) -> i64 {
    let (first, last) = (events.iter().map(|event| event.1).min().unwrap(), events.iter().map(|event| event.1).max().unwrap());
    let now = match random.random_range(0..10) {
        0 => first - random.random_range(0..100) * HOUR,
        1 => last + random.random_range(0..10_000) * HOUR,
        2..=5 => random.random_range(first..=last),
        _ => last + random.random_range(0..100) * HOUR,
    };
    if random.random_bool(0.7) {
        return now;
    }
    let minutes = i64::from(chrono::Timelike::minute(&at(zone, now)));
    now - now.rem_euclid(60_000) - minutes * 60_000 - i64::from(random.random_bool(0.5))
}
