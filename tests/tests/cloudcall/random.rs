//! Random calls, payments, notifications and failures, and what must hold whatever their order.

use std::collections::{BTreeMap, BTreeSet};

use e2e::gateways::Fault;
use e2e::gateways::alipay::{Mode, Status};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::cloud::{BUYER, Cloud, slowly};

const ORDERS: usize = 4;
const STEPS: usize = 200;
/// What every order is of, in hundredths.
const TOTAL: u64 = 1000;
const FAULTS: [Fault; 8] =
    [Fault::Silence, Fault::HangUp, Fault::BadSignature, Fault::Tampered, Fault::Unsigned, Fault::Busy, Fault::Lost, Fault::UnsignedError];
const METHODS: [&str; 6] = [
    "alipay.trade.create",
    "alipay.trade.query",
    "alipay.trade.refund",
    "alipay.trade.fastpay.refund.query",
    "alipay.trade.close",
    "alipay.trade.cancel",
];

/// What is known of what was asked.
#[derive(Default)]
struct Model {
    /// Refunds that were said to be done: their amounts by numbers, by orders.
    done: BTreeMap<String, BTreeMap<String, u64>>,
    /// All that were asked for.
    asked: BTreeMap<String, BTreeMap<String, u64>>,
    /// Calls whose outcome is not known.
    unknown: Vec<(&'static str, Value)>,
    notified: BTreeSet<String>,
}

impl Model {
    /// Makes a call, and remembers what is known after it.
    fn call(&mut self, cloud: &Cloud, api: &'static str, args: Value) {
        let answer = cloud.call(api, args.clone());
        let order = args[0]["outTradeNo"].as_str().expect("an order").to_owned();
        let refund = args[0]["outRequestNo"].as_str().map(str::to_owned);
        match &answer["error"]["code"] {
            Value::Null if answer["ok"]["success"] == true => {
                if let Some(refund) = refund {
                    let amount = self.asked[&order][&refund];
                    self.done.entry(order).or_default().insert(refund, amount);
                }
            }
            Value::Null => {
                let before = |refund: &String| self.done.get(&order).is_some_and(|done| done.contains_key(refund));
                assert!(!refund.as_ref().is_some_and(before), "{api} {args} was done, and is refused now: {answer}");
            }
            Value::String(code) if code == "OUTCOME_UNKNOWN" => self.unknown.push((api, args)),
            // Of a question: the platform did not answer. Of an order: it was never made.
            Value::String(code) if ["ServiceUnavailable", "INVALID_PARAM"].contains(&code.as_str()) => {}
            _ => panic!("{api} {args}: {answer}"),
        }
    }

    /// What was said to be done was done once, and nothing was done that nobody asked for.
    fn holds(&self, cloud: &Cloud) {
        for n in 0..ORDERS {
            let number = format!("order_{n}");
            let given_back = cloud.platforms.alipay.refunds(&number);
            for (refund, amount) in self.done.get(&number).into_iter().flatten() {
                assert_eq!(given_back.get(refund), Some(amount), "{number} {refund}");
            }
            for (refund, amount) in given_back.iter().filter(|(refund, _)| *refund != "cancel") {
                assert_eq!(self.asked[&number].get(refund), Some(amount), "{number} {refund}");
            }
            assert!(given_back.values().sum::<u64>() <= TOTAL, "{number}");
        }
    }

    fn step(&mut self, cloud: &Cloud, random: &mut StdRng) {
        let alipay = &cloud.platforms.alipay;
        let number = format!("order_{}", random.random_range(0..ORDERS));
        match random.random_range(0..100) {
            0..25 => self.call(
                cloud,
                "payment.common.create",
                json!([{"subject": "茶", "outTradeNo": number, "totalAmount": "10.00", "buyerId": BUYER}]),
            ),
            25..40 => {
                if alipay.status(&number) == Some(Status::Waiting) {
                    alipay.pay(&number);
                }
            }
            40..50 => {
                if alipay.status(&number).is_some_and(|status| status != Status::Waiting) {
                    let answer = alipay.notification(&number).push(cloud.server.http());
                    // It may come before the order is in the book for sure; then it comes again.
                    if answer == (200, "success".to_owned()) {
                        self.notified.insert(number);
                    }
                }
            }
            50..75 => {
                let (refund, amount) = (format!("{number}_{}", random.random_range(0..3)), random.random_range(1..4) * 100);
                // A number is that of one amount for ever.
                let amount = *self.asked.entry(number.clone()).or_default().entry(refund.clone()).or_insert(amount);
                let amount = e2e::gateways::money::write(amount);
                self.call(cloud, "payment.common.refund", json!([{"outTradeNo": number, "refundAmount": amount, "outRequestNo": refund}]));
            }
            75..78 => self.call(cloud, "payment.common.close", json!([{"outTradeNo": number}])),
            78..80 => self.call(cloud, "payment.common.cancel", json!([{"outTradeNo": number}])),
            80..90 => self.call(cloud, "payment.common.query", json!([{"outTradeNo": number}])),
            _ => alipay.fails(METHODS.choose(random).expect("a method"), *FAULTS.choose(random).expect("a fault"), 1),
        }
    }
}

fn sum(refunds: &BTreeMap<String, BTreeMap<String, u64>>) -> usize {
    refunds.values().map(BTreeMap::len).sum()
}

#[test]
fn money_is_where_the_answers_say_whatever_happens() {
    let seed = std::env::var("MPCLOUD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed} (MPCLOUD_SEED repeats it)");
    let (cloud, mut random, mut model) = (Cloud::alipay(Mode::Keys), StdRng::seed_from_u64(seed), Model::default());
    for _ in 0..STEPS {
        model.step(&cloud, &mut random);
        model.holds(&cloud);
    }
    cloud.platforms.alipay.heals();
    println!("{} refunds of {} done, {} outcomes not known", sum(&model.done), sum(&model.asked), model.unknown.len());
    // What is not known can be asked for again until it is.
    for (api, args) in std::mem::take(&mut model.unknown) {
        slowly(&format!("{api} {args}"), || {
            model.call(&cloud, api, args.clone());
            std::mem::take(&mut model.unknown).is_empty().then_some(())
        });
    }
    model.holds(&cloud);
    for n in 0..ORDERS {
        let number = format!("order_{n}");
        let Some(status) = cloud.platforms.alipay.status(&number) else { continue };
        if status != Status::Waiting {
            assert_eq!(cloud.platforms.alipay.notification(&number).push(cloud.server.http()), (200, "success".to_owned()), "{number}");
        }
        let expected = match status {
            Status::Waiting => "pending",
            Status::Paid => "done",
            Status::Closed => "closed",
        };
        // A close or cancel that was never answered stays open for a while, since it may still arrive.
        let booked = slowly(&format!("{number} to be {expected}"), || {
            Some(cloud.booked("order", &number)).filter(|booked| booked["state"] == expected)
        });
        let ends = ["payment.common.close", "payment.common.cancel"].iter().any(|api| booked["api"] == *api);
        assert!(booked["open"] == false || ends, "{booked}");
    }
    cloud.well();
}
