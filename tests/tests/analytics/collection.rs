//! What is taken from mini programs, and what is not.

use e2e::wait_for;
use serde_json::{Value, json};

use crate::cloud::{COLLECT, Cloud, DAY, MINUTE, batch, now, send};

/// Waits until an application has so many launches, and gives them time to become more.
#[track_caller]
fn exactly(cloud: &Cloud, key: &str, launches: u64) {
    wait_for("the launches", || (cloud.launches(key) >= launches).then_some(()));
    assert_eq!(cloud.launches(key), launches);
}

#[test]
fn a_batch_counts_once_however_often_it_is_sent() {
    let cloud = Cloud::start();
    let key = cloud.app("tea");
    let client = cloud.client();
    let days = cloud.days;
    let first = batch(&key, "a", &json!([{"start": days.at(1, 8, 0)}, {"start": days.at(1, 9, 0), "duration": 5000}]));
    for _ in 0..3 {
        let answer = client.call(COLLECT, first.clone()).data();
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!([])), "{answer}");
        assert!((answer["serverTime"].as_i64().expect("a time") - now()).abs() < MINUTE, "{answer}");
    }
    exactly(&cloud, &key, 2);
    // Once more after it was folded, and in a batch of its own, with a shorter and a longer time.
    client.call(COLLECT, first).data();
    send(&client, &key, "a", &json!([{"start": days.at(1, 8, 0), "duration": 7000}, {"start": days.at(1, 9, 0), "duration": 1000}]));
    let mean = || cloud.report("trend", &key, json!({"from": days.date(1), "to": days.date(1)}))["buckets"][0]["singleUseTime"].clone();
    wait_for("the longer time", || (mean() == json!(6000.0)).then_some(()));
    exactly(&cloud, &key, 2);
    // Another device with the same start is another session.
    send(&client, &key, "b", &json!([{"start": days.at(1, 8, 0)}]));
    exactly(&cloud, &key, 3);
}

#[test]
fn only_applications_of_the_space_are_counted() {
    let cloud = Cloud::start();
    let key = cloud.app("tea");
    let other = cloud.server.space("other");
    let events = json!([{"start": now()}]);
    let stranger = cloud.server.wire(&other).authorized();
    assert_eq!(stranger.call(COLLECT, batch(&key, "a", &events)).code(), "InvalidAppKey.NotFound");
    let client = cloud.client();
    for unknown in ["", "0123456789abcdef01234567", "x", "../x"] {
        assert_eq!(client.call(COLLECT, batch(unknown, "a", &events)).code(), "InvalidAppKey.NotFound", "`{unknown}`");
    }
    send(&client, &key, "a", &events);
    exactly(&cloud, &key, 1);
}

#[test]
fn what_is_no_batch_is_refused_as_a_whole() {
    let cloud = Cloud::start();
    let key = cloud.app("tea");
    let client = cloud.client();
    let good = || batch(&key, "a", &json!([{"start": now()}]));
    let spoilt = |spoil: &dyn Fn(&mut Value)| {
        let mut params = good();
        spoil(&mut params);
        params
    };
    let starts = |count: i64, channel: &str| -> Value {
        (0..count).map(|n| json!({"start": now() - n * 1000, "duration": 1000, "channel": channel})).collect()
    };
    // Quotation marks take two bytes each in JSON.
    let too_large = starts(500, &"\"".repeat(64));
    for (what, params) in [
        ("no batch id", spoilt(&|params| params["batch"] = Value::Null)),
        ("no device", spoilt(&|params| params["device"] = "".into())),
        ("a device with a space", spoilt(&|params| params["device"] = "a b".into())),
        ("a long device", spoilt(&|params| params["device"] = "a".repeat(65).into())),
        ("no time", spoilt(&|params| params["sentAt"] = Value::Null)),
        ("no list of events", spoilt(&|params| params["events"] = json!({}))),
        ("501 events", batch(&key, "a", &starts(501, ""))),
        ("more than 64 KiB", batch(&key, "a", &too_large)),
    ] {
        assert_eq!(client.call(COLLECT, params).code(), "InvalidParams.Format", "{what}");
    }
    assert_eq!(cloud.launches(&key), 0);
    send(&client, &key, "a", &starts(500, "poster"));
    exactly(&cloud, &key, 500);
}

#[test]
fn events_of_the_wrong_time_are_rejected_one_by_one() {
    let cloud = Cloud::start();
    let key = cloud.app("tea");
    let now = now();
    let events = json!([
        {"start": now - 31 * DAY},
        {"start": now - 29 * DAY},
        {"start": now + 11 * MINUTE},
        {"start": now + 5 * MINUTE},
        {"start": now - 60_000, "duration": -1},
    ]);
    let answer = cloud.client().call(COLLECT, batch(&key, "a", &events)).data();
    assert_eq!(answer["accepted"], 2, "{answer}");
    let rejected = json!([{"index": 0, "reason": "tooOld"}, {"index": 2, "reason": "inFuture"}, {"index": 4, "reason": "invalid"}]);
    assert_eq!(answer["rejected"], rejected, "{answer}");
    // The one of the next minutes is counted once its day has come, which is today but for midnight.
    wait_for("the launches", || (cloud.launches(&key) >= 2).then_some(()));
}

#[test]
fn a_device_whose_clock_is_off_is_told_the_time() {
    let cloud = Cloud::start();
    let key = cloud.app("tea");
    let client = cloud.client();
    for off in [-6 * MINUTE, 6 * MINUTE, -400 * DAY] {
        let mut params = batch(&key, "a", &json!([{"start": now() + off}]));
        params["sentAt"] = (now() + off).into();
        let answer = client.call(COLLECT, params).data();
        assert_eq!((&answer["clockOff"], &answer["accepted"]), (&json!(true), &json!(0)), "{answer}");
        assert_eq!(answer["rejected"], json!([]), "{answer}");
        assert!((answer["serverTime"].as_i64().expect("a time") - now()).abs() < MINUTE, "{answer}");
    }
    let mut params = batch(&key, "a", &json!([{"start": now()}]));
    params["sentAt"] = (now() - 4 * MINUTE).into();
    let answer = client.call(COLLECT, params).data();
    assert_eq!((&answer["clockOff"], &answer["accepted"]), (&Value::Null, &json!(1)), "{answer}");
    exactly(&cloud, &key, 1);
}

#[test]
fn mini_programs_tell_and_do_not_ask() {
    let cloud = Cloud::start();
    let key = cloud.app("tea");
    let client = cloud.client();
    for (method, params) in [
        ("analytics.apps.create", json!({"name": "mine"})),
        ("analytics.apps.list", json!({})),
        ("analytics.apps.get", json!({"appKey": key})),
        ("analytics.apps.update", json!({"appKey": key, "name": "mine"})),
        ("analytics.apps.delete", json!({"appKey": key})),
        ("analytics.channels", json!({"appKey": key})),
        ("analytics.export.list", json!({"appKey": key})),
        ("analytics.report.overview", json!({"appKey": key})),
        ("analytics.report.realtime", json!({"appKey": key})),
    ] {
        assert_eq!(client.call(method, params).code(), "InvalidMethod.Format", "{method}");
    }
    let apps = cloud.ask("analytics.apps.list", &json!({}));
    assert_eq!(apps["apps"].as_array().map(Vec::len), Some(1), "{apps}");
    assert_eq!(apps["apps"][0]["name"], "tea", "{apps}");
}

#[test]
fn a_client_that_floods_is_told_to_wait() {
    let cloud = Cloud::with("fold_seconds = 1, max_events_per_second = 100");
    let key = cloud.app("tea");
    let client = cloud.client();
    let mut taken = 0_u64;
    let mut told = None;
    for round in 0..40_i64 {
        let events: Value = (0..100_i64).map(|n| json!({"start": now() - (round * 100 + n) * 10})).collect();
        let answer = client.call(COLLECT, batch(&key, &format!("d{round}"), &events));
        if answer.envelope()["success"] == true {
            taken += 100;
        } else {
            told = Some(answer.code());
            break;
        }
    }
    assert_eq!(told.as_deref(), Some("Throttling.Api"), "{taken} were taken");
    exactly(&cloud, &key, taken);
}
