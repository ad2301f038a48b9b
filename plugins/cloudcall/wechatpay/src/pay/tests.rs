#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outbound::Outbound;
use sdk_plugin::codes::{CONFIG, UNAVAILABLE};
use sdk_plugin::contract::cloudcall::codes::{INVALID_PARAM, NOT_FOUND_PARAM};
use sdk_plugin::contract::cloudcall::{Delivery, Known, OUTCOME_UNKNOWN, Received, State};
use serde_json::{Map, Value, json};

use super::*;
use crate::keys::PublicKey;
use crate::signature::client_text;
use crate::testing::{API_V3_KEY, APP_ID, Fault, Gate, MERCHANT, MERCHANT_PUBLIC, app, app_with_public_key, seal};

const PATIENCE: Duration = Duration::from_secs(10);

async fn start() -> (Gate, Pay) {
    let gate = Gate::start().await;
    let outbound = Arc::new(Outbound::new(None, None).unwrap());
    let pay = Pay::new(Gateway::new(outbound, gate.base.clone()));
    (gate, pay)
}

fn arguments(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn request(api: &str, arguments: Value) -> Request {
    Request {
        app: app(),
        api: format!("payment.common.{api}"),
        arguments: self::arguments(arguments),
        app_auth_token: String::new(),
        notify_url: if api == "create" { "https://cloud.example.com/cloudcall/notify/s/wechat/wx".into() } else { String::new() },
        user: String::new(),
        user_id: String::new(),
        client: false,
        order: None,
    }
}

fn order() -> Request {
    request("create", json!({"subject": "一杯茶", "outTradeNo": "order_0001", "totalAmount": "12.30", "buyerId": "openid-1"}))
}

fn refund(amount: &str) -> Request {
    request("refund", json!({"outTradeNo": "order_0001", "refundAmount": amount, "outRequestNo": "refund-1", "refundReason": "cold"}))
}

fn find(subject: Subject) -> Find {
    let arguments = arguments(json!({"outTradeNo": "order_0001", "outRequestNo": "refund-1"}));
    Find { app: app(), subject, api: "payment.common.create".into(), arguments, app_auth_token: String::new() }
}

async fn code(pay: &Pay, request: &Request) -> String {
    pay.call(request, PATIENCE).await.unwrap_err().code().to_owned()
}

#[tokio::test]
async fn an_order_goes_its_way() {
    let (gate, pay) = start().await;
    let made = pay.call(&order(), PATIENCE).await.unwrap();
    assert_eq!((made.code.as_str(), made.sub_code.as_str()), ("10000", ""));
    let known = made.known.unwrap();
    assert_eq!((known.state, known.amount.as_str(), known.user.as_str()), (State::Pending, "12.30", "openid-1"));
    let text = |name: &str| made.fields[name].as_str().unwrap().to_owned();
    let signed = client_text(APP_ID, text("timeStamp").parse().unwrap(), &text("nonceStr"), &text("package"));
    assert!(PublicKey::read(MERCHANT_PUBLIC).unwrap().verifies(&signed, &text("paySign")));
    assert_eq!((text("package"), text("signType")), (format!("prepay_id={}", text("prepayId")), "RSA".to_owned()));
    let expected = json!({
        "appid": APP_ID, "mchid": MERCHANT, "description": "一杯茶", "out_trade_no": "order_0001",
        "notify_url": "https://cloud.example.com/cloudcall/notify/s/wechat/wx",
        "amount": {"total": 1230, "currency": "CNY"}, "payer": {"openid": "openid-1"},
    });
    assert_eq!(gate.with(|seen| seen.bodies.pop().unwrap()), expected);

    let query = request("query", json!({"outTradeNo": "order_0001"}));
    let asked = pay.call(&query, PATIENCE).await.unwrap();
    assert_eq!(asked.fields["tradeStatus"], "WAIT_BUYER_PAY");
    gate.pay("order_0001");
    let asked = pay.call(&query, PATIENCE).await.unwrap();
    assert_eq!((&asked.fields["tradeStatus"], &asked.fields["totalAmount"]), (&json!("TRADE_SUCCESS"), &json!("12.30")));
    assert_eq!(asked.known.unwrap().state, State::Done);
    let close = request("close", json!({"outTradeNo": "order_0001"}));
    let refused = pay.call(&close, PATIENCE).await.unwrap();
    assert_eq!((refused.code.as_str(), refused.sub_code.as_str()), ("40004", "ORDERPAID"));

    let given = pay.call(&refund("2.3"), PATIENCE).await.unwrap();
    let known = given.known.unwrap();
    assert_eq!((known.state, known.amount.as_str(), known.number.as_str()), (State::Pending, "2.30", "50000refund-1"));
    assert_eq!(gate.with(|seen| seen.bodies.pop().unwrap())["amount"], json!({"refund": 230, "total": 1230, "currency": "CNY"}));
    assert_eq!(pay.find(&find(Subject::Refund), PATIENCE).await.unwrap().known, known);
    gate.with(|seen| seen.refunds.get_mut("refund-1").unwrap()["status"] = json!("SUCCESS"));
    assert_eq!(pay.find(&find(Subject::Refund), PATIENCE).await.unwrap().known.state, State::Done);
    assert_eq!(pay.find(&find(Subject::Order), PATIENCE).await.unwrap().known.user, "openid-1");
    assert!(gate.with(|seen| seen.complaints.clone()).is_empty());
    let fetched = gate.with(|seen| seen.requests.iter().filter(|request| request.ends_with("/v3/certificates")).count());
    assert_eq!(fetched, 1, "certificates are kept");
}

#[tokio::test]
async fn an_order_nobody_pays_is_closed_with_an_empty_answer() {
    let (_gate, pay) = start().await;
    pay.call(&order(), PATIENCE).await.unwrap();
    let closed = pay.call(&request("close", json!({"outTradeNo": "order_0001"})), PATIENCE).await.unwrap();
    assert_eq!((closed.code.as_str(), closed.known.unwrap().state), ("10000", State::Closed));
    assert_eq!(pay.find(&find(Subject::Order), PATIENCE).await.unwrap().known.state, State::Closed);
}

#[tokio::test]
async fn a_public_key_stands_in_for_certificates() {
    let (gate, pay) = start().await;
    gate.with(|seen| seen.public_key = true);
    let order = Request { app: app_with_public_key(), ..order() };
    pay.call(&order, PATIENCE).await.unwrap();
    assert_eq!(gate.with(|seen| (seen.requests.len(), seen.complaints.len())), (1, 0), "no certificates are fetched");
    // During the change from one to the other both are in use.
    gate.with(|seen| seen.public_key = false);
    pay.call(&order, PATIENCE).await.unwrap();
    gate.with(|seen| seen.public_key = true);
    let mut wrong = order.clone();
    wrong.app.settings.insert("publicKey".into(), MERCHANT_PUBLIC.into());
    assert_eq!(code(&pay, &wrong).await, OUTCOME_UNKNOWN, "another key does not verify it");
    wrong.app.settings.insert("publicKeyId".into(), "PUB_KEY_ID_1".into());
    assert_eq!(pay.call(&wrong, PATIENCE).await.unwrap().sub_code, "SIGN_ERROR");
}

#[tokio::test]
async fn an_answer_that_cannot_be_relied_on_leaves_a_change_unknown_and_a_question_open() {
    let replay = json!({"out_trade_no": "order_0002", "mchid": MERCHANT, "appid": APP_ID, "trade_state": "SUCCESS"});
    let query = request("query", json!({"outTradeNo": "order_0001"}));
    for fault in [
        Fault::BadSignature,
        Fault::Probe,
        Fault::NoSignature,
        Fault::Late,
        Fault::UnknownSerial,
        Fault::HangsUp,
        Fault::Garbage,
        Fault::Replays(replay),
        Fault::Refuses(500, "SYSTEM_ERROR"),
        Fault::Refuses(400, "BIZERR_NEED_RETRY"),
        Fault::RefusesUnsigned(502, "BAD_GATEWAY"),
        Fault::Refuses(202, "ACCEPTED"),
    ] {
        let (gate, pay) = start().await;
        pay.call(&order(), PATIENCE).await.unwrap();
        gate.pay("order_0001");
        gate.fails(fault.clone());
        assert_eq!(code(&pay, &query).await, UNAVAILABLE, "{fault:?}");
        assert_eq!(pay.find(&find(Subject::Order), PATIENCE).await.unwrap_err().code(), UNAVAILABLE, "{fault:?}");
        let mut refund = refund("2.30");
        assert_eq!(code(&pay, &refund).await, UNAVAILABLE, "nothing is given back before the amount is known: {fault:?}");
        refund.order =
            Some(Known { state: State::Done, number: String::new(), amount: "12.30".into(), refunded: String::new(), user: String::new() });
        assert_eq!(code(&pay, &refund).await, OUTCOME_UNKNOWN, "{fault:?}");
        let sent = gate.with(|seen| seen.requests.iter().filter(|request| request.starts_with("POST /v3/refund")).count());
        assert_eq!(sent, 1, "it is not sent again: {fault:?}");
    }
}

#[tokio::test]
async fn silence_after_a_refund_leaves_it_unknown_and_it_is_found() {
    let (gate, pay) = start().await;
    pay.call(&order(), PATIENCE).await.unwrap();
    gate.pay("order_0001");
    gate.fails(Fault::Silent);
    let known = Known { state: State::Done, number: String::new(), amount: "12.30".into(), refunded: String::new(), user: String::new() };
    let refund = Request { order: Some(known), ..refund("2.30") };
    let error = pay.call(&refund, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.code(), OUTCOME_UNKNOWN);
    gate.fails(Fault::None);
    assert_eq!(pay.find(&find(Subject::Refund), PATIENCE).await.unwrap().known.state, State::Pending);
    // The same again gives nothing back twice.
    pay.call(&refund, PATIENCE).await.unwrap();
    assert_eq!(gate.with(|seen| seen.refunds.len()), 1);
}

#[tokio::test]
async fn a_gateway_that_is_not_there_was_not_asked() {
    let outbound = Arc::new(Outbound::new(None, None).unwrap());
    let pay = Pay::new(Gateway::new(outbound, "http://127.0.0.1:1".into()));
    assert_eq!(code(&pay, &order()).await, UNAVAILABLE);
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_absence_must_be_signed() {
    let (gate, pay) = start().await;
    let query = request("query", json!({"outTradeNo": "order_0001"}));
    let answer = pay.call(&query, PATIENCE).await.unwrap();
    assert_eq!((answer.code.as_str(), answer.sub_code.as_str()), ("40004", "ORDER_NOT_EXIST"));
    assert_eq!(answer.known.unwrap().state, State::Absent);
    for subject in [Subject::Order, Subject::Refund] {
        assert_eq!(pay.find(&find(subject), PATIENCE).await.unwrap().known.state, State::Absent);
    }
    gate.fails(Fault::RefusesUnsigned(404, "ORDER_NOT_EXIST"));
    let answer = pay.call(&query, PATIENCE).await.unwrap();
    assert_eq!((answer.sub_code.as_str(), answer.known), ("ORDER_NOT_EXIST", None));
    for subject in [Subject::Order, Subject::Refund] {
        assert_eq!(pay.find(&find(subject), PATIENCE).await.unwrap_err().code(), UNAVAILABLE);
    }
    for (code, ours) in [("PARAM_ERROR", "40002"), ("NO_AUTH", "40006"), ("NOT_ENOUGH", "40004")] {
        gate.fails(Fault::Refuses(400, code));
        let answer = pay.call(&order(), PATIENCE).await.unwrap();
        assert_eq!((answer.code.as_str(), answer.sub_code.as_str(), answer.sub_msg.as_str()), (ours, code, "in words"));
    }
    gate.fails(Fault::None);
    let mut stranger = order();
    stranger.app.settings.insert("merchantSerial".into(), "00AA".into());
    assert_eq!(pay.call(&stranger, PATIENCE).await.unwrap().sub_code, "SIGN_ERROR", "not signed, and still a refusal");
}

#[tokio::test]
async fn certificates_count_only_when_they_open_and_sign_their_own_list() {
    for fault in [Fault::BadSignature, Fault::NoSignature, Fault::Garbage, Fault::HangsUp, Fault::Refuses(404, "NO_AUTH")] {
        let (gate, pay) = start().await;
        gate.with(|seen| seen.certificates_fault = fault.clone());
        assert_eq!(code(&pay, &order()).await, OUTCOME_UNKNOWN, "{fault:?}");
        assert_eq!(code(&pay, &order()).await, OUTCOME_UNKNOWN, "{fault:?}");
        let fetched = gate.with(|seen| seen.requests.iter().filter(|request| request.ends_with("/v3/certificates")).count());
        assert_eq!(fetched, 1, "a failure stands for some seconds: {fault:?}");
    }
    let (_gate, pay) = start().await;
    let mut other = order();
    other.app.settings.insert("apiV3Key".into(), "another key of thirty two bytes!".into());
    assert_eq!(code(&pay, &other).await, OUTCOME_UNKNOWN);
    pay.call(&order(), PATIENCE).await.unwrap();
}

#[tokio::test]
async fn many_callers_fetch_certificates_once() {
    let (gate, pay) = start().await;
    let query = request("query", json!({"outTradeNo": "order_0001"}));
    let all: Vec<_> = (0..8).map(|_| pay.call(&query, PATIENCE)).collect();
    for answer in futures_util::future::join_all(all).await {
        answer.unwrap();
    }
    let fetched = gate.with(|seen| seen.requests.iter().filter(|request| request.ends_with("/v3/certificates")).count());
    assert_eq!(fetched, 1);
}

#[tokio::test]
async fn arguments_are_checked_before_anything_is_sent() {
    let (gate, pay) = start().await;
    let change = |name: &str, value: Value| {
        let mut order = order();
        order.arguments.insert(name.into(), value);
        order
    };
    for (name, value, expected) in [
        ("outTradeNo", json!("short"), INVALID_PARAM),
        ("outTradeNo", json!("a".repeat(33)), INVALID_PARAM),
        ("outTradeNo", json!("a/../../b"), INVALID_PARAM),
        ("outTradeNo", Value::Null, NOT_FOUND_PARAM),
        ("totalAmount", json!("0"), INVALID_PARAM),
        ("totalAmount", json!("1.234"), INVALID_PARAM),
        ("totalAmount", json!(12.3), INVALID_PARAM),
        ("subject", json!(""), INVALID_PARAM),
        ("subject", json!("茶".repeat(128)), INVALID_PARAM),
        ("buyerId", Value::Null, NOT_FOUND_PARAM),
        ("buyerId", json!(1), INVALID_PARAM),
    ] {
        assert_eq!(code(&pay, &change(name, value.clone())).await, expected, "{name} {value}");
    }
    for (url, expected) in [("http://a.test/", INVALID_PARAM), ("https://a.test/?a", INVALID_PARAM), ("", NOT_FOUND_PARAM)] {
        assert_eq!(code(&pay, &Request { notify_url: url.into(), ..order() }).await, expected, "{url}");
    }
    let known = Known { state: State::Done, number: String::new(), amount: "1.00".into(), refunded: String::new(), user: String::new() };
    let too_much = Request { order: Some(known), ..refund("1.01") };
    assert_eq!(code(&pay, &too_much).await, INVALID_PARAM);
    let mut unnumbered = refund("1.00");
    unnumbered.arguments.remove("outRequestNo");
    assert_eq!(code(&pay, &unnumbered).await, NOT_FOUND_PARAM);
    let mut incomplete = order();
    incomplete.app.settings.remove("mchId");
    assert_eq!(code(&pay, &incomplete).await, CONFIG);
    assert_eq!(code(&pay, &request("cancel", json!({}))).await, "FEATURE_NOT_SUPPORT");
    assert!(gate.with(|seen| seen.requests.clone()).is_empty());
}

#[tokio::test]
async fn other_arguments_go_along_and_change_nothing_of_ours() {
    let (gate, pay) = start().await;
    let mut order = order();
    order.user = "openid-2".into();
    order.arguments.remove("buyerId");
    for (name, value) in [
        ("attach", json!("table 5")),
        ("timeExpire", json!("2030-01-01T00:00:00+08:00")),
        ("sceneInfo", json!({"payerClientIp": "1.1.1.1"})),
        ("mchid", json!("1")),
        ("notifyUrl", json!("https://thief.test/")),
        ("amount", json!({"total": 1})),
        ("payer", json!({"openid": "thief"})),
    ] {
        order.arguments.insert(name.into(), value);
    }
    pay.call(&order, PATIENCE).await.unwrap();
    let body = gate.with(|seen| seen.bodies.pop().unwrap());
    assert_eq!((&body["attach"], &body["scene_info"]["payer_client_ip"]), (&json!("table 5"), &json!("1.1.1.1")));
    assert_eq!((&body["mchid"], &body["amount"]["total"], &body["payer"]["openid"]), (&json!(MERCHANT), &json!(1230), &json!("openid-2")));
    assert_eq!(body["notify_url"], "https://cloud.example.com/cloudcall/notify/s/wechat/wx");
}

fn transaction() -> Value {
    json!({
        "transaction_id": "1217752501201407033233368018", "amount": {"payer_total": 1200, "total": 1230, "currency": "CNY"},
        "mchid": MERCHANT, "appid": APP_ID, "trade_state": "SUCCESS", "out_trade_no": "order_0001", "payer": {"openid": "openid-1"},
    })
}

fn refunded() -> Value {
    json!({
        "mchid": MERCHANT, "out_trade_no": "order_0001", "transaction_id": "12177", "out_refund_no": "refund-1", "refund_id": "50000",
        "refund_status": "SUCCESS", "amount": {"total": 1230, "refund": 230, "payer_total": 1230, "payer_refund": 230},
    })
}

fn notification(event: &str, kind: &str, inside: &Value) -> String {
    let resource = json!({
        "algorithm": "AEAD_AES_256_GCM", "original_type": kind, "associated_data": kind, "nonce": "fdasflkja484",
        "ciphertext": seal(API_V3_KEY, "fdasflkja484", kind, inside.to_string().as_bytes()),
    });
    json!({"id": "EV-1", "create_time": "2030-01-01T00:00:00+08:00", "event_type": event, "resource_type": "encrypt-resource", "resource": resource})
        .to_string()
}

async fn deliver(gate: &Gate, pay: &Pay, fault: &Fault, body: &str) -> Received {
    let delivery = Delivery { app: app(), headers: gate.signed(fault, body.as_bytes()), body: STANDARD.encode(body) };
    pay.receive(&delivery, PATIENCE).await.unwrap()
}

#[tokio::test]
async fn a_notification_is_checked_opened_and_told() {
    let (gate, pay) = start().await;
    let body = notification("TRANSACTION.SUCCESS", "transaction", &transaction());
    let received = deliver(&gate, &pay, &Fault::None, &body).await;
    assert_eq!((received.reply.status, received.reply.body.as_str(), received.refusal.status), (204, "", 500));
    assert_eq!(serde_json::from_str::<Value>(&received.refusal.body).unwrap()["code"], "FAIL");
    let notice = received.notice.unwrap();
    assert_eq!((notice.subject, notice.our_number.as_str(), notice.app_id.as_str()), (Subject::Order, "order_0001", APP_ID));
    assert_eq!((notice.known.state, notice.known.amount.as_str(), notice.seller.as_str()), (State::Done, "12.30", MERCHANT));
    assert_eq!(notice.fields["payer"]["openid"], "openid-1");
    let again = deliver(&gate, &pay, &Fault::None, &body.replace("EV-1", "EV-2")).await;
    assert_eq!(again.notice.unwrap().id, notice.id, "the same payment");

    let received = deliver(&gate, &pay, &Fault::None, &notification("REFUND.SUCCESS", "refund", &refunded())).await;
    let notice = received.notice.unwrap();
    assert_eq!((notice.subject, notice.our_number.as_str(), notice.known.amount.as_str()), (Subject::Refund, "refund-1", "2.30"));
    let received = deliver(&gate, &pay, &Fault::None, &notification("COUPON.USE", "coupon", &json!({}))).await;
    assert_eq!((received.notice.is_none(), received.reply.status), (true, 204));
}

#[tokio::test]
async fn a_notification_that_is_not_genuine_or_for_another_is_refused() {
    let (gate, pay) = start().await;
    let body = notification("TRANSACTION.SUCCESS", "transaction", &transaction());
    for fault in [Fault::BadSignature, Fault::Probe, Fault::NoSignature, Fault::Late, Fault::UnknownSerial] {
        let received = deliver(&gate, &pay, &fault, &body).await;
        assert_eq!((received.notice.is_none(), received.reply.status), (true, 401), "{fault:?}");
    }
    let tampered =
        Delivery { app: app(), headers: gate.signed(&Fault::None, body.as_bytes()), body: STANDARD.encode(body.replace("EV-1", "EV-2")) };
    assert_eq!(pay.receive(&tampered, PATIENCE).await.unwrap().reply.status, 401);
    let mut wrong = Vec::new();
    for (name, value) in [("mchid", "1"), ("appid", "wx1"), ("trade_state", "?"), ("transaction_id", ""), ("out_trade_no", "")] {
        let mut inside = transaction();
        inside[name] = if value.is_empty() { Value::Null } else { json!(value) };
        wrong.push(notification("TRANSACTION.SUCCESS", "transaction", &inside));
    }
    let mut inside = refunded();
    inside["mchid"] = json!("1");
    wrong.push(notification("REFUND.SUCCESS", "refund", &inside));
    wrong.push(body.replace("encrypt-resource", "plain"));
    wrong.push(body.replace("fdasflkja484", "fdasflkja485"));
    wrong.push("no JSON".to_owned());
    for body in wrong {
        let received = deliver(&gate, &pay, &Fault::None, &body).await;
        assert_eq!((received.notice.is_none(), received.reply.status), (true, 400), "{body}");
    }
}

#[tokio::test]
async fn a_notification_whose_certificate_cannot_be_fetched_comes_again() {
    let (gate, pay) = start().await;
    gate.with(|seen| seen.certificates_fault = Fault::Refuses(500, "SYSTEM_ERROR"));
    let body = notification("TRANSACTION.SUCCESS", "transaction", &transaction());
    let received = deliver(&gate, &pay, &Fault::None, &body).await;
    assert_eq!((received.notice.is_none(), received.reply.status), (true, 503));
}

#[test]
fn the_description_has_what_the_calls_take() {
    let description = description();
    let names: Vec<&str> = description.apis.iter().map(|api| api.name.as_str()).collect();
    let expected = ["payment.common.create", "payment.common.query", "payment.common.refund", "payment.common.close", OPEN_DATA];
    assert_eq!(names, expected);
    let secret: Vec<&str> = description.settings.iter().filter(|setting| setting.secret).map(|setting| setting.name.as_str()).collect();
    assert_eq!(secret, ["appSecret", "apiV3Key", "merchantKey"]);
}
