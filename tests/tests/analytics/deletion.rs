//! What is deleted is gone.

use e2e::wait_for;
use serde_json::{Value, json};

use crate::cloud::{COLLECT, Cloud, batch, now, send};

/// The collections that analytics keeps records in.
const RECORDS: [&str; 3] = ["analyticsApps", "analyticsPending", "analyticsManifests"];

/// Where an application, or its name, is still mentioned.
fn mentions(cloud: &Cloud, what: &str) -> Vec<&'static str> {
    let records = |collection: &str| {
        let find = json!({"collection": collection, "command": "find", "query": {}, "options": {"limit": 500}});
        cloud.look("serverless.db.default.execute", find)
    };
    let files = || cloud.look("storage.list", json!({"prefix": "analytics/", "limit": 1000}));
    let mut found: Vec<&'static str> = RECORDS.into_iter().filter(|collection| records(collection).to_string().contains(what)).collect();
    if files().to_string().contains(what) {
        found.push("storage");
    }
    found
}

/// Makes an application with events, folded ones and others.
fn filled(cloud: &Cloud, name: &str) -> String {
    let key = cloud.app(name);
    let client = cloud.client();
    send(&client, &key, "a", &json!([{"start": now() - 1000}]));
    wait_for("the fold", || mentions(cloud, &key).contains(&"storage").then_some(()));
    send(&client, &key, "a", &json!([{"start": now() - 500}]));
    key
}

/// Only the mark of an application may be left, without its name.
fn gone(cloud: &Cloud, key: &str, name: &str) {
    wait_for("the end of the files and the records", || {
        let left = mentions(cloud, key);
        left.iter().all(|place| *place == "analyticsApps").then_some(())
    });
    assert!(!mentions(cloud, name).contains(&"analyticsApps"), "its name is gone");
}

#[test]
fn a_deleted_application_is_refused_and_leaves_nothing() {
    let cloud = Cloud::start();
    let (key, other) = (filled(&cloud, "forgotten-tea"), filled(&cloud, "kept-coffee"));
    cloud.ask("analytics.apps.delete", &json!({"appKey": key}));
    gone(&cloud, &key, "forgotten-tea");
    for method in
        ["analytics.apps.get", "analytics.apps.delete", "analytics.report.overview", "analytics.channels", "analytics.export.list"]
    {
        assert_eq!(cloud.refusal(method, &json!({"appKey": key})), "InvalidAppKey.NotFound", "{method}");
    }
    let events = json!([{"start": now()}]);
    assert_eq!(cloud.client().call(COLLECT, batch(&key, "a", &events)).code(), "InvalidAppKey.NotFound");
    let apps = cloud.ask("analytics.apps.list", &json!({}));
    assert_eq!(apps["apps"].as_array().into_iter().flatten().map(|app| &app["appKey"]).collect::<Vec<&Value>>(), [&json!(other)]);
    wait_for("the other one's launches", || (cloud.launches(&other) == 2).then_some(()));
}

#[test]
fn a_deleted_space_leaves_no_statistics() {
    let mut cloud = Cloud::start();
    let key = filled(&cloud, "gone-with-its-space");
    let deleted = std::mem::replace(&mut cloud.space, cloud.server.space("other"));
    let other = filled(&cloud, "stays");
    cloud.server.run(&["space", "delete", &deleted.id, "--yes"]).succeeded();
    gone(&cloud, &key, "gone-with-its-space");
    wait_for("the other space's launches", || (cloud.launches(&other) == 2).then_some(()));
}
