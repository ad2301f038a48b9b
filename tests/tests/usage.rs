//! What a space uses, as the management SDK from PyPI is told.

use std::time::{Duration, SystemTime};

use e2e::{Server, function, python, utc, wait_for};
use serde_json::{Value, json};

/// As many as JavaScript counts exactly.
const UNLIMITED: u64 = (1 << 53) - 1;

#[track_caller]
fn used(scheme: Option<&str>) {
    let server = Server::start();
    let (space, other) = (server.space("app"), server.space("other"));
    let management = server.management();
    for collection in ["a", "b"] {
        management.db(&space, collection, "insertMany", json!({"docs": [{"text": "x".repeat(1000)}, {"text": "y".repeat(1000)}]}));
    }
    management.db(&other, "a", "insertOne", json!({"doc": {"text": "z"}}));
    server.deploy(&function("hello"), &space, "hello");
    let client = server.wire(&space).authorized();
    for _ in 0..3 {
        client.invoke("hello", json!({"name": "x"})).data();
    }

    let now = SystemTime::now();
    let hour = Duration::from_secs(3600);
    let mut config = server.management_config();
    config["scheme"] = json!(scheme);
    config["spaceId"] = json!(space.id);
    config["start"] = json!(utc(now - hour));
    config["end"] = json!(utc(now + hour));
    // Logs are written behind.
    let result = wait_for("the functions' logs", || {
        let result = python("usage.py", &config);
        (result["consumption"]["FcUsage"]["RequestCount"] == 3).then_some(result)
    });

    let database = result["consumption"]["DbUsage"]["StorageSize"].as_u64().unwrap_or_default();
    assert!((4000..8000).contains(&database), "four documents of some 1,000 bytes: {result}");
    assert_eq!(
        (&result["consumption"]["SpecCode"], &result["consumption"]["SpaceId"]),
        (&json!("UNLIMITED"), &json!(space.id)),
        "{result}"
    );
    let milliseconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let cycle = |name: &str| result["consumption"][name].as_u64().map_or(0, u128::from);
    let minute = 60_000;
    assert!(cycle("CycleStartTime") <= milliseconds + minute && milliseconds < cycle("CycleEndTime") + minute, "{result}");
    assert!((28..32).contains(&((cycle("CycleEndTime") - cycle("CycleStartTime")) / 86_400_000)), "a month: {result}");

    let list = &result["usage"]["SpaceUsageDataList"];
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{result}");
    for service in ["CsUsage", "DbUsage", "FcUsage", "WhUsage"] {
        assert_eq!(list[0][service], result["consumption"][service], "{result}");
        assert!(result["consumption"][service]["StorageSize"].is_u64() || service == "FcUsage", "{result}");
    }
    assert_eq!(list[0]["EffectiveBillFlag"], false, "{result}");
    assert_eq!(result["past"]["SpaceUsageDataList"], json!([]), "{result}");

    let resources = &result["resources"];
    assert_eq!(
        (&resources["Success"], &resources["Code"], &resources["Paginator"]["Total"]),
        (&json!(true), &json!("success"), &json!(1)),
        "{result}"
    );
    assert_eq!(resources["DataList"][0]["CloudDB"]["DataSize"], database, "{result}");
    assert_eq!(resources["DataList"][0]["CloudFunction"]["Count"], 3, "{result}");
    assert_eq!(result["second"]["DataList"], json!([]), "there is one page: {result}");
    assert_eq!((&result["before"]["DataList"], &result["before"]["Paginator"]["Total"]), (&json!([]), &json!(0)), "{result}");

    for name in ["CloudStorageDataSizeQuota", "StaticWebDataSizeQuota"] {
        assert!(result["quota"][name].is_f64(), "{result}");
    }
    assert_eq!((&result["spec"]["SpecCode"], &result["spec"]["CsStorageSize"]), (&json!("UNLIMITED"), &json!(UNLIMITED)), "{result}");
    assert_eq!(result["spec"]["FcRequestCount"], UNLIMITED, "{result}");

    let refused = result["refused"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(refused.len() == 5 && refused.iter().all(|reply: &Value| reply["code"] == "InvalidParameter"), "{result}");
    assert_eq!(result["unknown"]["status"], 404, "{result}");
}

#[test]
fn a_space_knows_what_it_uses_with_the_default_signature() {
    used(None);
}

#[test]
fn a_space_knows_what_it_uses_with_the_older_signature() {
    used(Some("v2"));
}
