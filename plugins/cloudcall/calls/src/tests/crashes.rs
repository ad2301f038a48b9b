//! The process is killed at every call that it makes.

use sdk_plugin::contract::cloudcall::State;
use serde_json::{Value, json};

use super::Cloud;
use crate::clock::MINUTE;

/// More calls than any operation makes.
const CALLS: u32 = 40;

async fn killed(after: u32, done: bool, api: &str, args: &Value) -> (Cloud, bool) {
    let mut cloud = Cloud::new();
    cloud.function("payment.faceToFace.pay", json!(["Tea", "1", "5", "code"])).await.unwrap();
    let ended = cloud.memory.killed(after, done, cloud.function(api, args.clone())).await.is_some();
    cloud.restart();
    (cloud, ended)
}

#[tokio::test]
async fn a_refund_and_a_transfer_survive_a_crash_at_every_point() {
    let refund = json!([{"outTradeNo": "1", "refundAmount": "2", "outRequestNo": "n"}]);
    let transfer = json!(["n", "2", {"identity": "a"}]);
    for (api, subject, args) in [("payment.common.refund", "refund", refund), ("fund.transferAccount.transfer", "transfer", transfer)] {
        let mut crashes = 0;
        for after in 1..CALLS {
            for done in [false, true] {
                // Looked after by the schedule alone.
                let (cloud, ended) = killed(after, done, api, &args).await;
                crashes += u32::from(!ended);
                for _ in 0..3 {
                    cloud.clock.advance(11 * MINUTE);
                    cloud.node.round().await.unwrap();
                }
                let paid = cloud.done("n");
                assert!(paid <= 1);
                match cloud.find(subject, "n") {
                    None => assert_eq!(paid, 0, "{api} {after} {done}: forgotten"),
                    Some(entry) => {
                        assert!(!entry.open, "{api} {after} {done}");
                        assert_eq!(entry.state == State::Done, paid == 1, "{api} {after} {done}: {:?}", entry.state);
                    }
                }
                if subject == "refund" && paid == 1 {
                    assert_eq!(cloud.entry("order", "1").refunded, "2.00", "{after} {done}");
                }
                // Asked again at once, and again when the dead node's lease has ended.
                let (cloud, _) = killed(after, done, api, &args).await;
                drop(cloud.function(api, args.clone()).await);
                cloud.clock.advance(2 * MINUTE);
                let again = cloud.function(api, args.clone()).await.unwrap();
                assert_eq!((&again["success"], cloud.done("n")), (&json!(true), 1), "{api} {after} {done}");
            }
        }
        assert!(crashes >= 20, "{crashes} crashes");
    }
}
