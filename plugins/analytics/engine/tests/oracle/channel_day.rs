use serde_json::{Value, json};

use crate::ask;
use crate::period::{Period, date};
use crate::raw::Raw;

pub fn channel_day(raw: &Raw, params: &Value) -> Option<Value> {
    let day = ask::day(params, "date").unwrap();
    let asked = ask::names(params, 100).ok()?;
    if day > raw.today {
        return None;
    }
    let count = |users: &Raw, hour| users.newcomers(&Period { first: day, last: day, hour }).len();
    let channels = asked.unwrap_or_else(|| {
        let mut ranked: Vec<(usize, String)> =
            raw.channels().iter().map(|channel| (count(&raw.of_channel(Some(channel)), None), channel.to_string())).collect();
        ranked.retain(|(users, _)| *users > 0);
        ranked.sort_by(|(a, one), (b, other)| b.cmp(a).then(one.cmp(other)));
        ranked.into_iter().take(10).map(|(_, channel)| channel).collect()
    });
    let row = |channel: &String| {
        let users = raw.of_channel(Some(channel));
        json!({
            "channel": channel,
            "newUsers": count(&users, None),
            "hours": (0..24).map(|hour| count(&users, Some(hour))).collect::<Vec<_>>(),
        })
    };
    Some(json!({
        "date": date(day),
        "total": raw.newcomers(&Period::day(day)).len(),
        "channels": channels.iter().map(row).collect::<Vec<_>>(),
    }))
}
