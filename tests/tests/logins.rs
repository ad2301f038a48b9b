//! Logins by a plugin, the rules for cloud calls, and methods that are for plugins only.

use std::fs;
use std::path::Path;

use e2e::{Answer, Server, Space, Wire, function};
use serde_json::{Value, json};

const PROVIDER: &str = "[plugins.cloudcall]\nlibrary = \"fixture_login\"\n";
const AUTHORIZE: &str = "serverless.auth.user.authorize";
const PROFILE: &str = "serverless.auth.user.getProfileInfo";
const INVOKE: &str = "serverless.cloudcall.invoke";
const SESSION: &str = "core.login.session";

fn authorize(client: &Wire, provider: &str, code: &str) -> Answer {
    client.call(AUTHORIZE, json!({"authProvider": provider, "clientIdentifier": "app-1", "authCode": code}))
}

/// A client of a user who has signed in, and the user's id.
fn sign_in(server: &Server, space: &Space, code: &str) -> (Wire, String) {
    let client = server.wire(space);
    let data = authorize(&client, "fixture", code).data();
    assert_eq!(data["expiresInSecond"], 600, "{data}");
    let client = client.with_token(data["accessToken"].as_str());
    let user = client.call(PROFILE, json!({})).data()["user"]["userId"].as_str().unwrap_or_default().to_owned();
    assert!(!user.is_empty());
    (client, user)
}

/// Calls a method as an administrator; a failure is its envelope.
fn admin(server: &Server, space: &Space, method: &str, params: &Value) -> Value {
    let parameters = [("SpaceId", space.id.as_str()), ("Method", method), ("Params", &params.to_string())];
    let answer = server.management().act("CallMethod", &parameters).json();
    match answer["Result"].as_str() {
        Some(result) => serde_json::from_str(result).expect("a result is JSON"),
        None => answer,
    }
}

fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => holds(&entry.path(), text),
        Ok(_) => fs::read(entry.path()).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes())),
        Err(_) => false,
    })
}

#[test]
fn users_sign_in_by_a_plugin_and_their_secrets_stay_on_the_server() {
    let mut server = Server::with_config(PROVIDER);
    let space = server.space("app");
    server.deploy(&function("whoami"), &space, "whoami");
    let (client, user) = sign_in(&server, &space, "ann:TOP-SECRET-KEY");
    let profile = client.call(PROFILE, json!({})).data();
    assert_eq!((&profile["user"]["oAuthUserId"], &profile["user"]["ids"]), (&json!("ann"), &json!({"unionId": "union-ann-14"})));
    let seen = client.invoke("whoami", json!({})).data();
    assert!(seen.to_string().contains("union-ann-14"), "functions see the ids: {seen}");

    let compare = |key: &str| client.call("test.compare", json!({"userId": user, "key": key})).data();
    assert_eq!(compare("TOP-SECRET-KEY"), json!({"app": "app-1", "same": true}));
    assert_eq!(compare("another"), json!({"app": "app-1", "same": false}));
    let (other, again) = sign_in(&server, &space, "ann:NEWER-SECRET");
    assert_eq!(again, user);
    assert_eq!(other.call(PROFILE, json!({})).data()["user"]["ids"], json!({"unionId": "union-ann-12"}));
    assert_eq!(compare("TOP-SECRET-KEY")["same"], false, "a login replaces what was kept");
    assert_eq!(compare("NEWER-SECRET")["same"], true);
    assert_ne!(sign_in(&server, &space, "bob:x").1, user);

    let asked = json!({"userId": user});
    for method in [SESSION, "test.pass"] {
        assert_eq!(client.call(method, asked.clone()).code(), "InvalidMethod.Format", "{method}");
        let refused = admin(&server, &space, method, &asked);
        assert_eq!(refused["Code"], "InvalidParameter.PermissionDenied", "{method}: {refused}");
    }
    assert_eq!(authorize(&client, "fixture", "spoilt").code(), "InvalidAuthCode");
    let missing = authorize(&client, "nobody", "x").envelope();
    assert!(missing["error"]["message"].to_string().contains("`login.nobody`"), "{missing}");

    assert!(server.stop().success(), "{}", server.log());
    for secret in ["TOP-SECRET-KEY", "NEWER-SECRET"] {
        assert!(!holds(&server.data(), secret) && !server.log().contains(secret), "{secret}");
    }
    assert!(holds(&server.data(), "union-ann"), "what is stored is found like this");
    server.restart();
    let compare = server.wire(&space).with_token(Some(other.token())).call("test.compare", json!({"userId": user, "key": "NEWER-SECRET"}));
    assert_eq!(compare.data()["same"], true, "the key of the seal is that of the data folder");
}

#[test]
fn methods_for_plugins_are_reached_by_nobody_else() {
    let server = Server::with_config(PROVIDER);
    let space = server.space("app");
    let (client, user) = sign_in(&server, &space, "ann:TOP-SECRET-KEY");
    let login = json!({"authCode": "ann:TOP-SECRET-KEY", "clientIdentifier": "app-1", "userId": user, "prefix": ""});
    for method in ["login.fixture", "cloudcall.adapter.fixture.describe", SESSION, "core.methods", "platforms.app", "cloudcall.orders"] {
        let answer = client.call(method, login.clone());
        assert_eq!(answer.code(), "InvalidMethod.Format", "{method}");
        assert!(!answer.envelope().to_string().contains("TOP-SECRET"));
    }
    let refused = admin(&server, &space, "login.fixture", &login);
    assert_eq!(refused["Code"], "InvalidParameter.PermissionDenied", "{refused}");
}

#[test]
fn a_mini_program_makes_the_cloud_calls_that_an_administrator_allows() {
    let server = Server::with_config(PROVIDER);
    let space = server.space("app");
    let (client, _) = sign_in(&server, &space, "ann:key");
    let create = json!({"api": "payment.common.create", "args": ["subject", "1", 1.5]});
    let refund = json!({"api": "payment.common.refund", "args": [{"outTradeNo": "1"}]});
    assert_eq!(client.call(INVOKE, create.clone()).data(), create);
    let denied = client.call(INVOKE, refund.clone());
    assert_eq!(denied.code(), "InvalidParameter.PermissionDenied");
    assert!(denied.envelope().to_string().contains("UpdateServicePolicy"), "{}", denied.envelope());
    assert_eq!(admin(&server, &space, INVOKE, &refund), refund, "administrators are not bound");

    let act = |action: &str, more: &[(&str, &str)]| {
        let parameters: Vec<_> =
            [("SpaceId", space.id.as_str()), ("ServiceName", "cloudcall")].into_iter().chain(more.iter().copied()).collect();
        server.management().act(action, &parameters).json()
    };
    let default = act("DescribeServicePolicy", &[]);
    assert_eq!(default["PolicyName"], "DEFAULT", "{default}");
    let policy = r#"{"cloudcall": {"payment.common.refund": true, "payment.*": false}}"#;
    assert_eq!(act("UpdateServicePolicy", &[("Policy", policy)])["Policy"], policy);
    assert_eq!(act("DescribeServicePolicy", &[])["PolicyName"], "EXTENDED");
    assert_eq!(client.call(INVOKE, refund.clone()).data(), refund);
    assert_eq!(client.call(INVOKE, create.clone()).code(), "InvalidParameter.PermissionDenied");
    let wrong = act("UpdateServicePolicy", &[("Policy", r#"{"cloudcall": {"payment.common.refund": "yes"}}"#)]);
    assert_eq!(wrong["Code"], "InvalidParameter", "{wrong}");
    assert!(wrong["Message"].to_string().contains("true or false"), "{wrong}");
    assert_eq!(client.call(INVOKE, refund.clone()).data(), refund, "a refusal changes nothing");
    let written = default["Policy"].as_str().expect("the default is written");
    act("UpdateServicePolicy", &[("Policy", written)]);
    assert_eq!(client.call(INVOKE, create.clone()).data(), create);
    assert_eq!(act("UpdateServicePolicy", &[("PolicyName", "DEFAULT")])["PolicyName"], "DEFAULT");
    assert_eq!(client.call(INVOKE, refund).code(), "InvalidParameter.PermissionDenied");
}

#[test]
fn the_list_of_methods_follows_the_plugins() {
    let broken = "[plugins.broken]\nlibrary = \"fixture_panicking_start\"\nrequired = false\n";
    let swapped = "[plugins.swapped]\nlibrary = \"fixture_misbehaving\"\n";
    let server = Server::with_config(&format!("{PROVIDER}{broken}{swapped}"));
    let space = server.space("app");
    let client = server.wire(&space).authorized();
    let methods = |prefix: &str| client.call("test.methods", json!({"prefix": prefix})).data()["methods"].clone();
    assert_eq!(methods("cloudcall.adapter.fixture."), json!(["cloudcall.adapter.fixture.describe"]));
    assert_eq!(methods("login."), json!(["login.alipay_openapi", "login.dingtalk_openapi", "login.fixture", "login.wechat_openapi"]));
    assert_eq!(methods("nothing."), json!([]));
    assert_eq!(methods("test.e"), json!(["test.echo"]));
    let all = methods("test.");
    assert_eq!((&all[0], &all[1]), (&json!("test.block"), &json!("test.compare")), "in order, whoever provides them");

    let toml = server.scratch("mpcloud.toml");
    let hello = "[plugins.swapped]\nlibrary = \"hello_plugin\"\nconfig = { greeting = \"Hello\" }\n";
    fs::write(&toml, format!("{PROVIDER}{broken}{hello}")).expect("write the configuration");
    server.run(&["plugin", "reload", "swapped"]).succeeded();
    assert_eq!((methods("demo."), methods("test.e")), (json!(["demo.hello"]), json!([])));
}
