use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ask;
use crate::period::{Period, days, sooner};
use crate::raw::{Raw, rate};

pub fn active_users(raw: &Raw, params: &Value) -> Option<Value> {
    let unit = ask::unit(params);
    ask::series(raw, params, |raw, buckets| {
        let begun: Vec<&Period> = buckets.iter().filter(|bucket| raw.begun(bucket)).collect();
        let (first, last) = (buckets.first().unwrap().first, buckets.last().unwrap().last);
        let sum = begun.iter().map(|bucket| raw.active(bucket).len()).sum();
        json!({
            "total": raw.active(&Period::days(first, last)).len(),
            "buckets": begun.iter().map(|bucket| figures(raw, unit, bucket, sum)).collect::<Vec<_>>(),
            "byHour": by_hour(raw, &Period::days(first, last)),
        })
    })
}

fn figures(raw: &Raw, unit: &str, bucket: &Period, sum: usize) -> Value {
    let (new, active) = (raw.newcomers(bucket), raw.active(bucket));
    let stickiness = |days: u64| {
        let last_days = Period::days(sooner(bucket.last, days - 1), bucket.last);
        if unit == "day" { rate(active.len(), raw.active(&last_days).len()) } else { None }
    };
    json!({
        "at": bucket.label(),
        "complete": raw.ended(bucket),
        "activeUsers": active.len(),
        "share": rate(active.len(), sum),
        "newUsers": active.intersection(&new).count(),
        "returningUsers": active.difference(&new).collect::<BTreeSet<_>>().len(),
        "stickiness7Days": stickiness(7),
        "stickiness30Days": stickiness(30),
        "activeRate": if matches!(unit, "week" | "month") { rate(active.len(), raw.cumulative(bucket)) } else { None },
    })
}

fn by_hour(raw: &Raw, range: &Period) -> Vec<f64> {
    let all: Vec<_> = days(range.first, range.last).collect();
    let begun: Vec<_> = all.iter().filter(|day| **day <= raw.today).collect();
    if all.len() > 7 || begun.is_empty() {
        return Vec::new();
    }
    let of_hour = |day, hour| {
        let ahead = !raw.begun(&Period { first: day, last: day, hour: Some(hour) });
        if ahead { 0 } else { raw.active(&Period { first: day, last: day, hour: Some(hour) }).len() }
    };
    (0..24).map(|hour| begun.iter().map(|day| of_hour(**day, hour)).sum::<usize>() as f64 / begun.len() as f64).collect()
}
