use serde_json::{Value, json};

use crate::ask;
use crate::period::Period;
use crate::raw::{Raw, rate};

pub fn launches(raw: &Raw, params: &Value) -> Option<Value> {
    ask::series(raw, params, |raw, buckets| {
        let begun: Vec<&Period> = buckets.iter().filter(|bucket| raw.begun(bucket)).collect();
        let total = begun.iter().map(|bucket| raw.launches(bucket).len()).sum();
        json!({
            "total": total,
            "buckets": begun.iter().map(|bucket| json!({
                "at": bucket.label(),
                "complete": raw.ended(bucket),
                "launches": raw.launches(bucket).len(),
                "share": rate(raw.launches(bucket).len(), total),
            })).collect::<Vec<_>>(),
        })
    })
}
