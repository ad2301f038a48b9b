use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::ask;
use crate::period::{before, bucket, date};
use crate::raw::{Raw, joined, rate};
use crate::use_time::days;

const BOUNDS: [(usize, Option<usize>); 7] =
    [(1, Some(2)), (3, Some(5)), (6, Some(9)), (10, Some(19)), (20, Some(49)), (50, Some(99)), (100, None)];

pub fn frequency(raw: &Raw, params: &Value) -> Option<Value> {
    let (days, unit) = (days(raw, params)?, ask::unit(params));
    if unit == "hour" {
        return None;
    }
    let mut all = days.into_iter().map(|day| distribution(raw, unit, day));
    let day = all.next().unwrap();
    Some(joined(day, json!({ "unit": unit, "comparisons": all.collect::<Vec<_>>() })))
}

fn distribution(raw: &Raw, unit: &str, day: NaiveDate) -> Value {
    let period = if unit == "day" { bucket(unit, day) } else { before(unit, day, 1) };
    let mut users = BTreeMap::<usize, usize>::new();
    for launch in raw.launches(&period) {
        *users.entry(launch.device).or_default() += 1;
    }
    let class = |(from, to): (usize, Option<usize>)| {
        let count = users.values().filter(|launches| **launches >= from && to.is_none_or(|to| **launches <= to)).count();
        json!({ "from": from, "to": to, "users": count, "share": rate(count, users.len()) })
    };
    json!({
        "date": date(day),
        "from": date(period.first),
        "to": date(period.last),
        "average": rate(users.values().sum(), users.len()),
        "users": users.len(),
        "classes": BOUNDS.into_iter().map(class).collect::<Vec<_>>(),
    })
}
