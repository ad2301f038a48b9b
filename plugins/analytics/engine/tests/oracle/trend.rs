use serde_json::{Value, json};

use crate::ask;
use crate::period::Period;
use crate::raw::{Raw, rate};

pub fn trend(raw: &Raw, params: &Value) -> Option<Value> {
    ask::series(raw, params, |raw, buckets| {
        let begun = buckets.iter().filter(|bucket| raw.begun(bucket));
        json!({ "buckets": begun.map(|bucket| figures(raw, bucket)).collect::<Vec<_>>() })
    })
}

fn figures(raw: &Raw, bucket: &Period) -> Value {
    let (new, active, launches) = (raw.newcomers(bucket), raw.active(bucket), raw.launches(bucket).len());
    let time = raw.time(bucket) as usize;
    json!({
        "at": bucket.label(),
        "complete": raw.ended(bucket),
        "newUsers": new.len(),
        "activeUsers": active.len(),
        "launches": launches,
        "cumulativeUsers": raw.cumulative(bucket),
        "dailyUseTime": rate(time, raw.daily_active(bucket)),
        "dailyLaunches": rate(launches, raw.daily_active(bucket)),
        "returningUsers": active.difference(&new).count(),
        "nextDayRetention": if bucket.hour.is_some() { None } else { raw.retention(bucket) },
        "singleUseTime": rate(time, launches),
    })
}
