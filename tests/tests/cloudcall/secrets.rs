//! What must stay on the server does: it is in no listing, no log, and no file.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::gateways::{Fault, alipay, dingtalk, wechat};
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use crate::cloud::{Cloud, Platforms, by_client, called};

const SESSION_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";

/// What nobody may find, by names: of keys a line from their middle.
fn secrets() -> Vec<(String, String)> {
    let mut secrets = Vec::new();
    let apps = [alipay::Mode::Certificates.settings(), alipay::Mode::Encrypted.settings(), wechat::Mode::PublicKey.settings()];
    for (name, value) in apps.iter().filter_map(Value::as_object).flatten() {
        let value = value.as_str().expect("settings are text");
        if ["privateKey", "aesKey", "appSecret", "apiV3Key", "merchantKey"].contains(&name.as_str()) {
            secrets.push((name.clone(), value.lines().nth(5).unwrap_or(value).to_owned()));
        }
    }
    secrets.push(("appSecret of DingTalk".to_owned(), dingtalk::APP_SECRET.to_owned()));
    secrets.push(("session key".to_owned(), SESSION_KEY.to_owned()));
    secrets.push(("access token".to_owned(), alipay::ACCESS_TOKEN.to_owned()));
    secrets.push(("refresh token".to_owned(), alipay::REFRESH_TOKEN.to_owned()));
    secrets.push(("app auth token".to_owned(), "202611BBthe-app-auth-token".to_owned()));
    secrets.push(("card number".to_owned(), "6222020200112233".to_owned()));
    secrets.push(("name of a payee".to_owned(), "欧阳修".to_owned()));
    secrets
}

/// The secrets that some bytes have in them, as they are or in the usual codes.
fn found(bytes: &[u8]) -> Vec<String> {
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let forms = |text: &str| {
        let escaped: String = form_escaped(text);
        [text.to_owned(), text.replace('/', "\\/"), STANDARD.encode(text), hex::encode(text), escaped]
    };
    secrets().into_iter().filter(|(_, secret)| forms(secret).iter().any(|form| has(form))).map(|(name, _)| name).collect()
}

fn form_escaped(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A file, unpacked where it is packed.
fn read(path: &Path) -> Vec<u8> {
    let packed = fs::read(path).expect("read a file");
    let mut plain = Vec::new();
    match packed.starts_with(&[0x1f, 0x8b]) && MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut plain).is_ok() {
        true => plain,
        false => packed,
    }
}

fn look_at_files(folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("read a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files += look_at_files(&path);
        } else {
            assert_eq!(found(&read(&path)), [""; 0], "{}", path.display());
            files += 1;
        }
    }
    files
}

fn has_file_with(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).expect("read a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() { has_file_with(&path, bytes) } else { read(&path).windows(bytes.len()).any(|window| window == bytes) }
    })
}

/// Signs in, pays, gives back and transfers, well and otherwise.
fn work(cloud: &Cloud) {
    let platforms = &cloud.platforms;
    let user = alipay::User { user_id: crate::cloud::BUYER.into(), ..alipay::User::default() };
    platforms.alipay.login("code-1", &user);
    let client = cloud.sign_in("alipay_openapi", alipay::APP_ID, "code-1");
    let order = json!([{"subject": "茶", "outTradeNo": "order_1", "totalAmount": "10.00"}, {"platform": "alipay"}]);
    by_client(&client, "payment.common.create", order.clone()).data();
    platforms.alipay.pay("order_1");
    assert_eq!(platforms.alipay.notification("order_1").push(cloud.server.http()).0, 200);
    platforms.alipay.notification("order_1").forged().push(cloud.server.http());
    cloud.told_of("order_1");
    for fault in [Fault::Silence, Fault::BadSignature, Fault::Error, Fault::UnsignedError, Fault::HangUp, Fault::Twice] {
        platforms.alipay.fails("alipay.trade.refund", fault, 1);
        platforms.alipay.fails("alipay.trade.fastpay.refund.query", fault, 1);
        let number = format!("refund_{fault:?}");
        called(
            &client,
            "payment.common.refund",
            json!([{"outTradeNo": "order_1", "refundAmount": "1.00", "outRequestNo": number}, {"platform": "alipay"}]),
        );
    }
    let payee = json!({"identity": "6222020200112233", "name": "欧阳修"});
    for (number, fault) in [("transfer_1", None), ("transfer_2", Some(Fault::HangUp)), ("transfer_3", Some(Fault::BadSignature))] {
        if let Some(fault) = fault {
            platforms.alipay.fails("alipay.fund.trans.uni.transfer", fault, 1);
            platforms.alipay.fails("alipay.fund.trans.common.query", fault, 1);
        }
        called(&client, "fund.transferBankcard.transfer", json!([number, "1.00", payee, "奖金"]));
    }
    let user = wechat::User { openid: "openid-1".into(), session_key: SESSION_KEY.into(), ..wechat::User::default() };
    platforms.wechat.login("code-1", &user);
    let client = cloud.sign_in("wechat_openapi", wechat::APP_ID, "code-1");
    by_client(&client, "payment.common.create", json!(["茶", "order_2", "1.00"])).data();
    platforms.wechat.pay("order_2");
    platforms.wechat.notification("order_2").push(cloud.server.http());
    platforms.wechat.fails("refund", Fault::HangUp, 1);
    platforms.wechat.fails("query_refund", Fault::BadSignature, 1);
    called(&client, "payment.common.refund", json!([{"outTradeNo": "order_2", "refundAmount": "1.00"}, {"platform": "wechat"}]));
    let (iv, sealed) = user.encrypts(&json!({"phoneNumber": "1", "watermark": {"appid": wechat::APP_ID}}));
    assert_eq!(called(&client, "util.openData.decrypt", json!([sealed, iv]))["ok"]["phoneNumber"], "1");
    platforms.dingtalk.login("code-1", &dingtalk::User { userid: "u".into(), openid: "o".into(), unionid: "n".into() });
    cloud.sign_in("dingtalk_openapi", dingtalk::APP_ID, "code-1");
    for (provider, app) in [("alipay_openapi", alipay::APP_ID), ("wechat_openapi", wechat::APP_ID), ("dingtalk_openapi", dingtalk::APP_ID)]
    {
        let refused = cloud.server.wire(&cloud.space).call("serverless.auth.user.authorize", crate::cloud::login(provider, app, "nobody"));
        assert_eq!(found(&refused.body), [""; 0], "{provider}");
    }
    // Settings that cannot be used are refused, without being shown.
    for (platform, app, name) in [("alipay", alipay::APP_ID, "privateKey"), ("wechat", wechat::APP_ID, "merchantKey")] {
        let settings = json!({name: format!("{}\n{}", dingtalk::APP_SECRET, alipay::APP_KEY.lines().nth(5).expect("a line"))}).to_string();
        let parameters = [("SpaceId", cloud.space.id.as_str()), ("Platform", platform), ("AppId", app), ("Settings", &settings)];
        let refused = cloud.server.management().act("SavePlatformApp", &parameters);
        assert_ne!(refused.status, 200, "{name}");
        assert_eq!(found(&refused.body), [""; 0], "{name}");
    }
}

#[test]
fn secrets_are_in_no_listing_no_log_and_no_file() {
    let mut cloud = Cloud::with(Platforms::start(), "[log]\nlevel = \"trace\"\n");
    let mut settings = alipay::Mode::Certificates.settings();
    (settings["aesKey"], settings["appAuthToken"]) = (alipay::AES.into(), "202611BBthe-app-auth-token".into());
    cloud.save("alipay", alipay::APP_ID, &settings);
    cloud.save("wechat", wechat::APP_ID, &cloud.platforms.wechat.settings());
    cloud.save("dingtalk", dingtalk::APP_ID, &json!({"appSecret": dingtalk::APP_SECRET, "flavour": "personal"}));
    work(&cloud);
    assert!(cloud.platforms.alipay.heard("alipay.trade.create")[0].parameters.contains_key("app_auth_token"), "it is used");

    for action in ["ListPlatformApps", "ListOpenPlatformConfig", "ListDingtalkOpenPlatformConfigs", "ListPlatforms"] {
        let answer = cloud.server.management().act(action, &[("SpaceId", &cloud.space.id)]);
        assert_eq!(answer.status, 200, "{action}: {}", answer.json());
        assert_eq!(found(&answer.body), [""; 0], "{action}");
    }
    let listed = cloud.act("ListPlatformApps", &[]);
    for app in [alipay::APP_ID, wechat::APP_ID, dingtalk::APP_ID] {
        assert!(listed.to_string().contains(app), "{listed}");
    }
    for arguments in [&["platform", "list", "--space"][..], &["call", "cloudcall.orders", "{}", "--space"]] {
        let arguments: Vec<&str> = arguments.iter().copied().chain([cloud.space.id.as_str()]).collect();
        let finished = cloud.server.run(&arguments).succeeded();
        assert_eq!(found(format!("{}{}", finished.stdout, finished.stderr).as_bytes()), [""; 0], "{arguments:?}");
    }
    let mut metrics = cloud.anonymous().agent().get(format!("{}/metrics", cloud.server.http())).call().expect("metrics");
    let metrics = metrics.body_mut().read_to_vec().expect("metrics");
    assert!(!metrics.is_empty());
    assert_eq!(found(&metrics), [""; 0]);

    let backup = cloud.server.run_json(&["db", "backup", "now", "--space", &cloud.space.id]);
    assert!(backup["documents"].as_u64().is_some_and(|documents| documents > 0), "{backup}");

    // What the database has not written yet it writes at its end.
    cloud.server.stop();
    let log = cloud.server.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log has everything");
    assert_eq!(found(log.as_bytes()), [""; 0]);
    assert!(look_at_files(&cloud.server.data()) > 3);
    // The search finds what is there.
    assert_eq!(found(alipay::APP_KEY.as_bytes()), ["privateKey", "privateKey"]);
    assert!(has_file_with(&cloud.server.data(), b"order_1"), "orders are in the database");
}
