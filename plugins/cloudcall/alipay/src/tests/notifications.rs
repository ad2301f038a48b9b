//! Notifications.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_plugin::contract::cloudcall::{Delivery, Received, State, Subject};
use serde_json::json;

use crate::notification::receive;
use crate::protocol::keys::PrivateKey;
use crate::protocol::text::{Parameters, signed_text};
use crate::testing::{APP_ID, app, keys, with};

/// A form with changes, where an empty value removes one.
fn form(changes: &[(&str, &str)]) -> Parameters {
    let fields = [
        ("notify_type", "trade_status_sync"),
        ("notify_id", "ID"),
        ("app_id", APP_ID),
        ("seller_id", "2088000000000009"),
        ("charset", "UTF-8"),
        ("sign_type", "RSA2"),
        ("out_trade_no", "T1"),
        ("trade_no", "N"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_amount", "1.5"),
        ("buyer_id", "2088000000000001"),
        ("subject", "100% + a&b=中"),
        ("fund_bill_list", r#"[{"amount":"1.50","fundChannel":"X"}]"#),
    ];
    let mut form: Parameters = fields.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    form.retain(|_, value| !value.is_empty());
    form
}

fn encoded(form: &Parameters, without: &[&str], key: &str) -> String {
    let sign = PrivateKey::read(key).unwrap().sign(&signed_text(form, without)).unwrap();
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).append_pair("sign", &sign).finish()
}

fn signed(form: &Parameters) -> String {
    encoded(form, &["sign", "sign_type"], keys::ALIPAY)
}

fn received(body: &str) -> Received {
    let app = with(app(), "sellerId", "2088000000000009");
    receive(&Delivery { app, headers: [].into(), body: STANDARD.encode(body) }).unwrap()
}

#[test]
fn a_genuine_one_tells_of_its_order_and_is_answered_success() {
    let received = received(&signed(&form(&[])));
    assert_eq!((received.reply.status, &*received.reply.body), (200, "success"));
    assert_ne!(received.refusal.body, "success");
    let notice = received.notice.unwrap();
    assert_eq!((&*notice.id, notice.subject, &*notice.our_number), ("ID/TRADE_SUCCESS", Subject::Order, "T1"));
    assert_eq!((&*notice.app_id, &*notice.seller), (APP_ID, "2088000000000009"));
    assert_eq!(
        (notice.known.state, &*notice.known.amount, &*notice.known.number, &*notice.known.user),
        (State::Done, "1.50", "N", "2088000000000001")
    );
    assert_eq!(notice.fields["subject"], "100% + a&b=中");
    assert!(!notice.fields.contains_key("sign"));
}

#[test]
fn the_same_id_with_another_status_is_another_notice() {
    let closed = received(&signed(&form(&[("trade_status", "TRADE_CLOSED"), ("refund_fee", "1.50")]))).notice.unwrap();
    assert_eq!((&*closed.id, closed.known.state, &*closed.known.refunded), ("ID/TRADE_CLOSED", State::Closed, "1.50"));
}

#[test]
fn messages_may_be_signed_with_their_sign_type_too() {
    let market = form(&[("notify_type", "servicemarket_order_notify"), ("out_trade_no", "")]);
    for without in [&["sign"][..], &["sign", "sign_type"]] {
        let received = received(&encoded(&market, without, keys::ALIPAY));
        assert_eq!((received.reply.status, received.notice.is_none()), (200, true), "genuine, and about nothing that is kept");
    }
    let content = json!({"out_biz_no": "B1", "order_id": "O", "status": "SUCCESS", "trans_amount": "2.00"}).to_string();
    let transfer =
        form(&[("notify_type", ""), ("msg_method", "alipay.fund.trans.order.changed"), ("biz_content", &content), ("seller_id", "")]);
    let notice = received(&encoded(&transfer, &["sign"], keys::ALIPAY)).notice.unwrap();
    assert_eq!(
        (notice.subject, &*notice.our_number, notice.known.state, &*notice.known.amount),
        (Subject::Transfer, "B1", State::Done, "2.00")
    );
}

#[test]
fn what_is_not_genuine_or_not_for_us_has_no_notice() {
    let genuine = signed(&form(&[]));
    let cases = [
        encoded(&form(&[]), &["sign", "sign_type"], keys::APP),
        genuine.replace("total_amount=1.5", "total_amount=9.5"),
        format!("{genuine}&total_amount=9.5"),
        format!("{genuine}&extra=1"),
        genuine.replace("out_trade_no=T1&", ""),
        genuine.split("&sign=").next().unwrap().to_owned(),
        signed(&form(&[("app_id", "other")])),
        signed(&form(&[("app_id", "")])),
        signed(&form(&[("seller_id", "2088000000000008")])),
        signed(&form(&[("sign_type", "RSA")])),
        String::new(),
        "%FF%FE=1&sign=x".to_owned(),
    ];
    for body in cases {
        let received = received(&body);
        assert!(received.notice.is_none() && received.reply.status == 400 && received.reply.body != "success", "{body}");
    }
    let broken = Delivery { app: app(), headers: [].into(), body: "no base64!".into() };
    assert!(receive(&broken).is_err());
}
