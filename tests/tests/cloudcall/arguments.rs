//! Every API of the manual's table at Alipay, and what is wrong with calls.

use e2e::gateways::alipay::{APP_ID, Mode, User};
use e2e::gateways::wechat;
use serde_json::{Value, json};

use crate::cloud::{BUYER, Cloud};

#[test]
fn every_api_of_the_manual_reaches_alipay() {
    let cloud = Cloud::alipay(Mode::Certificates);
    let alipay = &cloud.platforms.alipay;
    alipay.login("code-1", &User { user_id: BUYER.to_owned(), ..User::default() });
    alipay.login("authusrB-refresh", &User { user_id: BUYER.to_owned(), ..User::default() });
    cloud.order("order_1", "12.30");
    alipay.pay("order_1");
    cloud.order("order_2", "12.30");
    cloud.order("order_3", "12.30");
    let identity = json!({"cert_name": "张三", "cert_no": "260104197909275964"});
    let card = json!({"identity": "6222020200112233", "name": "张三"});
    let account = json!({"identity": BUYER, "identity_type": "ALIPAY_USER_ID"});
    let logon = json!({"identity": "a@example.test", "identityType": "ALIPAY_LOGON_ID", "name": "张三"});
    let instalments = json!({"hb_fq_num": "3", "hb_fq_seller_percent": "0"});
    // The API, arguments one by one, the method that the gateway hears, and a field of the result.
    let table = [
        ("base.oauth.getToken", json!(["code-1"]), "alipay.system.oauth.token", "userId", json!(BUYER)),
        ("base.oauth.refreshToken", json!(["authusrB-refresh"]), "alipay.system.oauth.token", "userId", json!(BUYER)),
        (
            "base.qrcode.create",
            json!(["pages/index", "a=1", "茶"]),
            "alipay.open.app.qrcode.create",
            "qrCodeUrl",
            json!("http://qr.example.test/a=1"),
        ),
        (
            "marketing.templateMessage.send",
            json!([BUYER, "form", "template", "pages/index", {"keyword1": {"value": "茶"}}]),
            "alipay.open.app.mini.templatemessage.send",
            "code",
            json!("10000"),
        ),
        (
            "marketing.templateMessge.send",
            json!([BUYER, "form", "template", "pages/index", "{\"keyword1\":{\"value\":\"茶\"}}"]),
            "alipay.open.app.mini.templatemessage.send",
            "code",
            json!("10000"),
        ),
        (
            "member.identification.init",
            json!(["1", "FACE", identity, {"return_url": "https://example.test"}]),
            "alipay.user.certify.open.initialize",
            "certifyId",
            json!("certify-1"),
        ),
        ("member.identification.query", json!(["certify-1"]), "alipay.user.certify.open.query", "passed", json!("T")),
        ("payment.common.create", json!(["茶", "order_4", "1", BUYER]), "alipay.trade.create", "outTradeNo", json!("order_4")),
        ("payment.common.query", json!(["order_1"]), "alipay.trade.query", "tradeStatus", json!("TRADE_SUCCESS")),
        ("payment.common.refund", json!(["order_1", 0.3]), "alipay.trade.refund", "refundFee", json!("0.30")),
        ("payment.common.close", json!(["order_2"]), "alipay.trade.close", "outTradeNo", json!("order_2")),
        ("payment.common.cancel", json!(["order_3"]), "alipay.trade.cancel", "action", json!("close")),
        (
            "payment.huabei.create",
            json!(["茶", "order_5", "100", BUYER, instalments]),
            "alipay.trade.create",
            "outTradeNo",
            json!("order_5"),
        ),
        ("payment.faceToFace.pay", json!(["茶", "order_6", "3", "288888888888888888"]), "alipay.trade.pay", "totalAmount", json!("3.00")),
        ("security.textRisk.detect", json!(["茶"]), "alipay.security.risk.content.detect", "action", json!("PASSED")),
        (
            "fund.transferAccount.transfer",
            json!(["transfer_1", "0.1", logon, "奖金"]),
            "alipay.fund.trans.uni.transfer",
            "status",
            json!("SUCCESS"),
        ),
        (
            "fund.transferBankcard.transfer",
            json!(["transfer_2", "1.00", card, "奖金"]),
            "alipay.fund.trans.uni.transfer",
            "status",
            json!("SUCCESS"),
        ),
        (
            "fund.b2cRedPacket.send",
            json!(["transfer_3", "0.01", account, "红包"]),
            "alipay.fund.trans.uni.transfer",
            "status",
            json!("SUCCESS"),
        ),
        (
            "util.generic.execute",
            json!(["alipay.user.info.share", {"theFields": ["a_b"]}, {"authToken": "token-1"}]),
            "alipay.user.info.share",
            "nickName",
            json!("小明"),
        ),
    ];
    for (api, args, method, field, is) in table {
        let before = alipay.heard("").len();
        let result = cloud.ok(api, args);
        assert_eq!(result["result"][field], is, "{api}: {result}");
        let heard = alipay.heard("");
        assert_eq!((heard.len(), heard[before].method.as_str()), (before + 1, method), "{api}");
    }
    for (api, number) in
        [("fund.transferAccount", "transfer_1"), ("fund.transferBankcard", "transfer_2"), ("fund.b2cRedPacket", "transfer_3")]
    {
        let transferred = cloud.booked("transfer", number);
        let queried = cloud.ok(&format!("{api}.query"), json!([transferred["platformNumber"]]));
        assert_eq!((&queried["status"], &queried["outBizNo"]), (&json!("SUCCESS"), &json!(number)), "{queried}");
    }
    assert_eq!(alipay.transferred(), [("transfer_1".to_owned(), 10), ("transfer_2".to_owned(), 100), ("transfer_3".to_owned(), 1)]);
    // The one API that asks nobody.
    let before = alipay.heard("").len();
    let certify = cloud.ok("member.identification.certify", json!([{"certifyId": "certify-1"}]));
    assert!(certify["body"].as_str().is_some_and(|url| url.starts_with(&alipay.url()) && url.contains("sign=")), "{certify}");
    assert_eq!(alipay.heard("").len(), before);
    let generic = &alipay.heard("alipay.user.info.share")[0];
    assert_eq!((&generic.content["the_fields"], &generic.parameters["auth_token"]), (&json!(["a_b"]), &json!("token-1")));
    cloud.well();
}

#[test]
fn what_is_wrong_with_a_call_is_told_and_asks_nobody() {
    let cloud = Cloud::alipay(Mode::Keys);
    let order = json!({"subject": "茶", "outTradeNo": "order_1", "totalAmount": "1.00", "buyerId": BUYER});
    let with = |name: &str, value: Value| {
        let mut order = order.clone();
        order[name] = value;
        json!([order])
    };
    for (api, args, code) in [
        ("payment.common.nothing", json!([]), "FEATURE_NOT_SUPPORT"),
        ("payment", json!([]), "FEATURE_NOT_SUPPORT"),
        ("payment.common.create", json!([]), "NOT_FOUND_PARAM"),
        ("payment.common.create", with("subject", Value::Null), "NOT_FOUND_PARAM"),
        ("payment.common.create", with("totalAmount", json!("1.001")), "INVALID_PARAM"),
        ("payment.common.create", with("totalAmount", json!(0)), "INVALID_PARAM"),
        ("payment.common.create", with("totalAmount", json!(-1)), "INVALID_PARAM"),
        ("payment.common.create", with("totalAmount", json!("1e2")), "INVALID_PARAM"),
        ("payment.common.create", with("totalAmount", json!({})), "INVALID_PARAM"),
        ("payment.common.create", with("outTradeNo", json!("../1")), "INVALID_PARAM"),
        ("payment.common.create", with("outTradeNo", json!("1".repeat(65))), "INVALID_PARAM"),
        ("payment.common.create", with("total_amount", json!("100.00")), "INVALID_PARAM"),
        ("payment.huabei.create", with("extendParams", json!("{")), "INVALID_JSON_OBJECT"),
        ("payment.common.refund", json!([{"outTradeNo": "order_1"}]), "NOT_FOUND_PARAM"),
        ("payment.common.refund", json!([{"outTradeNo": "order_1", "refundAmount": "0"}]), "INVALID_PARAM"),
        // APIs of funds need certificates.
        (
            "fund.transferAccount.transfer",
            json!(["transfer_1", "1.00", {"identity": BUYER, "identity_type": "ALIPAY_USER_ID"}, "奖金"]),
            "InvalidConfiguration",
        ),
    ] {
        assert_eq!(cloud.code(api, args.clone()), code, "{api} {args}");
    }
    assert!(cloud.platforms.alipay.heard("").is_empty());
}

#[test]
fn a_space_may_have_several_platforms_or_none() {
    let cloud = Cloud::start();
    let order = json!({"subject": "茶", "outTradeNo": "order_1", "totalAmount": "1.00", "buyerId": BUYER});
    assert_eq!(cloud.code("payment.common.create", json!([order])), "AppNotFound");
    cloud.save("alipay", APP_ID, &Mode::Keys.settings());
    cloud.save("wechat", wechat::APP_ID, &cloud.platforms.wechat.settings());
    assert_eq!(cloud.code("payment.common.create", json!([order])), "AppNotFound");
    for platform in ["alipay", "wechat"] {
        cloud.ok("payment.common.create", json!([order, {"platform": platform}]));
    }
    // Both have the same number, and nobody takes one for the other.
    cloud.platforms.alipay.pay("order_1");
    for (platform, status) in [("alipay", "TRADE_SUCCESS"), ("wechat", "WAIT_BUYER_PAY")] {
        let queried = cloud.ok("payment.common.query", json!([{"outTradeNo": "order_1"}, {"platform": platform}]));
        assert_eq!(queried["tradeStatus"], status, "{queried}");
    }
    cloud.act("DeletePlatformApp", &[("Platform", "wechat"), ("AppId", wechat::APP_ID)]);
    cloud.ok("payment.common.query", json!(["order_1"]));
    cloud.well();
}
