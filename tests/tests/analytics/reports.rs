//! Every report of an application with few events: `week.rs` has them.

use serde_json::{Value, json};

use crate::week::Week;

/// A field of each item of a list.
#[track_caller]
fn column(list: &Value, key: &str) -> Vec<Value> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|item| item[key].clone()).collect()
}

#[track_caller]
fn nearly(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

#[test]
fn every_report_has_the_figures_of_the_manual() {
    let week = Week::start();
    overview_and_today(&week);
    by_days(&week);
    coming_back(&week);
    distributions(&week);
    channels(&week);
    let listed = week.cloud.ask("analytics.channels", &json!({"appKey": week.key}));
    let mut names = listed["channels"].as_array().expect("a list").clone();
    names.retain(|name| name == "poster" || name == "friends");
    assert_eq!(names.len(), 2, "{listed}");
}

fn overview_and_today(week: &Week) {
    let overview = week.report("overview", json!({}));
    assert_eq!(overview["until"], week.days.date(1), "{overview}");
    nearly(&overview["newUsers"]["value"], 3.0 / 7.0);
    nearly(&overview["activeUsers"]["value"], 6.0 / 7.0);
    nearly(&overview["nextDayRetention"]["value"], 0.75);
    nearly(&overview["dailyUseTime"]["value"], (32_500.0 + 15_000.0 + 106_000.0) / 3.0);
    for (figure, value) in [("activeUsers7Days", 3.0), ("activeUsers30Days", 3.0), ("cumulativeUsers", 3.0)] {
        nearly(&overview[figure]["value"], value);
        assert_eq!(overview[figure]["previous"], 0.0, "{figure}: {overview}");
        assert_eq!(overview[figure]["change"], Value::Null, "{figure}: {overview}");
    }

    let today = week.report("realtime", json!({}));
    assert_eq!(today["date"], week.days.date(0), "{today}");
    nearly(&today["newUsers"]["value"], 1.0);
    nearly(&today["launches"]["value"], 2.0);
    nearly(&today["activeUsers"]["value"], 2.0);
    assert_eq!(today["today"][0]["activeUsersSoFar"], 2, "{today}");
    assert_eq!(today["yesterday"].as_array().map(Vec::len), Some(24), "{today}");
    assert_eq!(today["yesterday"][20]["launches"], 1, "{today}");
}

fn by_days(week: &Week) {
    let trend = week.report("trend", week.three_days());
    let buckets = &trend["buckets"];
    assert_eq!(column(buckets, "at"), [3, 2, 1].map(|ago| week.days.date(ago)));
    for (figure, values) in [
        ("newUsers", json!([2, 1, 0])),
        ("activeUsers", json!([2, 2, 2])),
        ("returningUsers", json!([0, 1, 2])),
        ("launches", json!([2, 2, 3])),
        ("cumulativeUsers", json!([2, 3, 3])),
        ("dailyUseTime", json!([32_500.0, 15_000.0, 106_000.0])),
        ("dailyLaunches", json!([1.0, 1.0, 1.5])),
        ("nextDayRetention", json!([0.5, 1.0, null])),
        ("complete", json!([true, true, true])),
    ] {
        assert_eq!(json!(column(buckets, figure)), values, "{figure}: {trend}");
    }
    nearly(&buckets[2]["singleUseTime"], 212_000.0 / 3.0);

    let mut params = week.three_days();
    params["channel"] = "poster".into();
    params["compare"] = "previous".into();
    let poster = week.report("trend", params);
    assert_eq!(json!(column(&poster["buckets"], "activeUsers")), json!([1, 1, 1]), "{poster}");
    assert_eq!(poster["comparison"]["from"], week.days.date(6), "{poster}");
    assert_eq!(json!(column(&poster["comparison"]["buckets"], "activeUsers")), json!([0, 0, 0]), "{poster}");

    let hours = week.report("trend", json!({"from": week.days.date(1), "to": week.days.date(1), "unit": "hour"}));
    let launched = column(&hours["buckets"], "launches");
    assert_eq!(launched.len(), 24, "{hours}");
    assert_eq!([8, 12, 20].map(|hour: usize| launched[hour].clone()), [json!(1), json!(1), json!(1)], "{hours}");
    assert_eq!(hours["buckets"][8]["at"], format!("{} 08", week.days.date(1)));

    let new = week.report("newUsers", week.three_days());
    assert_eq!((&new["total"], column(&new["buckets"], "newUsers")), (&json!(3), vec![json!(2), json!(1), json!(0)]), "{new}");
    assert_eq!(json!(column(&new["buckets"], "share")), json!([1.0, 0.5, 0.0]), "{new}");
    assert_eq!(json!(column(&new["nextDayRetention"], "retained")), json!([1, 1, null]), "{new}");

    let active = week.report("activeUsers", week.three_days());
    assert_eq!(active["total"], 3, "each once: {active}");
    assert_eq!(json!(column(&active["buckets"], "newUsers")), json!([2, 1, 0]), "{active}");
    nearly(&active["buckets"][2]["stickiness7Days"], 2.0 / 3.0);
    nearly(&active["byHour"][9], 2.0 / 3.0);
    let months = week.report("activeUsers", json!({"from": week.days.date(1), "to": week.days.date(1), "unit": "month"}));
    assert_eq!(months["unit"], "month");

    let launches = week.report("launches", week.three_days());
    assert_eq!(launches["total"], 7, "{launches}");
    nearly(&launches["buckets"][2]["share"], 3.0 / 7.0);
}

fn coming_back(week: &Week) {
    let new = week.report("retention", week.three_days());
    assert_eq!(new["periods"], json!([1, 2, 3, 4, 5, 6, 7, 14, 30]), "{new}");
    assert_eq!(json!(column(&new["rows"], "users")), json!([2, 1, 0]), "{new}");
    let none = Value::Null;
    let [first, second] = [0, 1].map(|row: usize| new["rows"][row]["retained"].as_array().expect("a list").clone());
    assert_eq!(first[..3], [json!(1), json!(1), none.clone()], "{new}");
    assert_eq!(second[..2], [json!(1), none.clone()], "{new}");
    assert_eq!(new["rows"][0]["rates"][0], 0.5, "{new}");
    let mut params = week.three_days();
    params["users"] = "active".into();
    let active = week.report("retention", params);
    assert_eq!(json!(column(&active["rows"], "users")), json!([2, 2, 2]), "{active}");
    assert_eq!(active["rows"][1]["retained"][0], 2, "{active}");
}

fn distributions(week: &Week) {
    let times = week.report("useTime", json!({"date": week.days.date(1), "compare": [week.days.date(3)]}));
    assert_eq!((&times["total"], &times["comparisons"][0]["total"]), (&json!(3), &json!(2)), "{times}");
    assert_eq!(json!(column(&times["classes"], "count")), json!([1, 0, 1, 0, 0, 1, 0, 0]), "{times}");
    nearly(&times["average"], 212_000.0 / 3.0);
    let users = week.report("useTime", json!({"date": week.days.date(1), "per": "user"}));
    assert_eq!(json!(column(&users["classes"], "count")), json!([1, 0, 0, 0, 0, 1, 0, 0]), "{users}");

    let often = week.report("frequency", json!({"date": week.days.date(1)}));
    assert_eq!((&often["users"], &often["average"]), (&json!(2), &json!(1.5)), "{often}");
    assert_eq!(json!(column(&often["classes"], "users")), json!([2, 0, 0, 0, 0, 0, 0]), "{often}");
    assert_eq!(
        week.cloud.refusal("analytics.report.useTime", &json!({"appKey": week.key, "date": week.days.date(0)})),
        "InvalidParams.Format"
    );
}

fn channels(week: &Week) {
    let top = week.report("channelTop", json!({"date": week.days.date(1)}));
    assert_eq!(column(&top["activeUsers"]["channels"], "channel"), ["friends", "poster"], "{top}");
    assert_eq!(column(&top["cumulativeUsers"]["channels"], "channel"), ["", "friends", "poster"], "{top}");
    assert_eq!(top["newUsers"]["channels"], json!([]), "{top}");

    let day = week.report("channelDay", json!({"date": week.days.date(3), "channels": ["poster", "nobody"]}));
    assert_eq!(day["total"], 2, "{day}");
    assert_eq!(json!(column(&day["channels"], "newUsers")), json!([1, 0]), "{day}");
    assert_eq!(day["channels"][0]["hours"][9], 1, "{day}");

    let list = week.report("channelList", week.three_days());
    assert_eq!(list["count"], 3, "{list}");
    assert_eq!(column(&list["channels"], "channel"), ["", "friends", "poster"], "{list}");
    let poster = &list["channels"][2];
    assert_eq!((&poster["activeUsers"], &poster["launches"]), (&json!(1), &json!(4)), "{list}");
    nearly(&poster["singleUseTime"], 75_000.0);
    nearly(&poster["dailyUseTime"], 100_000.0);

    let mut params = week.three_days();
    params["figure"] = "activeUsers".into();
    params["channels"] = json!(["poster", "friends"]);
    let trend = week.report("channelTrend", params);
    assert_eq!(json!(column(&trend["channels"], "values")), json!([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]), "{trend}");
}

#[test]
fn figures_are_the_same_after_a_restart() {
    let mut week = Week::start();
    // What a full hour more would change.
    let all = |week: &Week| -> Vec<Value> {
        week.reports().into_iter().filter(|(name, ..)| *name != "realtime").map(|(name, _, params)| week.report(name, params)).collect()
    };
    let before = all(&week);
    assert!(week.cloud.server.stop().success());
    week.cloud.server.restart();
    assert_eq!(all(&week), before, "after a stop");
    week.cloud.server.kill();
    week.cloud.server.restart();
    assert_eq!(all(&week), before, "after kill -9");
}
