//! What callers pass, and what they may.

use sdk_plugin::contract::cloudcall::codes::{FEATURE_NOT_SUPPORT, INVALID_PARAM};
use sdk_plugin::contract::cloudcall::{OUTCOME_UNKNOWN, State};
use sdk_plugin::contract::platforms::APP_NOT_FOUND;
use sdk_plugin::{CallerKind, codes};
use serde_json::json;

use super::{Cloud, call};
use crate::clock::MINUTE;
use crate::testing::Fault;

const CREATE: &str = "payment.common.create";
const QUERY: &str = "payment.common.query";
const REFUND: &str = "payment.common.refund";
const PAY: &str = "payment.faceToFace.pay";
const TRANSFER: &str = "fund.transferAccount.transfer";

#[tokio::test]
async fn an_order_is_made_in_every_style() {
    let cloud = Cloud::new();
    let positional = cloud.function(CREATE, json!(["Tea", 1, 9.9])).await.unwrap();
    assert_eq!((&positional["tradeNo"], &positional["result"]["tradeNo"]), (&json!("T1"), &json!("T1")));
    assert!(positional.get("trade_no").is_none());
    let named = cloud.function(CREATE, json!([{"subject": "Tea", "outTradeNo": 2, "totalAmount": "9.9"}])).await.unwrap();
    assert_eq!((&named["trade_no"], &named["success"], &named["requestId"]), (&json!("T2"), &json!(true), &json!("request")));
    let entry = cloud.entry("order", "2");
    assert_eq!((entry.state, entry.open, entry.amount.as_str()), (State::Pending, false, "9.90"));
    let request = cloud.memory.platform(|platform| platform.requests[0].clone());
    assert_eq!(request["notifyUrl"], "http://cloud.test/cloudcall/notify/space/bank/app");
    assert_eq!(request["arguments"]["totalAmount"], "9.90");
}

#[tokio::test]
async fn unknown_apis_platforms_and_apps_are_named() {
    let cloud = Cloud::new();
    for (args, api, code) in [
        (json!([]), "payment.uncommon.create", FEATURE_NOT_SUPPORT),
        (json!([{"toUserId": "1", "data": {}}, {"platform": "mars"}]), "marketing.templateMessge.send", FEATURE_NOT_SUPPORT),
        (json!([{"toUserId": "1", "data": {}}, {"appId": "other"}]), "marketing.templateMessage.send", APP_NOT_FOUND),
    ] {
        assert_eq!(cloud.function(api, args).await.unwrap_err().code(), code, "{api}");
    }
    let sent = cloud.function("marketing.templateMessge.send", json!(["1", {"a": 1}])).await.unwrap();
    assert_eq!(sent["success"], true);
}

#[tokio::test]
async fn the_buyer_of_a_clients_order_is_its_user() {
    let cloud = Cloud::new();
    let own = cloud.client("ann", CREATE, json!(["Tea", "1", "1"])).await.unwrap();
    assert_eq!(own["success"], true);
    let request = cloud.memory.platform(|platform| platform.requests[0].clone());
    assert_eq!((&request["arguments"]["buyerId"], &request["user"]), (&json!("2088-ann"), &json!("2088-ann")));
    cloud.client("ann", CREATE, json!(["Tea", "2", "1", "open-ann"])).await.unwrap();
    for args in [
        json!(["Tea", "3", "1", "2088-bob"]),
        json!([{"subject": "Tea", "outTradeNo": "3", "totalAmount": "1", "buyer_open_id": "open-bob"}]),
        json!([{"subject": "Tea", "outTradeNo": "3", "totalAmount": "1", "seller_id": "2088-bob"}]),
    ] {
        assert_eq!(cloud.client("ann", CREATE, args).await.unwrap_err().code(), INVALID_PARAM);
    }
    assert_eq!(cloud.client("anonymous", CREATE, json!(["Tea", "3", "1"])).await.unwrap_err().code(), INVALID_PARAM);
    assert!(cloud.find("order", "3").is_none());
}

#[tokio::test]
async fn clients_reach_their_own_orders_only_and_choose_nobody_who_is_told() {
    let cloud = Cloud::new();
    let options = json!({"notify": {"url": "http://evil.test", "function": "f"}, "appAuthToken": "t"});
    let create = json!([{"subject": "Tea", "outTradeNo": "1", "totalAmount": "1"}, options]);
    cloud.client("ann", CREATE, create).await.unwrap();
    let request = cloud.memory.platform(|platform| platform.requests[0].clone());
    assert_eq!(
        (&request["notifyUrl"], &request["appAuthToken"]),
        (&json!("http://cloud.test/cloudcall/notify/space/bank/app"), &json!(""))
    );
    assert_eq!(cloud.entry("order", "1").function, "");
    assert_eq!(cloud.client("ann", QUERY, json!(["1"])).await.unwrap()["success"], true);
    let another = json!([{"outTradeNo": "1", "tradeNo": "T2"}]);
    assert_eq!(cloud.client("ann", QUERY, another).await.unwrap_err().code(), INVALID_PARAM, "the platform would answer of the other");
    cloud.function(CREATE, json!(["Tea", "2", "1"])).await.unwrap();
    let calls = cloud.memory.platform(|platform| platform.calls);
    for (api, args) in [
        (QUERY, json!(["1"])),
        (QUERY, json!(["2"])),
        (QUERY, json!(["none"])),
        (CREATE, json!(["Tea", "1", "1"])),
        (REFUND, json!(["1", "1"])),
        ("payment.common.close", json!(["1"])),
        ("payment.common.cancel", json!(["none"])),
    ] {
        assert_eq!(cloud.client("bob", api, args).await.unwrap_err().code(), codes::PERMISSION_DENIED, "{api}");
    }
    assert_eq!(cloud.memory.platform(|platform| platform.calls), calls, "the platform was not asked");
}

#[tokio::test]
async fn a_number_stays_that_of_what_was_asked_first() {
    let cloud = Cloud::new();
    cloud.function(PAY, json!(["Tea", "1", "5", "code"])).await.unwrap();
    cloud.function(REFUND, json!([{"outTradeNo": "1", "refundAmount": "1", "outRequestNo": "r"}])).await.unwrap();
    cloud.function(TRANSFER, json!(["t", "1", {"identity": "a"}])).await.unwrap();
    for (api, args) in [
        (PAY, json!(["Tea", "1", "6", "code"])),
        (REFUND, json!([{"outTradeNo": "1", "refundAmount": "2", "outRequestNo": "r"}])),
        (REFUND, json!([{"outTradeNo": "2", "refundAmount": "1", "outRequestNo": "r"}])),
        (TRANSFER, json!(["t", "2", {"identity": "a"}])),
    ] {
        assert_eq!(cloud.function(api, args).await.unwrap_err().code(), INVALID_PARAM, "{api}");
    }
}

#[tokio::test]
async fn asking_twice_does_it_once() {
    let cloud = Cloud::new();
    for _ in 0..3 {
        assert_eq!(cloud.function(PAY, json!(["Tea", "1", "5", "code"])).await.unwrap()["success"], true);
        assert_eq!(cloud.function(REFUND, json!(["1", "2"])).await.unwrap()["success"], true);
        assert_eq!(cloud.function(TRANSFER, json!(["t", "1", {"identity": "a"}])).await.unwrap()["success"], true);
    }
    assert!(cloud.memory.platform(|platform| platform.done.len() == 3 && platform.done.values().all(|times| *times == 1)));
    cloud.clock.advance(MINUTE);
    cloud.node.round().await.unwrap();
    assert_eq!(cloud.entry("order", "1").refunded, "2.00");
}

#[tokio::test]
async fn without_an_answer_it_is_found_out_before_anything_is_repeated() {
    let cloud = Cloud::new();
    let transfer = || cloud.function(TRANSFER, json!(["t", "1", {"identity": "a"}]));
    cloud.memory.faults(&[Fault::Unanswered]);
    assert_eq!(transfer().await.unwrap()["status"], "SUCCESS");
    assert_eq!(transfer().await.unwrap()["status"], "SUCCESS");
    assert_eq!(cloud.done("t"), 1);

    cloud.memory.blind(true);
    cloud.memory.faults(&[Fault::Unanswered]);
    let refund = || cloud.function(TRANSFER, json!(["u", "1", {"identity": "a"}]));
    assert_eq!(refund().await.unwrap_err().code(), OUTCOME_UNKNOWN);
    assert_eq!(refund().await.unwrap_err().code(), OUTCOME_UNKNOWN, "it cannot be found out");
    assert!(cloud.entry("transfer", "u").open);
    cloud.memory.blind(false);
    let other = cloud.function(TRANSFER, json!(["u", "1", {"identity": "b"}])).await.unwrap_err();
    assert_eq!(other.code(), INVALID_PARAM, "another payee under the same number");
    assert_eq!(refund().await.unwrap()["success"], true);
    assert_eq!(cloud.done("u"), 1);
}

#[tokio::test]
async fn what_did_not_arrive_is_settled_as_not_done_and_can_be_asked_again() {
    let cloud = Cloud::new();
    cloud.memory.faults(&[Fault::Lost]);
    let transfer = || cloud.function(TRANSFER, json!(["t", "1", {"identity": "a"}]));
    assert_eq!(transfer().await.unwrap_err().code(), OUTCOME_UNKNOWN);
    cloud.clock.advance(MINUTE);
    cloud.node.round().await.unwrap();
    assert!(cloud.entry("transfer", "t").open, "it may still be on its way");
    cloud.clock.advance(15 * MINUTE);
    cloud.node.round().await.unwrap();
    let entry = cloud.entry("transfer", "t");
    assert_eq!((entry.state, entry.open), (State::Failed, false));
    assert_eq!(transfer().await.unwrap()["success"], true);
    assert_eq!(cloud.done("t"), 1);
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_can_be_asked_again() {
    let cloud = Cloud::new();
    cloud.memory.faults(&[Fault::Refused]);
    let transfer = || cloud.function(TRANSFER, json!(["t", "1", {"identity": "a"}]));
    let refused = transfer().await.unwrap();
    assert_eq!((&refused["success"], &refused["subCode"]), (&json!(false), &json!("SELLER_BALANCE_NOT_ENOUGH")));
    assert_eq!(transfer().await.unwrap()["success"], true);
}

#[tokio::test]
async fn two_nodes_at_once_do_it_once() {
    let cloud = Cloud::new();
    let other = super::node(&cloud.memory, &cloud.clock);
    let ask = |node: std::sync::Arc<crate::service::Service<_>>| async move {
        node.make_call(call(CallerKind::Function, ""), super::invoke(TRANSFER, json!(["t", "1", {"identity": "a"}]))).await
    };
    let (a, b) = tokio::join!(ask(cloud.node.clone()), ask(other));
    let failures: Vec<_> = [a, b].into_iter().filter_map(Result::err).collect();
    assert!(failures.iter().all(|error| error.code() == OUTCOME_UNKNOWN) && failures.len() <= 1, "{failures:?}");
    assert_eq!(cloud.done("t"), 1);
}

#[tokio::test]
async fn functions_list_orders_and_clients_do_not() {
    let cloud = Cloud::new();
    cloud.client("ann", CREATE, json!(["Tea", "1", "1"])).await.unwrap();
    cloud.clock.advance(1);
    cloud.function(TRANSFER, json!(["t", "1", {"identity": "6222020200112233"}])).await.unwrap();
    let list = |which| cloud.node.orders(&FUNCTION, serde_json::from_value(which).unwrap());
    static FUNCTION: std::sync::LazyLock<sdk_plugin::Call> = std::sync::LazyLock::new(|| call(CallerKind::Function, ""));
    let all = list(json!({})).await.unwrap();
    assert_eq!((&all["orders"][0]["number"], &all["orders"][1]["userId"]), (&json!("t"), &json!("ann")));
    assert_eq!(list(json!({"userId": "ann"})).await.unwrap()["orders"].as_array().unwrap().len(), 1);
    assert_eq!(list(json!({"state": "closed"})).await.unwrap()["orders"], json!([]));
    let client = cloud.node.orders(&call(CallerKind::Client, "ann"), Default::default()).await.unwrap_err();
    assert_eq!(client.code(), codes::PERMISSION_DENIED);
    let kept = format!("{:?}", cloud.memory.documents("cloudcallOrders"));
    assert!(!kept.contains("6222020200112233") && !kept.contains("key-of-app"), "what was asked is sealed");
    cloud.node.remove_space("space").await.unwrap();
    assert!(cloud.memory.documents("cloudcallOrders").is_empty());
}
