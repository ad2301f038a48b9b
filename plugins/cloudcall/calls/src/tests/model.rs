//! Random sequences of what applications, payers and platforms do, with failures and crashes. The
//! platform is the model: in the end the book has to say of everything what the platform did.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sdk_plugin::contract::cloudcall::State;
use serde_json::{Value, json};

use super::{Cloud, call, invoke, node};
use crate::clock::{MINUTE, SECOND};
use crate::testing::Fault;

/// How many sequences there are.
const SEQUENCES: u64 = 300;
/// How long one is.
const STEPS: u32 = 40;

/// What is asked at random.
fn operation(random: &mut StdRng) -> (&'static str, Value) {
    let number = format!("o{}", random.random_range(0..3));
    let part = random.random_range(0..3);
    match random.random_range(0..8) {
        0 => ("payment.common.create", json!(["Tea", number, "3"])),
        1 | 2 => ("payment.faceToFace.pay", json!(["Tea", number, "3", "code"])),
        3 | 4 => {
            ("payment.common.refund", json!([{"outTradeNo": number, "refundAmount": "1", "outRequestNo": format!("r{number}{part}")}]))
        }
        5 => ("payment.common.close", json!([number])),
        6 => ("payment.common.cancel", json!([number])),
        _ => ("fund.transferAccount.transfer", json!([format!("t{part}"), "1", {"identity": "a"}])),
    }
}

async fn sequence(seed: u64) {
    let random = &mut StdRng::seed_from_u64(seed);
    let mut cloud = Cloud::new();
    let faults = [Fault::Lost, Fault::Unanswered, Fault::Late, Fault::Refused];
    for _ in 0..STEPS {
        let fault = random.random_bool(0.4).then(|| faults[random.random_range(0..faults.len())]);
        cloud.memory.faults(fault.as_slice());
        cloud.memory.blind(random.random_bool(0.2));
        let (api, args) = operation(random);
        match random.random_range(0..10) {
            0..5 => drop(cloud.function(api, args).await),
            5 => {
                // Two nodes at once.
                let other = node(&cloud.memory, &cloud.clock);
                let (api2, args2) = if random.random_bool(0.5) { (api, args.clone()) } else { operation(random) };
                let second = other.make_call(call(sdk_plugin::CallerKind::Function, ""), invoke(api2, args2));
                drop(tokio::join!(cloud.function(api, args), second));
            }
            6 | 7 => {
                let (after, done) = (random.random_range(1..20), random.random_bool(0.5));
                if random.random_bool(0.7) {
                    drop(cloud.memory.killed(after, done, cloud.function(api, args)).await);
                } else {
                    drop(cloud.memory.killed(after, done, cloud.node.round()).await);
                }
                cloud.restart();
            }
            8 => {
                // A payer pays an order that waits.
                let number = format!("o{}", random.random_range(0..3));
                cloud.memory.platform(|platform| {
                    if let Some(order) = platform.orders.get_mut(&number)
                        && order.state == State::Pending
                    {
                        order.state = State::Done;
                        *platform.done.entry(number).or_default() += 1;
                    }
                });
            }
            _ => {
                cloud.clock.advance(random.random_range(SECOND..3 * MINUTE));
                cloud.memory.arrive();
                cloud.node.round().await.unwrap();
            }
        }
    }
    cloud.memory.faults(&[]);
    cloud.memory.blind(false);
    cloud.memory.arrive();
    for _ in 0..5 {
        cloud.clock.advance(61 * MINUTE);
        cloud.node.round().await.unwrap();
    }
    agree(&cloud, seed);
}

/// The book and the platform say the same, and nothing was done twice.
fn agree(cloud: &Cloud, seed: u64) {
    let (orders, refunds, transfers, done) = cloud
        .memory
        .platform(|platform| (platform.orders.clone(), platform.refunds.clone(), platform.transfers.clone(), platform.done.clone()));
    for (number, times) in &done {
        assert_eq!(*times, 1, "seed {seed}: {number} was done {times} times");
    }
    for (number, order) in &orders {
        let entry = cloud.find("order", number).unwrap_or_else(|| panic!("seed {seed}: order {number} is forgotten"));
        assert_eq!(entry.state, order.state, "seed {seed}: order {number}: {entry:?}");
        if order.state != State::Pending {
            assert!(!entry.open, "seed {seed}: order {number}: {entry:?}");
        }
        let refunded = format!("{}.{:02}", order.refunded / 100, order.refunded % 100);
        assert!(entry.refunded == refunded || order.refunded == 0, "seed {seed}: order {number} {refunded}: {entry:?}");
    }
    for (subject, all) in [("refund", &refunds), ("transfer", &transfers)] {
        for number in all.keys() {
            let entry = cloud.find(subject, number).unwrap_or_else(|| panic!("seed {seed}: {subject} {number} is forgotten"));
            assert_eq!((entry.state, entry.open), (State::Done, false), "seed {seed}: {subject} {number}: {entry:?}");
        }
    }
    for document in cloud.memory.documents("cloudcallOrders") {
        let (subject, number) = (document.get_str("subject").unwrap(), document.get_str("number").unwrap());
        let entry = cloud.entry(subject, number);
        assert!(!entry.open, "seed {seed}: {entry:?}");
        let really = match subject {
            "order" => orders.contains_key(number),
            "refund" => refunds.contains_key(number),
            _ => transfers.contains_key(number),
        };
        if !really {
            assert!(matches!(entry.state, State::Absent | State::Failed), "seed {seed}: {entry:?}");
        }
    }
}

#[tokio::test]
async fn after_any_sequence_the_book_says_what_the_platform_did() {
    let first: u64 = match std::env::var("SEED") {
        Ok(seed) => return sequence(seed.parse().unwrap()).await,
        Err(_) => rand::rng().random(),
    };
    println!("seeds from {first}; SEED=… repeats one");
    for seed in 0..SEQUENCES {
        sequence(first.wrapping_add(seed)).await;
    }
}
