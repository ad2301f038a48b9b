//! What goes wrong at a gateway, and what may be said then.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_plugin::contract::cloudcall::Request;
use sdk_plugin::contract::cloudcall::codes::OUTCOME_UNKNOWN;
use sdk_plugin::{Error, codes};
use serde_json::{Value, json};

use crate::adapter::Adapter;
use crate::config::Config;
use crate::testing::gateway::{Answer as How, Gateway};
use crate::testing::{AES, app, certified, keys, request, with};

const PATIENCE: Duration = Duration::from_secs(10);

fn ok() -> Value {
    json!({"code": "10000", "msg": "Success", "trade_no": "1", "fund_change": "Y"})
}

fn failed(code: &str, sub: &str) -> Value {
    json!({"code": code, "msg": "no", "sub_code": sub})
}

fn refund() -> Request {
    request(with(app(), "aesKey", AES), "payment.common.refund", json!({"outTradeNo": "T1", "refundAmount": "1.00", "outRequestNo": "R1"}))
}

fn query() -> Request {
    request(with(app(), "aesKey", AES), "payment.common.query", json!({"outTradeNo": "T1"}))
}

/// The code of how a call ends: the gateway's, or that of the error.
async fn ends(request: &Request, how: How) -> String {
    let gateway = Gateway::start(move |_| how.clone()).await;
    let end = match gateway.adapter().call(request, PATIENCE).await {
        Ok(answer) => answer.code,
        Err(error) => error.code().to_owned(),
    };
    assert_eq!(gateway.heard().len(), 1, "nothing is ever sent twice");
    end
}

#[tokio::test]
async fn only_what_is_signed_counts_as_a_success() {
    let twice = || How::Twice(ok(), failed("40004", "ACQ.X"));
    for (how, refund_ends, query_ends) in [
        (How::Signed(ok()), "10000", "10000"),
        (How::Encrypted(ok()), "10000", "10000"),
        (How::Encrypted(failed("40004", "ACQ.X")), "40004", "40004"),
        (How::WrongSignature(ok()), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::WrongSignature(failed("40004", "ACQ.X")), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::Tampered(ok()), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::Unsigned(ok()), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::Unsigned(json!({"trade_no": "1"})), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::UnsignedError(failed("40002", "isv.invalid-app-id")), "40002", "40002"),
        (How::Unsigned(failed("40004", "ACQ.X")), OUTCOME_UNKNOWN, "40004"),
        (How::UnsignedError(ok()), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::Error(failed("40002", "isv.invalid-method")), "40002", "40002"),
        (How::Error(json!({"x": 1})), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (twice(), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::Silence, OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::HangUp, OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::Status(502), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::Text("<html>".into()), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
        (How::Text("x".repeat(2 << 20)), OUTCOME_UNKNOWN, codes::UNAVAILABLE),
    ] {
        assert_eq!(ends(&refund(), how.clone()).await, refund_ends, "{how:.100?}");
        assert_eq!(ends(&query(), how.clone()).await, query_ends, "{how:.100?}");
    }
}

#[tokio::test]
async fn answers_that_leave_it_open_are_unknown_where_something_changes() {
    for (node, refund_ends) in [
        (failed("20000", "aop.unknow-error"), OUTCOME_UNKNOWN),
        (failed("40004", "ACQ.SYSTEM_ERROR"), OUTCOME_UNKNOWN),
        (failed("40004", "SYSTEM_ERROR"), OUTCOME_UNKNOWN),
        (failed("40004", "ACQ.TRADE_NOT_EXIST"), "40004"),
        (failed("20001", "aop.invalid-auth-token"), "20001"),
        (failed("40001", "isv.missing-method"), "40001"),
        (failed("40006", "isv.insufficient-isv-permissions"), "40006"),
        (failed("99999", ""), OUTCOME_UNKNOWN),
    ] {
        assert_eq!(ends(&refund(), How::Signed(node.clone())).await, refund_ends, "{node}");
        assert_eq!(ends(&query(), How::Signed(node.clone())).await, node["code"].as_str().unwrap(), "{node}");
    }
    let cancel = request(app(), "payment.common.cancel", json!({"outTradeNo": "T1"}));
    assert_eq!(ends(&cancel, How::Signed(json!({"code": "10000", "msg": "Success", "retry_flag": "Y"}))).await, OUTCOME_UNKNOWN);
    let generic = request(app(), "util.generic.execute", json!({"method": "alipay.x", "params": {}}));
    assert_eq!(ends(&generic, How::Silence).await, OUTCOME_UNKNOWN);
}

#[tokio::test]
async fn an_encrypted_answer_needs_the_key() {
    let without = request(app(), "payment.common.query", json!({"outTradeNo": "T1"}));
    assert_eq!(ends(&without, How::Encrypted(ok())).await, codes::UNAVAILABLE);
}

#[tokio::test]
async fn another_certificate_is_fetched_once_and_trusted_when_the_roots_vouch_for_it() {
    let certified = request(certified(), "payment.common.query", json!({"outTradeNo": "T1"}));
    assert_eq!(ends(&certified, How::Signed(ok())).await, "10000");
    for (given, trusted) in
        [(keys::ALIPAY_SECOND_CERTIFICATE, true), (keys::IMPOSTOR_CERTIFICATE, false), (keys::APP_CERTIFICATE, false), ("", false)]
    {
        let gateway = Gateway::start(move |heard| match heard.text("method") {
            "alipay.open.app.alipaycert.download" => {
                let mut node = ok();
                node["alipay_cert_content"] = STANDARD.encode(given).into();
                How::SecondCertificate(node)
            }
            _ => How::SecondCertificate(ok()),
        })
        .await;
        let adapter = gateway.adapter();
        for asked in [2, if trusted { 3 } else { 4 }] {
            let answer = adapter.call(&certified, PATIENCE).await;
            let end = answer.map(|answer| answer.code).map_err(|error| error.code().to_owned());
            assert_eq!(end, if trusted { Ok("10000".to_owned()) } else { Err(codes::UNAVAILABLE.to_owned()) });
            assert_eq!(gateway.heard().len(), asked);
        }
    }
}

#[tokio::test]
async fn the_caller_hears_in_time_and_who_is_not_reached_has_done_nothing() {
    let gateway = Gateway::start(|_| How::Silence).await;
    let adapter = Adapter::new(&Config { gateway: gateway.url(), ..Config::default() }).unwrap();
    let begun = Instant::now();
    let error = adapter.call(&refund(), Duration::from_millis(700)).await.unwrap_err();
    assert_eq!(error.code(), OUTCOME_UNKNOWN);
    assert!(begun.elapsed() < Duration::from_millis(700), "{:?}", begun.elapsed());
    gateway.only();

    // Nobody listens at a port that was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let adapter = Adapter::new(&Config { gateway: format!("http://{free}/"), ..Config::default() }).unwrap();
    let error = adapter.call(&refund(), PATIENCE).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (codes::UNAVAILABLE, true));
}

#[tokio::test]
async fn a_wrong_key_is_told_by_the_gateway_and_no_error_shows_a_secret() {
    let gateway = Gateway::start(|_| How::Signed(ok())).await;
    let mut call = refund();
    call.app = with(call.app, "privateKey", crate::testing::keys::ALIPAY);
    let answer = gateway.adapter().call(&call, PATIENCE).await.unwrap();
    assert_eq!((&*answer.code, &*answer.sub_code), ("40002", "isv.invalid-signature"));
    assert!(gateway.heard().is_empty());
    let shown = |error: Error| format!("{error:?}");
    for how in [How::WrongSignature(ok()), How::Silence] {
        let gateway = Gateway::start(move |_| how.clone()).await;
        let error = shown(gateway.adapter().call(&refund(), PATIENCE).await.unwrap_err());
        for secret in [AES, "sign=", "biz_content", &crate::testing::keys::APP[40..80]] {
            assert!(!error.contains(secret), "{error}");
        }
    }
}
