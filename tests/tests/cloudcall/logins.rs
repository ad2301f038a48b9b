//! Users who sign in on their platforms.

use e2e::gateways::{alipay, dingtalk, wechat};
use e2e::{Server, Wire};
use serde_json::{Value, json};

use crate::cloud::{Cloud, by_client, called, login, ok};

const AUTHORIZE: &str = "serverless.auth.user.authorize";
const PROFILE: &str = "serverless.auth.user.getProfileInfo";

fn profile(client: &Wire) -> Value {
    client.call(PROFILE, json!({})).data()["user"].take()
}

#[track_caller]
fn refused(cloud: &Cloud, provider: &str, app: &str, code: &str) -> String {
    cloud.server.wire(&cloud.space).call(AUTHORIZE, login(provider, app, code)).code()
}

/// Asserts that a sign-in answers a token, and nothing else.
#[track_caller]
fn bare(data: &Value) {
    let keys: Vec<&String> = data.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["accessToken", "expiresInSecond"], "{data}");
}

#[test]
fn users_of_alipay_sign_in() {
    let cloud = Cloud::alipay(alipay::Mode::Encrypted);
    let gate = &cloud.platforms.alipay;
    let ann = alipay::User { user_id: "2088000000000011".into(), open_id: "open-ann".into(), union_id: "union-ann".into() };
    let bob = alipay::User { user_id: "2088000000000012".into(), ..alipay::User::default() };
    for (code, user) in [("ann-1", &ann), ("ann-2", &ann), ("bob-1", &bob)] {
        gate.login(code, user);
    }
    let first = cloud.sign_in("alipay_openapi", alipay::APP_ID, "ann-1");
    let second = cloud.sign_in("alipay_openapi", alipay::APP_ID, "ann-2");
    assert_ne!(first.token(), second.token(), "both sessions live");
    let shown = profile(&first);
    assert_eq!(shown["userId"], profile(&second)["userId"], "it is the same user");
    assert_eq!((&shown["oAuthUserId"], &shown["spaceId"]), (&json!("open-ann"), &json!(cloud.space.id)), "{shown}");
    assert_eq!(shown["ids"], json!({"openId": "open-ann", "userId": "2088000000000011", "unionId": "union-ann"}), "{shown}");
    assert!(!shown.to_string().contains("authusr"), "tokens of Alipay stay on the server: {shown}");
    let other = profile(&cloud.sign_in("alipay_openapi", alipay::APP_ID, "bob-1"));
    assert_eq!(other["oAuthUserId"], "2088000000000012", "{other}");
    assert_ne!(other["userId"], shown["userId"]);
    // Functions that the user calls act for the same user.
    let whoami = first.invoke("whoami", json!({})).data();
    assert_eq!((&whoami["env"]["MP_APP_ID"], &whoami["env"]["MP_SOURCE"]), (&json!(alipay::APP_ID), &json!("client")), "{whoami}");
    assert!(whoami["profile"].to_string().contains(shown["userId"].as_str().expect("an id")), "{whoami}");
    for (code, app, is) in [
        ("ann-1", alipay::APP_ID, "InvalidAuthCode"),
        ("nobody", alipay::APP_ID, "InvalidAuthCode"),
        ("", alipay::APP_ID, "InvalidAuthCode"),
        ("ann-2", "2021000000000002", "AppNotFound"),
    ] {
        assert_eq!(refused(&cloud, "alipay_openapi", app, code), is, "{code} {app}");
    }
    cloud.well();
}

#[test]
fn a_user_is_another_one_in_another_space() {
    let cloud = Cloud::alipay(alipay::Mode::Keys);
    let other = cloud.server.space("other");
    let user = alipay::User { user_id: "2088000000000011".into(), ..alipay::User::default() };
    cloud.platforms.alipay.login("code-1", &user);
    cloud.platforms.alipay.login("code-2", &user);
    let here = profile(&cloud.sign_in("alipay_openapi", alipay::APP_ID, "code-1"));
    let wire = cloud.server.wire(&other);
    assert_eq!(wire.call(AUTHORIZE, login("alipay_openapi", alipay::APP_ID, "code-2")).code(), "AppNotFound", "the other space has no app");
    let settings = alipay::Mode::Keys.settings().to_string();
    let saved = cloud
        .server
        .management()
        .act("SavePlatformApp", &[("SpaceId", &other.id), ("Platform", "alipay"), ("AppId", alipay::APP_ID), ("Settings", &settings)]);
    assert_eq!(saved.status, 200, "{}", saved.json());
    let data = wire.call(AUTHORIZE, login("alipay_openapi", alipay::APP_ID, "code-2")).data();
    bare(&data);
    let there = profile(&wire.with_token(data["accessToken"].as_str()));
    assert_eq!(here["oAuthUserId"], there["oAuthUserId"]);
    assert_ne!(here["userId"], there["userId"]);
}

#[test]
fn users_of_wechat_sign_in_and_their_session_keys_stay_on_the_server() {
    let cloud = Cloud::wechat(wechat::Mode::PublicKey);
    let gate = &cloud.platforms.wechat;
    let keys = ["tiihtNczf5v6AKRyjwEUhQ==", "c2Vzc2lvbi1rZXktbnVtLg=="];
    let ann = |n: usize| wechat::User { openid: "openid-ann".into(), unionid: "unionid-ann".into(), session_key: keys[n].into() };
    gate.login("code-1", &ann(0));
    gate.login("code-2", &ann(1));
    let wire = cloud.server.wire(&cloud.space);
    let data = wire.call(AUTHORIZE, login("wechat_openapi", wechat::APP_ID, "code-1")).data();
    bare(&data);
    let client = wire.with_token(data["accessToken"].as_str());
    let shown = profile(&client);
    assert_eq!((&shown["oAuthUserId"], &shown["ids"]), (&json!("openid-ann"), &json!({"unionId": "unionid-ann"})), "{shown}");
    let whoami = client.invoke("whoami", json!({})).data();
    for text in [data.to_string(), shown.to_string(), whoami.to_string()] {
        assert!(!keys.iter().any(|key| text.contains(key)), "{text}");
    }
    for method in ["core.login.session", "login.wechat_openapi", "platforms.app"] {
        let answer = client.call(method, json!({"userId": shown["userId"], "platform": "wechat"})).envelope();
        assert_eq!(answer["success"], false, "{method}: {answer}");
    }

    // A function opens the user's phone number.
    let phone = |app: &str| json!({"phoneNumber": "+8613580006666", "purePhoneNumber": "13580006666", "countryCode": "86", "watermark": {"appid": app, "timestamp": 1_477_314_187}});
    let (iv, sealed) = ann(0).encrypts(&phone(wechat::APP_ID));
    let args = json!([{"encryptedData": sealed, "iv": iv}]);
    let opened = ok(&called(&client, "util.openData.decrypt", args.clone()));
    assert_eq!(opened["result"]["phoneNumber"], "+8613580006666", "{opened}");
    assert!(!opened.to_string().contains(keys[0]));
    let answer = called(&client, "util.openData.decrypt", json!([sealed, iv]));
    assert_eq!(answer["ok"]["phoneNumber"], "+8613580006666", "{answer}");
    assert_eq!(by_client(&client, "util.openData.decrypt", args.clone()).code(), "InvalidParameter.PermissionDenied");
    // Of another app, for another user, and of another session.
    let (iv, foreign) = ann(0).encrypts(&phone("wx9999999999999999"));
    let foreign = called(&client, "util.openData.decrypt", json!([{"encryptedData": foreign, "iv": iv}]));
    assert_eq!(foreign["error"]["code"], "INVALID_PARAM", "{foreign}");
    let nobody = called(&cloud.anonymous(), "util.openData.decrypt", args.clone());
    assert!(nobody["error"]["code"].is_string(), "{nobody}");
    cloud.sign_in("wechat_openapi", wechat::APP_ID, "code-2");
    let stale = called(&client, "util.openData.decrypt", args);
    assert_eq!(stale["error"]["code"], "INVALID_PARAM", "{stale}");
    let (iv, sealed) = ann(1).encrypts(&phone(wechat::APP_ID));
    ok(&called(&client, "util.openData.decrypt", json!([{"encryptedData": sealed, "iv": iv}])));

    for (code, is) in [("code-1", "InvalidAuthCode"), ("nobody", "InvalidAuthCode")] {
        assert_eq!(refused(&cloud, "wechat_openapi", wechat::APP_ID, code), is, "{code}");
    }
}

#[test]
fn the_user_who_signed_in_with_wechat_pays() {
    let cloud = Cloud::wechat(wechat::Mode::PublicKey);
    let user = wechat::User { openid: "openid-ann".into(), session_key: "tiihtNczf5v6AKRyjwEUhQ==".into(), ..wechat::User::default() };
    cloud.platforms.wechat.login("code-1", &user);
    let client = cloud.sign_in("wechat_openapi", wechat::APP_ID, "code-1");
    let created = by_client(&client, "payment.common.create", json!(["茶", "order_1", "1.00"])).data();
    cloud.platforms.wechat.pay_with("order_1", &created);
    assert_eq!(cloud.platforms.wechat.heard("create")[0].body["payer"]["openid"], "openid-ann");
    let other = json!([{"subject": "茶", "outTradeNo": "order_2", "totalAmount": "1.00", "buyerId": "openid-bob"}]);
    assert_eq!(by_client(&client, "payment.common.create", other).code(), "INVALID_PARAM");
    cloud.well();
}

#[test]
fn users_of_dingtalk_sign_in_with_apps_of_every_kind() {
    let cloud = Cloud::start();
    let gate = &cloud.platforms.dingtalk;
    let user = dingtalk::User { userid: "user-1".into(), openid: "open-1".into(), unionid: "union-1".into() };
    for (flavour, id, path) in [
        ("personal", "open-1", "/sns/getuserinfo_bycode"),
        ("enterprise", "user-1", "/topapi/v2/user/getuserinfo"),
        ("oauth2", "open-1", "/v1.0/contact/users/me"),
    ] {
        cloud.save("dingtalk", dingtalk::APP_ID, &json!({"appSecret": dingtalk::APP_SECRET, "flavour": flavour}));
        for n in 0..2 {
            let code = format!("{flavour}-{n}");
            gate.login(&code, &user);
            let client = cloud.sign_in("dingtalk_openapi", dingtalk::APP_ID, &code);
            let shown = profile(&client);
            assert_eq!((&shown["oAuthUserId"], &shown["ids"]["unionId"]), (&json!(id), &json!("union-1")), "{flavour}: {shown}");
            assert_eq!(refused(&cloud, "dingtalk_openapi", dingtalk::APP_ID, &code), "InvalidAuthCode", "{flavour}: a code is good once");
        }
        assert_eq!(gate.heard().last().map(String::as_str), Some(if flavour == "oauth2" { "/v1.0/oauth2/userAccessToken" } else { path }));
        assert!(gate.heard().iter().any(|heard| heard == path), "{flavour}");
    }
    // The app's token is kept, and fetched again when DingTalk has withdrawn it.
    cloud.save("dingtalk", dingtalk::APP_ID, &json!({"flavour": "enterprise"}));
    let tokens = || gate.heard().iter().filter(|path| *path == "/gettoken").count();
    assert_eq!(tokens(), 1);
    gate.withdraw();
    gate.login("again", &user);
    cloud.sign_in("dingtalk_openapi", dingtalk::APP_ID, "again");
    assert_eq!(tokens(), 2);
    cloud.save("dingtalk", dingtalk::APP_ID, &json!({"appSecret": "wrong"}));
    gate.login("wrong", &user);
    assert_eq!(refused(&cloud, "dingtalk_openapi", dingtalk::APP_ID, "wrong"), "InvalidConfiguration");
}

#[test]
fn a_provider_that_is_not_there_is_said_to_be_missing() {
    let server = Server::with_config("");
    let space = server.space("none");
    let answer = server.wire(&space).call(AUTHORIZE, login("nobody_openapi", "1", "code"));
    assert_eq!(answer.code(), "InvalidParams.Format");
}
