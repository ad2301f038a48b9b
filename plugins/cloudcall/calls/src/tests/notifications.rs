//! Notifications of platforms, and functions that are told.

use http::{HeaderMap, Method};
use sdk_plugin::contract::cloudcall::{Known, Notice, State, Subject};
use sdk_plugin::{Body, Caller, HttpRequest};
use serde_json::{Map, json};

use super::Cloud;
use crate::clock::{DAY, HOUR, MINUTE};
use crate::testing::Fault;

const PATH: &str = "/cloudcall/notify/space/bank/app";

async fn post(cloud: &Cloud, path: &str, method: Method, body: Vec<u8>) -> (u16, String) {
    let request = HttpRequest {
        method,
        uri: path.to_owned(),
        host: "cloud.test".to_owned(),
        space: String::new(),
        secure: true,
        headers: HeaderMap::new(),
        body: Body::full(body),
        caller: Caller::default(),
        request_id: String::new(),
    };
    let response = cloud.node.notified(request).await;
    let body = response.body.collect(1000).await.unwrap();
    (response.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
}

fn paid() -> Notice {
    let fields: Map<_, _> = json!({"gmtPayment": "now"}).as_object().unwrap().clone();
    Notice {
        id: "id".into(),
        subject: Subject::Order,
        our_number: "1".into(),
        app_id: "app".into(),
        seller: "seller".into(),
        known: Known { state: State::Done, number: "T1".into(), amount: "5.00".into(), refunded: String::new(), user: "2088-ann".into() },
        fields,
    }
}

async fn told(cloud: &Cloud, notice: &Notice) -> (u16, String) {
    post(cloud, PATH, Method::POST, serde_json::to_vec(notice).unwrap()).await
}

async fn ordered() -> Cloud {
    let cloud = Cloud::new();
    cloud.node.desk.notices.bind("space", "onPaid").await.unwrap();
    cloud.client("ann", "payment.common.create", json!(["Tea", "1", "5"])).await.unwrap();
    cloud
}

#[tokio::test]
async fn a_payment_is_stored_and_the_function_told_once_however_often_it_comes() {
    let cloud = ordered().await;
    for _ in 0..3 {
        assert_eq!(told(&cloud, &paid()).await, (200, "success".to_owned()));
        assert_eq!(cloud.entry("order", "1").state, State::Done);
        cloud.node.round().await.unwrap();
    }
    let calls = cloud.memory.told();
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!((&call["functionTarget"], &call["functionArgs"]["state"]), (&json!("onPaid"), &json!("done")));
    assert_eq!((&call["functionArgs"]["userId"], &call["functionArgs"]["fields"]["gmtPayment"]), (&json!("ann"), &json!("now")));
}

#[tokio::test]
async fn what_does_not_fit_the_order_is_refused_and_changes_nothing() {
    let cloud = ordered().await;
    let with = |change: fn(&mut Notice)| {
        let mut notice = paid();
        change(&mut notice);
        notice
    };
    for notice in [
        with(|notice| notice.known.amount = "0.01".into()),
        with(|notice| notice.seller = "other".into()),
        with(|notice| notice.app_id = "other".into()),
        with(|notice| notice.our_number = "2".into()),
        with(|notice| notice.known.number = "T9".into()),
    ] {
        assert_eq!(told(&cloud, &notice).await, (400, "fail".to_owned()), "{notice:?}");
    }
    assert_eq!(post(&cloud, PATH, Method::POST, b"forged".to_vec()).await, (401, "forged".to_owned()));
    assert_eq!(post(&cloud, PATH, Method::GET, Vec::new()).await.0, 405);
    assert_eq!(post(&cloud, PATH, Method::POST, vec![b'a'; (256 << 10) + 1]).await.0, 413);
    for path in
        ["/cloudcall/notify/space/bank/none", "/cloudcall/notify/space/mars/app", "/cloudcall/notify/space", "/cloudcall/notify/s/b/a/x"]
    {
        assert_eq!(post(&cloud, path, Method::POST, Vec::new()).await.0, 404, "{path}");
    }
    cloud.node.round().await.unwrap();
    assert_eq!((cloud.entry("order", "1").state, cloud.memory.told().len()), (State::Pending, 0));
}

#[tokio::test]
async fn a_function_that_fails_is_called_again_with_pauses() {
    let cloud = ordered().await;
    cloud.memory.function_fails(2);
    told(&cloud, &paid()).await;
    cloud.node.round().await.unwrap();
    cloud.node.round().await.unwrap();
    assert_eq!(cloud.memory.told().len(), 0, "it is not called again at once");
    for _ in 0..3 {
        cloud.clock.advance(MINUTE);
        cloud.node.round().await.unwrap();
    }
    assert_eq!(cloud.memory.told().len(), 1);
    assert!(!format!("{:?}", cloud.memory.documents("cloudcallNotices")).contains("2088-ann"), "it is sealed");
    cloud.clock.advance(31 * DAY);
    cloud.node.round().await.unwrap();
    assert!(cloud.memory.documents("cloudcallNotices").is_empty());
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_notification_loses_nothing() {
    for after in 1..20 {
        for done in [false, true] {
            let mut cloud = ordered().await;
            drop(cloud.memory.killed(after, done, told(&cloud, &paid())).await);
            cloud.restart();
            assert_eq!(told(&cloud, &paid()).await.0, 200);
            drop(cloud.memory.killed(after, done, cloud.node.round()).await);
            cloud.restart();
            for _ in 0..2 {
                cloud.clock.advance(HOUR);
                cloud.node.round().await.unwrap();
            }
            let calls = cloud.memory.told().len();
            assert!((1..=2).contains(&calls), "{after} {done}: told {calls} times");
            assert_eq!(cloud.entry("order", "1").state, State::Done);
        }
    }
}

#[tokio::test]
async fn what_the_schedule_finds_out_the_named_function_is_told() {
    let cloud = Cloud::new();
    cloud.memory.blind(true);
    cloud.memory.faults(&[Fault::Unanswered]);
    let transfer = json!([{"outBizNo": "t", "transAmount": "1", "payee": {"identity": "a"}}, {"notify": {"function": "onTransfer"}}]);
    cloud.function("fund.transferAccount.transfer", transfer).await.unwrap_err();
    cloud.memory.blind(false);
    cloud.clock.advance(MINUTE);
    cloud.node.round().await.unwrap();
    let calls = cloud.memory.told();
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0]["functionTarget"], &calls[0]["functionArgs"]["number"]), (&json!("onTransfer"), &json!("t")));
}

#[tokio::test]
async fn a_payment_that_is_found_on_the_way_of_another_call_is_told() {
    let cloud = Cloud::new();
    cloud.node.desk.notices.bind("space", "onPaid").await.unwrap();
    cloud.memory.blind(true);
    cloud.memory.faults(&[Fault::Unanswered]);
    cloud.client("ann", "payment.common.create", json!(["Tea", "1", "5"])).await.unwrap_err();
    cloud.memory.blind(false);
    cloud.memory.platform(|platform| platform.orders.get_mut("1").unwrap().state = State::Done);
    assert_eq!(cloud.client("ann", "payment.common.create", json!(["Tea", "1", "5"])).await.unwrap()["success"], false);
    cloud.clock.advance(MINUTE);
    cloud.node.round().await.unwrap();
    assert_eq!((cloud.entry("order", "1").state, cloud.memory.told().len()), (State::Done, 1));
}

#[tokio::test]
async fn a_payment_that_is_found_by_asking_is_told_when_no_notification_comes() {
    let cloud = ordered().await;
    cloud.memory.platform(|platform| platform.orders.get_mut("1").unwrap().state = State::Done);
    assert_eq!(cloud.client("ann", "payment.common.query", json!(["1"])).await.unwrap()["success"], true);
    cloud.clock.advance(MINUTE);
    cloud.node.round().await.unwrap();
    assert_eq!((cloud.entry("order", "1").state, cloud.memory.told().len()), (State::Done, 1));
}
