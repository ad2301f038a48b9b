//! `aggregate` over collections: where results go, what is bounded, and what reads from an index.

use sdk_plugin::{CallerKind, codes};
use serde_json::{Value, json};

use crate::support::{Db, call_as, memory};

async fn shop() -> Db {
    let db = memory().await;
    let orders: Vec<Value> =
        (0..200).map(|n| json!({"_id": n, "buyer": n % 8, "price": n, "items": [{"k": n % 3}, {"k": n % 5}]})).collect();
    db.run("insertMany", json!({"collection": "orders", "docs": orders})).await;
    let users: Vec<Value> = (0..8).map(|n| json!({"_id": n, "name": format!("user {n}")})).collect();
    db.run("insertMany", json!({"collection": "users", "docs": users})).await;
    db
}

async fn aggregate(db: &Db, collection: &str, pipeline: Value) -> Value {
    try_aggregate(db, collection, pipeline).await.unwrap()
}

/// As a server, whose commands have no time limit: a database that nodes share makes them wait
/// when a collection is replaced.
async fn try_aggregate(db: &Db, collection: &str, pipeline: Value) -> Result<Value, sdk_plugin::Error> {
    let params = json!({"collection": collection, "command": "aggregate", "pipeline": pipeline});
    call_as(&db.service, CallerKind::Server, &db.space, params).await
}

#[tokio::test]
async fn groups_and_joins() {
    let db = shop().await;
    let answer = aggregate(
        &db,
        "orders",
        json!([
            {"$match": {"price": {"$gte": 100}}},
            {"$group": {"_id": "$buyer", "sum": {"$sum": "$price"}, "n": {"$sum": 1}}},
            {"$lookup": {"from": "users", "localField": "_id", "foreignField": "_id", "as": "who"}},
            {"$addFields": {"name": {"$arrayElemAt": ["$who.name", 0]}}},
            {"$project": {"who": 0}},
            {"$sort": {"sum": -1}},
            {"$limit": 2},
        ]),
    )
    .await;
    assert_eq!(
        answer,
        json!({"affectedDocs": 2, "result": [
            {"_id": 7, "sum": 1963, "n": 13, "name": "user 7"},
            {"_id": 6, "sum": 1950, "n": 13, "name": "user 6"},
        ]})
    );
    let nested = json!([
        {"$lookup": {
            "from": "orders",
            "let": {"id": "$_id"},
            "pipeline": [{"$match": {"$expr": {"$eq": ["$buyer", "$$id"]}}}, {"$unwind": "$items"}, {"$count": "n"}],
            "as": "orders",
        }},
        {"$match": {"_id": 3}},
    ]);
    assert_eq!(aggregate(&db, "users", nested).await["result"], json!([{"_id": 3, "name": "user 3", "orders": [{"n": 50}]}]));
}

#[tokio::test]
async fn out_replaces_a_collection_at_once_and_keeps_its_indexes() {
    let db = shop().await;
    let create = json!({"collection": "sums", "command": "createIndex", "field": {"n": 1}, "options": {"unique": true}});
    call_as(&db.service, CallerKind::Admin, &db.space, create).await.unwrap();
    db.run("insertOne", json!({"collection": "sums", "doc": {"_id": "old", "n": -1}})).await;
    let group = |key: &str| json!([{"$group": {"_id": key, "n": {"$sum": "$price"}}}, {"$out": "sums"}]);
    assert_eq!(aggregate(&db, "orders", group("$buyer")).await, json!({"affectedDocs": 0, "result": []}));
    let all = db.run("find", json!({"collection": "sums"})).await;
    assert_eq!(all["affectedDocs"], 8);
    assert!(!all.to_string().contains("old"));
    let listed = call_as(&db.service, CallerKind::Admin, &db.space, json!({"collection": "sums", "command": "listIndexes"})).await.unwrap();
    assert_eq!(listed["affectedDocs"], 2);
    // What cannot be stored leaves the old collection as it was.
    let twice = json!([{"$project": {"n": {"$literal": 1}}}, {"$out": "sums"}]);
    let error = try_aggregate(&db, "orders", twice).await.unwrap_err();
    assert_eq!(error.code(), sdk_plugin::contract::db::DUPLICATE_KEY);
    assert_eq!(db.run("find", json!({"collection": "sums"})).await, all);
    let names = call_as(&db.service, CallerKind::Admin, &db.space, json!({"command": "listCollections"})).await.unwrap();
    let names: Vec<&str> = names["result"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["orders", "sums", "users"]);
}

#[tokio::test]
async fn merge_adds_to_what_is_there() {
    let db = shop().await;
    let totals =
        |when: Value| json!([{"$group": {"_id": "$buyer", "total": {"$sum": 1}}}, {"$merge": {"into": "users", "whenMatched": when}}]);
    aggregate(&db, "orders", totals(json!("merge"))).await;
    let user = db.run("findOne", json!({"collection": "users", "query": {"_id": 5}})).await;
    assert_eq!(user["result"], json!({"_id": 5, "name": "user 5", "total": 25}));
    aggregate(&db, "orders", totals(json!([{"$set": {"total": {"$add": ["$total", "$$new.total"]}}}]))).await;
    let user = db.run("findOne", json!({"collection": "users", "query": {"_id": 5}})).await;
    assert_eq!(user["result"]["total"], 50);
    let pipeline = json!([{"$project": {"name": "x"}}, {"$merge": {"into": "users", "on": "name"}}]);
    let error = db.fails("aggregate", json!({"collection": "orders", "pipeline": pipeline})).await;
    assert!(error.message().contains("Cannot find index"), "{error}");
}

#[tokio::test]
async fn a_match_at_the_front_uses_an_index() {
    let db = shop().await;
    let create = json!({"collection": "orders", "command": "createIndex", "field": {"buyer": 1, "price": 1}});
    call_as(&db.service, CallerKind::Admin, &db.space, create).await.unwrap();
    let pipeline = json!([{"$match": {"buyer": 3}}, {"$sort": {"price": -1}}, {"$limit": 2}]);
    let shown = db.run("aggregate", json!({"collection": "orders", "pipeline": pipeline, "options": {"explain": true}})).await;
    let plan = &shown["result"]["stages"][0]["$cursor"]["queryPlanner"]["winningPlan"];
    assert_eq!((&plan["stage"], &plan["inputStage"]["indexName"]), (&json!("FETCH"), &json!("buyer_1_price_1")), "{shown}");
    let found = aggregate(&db, "orders", pipeline).await;
    assert_eq!((&found["result"][0]["price"], &found["result"][1]["price"]), (&json!(195), &json!(187)));
}

#[tokio::test]
async fn memory_and_time_are_bounded() {
    let db = memory().await;
    let text = "x".repeat(200_000);
    for part in 0..8 {
        let docs: Vec<Value> = (0..100).map(|n| json!({"_id": part * 100 + n, "n": n, "text": text})).collect();
        db.fill(json!(docs)).await;
    }
    let all = json!([{"$group": {"_id": "$_id", "kept": {"$push": {"$concat": ["$text", "!"]}}}}, {"$count": "n"}]);
    let error = db.fails("aggregate", json!({"pipeline": all, "options": {"maxTimeMS": 3000}})).await;
    assert_eq!(error.code(), codes::INVALID_PARAMS);
    assert!(error.message().contains("allowDiskUse"), "{error}");
    let on_disk = json!({"command": "aggregate", "collection": "c", "pipeline": all, "options": {"allowDiskUse": true}});
    let answer = call_as(&db.service, CallerKind::Function, &db.space, on_disk).await.unwrap();
    assert_eq!(answer["result"], json!([{"n": 800}]));
    let slow = json!([{"$project": {"_id": 0, "n": {"$reduce": {"input": {"$range": [0, 2000]}, "initialValue": 0, "in": {"$add": ["$$value", {"$size": {"$range": [0, 2000]}}]}}}}}]);
    let error = db.fails("aggregate", json!({"pipeline": slow, "options": {"maxTimeMS": 50}})).await;
    assert_eq!((error.code(), error.message()), (codes::TIMEOUT, "operation exceeded time limit"));
}
