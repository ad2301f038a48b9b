//! The rules for files: set with the management SDK's actions, and met by two users of the
//! mini-program SDK, by whoever downloads, and by clients that no SDK is.

use std::fs;

use e2e::{Server, Space, node, wait_for};
use serde_json::{Value, json};

const DENIED: &str = "InvalidParameter.PermissionDenied";
/// The example of the manual (4.1.1), with a folder that nobody may use.
const RULES: &str = r#"{"file": {
    "/^closed\\//": {"*": false},
    "/.*\\.png/": {".write": "request.auth.userId == resource.auth.userId", "*": true},
    "xxx/yyy/zzz.jpg": {"*": "request.auth.userId == resource.auth.userId"},
    "*": {"*": true}
}}"#;

#[track_caller]
fn set(server: &Server, space: &Space, rules: &[(&str, &str)]) {
    let parameters: Vec<(&str, &str)> =
        [("SpaceId", space.id.as_str()), ("ServiceName", "file")].into_iter().chain(rules.iter().copied()).collect();
    let answer = server.management().act("UpdateServicePolicy", &parameters);
    assert_eq!(answer.status, 200, "{}", answer.json());
}

#[test]
fn two_users_under_the_rules_of_the_manual() {
    let server = Server::start();
    let space = server.space("app");
    set(&server, &space, &[("PolicyName", "EXTENDED"), ("Policy", RULES)]);
    let folder = server.scratch("files");
    fs::create_dir(&folder).expect("make a folder");
    let mut config = server.sdk_config(&space);
    config["folder"] = json!(folder);
    let names = ["a.png", "xxx/yyy/zzz.jpg", "free/f.jpg", "closed/c.jpg"];
    config["names"] = json!(names);
    let result = node("file_rules.cjs", &config);

    for (name, allowed) in names.into_iter().zip([true, true, true, false]) {
        let uploaded = &result["uploaded"][name];
        assert_eq!(uploaded["ok"].is_object(), allowed, "{name}: {result}");
        assert!(allowed || uploaded["error"]["code"] == DENIED, "{name}: {result}");
    }
    let seen =
        |user: &str| -> Vec<String> { result["seen"][user].as_object().map_or_else(Vec::new, |seen| seen.keys().cloned().collect()) };
    assert_eq!((seen("ann"), seen("bob")), (vec!["a.png".into(), "f.jpg".into(), "zzz.jpg".into()], vec!["a.png".into(), "f.jpg".into()]));
    for (name, open, writable) in [("a.png", true, false), ("xxx/yyy/zzz.jpg", false, false), ("free/f.jpg", true, true)] {
        assert_eq!(result["downloaded"][name], if open { 200 } else { 403 }, "{name}: {result}");
        assert_eq!(result["byUrlOfInfo"][name], 200, "its owner has an address for it: {name}: {result}");
        for action in ["replaced", "deleted"] {
            let reply = &result[action][name];
            let done = reply["error"].is_null();
            assert!(done == writable && (done || reply["error"]["code"] == DENIED), "{action} {name}: {result}");
        }
        assert!(writable || result["deletedByOwner"][name]["error"].is_null(), "{name}: {result}");
    }
    assert_eq!((&result["shownToServer"], &result["shownToBob"]), (&json!(1), &json!(0)), "rules do not bind servers: {result}");
}

#[test]
fn no_client_says_itself_what_it_may_touch() {
    let server = Server::start();
    let space = server.space("app");
    set(&server, &space, &[("PolicyName", "PRIVATE")]);
    let (ann, bob) = (server.wire(&space).authorized(), server.wire(&space).authorized());
    let begun = ann.call("serverless.file.resource.generateProximalSign", json!({"env": "public", "filename": "a.png", "size": 1})).data();
    let id = begun["id"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
    let forged = json!([{"id": id, "path": "a.png", "owner": ""}]);
    for method in ["report", "delete"] {
        let method = format!("serverless.file.resource.{method}");
        for params in [json!({"id": id}), json!({"id": id, "resolved": forged})] {
            let reply = bob.call(&method, params.clone());
            assert_ne!(reply.code(), "", "{method} {params}");
        }
    }
    assert_eq!(bob.call("serverless.file.resource.info", json!({"id": id, "resolved": forged})).data(), json!([]));
}

#[test]
fn a_change_holds_at_once() {
    let server = Server::start();
    let space = server.space("app");
    let file = server.scratch("a.png");
    fs::write(&file, "x").expect("write a file");
    server.run(&["storage", "put", &file.to_string_lossy(), "--space", &space.id]).succeeded();
    let client = server.wire(&space).authorized();
    let shown = || client.call("serverless.file.resource.info", json!({"id": "a.png"})).data();
    let listed: Value = server.run_json(&["storage", "ls", "--space", &space.id]);
    assert!(listed.to_string().contains("a.png"), "{listed}");
    let url = format!("{}/files/{}/a.png", server.http(), space.id);
    let status =
        || ureq::get(&url).config().http_status_as_error(false).proxy(None).build().call().map(|reply| reply.status().as_u16()).ok();
    assert_eq!((shown().as_array().map(Vec::len), status()), (Some(1), Some(200)));
    set(&server, &space, &[("PolicyName", "ADMINREADWRITEONLY")]);
    assert_eq!(shown(), json!([]));
    // The file service may keep an answer for five seconds.
    wait_for("the download to be refused", || (status() == Some(403)).then_some(()));
    set(&server, &space, &[("PolicyName", "PUBLICREAD")]);
    assert_eq!(shown().as_array().map(Vec::len), Some(1));
    wait_for("the download to be allowed", || (status() == Some(200)).then_some(()));
}
