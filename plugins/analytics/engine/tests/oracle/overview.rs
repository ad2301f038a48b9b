use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::period::{Period, date, days, sooner};
use crate::raw::{Raw, change, rate};

pub fn overview(raw: &Raw, _: &Value) -> Option<Value> {
    let until = sooner(raw.today, 1);
    let [now, before] = [figures(raw, until), figures(raw, sooner(until, 7))];
    let names = ["newUsers", "nextDayRetention", "activeUsers", "dailyUseTime", "activeUsers7Days", "cumulativeUsers", "activeUsers30Days"];
    let mut reply = json!({ "until": date(until) });
    for (name, (now, before)) in names.into_iter().zip(now.into_iter().zip(before)) {
        reply[name] = change(now, before);
    }
    Some(reply)
}

fn figures(raw: &Raw, until: NaiveDate) -> [Option<f64>; 7] {
    let week = Period::days(sooner(until, 6), until);
    let daily = |figure: &dyn Fn(&Period) -> Option<f64>| {
        let known: Vec<f64> = days(week.first, week.last).filter_map(|day| figure(&Period::day(day))).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    let retention = |day: &Period| {
        let before = sooner(day.first, 1);
        let next_day: Vec<usize> = raw.active(day).into_iter().filter(|device| raw.first[device].day == before).collect();
        rate(next_day.len(), raw.newcomers(&Period::day(before)).len())
    };
    [
        daily(&|day| Some(raw.newcomers(day).len() as f64)),
        daily(&retention),
        daily(&|day| Some(raw.active(day).len() as f64)),
        daily(&|day| rate(raw.time(day) as usize, raw.active(day).len())),
        Some(raw.active(&week).len() as f64),
        Some(raw.cumulative(&week) as f64),
        Some(raw.active(&Period::days(sooner(until, 29), until)).len() as f64),
    ]
}
