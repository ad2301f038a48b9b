//! Every report against an independent, slow, obviously right computation from the raw events.
//!
//! Data sets, ranges and instants are random; `MPCLOUD_SEED` repeats those of a seed, which failures tell.
#![allow(clippy::unwrap_used)]

mod active_users;
mod ask;
mod cases;
mod channel_day;
mod channel_list;
mod channel_top;
mod channel_trend;
mod engine;
mod frequency;
mod launches;
mod new_users;
mod overview;
mod params;
mod period;
mod properties;
mod raw;
mod realtime;
mod retention;
mod trend;
mod use_time;

use serde_json::Value;

use crate::cases::{CASES, SEED};
use crate::raw::Raw;

/// Computes a report's reply; none where it refuses the parameters.
type Oracle = fn(&Raw, &Value) -> Option<Value>;

/// Compares a report's replies with those of the oracle, in all cases, by random parameters.
fn compare(report: &str, oracle: Oracle) {
    let mut replies = 0;
    for (number, case) in CASES.iter().enumerate() {
        let mut random = cases::random(number as u64 ^ 0x5eed);
        for _ in 0..params::variants(report) {
            let params = params::of(report, case, &mut random);
            let (expected, got) = (oracle(&case.raw, &params), engine::reply(report, &case.snapshot, &params));
            replies += usize::from(expected.is_some());
            if let Some(difference) = difference("", &expected.into(), &got.into()) {
                panic!("{report} {params}: {difference}\n{} of MPCLOUD_SEED={}", case.title, *SEED);
            }
        }
    }
    assert!(replies > CASES.len() / 2, "only {replies} replies");
}

/// Where two replies differ first. Numbers may by a part of 10⁻⁹.
fn difference(at: &str, expected: &Value, got: &Value) -> Option<String> {
    match (expected, got) {
        (Value::Object(some), Value::Object(others)) => {
            let missing = others.keys().chain(some.keys()).find(|name| !(some.contains_key(*name) && others.contains_key(*name)));
            if let Some(name) = missing {
                return Some(format!("only one has {at}/{name}"));
            }
            some.iter().find_map(|(name, value)| difference(&format!("{at}/{name}"), value, &others[name]))
        }
        (Value::Array(some), Value::Array(others)) if some.len() == others.len() => {
            some.iter().zip(others).enumerate().find_map(|(place, (a, b))| difference(&format!("{at}/{place}"), a, b))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            ((a - b).abs() > 1e-9 * a.abs().max(b.abs())).then(|| format!("at {at} expected {a}, got {b}"))
        }
        (a, b) => (a != b).then(|| format!("at `{at}` expected {a}, got {b}")),
    }
}

macro_rules! reports {
    ($($test:ident: $report:literal, $oracle:path;)*) => {$(
        #[test]
        fn $test() {
            compare($report, $oracle);
        }
    )*};
}

reports! {
    overview_is_what_the_raw_events_say: "overview", overview::overview;
    trend_is_what_the_raw_events_say: "trend", trend::trend;
    realtime_is_what_the_raw_events_say: "realtime", realtime::realtime;
    new_users_are_what_the_raw_events_say: "newUsers", new_users::new_users;
    active_users_are_what_the_raw_events_say: "activeUsers", active_users::active_users;
    launches_are_what_the_raw_events_say: "launches", launches::launches;
    retention_is_what_the_raw_events_say: "retention", retention::retention;
    use_time_is_what_the_raw_events_say: "useTime", use_time::use_time;
    frequency_is_what_the_raw_events_say: "frequency", frequency::frequency;
    channel_top_is_what_the_raw_events_say: "channelTop", channel_top::top;
    channel_day_is_what_the_raw_events_say: "channelDay", channel_day::channel_day;
    channel_list_is_what_the_raw_events_say: "channelList", channel_list::channel_list;
    channel_trend_is_what_the_raw_events_say: "channelTrend", channel_trend::channel_trend;
}
