//! The client package for cloud calls, through the official SDKs and a real server.

use std::process::Command;

use e2e::gateways::alipay::{APP_ID, Alipay, Mode, User};
use e2e::{Server, Space, function, node, tests_folder};
use serde_json::{Value, json};

const BUYER: &str = "2088000000000042";
const DENIED: &str = "InvalidParameter.PermissionDenied";

fn with_alipay(gateway: &Alipay) -> (Server, Space) {
    let plugins = format!(
        "[plugins.platforms]\nlibrary = \"cloudcall_platforms\"\n\
         [plugins.cloudcall]\nlibrary = \"cloudcall_calls\"\n\
         [plugins.alipay]\nlibrary = \"cloudcall_alipay\"\nconfig = {{ gateway = \"{}\" }}\n",
        gateway.url()
    );
    let server = Server::with_config(&plugins);
    let space = server.space("app");
    act(
        &server,
        "SavePlatformApp",
        &[("SpaceId", &space.id), ("Platform", "alipay"), ("AppId", APP_ID), ("Settings", &Mode::Keys.settings().to_string())],
    );
    (server, space)
}

#[track_caller]
fn act(server: &Server, action: &str, parameters: &[(&str, &str)]) {
    let answer = server.management().act(action, parameters);
    assert_eq!(answer.status, 200, "{action}: {}", answer.json());
}

fn call(api: &str, args: Value) -> Value {
    json!({"api": api, "args": args})
}

fn code(outcome: &Value) -> &str {
    outcome["error"]["code"].as_str().unwrap_or_else(|| panic!("no error: {outcome}"))
}

#[test]
fn the_tests_of_the_package_pass() {
    let folder = tests_folder().join("../clients/cloud");
    let output = Command::new("node").args(["--test", "test/"]).current_dir(folder).output().expect("start node");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn mini_programs_and_servers_make_cloud_calls() {
    let gateway = Alipay::start();
    gateway.login("code-1", &User { user_id: BUYER.into(), ..User::default() });
    let (server, space) = with_alipay(&gateway);
    let mut config = server.sdk_config(&space);
    config["appId"] = json!(APP_ID);
    config["authCode"] = json!("code-1");
    config["authorize"] = json!({"authProvider": "alipay_openapi"});
    config["options"] = json!({"notify": {"url": "https://example.test/told"}});
    config["calls"] = json!([
        call(
            "payment.common.create",
            json!([{"subject": "茶", "outTradeNo": 1, "totalAmount": 0.1}, {"notify": {"url": "https://evil.test/"}}])
        ),
        call("payment.common.create", json!(["茶", "2", "12.3"])),
        call("payment.common.create", json!([{"subject": "茶", "outTradeNo": "3", "totalAmount": 5, "buyerId": "2088000000000099"}])),
        call("payment.common.query", json!([{"outTradeNo": "1"}])),
        call("payment.common.create", json!([{"subject": "茶"}])),
        call("security.textRisk.detect", json!(["正文"])),
        call("mini.detectRiskContent", json!([{"content": "正文"}])),
        call(
            "marketing.templateMessge.send",
            json!([{"toUserId": BUYER, "formId": 7, "userTemplateId": "t", "page": "p", "data": {"keyword1": {"value": "v"}}}])
        ),
        call("payment.common.refund", json!(["1", "0.10"])),
        call(
            "fund.transferAccount.transfer",
            json!([{"outBizNo": "1", "transAmount": 1, "orderTitle": "t", "payee": {"identity": BUYER, "identityType": "ALIPAY_USER_ID"}}])
        ),
        call("util.generic.execute", json!(["alipay.user.info.share", {}])),
        call("payment.common.creat", json!([{}])),
        call("sms.send", json!([{}])),
    ]);
    config["serverCalls"] = json!([
        call("payment.common.create", json!(["茶", "4", 1, BUYER])),
        call(
            "payment.common.create",
            json!([{"subject": "茶", "outTradeNo": "5", "totalAmount": 1, "buyerId": BUYER}, {"notify": {"url": "https://example.test/other"}}])
        ),
        call("sms.send", json!([{}])),
    ]);
    let result = node("cloud.cjs", &config);

    assert_eq!(code(&result["early"]), "SYS_INIT");
    assert_eq!(code(&result["unauthorized"]), "UnauthorizedError");
    assert_eq!(result["authorized"], json!({"success": true}));
    let client = &result["client"];

    let created = &client[0]["ok"];
    assert_eq!(
        (&created["success"], &created["code"], &created["result"]["code"]),
        (&json!(true), &json!("10000"), &json!("10000")),
        "{result}"
    );
    assert!(created["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{created}");
    let number = created["tradeNo"].as_str().unwrap_or_else(|| panic!("{result}"));
    assert_eq!((&created["trade_no"], &created["result"]["tradeNo"]), (&json!(number), &json!(number)), "{created}");
    let positional = &client[1]["ok"];
    assert!(
        positional["tradeNo"].is_string() && positional["trade_no"].is_null(),
        "the style without names has none of the platform's: {positional}"
    );
    assert_eq!(code(&client[2]), "INVALID_PARAM", "another buyer: {client}");
    assert_eq!(client[3]["ok"]["tradeStatus"], "WAIT_BUYER_PAY", "{client}");
    assert_eq!(code(&client[4]), "NOT_FOUND_PARAM");
    for detected in [&client[5]["ok"], &client[6]["ok"]] {
        assert_eq!((&detected["action"], &detected["success"]), (&json!("PASSED"), &json!(true)), "{client}");
    }
    assert_eq!(client[7]["ok"]["success"], true, "{client}");
    for refused in 8..=12 {
        assert_eq!(code(&client[refused]), DENIED, "{}", client[refused]);
        assert!(client[refused]["error"]["message"].as_str().is_some_and(|text| text.contains("mini program")), "{}", client[refused]);
    }

    let orders = gateway.heard("alipay.trade.create");
    let orders: Vec<_> =
        orders.iter().map(|heard| (&heard.content["out_trade_no"], &heard.content["total_amount"], &heard.content["buyer_id"])).collect();
    let expected =
        [("1", "0.10"), ("2", "12.30"), ("4", "1.00"), ("5", "1.00")].map(|(number, amount)| (json!(number), json!(amount), json!(BUYER)));
    assert_eq!(orders, expected.iter().map(|(number, amount, buyer)| (number, amount, buyer)).collect::<Vec<_>>());
    let told: Vec<_> = gateway
        .heard("alipay.trade.create")
        .iter()
        .map(|heard| heard.parameters["notify_url"].as_str().unwrap_or_default().to_owned())
        .collect();
    let own = format!("/cloudcall/notify/{}/alipay/{APP_ID}", space.id);
    assert!(told[0].ends_with(&own) && told[1].ends_with(&own), "a mini program has no say in who is told: {told:?}");
    assert_eq!(told[2..], ["https://example.test/told", "https://example.test/other"], "options of `init`, and of the call");
    let message = &gateway.heard("alipay.open.app.mini.templatemessage.send")[0].content;
    assert_eq!((&message["form_id"], &message["data"]), (&json!("7"), &json!(r#"{"keyword1":{"value":"v"}}"#)));
    for served in [0, 1] {
        assert!(result["server"][served]["ok"]["tradeNo"].is_string(), "{}", result["server"]);
    }
    assert_eq!(code(&result["server"][2]), "FEATURE_NOT_SUPPORT", "{}", result["server"]);
    assert_eq!(gateway.complaints(), Vec::<String>::new());
}

#[test]
fn an_administrator_lets_mini_programs_do_more() {
    let gateway = Alipay::start();
    gateway.login("code-1", &User { user_id: BUYER.into(), ..User::default() });
    let (server, space) = with_alipay(&gateway);
    let rules = json!({"cloudcall": {"payment.common.refund": true, "sms.*": true, "security.*": false}}).to_string();
    act(
        &server,
        "UpdateServicePolicy",
        &[("SpaceId", &space.id), ("ServiceName", "cloudcall"), ("PolicyName", "EXTENDED"), ("Policy", &rules)],
    );
    let mut config = server.sdk_config(&space);
    config["appId"] = json!(APP_ID);
    config["authCode"] = json!("code-1");
    config["authorize"] = json!({"authProvider": "alipay_openapi"});
    config["calls"] = json!([
        call("payment.common.refund", json!([{"outTradeNo": "others", "refundAmount": "1"}])),
        call("sms.send", json!([{}])),
        call("security.textRisk.detect", json!(["正文"])),
    ]);
    let result = node("cloud.cjs", &config);
    let client = &result["client"];
    assert_eq!(
        (code(&client[0]), &client[0]["error"]["message"]),
        (DENIED, &json!("the user has no such order")),
        "allowed, but only of one's own"
    );
    assert_eq!(code(&client[1]), "FEATURE_NOT_SUPPORT", "{client}");
    assert_eq!(code(&client[2]), DENIED, "{client}");
}

#[test]
fn functions_make_cloud_calls_without_a_package() {
    let gateway = Alipay::start();
    let (server, space) = with_alipay(&gateway);
    server.deploy(&function("cloud"), &space, "cloud");
    let client = server.wire(&space).authorized();
    let calls = [
        call("payment.common.create", json!(["茶", 1, 0.1, BUYER])),
        call("payment.common.refund", json!([{"outTradeNo": "1", "refundAmount": "0.10"}])),
        call("payment.common.refund", json!([{"outTradeNo": "1"}])),
        call("util.generic.execute", json!(["alipay.user.info.share", {}, {"authToken": "t"}])),
        call(
            "fund.b2cRedPacket.send",
            json!([{"outBizNo": "1", "transAmount": 1, "orderTitle": "t", "payee": {"identity": BUYER, "identity_type": "ALIPAY_USER_ID"}}]),
        ),
        call("sms.send", json!([{}])),
    ];
    let made: Vec<Value> = calls.into_iter().map(|call| client.invoke("cloud", call).data()).collect();
    assert!(made[0]["ok"]["tradeNo"].is_string(), "{made:?}");
    assert_eq!(made[1]["ok"]["success"], false, "nobody has paid yet: {made:?}");
    assert!(made[1]["ok"]["subCode"].as_str().is_some_and(|code| code.starts_with("ACQ.")), "{made:?}");
    assert_eq!(code(&made[2]), "NOT_FOUND_PARAM");
    assert_eq!(made[3]["ok"]["nickName"], "小明", "{made:?}");
    assert_eq!(code(&made[4]), "InvalidConfiguration", "it needs certificates: {made:?}");
    assert_eq!(code(&made[5]), "FEATURE_NOT_SUPPORT");
}

#[test]
fn without_the_plugin_the_error_says_so() {
    let server = Server::start();
    let space = server.space("app");
    let mut config = server.sdk_config(&space);
    config["authorize"] = json!({"authType": "anonymous"});
    config["calls"] = json!([call("security.textRisk.detect", json!(["x"]))]);
    config["serverCalls"] = config["calls"].clone();
    let result = node("cloud.cjs", &config);
    for outcome in [&result["client"][0], &result["server"][0]] {
        assert!(["FEATURE_NOT_SUPPORT", "AppNotFound"].contains(&code(outcome)), "{result}");
    }
}
