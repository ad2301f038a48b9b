//! Random parameters of reports.

use chrono::{NaiveDate, TimeDelta};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use crate::cases::Case;
use crate::period::date;

const FIGURES: [&str; 6] = ["newUsers", "activeUsers", "launches", "singleUseTime", "dailyUseTime", "nextDayRetention"];

/// How many parameters are tried of a report in each case.
pub fn variants(report: &str) -> usize {
    match report {
        "overview" | "realtime" => 1,
        _ => 10,
    }
}

/// Parameters, some of which are refused.
pub fn of(report: &str, case: &Case, random: &mut StdRng) -> Value {
    let mut params = json!({});
    let unit = ["hour", "day", "week", "month"][random.random_range(0..4)];
    let ranged = matches!(report, "trend" | "newUsers" | "activeUsers" | "launches" | "retention" | "channelList" | "channelTrend");
    if ranged {
        let (from, to) = range(case, if report == "channelList" { "day" } else { unit }, random);
        params["from"] = json!(date(from));
        params["to"] = json!(date(to));
    }
    if !matches!(report, "overview" | "realtime" | "useTime" | "channelTop" | "channelDay" | "channelList")
        && (unit != "day" || random.random_bool(0.5))
    {
        params["unit"] = json!(unit);
    }
    match report {
        "trend" | "newUsers" | "activeUsers" | "launches" => {
            if random.random_bool(if unit == "hour" { 0.1 } else { 0.4 }) {
                params["channel"] = json!(case.channel(random));
            }
            if random.random_bool(0.6) {
                let day = date(case.day(random));
                params["compare"] = json!(*["previous", "week", "month", &day].choose(random).unwrap());
            }
        }
        "retention" => {
            if random.random_bool(0.4) {
                params["channel"] = json!(case.channel(random));
            }
            if random.random_bool(0.6) {
                params["users"] = json!(*["new", "active"].choose(random).unwrap());
            }
        }
        "useTime" | "frequency" => {
            params["date"] = json!(date(case.day(random)));
            if report == "useTime" && random.random_bool(0.6) {
                params["per"] = json!(*["launch", "user"].choose(random).unwrap());
            }
            if random.random_bool(0.5) {
                let count = if random.random_bool(0.1) { 11 } else { random.random_range(0..3) };
                params["compare"] = (0..count).map(|_| json!(date(case.day(random)))).collect();
            }
        }
        "channelTop" if random.random_bool(0.3) => {}
        "channelTop" | "channelDay" => params["date"] = json!(date(case.day(random))),
        "channelList" if random.random_bool(0.7) => params["sort"] = json!(*FIGURES.choose(random).unwrap()),
        "channelTrend" if random.random_bool(0.8) => params["figure"] = json!(*FIGURES.choose(random).unwrap()),
        _ => {}
    }
    let most = match report {
        "channelDay" => 100,
        "channelList" => 2_002,
        "channelTrend" => 20,
        _ => return params,
    };
    if random.random_bool(0.4) {
        let count = if random.random_bool(0.1) { most + random.random_range(0..2) } else { random.random_range(0..8) };
        params["channels"] = (0..count).map(|_| json!(case.channel(random))).collect();
    } else if report == "channelList" && random.random_bool(0.5) {
        params["limit"] = json!(*[0, 1, 3, 25, 2_002, 2_003].choose(random).unwrap());
    }
    params
}

/// Days that mostly have launches: short and long ones, some of which are too long or turned.
fn range(case: &Case, unit: &str, random: &mut StdRng) -> (NaiveDate, NaiveDate) {
    let from = case.day(random);
    let days = match (random.random_range(0..20), unit) {
        (0, _) => -1,
        (1, "hour") => random.random_range(5..9),
        (_, "hour") => random.random_range(0..7),
        (1, _) => random.random_range(728..735),
        (2, _) => random.random_range(100..732),
        (3..9, _) => random.random_range(0..8),
        _ => random.random_range(0..70),
    };
    (from, from + TimeDelta::days(days))
}
