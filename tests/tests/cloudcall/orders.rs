//! Orders from cloud functions, in every style of calls.

use e2e::gateways::alipay::{APP_ID, Mode, SELLER, Status};
use e2e::gateways::wechat;
use e2e::wait_for;
use serde_json::{Value, json};

use crate::cloud::{BUYER, Cloud};

/// How arguments are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// One object.
    A,
    /// One after the other.
    B,
    /// An object with the platform's names, and options.
    C,
}

/// A name as platforms write it.
fn theirs(name: &str) -> String {
    name.chars().flat_map(|c| if c.is_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] }).collect()
}

impl Style {
    fn args(self, named: &[(&str, Value)]) -> Value {
        match self {
            Self::A => json!([Value::Object(named.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())]),
            Self::B => named.iter().map(|(_, value)| value.clone()).collect(),
            Self::C => {
                let named = named.iter().map(|(name, value)| (theirs(name), value.clone()));
                json!([Value::Object(named.collect()), {"appAuthToken": ""}])
            }
        }
    }

    /// Asserts that a result can be read as programs of the style do.
    #[track_caller]
    fn reads(self, result: &Value, ours: &str, theirs: &str, is: &str) {
        assert_eq!((&result["result"][ours], &result[ours]), (&json!(is), &json!(is)), "{self:?}: {result}");
        assert_eq!(result.get(theirs).is_some(), self != Self::B, "{self:?}: {result}");
        assert_eq!(
            (&result["code"], &result["msg"], &result["subCode"], &result["subMsg"]),
            (&json!("10000"), &json!("Success"), &json!(""), &json!(""))
        );
    }
}

/// An order from its beginning to its end.
fn from_beginning_to_end(cloud: &Cloud, style: Style) {
    let alipay = &cloud.platforms.alipay;
    let number = format!("order_{style:?}");
    let order = ("outTradeNo", json!(number));
    let created = cloud.ok(
        "payment.common.create",
        style.args(&[("subject", json!("龙井茶 100%")), order.clone(), ("totalAmount", json!(88.8)), ("buyerId", json!(BUYER))]),
    );
    let theirs = created["tradeNo"].as_str().unwrap_or_else(|| panic!("{created}"));
    style.reads(&created, "tradeNo", "trade_no", theirs);
    let asked = &alipay.heard("alipay.trade.create").pop().expect("it was asked").content;
    assert_eq!((&asked["total_amount"], &asked["buyer_id"], &asked["subject"]), (&json!("88.80"), &json!(BUYER), &json!("龙井茶 100%")));
    let queried = cloud.ok("payment.common.query", style.args(std::slice::from_ref(&order)));
    style.reads(&queried, "tradeStatus", "trade_status", "WAIT_BUYER_PAY");
    assert_eq!(cloud.booked("order", &number)["state"], "pending");

    alipay.pay(&number);
    let notification = alipay.notification(&number);
    let address = format!("https://pay.example.test/cloudcall/notify/{}/alipay/{APP_ID}", cloud.space.id);
    assert_eq!(notification.url(), address);
    assert_eq!(notification.push(cloud.server.http()), (200, "success".to_owned()));
    let told = &cloud.told_of(&number)[0];
    for (name, is) in [
        ("event", "cloudcall.notify"),
        ("platform", "alipay"),
        ("appId", APP_ID),
        ("subject", "order"),
        ("platformNumber", theirs),
        ("state", "done"),
        ("amount", "88.80"),
        ("platformUserId", BUYER),
    ] {
        assert_eq!(told[name], is, "{name}: {told}");
    }
    assert_eq!((&told["fields"]["seller_id"], &told["fields"]["trade_status"]), (&json!(SELLER), &json!("TRADE_SUCCESS")), "{told}");
    let queried = cloud.ok("payment.common.query", style.args(std::slice::from_ref(&order)));
    style.reads(&queried, "tradeStatus", "trade_status", "TRADE_SUCCESS");

    let refund = |amount: Value| cloud.ok("payment.common.refund", style.args(&[order.clone(), ("refundAmount", amount)]));
    let refunded = refund(json!("8.8"));
    style.reads(&refunded, "fundChange", "fund_change", "Y");
    style.reads(&refunded, "refundFee", "refund_fee", "8.80");
    // The same again is the same refund.
    refund(json!(8.8));
    assert_eq!(alipay.given_back(&number), [880]);
    style.reads(&refund(json!(80)), "refundFee", "refund_fee", "88.80");
    assert_eq!(alipay.given_back(&number).iter().sum::<u64>(), 8880);
    let queried = cloud.ok("payment.common.query", style.args(std::slice::from_ref(&order)));
    style.reads(&queried, "tradeStatus", "trade_status", "TRADE_CLOSED");
    let booked =
        wait_for("what was given back in the book", || Some(cloud.booked("order", &number)).filter(|booked| booked["state"] == "closed"));
    assert_eq!(
        (&booked["amount"], &booked["open"], &booked["platformNumber"]),
        (&json!("88.80"), &json!(false), &json!(theirs)),
        "{booked}"
    );
}

fn in_mode(mode: Mode) {
    let cloud = Cloud::alipay(mode);
    for style in [Style::A, Style::B, Style::C] {
        from_beginning_to_end(&cloud, style);
    }
    cloud.well();
    let heard = cloud.platforms.alipay.heard("");
    assert!(heard.iter().all(|heard| heard.parameters.contains_key("app_cert_sn") == (mode == Mode::Certificates)));
    assert!(heard.iter().all(|heard| heard.parameters.contains_key("encrypt_type") == (mode == Mode::Encrypted)));
}

#[test]
fn orders_at_alipay_with_keys() {
    in_mode(Mode::Keys);
}

#[test]
fn orders_at_alipay_with_certificates() {
    in_mode(Mode::Certificates);
}

#[test]
fn orders_at_alipay_with_encrypted_content() {
    in_mode(Mode::Encrypted);
}

/// An order at WeChat Pay from its beginning to its end.
fn wechat_order(cloud: &Cloud, style: Style) {
    let wechat = &cloud.platforms.wechat;
    let number = format!("order_{style:?}");
    let order = ("outTradeNo", json!(number));
    let created = cloud.ok(
        "payment.common.create",
        style.args(&[("subject", json!("龙井茶")), order.clone(), ("totalAmount", json!("88.8")), ("buyerId", json!("openid-1"))]),
    );
    assert_eq!(created["signType"], "RSA", "{created}");
    wechat.pay_with(&number, &created);
    let asked = &wechat.heard("create").pop().expect("it was asked").body;
    assert_eq!((&asked["amount"]["total"], &asked["payer"]["openid"]), (&json!(8880), &json!("openid-1")));
    let notification = wechat.notification(&number);
    assert_eq!(notification.url(), format!("https://pay.example.test/cloudcall/notify/{}/wechat/{}", cloud.space.id, wechat::APP_ID));
    let (status, _) = notification.push(cloud.server.http());
    assert!(matches!(status, 200 | 204), "{status}");
    let told = &cloud.told_of(&number)[0];
    assert_eq!((&told["platform"], &told["state"], &told["amount"]), (&json!("wechat"), &json!("done"), &json!("88.80")), "{told}");
    let queried = cloud.ok("payment.common.query", style.args(std::slice::from_ref(&order)));
    style.reads(&queried, "tradeStatus", "trade_status", "TRADE_SUCCESS");

    let refunded = cloud.ok("payment.common.refund", style.args(&[order.clone(), ("refundAmount", json!(8.8))]));
    assert_eq!((&refunded["status"], &refunded["refundFee"]), (&json!("PROCESSING"), &json!("8.80")), "{refunded}");
    cloud.ok("payment.common.refund", style.args(&[order.clone(), ("refundAmount", json!("8.80"))]));
    assert_eq!(wechat.given_back(&number), [880], "the same again is the same refund");
    wechat.settle();
    for notification in wechat.refund_notifications(&number) {
        let (status, _) = notification.push(cloud.server.http());
        assert!(matches!(status, 200 | 204), "{status}");
    }
    let refund = refunded["outRequestNo"].as_str().unwrap_or_else(|| panic!("{refunded}"));
    let told = &cloud.told_of(refund)[0];
    assert_eq!((&told["subject"], &told["state"], &told["amount"]), (&json!("refund"), &json!("done"), &json!("8.80")), "{told}");
    assert_eq!(told["orderNumber"], number.as_str(), "{told}");
    assert_eq!(cloud.booked("refund", refund)["state"], "done");
}

fn in_wechat_mode(mode: wechat::Mode) {
    let cloud = Cloud::wechat(mode);
    for style in [Style::A, Style::B, Style::C] {
        wechat_order(&cloud, style);
    }
    cloud.well();
}

#[test]
fn orders_at_wechat_pay_with_its_public_key() {
    in_wechat_mode(wechat::Mode::PublicKey);
}

#[test]
fn orders_at_wechat_pay_with_its_certificates() {
    in_wechat_mode(wechat::Mode::Certificates);
}

#[test]
fn orders_are_closed_and_cancelled() {
    let cloud = Cloud::alipay(Mode::Keys);
    let alipay = &cloud.platforms.alipay;
    for number in ["close_1", "cancel_1", "cancel_2"] {
        cloud.order(number, "5.00");
    }
    cloud.ok("payment.common.close", json!(["close_1"]));
    cloud.ok("payment.common.close", json!(["close_1"]));
    assert_eq!(cloud.ok("payment.common.cancel", json!([{"outTradeNo": "cancel_1"}]))["action"], "close");
    alipay.pay("cancel_2");
    assert_eq!(cloud.ok("payment.common.cancel", json!([{"outTradeNo": "cancel_2"}, {}]))["action"], "refund");
    for (number, back) in [("close_1", &[][..]), ("cancel_1", &[]), ("cancel_2", &[500])] {
        assert_eq!((alipay.status(number), alipay.given_back(number).as_slice()), (Some(Status::Closed), back), "{number}");
        assert_eq!(cloud.booked("order", number)["state"], "closed", "{number}");
    }
    // A refusal of the platform is a result, with the reason.
    cloud.order("paid_1", "5.00");
    alipay.pay("paid_1");
    let refused = cloud.call("payment.common.close", json!(["paid_1"]));
    assert_eq!((&refused["ok"]["success"], &refused["ok"]["subCode"]), (&json!(false), &json!("ACQ.TRADE_STATUS_ERROR")), "{refused}");
    let refused = cloud.call("payment.common.refund", json!(["paid_1", "5.01"]));
    assert_eq!(
        (&refused["ok"]["code"], &refused["ok"]["subCode"]),
        (&json!("40004"), &json!("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")),
        "{refused}"
    );
    assert!(alipay.given_back("paid_1").is_empty());
    cloud.well();
}

#[test]
fn functions_say_who_is_told_and_for_which_merchant_they_act() {
    let cloud = Cloud::alipay(Mode::Keys);
    cloud.server.deploy(&e2e::function("told"), &cloud.space, "elsewhere");
    cloud.act("SaveCloudCallNotifyConfig", &[("FunctionName", "")]);
    let alipay = &cloud.platforms.alipay;
    let order = |number: &str| json!({"subject": "茶", "outTradeNo": number, "totalAmount": "1.00", "buyerId": BUYER});
    cloud.ok(
        "payment.common.create",
        json!([order("order_1"), {"notify": {"url": "https://shop.example.test/paid"}, "appAuthToken": "token-1"}]),
    );
    let heard = alipay.heard("alipay.trade.create").pop().expect("it was asked").parameters;
    assert_eq!((&heard["notify_url"], &heard["app_auth_token"]), (&json!("https://shop.example.test/paid"), &json!("token-1")));
    cloud.ok("payment.common.create", json!(["茶", "order_2", 1, BUYER, {"notify": {"function": "elsewhere"}}]));
    cloud.ok("payment.common.create", json!([order("order_3")]));
    for number in ["order_3", "order_2"] {
        alipay.pay(number);
        assert_eq!(alipay.notification(number).push(cloud.server.http()), (200, "success".to_owned()), "{number}");
    }
    cloud.told_of("order_2");
    assert!(cloud.told("order_3").is_empty(), "no function is bound");
    assert_eq!(cloud.act("GetCloudCallNotifyConfig", &[])["FunctionName"], "");
    assert_eq!(cloud.booked("order", "order_3")["state"], "done");
    cloud.well();
}
