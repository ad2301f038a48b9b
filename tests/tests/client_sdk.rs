//! The mini-program SDK from npm, unmodified.

use std::collections::BTreeSet;

use e2e::{Server, Space, function, node};
use serde_json::{Value, json};

/// Sessions so short that a test can outlive them, and how far apart looks at them are.
const SHORT_SESSIONS: &str = "[auth]\nsession_initial = \"500ms\"\nsession_extended = \"500ms\"\n";
const LONGER_THAN_A_SESSION: u64 = 700;

fn with(mut config: Value, more: Value) -> Value {
    let (Some(config_keys), Value::Object(more)) = (config.as_object_mut(), more) else { panic!("configurations are objects") };
    config_keys.extend(more);
    config
}

fn with_functions(server: &Server, names: &[&str]) -> Space {
    let space = server.space("app");
    for name in names {
        server.deploy(&function(name), &space, name);
    }
    space
}

#[test]
fn it_signs_in_and_invokes_functions() {
    let server = Server::start();
    let space = with_functions(&server, &["hello", "calls", "throws", "whoami"]);
    let config = with(
        server.sdk_config(&space),
        json!({"invoke": [
            {"name": "hello", "args": {"name": "小明"}},
            {"name": "calls", "args": {"name": "twice"}},
            {"name": "throws", "args": {}},
            {"name": "no-such-function", "args": {}},
            {"name": "whoami", "args": {}},
        ]}),
    );
    let result = node("invoke.cjs", &config);

    assert_eq!(result["authorized"], json!({"success": true}));
    let user = &result["profile"]["result"]["user"];
    assert_eq!(user["spaceId"], space.id, "{result}");
    let user_id = user["userId"].as_str().filter(|id| !id.is_empty()).unwrap_or_else(|| panic!("no user id: {result}"));
    assert!(user["createdAt"].as_u64().is_some_and(|ms| ms > 1_700_000_000_000), "milliseconds: {result}");

    let hello = &result["invoked"][0]["ok"];
    assert_eq!(hello["result"], json!({"message": "hi 小明"}), "{hello}");
    assert!(hello["requestId"].as_str().is_some_and(|id| !id.is_empty()), "the SDK reads the header `request-id`: {hello}");
    assert_eq!(result["invoked"][1]["ok"]["result"], json!({"said": "hi twice"}), "{result}");
    let thrown = &result["invoked"][2]["error"];
    assert_eq!(thrown["code"], "FunctionBizError", "{thrown}");
    assert!(thrown["message"].as_str().is_some_and(|text| text.contains("out of stock")), "{thrown}");
    assert!(result["invoked"][3]["error"]["code"].is_string(), "{result}");

    let whoami = &result["invoked"][4]["ok"]["result"];
    assert_eq!(whoami["env"]["MP_SPACE_ID"], space.id, "{whoami}");
    assert_eq!(whoami["env"]["MP_SOURCE"], "client", "{whoami}");
    assert_eq!(whoami["env"]["MP_CLIENT_IP"], "127.0.0.1", "{whoami}");
    assert!(whoami["env"]["MP_APP_ID"].is_null(), "an anonymous user has no app id: {whoami}");
    assert!(whoami["profile"].to_string().contains(user_id), "the function acts for the same user: {whoami}");
}

#[test]
fn a_function_inserts_and_finds() {
    let server = Server::start();
    let space = with_functions(&server, &["tasks"]);
    let tasks = json!([
        {"n": 1, "title": "写信", "done": false, "due": "2026-01-02T03:04:05.678Z"},
        {"n": 2, "done": true},
        {"n": 3, "done": false, "id": "own-id", "nested": {"list": [1, null, {"x": 2.5}], "empty": {}}},
    ]);
    let config = with(server.sdk_config(&space), json!({"invoke": [{"name": "tasks", "args": {"add": tasks}}]}));
    let result = node("invoke.cjs", &config);

    // The SDK flattens a function's reply that looks like one of the database.
    let reply = &result["invoked"][0]["ok"];
    assert_eq!(reply["affectedDocs"], 2, "{result}");
    let found = reply["result"].as_array().unwrap_or_else(|| panic!("{result}"));
    assert_eq!(found.iter().map(|task| task["n"].clone()).collect::<Vec<_>>(), [3, 1], "{result}");
    assert_eq!(found[0]["id"], "own-id", "a field `id` is a field like any other: {result}");
    assert_eq!(found[0]["nested"], tasks[2]["nested"], "{result}");
    assert_eq!(found[1]["title"], "写信", "{result}");
    assert_eq!(found[1]["due"], "2026-01-02T03:04:05.678Z", "{result}");
    assert!(found.iter().all(|task| task["_id"].as_str().is_some_and(|id| id.len() == 24)), "{result}");

    // A client may read by default, and not write.
    let read = node("read.cjs", &server.sdk_config(&space));
    assert_eq!(read["found"]["ok"]["affectedDocs"], 2, "{read}");
    assert_eq!(read["found"]["ok"]["result"], json!([{"n": 3}, {"n": 1, "due": "2026-01-02T03:04:05.678Z"}]), "{read}");
    assert_eq!(read["dates"], json!([false, true]), "{read}");
    assert_eq!(read["one"]["ok"]["affectedDocs"], 1, "{read}");
    assert_eq!(read["one"]["ok"]["result"]["title"], "写信", "{read}");
    assert_eq!(read["none"]["ok"]["affectedDocs"], 0, "{read}");
    assert_eq!(read["none"]["ok"]["result"], Value::Null, "{read}");
    assert_eq!(read["count"]["ok"]["result"], 3, "{read}");
    assert_eq!(read["count"]["ok"]["affectedDocs"], 3, "{read}");
    for refused in ["written", "deleted"] {
        assert_eq!(read[refused]["error"]["code"], "InvalidParameter.PermissionDenied", "{read}");
    }
}

/// What the SDK does with `calls` parallel calls after its token has expired.
fn calls_on_an_expired_token(calls: usize) {
    let server = Server::with_config(SHORT_SESSIONS);
    let space = with_functions(&server, &["hello"]);
    let config = with(server.sdk_config(&space), json!({"longerThanASession": LONGER_THAN_A_SESSION, "calls": calls}));
    let result = node("expired.cjs", &config);

    assert_eq!(result["refusal"], "GATEWAY_INVALID_TOKEN", "{result}");
    for n in 0..calls {
        assert_eq!(result["results"][n]["ok"]["result"], json!({"message": format!("hi caller {n}")}), "{result}");
    }
    let exchanges = result["exchanges"].as_array().unwrap_or_else(|| panic!("{result}"));
    let invokes = || exchanges.iter().filter(|exchange| exchange["method"] == "serverless.function.runtime.invoke");
    let tokens = |refused: bool| -> BTreeSet<&str> {
        invokes()
            .filter(|exchange| (exchange["reply"]["success"] == false) == refused)
            .filter_map(|exchange| exchange["token"].as_str())
            .collect()
    };
    assert_eq!(invokes().count(), 2 * calls, "each call is refused once and repeated once: {result}");
    assert_eq!(tokens(true), BTreeSet::from([result["old"].as_str().unwrap_or_default()]), "{result}");
    assert_eq!(tokens(false).len(), calls, "each call has a new token of its own, and all of them are live: {result}");
}

#[test]
fn an_expired_token_is_renewed_without_the_caller_noticing() {
    calls_on_an_expired_token(1);
}

#[test]
fn parallel_calls_on_an_expired_token_all_succeed() {
    calls_on_an_expired_token(4);
}

#[test]
fn several_tokens_are_live_at_once() {
    let server = Server::start();
    let space = server.space("app");
    let clients: Vec<_> = (0..4).map(|_| server.wire(&space).authorized()).collect();
    let users: BTreeSet<String> = clients
        .iter()
        .map(|client| {
            let profile = client.call("serverless.auth.user.getProfileInfo", json!({"authType": "anonymous"})).data();
            profile["user"]["userId"].as_str().unwrap_or_else(|| panic!("{profile}")).to_owned()
        })
        .collect();
    assert_eq!(users.len(), clients.len(), "every anonymous authorization makes a new identity");
}

#[test]
fn a_session_outlives_a_restart_of_the_server() {
    let mut server = Server::start();
    let space = server.space("app");
    let client = server.wire(&space).authorized();
    assert!(server.stop().success(), "{}", server.log());
    server.restart();
    server.wire(&space).with_token(Some(client.token())).call("serverless.auth.user.getProfileInfo", json!({})).data();
}

#[test]
fn a_runaway_function_ends_only_its_own_call() {
    let server = Server::start();
    let space = server.space("app");
    let management = server.management();
    for name in ["busy", "hungry"] {
        let spec = [("SpaceId", space.id.as_str()), ("Name", name), ("Runtime", "nodejs18"), ("Memory", "128"), ("Timeout", "1")];
        let created = management.act("CreateFunction", &spec);
        assert_eq!(created.status, 200, "{}", created.json());
        server.deploy(&function(name), &space, name);
    }
    server.deploy(&function("hello"), &space, "hello");
    let client = server.wire(&space).authorized();
    client.invoke("hello", json!({"name": "before"})).data();

    let runaways: Vec<_> = ["busy", "hungry"]
        .map(|name| {
            let client = server.wire(&space).with_token(Some(client.token()));
            std::thread::spawn(move || client.invoke(name, json!({})).code())
        })
        .into();
    while !runaways.iter().all(std::thread::JoinHandle::is_finished) {
        assert_eq!(client.invoke("hello", json!({"name": "meanwhile"})).data(), json!({"message": "hi meanwhile"}));
    }
    for runaway in runaways {
        let code = runaway.join().expect("the runaway's call was answered");
        assert_eq!(code, "FunctionResourceExhausted");
    }
}
