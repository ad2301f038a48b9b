//! Applications, and reports of them.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sdk_plugin::codes;

use super::*;
use crate::reports::METHODS;
use crate::testing::Fate;

async fn create(node: &Node, app: Value) -> Result<crate::apps::App> {
    node.create_app("space", serde_json::from_value(app).unwrap()).await
}

#[tokio::test]
async fn applications_are_made_listed_and_changed() {
    let world = World::with(json!({"max_apps_per_space": 3})).await;
    let node = world.node();
    let app = create(&node, json!({"name": " Shop ", "platform": "wechat", "timeZone": "Europe/Berlin"})).await.unwrap();
    let shown = serde_json::to_value(&app).unwrap();
    assert_eq!(shown, json!({"appKey": app.key, "name": "Shop", "platform": "wechat", "timeZone": "Europe/Berlin", "createdAt": NOON}));
    for wrong in
        [json!({"name": " "}), json!({"name": "a\nb"}), json!({"name": "a", "timeZone": "Mars"}), json!({"name": "a", "platform": "a b"})]
    {
        assert_eq!(create(&node, wrong).await.unwrap_err().code(), "InvalidParams.Format");
    }
    create(&node, json!({"name": "Third"})).await.unwrap();
    assert_eq!(create(&node, json!({"name": "Fourth"})).await.unwrap_err().code(), crate::errors::TOO_MANY_APPS);
    assert_eq!(node.apps.list("space").await.unwrap().len(), 3);
    assert!(node.apps.list("other").await.unwrap().is_empty());
    let change = |change: Value| serde_json::from_value(change).unwrap();
    let renamed = node.update_app("space", change(json!({"appKey": app.key, "name": "New", "timeZone": "UTC"}))).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.time_zone.as_str()), ("New", "UTC"));
    assert_eq!(node.update_app("space", change(json!({"appKey": app.key}))).await.unwrap_err().code(), "InvalidParams.Format");
    assert_eq!(node.update_app("other", change(json!({"appKey": app.key, "name": "x"}))).await.unwrap_err().code(), crate::errors::NO_APP);
}

#[tokio::test]
async fn the_time_zone_stays_once_there_is_data() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    let zone = || serde_json::from_value(json!({"appKey": world.app, "timeZone": "UTC"})).unwrap();
    assert_eq!(node.update_app("space", zone()).await.unwrap_err().code(), "Conflict");
    node.round().await.unwrap();
    assert_eq!(node.update_app("space", zone()).await.unwrap_err().code(), "Conflict");
    let same = serde_json::from_value(json!({"appKey": world.app, "timeZone": "Asia/Shanghai", "name": "B"})).unwrap();
    assert_eq!(node.update_app("space", same).await.unwrap().name, "B");
}

#[tokio::test]
async fn a_zone_that_changes_during_the_first_fold_is_set_back() {
    let mut world = World::new().await;
    let (node, other) = (world.node(), world.node());
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    let app = node.apps.fetch(&world.app).await.unwrap().unwrap();
    other.apps.update("space", &serde_json::from_value(json!({"appKey": world.app, "timeZone": "UTC"})).unwrap()).await.unwrap();
    node.pass(&app).await.unwrap();
    assert_eq!(other.apps.fetch(&world.app).await.unwrap().unwrap().time_zone, "Asia/Shanghai");
    world.check(&world.node(), "").await;
}

fn report(world: &World, method: &str, mut params: Value) -> Call {
    params["appKey"] = world.app.clone().into();
    Call::json("space", method, &params).unwrap()
}

#[tokio::test]
async fn every_report_is_answered_as_json_and_as_csv() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "shop"), (NOON - DAY, 1, "shop")])).await;
    for method in METHODS {
        let name = method.strip_prefix("analytics.report.").unwrap();
        let params = match name {
            "overview" | "realtime" | "channelTop" => json!({}),
            "useTime" | "frequency" | "channelDay" => json!({"date": "2026-11-25"}),
            "channelTrend" => json!({"from": "2026-11-20", "to": "2026-11-26", "figure": "newUsers"}),
            _ => json!({"from": "2026-11-20", "to": "2026-11-26"}),
        };
        let json: Value = node.report(&report(&world, method, params.clone())).await.unwrap().decode().unwrap();
        assert!(json.is_object() && json.get("csv").is_none(), "{method}: {json}");
        let mut as_csv = params.clone();
        as_csv["format"] = "csv".into();
        let csv: Value = node.report(&report(&world, method, as_csv)).await.unwrap().decode().unwrap();
        assert!(csv["csv"].as_str().unwrap().contains("\r\n"), "{method}: {csv}");
        for (field, value) in [("format", json!("xml")), ("more", json!(1))] {
            let mut wrong = params.clone();
            wrong[field] = value;
            let error = node.report(&report(&world, method, wrong)).await.unwrap_err();
            assert_eq!(error.code(), "InvalidParams.Format", "{method} {field}");
        }
        let mut call = report(&world, method, params);
        call.space = "other".to_owned();
        assert_eq!(node.report(&call).await.unwrap_err().code(), crate::errors::NO_APP);
    }
    let trend = report(&world, "analytics.report.trend", json!({"from": "2026-11-26", "to": "2026-11-25"}));
    assert_eq!(node.report(&trend).await.unwrap_err().code(), "InvalidParams.Format");
    let without = Call::json("space", "analytics.report.overview", &json!({})).unwrap();
    assert!(node.report(&without).await.unwrap_err().message().contains("appKey"));
    assert_eq!(node.channels("space", &world.app).await.unwrap(), ["(channels beyond 2,000)", "shop"]);
}

#[tokio::test]
async fn a_zone_that_is_changed_while_another_node_folds_first_stays() {
    let mut world = World::new().await;
    let (node, other) = (world.node(), world.node());
    let update = serde_json::from_value(json!({"appKey": world.app, "timeZone": "UTC"})).unwrap();
    // The application, its manifest and its batches were looked at: there is nothing yet.
    other.calls.plan(4, Fate::Held);
    let updating = tokio::spawn({
        let other = other.clone();
        async move { other.update_app("space", update).await }
    });
    other.calls.held().await;
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    node.round().await.unwrap();
    other.calls.go();
    assert_eq!(updating.await.unwrap().unwrap_err().code(), codes::CONFLICT);
    let shown = node.apps.fetch(&world.app).await.unwrap().unwrap().time_zone.clone();
    assert_eq!((shown.as_str(), world.manifest().await.time_zone.as_str()), ("Asia/Shanghai", "Asia/Shanghai"));
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test]
async fn who_looks_for_the_same_application_at_the_same_time_reads_it_once() {
    let world = World::new().await;
    let node = world.node();
    // More than may be looked for of those that are none.
    let all = join_all((0..2_000).map(|_| node.apps.for_client("space", &world.app, soon()))).await;
    assert!(all.into_iter().all(|found| found.unwrap().key == world.app));
    assert_eq!(node.calls.calls(), 1);
}

#[tokio::test]
async fn who_waits_for_another_ones_look_goes_at_the_deadline_or_looks_when_it_fails() {
    let world = World::new().await;
    let node = world.node();
    node.calls.plan(1, Fate::Held);
    let first = tokio::spawn({
        let (node, key) = (node.clone(), world.app.clone());
        async move { node.apps.for_client("space", &key, soon()).await }
    });
    node.calls.held().await;
    let late = node.apps.for_client("space", &world.app, Instant::now() + Duration::from_millis(20)).await.unwrap_err();
    assert_eq!((late.code(), late.is_retryable()), ("ServiceUnavailable", true));
    let second = tokio::spawn({
        let (node, key) = (node.clone(), world.app.clone());
        async move { node.apps.of("space", &key).await }
    });
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(second.await.unwrap().unwrap().key, world.app);
    assert_eq!(node.calls.calls(), 2);
}

#[tokio::test]
async fn made_up_keys_of_a_space_keep_no_other_space_from_its_applications() {
    let world = World::new().await;
    let node = world.node();
    let mut refused = 0;
    for n in 0..3_000 {
        let error = node.apps.for_client("other", &format!("{n:024x}"), soon()).await.unwrap_err();
        refused += u64::from(error.code() == "Throttling.Api");
    }
    assert!(refused > 1_000, "{refused} were refused");
    node.apps.for_client("space", &world.app, soon()).await.unwrap();
}
