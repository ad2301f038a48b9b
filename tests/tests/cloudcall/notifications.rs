//! Notifications of platforms: what is genuine and fits is told once, and nothing else is told.

use e2e::gateways::{alipay, wechat};
use serde_json::{Value, json};

use crate::cloud::{BUYER, Cloud, slowly};

/// Asserts that nothing was told of an order, by way of one of which something is.
#[track_caller]
fn untold(cloud: &Cloud, number: &str, genuine: impl FnOnce(&str)) {
    let marker = format!("{number}_after");
    genuine(&marker);
    cloud.told_of(&marker);
    assert_eq!(cloud.told(number), Vec::<Value>::new(), "{number}");
}

fn paid_at_alipay(cloud: &Cloud, number: &str) -> alipay::Notification {
    cloud.order(number, "12.30");
    cloud.platforms.alipay.pay(number);
    cloud.platforms.alipay.notification(number)
}

#[test]
fn forged_and_foreign_notifications_of_alipay_are_told_to_nobody() {
    let cloud = Cloud::alipay(alipay::Mode::Keys);
    let server = cloud.server.http();
    let genuine = paid_at_alipay(&cloud, "order_1");
    let bad = [
        ("forged", genuine.clone().forged()),
        ("another amount than was signed", genuine.clone().tampered("total_amount", "0.01")),
        ("another status than was signed", genuine.clone().tampered("trade_status", "TRADE_FINISHED")),
        ("a field more than was signed", genuine.clone().tampered("extra", "1")),
        ("another amount", genuine.clone().with("total_amount", "0.01")),
        ("no amount", genuine.clone().with("total_amount", "")),
        ("another seller", genuine.clone().with("seller_id", "2088999999999999")),
        ("another app", genuine.clone().with("app_id", "2021000000000002")),
        ("an order that nobody made", genuine.clone().with("out_trade_no", "order_unknown")),
    ];
    for (what, notification) in bad {
        let (status, body) = notification.push(server);
        assert_ne!((status, body.as_str()), (200, "success"), "{what}");
        assert_eq!(cloud.booked("order", "order_1")["state"], "pending", "{what}");
    }
    untold(&cloud, "order_1", |number| assert_eq!(paid_at_alipay(&cloud, number).push(server), (200, "success".to_owned())));
    assert_eq!(cloud.told("order_unknown"), Vec::<Value>::new());
    // The genuine one still counts.
    assert_eq!(genuine.push(server), (200, "success".to_owned()));
    assert_eq!(cloud.told_of("order_1")[0]["amount"], "12.30");
}

#[test]
fn a_notification_of_alipay_that_comes_five_times_is_told_once() {
    let cloud = Cloud::alipay(alipay::Mode::Keys);
    let server = cloud.server.http();
    let notification = paid_at_alipay(&cloud, "order_1");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| notification.push(server));
        }
    });
    for _ in 0..5 {
        assert_eq!(notification.push(server), (200, "success".to_owned()));
    }
    cloud.told_of("order_1");
    assert_eq!(paid_at_alipay(&cloud, "order_2").push(server), (200, "success".to_owned()));
    cloud.told_of("order_2");
    assert_eq!(cloud.told("order_1").len(), 1, "{:?}", cloud.told("order_1"));
}

#[test]
fn a_function_that_fails_is_told_again() {
    let cloud = Cloud::alipay(alipay::Mode::Keys);
    let notification = paid_at_alipay(&cloud, "fails_1");
    assert_eq!(notification.push(cloud.server.http()), (200, "success".to_owned()));
    assert_eq!(cloud.told_of("fails_1").len(), 1);
    let tries = cloud.server.management().db(&cloud.space, "tries", "count", json!({"query": {"number": "fails_1"}})).1;
    assert_eq!(tries, 2);
}

#[test]
fn a_notification_is_stored_before_it_is_answered() {
    let mut cloud = Cloud::alipay(alipay::Mode::Keys);
    let notification = paid_at_alipay(&cloud, "order_1");
    assert_eq!(notification.push(cloud.server.http()), (200, "success".to_owned()));
    cloud.server.kill();
    cloud.server.restart();
    // Whoever was telling the function may have died with it: its lease ends after 90 seconds.
    let told = slowly("a notice", || Some(cloud.told("order_1")).filter(|told| !told.is_empty()));
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn what_the_schedule_has_told_a_notification_does_not_tell_again() {
    let cloud = Cloud::alipay(alipay::Mode::Keys);
    let server = cloud.server.http();
    let notification = paid_at_alipay(&cloud, "order_1");
    // That somebody has asked makes the schedule look soon.
    cloud.ok("payment.common.query", json!(["order_1"]));
    slowly("a notice", || Some(cloud.told("order_1")).filter(|told| !told.is_empty()));
    assert_eq!(notification.push(server), (200, "success".to_owned()));
    assert_eq!(paid_at_alipay(&cloud, "order_2").push(server), (200, "success".to_owned()));
    cloud.told_of("order_2");
    assert_eq!(cloud.told("order_1").len(), 1, "{:?}", cloud.told("order_1"));
}

#[test]
fn transfers_are_told_by_the_address_that_the_app_subscribes_with() {
    let cloud = Cloud::alipay(alipay::Mode::Certificates);
    let payee = json!({"identity": BUYER, "identity_type": "ALIPAY_USER_ID"});
    cloud.ok("fund.transferAccount.transfer", json!(["transfer_1", "1.50", payee, "奖金"]));
    let address = format!("https://pay.example.test/cloudcall/notify/{}/alipay/{}", cloud.space.id, alipay::APP_ID);
    let genuine = cloud.platforms.alipay.transfer_notification("transfer_1", &address);
    for bad in [
        genuine.clone().forged(),
        genuine.clone().tampered("app_id", "2021000000000002"),
        genuine.clone().with("app_id", "2021000000000002"),
    ] {
        assert_ne!(bad.push(cloud.server.http()), (200, "success".to_owned()));
    }
    for _ in 0..3 {
        assert_eq!(genuine.push(cloud.server.http()), (200, "success".to_owned()));
    }
    let told = cloud.told_of("transfer_1");
    assert_eq!(
        (&told[0]["subject"], &told[0]["state"], &told[0]["amount"]),
        (&json!("transfer"), &json!("done"), &json!("1.50")),
        "{told:?}"
    );
}

#[test]
fn a_deleted_space_is_told_nothing() {
    let cloud = Cloud::alipay(alipay::Mode::Keys);
    let notification = paid_at_alipay(&cloud, "order_1");
    cloud.server.run(&["space", "delete", &cloud.space.id, "--yes"]).succeeded();
    let (status, body) = notification.push(cloud.server.http());
    assert!(status == 404 && body != "success", "{status} {body}");
}

fn paid_at_wechat(cloud: &Cloud, number: &str) -> wechat::Notification {
    let order = json!([{"subject": "茶", "outTradeNo": number, "totalAmount": "12.30", "buyerId": "openid-1"}]);
    cloud.ok("payment.common.create", order);
    cloud.platforms.wechat.pay(number);
    cloud.platforms.wechat.notification(number)
}

#[test]
fn forged_and_foreign_notifications_of_wechat_pay_are_told_to_nobody() {
    let cloud = Cloud::wechat(wechat::Mode::PublicKey);
    let server = cloud.server.http();
    let taken = |(status, body): (u16, String)| match status {
        200 | 204 => true,
        status => {
            assert!((400..600).contains(&status) && body.contains("FAIL"), "{status} {body}");
            false
        }
    };
    let genuine = paid_at_wechat(&cloud, "order_1");
    let bad = [
        ("forged", genuine.clone().forged()),
        ("a probe", genuine.clone().probe()),
        ("another body than was signed", genuine.clone().tampered()),
        ("another amount", genuine.clone().with("/amount/total", json!(1))),
        ("another merchant", genuine.clone().with("/mchid", json!("1900000002"))),
        ("another app", genuine.clone().with("/appid", json!("wx9999999999999999"))),
        ("an order that nobody made", genuine.clone().with("/out_trade_no", json!("order_unknown"))),
    ];
    for (what, notification) in bad {
        assert!(!taken(notification.push(server)), "{what}");
        assert_eq!(cloud.booked("order", "order_1")["state"], "pending", "{what}");
    }
    untold(&cloud, "order_1", |number| assert!(taken(paid_at_wechat(&cloud, number).push(server))));
    for _ in 0..5 {
        assert!(taken(genuine.push(server)));
    }
    cloud.told_of("order_1");
    assert!(taken(paid_at_wechat(&cloud, "order_2").push(server)));
    cloud.told_of("order_2");
    assert_eq!(cloud.told("order_1").len(), 1, "{:?}", cloud.told("order_1"));
}

#[test]
fn notifications_have_addresses_of_their_own() {
    let cloud = Cloud::alipay(alipay::Mode::Keys);
    let notification = paid_at_alipay(&cloud, "order_1");
    let other = cloud.server.space("other");
    let agent = cloud.anonymous();
    let post = |path: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        e2e::post(agent.agent(), &format!("{}{path}", cloud.server.http()), &headers, notification.body().as_bytes())
    };
    for path in [
        format!("/cloudcall/notify/{}/alipay/{}", other.id, alipay::APP_ID),
        format!("/cloudcall/notify/no-such-space/alipay/{}", alipay::APP_ID),
        format!("/cloudcall/notify/{}/alipay/2021000000000002", cloud.space.id),
        format!("/cloudcall/notify/{}/nobody/{}", cloud.space.id, alipay::APP_ID),
        format!("/cloudcall/notify/{}/alipay", cloud.space.id),
        format!("/cloudcall/notify/{}/alipay/{}/more", cloud.space.id, alipay::APP_ID),
    ] {
        assert_eq!(post(&path).status, 404, "{path}");
    }
    let read = agent.agent().get(format!("{}/cloudcall/notify/{}/alipay/{}", cloud.server.http(), cloud.space.id, alipay::APP_ID)).call();
    assert_eq!(read.expect("an answer").status().as_u16(), 405);
    assert_eq!(cloud.booked("order", "order_1")["state"], "pending");
}
