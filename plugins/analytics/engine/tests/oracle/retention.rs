use serde_json::{Value, json};

use crate::ask;
use crate::period::{Period, after, buckets, date};
use crate::raw::{Raw, rate};

pub fn retention(raw: &Raw, params: &Value) -> Option<Value> {
    let (from, to) = ask::range(params)?;
    let unit = ask::unit(params);
    let users = ask::text(params, "users").unwrap_or("new");
    let periods: &[u32] = match unit {
        "hour" => return None,
        "day" => &[1, 2, 3, 4, 5, 6, 7, 14, 30],
        _ => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    };
    let raw = raw.of_channel(ask::text(params, "channel"));
    let all = buckets(unit, from, to);
    let row = |bucket: &Period| {
        let of = if users == "new" { raw.newcomers(bucket) } else { raw.active(bucket) };
        let retained = |period: &u32| {
            let then = after(unit, bucket.first, *period);
            raw.ended(&then).then(|| raw.active(&then).intersection(&of).count())
        };
        let retained: Vec<Option<usize>> = periods.iter().map(retained).collect();
        json!({
            "at": date(bucket.first),
            "users": of.len(),
            "retained": retained,
            "rates": retained.iter().map(|retained| retained.and_then(|retained| rate(retained, of.len()))).collect::<Vec<_>>(),
        })
    };
    Some(json!({
        "unit": unit,
        "users": users,
        "from": date(all.first().unwrap().first),
        "to": date(all.last().unwrap().last),
        "periods": periods,
        "rows": all.iter().filter(|bucket| raw.begun(bucket)).map(row).collect::<Vec<_>>(),
    }))
}
