//! A server that is killed between asking a platform and hearing its answer.

use std::collections::BTreeSet;

use e2e::Wire;
use e2e::gateways::Fault;
use e2e::gateways::alipay::{APP_ID, Alipay, Mode};
use e2e::wait_for;
use serde_json::{Value, json};

use crate::cloud::{Cloud, Platforms, slowly};

const REFUND: &str = "alipay.trade.refund";
const TRANSFER: &str = "alipay.fund.trans.uni.transfer";
/// How often the server is killed, and how many refunds and how many transfers it is asked for each
/// time.
const ROUNDS: usize = 5;
const EACH: usize = 5;

/// A call of a function, and the numbers of what it is about.
struct Asked {
    api: &'static str,
    args: Value,
    subject: &'static str,
    number: String,
}

fn asked(round: usize) -> Vec<Asked> {
    let refund = |n: usize| Asked {
        api: "payment.common.refund",
        args: json!([{"outTradeNo": format!("order_{round}_{n}"), "refundAmount": "4.00", "outRequestNo": format!("refund_{round}_{n}")}]),
        subject: "refund",
        number: format!("refund_{round}_{n}"),
    };
    let payee = json!({"identity": crate::cloud::BUYER, "identity_type": "ALIPAY_USER_ID"});
    let transfer = |n: usize| Asked {
        api: "fund.transferAccount.transfer",
        args: json!([{"outBizNo": format!("transfer_{round}_{n}"), "transAmount": "1.50", "payee": payee, "orderTitle": "奖金"}]),
        subject: "transfer",
        number: format!("transfer_{round}_{n}"),
    };
    (0..EACH).map(refund).chain((0..EACH).map(transfer)).collect()
}

/// Asks for all at once, and kills the server when the gateway has heard of all.
fn kill_between(cloud: &mut Cloud, round: usize) {
    let heard = |alipay: &Alipay| alipay.heard(REFUND).len() + alipay.heard(TRANSFER).len();
    let before = heard(&cloud.platforms.alipay);
    let clients: Vec<(Wire, Asked)> = asked(round).into_iter().map(|asked| (cloud.anonymous(), asked)).collect();
    std::thread::scope(|scope| {
        for (client, asked) in &clients {
            let call = client.request(
                "serverless.function.runtime.invoke",
                &json!({"functionTarget": "cloud", "functionArgs": {"api": asked.api, "args": asked.args}}),
            );
            scope.spawn(move || {
                let answer = client.try_send(&call);
                assert!(answer.is_err(), "{answer:?}");
            });
        }
        wait_for("the gateway to be asked", || (heard(&cloud.platforms.alipay) == before + clients.len()).then_some(()));
        cloud.server.kill();
    });
    cloud.server.restart();
}

#[test]
fn money_is_moved_once_and_nothing_is_forgotten() {
    // Nobody gives up waiting before the server is killed.
    let mut cloud = Cloud::with(Platforms { timeout: 25, ..Platforms::start() }, "");
    cloud.save("alipay", APP_ID, &Mode::Certificates.settings());
    for round in 0..ROUNDS {
        for n in 0..EACH {
            let number = format!("order_{round}_{n}");
            cloud.order(&number, "10.00");
            cloud.platforms.alipay.pay(&number);
        }
    }
    for round in 0..ROUNDS {
        // In some rounds the gateway has done it, in others it has not.
        let fault = if round.is_multiple_of(2) { Fault::Silence } else { Fault::Lost };
        for method in [REFUND, TRANSFER] {
            cloud.platforms.alipay.fails(method, fault, usize::MAX);
        }
        kill_between(&mut cloud, round);
        cloud.platforms.alipay.heals();
    }
    let all: Vec<Asked> = (0..ROUNDS).flat_map(asked).collect();
    for asked in &all {
        let booked = cloud.booked(asked.subject, &asked.number);
        assert_eq!(booked["api"], asked.api, "it was written before it was asked: {} {booked}", asked.number);
    }
    // What was done is found out by the schedule, without anybody asking.
    let done = |asked: &Asked| cloud.booked(asked.subject, &asked.number)["state"] == "done";
    let (found, lost): (Vec<&Asked>, Vec<&Asked>) = all.iter().partition(|asked| {
        let round: usize = asked.number.split('_').nth(1).and_then(|round| round.parse().ok()).expect("a round");
        round.is_multiple_of(2)
    });
    let mut open: BTreeSet<&str> = found.iter().map(|asked| asked.number.as_str()).collect();
    slowly("what was done in the book", || {
        for asked in &found {
            if open.contains(asked.number.as_str()) && done(asked) {
                open.remove(asked.number.as_str());
            }
        }
        open.is_empty().then_some(())
    });
    // Whoever asked asks again, for what was done too.
    for asked in found.iter().chain(&lost) {
        let answer = slowly(&asked.number, || {
            let answer = cloud.call(asked.api, asked.args.clone());
            assert!(answer["ok"].is_object() || answer["error"]["code"] == "OUTCOME_UNKNOWN", "{}: {answer}", asked.number);
            answer["ok"].is_object().then_some(answer)
        });
        assert_eq!(answer["ok"]["success"], true, "{}: {answer}", asked.number);
        assert!(done(asked), "{}: {}", asked.number, cloud.booked(asked.subject, &asked.number));
    }
    for round in 0..ROUNDS {
        for n in 0..EACH {
            assert_eq!(cloud.platforms.alipay.given_back(&format!("order_{round}_{n}")), [400], "{round} {n}");
        }
    }
    let mut transferred = cloud.platforms.alipay.transferred();
    transferred.sort();
    let expected: BTreeSet<String> = all.iter().filter(|asked| asked.subject == "transfer").map(|asked| asked.number.clone()).collect();
    assert_eq!(transferred, expected.into_iter().map(|number| (number, 150)).collect::<Vec<_>>());
    cloud.well();
}
