//! The engine's state and replies.

use analytics_engine::report::*;
use analytics_engine::{Calendar, DeviceKey, Ledger, Observation, Snapshot};
use chrono_tz::Tz;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json, to_value};

use crate::raw::Event;

/// Each report, as the service names it.
pub const REPORTS: [&str; 13] = [
    "overview",
    "trend",
    "realtime",
    "newUsers",
    "activeUsers",
    "launches",
    "retention",
    "useTime",
    "frequency",
    "channelTop",
    "channelDay",
    "channelList",
    "channelTrend",
];

/// What the engine replies; none where it refuses.
pub fn reply(report: &str, snapshot: &Snapshot, params: &Value) -> Option<Value> {
    macro_rules! of {
        ($report:path) => {
            $report(snapshot, &serde_json::from_value(params.clone()).unwrap()).ok().map(|reply| to_value(reply).unwrap())
        };
    }
    match report {
        "overview" => Some(to_value(overview::overview(snapshot)).unwrap()),
        "realtime" => Some(to_value(realtime::realtime(snapshot)).unwrap()),
        "trend" => of!(trend::trend),
        "newUsers" => of!(new_users::new_users),
        "activeUsers" => of!(active_users::active_users),
        "launches" => of!(launches::launches),
        "retention" => of!(retention::retention),
        "useTime" => of!(use_time::use_time),
        "frequency" => of!(frequency::frequency),
        "channelTop" => of!(channel_top::top),
        "channelDay" => of!(channel_day::channel_day),
        "channelList" => of!(channel_list::channel_list),
        "channelTrend" => of!(channel_trend::channel_trend),
        other => panic!("{other}"),
    }
}

pub fn ledger(zone: Tz) -> Ledger {
    Ledger::new(Calendar::named(zone.name()).unwrap())
}

pub fn note(ledger: &mut Ledger, (device, start, duration, channel): &Event) {
    let channel = ledger.note_channel(channel);
    ledger.note(&Observation { device: DeviceKey::of(device), start: *start, duration: *duration, channel });
}

/// Notes all events: in a random order, some again, with snapshots in between that reports read.
pub fn note_somehow(ledger: &mut Ledger, events: &[Event], random: &mut StdRng) {
    let mut order: Vec<&Event> = events.iter().collect();
    order.extend(events.iter().filter(|_| random.random_bool(0.1)).collect::<Vec<_>>());
    order.shuffle(random);
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let (batch, others) = rest.split_at(random.random_range(1..=rest.len()));
        batch.iter().for_each(|event| note(ledger, event));
        rest = others;
        let snapshot = ledger.snapshot(events[random.random_range(0..events.len())].1 + random.random_range(0..200_000_000));
        // What reports keep with a snapshot must not be seen by later ones.
        let (from, to) = (snapshot.today().plus(-30), snapshot.today());
        reply("channelTop", &snapshot, &json!({}));
        for unit in ["day", "week", "month"] {
            reply("trend", &snapshot, &json!({ "from": from, "to": to, "unit": unit }));
            reply("activeUsers", &snapshot, &json!({ "from": from, "to": to, "unit": unit }));
            reply("channelTrend", &snapshot, &json!({ "from": from, "to": to, "unit": unit }));
        }
    }
}
