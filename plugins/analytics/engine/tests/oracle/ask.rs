//! Parameters of reports, and what they ask for.

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use crate::period::{Period, after, before, bucket, buckets, date, later, sooner};
use crate::raw::{Raw, joined};
pub fn text<'a>(params: &'a Value, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Value::as_str)
}

pub fn day(params: &Value, name: &str) -> Option<NaiveDate> {
    text(params, name).map(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap())
}

pub fn unit(params: &Value) -> &str {
    text(params, "unit").unwrap_or("day")
}

pub fn texts(params: &Value, name: &str) -> Option<Vec<String>> {
    params.get(name).and_then(Value::as_array).map(|all| all.iter().map(|text| text.as_str().unwrap().to_owned()).collect())
}

/// A list of names, each once; none when it is not asked for, an error when it is too long.
pub fn names(params: &Value, most: usize) -> Result<Option<Vec<String>>, ()> {
    let Some(all) = texts(params, "channels") else { return Ok(None) };
    let mut once: Vec<String> = Vec::new();
    for name in &all {
        if !once.contains(name) {
            once.push(name.clone());
        }
    }
    if all.len() > most { Err(()) } else { Ok(Some(once)) }
}

/// The range that is asked for, when it is a valid one.
pub fn range(params: &Value) -> Option<(NaiveDate, NaiveDate)> {
    let (from, to) = (day(params, "from").unwrap(), day(params, "to").unwrap());
    let most = if unit(params) == "hour" { 7 } else { 732 };
    (from <= to && (to - from).num_days() < most).then_some((from, to))
}

/// The buckets that the asked ones are compared with.
pub fn compared(params: &Value) -> Option<Vec<Period>> {
    let (from, to) = range(params)?;
    let (unit, how) = (unit(params), text(params, "compare")?);
    let length = (to - from).num_days() as u64;
    let first = match how {
        "previous" => sooner(from, length + 1),
        "week" => sooner(from, 7),
        "month" => {
            let last_month = sooner(bucket("month", from).first, 1);
            (1..=from.day()).rev().find_map(|day| last_month.with_day(day)).unwrap()
        }
        other => NaiveDate::parse_from_str(other, "%Y-%m-%d").unwrap(),
    };
    let by_days = matches!(unit, "hour" | "day");
    let count = buckets(unit, from, to).len() as u32;
    Some(match how {
        _ if by_days => buckets(unit, first, later(first, length)),
        "previous" => (1..=count).rev().map(|back| before(unit, from, back)).collect(),
        "week" | "month" => {
            let first = bucket(unit, first).first.min(before(unit, from, 1).first);
            (0..count).map(|on| after(unit, first, on)).collect()
        }
        _ => (0..count).map(|on| after(unit, first, on)).collect(),
    })
}

/// A report of `trend`'s parameters: the reply is made of `series` of the buckets that are asked
/// for and of those they are compared with, which include buckets that have not begun.
pub fn series(raw: &Raw, params: &Value, series: impl Fn(&Raw, &[Period]) -> Value) -> Option<Value> {
    let (from, to) = range(params)?;
    let (unit, channel) = (unit(params), text(params, "channel"));
    if unit == "hour" && channel.is_some() {
        return None;
    }
    let raw = raw.of_channel(channel);
    let of = |buckets: &[Period]| {
        let range = json!({ "from": date(buckets.first().unwrap().first), "to": date(buckets.last().unwrap().last) });
        joined(range, series(&raw, buckets))
    };
    let mut reply = joined(json!({ "unit": unit }), of(&buckets(unit, from, to)));
    if let Some(compared) = compared(params) {
        reply = joined(reply, json!({ "comparison": of(&compared) }));
    }
    Some(reply)
}
