use serde_json::{Value, json};

use crate::ask;
use crate::period::{Period, date, sooner};
use crate::raw::{Raw, rate};

pub fn top(raw: &Raw, params: &Value) -> Option<Value> {
    let day = ask::day(params, "date").unwrap_or(raw.today);
    if day > raw.today {
        return None;
    }
    let before = sooner(day, 1);
    let ranking = |count: &dyn Fn(&Raw, &Period) -> usize| {
        let both = |raw: &Raw| (count(raw, &Period::day(day)), count(raw, &Period::day(before)));
        let (all, all_before) = both(raw);
        let share = |channel: &str, (users, users_before): (usize, usize)| {
            json!({
                "channel": channel,
                "users": users,
                "share": rate(users, all),
                "usersBefore": users_before,
                "shareBefore": rate(users_before, all_before),
            })
        };
        let of_channel = |channel: &&str| (channel.to_string(), both(&raw.of_channel(Some(channel))));
        let mut ranked: Vec<(String, (usize, usize))> = raw.channels().iter().map(of_channel).collect();
        ranked.retain(|(_, (users, _))| *users > 0);
        ranked.sort_by(|(one, (a, _)), (other, (b, _))| b.cmp(a).then(one.cmp(other)));
        ranked.truncate(10);
        let others = both(&raw.of_channels(|channel| ranked.iter().all(|(shown, _)| shown != channel)));
        json!({
            "channels": ranked.iter().map(|(channel, users)| share(channel, *users)).collect::<Vec<_>>(),
            "others": share("", others),
        })
    };
    Some(json!({
        "date": date(day),
        "newUsers": ranking(&|raw, day| raw.newcomers(day).len()),
        "activeUsers": ranking(&|raw, day| raw.active(day).len()),
        "cumulativeUsers": ranking(&|raw, day| raw.cumulative(day)),
    }))
}
