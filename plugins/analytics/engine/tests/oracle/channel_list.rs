use serde_json::{Value, json};

use crate::ask;
use crate::period::{Period, date};
use crate::raw::Raw;

pub fn channel_list(raw: &Raw, params: &Value) -> Option<Value> {
    let (from, to) = ask::range(params)?;
    let range = Period::days(from, to);
    let limit = params.get("limit").map_or(10, |limit| limit.as_u64().unwrap() as usize);
    let asked = ask::names(params, 2_002).ok()?;
    if limit > 2_002 {
        return None;
    }
    let ranked = raw.ranked(ask::text(params, "sort").unwrap_or("newUsers"), &range);
    let shown = asked.unwrap_or_else(|| ranked.iter().take(limit).cloned().collect());
    let others = raw.of_channels(|channel| shown.iter().all(|shown| shown != channel));
    Some(json!({
        "from": date(from),
        "to": date(to),
        "count": ranked.len(),
        "channels": shown.iter().map(|channel| row(channel, &raw.of_channel(Some(channel)), &range)).collect::<Vec<_>>(),
        "others": row("", &others, &range),
    }))
}

fn row(channel: &str, users: &Raw, range: &Period) -> Value {
    let mut row = json!({ "channel": channel });
    for figure in ["newUsers", "activeUsers", "launches", "singleUseTime", "dailyUseTime", "nextDayRetention"] {
        row[figure] = json!(users.figure(figure, range));
    }
    row
}
