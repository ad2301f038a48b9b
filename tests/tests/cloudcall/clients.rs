//! What mini programs may call.

use e2e::gateways::alipay::{APP_ID, Mode, User};
use e2e::{Wire, wait_for};
use serde_json::{Value, json};

use crate::cloud::{BUYER, Cloud, by_client};

const REFUSED: &str = "InvalidParameter.PermissionDenied";
const OTHER: &str = "2088102146225199";

/// APIs that no mini program may call unless the space says so, with arguments.
fn closed() -> [(&'static str, Value); 13] {
    let payee = json!({"identity": BUYER, "identity_type": "ALIPAY_USER_ID"});
    [
        ("payment.common.refund", json!(["order_1", "1.00"])),
        ("payment.common.close", json!(["order_1"])),
        ("payment.common.cancel", json!(["order_1"])),
        ("payment.faceToFace.pay", json!(["茶", "order_2", "3.00", "288888888888888888"])),
        ("fund.transferAccount.transfer", json!(["transfer_1", "1.00", payee, "奖金"])),
        ("fund.transferAccount.query", json!(["1"])),
        ("fund.transferBankcard.transfer", json!(["transfer_1", "1.00", payee, "奖金"])),
        ("fund.transferBankcard.query", json!(["1"])),
        ("fund.b2cRedPacket.send", json!(["transfer_1", "1.00", payee, "奖金"])),
        ("fund.b2cRedPacket.query", json!(["1"])),
        ("util.generic.execute", json!(["alipay.trade.refund", {"out_trade_no": "order_1", "refund_amount": "1.00"}])),
        ("util.openData.decrypt", json!(["AAAA", "AAAA"])),
        ("anything.else", json!([])),
    ]
}

fn user(cloud: &Cloud, id: &str) -> Wire {
    let code = format!("code-{id}-{}", e2e::gateways::money::write(rand::random::<u32>().into()));
    cloud.platforms.alipay.login(&code, &User { user_id: id.to_owned(), ..User::default() });
    cloud.sign_in("alipay_openapi", APP_ID, &code)
}

fn allow(cloud: &Cloud, rules: &Value) {
    let policy = json!({"cloudcall": rules}).to_string();
    cloud.act("UpdateServicePolicy", &[("ServiceName", "cloudcall"), ("PolicyName", "EXTENDED"), ("Policy", &policy)]);
}

#[test]
fn what_moves_money_is_refused_to_mini_programs_until_the_space_allows_it() {
    let cloud = Cloud::alipay(Mode::Certificates);
    let alipay = &cloud.platforms.alipay;
    let (ann, bob) = (user(&cloud, BUYER), user(&cloud, OTHER));
    by_client(&ann, "payment.common.create", json!([{"subject": "茶", "outTradeNo": "order_1", "totalAmount": "10.00"}])).data();
    alipay.pay("order_1");
    let before = alipay.heard("").len();
    for (api, args) in closed() {
        assert_eq!(by_client(&ann, api, args).code(), REFUSED, "{api}");
    }
    assert_eq!(alipay.heard("").len(), before, "nobody was asked");

    allow(&cloud, &json!({"payment.common.refund": true}));
    let described = cloud.act("DescribeServicePolicy", &[("ServiceName", "cloudcall")]);
    assert!(described["Policy"].as_str().is_some_and(|policy| policy.contains("payment.common.refund")), "{described}");
    let refund = json!([{"outTradeNo": "order_1", "refundAmount": "4.00"}]);
    assert_eq!(by_client(&bob, "payment.common.refund", refund.clone()).code(), REFUSED, "another user's order");
    assert!(alipay.given_back("order_1").is_empty());
    let refunded = by_client(&ann, "payment.common.refund", refund).data();
    assert_eq!(refunded["refundFee"], "4.00", "{refunded}");
    assert_eq!(alipay.given_back("order_1"), [400]);
    for (api, args) in closed().into_iter().filter(|(api, _)| *api != "payment.common.refund") {
        assert_eq!(by_client(&ann, api, args).code(), REFUSED, "{api}");
    }

    allow(&cloud, &json!({"fund.*": true, "fund.transferAccount.transfer": false, "payment.common.create": false}));
    let payee = json!({"identity": BUYER, "identity_type": "ALIPAY_USER_ID"});
    let args = json!(["transfer_1", "1.00", payee, "奖金"]);
    assert_eq!(by_client(&ann, "fund.transferAccount.transfer", args.clone()).code(), REFUSED);
    by_client(&ann, "fund.b2cRedPacket.send", args).data();
    assert_eq!(by_client(&ann, "payment.common.create", json!(["茶", "order_9", "1.00"])).code(), REFUSED);
    assert_eq!(by_client(&ann, "payment.common.refund", json!(["order_1", "1.00"])).code(), REFUSED, "it is not allowed any more");
    assert_eq!(alipay.transferred(), [("transfer_1".to_owned(), 100)]);
    cloud.well();
}

#[test]
fn a_mini_program_makes_orders_for_the_user_who_has_signed_in() {
    let cloud = Cloud::alipay(Mode::Keys);
    let alipay = &cloud.platforms.alipay;
    let (ann, bob) = (user(&cloud, BUYER), user(&cloud, OTHER));
    let order = |number: &str, more: Value| {
        let mut order = json!({"subject": "茶", "outTradeNo": number, "totalAmount": "10.00"});
        if let (Some(order), Value::Object(more)) = (order.as_object_mut(), more) {
            order.extend(more);
        }
        json!([order])
    };
    by_client(&ann, "payment.common.create", order("order_1", json!({"buyerId": BUYER}))).data();
    by_client(&ann, "payment.common.create", order("order_2", json!({}))).data();
    by_client(&ann, "payment.common.create", json!(["茶", "order_3", 10])).data();
    assert!(alipay.heard("alipay.trade.create").iter().all(|heard| heard.content["buyer_id"] == BUYER));
    for more in [
        json!({"buyerId": OTHER}),
        json!({"buyer_id": OTHER}),
        json!({"buyerOpenId": OTHER}),
        json!({"buyer_open_id": OTHER}),
        json!({"buyerLogonId": "a@example.test"}),
        json!({"sellerId": OTHER}),
        json!({"seller_id": OTHER}),
        json!({"royaltyInfo": {}}),
    ] {
        assert_eq!(by_client(&ann, "payment.common.create", order("order_4", more.clone())).code(), "INVALID_PARAM", "{more}");
    }
    assert_eq!(alipay.status("order_4"), None);
    // Options are for functions: nobody but the server is told, and no other app acts.
    let mut elsewhere = order("order_5", json!({}));
    elsewhere.as_array_mut().expect("arguments").push(json!({"notify": {"url": "https://evil.example.test"}, "appAuthToken": "stolen"}));
    by_client(&ann, "payment.common.create", elsewhere).data();
    let heard = alipay.heard("alipay.trade.create").pop().expect("it was asked");
    assert!(heard.parameters["notify_url"].as_str().is_some_and(|url| url.starts_with("https://pay.example.test/")), "{heard:?}");
    assert!(!heard.parameters.contains_key("app_auth_token"), "{heard:?}");

    // Orders of others are nobody's business.
    by_client(&ann, "payment.common.query", json!(["order_1"])).data();
    assert_eq!(by_client(&bob, "payment.common.query", json!(["order_1"])).code(), REFUSED);
    assert_eq!(by_client(&bob, "payment.common.query", json!(["order_unknown"])).code(), REFUSED);
    assert_eq!(by_client(&bob, "payment.common.create", order("order_1", json!({}))).code(), REFUSED);
    // Who has not signed in on the platform has nothing to pay with.
    let nobody = cloud.anonymous();
    assert!(by_client(&nobody, "payment.common.create", order("order_6", json!({}))).envelope()["success"] == false);
    assert_eq!(alipay.status("order_6"), None);
    assert_eq!(
        nobody.with_token(None).call(crate::cloud::INVOKE, json!({"api": "payment.common.query", "args": ["order_1"]})).envelope()["success"],
        false
    );
    // Orders are listed for functions and administrators.
    assert_eq!(ann.call("cloudcall.orders", json!({})).envelope()["success"], false);

    alipay.pay("order_2");
    assert_eq!(alipay.notification("order_2").push(cloud.server.http()), (200, "success".to_owned()));
    let told = &cloud.told_of("order_2")[0];
    let profile = ann.call("serverless.auth.user.getProfileInfo", json!({})).data();
    assert_eq!(told["userId"], profile["user"]["userId"], "{told}");
    cloud.well();
}

#[test]
fn a_change_of_what_is_allowed_holds_at_once() {
    let cloud = Cloud::alipay(Mode::Keys);
    let ann = user(&cloud, BUYER);
    let generic = json!(["alipay.user.info.share", {}]);
    for round in 0..3 {
        allow(&cloud, &json!({"util.generic.execute": true}));
        wait_for("the rule", || {
            Some(by_client(&ann, "util.generic.execute", generic.clone())).filter(|answer| answer.envelope()["success"] == true)
        });
        allow(&cloud, &json!({"util.*": false}));
        assert_eq!(by_client(&ann, "util.generic.execute", generic.clone()).code(), REFUSED, "round {round}");
    }
}
