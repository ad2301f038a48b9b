//! Many callers at the same time.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::space::{Space, cut, require};
use crate::contract::db::DUPLICATE_KEY;

/// How many callers there are.
const CALLERS: u64 = 24;

async fn by_all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(work: impl Fn(u64) -> F) -> Vec<T> {
    let tasks: Vec<_> = (0..CALLERS).map(|caller| tokio::spawn(work(caller))).collect();
    let ended = join_all(tasks).await;
    ended.into_iter().map(|ended| ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))).collect()
}

pub(super) async fn no_update_is_lost(space: Space) {
    space.fill(json!([{"_id": 1, "n": 0, "by": []}])).await;
    let answers = by_all(|caller| {
        let space = space.clone();
        async move {
            let mut modified = 0;
            for round in 0..4 {
                // Half find the document by its _id, half by its value.
                let filter = if caller % 2 == 0 { json!({"_id": 1}) } else { json!({"n": {"$gte": 0}}) };
                let update = json!({"$inc": {"n": 1}, "$push": {"by": format!("{caller}-{round}")}});
                let answer = space.answer("updateOne", json!({"filter": filter, "update": update})).await;
                modified += answer["result"]["nModified"].as_u64().unwrap_or(0);
            }
            modified
        }
    })
    .await;
    let document = space.answer("findOne", json!({"query": {"_id": 1}})).await;
    let pushed: BTreeSet<&str> = document["result"]["by"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let expected = 4 * CALLERS;
    let met = answers.iter().sum::<u64>() == expected && document["result"]["n"] == expected && pushed.len() as u64 == expected;
    require(met, "every update of one document by many callers counts", cut(&document));
}

pub(super) async fn upserts_make_one_document(space: Space) {
    by_all(|_| {
        let space = space.clone();
        async move {
            space.answer("updateOne", json!({"filter": {"_id": "u"}, "update": {"$inc": {"n": 1}}, "options": {"upsert": true}})).await
        }
    })
    .await;
    space.holds(json!([{"_id": "u", "n": CALLERS}]), "upserts of one _id by many callers make one document, and all of them count").await;
}

pub(super) async fn an_id_is_inserted_once(space: Space) {
    let outcomes = by_all(|caller| {
        let space = space.clone();
        async move { space.call("insertOne", json!({"doc": {"_id": 1, "by": caller}})).await }
    })
    .await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let lost = outcomes.iter().filter(|outcome| outcome.as_ref().is_err_and(|error| error.code() == DUPLICATE_KEY)).count() as u64;
    let rule = "of many callers that insert one _id one succeeds, and all others get DuplicateKey";
    require(won == 1 && lost == CALLERS - 1, rule, cut(&format!("{outcomes:?}")));
}

pub(super) async fn a_unique_value_is_let_in_once(space: Space) {
    space.index(json!({"key": {"v": 1}, "unique": true})).await;
    let outcomes = by_all(|caller| {
        let space = space.clone();
        async move { space.call("insertOne", json!({"doc": {"_id": caller, "v": "same"}})).await }
    })
    .await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let lost = outcomes.iter().filter(|outcome| outcome.as_ref().is_err_and(|error| error.code() == DUPLICATE_KEY)).count() as u64;
    let rule = "of many callers that insert one value of a unique index one succeeds, and all others get DuplicateKey";
    require(won == 1 && lost == CALLERS - 1, rule, cut(&format!("{outcomes:?}")));
    space.includes("find", json!({"query": {"v": "same"}, "options": {"hint": {"v": 1}}}), json!({"affectedDocs": 1}), rule).await;
}

pub(super) async fn each_document_is_taken_once(space: Space) {
    let docs: Vec<Value> = (0..60).map(|n| json!({"_id": n, "n": n})).collect();
    space.fill(json!(docs)).await;
    let taken: Vec<Vec<i64>> = by_all(|_| {
        let space = space.clone();
        async move {
            let mut taken = Vec::new();
            loop {
                let answer = space.answer("findOneAndDelete", json!({"filter": {"n": {"$gte": 0}}, "options": {"sort": {"n": 1}}})).await;
                match answer["result"]["value"]["_id"].as_i64() {
                    Some(id) => taken.push(id),
                    None => return taken,
                }
            }
        }
    })
    .await;
    let mut all: Vec<i64> = taken.into_iter().flatten().collect();
    all.sort_unstable();
    require(
        all == (0..60).collect::<Vec<_>>(),
        "of many callers of findOneAndDelete each gets documents of its own",
        format_args!("{all:?}"),
    );
}

pub(super) async fn an_index_is_made_while_others_write(space: Space) {
    let docs: Vec<Value> = (0..300).map(|n| json!({"_id": n, "n": n % 7})).collect();
    space.fill(json!(docs)).await;
    let writers = (0..8_i64).map(|writer| {
        let space = space.clone();
        tokio::spawn(async move {
            for round in 0..25 {
                let id = writer * 25 + round;
                space.answer("updateOne", json!({"filter": {"_id": id}, "update": {"$set": {"n": 100}}})).await;
                space.answer("insertOne", json!({"doc": {"_id": 1000 + id, "n": 100}})).await;
                space.answer("deleteOne", json!({"filter": {"_id": 200 + id / 2}})).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    space.index(json!({"key": {"n": 1}, "name": "by_n"})).await;
    for writer in writers {
        writer.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
    let all = space.answer("aggregate", json!({"pipeline": [{"$sort": {"_id": 1}}]})).await;
    for value in [0, 3, 100] {
        let expected = all["result"].as_array().into_iter().flatten().filter(|document| document["n"] == value).count();
        let params = json!({"query": {"n": value}, "options": {"hint": "by_n"}});
        let rule = "an index that is made while others write has all that they wrote";
        space.answers("count", params, json!({"affectedDocs": expected, "result": expected}), rule).await;
    }
}
