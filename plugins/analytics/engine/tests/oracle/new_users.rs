use serde_json::{Value, json};

use crate::ask;
use crate::period::{Period, date, days};
use crate::raw::{Raw, rate};

pub fn new_users(raw: &Raw, params: &Value) -> Option<Value> {
    ask::series(raw, params, |raw, buckets| {
        let begun: Vec<&Period> = buckets.iter().filter(|bucket| raw.begun(bucket)).collect();
        let by_hours = buckets.iter().any(|bucket| bucket.hour.is_some());
        let all = days(buckets.first().unwrap().first, buckets.last().unwrap().last);
        let all = all.filter(|day| !by_hours && *day <= raw.today);
        json!({
            "total": begun.iter().map(|bucket| raw.newcomers(bucket).len()).sum::<usize>(),
            "buckets": begun.iter().map(|bucket| json!({
                "at": bucket.label(),
                "complete": raw.ended(bucket),
                "newUsers": raw.newcomers(bucket).len(),
                "share": rate(raw.newcomers(bucket).len(), raw.active(bucket).len()),
            })).collect::<Vec<_>>(),
            "nextDayRetention": all.map(|day| json!({
                "date": date(day),
                "newUsers": raw.newcomers(&Period::day(day)).len(),
                "retained": raw.next_day(day).map(|(_, retained)| retained),
                "rate": raw.next_day(day).and_then(|(new, retained)| rate(retained, new)),
            })).collect::<Vec<_>>(),
        })
    })
}
