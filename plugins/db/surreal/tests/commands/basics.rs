//! The commands of the SDK against an embedded database, by their documented replies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use db_surreal::{Config, Service};
use sdk_plugin::contract::db::{DUPLICATE_KEY, EXECUTE};
use sdk_plugin::{Call, CallerKind, codes};
use serde_json::{Value, json};

use crate::support::{call_as, memory};

#[tokio::test]
async fn insert_and_find() {
    let db = memory().await;
    let inserted = db.run("insertOne", json!({"doc": {"z": 1, "id": "mine", "at": "2020-01-02T03:04:05.678Z", "a": [{"b": null}]}})).await;
    assert_eq!(inserted["affectedDocs"], 1);
    assert_eq!((&inserted["result"]["ok"], &inserted["result"]["n"]), (&json!(1), &json!(1)));
    let id = inserted["result"]["insertedId"].as_str().unwrap();
    assert_eq!(id.len(), 24);
    let expected = json!({"_id": id, "z": 1, "id": "mine", "at": "2020-01-02T03:04:05.678Z", "a": [{"b": null}]});
    for query in [
        json!({"_id": id}),
        json!({"_id": {"$in": [id, "x"]}}),
        json!({"id": "mine"}),
        json!({"at": {"$lt": "2020-01-03T00:00:00.000Z"}}),
        json!({}),
    ] {
        assert_eq!(db.run("findOne", json!({"query": query})).await, json!({"affectedDocs": 1, "result": expected}), "{query}");
    }
    assert_eq!(db.run("find", json!({})).await, json!({"affectedDocs": 1, "result": [expected]}));
    assert_eq!(db.run("findOne", json!({"query": {"_id": "x"}})).await, json!({"affectedDocs": 0, "result": null}));
    let projected = db.run("findOne", json!({"query": {"_id": id}, "options": {"projection": {"a.b": 1, "_id": 0}}})).await;
    assert_eq!(projected["result"], json!({"a": [{"b": null}]}));
}

#[tokio::test]
async fn what_is_not_there_is_empty() {
    let db = memory().await;
    assert_eq!(db.run("find", json!({"query": {"a": 1}})).await, json!({"affectedDocs": 0, "result": []}));
    assert_eq!(db.run("find", json!({"options": {"sort": {"_id": -1}}})).await["result"], json!([]));
    assert_eq!(db.run("findOne", json!({"query": {"_id": 1}})).await["result"], Value::Null);
    assert_eq!(db.run("count", json!({})).await, json!({"affectedDocs": 0, "result": 0}));
    assert_eq!(db.run("updateMany", json!({"filter": {}, "update": {"$set": {"a": 1}}})).await["result"]["n"], 0);
    assert_eq!(db.run("updateOne", json!({"filter": {"_id": 1}, "update": {"$set": {"a": 1}}})).await["result"]["n"], 0);
    assert_eq!(db.run("deleteOne", json!({"filter": {"_id": 1}})).await, json!({"affectedDocs": 0, "result": {"ok": 1, "n": 0}}));
    assert_eq!(db.run("distinct", json!({"key": "a"})).await, json!({"affectedDocs": 0, "result": []}));
}

#[tokio::test]
async fn ids_of_every_kind_are_kept_apart() {
    let db = memory().await;
    let ids = json!([1, "1", 1.5, true, null, "0123456789abcdef01234567", {"a": 1}, "é小\u{1}", "2020-01-01T00:00:00.000Z", 9007199254740993_i64]);
    let docs: Vec<Value> = ids.as_array().unwrap().iter().map(|id| json!({"_id": id})).collect();
    let inserted = db.run("insertMany", json!({"docs": docs})).await;
    assert_eq!(inserted["affectedDocs"], 10);
    assert_eq!(inserted["result"]["1"], "1");
    for id in ids.as_array().unwrap() {
        let found = db.run("findOne", json!({"query": {"_id": id}})).await;
        assert_eq!(found["result"], json!({"_id": id}));
        let error = db.fails("insertOne", json!({"doc": {"_id": id}})).await;
        assert_eq!(error.code(), DUPLICATE_KEY, "{id}");
    }
    let error = db.fails("insertOne", json!({"doc": {"_id": 1.0}})).await;
    assert_eq!(error.message(), "E11000 duplicate key error collection: c index: _id_ dup key: { _id: 1 }");
    assert_eq!(db.fails("insertOne", json!({"doc": {"_id": [1]}})).await.code(), codes::INVALID_PARAMS);
    // The order of `_id`s is MongoDB's order of values.
    let sorted = db.ids(json!({}), json!({"sort": {"_id": 1}})).await;
    assert_eq!(
        json!(sorted),
        json!([null, 1, 1.5, 9007199254740993_i64, "1", "é小\u{1}", {"a": 1}, "0123456789abcdef01234567", true, "2020-01-01T00:00:00.000Z"])
    );
    let back: Vec<Value> = sorted.into_iter().rev().collect();
    assert_eq!(db.ids(json!({}), json!({"sort": {"_id": -1}})).await, back);
}

#[tokio::test]
async fn insert_many_stops_at_the_first_duplicate_unless_unordered() {
    let db = memory().await;
    db.fill(json!([{"_id": 2}])).await;
    let error = db.fails("insertMany", json!({"docs": [{"_id": 1}, {"_id": 2}, {"_id": 3}]})).await;
    assert_eq!(error.code(), DUPLICATE_KEY);
    assert_eq!(db.ids(json!({}), json!({})).await, [1, 2]);
    let error =
        db.fails("insertMany", json!({"docs": [{"_id": 1}, {"_id": 4}, {"_id": 4}, {"_id": 5}], "options": {"ordered": false}})).await;
    assert_eq!(error.code(), DUPLICATE_KEY);
    assert_eq!(db.ids(json!({}), json!({})).await, [1, 2, 4, 5]);
}

#[tokio::test]
async fn pages_sorts_and_limits() {
    let db = memory().await;
    let docs: Vec<Value> = (0..1500).map(|n| json!({"_id": n, "m": n % 7, "text": "x".repeat(200)})).collect();
    for chunk in docs.chunks(400) {
        db.fill(json!(chunk)).await;
    }
    assert_eq!(db.ids(json!({}), json!({})).await.len(), 100);
    assert_eq!(db.ids(json!({}), json!({"limit": 0})).await.len(), 100);
    assert_eq!(db.ids(json!({}), json!({"limit": 1400})).await.len(), 500);
    assert_eq!(db.ids(json!({}), json!({"skip": 1490})).await, (1490..1500).collect::<Vec<_>>());
    assert_eq!(db.ids(json!({"m": 3}), json!({"limit": 3, "skip": 100})).await, [703, 710, 717]);
    assert_eq!(db.ids(json!({}), json!({"sort": {"m": -1, "text": 1}, "limit": 2})).await, [6, 13]);
    assert_eq!(db.ids(json!({}), json!({"sort": {"m": 1}, "skip": 214, "limit": 2})).await, [1498, 1]);
    assert_eq!(db.ids(json!({"_id": {"$gt": 1000, "$lte": 1002}}), json!({})).await, [1001, 1002]);
    assert_eq!(db.ids(json!({"_id": {"$gte": 1000}}), json!({"sort": {"_id": 1}, "skip": 400, "limit": 1})).await, [1400]);
    assert_eq!(db.ids(json!({"_id": {"$in": [5, 3, 2000, 3.0]}}), json!({})).await, [3, 5]);
    assert_eq!(db.ids(json!({}), json!({"sort": {"_id": -1}, "skip": 1, "limit": 2})).await, [1498, 1497]);
    assert_eq!(db.ids(json!({"m": 0}), json!({"sort": {"_id": -1}, "skip": 1, "limit": 2})).await, [1491, 1484]);
    for nothing in [json!({"$gt": 5, "$lt": 3}), json!({"$gt": 5, "$lt": 5}), json!({"$gte": 5, "$lt": "a"}), json!({"$gt": "a"})] {
        assert!(db.ids(json!({"_id": nothing}), json!({})).await.is_empty(), "{nothing}");
    }
    assert_eq!(db.run("count", json!({"query": {"_id": {"$lte": 63}}})).await["result"], 64);
    assert_eq!(db.run("count", json!({"query": {"_id": {"$lt": 64}}})).await["result"], 64);
    assert_eq!(db.run("count", json!({})).await["result"], 1500);
    assert_eq!(db.run("count", json!({"query": {"m": 0}})).await, json!({"affectedDocs": 215, "result": 215}));
    assert_eq!(db.run("count", json!({"query": {"m": 0}, "options": {"skip": 10, "limit": 7}})).await["result"], 7);
    assert_eq!(db.run("distinct", json!({"key": "m", "query": {"_id": {"$lt": 100}}})).await["result"], json!([0, 1, 2, 3, 4, 5, 6]));
    let params = json!({"collection": "c", "command": "find", "options": {"limit": 5000}});
    let all = call_as(&db.service, CallerKind::System, &db.space, params).await.unwrap();
    assert_eq!(all["affectedDocs"], 1000);
}

#[tokio::test]
async fn update_replace_and_upsert() {
    let db = memory().await;
    db.fill(json!([{"_id": 1, "n": 1, "g": "a"}, {"_id": 2, "n": 2, "g": "a"}, {"_id": 3, "n": 3, "g": "b"}])).await;
    let one = db.run("updateOne", json!({"filter": {"g": "a"}, "update": {"$inc": {"n": 10}}})).await;
    assert_eq!(one, json!({"affectedDocs": 1, "result": {"ok": 1, "n": 1, "nModified": 1}}));
    let same = db.run("updateOne", json!({"filter": {"_id": 3}, "update": {"$set": {"n": 3}}})).await;
    assert_eq!(same["result"], json!({"ok": 1, "n": 1, "nModified": 0}));
    let many = db.run("updateMany", json!({"filter": {"g": "a"}, "update": {"$set": {"n": 11}}})).await;
    assert_eq!(many, json!({"affectedDocs": 2, "result": {"ok": 1, "n": 2, "nModified": 1}}));
    let replaced = db.run("replaceOne", json!({"filter": {"_id": 3}, "doc": {"new": true}})).await;
    assert_eq!(replaced["result"]["nModified"], 1);
    assert_eq!(db.run("findOne", json!({"query": {"_id": 3}})).await["result"], json!({"_id": 3, "new": true}));
    let upserted = db
        .run("updateOne", json!({"filter": {"_id": 9, "g": "z"}, "update": {"$setOnInsert": {"s": 1}}, "options": {"upsert": true}}))
        .await;
    assert_eq!(upserted["affectedDocs"], 1);
    assert_eq!(upserted["result"]["upserted"], json!([{"index": 0, "_id": 9}]));
    assert_eq!(db.run("findOne", json!({"query": {"_id": 9}})).await["result"], json!({"_id": 9, "g": "z", "s": 1}));
    let upserted = db.run("replaceOne", json!({"filter": {"g": "new"}, "doc": {"x": 1}, "options": {"upsert": true}})).await;
    assert_eq!(upserted["result"]["upsertedId"].as_str().unwrap().len(), 24);
    let many = db.run("updateMany", json!({"filter": {"k": "many"}, "update": {"$inc": {"n": 1}}, "options": {"upsert": true}})).await;
    assert_eq!(many["result"]["n"], 1);
    assert_eq!(db.run("findOne", json!({"query": {"k": "many"}})).await["result"]["n"], 1);
    for (filter, update) in [
        (json!({"_id": 1}), json!({"$set": {"_id": 5}})),
        (json!({"_id": 1}), json!({"$inc": {"g": 1}})),
        (json!({"_id": 1}), json!({"n": 1})),
        (json!({"_id": 1}), json!({})),
        (json!({"_id": 1}), json!([{"$inc": {"n": 1}}])),
        (json!({"_id": 1}), json!({"$set": {"n": 1}, "$inc": {"n": 1}})),
    ] {
        let error = db.fails("updateOne", json!({"filter": filter, "update": update})).await;
        assert_eq!(error.code(), codes::INVALID_PARAMS, "{update}");
    }
}

#[tokio::test]
async fn delete() {
    let db = memory().await;
    db.fill(json!([{"_id": 1, "g": 1}, {"_id": 2, "g": 1}, {"_id": 3, "g": 2}, {"_id": 4, "g": 2}])).await;
    assert_eq!(db.run("deleteOne", json!({"filter": {"g": 1}})).await, json!({"affectedDocs": 1, "result": {"ok": 1, "n": 1}}));
    assert_eq!(db.run("deleteMany", json!({"filter": {"g": 2}})).await, json!({"affectedDocs": 2, "result": {"ok": 1, "n": 2}}));
    assert_eq!(db.ids(json!({}), json!({})).await, [2]);
    assert_eq!(db.run("deleteMany", json!({"filter": {}})).await["affectedDocs"], 1);
    assert_eq!(db.fails("deleteMany", json!({})).await.message(), "filter is missing");
}

#[tokio::test]
async fn find_one_and_change() {
    let db = memory().await;
    db.fill(json!([{"_id": 1, "n": 5}, {"_id": 2, "n": 9}, {"_id": 3, "n": 7}])).await;
    let old = db.run("findOneAndUpdate", json!({"filter": {}, "update": {"$inc": {"n": 1}}, "options": {"sort": {"n": -1}}})).await;
    assert_eq!(
        old,
        json!({"affectedDocs": 1, "result": {"value": {"_id": 2, "n": 9}, "ok": 1, "lastErrorObject": {"n": 1, "updatedExisting": true}}})
    );
    let options = json!({"returnNewDocument": true, "projection": {"n": 1, "_id": 0}});
    let new = db.run("findOneAndUpdate", json!({"filter": {"_id": 1}, "update": {"$set": {"x": 1}}, "options": options})).await;
    assert_eq!(new["result"]["value"], json!({"n": 5}));
    let none = db.run("findOneAndUpdate", json!({"filter": {"_id": 77}, "update": {"$set": {"x": 1}}})).await;
    assert_eq!((&none["affectedDocs"], &none["result"]["value"]), (&json!(0), &Value::Null));
    let upserted = db
        .run(
            "findOneAndUpdate",
            json!({"filter": {"_id": 8}, "update": {"$set": {"x": 1}}, "options": {"upsert": true, "returnNewDocument": true}}),
        )
        .await;
    assert_eq!(upserted["result"]["value"], json!({"_id": 8, "x": 1}));
    assert_eq!(upserted["result"]["lastErrorObject"], json!({"n": 1, "updatedExisting": false, "upserted": 8}));
    let replaced = db.run("findOneAndReplace", json!({"filter": {"_id": 1}, "replacement": {"y": 1}})).await;
    assert_eq!(replaced["result"]["value"], json!({"_id": 1, "n": 5, "x": 1}));
    let set = db.run("findOneAndReplace", json!({"filter": {"_id": 1}, "replacement": {"$set": {"z": 1}}})).await;
    assert_eq!(set["result"]["value"], json!({"_id": 1, "y": 1}));
    let deleted = db.run("findOneAndDelete", json!({"filter": {}, "options": {"sort": {"_id": -1}}})).await;
    assert_eq!(deleted["result"]["value"]["_id"], 8);
    assert_eq!(db.run("count", json!({})).await["result"], 3);
}

#[tokio::test]
async fn every_check_of_the_sdk_is_repeated() {
    let db = memory().await;
    for (command, params) in [
        ("find", json!({"query": 5})),
        ("find", json!({"query": []})),
        ("find", json!({"query": {"a": {"$foo": 1}}})),
        ("find", json!({"query": {"a": {"$regex": {}}}})),
        ("find", json!({"options": {"limit": -1}})),
        ("find", json!({"options": {"skip": 1.5}})),
        ("find", json!({"options": {"sort": {"a": "asc"}}})),
        ("find", json!({"options": {"sort": []}})),
        ("find", json!({"options": {"projection": {"a": 1, "b": 0}}})),
        ("find", json!({"options": {"maxTimeMS": "1"}})),
        ("find", json!({"options": {"hint": 5}})),
        ("find", json!({"options": {"collation": {"locale": "zh", "strength": 9}}})),
        ("find", json!({"options": 5})),
        ("find", json!({"collection": "system.users"})),
        ("find", json!({"collection": ""})),
        ("find", json!({"collection": 5})),
        ("insertOne", json!({})),
        ("insertOne", json!({"doc": [1]})),
        ("insertOne", json!({"doc": {"$a": 1}})),
        ("insertOne", json!({"doc": {"a": {"b.c": 1}}})),
        ("insertMany", json!({"docs": []})),
        ("insertMany", json!({"docs": [1]})),
        ("insertMany", json!({"docs": {"a": 1}})),
        ("updateOne", json!({"filter": {}})),
        ("updateOne", json!({"update": {"$set": {"a": 1}}})),
        ("replaceOne", json!({"filter": {}, "doc": {"$set": {"a": 1}}})),
        ("distinct", json!({"key": ""})),
        ("nothing", json!({})),
    ] {
        let error = db.fails(command, params.clone()).await;
        assert_eq!(error.code(), codes::INVALID_PARAMS, "{command} {params}");
    }
    let deep = (0..101).fold(json!(1), |inner, _| json!({"a": inner}));
    assert_eq!(db.fails("insertOne", json!({"doc": deep})).await.code(), codes::INVALID_PARAMS);
    let large = json!({"doc": {"a": "x".repeat(17 * 1024 * 1024)}});
    assert!(db.fails("insertOne", large).await.message().contains("too large"));
}

#[tokio::test]
async fn spaces_and_collections_are_apart_and_a_deleted_space_is_empty() {
    let db = memory().await;
    db.fill(json!([{"_id": 1}])).await;
    db.run("insertOne", json!({"collection": "用户 `x`:/", "doc": {"_id": 2}})).await;
    let find = json!({"collection": "c", "command": "find"});
    let other = call_as(&db.service, CallerKind::Client, "space-2", find.clone()).await.unwrap();
    assert_eq!(other["affectedDocs"], 0);
    assert_eq!(db.run("find", json!({"collection": "用户 `x`:/"})).await["result"], json!([{"_id": 2}]));
    call_as(&db.service, CallerKind::Client, "space-2", json!({"collection": "c", "command": "insertOne", "doc": {"_id": 1}}))
        .await
        .unwrap();
    for _ in 0..2 {
        db.service.remove("space-1").await.unwrap();
    }
    assert_eq!(db.run("find", json!({})).await["affectedDocs"], 0);
    assert_eq!(db.run("insertOne", json!({"doc": {"_id": 1}})).await["affectedDocs"], 1);
    assert_eq!(call_as(&db.service, CallerKind::Client, "space-2", find).await.unwrap()["affectedDocs"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_increments_add_up() {
    let db = Arc::new(memory().await);
    db.fill(json!([{"_id": "counter", "n": 0}])).await;
    let tasks: Vec<_> = (0..100)
        .map(|i| {
            let db = db.clone();
            tokio::spawn(async move {
                // Half find the document by its id, half by a scan.
                let filter = if i % 2 == 0 { json!({"_id": "counter"}) } else { json!({"n": {"$gte": 0}}) };
                db.run("updateOne", json!({"filter": filter, "update": {"$inc": {"n": 1}, "$push": {"by": i}}})).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap()["result"]["nModified"], 1);
    }
    let counter = db.run("findOne", json!({"query": {"_id": "counter"}})).await;
    assert_eq!(counter["result"]["n"], 100);
    assert_eq!(counter["result"]["by"].as_array().unwrap().len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_upserts_make_one_document() {
    let db = Arc::new(memory().await);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let db = db.clone();
            let params = json!({"filter": {"_id": "u"}, "update": {"$inc": {"n": 1}}, "options": {"upsert": true}});
            tokio::spawn(async move { db.run("updateOne", params).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.run("find", json!({})).await["result"], json!([{"_id": "u", "n": 50}]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_share_a_folder_and_documents_stay_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let open = || async { Service::open(&Config::default(), folder.path()).await.unwrap() };
    let insert = |n: u32| json!({"collection": "c", "command": "insertOne", "doc": {"_id": n}});
    let find = json!({"collection": "c", "command": "find"});
    let first = open().await;
    call_as(&first, CallerKind::Client, "s", insert(1)).await.unwrap();
    let second = open().await;
    call_as(&second, CallerKind::Client, "s", insert(2)).await.unwrap();
    drop(first);
    call_as(&second, CallerKind::Client, "s", insert(3)).await.unwrap();
    drop(second);
    let third = open().await;
    assert_eq!(call_as(&third, CallerKind::Client, "s", find).await.unwrap()["affectedDocs"], 3);
}

#[test]
fn the_database_outlives_the_runtime_that_opened_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (old, new) = (runtime(), runtime());
    let first = old.block_on(Service::open(&Config::default(), folder.path())).unwrap();
    let second = new.block_on(Service::open(&Config::default(), folder.path())).unwrap();
    drop(first);
    old.shutdown_background();
    for n in 0..10 {
        let space = format!("s{n}");
        let insert = json!({"collection": "c", "command": "insertOne", "doc": {"_id": n}});
        new.block_on(call_as(&second, CallerKind::Client, &space, insert)).unwrap();
    }
}

#[tokio::test]
async fn a_query_that_takes_too_long_ends() {
    let db = memory().await;
    let docs: Vec<Value> = (0..500).map(|n| json!({"_id": n, "t": "y".repeat(2000)})).collect();
    for round in 0..6 {
        let docs: Vec<Value> = docs.iter().map(|d| json!({"_id": format!("{round}-{}", d["_id"]), "t": d["t"]})).collect();
        db.fill(json!(docs)).await;
    }
    let started = Instant::now();
    let error = db.fails("find", json!({"query": {"t": {"$regex": "z"}}, "options": {"maxTimeMS": 1}})).await;
    assert_eq!((error.code(), error.is_retryable()), (codes::TIMEOUT, true));
    assert!(started.elapsed() < Duration::from_secs(2));
    let mut late = Call::json(&*db.space, EXECUTE, &json!({"collection": "c", "command": "count", "query": {"t": 1}})).unwrap();
    late.deadline = Instant::now();
    assert_eq!(db.service.execute(&late).await.unwrap_err().code(), codes::TIMEOUT);
}

#[tokio::test]
async fn a_sort_that_needs_too_much_memory_is_refused() {
    let db = memory().await;
    for n in 0..5 {
        db.run("insertOne", json!({"doc": {"_id": n, "n": -n, "t": "y".repeat(8 * 1024 * 1024)}})).await;
    }
    let params = json!({"query": {}, "options": {"sort": {"t": 1}, "projection": {"_id": 1}, "maxTimeMS": 3000}});
    assert!(db.fails("find", params).await.message().contains("Sort operation used more than the maximum 33554432 bytes"));
    let two = json!({"query": {}, "options": {"sort": {"n": 1}, "projection": {"_id": 1}, "limit": 2, "maxTimeMS": 3000}});
    assert_eq!(db.run("find", two).await["result"], json!([{"_id": 4}, {"_id": 3}]));
}

#[tokio::test]
async fn bad_configurations_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for config in [
        Config { url: "http://x".to_owned(), ..Config::default() },
        Config { sync: "sometimes".to_owned(), ..Config::default() },
        Config { sync: "1&versioned=true".to_owned(), ..Config::default() },
    ] {
        assert_eq!(Service::open(&config, folder.path()).await.err().unwrap().code(), codes::CONFIG);
    }
    let nobody = Config { url: "ws://127.0.0.1:9".to_owned(), ..Config::default() };
    let error = Service::open(&nobody, folder.path()).await.err().unwrap();
    assert_eq!((error.code(), error.is_retryable()), (codes::UNAVAILABLE, true));
}
