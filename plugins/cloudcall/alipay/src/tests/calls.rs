//! Each API, as the gateway hears it.

use std::time::Duration;

use sdk_plugin::contract::cloudcall::codes::{FEATURE_NOT_SUPPORT, INVALID_JSON_OBJECT, INVALID_PARAM, NOT_FOUND_PARAM};
use sdk_plugin::contract::cloudcall::{Answer, Request, State};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Error, codes};
use serde_json::{Value, json};

use crate::testing::gateway::{Answer as How, Gateway, Heard};
use crate::testing::{AES, APP_ID, app, certified, request, with};

const PATIENCE: Duration = Duration::from_secs(10);

async fn asked(request: Request, node: Value) -> (Result<Answer, Error>, Vec<Heard>) {
    let gateway = Gateway::start(move |_| How::Signed(node.clone())).await;
    let answer = gateway.adapter().call(&request, PATIENCE).await;
    (answer, gateway.heard())
}

fn ok() -> Value {
    json!({"code": "10000", "msg": "Success"})
}

/// What the gateway hears of a call that it answers with success.
async fn heard(app: App, api: &str, arguments: Value) -> Heard {
    let (answer, mut heard) = asked(request(app, api, arguments), ok()).await;
    assert_eq!(answer.unwrap().code, "10000", "{api}");
    assert_eq!(heard.len(), 1, "{api}");
    heard.remove(0)
}

async fn refused(app: App, api: &str, arguments: Value) -> Error {
    let (answer, heard) = asked(request(app, api, arguments), ok()).await;
    assert!(heard.is_empty(), "{api}: nothing is sent");
    answer.unwrap_err()
}

#[tokio::test]
async fn every_api_asks_what_the_table_says() {
    let order = json!({"out_trade_no": "T1"});
    let transfer = |payee: Value, product: &str| {
        json!({"out_biz_no": "B1", "trans_amount": "1.00", "order_title": "pay", "payee_info": payee, "product_code": product,
               "biz_scene": "DIRECT_TRANSFER"})
    };
    let template = json!({"to_user_id": "2088000000000001", "form_id": "f", "user_template_id": "u", "page": "p", "data": r#"{"k":1}"#});
    let template_arguments = json!({"toUserId": "2088000000000001", "formId": "f", "userTemplateId": "u", "page": "p", "data": {"k": 1}});
    let cases = [
        (
            "base.qrcode.create",
            json!({"urlParam": "a", "queryParam": "b=1", "describe": "c", "size": "s"}),
            "alipay.open.app.qrcode.create",
            json!({"url_param": "a", "query_param": "b=1", "describe": "c", "size": "s"}),
        ),
        ("marketing.templateMessage.send", template_arguments.clone(), "alipay.open.app.mini.templatemessage.send", template.clone()),
        ("marketing.templateMessge.send", template_arguments, "alipay.open.app.mini.templatemessage.send", template),
        (
            "member.identification.init",
            json!({"outerOrderNo": "N1", "bizCode": "FACE", "identityParam": {"certName": "张三", "cert_no": "1"}, "merchantConfig": {"returnUrl": "x"}}),
            "alipay.user.certify.open.initialize",
            json!({"outer_order_no": "N1", "biz_code": "FACE", "merchant_config": {"return_url": "x"},
                "identity_param": {"cert_name": "张三", "cert_no": "1", "identity_type": "CERT_INFO", "cert_type": "IDENTITY_CARD"}}),
        ),
        ("member.identification.query", json!({"certifyId": "c"}), "alipay.user.certify.open.query", json!({"certify_id": "c"})),
        (
            "payment.common.create",
            json!({"subject": "iPhone", "outTradeNo": 1, "totalAmount": "0.1", "buyerId": "2088000000000001", "goodsType": "0"}),
            "alipay.trade.create",
            json!({"subject": "iPhone", "out_trade_no": "1", "total_amount": "0.10", "buyer_id": "2088000000000001", "goods_type": "0"}),
        ),
        ("payment.common.query", json!({"outTradeNo": "T1"}), "alipay.trade.query", order.clone()),
        (
            "payment.common.refund",
            json!({"outTradeNo": "T1", "refundAmount": "0.01", "outRequestNo": "R1"}),
            "alipay.trade.refund",
            json!({"out_trade_no": "T1", "refund_amount": "0.01", "out_request_no": "R1"}),
        ),
        ("payment.common.close", json!({"outTradeNo": "T1"}), "alipay.trade.close", order.clone()),
        ("payment.common.cancel", json!({"outTradeNo": "T1"}), "alipay.trade.cancel", order),
        (
            "payment.huabei.create",
            json!({"subject": "s", "outTradeNo": "T1", "totalAmount": "9", "extendParams": {"hbFqNum": 3, "hb_fq_seller_percent": "100"}}),
            "alipay.trade.create",
            json!({"subject": "s", "out_trade_no": "T1", "total_amount": "9.00", "extend_params": {"hb_fq_num": "3", "hb_fq_seller_percent": "100"}}),
        ),
        (
            "payment.faceToFace.pay",
            json!({"subject": "s", "outTradeNo": "T1", "totalAmount": "9.00", "authCode": "2800000000000000"}),
            "alipay.trade.pay",
            json!({"subject": "s", "out_trade_no": "T1", "total_amount": "9.00", "auth_code": "2800000000000000", "scene": "bar_code"}),
        ),
        ("security.textRisk.detect", json!({"content": "hello"}), "alipay.security.risk.content.detect", json!({"content": "hello"})),
        (
            "fund.transferAccount.transfer",
            json!({"outBizNo": "B1", "transAmount": "1.00", "orderTitle": "pay", "payee": {"identity": 2088, "identityType": "ALIPAY_USER_ID"}}),
            "alipay.fund.trans.uni.transfer",
            transfer(json!({"identity": "2088", "identity_type": "ALIPAY_USER_ID"}), "TRANS_ACCOUNT_NO_PWD"),
        ),
        (
            "fund.transferBankcard.transfer",
            json!({"outBizNo": "B1", "transAmount": "1.00", "orderTitle": "pay", "payee": {"identity": "6228", "name": "n"}}),
            "alipay.fund.trans.uni.transfer",
            transfer(
                json!({"identity": "6228", "identity_type": "BANKCARD_ACCOUNT", "name": "n", "bankcard_ext_info": {"account_type": "2"}}),
                "TRANS_BANKCARD_NO_PWD",
            ),
        ),
        (
            "fund.b2cRedPacket.send",
            json!({"outBizNo": "B1", "transAmount": "1", "orderTitle": "pay", "payee": {"identity": "a@b", "identity_type": "ALIPAY_LOGON_ID", "name": "n"}}),
            "alipay.fund.trans.uni.transfer",
            transfer(json!({"identity": "a@b", "identity_type": "ALIPAY_LOGON_ID", "name": "n"}), "STD_RED_PACKET"),
        ),
        ("fund.transferAccount.query", json!({"payFundOrderId": "P"}), "alipay.fund.trans.common.query", json!({"pay_fund_order_id": "P"})),
        (
            "fund.transferBankcard.query",
            json!({"payFundOrderId": "P"}),
            "alipay.fund.trans.common.query",
            json!({"pay_fund_order_id": "P"}),
        ),
        (
            "fund.b2cRedPacket.query",
            json!({"outBizNo": "B1"}),
            "alipay.fund.trans.common.query",
            json!({"out_biz_no": "B1", "product_code": "STD_RED_PACKET", "biz_scene": "DIRECT_TRANSFER"}),
        ),
        (
            "util.generic.execute",
            json!({"method": "alipay.x.y", "params": {"aB": [{"cD": "eF"}], "g_h": 1}}),
            "alipay.x.y",
            json!({"a_b": [{"c_d": "eF"}], "g_h": 1}),
        ),
    ];
    for (api, arguments, method, content) in cases {
        let heard = heard(certified(), api, arguments).await;
        assert_eq!((heard.text("method"), &heard.content), (method, &content), "{api}");
        for (name, value) in [("app_id", APP_ID), ("format", "json"), ("charset", "UTF-8"), ("version", "1.0"), ("sign_type", "RSA2")] {
            assert_eq!(heard.text(name), value);
        }
        assert!(heard.address.iter().all(|name| name != "biz_content") && heard.address.iter().any(|name| name == "timestamp"));
        assert_eq!((heard.text("app_cert_sn").len(), heard.text("alipay_root_cert_sn").len()), (32, 65));
    }
}

#[tokio::test]
async fn tokens_are_asked_for_beside_the_content() {
    let node = || json!({"access_token": "a", "user_id": "2088", "re_expires_in": 1});
    let (answer, heard) = asked(request(app(), "base.oauth.getToken", json!({"code": "C", "grantType": "x"})), node()).await;
    let answer = answer.unwrap();
    assert_eq!((&*answer.code, &*answer.msg, &answer.fields["reExpiresIn"]), ("10000", "Success", &json!(1)), "a success without a code");
    assert_eq!((heard[0].text("grant_type"), heard[0].text("code"), heard[0].text("biz_content")), ("authorization_code", "C", ""));
    assert!(!heard[0].address.contains(&"code".to_owned()), "codes are not for logs of addresses");
    let (answer, heard) = asked(request(app(), "base.oauth.refreshToken", json!({"refreshToken": "R"})), node()).await;
    assert_eq!(answer.unwrap().fields["accessToken"], "a");
    assert_eq!((heard[0].text("grant_type"), heard[0].text("refresh_token")), ("refresh_token", "R"));
}

#[tokio::test]
async fn certify_is_an_address_and_no_call() {
    let (answer, heard) = asked(request(app(), "member.identification.certify", json!({"certifyId": "c 1"})), ok()).await;
    assert!(heard.is_empty());
    let answer = answer.unwrap();
    let url = url::Url::parse(answer.fields["body"].as_str().unwrap()).unwrap();
    let pairs: crate::protocol::text::Parameters = url.query_pairs().into_owned().collect();
    assert_eq!((&*pairs["biz_content"], &answer.fields["certifyId"]), (r#"{"certify_id":"c 1"}"#, &json!("c 1")));
    let text = crate::protocol::text::signed_text(&pairs, &["sign"]);
    let key = crate::protocol::keys::PublicKey::read(crate::testing::keys::APP_PUBLIC).unwrap();
    assert!(key.verifies(&text, &pairs["sign"]));
}

#[tokio::test]
async fn options_and_settings_go_beside_the_content() {
    let mut call = request(with(app(), "aesKey", AES), "payment.common.query", json!({"outTradeNo": "T1"}));
    call.app_auth_token = "merchant".into();
    call.notify_url = "https://a.b/n".into();
    let (answer, heard) = asked(call, ok()).await;
    assert!(answer.is_ok());
    let heard = &heard[0];
    assert_eq!((heard.text("app_auth_token"), heard.text("notify_url"), heard.text("encrypt_type")), ("merchant", "https://a.b/n", "AES"));
    assert_eq!(heard.content, json!({"out_trade_no": "T1"}), "decrypted");
    let generic = json!({"method": "alipay.user.info.share", "params": {}, "options": {"authToken": "user"}});
    let heard = heard_of(with(app(), "appAuthToken", "merchant2"), generic).await;
    assert_eq!((heard.text("auth_token"), heard.text("app_auth_token"), heard.text("app_cert_sn")), ("user", "merchant2", ""));
}

async fn heard_of(app: App, arguments: Value) -> Heard {
    heard(app, "util.generic.execute", arguments).await
}

#[tokio::test]
async fn buyers_are_who_asks_unless_a_function_says_otherwise() {
    let create = |buyer: Option<&str>, user: &str| {
        let mut arguments = json!({"subject": "s", "outTradeNo": "T1", "totalAmount": "1.00"});
        if let Some(buyer) = buyer {
            arguments["buyerId"] = buyer.into();
        }
        Request { user: user.into(), ..request(with(app(), "tradeCreate", "jsapi"), "payment.common.create", arguments) }
    };
    let (first, second) = ("2088000000000001", "2088000000000002");
    for (buyer, user, client, key, sent) in [
        (None, first, true, "buyer_id", first),
        (None, "open1", true, "buyer_open_id", "open1"),
        (Some(first), first, true, "buyer_id", first),
        (Some(second), first, false, "buyer_id", second),
        (Some("open2"), "", false, "buyer_open_id", "open2"),
    ] {
        let (answer, heard) = asked(Request { client, ..create(buyer, user) }, ok()).await;
        assert!(answer.is_ok());
        assert_eq!(heard[0].content[key], sent);
        assert_eq!((&heard[0].content["product_code"], &heard[0].content["op_app_id"]), (&json!("JSAPI_PAY"), &json!(APP_ID)));
    }
    let (answer, heard) = asked(Request { client: true, ..create(Some(second), first) }, ok()).await;
    assert!(heard.is_empty() && answer.unwrap_err().code() == INVALID_PARAM);
}

#[tokio::test]
async fn wrong_arguments_are_refused_before_anything_is_sent() {
    let order = |name: &str, value: Value| {
        let mut order = json!({"subject": "s", "outTradeNo": "T1", "totalAmount": "1.00", "authCode": "2800000000000000",
                               "extendParams": {"hb_fq_num": "3", "hb_fq_seller_percent": "0"}});
        order[name] = value;
        order
    };
    let transfer = |amount: &str, payee: Value| json!({"outBizNo": "B1", "transAmount": amount, "orderTitle": "t", "payee": payee});
    let user = || json!({"identity": "1", "identity_type": "ALIPAY_USER_ID"});
    let cases = [
        ("payment.common.nothing", json!({}), FEATURE_NOT_SUPPORT),
        ("payment.common.create", order("total_amount", json!("100.00")), INVALID_PARAM),
        ("payment.common.query", json!({}), NOT_FOUND_PARAM),
        ("payment.common.query", json!({"outTradeNo": ""}), NOT_FOUND_PARAM),
        ("payment.common.query", json!({"outTradeNo": null}), NOT_FOUND_PARAM),
        ("payment.common.query", json!({"outTradeNo": {}}), INVALID_PARAM),
        ("payment.common.create", order("subject", json!("a/b")), INVALID_PARAM),
        ("payment.common.create", order("subject", json!("中".repeat(257))), INVALID_PARAM),
        ("payment.common.create", order("outTradeNo", json!("a-b")), INVALID_PARAM),
        ("payment.common.create", order("outTradeNo", json!("a".repeat(65))), INVALID_PARAM),
        ("payment.common.create", order("totalAmount", json!("0.00")), INVALID_PARAM),
        ("payment.common.create", order("totalAmount", json!("0.001")), INVALID_PARAM),
        ("payment.common.create", order("totalAmount", json!("100000000.01")), INVALID_PARAM),
        ("payment.common.create", order("totalAmount", json!(1.5)), INVALID_PARAM),
        ("payment.huabei.create", order("extendParams", json!({"hb_fq_num": "3"})), NOT_FOUND_PARAM),
        ("payment.huabei.create", order("extendParams", json!({"hb_fq_num": "4", "hb_fq_seller_percent": "0"})), INVALID_PARAM),
        ("payment.huabei.create", order("extendParams", json!("{}")), INVALID_PARAM),
        ("payment.faceToFace.pay", order("authCode", json!("2400000000000000")), INVALID_PARAM),
        ("payment.faceToFace.pay", order("authCode", json!("280000000000000")), INVALID_PARAM),
        ("payment.common.refund", json!({"outTradeNo": "T1", "refundAmount": "0"}), INVALID_PARAM),
        (
            "marketing.templateMessage.send",
            json!({"toUserId": "u", "formId": "f", "userTemplateId": "u", "page": "p", "data": "{"}),
            INVALID_JSON_OBJECT,
        ),
        ("marketing.templateMessage.send", json!({"formId": "f", "userTemplateId": "u", "page": "p", "data": "{}"}), NOT_FOUND_PARAM),
        (
            "member.identification.init",
            json!({"outerOrderNo": "a_b", "bizCode": "FACE", "identityParam": {}, "merchantConfig": {}}),
            INVALID_PARAM,
        ),
        (
            "member.identification.init",
            json!({"outerOrderNo": "a", "bizCode": "X", "identityParam": {}, "merchantConfig": {}}),
            INVALID_PARAM,
        ),
        (
            "member.identification.init",
            json!({"outerOrderNo": "a", "bizCode": "FACE", "identityParam": {}, "merchantConfig": {}}),
            NOT_FOUND_PARAM,
        ),
        ("fund.transferAccount.transfer", transfer("0.09", user()), INVALID_PARAM),
        ("fund.transferAccount.transfer", transfer("1", json!({"identity": "1"})), NOT_FOUND_PARAM),
        ("fund.transferAccount.transfer", transfer("1", json!({"identity": "1", "identity_type": "ALIPAY_LOGON_ID"})), NOT_FOUND_PARAM),
        ("fund.transferBankcard.transfer", transfer("1", json!({"identity": "1"})), NOT_FOUND_PARAM),
        ("fund.transferAccount.query", json!({}), NOT_FOUND_PARAM),
        ("util.generic.execute", json!({"method": "alipay.x&sign=1", "params": {}}), INVALID_PARAM),
    ];
    for (api, arguments, code) in cases {
        let error = refused(certified(), api, arguments.clone()).await;
        assert_eq!(error.code(), code, "{api} {arguments}: {error}");
    }
    let without = refused(app(), "fund.transferAccount.transfer", transfer("1", user())).await;
    assert_eq!(without.code(), codes::CONFIG, "funds need certificates");
    assert_eq!(refused(app(), "util.generic.execute", json!({"method": "alipay.fund.x", "params": {}})).await.code(), codes::CONFIG);
    let cent = heard(certified(), "fund.b2cRedPacket.send", transfer("0.01", user())).await;
    assert_eq!(cent.content["trans_amount"], "0.01", "red packets may be smaller");
}

#[tokio::test]
async fn answers_tell_what_is_known() {
    let known = async |api: &str, arguments: Value, node: Value| {
        let (answer, _) = asked(request(certified(), api, arguments), node).await;
        answer.unwrap()
    };
    let order =
        || json!({"subject": "s", "outTradeNo": "T1", "totalAmount": "1.00", "refundAmount": "0.50", "authCode": "2800000000000000"});
    let node = |fields: Value| {
        let mut node = ok();
        node.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        node
    };
    let failed = |sub: &str| json!({"code": "40004", "msg": "Business Failed", "sub_code": sub, "sub_msg": "why"});
    for (api, node, state) in [
        ("payment.common.create", node(json!({"trade_no": "N"})), Some(State::Pending)),
        ("payment.common.create", failed("ACQ.TRADE_HAS_SUCCESS"), Some(State::Done)),
        ("payment.common.create", failed("ACQ.CONTEXT_INCONSISTENT"), None),
        ("payment.common.create", failed("ACQ.INVALID_PARAMETER"), Some(State::Failed)),
        ("payment.faceToFace.pay", json!({"code": "10003", "msg": "order success pay inprocess"}), Some(State::Pending)),
        ("payment.faceToFace.pay", node(json!({"trade_no": "N"})), Some(State::Done)),
        ("payment.common.query", node(json!({"trade_status": "WAIT_BUYER_PAY"})), Some(State::Pending)),
        ("payment.common.query", node(json!({"trade_status": "TRADE_SUCCESS"})), Some(State::Done)),
        ("payment.common.query", node(json!({"trade_status": "TRADE_FINISHED"})), Some(State::Final)),
        ("payment.common.query", node(json!({"trade_status": "TRADE_CLOSED"})), Some(State::Closed)),
        ("payment.common.query", failed("ACQ.TRADE_NOT_EXIST"), Some(State::Absent)),
        ("payment.common.refund", node(json!({"fund_change": "Y"})), Some(State::Done)),
        ("payment.common.refund", node(json!({"fund_change": "N"})), Some(State::Pending)),
        ("payment.common.refund", failed("ACQ.SELLER_BALANCE_NOT_ENOUGH"), Some(State::Failed)),
        ("payment.common.close", node(json!({})), Some(State::Closed)),
        ("payment.common.close", failed("ACQ.TRADE_STATUS_ERROR"), None),
        ("payment.common.cancel", node(json!({"retry_flag": "N", "action": "close"})), Some(State::Closed)),
    ] {
        let answer = known(api, order(), node.clone()).await;
        assert_eq!(answer.known.as_ref().map(|known| known.state), state, "{api} {node}");
    }
    let answer = known("payment.common.query", order(), node(json!({"trade_status": "TRADE_SUCCESS", "trade_no": "N", "total_amount": "1", "buyer_user_id": "B", "fund_bill_list": [{"fund_channel": "X"}]}))).await;
    let told = answer.known.unwrap();
    assert_eq!((&*told.number, &*told.amount, &*told.user), ("N", "1.00", "B"));
    assert_eq!(answer.fields["fundBillList"], json!([{"fundChannel": "X"}]));
    let answer = known("payment.common.refund", order(), node(json!({"fund_change": "Y", "refund_fee": "0.7"}))).await;
    let told = answer.known.unwrap();
    assert_eq!((&*told.amount, &*told.refunded), ("0.50", "0.70"));
    let answer = known("payment.common.refund", order(), failed("ACQ.X")).await;
    assert_eq!((&*answer.code, &*answer.msg, &*answer.sub_code, &*answer.sub_msg), ("40004", "Business Failed", "ACQ.X", "why"));
    let transfer =
        json!({"outBizNo": "B1", "transAmount": "1.00", "orderTitle": "t", "payee": {"identity": "1", "identity_type": "ALIPAY_USER_ID"}});
    for (status, state) in [("SUCCESS", State::Done), ("FAIL", State::Failed), ("DEALING", State::Pending), ("REFUND", State::Closed)] {
        let answer = known("fund.transferAccount.transfer", transfer.clone(), node(json!({"status": status, "order_id": "O"}))).await;
        let told = answer.known.unwrap();
        assert_eq!((told.state, &*told.number), (state, "O"));
    }
}
