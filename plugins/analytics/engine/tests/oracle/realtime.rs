use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::period::{Period, date, sooner};
use crate::raw::{Device, Raw, change};

pub fn realtime(raw: &Raw, _: &Value) -> Option<Value> {
    let (today, yesterday) = (raw.today, sooner(raw.today, 1));
    let both = |figure: &dyn Fn(NaiveDate) -> Option<usize>| {
        change(figure(today).map(|figure| figure as f64), figure(yesterday).map(|figure| figure as f64))
    };
    let last_hour = raw.hour.checked_sub(1);
    Some(json!({
        "date": date(today),
        "untilHour": raw.hour,
        "newUsers": both(&|day| Some((0..raw.hour).map(|hour| raw.newcomers(&at(day, hour)).len()).sum())),
        "launches": both(&|day| Some((0..raw.hour).map(|hour| raw.launches(&at(day, hour)).len()).sum())),
        "activeUsers": both(&|day| Some(until(raw, day, raw.hour).len())),
        "hourActiveUsers": both(&|day| last_hour.map(|hour| raw.active(&at(day, hour)).len())),
        "today": (0..=raw.hour).map(|hour| of_hour(raw, today, hour)).collect::<Vec<_>>(),
        "yesterday": (0..24).map(|hour| of_hour(raw, yesterday, hour)).collect::<Vec<_>>(),
    }))
}

fn at(day: NaiveDate, hour: u32) -> Period {
    Period { first: day, last: day, hour: Some(hour) }
}

/// The devices that launched before an hour of a day.
fn until(raw: &Raw, day: NaiveDate, hour: u32) -> BTreeSet<Device> {
    (0..hour).flat_map(|hour| raw.active(&at(day, hour))).collect()
}

fn of_hour(raw: &Raw, day: NaiveDate, hour: u32) -> Value {
    json!({
        "hour": hour,
        "newUsers": raw.newcomers(&at(day, hour)).len(),
        "launches": raw.launches(&at(day, hour)).len(),
        "activeUsers": raw.active(&at(day, hour)).len(),
        "activeUsersSoFar": until(raw, day, hour + 1).len(),
    })
}
