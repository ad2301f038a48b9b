use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::ask;
use crate::period::{Period, date};
use crate::raw::{Raw, joined, rate};

const BOUNDS: [(u64, Option<u64>); 8] = [
    (0, Some(3_000)),
    (3_000, Some(10_000)),
    (10_000, Some(30_000)),
    (30_000, Some(60_000)),
    (60_000, Some(180_000)),
    (180_000, Some(600_000)),
    (600_000, Some(1_800_000)),
    (1_800_000, None),
];

pub fn use_time(raw: &Raw, params: &Value) -> Option<Value> {
    let (days, per) = (days(raw, params)?, ask::text(params, "per").unwrap_or("launch"));
    let mut all = days.into_iter().map(|day| distribution(raw, per, day));
    let day = all.next().unwrap();
    Some(joined(day, json!({ "per": per, "comparisons": all.collect::<Vec<_>>() })))
}

/// The day and the others, when all of them can be asked for.
pub fn days(raw: &Raw, params: &Value) -> Option<Vec<NaiveDate>> {
    let others = ask::texts(params, "compare").unwrap_or_default();
    let others = others.iter().map(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap());
    let days: Vec<NaiveDate> = ask::day(params, "date").into_iter().chain(others).collect();
    (days.len() <= 11 && days.iter().all(|day| *day < raw.today)).then_some(days)
}

fn distribution(raw: &Raw, per: &str, day: NaiveDate) -> Value {
    let launches = raw.launches(&Period::day(day));
    let times: Vec<u64> = if per == "launch" {
        launches.iter().map(|launch| launch.duration).collect()
    } else {
        let mut users = BTreeMap::<usize, u64>::new();
        for launch in launches {
            *users.entry(launch.device).or_default() += launch.duration;
        }
        users.into_values().collect()
    };
    let class = |(from, below): (u64, Option<u64>)| {
        let count = times.iter().filter(|time| **time >= from && below.is_none_or(|below| **time < below)).count();
        json!({ "from": from, "below": below, "count": count, "share": rate(count, times.len()) })
    };
    json!({
        "date": date(day),
        "average": rate(times.iter().sum::<u64>() as usize, times.len()),
        "total": times.len(),
        "classes": BOUNDS.into_iter().map(class).collect::<Vec<_>>(),
    })
}
