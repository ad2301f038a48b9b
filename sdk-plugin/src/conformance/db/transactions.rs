//! Transactions (manual 3.10.5).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::same::same;
use super::space::{Space, cut, require};
use super::{NO_SUCH_TRANSACTION, WRITE_CONFLICT};
use crate::codes::{INVALID_PARAMS, PERMISSION_DENIED};
use crate::contract::db::DUPLICATE_KEY;
use crate::{CallerKind, Error, Result};

/// How long a transaction may be open.
const LIFETIME: Duration = Duration::from_secs(10);
/// What "at once" is at most, on a machine with other work.
const AT_ONCE: Duration = Duration::from_secs(3);

struct Transaction {
    space: Space,
    id: Value,
}

impl Transaction {
    async fn start(space: &Space) -> Self {
        let space = space.by(CallerKind::Function);
        let answer =
            space.includes("startTransaction", json!({}), json!({"affectedDocs": 0}), "startTransaction answers affectedDocs: 0").await;
        let id = answer["transactionId"].clone();
        require(
            id.as_str().is_some_and(|id| !id.is_empty()),
            "startTransaction answers transactionId beside affectedDocs, a text",
            cut(&answer),
        );
        Self { space, id }
    }

    async fn call(&self, command: &str, mut params: Value) -> Result<Value> {
        params["transactionId"] = self.id.clone();
        self.space.call(command, params).await
    }

    async fn answer(&self, command: &str, mut params: Value) -> Value {
        params["transactionId"] = self.id.clone();
        self.space.answer(command, params).await
    }

    async fn refuses(&self, command: &str, mut params: Value, code: &str, rule: &str) -> Error {
        params["transactionId"] = self.id.clone();
        self.space.refuses(command, params, code, rule).await
    }

    async fn set(&self, id: &str, n: i32) {
        self.answer("updateOne", json!({"filter": {"_id": id}, "update": {"$set": {"n": n}}})).await;
    }

    async fn n(&self, id: &str) -> Value {
        self.answer("findOne", json!({"query": {"_id": id}})).await["result"]["n"].clone()
    }

    async fn commit(&self) {
        let mut params = json!({});
        params["transactionId"] = self.id.clone();
        self.space
            .answers(
                "commitTransaction",
                params,
                json!({"affectedDocs": 0, "result": null}),
                "commitTransaction answers {affectedDocs: 0, result: null}",
            )
            .await;
    }

    async fn abort(&self) {
        let mut params = json!({});
        params["transactionId"] = self.id.clone();
        self.space
            .answers(
                "abortTransaction",
                params,
                json!({"affectedDocs": 0, "result": null}),
                "abortTransaction answers {affectedDocs: 0, result: null}",
            )
            .await;
    }

    async fn is_over(&self, rule: &str) {
        for command in ["commitTransaction", "abortTransaction"] {
            self.refuses(command, json!({}), NO_SUCH_TRANSACTION, rule).await;
        }
        self.refuses("findOne", json!({"query": {}}), NO_SUCH_TRANSACTION, rule).await;
    }
}

pub(super) async fn a_commit_makes_all_changes(space: Space) {
    space.fill(json!([{"_id": "a", "n": 1}, {"_id": "b", "n": 2}, {"_id": "d", "n": 9}, {"_id": "e", "n": 3}, {"_id": "f", "n": 4}])).await;
    let before = space.find(json!({}), json!({"sort": {"_id": 1}})).await;
    let transaction = Transaction::start(&space).await;
    transaction.set("a", 10).await;
    transaction.answer("insertOne", json!({"doc": {"_id": "x", "n": 5}})).await;
    transaction.answer("deleteOne", json!({"filter": {"_id": "d"}})).await;
    transaction.answer("replaceOne", json!({"filter": {"_id": "b"}, "doc": {"m": 1}})).await;
    let updated = transaction
        .answer("findOneAndUpdate", json!({"filter": {"_id": "e"}, "update": {"$inc": {"n": 1}}, "options": {"returnNewDocument": true}}))
        .await;
    require(updated["result"]["value"]["n"] == 4, "findOneAndUpdate works in a transaction", cut(&updated));
    let deleted = transaction.answer("findOneAndDelete", json!({"filter": {"_id": "f"}})).await;
    require(deleted["result"]["value"]["n"] == 4, "findOneAndDelete works in a transaction", cut(&deleted));
    transaction.answer("insertOne", json!({"collection": "other", "doc": {"_id": 1}})).await;
    let rule = "a transaction reads what it has written";
    require(transaction.n("a").await == 10 && transaction.n("x").await == 5 && transaction.n("d").await.is_null(), rule, "older values");
    let found = transaction.answer("findOne", json!({"query": {"n": {"$gt": 3}}, "options": {"sort": {"n": -1}, "skip": 1}})).await;
    require(found["result"]["_id"] == "x", "filters, sort and skip see what the transaction has written", cut(&found));
    space.holds(json!(before), "what a transaction writes is not seen outside before its commit").await;
    transaction.commit().await;
    let rule = "a commit makes all changes";
    space.holds(json!([{"_id": "a", "n": 10}, {"_id": "b", "m": 1}, {"_id": "e", "n": 4}, {"_id": "x", "n": 5}]), rule).await;
    space.includes("find", json!({"collection": "other"}), json!({"affectedDocs": 1}), rule).await;
    transaction.is_over("a committed transaction is over").await;
}

pub(super) async fn a_rollback_makes_none(space: Space) {
    space.fill(json!([{"_id": "a", "n": 1}])).await;
    let transaction = Transaction::start(&space).await;
    transaction.set("a", 7).await;
    transaction.answer("updateOne", json!({"filter": {"_id": "new"}, "update": {"$set": {"n": 7}}, "options": {"upsert": true}})).await;
    transaction.answer("findOneAndReplace", json!({"filter": {"_id": "a"}, "replacement": {"m": 8}})).await;
    transaction.abort().await;
    space.holds(json!([{"_id": "a", "n": 1}]), "what is rolled back never was").await;
    transaction.is_over("a transaction that was rolled back is over").await;
}

pub(super) async fn reads_are_of_one_moment(space: Space) {
    space.fill(json!([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}])).await;
    let transaction = Transaction::start(&space).await;
    let first = transaction.n("a").await;
    space.answer("updateMany", json!({"filter": {}, "update": {"$set": {"n": 2}}})).await;
    space.answer("insertOne", json!({"doc": {"_id": "c", "n": 3}})).await;
    let rule = "all reads of a transaction are of one moment";
    require(first == 1 && transaction.n("a").await == 1 && transaction.n("b").await == 1, rule, "values of different moments");
    require(transaction.n("c").await.is_null(), rule, "a document that was inserted later");
    let found = transaction.answer("findOne", json!({"query": {"n": {"$gt": 1}}})).await;
    require(found["affectedDocs"] == 0, rule, cut(&found));
    let rule = "a write to a document that has changed since the transaction began is the error WriteConflict";
    transaction.refuses("updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 1}}}), WRITE_CONFLICT, rule).await;
    transaction.is_over("a conflict ends the transaction").await;
    space.holds(json!([{"_id": "a", "n": 2}, {"_id": "b", "n": 2}, {"_id": "c", "n": 3}]), "other writes stay").await;
}

pub(super) async fn another_one_fails_at_once(space: Space) {
    space.fill(json!([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}])).await;
    let (first, second) = (Transaction::start(&space).await, Transaction::start(&space).await);
    first.set("a", 10).await;
    second.set("b", 20).await;
    let before = Instant::now();
    let rule = "a write to a document that another transaction has written fails at once, with WriteConflict";
    let error = second.refuses("updateOne", json!({"filter": {"_id": "a"}, "update": {"$set": {"n": 3}}}), WRITE_CONFLICT, rule).await;
    require(before.elapsed() < AT_ONCE, rule, format_args!("after {:?}", before.elapsed()));
    require(error.is_retryable(), "a conflict says that trying again may help", format_args!("{error:?}"));
    first.commit().await;
    space.holds(json!([{"_id": "a", "n": 10}, {"_id": "b", "n": 1}]), "the first transaction goes on, the other is rolled back").await;
    let third = Transaction::start(&space).await;
    third.set("b", 30).await;
    third.commit().await;
    space.holds(json!([{"_id": "a", "n": 10}, {"_id": "b", "n": 30}]), "what a transaction locked is free after its end").await;
}

pub(super) async fn a_writer_outside_waits(space: Space) {
    space.fill(json!([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}])).await;
    for commit in [true, false] {
        space.answer("updateOne", json!({"filter": {"_id": "a"}, "update": {"$set": {"n": 1}}})).await;
        let transaction = Transaction::start(&space).await;
        transaction.set("a", 10).await;
        let outside = tokio::spawn({
            let space = space.clone();
            async move { space.answer("updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 100}}})).await }
        });
        // Other documents can be written meanwhile; by the end of it the writer has had its chance.
        for round in 0..40 {
            space.answer("updateOne", json!({"filter": {"_id": "b"}, "update": {"$set": {"n": round}}})).await;
        }
        let rule = "a writer outside waits for the transaction that has written its document";
        require(!outside.is_finished(), rule, "the writer did not wait");
        space
            .answers(
                "findOne",
                json!({"query": {"_id": "a"}}),
                json!({"affectedDocs": 1, "result": {"_id": "a", "n": 1}}),
                "a reader outside does not wait",
            )
            .await;
        if commit {
            transaction.commit().await;
        } else {
            transaction.abort().await;
        }
        outside.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let expected = if commit { 110 } else { 101 };
        let found = space.answer("findOne", json!({"query": {"_id": "a"}})).await;
        require(same(&json!(expected), &found["result"]["n"]), "the writer outside goes on with what the transaction left", cut(&found));
    }
}

pub(super) async fn only_for_single_documents(space: Space) {
    space.fill(json!([{"_id": "a", "n": 1}])).await;
    let transaction = Transaction::start(&space).await;
    for (command, params) in [
        ("find", json!({})),
        ("count", json!({"query": {}})),
        ("distinct", json!({"key": "n"})),
        ("aggregate", json!({"pipeline": []})),
        ("insertMany", json!({"docs": [{}]})),
        ("updateMany", json!({"filter": {}, "update": {"$set": {"a": 1}}})),
        ("deleteMany", json!({"filter": {}})),
    ] {
        transaction.refuses(command, params, INVALID_PARAMS, "transactions take only commands for a single document").await;
    }
    transaction.set("a", 2).await;
    transaction.commit().await;
    space.holds(json!([{"_id": "a", "n": 2}]), "a command that is refused leaves the transaction as it is").await;
}

pub(super) async fn not_for_clients(space: Space) {
    let client = space.by(CallerKind::Client);
    let rule = "mini programs have no transactions";
    client.refuses("startTransaction", json!({}), PERMISSION_DENIED, rule).await;
    let transaction = Transaction::start(&space).await;
    client.refuses("findOne", json!({"query": {}, "transactionId": transaction.id}), PERMISSION_DENIED, rule).await;
    client.refuses("commitTransaction", json!({"transactionId": transaction.id}), PERMISSION_DENIED, rule).await;
    transaction.abort().await;
    let server = Transaction { space: space.clone(), id: space.answer("startTransaction", json!({})).await["transactionId"].clone() };
    server.abort().await;
}

pub(super) async fn need_their_id(space: Space) {
    let function = space.by(CallerKind::Function);
    for command in ["commitTransaction", "abortTransaction"] {
        function.refuses(command, json!({}), INVALID_PARAMS, "commit and rollback without an id are refused").await;
        function.refuses(command, json!({"transactionId": 5}), INVALID_PARAMS, "an id is a text").await;
        function
            .refuses(command, json!({"transactionId": "unknown"}), NO_SUCH_TRANSACTION, "an unknown id is the error NoSuchTransaction")
            .await;
    }
    let transaction = Transaction::start(&space).await;
    let elsewhere = Transaction { space: space.another().await.by(CallerKind::Function), id: transaction.id.clone() };
    elsewhere.is_over("a transaction is of one space").await;
    transaction.commit().await;
}

pub(super) async fn a_taken_value_ends_it(space: Space) {
    space.fill(json!([{"_id": "a", "v": 1}])).await;
    space.index(json!({"key": {"v": 1}, "unique": true})).await;
    for doc in [json!({"_id": "a", "v": 5}), json!({"_id": "c", "v": 1})] {
        let transaction = Transaction::start(&space).await;
        transaction.answer("insertOne", json!({"doc": {"_id": "b", "v": 2}})).await;
        let rule = "a taken _id or value of a unique index is the error DuplicateKey, also in a transaction";
        transaction.refuses("insertOne", json!({"doc": doc}), DUPLICATE_KEY, rule).await;
        transaction.is_over("DuplicateKey ends the transaction, as in MongoDB").await;
    }
    let transaction = Transaction::start(&space).await;
    transaction.answer("deleteOne", json!({"filter": {"_id": "a"}})).await;
    transaction.answer("insertOne", json!({"doc": {"_id": "b", "v": 1}})).await;
    transaction.commit().await;
    space.holds(json!([{"_id": "b", "v": 1}]), "a value may go from one document to another in a transaction").await;
    let params = json!({"query": {"v": 1}, "options": {"hint": {"v": 1}}});
    space.answers("count", params, json!({"affectedDocs": 1, "result": 1}), "indexes follow a commit").await;
}

pub(super) async fn end_after_ten_seconds(space: Space) {
    space.fill(json!([{"_id": "a", "n": 1}])).await;
    let before = Instant::now();
    let transaction = Transaction::start(&space).await;
    transaction.set("a", 10).await;
    // It waits for the transaction, which runs out.
    space.answer("updateOne", json!({"filter": {"_id": "a"}, "update": {"$inc": {"n": 5}}})).await;
    let waited = before.elapsed();
    let rule = "a transaction that is not committed within 10 seconds is rolled back";
    require(waited + Duration::from_millis(50) >= LIFETIME && waited < LIFETIME * 3, rule, format_args!("after {waited:?}"));
    space.holds(json!([{"_id": "a", "n": 6}]), rule).await;
    transaction.is_over(rule).await;
}

pub(super) async fn transfers_under_contention(space: Space) {
    const ACCOUNTS: u64 = 4;
    let accounts: Vec<Value> = (0..ACCOUNTS).map(|n| json!({"_id": format!("a{n}"), "n": 100})).collect();
    space.fill(json!(accounts)).await;
    let workers: Vec<_> = (1..=4_u64)
        .map(|worker| {
            let space = space.clone();
            tokio::spawn(async move {
                let mut place = worker;
                for _ in 0..10 {
                    place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let (from, to) = ((place >> 33) % ACCOUNTS, (place >> 40) % ACCOUNTS);
                    transfer(&space, from, to).await;
                    let transaction = Transaction::start(&space).await;
                    let mut sum = 0;
                    for account in 0..ACCOUNTS {
                        sum += transaction.n(&format!("a{account}")).await.as_u64().unwrap_or(0);
                    }
                    transaction.abort().await;
                    require(sum == 100 * ACCOUNTS, "a transaction sees no other one by half", sum);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
    let answer = space.answer("aggregate", json!({"pipeline": [{"$group": {"_id": null, "sum": {"$sum": "$n"}}}]})).await;
    require(answer["result"][0]["sum"] == 100 * ACCOUNTS, "transfers lose and invent nothing", cut(&answer));
}

/// Moves 1 from one account to another, again until it meets no conflict.
async fn transfer(space: &Space, from: u64, to: u64) {
    loop {
        let transaction = Transaction::start(space).await;
        let attempt = async {
            for (account, amount) in [(from, -1), (to, 1)] {
                let seen = transaction.call("findOne", json!({"query": {"_id": format!("a{account}")}})).await?;
                let n = seen["result"]["n"].as_i64().unwrap_or(0) + amount;
                let update = json!({"filter": {"_id": format!("a{account}")}, "update": {"$set": {"n": n}}});
                transaction.call("updateOne", update).await?;
            }
            transaction.call("commitTransaction", json!({})).await
        };
        match attempt.await {
            Ok(_) => return,
            Err(error) => {
                require(error.code() == WRITE_CONFLICT, "transactions that meet fail with WriteConflict", format_args!("{error:?}"))
            }
        }
    }
}
