//! `mpcloud analytics`, as people and scripts use it.

use std::fs;

use e2e::{Finished, wait_for};
use serde_json::{Value, json};

use crate::cloud::{Cloud, send};
use crate::week::Week;

#[test]
fn applications() {
    let cloud = Cloud::start();
    let run = |arguments: &[&str]| cloud.server.run(&[&["analytics", "app"], arguments, &["--space", &cloud.space.id]].concat());
    let json_of = |arguments: &[&str]| run(&[arguments, &["--json"]].concat()).succeeded().json();
    let human = run(&["create", "茶"]).succeeded().stdout;
    let app = json_of(&["list"])["apps"][0].clone();
    let key = app["appKey"].as_str().expect("an AppKey");
    for says in [key, "Asia/Shanghai", "MPAnalyse.init", "MPAnalyse.resume", "MPAnalyse.pause"] {
        assert!(human.contains(says), "`{says}` is not in: {human}");
    }
    assert_eq!((&app["name"], &app["timeZone"]), (&json!("茶"), &json!("Asia/Shanghai")), "{app}");

    let created = json_of(&["create", "tea", "--platform", "wechat", "--time-zone", "Europe/Berlin"]);
    let other = created["appKey"].as_str().expect("an AppKey");
    assert_eq!((&created["platform"], &created["timeZone"]), (&json!("wechat"), &json!("Europe/Berlin")), "{created}");
    assert_eq!(json_of(&["show", other]), created);
    let table = run(&["list"]).succeeded().stdout;
    assert!(table.starts_with("APP KEY") && table.contains(key) && table.contains("wechat"), "{table}");

    run(&["update", other, "--name", "coffee", "--time-zone", "America/New_York"]).succeeded();
    let shown = run(&["show", other]).succeeded().stdout;
    assert!(shown.contains("coffee") && shown.contains("America/New_York"), "{shown}");
    for (arguments, says) in [
        (&["create", "x", "--time-zone", "Mars/Base"][..], "Mars/Base"),
        (&["create", ""], "name"),
        (&["show", "nothing"], "mpcloud analytics app list"),
        (&["delete", "nothing", "--yes"], "InvalidAppKey.NotFound"),
    ] {
        let refused = run(arguments).failed();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(says), "`{says}` is not in: {refused:?}");
    }
    assert_eq!(run(&["update", other]).failed().code, Some(2));

    assert_eq!(json_of(&["delete", other, "--yes"]), json!({"appKey": other}));
    run(&["show", other]).failed();
    assert_eq!(json_of(&["list"])["apps"].as_array().map(Vec::len), Some(1));
}

#[test]
fn reports_are_tables_json_and_csv() {
    let week = Week::start();
    for (method, name, params) in week.reports() {
        let json = show(&week, name, &params, &["--json"]).succeeded().json();
        if name != "realtime" {
            assert_eq!(json, week.report(method, params.clone()), "{name}");
        }
        let table = show(&week, name, &params, &[]).succeeded().stdout;
        assert!(table.lines().count() > 2, "{name}: {table}");
        assert!(!table.contains("null") && !table.contains('{'), "{name}: {table}");
        let csv = show(&week, name, &params, &["--csv"]).succeeded().stdout;
        assert!(csv.lines().count() > 1 && csv.contains(','), "{name}: {csv}");
    }
    let trend = show(&week, "trend", &week.three_days(), &[]).succeeded().stdout;
    for says in ["1m 46s", "50.0%", &week.days.date(2), "CUMULATIVE"] {
        assert!(trend.contains(says), "`{says}` is not in: {trend}");
    }
    // Without dates, yesterday is the last day, and the defaults are the same.
    let usual = show(&week, "launches", &json!({}), &["--json"]).succeeded().json();
    assert_eq!((&usual["from"], &usual["to"]), (&json!(week.days.date(7)), &json!(week.days.date(1))), "{usual}");
    let last = show(&week, "launches", &json!({}), &["--last", "2", "--json"]).succeeded().json();
    assert_eq!(last["from"], week.days.date(2), "{last}");
    let day = show(&week, "use-time", &json!({}), &["--json"]).succeeded().json();
    assert_eq!(day["date"], week.days.date(1), "{day}");
    let top = show(&week, "channel-top", &json!({}), &["--json"]).succeeded().json();
    assert_eq!(top["date"], week.days.date(0), "{top}");
    let today = show(&week, "launches", &json!({}), &["--from", &week.days.date(0), "--json"]).succeeded().json();
    assert_eq!((&today["to"], &today["total"]), (&json!(week.days.date(0)), &json!(2)), "{today}");
    let weeks = show(&week, "launches", &json!({}), &["--unit", "week", "--json"]).succeeded().json();
    assert_eq!(weeks["buckets"].as_array().map(Vec::len), Some(8), "{weeks}");
    assert_eq!(weeks["buckets"][7]["complete"], true, "{weeks}");
    let months = show(&week, "launches", &json!({}), &["--unit", "month", "--json"]).succeeded().json();
    assert_eq!(months["buckets"].as_array().map(Vec::len), Some(6), "{months}");
    assert_eq!(months["buckets"][5]["complete"], true, "{months}");
    let beside = show(&week, "use-time", &json!({}), &["--compare", "week", "--json"]).succeeded().json();
    assert_eq!(beside["comparisons"][0]["date"], week.days.date(8), "{beside}");
    let compared = show(&week, "trend", &week.three_days(), &["--compare", "week"]).succeeded().stdout;
    assert!(compared.contains(&format!("compared with {}", week.days.date(10))), "{compared}");
    let channels = week.cloud.server.run(&["analytics", "channels", "--app", &week.key, "--space", &week.cloud.space.id]).succeeded();
    assert!(channels.stdout.contains("poster") && channels.stdout.contains("friends"), "{channels:?}");
}

#[test]
fn channels_are_named_as_tables_show_them_and_mistyped_ones_are_told() {
    let week = Week::start();
    let launches = |arguments: &[&str]| {
        let shown = show(&week, "launches", &week.three_days(), &[arguments, &["--json"]].concat()).succeeded();
        (shown.json()["total"].clone(), shown.stderr)
    };
    assert_eq!(launches(&["--channel", "poster"]), (json!(4), String::new()));
    assert_eq!(launches(&["--channel", "(none)"]), (json!(1), String::new()));
    let (total, told) = launches(&["--channel", "Poster"]);
    assert_eq!(total, 0);
    assert!(told.contains("`Poster`") && told.contains("mpcloud analytics channels"), "{told}");

    send(&week.cloud.client(), &week.key, "e", &json!([{"start": week.days.at(1, 6, 0), "channel": "a,b"}]));
    wait_for("the launch", || (week.cloud.launches(&week.key) == 10).then_some(()));
    let chosen = ["--channels", "a,b", "--channels", "(none)", "--channels", "poster", "--channels", "flyer"];
    let list = show(&week, "channel-list", &week.three_days(), &[&chosen[..], &["--json"]].concat()).succeeded();
    let named: Vec<Value> = list.json()["channels"].as_array().expect("a list").iter().map(|row| row["channel"].clone()).collect();
    assert!(named.len() == 4 && ["a,b", "", "poster", "flyer"].iter().all(|name| named.contains(&json!(name))), "{named:?}");
    assert!(list.stderr.contains("`flyer`") && !list.stderr.contains("`a,b`"), "{list:?}");
    let table = show(&week, "channel-list", &week.three_days(), &chosen).succeeded().stdout;
    assert!(table.contains("(none)") && table.contains("(all others)"), "{table}");
}

#[test]
fn csv_goes_to_a_file_that_is_not_replaced_unasked() {
    let week = Week::start();
    let file = week.cloud.server.scratch("trend.csv");
    let path = file.to_string_lossy();
    let csv = show(&week, "trend", &week.three_days(), &["--csv"]).succeeded().stdout;
    let written = show(&week, "trend", &week.three_days(), &["--csv", "--output", &path, "--json"]).succeeded().json();
    assert_eq!(written["file"], *path, "{written}");
    assert_eq!(fs::read_to_string(&file).expect("read the file").trim(), csv.trim());
    fs::write(&file, "mine").expect("write a file");
    let refused = show(&week, "trend", &week.three_days(), &["--csv", "--output", &path]).failed();
    assert!(refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).expect("read the file"), "mine");
    show(&week, "trend", &week.three_days(), &["--csv", "--output", &path, "--force"]).succeeded();
    assert_eq!(fs::read_to_string(&file).expect("read the file").trim(), csv.trim());
}

#[test]
fn wrong_usage_is_told_from_failures() {
    let week = Week::start();
    for (name, arguments) in [
        ("trend", &["--unit", "year"][..]),
        ("trend", &["--from", "2026-02-30"]),
        ("trend", &["--compare", "yesterday"]),
        ("use-time", &["--compare", "previous"]),
        ("trend", &["--csv", "--json"]),
        ("trend", &["--output", "x"]),
        ("overview", &["--last", "3"]),
        ("retention", &["--unit", "hour"]),
        ("channel-list", &["--figure", "beauty"]),
        ("nothing", &[]),
    ] {
        let refused = show(&week, name, &json!({}), arguments).failed();
        assert_eq!(refused.code, Some(2), "{name} {arguments:?}: {refused:?}");
    }
    for (name, arguments) in [
        ("trend", &["--from", "2026-02-01", "--to", "2026-01-01"][..]),
        ("trend", &["--from", "2020-01-01", "--to", "2026-01-01"]),
        ("trend", &["--unit", "hour", "--last", "8"]),
        ("use-time", &["--date", &week.days.date(0)]),
    ] {
        let refused = show(&week, name, &json!({}), arguments).failed();
        assert_eq!(refused.code, Some(1), "{name} {arguments:?}: {refused:?}");
        assert!(refused.stderr.contains("InvalidParams.Format"), "{name} {arguments:?}: {refused:?}");
    }
    let busy = ["analytics", "app", "update", &week.key, "--time-zone", "Asia/Tokyo", "--space", &week.cloud.space.id];
    week.cloud.server.run(&busy).failed();
}

/// Runs a report with parameters of a method as options, and with more options.
fn show(week: &Week, name: &str, params: &Value, more: &[&str]) -> Finished {
    let mut arguments = vec!["analytics", "report", name, "--app", &week.key, "--space", &week.cloud.space.id];
    let options: Vec<(String, &str)> =
        params.as_object().into_iter().flatten().filter_map(|(key, value)| Some((format!("--{key}"), value.as_str()?))).collect();
    for (option, value) in &options {
        arguments.extend([option.as_str(), value]);
    }
    arguments.extend(more);
    week.cloud.server.run(&arguments)
}
