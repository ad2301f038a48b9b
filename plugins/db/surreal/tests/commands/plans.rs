//! How queries are answered: which index is chosen, what is read, and what `explain` and `hint` do.

use sdk_plugin::{CallerKind, codes};
use serde_json::{Value, json};

use crate::support::{Db, call_as, memory};

/// 500 documents: `n` from 0, `group` 0 to 9, `tags` of two texts, `maybe` in every fifth one.
async fn filled() -> Db {
    let db = memory().await;
    let docs: Vec<Value> = (0..500)
        .map(|n| {
            let mut doc = json!({"_id": n, "n": n, "group": n % 10, "tags": [format!("t{}", n % 7), format!("t{}", n % 11)]});
            if n % 5 == 0 {
                doc["maybe"] = json!(n);
            }
            doc
        })
        .collect();
    db.fill(json!(docs)).await;
    db
}

async fn index(db: &Db, key: Value, options: Value) -> Value {
    let params = json!({"collection": "c", "command": "createIndex", "field": key, "options": options});
    call_as(&db.service, CallerKind::Admin, &db.space, params).await.unwrap()["result"].clone()
}

async fn explained(db: &Db, query: Value, mut options: Value) -> Value {
    options["explain"] = json!(true);
    db.run("find", json!({"query": query, "options": options})).await["result"].clone()
}

/// The stages of the winning plan, from the outermost one.
fn stages(explained: &Value) -> Vec<&str> {
    let mut stage = &explained["queryPlanner"]["winningPlan"];
    let mut names = Vec::new();
    while let Some(name) = stage["stage"].as_str() {
        names.push(name);
        stage = &stage["inputStage"];
    }
    names
}

fn index_name(explained: &Value) -> Option<&str> {
    let mut stage = &explained["queryPlanner"]["winningPlan"];
    while stage.is_object() {
        if let Some(name) = stage["indexName"].as_str() {
            return Some(name);
        }
        stage = &stage["inputStage"];
    }
    None
}

#[tokio::test]
async fn without_an_index_the_collection_is_gone_through() {
    let db = filled().await;
    let shown = explained(&db, json!({"n": 7}), json!({})).await;
    assert_eq!(stages(&shown), ["COLLSCAN"]);
    assert_eq!(shown["executionStats"]["totalDocsExamined"], 500);
    let by_id = explained(&db, json!({"_id": 7}), json!({})).await;
    assert_eq!(stages(&by_id), ["IDHACK"]);
    assert_eq!(by_id["executionStats"]["totalDocsExamined"], 1);
    let range = explained(&db, json!({"_id": {"$gte": 10, "$lt": 20}}), json!({})).await;
    assert_eq!((index_name(&range), &range["executionStats"]["nReturned"]), (Some("_id_"), &json!(10)));
    assert_eq!(range["executionStats"]["totalDocsExamined"], 10);
}

#[tokio::test]
async fn equality_and_ranges_read_what_they_answer() {
    let db = filled().await;
    assert_eq!(index(&db, json!({"n": 1}), json!({})).await, "n_1");
    for (query, found) in [
        (json!({"n": 7}), 1),
        (json!({"n": {"$gte": 100, "$lt": 110}}), 10),
        (json!({"n": {"$in": [1, 5, 600]}}), 2),
        (json!({"$or": [{"n": 1}, {"n": 2}]}), 2),
        (json!({"n": {"$gt": 490}, "group": 3}), 1),
    ] {
        let shown = explained(&db, query.clone(), json!({})).await;
        assert_eq!(stages(&shown), ["FETCH", "IXSCAN"], "{query}: {shown}");
        assert_eq!(shown["executionStats"]["nReturned"], found, "{query}");
        assert!(shown["executionStats"]["totalDocsExamined"].as_u64().unwrap() <= 10, "{query}: {shown}");
    }
    // What has other types than the bounds is in the answer of `$ne` and `$exists`, which no range of one type gives.
    let others = explained(&db, json!({"n": {"$ne": 3}}), json!({"limit": 1000})).await;
    assert_eq!(others["executionStats"]["nReturned"], 499);
}

#[tokio::test]
async fn a_sort_is_read_from_an_index_both_ways() {
    let db = filled().await;
    index(&db, json!({"group": 1, "n": -1}), json!({})).await;
    for (sort, first) in [(json!({"group": 1, "n": -1}), 490), (json!({"group": -1, "n": 1}), 9)] {
        let shown = explained(&db, json!({}), json!({"sort": sort, "limit": 3})).await;
        assert_eq!(stages(&shown), ["FETCH", "IXSCAN"], "{sort}");
        assert!(shown["executionStats"]["totalDocsExamined"].as_u64().unwrap() <= 3, "{shown}");
        assert_eq!(db.ids(json!({}), json!({"sort": sort, "limit": 1})).await, [json!(first)]);
    }
    // An equality before the sorted field leaves the order to the index.
    let shown = explained(&db, json!({"group": 4}), json!({"sort": {"n": 1}, "limit": 2})).await;
    assert_eq!((stages(&shown), index_name(&shown)), (vec!["FETCH", "IXSCAN"], Some("group_1_n_-1")));
    assert_eq!(db.ids(json!({"group": 4}), json!({"sort": {"n": 1}, "limit": 2})).await, [json!(4), json!(14)]);
    // Another mix of directions is not in the index.
    let mixed = explained(&db, json!({}), json!({"sort": {"group": 1, "n": 1}, "limit": 3})).await;
    assert_eq!(stages(&mixed).first(), Some(&"SORT"));
    assert_eq!(db.ids(json!({}), json!({"sort": {"group": 1, "n": 1}, "limit": 2})).await, [json!(0), json!(10)]);
}

#[tokio::test]
async fn the_index_that_selects_most_is_chosen() {
    let db = filled().await;
    index(&db, json!({"group": 1}), json!({})).await;
    index(&db, json!({"n": 1}), json!({})).await;
    let shown = explained(&db, json!({"group": 3, "n": 13}), json!({})).await;
    assert_eq!(index_name(&shown), Some("n_1"), "{shown}");
    for hint in [json!("group_1"), json!({"group": 1})] {
        let hinted = explained(&db, json!({"group": 3, "n": 13}), json!({"hint": hint})).await;
        assert_eq!((index_name(&hinted), &hinted["executionStats"]["totalDocsExamined"]), (Some("group_1"), &json!(50)));
        assert_eq!(db.ids(json!({"group": 3, "n": 13}), json!({"hint": hint})).await, [json!(13)]);
    }
    // An index that says nothing of `_id` finds only what has it all the same.
    assert_eq!(db.ids(json!({"_id": 7}), json!({"hint": "group_1"})).await, [json!(7)]);
    let natural = explained(&db, json!({"n": 13}), json!({"hint": {"$natural": 1}})).await;
    assert_eq!(stages(&natural), ["COLLSCAN"]);
    for bad in [json!("no_such_index"), json!({"nothing": 1})] {
        let error = db.fails("find", json!({"query": {"n": 1}, "options": {"hint": bad}})).await;
        assert_eq!(error.code(), codes::INVALID_PARAMS);
        assert!(error.message().contains("bad hint"), "{error}");
    }
}

#[tokio::test]
async fn arrays_have_an_entry_for_each_value_and_answer_once() {
    let db = filled().await;
    index(&db, json!({"tags": 1}), json!({})).await;
    let with = db.ids(json!({"tags": {"$in": ["t1", "t2"]}}), json!({"limit": 1000, "sort": {"_id": 1}})).await;
    let without = db.ids(json!({"tags": {"$in": ["t1", "t2"]}}), json!({"limit": 1000, "sort": {"_id": 1}, "hint": {"$natural": 1}})).await;
    assert_eq!(with, without);
    assert!(!with.is_empty());
    // Both bounds may be met by different elements.
    let query = json!({"tags": {"$gt": "t5", "$lt": "t1"}});
    assert_eq!(
        db.run("count", json!({"query": query})).await,
        db.run("count", json!({"query": query, "options": {"hint": {"$natural": 1}}})).await
    );
    let error = {
        index(&db, json!({"a": 1, "b": 1}), json!({})).await;
        db.fails("insertOne", json!({"doc": {"a": [1, 2], "b": [3, 4]}})).await
    };
    assert!(error.message().contains("parallel arrays"), "{error}");
}

#[tokio::test]
async fn sparse_and_partial_indexes_never_hide_a_document() {
    let db = filled().await;
    index(&db, json!({"maybe": 1}), json!({"sparse": true})).await;
    index(&db, json!({"n": 1}), json!({"name": "few", "partialFilterExpression": {"n": {"$lt": 50}}})).await;
    assert_eq!(index_name(&explained(&db, json!({"maybe": 10}), json!({})).await), Some("maybe_1"));
    let missing = explained(&db, json!({"maybe": null}), json!({"limit": 1000})).await;
    assert_eq!((index_name(&missing), &missing["executionStats"]["nReturned"]), (None, &json!(400)));
    assert_eq!(index_name(&explained(&db, json!({"n": {"$lt": 20}}), json!({})).await), Some("few"));
    let beyond = explained(&db, json!({"n": {"$lt": 70}}), json!({})).await;
    assert_eq!((index_name(&beyond), &beyond["executionStats"]["nReturned"]), (None, &json!(70)));
    assert_eq!(db.ids(json!({}), json!({"sort": {"maybe": 1}, "limit": 1000})).await.len(), 500);
}

#[tokio::test]
async fn unique_indexes_report_the_index_and_the_value() {
    let db = memory().await;
    index(&db, json!({"mail": 1}), json!({"unique": true})).await;
    db.run("insertOne", json!({"doc": {"_id": 1, "mail": "a@b"}})).await;
    let error = db.fails("insertOne", json!({"doc": {"_id": 2, "mail": "a@b"}})).await;
    assert_eq!(error.code(), sdk_plugin::contract::db::DUPLICATE_KEY);
    assert!(error.message().contains("E11000") && error.message().contains("mail_1") && error.message().contains("a@b"), "{error}");
    // One document may be without the field, and only one (manual 3.9).
    db.run("insertOne", json!({"doc": {"_id": 3}})).await;
    assert_eq!(db.fails("insertOne", json!({"doc": {"_id": 4, "mail": null}})).await.code(), sdk_plugin::contract::db::DUPLICATE_KEY);
    assert_eq!(
        db.fails("updateOne", json!({"filter": {"_id": 3}, "update": {"$set": {"mail": "a@b"}}})).await.code(),
        sdk_plugin::contract::db::DUPLICATE_KEY
    );
    // A value is free again once its document is gone or has another.
    db.run("updateOne", json!({"filter": {"_id": 1}, "update": {"$set": {"mail": "c@d"}}})).await;
    db.run("insertOne", json!({"doc": {"_id": 5, "mail": "a@b"}})).await;
    let failed = call_as(
        &db.service,
        CallerKind::Admin,
        &db.space,
        json!({"collection": "c", "command": "createIndex", "field": {"same": 1}, "options": {"unique": true}}),
    );
    assert_eq!(failed.await.unwrap_err().code(), sdk_plugin::contract::db::DUPLICATE_KEY);
    let listed = call_as(&db.service, CallerKind::Admin, &db.space, json!({"collection": "c", "command": "listIndexes"})).await.unwrap();
    assert_eq!(listed["affectedDocs"], 2, "{listed}");
}

#[tokio::test]
async fn indexes_are_made_while_others_write() {
    let db = filled().await;
    let service = db.service.clone();
    let space = db.space.clone();
    let writing = tokio::spawn(async move {
        for n in 500..900 {
            let params = json!({"collection": "c", "command": "insertOne", "doc": {"_id": n, "n": n}});
            call_as(&service, CallerKind::Server, &space, params).await.unwrap();
            let params =
                json!({"collection": "c", "command": "updateOne", "filter": {"_id": n - 500}, "update": {"$set": {"n": 1000 + n}}});
            call_as(&service, CallerKind::Server, &space, params).await.unwrap();
        }
    });
    index(&db, json!({"n": 1}), json!({})).await;
    writing.await.unwrap();
    let through = db.run("count", json!({"query": {"n": {"$gte": 0}}, "options": {"hint": "n_1"}})).await;
    assert_eq!(through["result"], 900);
    for (value, expected) in [(899, 1), (1500, 1), (1899, 1), (10, 0)] {
        let counted = db.run("count", json!({"query": {"n": value}, "options": {"hint": "n_1"}})).await;
        assert_eq!(counted["result"], expected, "{value}");
    }
}

#[tokio::test]
async fn places_are_found_through_their_index() {
    let db = memory().await;
    let docs: Vec<Value> = (0..400)
        .map(|n| json!({"_id": n, "at": {"type": "Point", "coordinates": [120.0 + f64::from(n % 20) * 0.01, 30.0 + f64::from(n / 20) * 0.01]}}))
        .collect();
    db.fill(json!(docs)).await;
    let near = json!({"at": {"$nearSphere": {"$geometry": {"type": "Point", "coordinates": [120.1, 30.1]}, "$maxDistance": 2000}}});
    let refused = db.fails("find", json!({"query": near})).await;
    assert!(refused.message().contains("unable to find index for $geoNear query"), "{refused}");
    let name = index(&db, json!({"at": "2dsphere"}), json!({"name": "location_2dsphere", "unique": false})).await;
    assert_eq!(name, "location_2dsphere");
    let found = db.ids(near.clone(), json!({})).await;
    assert_eq!(found[0], 210);
    assert!(found.len() > 5 && found.len() < 20, "{found:?}");
    let shown = explained(&db, near, json!({})).await;
    assert_eq!(index_name(&shown), Some("location_2dsphere"));
    let square = json!({"type": "Polygon", "coordinates": [[[120.095, 30.095], [120.125, 30.095], [120.125, 30.125], [120.095, 30.125], [120.095, 30.095]]]});
    let within = json!({"at": {"$geoWithin": {"$geometry": square}}});
    let shown = explained(&db, within.clone(), json!({})).await;
    assert_eq!((index_name(&shown), &shown["executionStats"]["nReturned"]), (Some("location_2dsphere"), &json!(9)));
    let circle = json!({"at": {"$geoWithin": {"$centerSphere": [[120.1, 30.1], 1.2 / 6378.1]}}});
    assert_eq!(db.ids(circle, json!({})).await.len(), 5);
    let near = json!({"near": {"type": "Point", "coordinates": [120.1, 30.1]}, "spherical": true, "distanceField": "far.metres", "maxDistance": 1200, "query": {"_id": {"$ne": 210}}});
    let result = db.run("aggregate", json!({"pipeline": [{"$geoNear": near}, {"$project": {"far": 1}}]})).await;
    assert_eq!(result["affectedDocs"], 4, "{result}");
    let first = result["result"][0]["far"]["metres"].as_f64().unwrap();
    // One hundredth of a degree of longitude at 30.1 degrees north.
    assert!((first - 963.1).abs() < 1.0, "{first}");
    // What is not a place cannot be stored in an indexed field (manual 3.10.6).
    let wrong = db.fails("insertOne", json!({"doc": {"at": "nowhere"}})).await;
    assert!(wrong.message().contains("geo"), "{wrong}");
}
