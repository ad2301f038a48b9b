//! Answers that do not come, or that nobody can rely on: what became of a call is found out, and
//! nothing is done twice.

use e2e::gateways::alipay::Mode;
use e2e::gateways::{Fault, wechat};
use e2e::wait_for;
use serde_json::{Value, json};

use crate::cloud::Cloud;

/// What goes wrong after money was moved, and before.
const FAULTS: [Fault; 10] = [
    Fault::Silence,
    Fault::HangUp,
    Fault::BadSignature,
    Fault::Tampered,
    Fault::Unsigned,
    Fault::Twice,
    Fault::Busy,
    Fault::Lost,
    Fault::Error,
    Fault::UnsignedError,
];

/// Asks until it is done. What comes meanwhile says that nothing is known.
#[track_caller]
fn until_done(cloud: &Cloud, api: &str, args: &Value) -> Value {
    wait_for(&format!("{api} {args}"), || {
        let answer = cloud.call(api, args.clone());
        if answer["ok"].is_object() {
            assert_eq!((&answer["ok"]["success"], &answer["ok"]["code"]), (&json!(true), &json!("10000")), "{api}: {answer}");
            return Some(answer["ok"].clone());
        }
        assert_eq!(answer["error"]["code"], "OUTCOME_UNKNOWN", "{api}: {answer}");
        None
    })
}

#[test]
fn a_refund_at_alipay_is_made_once_whatever_comes_of_its_answer() {
    let cloud = Cloud::alipay(Mode::Keys);
    let alipay = &cloud.platforms.alipay;
    for fault in FAULTS {
        let number = format!("order_{fault:?}");
        cloud.order(&number, "10.00");
        alipay.pay(&number);
        alipay.fails("alipay.trade.refund", fault, 1);
        let args = json!([{"outTradeNo": number, "refundAmount": "4.00"}]);
        until_done(&cloud, "payment.common.refund", &args);
        // Asking again changes nothing.
        until_done(&cloud, "payment.common.refund", &args);
        assert_eq!(alipay.given_back(&number), [400], "{fault:?}");
        let refunds = cloud.server.run_json(&[
            "call",
            "cloudcall.orders",
            &json!({"subject": "refund", "orderNumber": number}).to_string(),
            "--space",
            &cloud.space.id,
        ]);
        let booked = &refunds["orders"];
        assert_eq!(
            (booked.as_array().map(Vec::len), &booked[0]["state"], &booked[0]["open"]),
            (Some(1), &json!("done"), &json!(false)),
            "{fault:?}: {booked}"
        );
    }
    cloud.well();
}

#[test]
fn nothing_is_asked_again_before_it_is_known_what_became_of_it() {
    let cloud = Cloud::alipay(Mode::Keys);
    let alipay = &cloud.platforms.alipay;
    cloud.order("order_1", "10.00");
    alipay.pay("order_1");
    alipay.fails("alipay.trade.refund", Fault::Silence, 1);
    alipay.fails("alipay.trade.fastpay.refund.query", Fault::BadSignature, usize::MAX);
    let args = json!([{"outTradeNo": "order_1", "refundAmount": "4.00", "outRequestNo": "refund_1"}]);
    for _ in 0..3 {
        assert_eq!(cloud.code("payment.common.refund", args.clone()), "OUTCOME_UNKNOWN");
    }
    assert_eq!(alipay.heard("alipay.trade.refund").len(), 1);
    // Another amount under the same number is another refund, and is refused.
    let other = json!([{"outTradeNo": "order_1", "refundAmount": "5.00", "outRequestNo": "refund_1"}]);
    assert_eq!(cloud.code("payment.common.refund", other), "INVALID_PARAM");
    alipay.heals();
    until_done(&cloud, "payment.common.refund", &args);
    assert_eq!((alipay.heard("alipay.trade.refund").len(), alipay.given_back("order_1")), (1, vec![400]));
    assert_eq!(cloud.booked("refund", "refund_1")["state"], "done");
}

#[test]
fn what_is_found_out_later_is_told() {
    let cloud = Cloud::alipay(Mode::Keys);
    let alipay = &cloud.platforms.alipay;
    cloud.order("order_1", "10.00");
    alipay.pay("order_1");
    alipay.fails("alipay.trade.refund", Fault::HangUp, 1);
    alipay.fails("alipay.trade.fastpay.refund.query", Fault::UnsignedError, 1);
    let args = json!([{"outTradeNo": "order_1", "refundAmount": "4.00", "outRequestNo": "refund_1"}]);
    assert_eq!(cloud.code("payment.common.refund", args), "OUTCOME_UNKNOWN");
    // Nobody asks again: the schedule does.
    let told = crate::cloud::slowly("a notice of the refund", || cloud.told("refund_1").into_iter().next());
    assert_eq!((&told["state"], &told["amount"], &told["orderNumber"]), (&json!("done"), &json!("4.00"), &json!("order_1")), "{told}");
    // The payment was never notified, and is found out too, with what was given back of it.
    let told = crate::cloud::slowly("a notice of the order", || cloud.told("order_1").into_iter().next());
    assert_eq!(told["state"], "done", "{told}");
    assert_eq!(alipay.given_back("order_1"), [400]);
}

#[test]
fn a_transfer_is_made_once_whatever_comes_of_its_answer() {
    let cloud = Cloud::alipay(Mode::Certificates);
    let alipay = &cloud.platforms.alipay;
    let payee = json!({"identity": "13800000000", "identityType": "ALIPAY_LOGON_ID", "name": "张三"});
    for fault in FAULTS {
        let number = format!("transfer_{fault:?}");
        alipay.fails("alipay.fund.trans.uni.transfer", fault, 1);
        let args = json!([{"outBizNo": number, "transAmount": "1.5", "payee": payee, "orderTitle": "奖金"}]);
        until_done(&cloud, "fund.transferAccount.transfer", &args);
        let again = until_done(&cloud, "fund.transferAccount.transfer", &args);
        assert_eq!(again["outBizNo"], number.as_str(), "{fault:?}: {again}");
        assert!(alipay.transferred().contains(&(number.clone(), 150)), "{fault:?}");
        assert_eq!(cloud.booked("transfer", &number)["state"], "done", "{fault:?}");
        let other = json!([{"outBizNo": number, "transAmount": "2.50", "payee": payee, "orderTitle": "奖金"}]);
        assert_eq!(cloud.code("fund.transferAccount.transfer", other), "INVALID_PARAM", "{fault:?}");
    }
    assert_eq!(alipay.transferred().len(), FAULTS.len());
    cloud.well();
}

#[test]
fn a_payment_by_code_is_taken_once_whatever_comes_of_its_answer() {
    let cloud = Cloud::alipay(Mode::Keys);
    let alipay = &cloud.platforms.alipay;
    for fault in [Fault::Silence, Fault::BadSignature, Fault::Lost] {
        let number = format!("face_{fault:?}");
        alipay.fails("alipay.trade.pay", fault, 1);
        let args = json!(["茶", number, 3, "288888888888888888"]);
        until_done(&cloud, "payment.faceToFace.pay", &args);
        until_done(&cloud, "payment.faceToFace.pay", &args);
        assert_eq!(cloud.booked("order", &number)["state"], "done", "{fault:?}");
    }
    cloud.well();
}

#[test]
fn an_order_can_be_made_again_when_its_answer_was_lost() {
    let cloud = Cloud::alipay(Mode::Keys);
    for fault in FAULTS {
        let number = format!("order_{fault:?}");
        cloud.platforms.alipay.fails("alipay.trade.create", fault, 1);
        let args = json!([{"subject": "茶", "outTradeNo": number, "totalAmount": "10.00", "buyerId": crate::cloud::BUYER}]);
        let created = until_done(&cloud, "payment.common.create", &args);
        assert!(created["tradeNo"].as_str().is_some_and(|number| !number.is_empty()), "{fault:?}: {created}");
    }
    cloud.well();
}

#[test]
fn a_refund_at_wechat_pay_is_made_once_whatever_comes_of_its_answer() {
    let cloud = Cloud::wechat(wechat::Mode::Certificates);
    let wechat = &cloud.platforms.wechat;
    for fault in [Fault::Silence, Fault::HangUp, Fault::BadSignature, Fault::Tampered, Fault::Unsigned, Fault::Busy, Fault::Lost] {
        let number = format!("order_{fault:?}");
        cloud.ok("payment.common.create", json!([{"subject": "茶", "outTradeNo": number, "totalAmount": "10.00", "buyerId": "openid-1"}]));
        wechat.pay(&number);
        wechat.fails("refund", fault, 1);
        let args = json!([{"outTradeNo": number, "refundAmount": "4.00"}]);
        until_done(&cloud, "payment.common.refund", &args);
        until_done(&cloud, "payment.common.refund", &args);
        assert_eq!(wechat.given_back(&number), [400], "{fault:?}");
    }
    cloud.well();
}
