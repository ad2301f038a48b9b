//! The questions that reports are asked: each of the 13, with ranges from a day to all days.

use analytics_engine::report::{
    active_users, channel_day, channel_list, channel_top, channel_trend, frequency, launches, new_users, overview, realtime, retention,
    trend, use_time,
};
use analytics_engine::{Day, Snapshot};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Result;

/// A report and its parameters.
pub struct Question {
    pub report: &'static str,
    pub params: Value,
}

impl Question {
    /// The answer, as JSON text.
    pub fn answer(&self, snapshot: &Snapshot) -> Result<Vec<u8>> {
        macro_rules! of {
            ($report:path) => {
                text(&$report(snapshot, &serde_json::from_value(self.params.clone())?)?)
            };
        }
        match self.report {
            "overview" => text(&overview::overview(snapshot)),
            "trend" => of!(trend::trend),
            "realtime" => text(&realtime::realtime(snapshot)),
            "newUsers" => of!(new_users::new_users),
            "activeUsers" => of!(active_users::active_users),
            "launches" => of!(launches::launches),
            "retention" => of!(retention::retention),
            "useTime" => of!(use_time::use_time),
            "frequency" => of!(frequency::frequency),
            "channelTop" => of!(channel_top::top),
            "channelDay" => of!(channel_day::channel_day),
            "channelList" => of!(channel_list::channel_list),
            "channelTrend" => of!(channel_trend::channel_trend),
            other => Err(format!("no report is named {other}").into()),
        }
    }
}

fn text(report: &impl Serialize) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(report)?)
}

/// The questions, for a state whose days are these.
pub fn all(first: Day, today: Day) -> Vec<Question> {
    let yesterday = today.plus(-1);
    let last = |days: i32| json!({"from": today.plus(1 - days).max(first), "to": today});
    let with = |range: Value, more: Value| {
        let mut params = range;
        if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
            params.extend(more);
        }
        params
    };
    let everything = json!({"from": first, "to": today});
    let series = || {
        vec![
            last(7),
            last(30),
            everything.clone(),
            with(last(30), json!({"compare": "previous"})),
            with(last(90), json!({"channel": "search"})),
            with(everything.clone(), json!({"channel": "search"})),
            with(everything.clone(), json!({"unit": "week"})),
            with(everything.clone(), json!({"unit": "month"})),
            with(last(1), json!({"unit": "hour"})),
            with(last(7), json!({"unit": "hour"})),
        ]
    };
    let retention = || {
        let whose = |users: &'static str| {
            [
                with(last(30), json!({"users": users})),
                with(everything.clone(), json!({"users": users})),
                with(last(90), json!({"users": users, "channel": "search"})),
                with(everything.clone(), json!({"users": users, "unit": "week"})),
                with(everything.clone(), json!({"users": users, "unit": "month"})),
            ]
        };
        ["new", "active"].into_iter().flat_map(whose).collect()
    };
    let earlier = |days: i32| yesterday.plus(-days).max(first);
    let compare: Vec<Day> = (1..=10).map(|week| earlier(week * 7)).collect();
    let use_time = || {
        let per = |per: &'static str| {
            [json!({"date": yesterday, "per": per}), json!({"date": earlier(100), "per": per}), {
                json!({"date": yesterday, "per": per, "compare": compare})
            }]
        };
        ["launch", "user"].into_iter().flat_map(per).collect()
    };
    let frequency = || {
        let unit = |unit: &'static str| {
            [json!({"date": yesterday, "unit": unit}), json!({"date": yesterday, "unit": unit, "compare": [earlier(31), earlier(62)]})]
        };
        ["day", "week", "month"].into_iter().flat_map(unit).collect()
    };
    let of_channels = || vec![last(1), last(7), last(30), last(90), everything.clone()];
    let channel_trend = || {
        vec![
            last(30),
            everything.clone(),
            with(everything.clone(), json!({"figure": "activeUsers"})),
            with(everything.clone(), json!({"figure": "activeUsers", "unit": "week"})),
            with(everything.clone(), json!({"figure": "activeUsers", "unit": "month"})),
            with(last(90), json!({"figure": "dailyUseTime"})),
            with(everything.clone(), json!({"figure": "nextDayRetention", "unit": "week"})),
        ]
    };
    let days = || [0, 1, 30, 200].map(|days| json!({"date": today.plus(-days).max(first)})).to_vec();
    let reports: [(&str, Vec<Value>); 13] = [
        ("overview", vec![json!({})]),
        ("trend", series()),
        ("realtime", vec![json!({})]),
        ("newUsers", series()),
        ("activeUsers", series()),
        ("launches", series()),
        ("retention", retention()),
        ("useTime", use_time()),
        ("frequency", frequency()),
        ("channelTop", days()),
        ("channelDay", days()),
        ("channelList", of_channels()),
        ("channelTrend", channel_trend()),
    ];
    reports.into_iter().flat_map(|(report, all)| all.into_iter().map(move |params| Question { report, params })).collect()
}
