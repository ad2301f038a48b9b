//! The client package for statistics, in simulated mini programs with the official SDK, against a real server.

use std::fs::{self, File};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use e2e::{Server, Space, node, tests_folder, wait_for};
use serde_json::{Value, json};

/// The sessions that `clients/node/analyse.cjs` has, by the day they begin on: 0 is today, -1 yesterday.
const SESSIONS: [(i64, u64); 9] = [
    (-3, 135_000), // alipay
    (-3, 45_000),  // alipay
    (-3, 200_000), // wechat
    (-2, 20_000),  // alipay
    (0, 40_000),   // alipay
    (0, 60_000),   // wechat
    (0, 30_000),   // wechat
    (0, 0),        // wechat
    (0, 50_000),   // the late phone
];

struct App<'a> {
    server: &'a Server,
    space: Space,
    key: String,
}

impl App<'_> {
    fn call(&self, method: &str, mut params: Value) -> Value {
        params["appKey"] = json!(self.key);
        self.server.run_json(&["call", method, &params.to_string(), "--space", &self.space.id])
    }

    fn report(&self, name: &str, params: Value) -> Value {
        self.call(&format!("analytics.report.{name}"), params)
    }
}

/// The zone in which it is about noon, so that no day ends during the test: its name, and its hours ahead of UTC.
fn zone_of_noon() -> (String, i64) {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    let ahead = 12 - i64::try_from(seconds / 3600 % 24).expect("an hour");
    // Names of this kind have the opposite sign.
    let name = if ahead == 0 { "Etc/UTC".to_owned() } else { format!("Etc/GMT{:+}", -ahead) };
    (name, ahead)
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{value} is no number; {expected} was expected"));
    assert!((number - expected).abs() <= expected.abs() * 1e-12, "{number} is not {expected}");
}

fn sum(list: &Value, of: &str) -> u64 {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|one| one[of].as_u64().unwrap_or_default()).sum()
}

/// Checks a distribution, whatever its classes are.
#[track_caller]
fn spread(distribution: &Value, values: &[u64], count: &str, above: impl Fn(&Value, u64) -> bool) {
    let mut counted = 0;
    for class in distribution["classes"].as_array().unwrap_or_else(|| panic!("no classes: {distribution}")) {
        let from = class["from"].as_u64().expect("a class has a lowest value");
        let within = values.iter().filter(|&&value| value >= from && !above(class, value)).count();
        assert_eq!(class[count], json!(within), "{class}");
        counted += within;
    }
    assert_eq!(counted, values.len(), "{distribution}");
}

#[test]
fn the_tests_of_the_package_pass() {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let log = scratch.path().join("tests.tap");
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=tap", "test/"]).current_dir(tests_folder().join("../clients/analyse"));
    let mut tests = command.stdout(File::create(&log).expect("create the log")).spawn().expect("start node");
    let deadline = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = tests.try_wait().expect("wait for node") {
            break Some(status);
        }
        if Instant::now() > deadline {
            tests.kill().and_then(|()| tests.wait().map(drop)).expect("end node");
            break None;
        }
        thread::sleep(Duration::from_millis(50));
    };
    let log = fs::read_to_string(&log).expect("read the log");
    assert!(status.is_some_and(|status| status.success()), "{status:?} (none: it took too long)\n{log}");
    let passed: Option<u32> = log.lines().find_map(|line| line.strip_prefix("# pass ")?.trim().parse().ok());
    assert!(passed.is_some_and(|passed| passed > 0), "no test was run\n{log}");
}

#[test]
fn what_phones_do_is_what_reports_say() {
    let server = Server::with_config("[plugins.analytics]\nlibrary = \"analytics\"\nconfig = { fold_seconds = 1 }\n");
    let space = server.space("app");
    let (zone, ahead) = zone_of_noon();
    let create = json!({"name": "Tea", "platform": "alipay", "timeZone": zone}).to_string();
    let created = server.run_json(&["call", "analytics.apps.create", &create, "--space", &space.id]);
    let key = created["appKey"].as_str().unwrap_or_else(|| panic!("no AppKey: {created}")).to_owned();
    let mut config = server.sdk_config(&space);
    config["appKey"] = json!(key);
    config["zoneHours"] = json!(ahead);
    let lived = node("analyse.cjs", &config);
    let app = App { server: &server, space, key };

    assert_eq!(lived["said"], json!(["[SDK] -- 集成SDK成功", "[SDK] -- 集成SDK成功"]), "and no errors");
    assert_eq!(lived["collectedOffline"], 0, "without a network nothing arrived: {lived}");
    assert_eq!(lived["unheard"], 1, "an answer was lost: {lived}");
    assert_eq!(lived["waiting"], json!([0, 1, 0]), "what was killed in front waits for the next start: {lived}");
    let unknown = &lived["unknown"];
    assert_eq!(unknown["collected"], 1, "an unknown AppKey is tried once: {unknown}");
    assert!(unknown["errors"][0].as_str().is_some_and(|text| text.contains("AppKey nobodys")), "{unknown}");

    let day = |offset: i64| lived["days"][usize::try_from(offset + 3).expect("a day of the test")].clone();
    let range = json!({"from": day(-3), "to": day(0)});
    let trend = wait_for("counting all launches", || {
        let trend = app.report("trend", range.clone());
        (sum(&trend["buckets"], "launches") >= SESSIONS.len() as u64).then_some(trend)
    });
    trend_is_exact(&trend, &lived["days"]);
    distributions_are_exact(&app, &day(-3), &day(-2));
    retention_and_channels_are_exact(&app, &range, &day(-3));

    let realtime = app.report("realtime", json!({}));
    assert_eq!(realtime["date"], day(0), "{realtime}");
    assert_eq!((sum(&realtime["today"], "launches"), sum(&realtime["today"], "newUsers")), (5, 1), "{realtime}");
    assert_eq!(sum(&realtime["yesterday"], "launches"), 0, "{realtime}");
    let last = realtime["today"].as_array().and_then(|hours| hours.last()).unwrap_or_else(|| panic!("no hours: {realtime}"));
    assert_eq!(last["activeUsersSoFar"], 3, "{realtime}");
}

#[track_caller]
fn trend_is_exact(trend: &Value, days: &Value) {
    let buckets = trend["buckets"].as_array().unwrap_or_else(|| panic!("no buckets: {trend}"));
    let at: Vec<&Value> = buckets.iter().map(|bucket| &bucket["at"]).collect();
    assert_eq!(json!(at), *days, "{trend}");
    // New, active, returning and cumulative users.
    let users = [(2, 2, 0, 2), (0, 1, 1, 2), (0, 0, 0, 2), (1, 3, 2, 3)];
    for (offset, (bucket, (new, active, returning, cumulative))) in (-3..=0).zip(buckets.iter().zip(users)) {
        assert_eq!(bucket["newUsers"], new, "{bucket}");
        assert_eq!(bucket["activeUsers"], active, "{bucket}");
        assert_eq!(bucket["returningUsers"], returning, "{bucket}");
        assert_eq!(bucket["cumulativeUsers"], cumulative, "{bucket}");
        assert_eq!(bucket["complete"], offset < 0, "{bucket}");
        let times: Vec<u64> = SESSIONS.iter().filter(|(day, _)| *day == offset).map(|(_, time)| *time).collect();
        assert_eq!(bucket["launches"], times.len(), "{bucket}");
        if times.is_empty() {
            assert!(["dailyUseTime", "dailyLaunches", "singleUseTime"].iter().all(|figure| bucket[figure].is_null()), "{bucket}");
        } else {
            let (time, launches) = (times.iter().sum::<u64>() as f64, times.len() as f64);
            near(&bucket["dailyUseTime"], time / f64::from(active));
            near(&bucket["dailyLaunches"], launches / f64::from(active));
            near(&bucket["singleUseTime"], time / launches);
        }
    }
    near(&buckets[0]["nextDayRetention"], 0.5);
}

#[track_caller]
fn distributions_are_exact(app: &App<'_>, first: &Value, second: &Value) {
    let at_or_above = |class: &Value, value| class["below"].as_u64().is_some_and(|below| value >= below);
    for (per, average, times) in
        [("launch", 380_000.0 / 3.0, &[135_000, 45_000, 200_000][..]), ("user", 190_000.0, &[180_000, 200_000][..])]
    {
        let report = app.report("useTime", json!({"date": first, "per": per, "compare": [second]}));
        assert_eq!(report["total"], times.len(), "{report}");
        near(&report["average"], average);
        spread(&report, times, "count", at_or_above);
        let compared = &report["comparisons"][0];
        near(&compared["average"], 20_000.0);
        spread(compared, &[20_000], "count", at_or_above);
    }
    let frequency = app.report("frequency", json!({"date": first}));
    assert_eq!(frequency["users"], 2, "{frequency}");
    near(&frequency["average"], 1.5);
    spread(&frequency, &[2, 1], "users", |class, value| class["to"].as_u64().is_some_and(|to| value > to));
}

#[track_caller]
fn retention_and_channels_are_exact(app: &App<'_>, range: &Value, first: &Value) {
    let new = app.report("newUsers", range.clone());
    assert_eq!(new["total"], 3, "{new}");
    let next = &new["nextDayRetention"][0];
    assert_eq!((&next["date"], &next["newUsers"], &next["retained"]), (first, &json!(2), &json!(1)), "{next}");

    let list = app.report("channelList", range.clone());
    assert_eq!(list["count"], 2, "{list}");
    let rows: Vec<Value> = list["channels"].as_array().unwrap_or_else(|| panic!("no channels: {list}")).clone();
    let rows: Vec<Value> = rows.iter().map(|row| json!([row["channel"], row["newUsers"], row["activeUsers"], row["launches"]])).collect();
    assert_eq!(json!(rows), json!([["spring", 2, 2, 5], ["", 1, 1, 4]]), "the first channel stays: {list}");
    let hours = app.report("channelDay", json!({"date": first, "channels": ["spring", ""]}));
    assert_eq!(hours["total"], 2, "{hours}");
    assert_eq!((&hours["channels"][0]["hours"][10], &hours["channels"][1]["hours"][12]), (&json!(1), &json!(1)), "{hours}");
}
