//! Transactions (manual 3.10.5).

use std::sync::Arc;
use std::time::{Duration, Instant};

use sdk_plugin::contract::db::{DUPLICATE_KEY, EXECUTE, NO_SUCH_TRANSACTION, WRITE_CONFLICT};
use sdk_plugin::{Call, Caller, CallerKind, Error, codes};
use serde_json::{Value, json};

use crate::support::{Db, call_as, memory};

async fn function(db: &Db, command: &str, mut params: Value) -> Result<Value, Error> {
    params["command"] = command.into();
    params["collection"] = "c".into();
    call_as(&db.service, CallerKind::Function, &db.space, params).await
}

async fn start(db: &Db) -> String {
    let answer = function(db, "startTransaction", json!({})).await.unwrap();
    assert_eq!(answer["affectedDocs"], 0);
    answer["transactionId"].as_str().unwrap().to_owned()
}

async fn within(db: &Db, id: &str, command: &str, mut params: Value) -> Result<Value, Error> {
    params["transactionId"] = id.into();
    function(db, command, params).await
}

async fn end(db: &Db, id: &str, command: &str) -> Result<Value, Error> {
    within(db, id, command, json!({})).await
}

async fn balance(db: &Db, id: &str) -> Value {
    db.run("findOne", json!({"query": {"_id": id}})).await["result"]["n"].clone()
}

#[tokio::test]
async fn changes_are_seen_within_and_outside_only_after_the_commit() {
    let db = memory().await;
    db.fill(json!([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}, {"_id": "d", "n": 9}])).await;
    let id = start(&db).await;
    within(&db, &id, "updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 1}}})).await.unwrap();
    within(&db, &id, "insertOne", json!({"doc": {"_id": "x", "n": 5}})).await.unwrap();
    within(&db, &id, "deleteOne", json!({"filter": {"_id": "d"}})).await.unwrap();
    let seen = within(&db, &id, "findOne", json!({"query": {"n": {"$gt": 1}}, "options": {"sort": {"n": -1}}})).await.unwrap();
    assert_eq!(seen["result"], json!({"_id": "x", "n": 5}));
    let second = within(&db, &id, "findOne", json!({"query": {}, "options": {"sort": {"n": -1}, "skip": 1}})).await.unwrap();
    assert_eq!(second["result"], json!({"_id": "a", "n": 2}));
    assert_eq!(db.ids(json!({}), json!({})).await, [json!("a"), json!("b"), json!("d")]);
    assert_eq!(balance(&db, "a").await, 1);
    assert_eq!(end(&db, &id, "commitTransaction").await.unwrap(), json!({"affectedDocs": 0, "result": null}));
    assert_eq!(db.ids(json!({}), json!({})).await, [json!("a"), json!("b"), json!("x")]);
    assert_eq!(balance(&db, "a").await, 2);
    for command in ["commitTransaction", "abortTransaction"] {
        assert_eq!(end(&db, &id, command).await.unwrap_err().code(), NO_SUCH_TRANSACTION);
    }
}

#[tokio::test]
async fn what_is_rolled_back_never_was() {
    let db = memory().await;
    db.fill(json!([{"_id": "a", "n": 1}])).await;
    let id = start(&db).await;
    within(&db, &id, "findOneAndUpdate", json!({"filter": {"_id": "a"}, "update": {"$set": {"n": 7}}})).await.unwrap();
    within(&db, &id, "updateOne", json!({"filter": {"_id": "new"}, "update": {"$set": {"n": 7}}, "options": {"upsert": true}}))
        .await
        .unwrap();
    end(&db, &id, "abortTransaction").await.unwrap();
    assert_eq!(db.run("find", json!({})).await["result"], json!([{"_id": "a", "n": 1}]));
}

#[tokio::test]
async fn reads_are_of_the_start() {
    let db = memory().await;
    db.fill(json!([{"_id": "a", "n": 1}])).await;
    let id = start(&db).await;
    db.run("updateOne", json!({"filter": {"_id": "a"}, "update": {"$set": {"n": 2}}})).await;
    let seen = within(&db, &id, "findOne", json!({"query": {"_id": "a"}})).await.unwrap();
    assert_eq!(seen["result"]["n"], 1);
    let error = within(&db, &id, "updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 1}}})).await.unwrap_err();
    assert_eq!(error.code(), WRITE_CONFLICT, "the document is not what the transaction read");
    assert_eq!(end(&db, &id, "commitTransaction").await.unwrap_err().code(), NO_SUCH_TRANSACTION, "the conflict ended it");
    assert_eq!(balance(&db, "a").await, 2);
}

#[tokio::test]
async fn another_transaction_fails_at_once_and_a_writer_outside_waits() {
    let db = Arc::new(memory().await);
    db.fill(json!([{"_id": "a", "n": 1}])).await;
    let (first, second) = (start(&db).await, start(&db).await);
    within(&db, &first, "updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 10}}})).await.unwrap();
    let before = Instant::now();
    let error = within(&db, &second, "updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 1}}})).await.unwrap_err();
    assert_eq!(error.code(), WRITE_CONFLICT);
    assert!(error.is_retryable() && before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    let outside = tokio::spawn({
        let db = db.clone();
        async move { db.run("updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 100}}})).await }
    });
    // A write of another document does not wait, and shows that the first one had its chance.
    db.run("insertOne", json!({"doc": {"_id": "other"}})).await;
    tokio::task::yield_now().await;
    assert!(!outside.is_finished());
    end(&db, &first, "commitTransaction").await.unwrap();
    outside.await.unwrap();
    assert_eq!(balance(&db, "a").await, 111);
}

#[tokio::test]
async fn what_transactions_are_not_for() {
    let db = memory().await;
    let refused = db.try_run("startTransaction", json!({})).await.unwrap_err();
    assert_eq!(refused.code(), codes::PERMISSION_DENIED);
    let id = start(&db).await;
    for (command, params) in [
        ("find", json!({})),
        ("count", json!({})),
        ("insertMany", json!({"docs": [{}]})),
        ("updateMany", json!({"filter": {}, "update": {"$set": {"a": 1}}})),
        ("deleteMany", json!({"filter": {}})),
    ] {
        assert_eq!(within(&db, &id, command, params).await.unwrap_err().code(), codes::INVALID_PARAMS, "{command}");
    }
    assert_eq!(function(&db, "commitTransaction", json!({})).await.unwrap_err().code(), codes::INVALID_PARAMS);
    assert_eq!(end(&db, "unknown", "commitTransaction").await.unwrap_err().code(), NO_SUCH_TRANSACTION);
    let elsewhere = json!({"command": "commitTransaction", "transactionId": id});
    let error = call_as(&db.service, CallerKind::Function, "space-2", elsewhere).await.unwrap_err();
    assert_eq!(error.code(), NO_SUCH_TRANSACTION);
    end(&db, &id, "abortTransaction").await.unwrap();
}

#[tokio::test]
async fn a_taken_id_ends_the_transaction() {
    let db = memory().await;
    db.fill(json!([{"_id": "a"}])).await;
    let id = start(&db).await;
    within(&db, &id, "insertOne", json!({"doc": {"_id": "b"}})).await.unwrap();
    let error = within(&db, &id, "insertOne", json!({"doc": {"_id": "a"}})).await.unwrap_err();
    assert_eq!(error.code(), DUPLICATE_KEY);
    assert_eq!(end(&db, &id, "commitTransaction").await.unwrap_err().code(), NO_SUCH_TRANSACTION);
    assert_eq!(db.ids(json!({}), json!({})).await, [json!("a")]);
}

#[tokio::test]
async fn ten_seconds_and_then_it_is_rolled_back() {
    let db = memory().await;
    db.fill(json!([{"_id": "a", "n": 1}])).await;
    let before = Instant::now();
    let id = start(&db).await;
    within(&db, &id, "updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 1}}})).await.unwrap();
    // It waits for the lock, which is given back when the transaction has run out.
    let waiting = json!({"collection": "c", "command": "updateOne", "filter": {"_id": "a"}, "update": {"$inc": {"n": 5}}, "options": {}});
    let mut call = Call::json(&*db.space, EXECUTE, &waiting).unwrap();
    call.caller = Caller::of(CallerKind::Function);
    call.deadline = Instant::now() + Duration::from_secs(30);
    db.service.execute(&call).await.unwrap();
    assert!(before.elapsed() >= Duration::from_secs(10), "{:?}", before.elapsed());
    assert_eq!(balance(&db, "a").await, 6);
    assert_eq!(end(&db, &id, "commitTransaction").await.unwrap_err().code(), NO_SUCH_TRANSACTION);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transfers_lose_and_invent_nothing() {
    const ACCOUNTS: u64 = 6;
    const TRANSFERS: usize = 40;
    let db = Arc::new(memory().await);
    let accounts: Vec<Value> = (0..ACCOUNTS).map(|n| json!({"_id": format!("a{n}"), "n": 100})).collect();
    db.fill(Value::Array(accounts)).await;
    println!("seed 1..=8");
    let mut workers = Vec::new();
    for worker in 1..=8_u64 {
        let db = db.clone();
        workers.push(tokio::spawn(async move {
            let mut seed = worker.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut random = move |n: u64| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed % n
            };
            let mut done = 0;
            while done < TRANSFERS {
                let (from, to) = (random(ACCOUNTS), random(ACCOUNTS));
                let id = start(&db).await;
                let transfer = async {
                    for (account, amount) in [(from, -1), (to, 1)] {
                        let seen = within(&db, &id, "findOne", json!({"query": {"_id": format!("a{account}")}})).await?;
                        let n = seen["result"]["n"].as_i64().unwrap() + amount;
                        let update = json!({"filter": {"_id": format!("a{account}")}, "update": {"$set": {"n": n}}});
                        within(&db, &id, "updateOne", update).await?;
                    }
                    end(&db, &id, "commitTransaction").await
                };
                match transfer.await {
                    Ok(_) => done += 1,
                    Err(error) => assert_eq!(error.code(), WRITE_CONFLICT, "{error:?}"),
                }
                // A snapshot shows no transfer by half.
                let id = start(&db).await;
                let mut sum = 0;
                for account in 0..ACCOUNTS {
                    let seen = within(&db, &id, "findOne", json!({"query": {"_id": format!("a{account}")}})).await.unwrap();
                    sum += seen["result"]["n"].as_i64().unwrap();
                }
                assert_eq!(sum, 100 * ACCOUNTS as i64, "a torn read");
                end(&db, &id, "abortTransaction").await.unwrap();
            }
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
    let mut sum = 0;
    for account in 0..ACCOUNTS {
        sum += balance(&db, &format!("a{account}")).await.as_i64().unwrap();
    }
    assert_eq!(sum, 100 * ACCOUNTS as i64);
}
