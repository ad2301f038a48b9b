use serde_json::{Value, json};

use crate::ask;
use crate::period::{Period, buckets, date};
use crate::raw::Raw;

pub fn channel_trend(raw: &Raw, params: &Value) -> Option<Value> {
    let (from, to) = ask::range(params)?;
    let (unit, figure) = (ask::unit(params), ask::text(params, "figure").unwrap_or("newUsers"));
    let asked = ask::names(params, 20).ok()?;
    if unit == "hour" {
        return None;
    }
    let all = buckets(unit, from, to);
    let whole = Period::days(all.first().unwrap().first, all.last().unwrap().last);
    let begun: Vec<&Period> = all.iter().filter(|bucket| raw.begun(bucket)).collect();
    let channels = asked.unwrap_or_else(|| raw.ranked(figure, &whole).into_iter().take(10).collect());
    let row = |channel: &String| {
        let users = raw.of_channel(Some(channel));
        json!({ "channel": channel, "values": begun.iter().map(|bucket| users.figure(figure, bucket)).collect::<Vec<_>>() })
    };
    Some(json!({
        "figure": figure,
        "unit": unit,
        "from": date(whole.first),
        "to": date(whole.last),
        "buckets": begun.iter().map(|bucket| date(bucket.first)).collect::<Vec<_>>(),
        "channels": channels.iter().map(row).collect::<Vec<_>>(),
    }))
}
