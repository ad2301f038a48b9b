//! What became of orders, refunds and transfers.

use std::time::Duration;

use sdk_plugin::codes;
use sdk_plugin::contract::cloudcall::codes::NOT_FOUND_PARAM;
use sdk_plugin::contract::cloudcall::{Find, State, Subject};
use serde_json::{Value, json};

use crate::find::find;
use crate::testing::certified;
use crate::testing::gateway::{Answer as How, Gateway, Heard};

fn asks(subject: Subject, api: &str, arguments: Value) -> Find {
    Find {
        app: certified(),
        subject,
        api: api.into(),
        arguments: arguments.as_object().unwrap().clone(),
        app_auth_token: "merchant".into(),
    }
}

async fn found(ask: &Find, how: How) -> (Result<State, String>, Heard) {
    let gateway = Gateway::start(move |_| how.clone()).await;
    let found = find(&gateway.adapter(), ask, Duration::from_secs(10)).await;
    (found.map(|finding| finding.known.state).map_err(|error| error.code().to_owned()), gateway.only())
}

#[tokio::test]
async fn each_subject_is_asked_for_by_our_number() {
    let ok = |fields: Value| {
        let mut node = json!({"code": "10000", "msg": "Success"});
        node.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        How::Signed(node)
    };
    let failed = |sub: &str| json!({"code": "40004", "msg": "Business Failed", "sub_code": sub});
    let order = asks(Subject::Order, "payment.common.create", json!({"outTradeNo": "T1"}));
    let refund = asks(Subject::Refund, "payment.common.refund", json!({"outTradeNo": "T1", "outRequestNo": "R1"}));
    let transfer = asks(Subject::Transfer, "fund.b2cRedPacket.send", json!({"outBizNo": "B1"}));
    let unknown = || Err(codes::UNAVAILABLE.to_owned());
    for (ask, how, state) in [
        (&order, ok(json!({"trade_status": "TRADE_SUCCESS"})), Ok(State::Done)),
        (&order, How::Signed(failed("ACQ.TRADE_NOT_EXIST")), Ok(State::Absent)),
        (&order, How::Unsigned(failed("ACQ.TRADE_NOT_EXIST")), unknown()),
        (&order, How::WrongSignature(failed("ACQ.TRADE_NOT_EXIST")), unknown()),
        (&order, How::Signed(failed("ACQ.SYSTEM_ERROR")), unknown()),
        (&order, How::Signed(json!({"code": "20000", "msg": "Service Currently Unavailable"})), unknown()),
        (&order, How::UnsignedError(json!({"code": "40002", "msg": "no", "sub_code": "isv.invalid-app-id"})), unknown()),
        (&order, How::Silence, unknown()),
        (&refund, ok(json!({"refund_status": "REFUND_SUCCESS", "refund_amount": "1.00"})), Ok(State::Done)),
        (&refund, ok(json!({"refund_amount": "1.00"})), Ok(State::Done)),
        (&refund, ok(json!({})), Ok(State::Absent)),
        (&refund, ok(json!({"refund_status": "REFUND_PROCESSING"})), Ok(State::Pending)),
        (&transfer, ok(json!({"status": "SUCCESS"})), Ok(State::Done)),
        (&transfer, ok(json!({"status": "DEALING"})), Ok(State::Pending)),
        (&transfer, ok(json!({"status": "FAIL"})), Ok(State::Failed)),
        (&transfer, ok(json!({"status": "REFUND"})), Ok(State::Closed)),
        (&transfer, How::Signed(failed("ORDER_NOT_EXIST")), Ok(State::Absent)),
    ] {
        let (end, heard) = found(ask, how.clone()).await;
        assert_eq!(end, state, "{how:?}");
        assert_eq!(heard.text("app_auth_token"), "merchant");
        let (method, content) = match ask.subject {
            Subject::Order => ("alipay.trade.query", json!({"out_trade_no": "T1"})),
            Subject::Refund => ("alipay.trade.fastpay.refund.query", json!({"out_trade_no": "T1", "out_request_no": "R1"})),
            Subject::Transfer => (
                "alipay.fund.trans.common.query",
                json!({"out_biz_no": "B1", "product_code": "STD_RED_PACKET", "biz_scene": "DIRECT_TRANSFER"}),
            ),
        };
        assert_eq!((heard.text("method"), &heard.content), (method, &content));
    }
}

#[tokio::test]
async fn nothing_is_looked_for_without_its_number() {
    let gateway = Gateway::start(|_| How::Silence).await;
    let ask = asks(Subject::Refund, "payment.common.refund", json!({"outTradeNo": "T1"}));
    let error = find(&gateway.adapter(), &ask, Duration::from_secs(10)).await.unwrap_err();
    assert_eq!(error.code(), NOT_FOUND_PARAM);
    assert!(gateway.heard().is_empty());
}
