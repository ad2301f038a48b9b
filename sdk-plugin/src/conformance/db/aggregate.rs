//! `aggregate`: the stages of MongoDB 4.2, and its shapes.

use serde_json::{Value, json};

use super::same::{in_any_order, same};
use super::space::{Space, cut, require};
use crate::codes::INVALID_PARAMS;

async fn orders(space: &Space) {
    space
        .fill(json!([
            {"_id": 1, "item": "a", "qty": 2, "price": 10, "tags": ["x", "y"], "at": "2020-01-31T10:00:00.000Z"},
            {"_id": 2, "item": "b", "qty": 1, "price": 20, "tags": []},
            {"_id": 3, "item": "a", "qty": 5, "price": 5, "tags": ["x"]},
            {"_id": 4, "item": "c", "qty": 10, "price": 1},
        ]))
        .await;
}

async fn each(space: &Space, cases: impl IntoIterator<Item = (Value, Value)>) {
    for (pipeline, expected) in cases {
        let count = expected.as_array().map_or(0, Vec::len);
        let rule = "aggregate answers {affectedDocs: n, result: [documents]}, and stages do what MongoDB 4.2's do";
        let expected = json!({"affectedDocs": count, "result": expected});
        space.answers("aggregate", json!({"pipeline": pipeline}), expected, rule).await;
    }
}

pub(super) async fn shapes_documents(space: Space) {
    orders(&space).await;
    let cases = [
        (
            json!([{"$match": {"item": "a"}}, {"$sort": {"qty": -1}}, {"$project": {"total": {"$multiply": ["$qty", "$price"]}}}]),
            json!([{"_id": 3, "total": 25}, {"_id": 1, "total": 20}]),
        ),
        (
            json!([{"$match": {"_id": 1}}, {"$project": {"_id": 0, "month": {"$month": "$at"}, "up": {"$toUpper": "$item"}}}]),
            json!([{"month": 1, "up": "A"}]),
        ),
        (
            json!([{"$match": {"_id": 2}}, {"$addFields": {"cheap": {"$lt": ["$price", 10]}}}, {"$project": {"cheap": 1}}]),
            json!([{"_id": 2, "cheap": false}]),
        ),
        (
            json!([{"$match": {"_id": 4}}, {"$set": {"qty": {"$cond": [{"$gt": ["$qty", 5]}, "many", "few"]}}}, {"$unset": ["price", "item"]}]),
            json!([{"_id": 4, "qty": "many"}]),
        ),
        (
            json!([{"$match": {"_id": 1}}, {"$replaceRoot": {"newRoot": {"i": "$item", "n": {"$size": "$tags"}}}}]),
            json!([{"i": "a", "n": 2}]),
        ),
        (json!([{"$match": {"_id": 1}}, {"$replaceWith": {"of": "$_id"}}]), json!([{"of": 1}])),
        (
            json!([{"$match": {"_id": {"$lte": 2}}}, {"$sort": {"_id": 1}}, {"$redact": {"$cond": [{"$gt": ["$qty", 1]}, "$$KEEP", "$$PRUNE"]}}, {"$project": {"item": 1}}]),
            json!([{"_id": 1, "item": "a"}]),
        ),
    ];
    each(&space, cases).await;
}

pub(super) async fn orders_and_pages(space: Space) {
    orders(&space).await;
    let cases = [
        (
            json!([{"$sort": {"price": 1}}, {"$skip": 1}, {"$limit": 2}, {"$project": {"price": 1}}]),
            json!([{"_id": 3, "price": 5}, {"_id": 1, "price": 10}]),
        ),
        (json!([{"$match": {"qty": {"$gt": 1}}}, {"$count": "n"}]), json!([{"n": 3}])),
        (json!([{"$match": {"qty": 77}}, {"$count": "n"}]), json!([])),
        (json!([{"$sortByCount": "$item"}, {"$limit": 1}]), json!([{"_id": "a", "count": 2}])),
    ];
    each(&space, cases).await;
    let all = space.answer("aggregate", json!({"pipeline": []})).await;
    require(all["affectedDocs"] == 4, "an empty pipeline answers all documents", cut(&all));
    let some = space.answer("aggregate", json!({"pipeline": [{"$sample": {"size": 3}}]})).await;
    require(some["affectedDocs"] == 3, "$sample answers as many documents as it says", cut(&some));
    space.fill(json!((10..400).map(|n| json!({"_id": n})).collect::<Vec<_>>())).await;
    let all = space.answer("aggregate", json!({"pipeline": [{"$match": {"_id": {"$gte": 10}}}]})).await;
    require(all["affectedDocs"] == 390, "find's default limit is none of aggregate", cut(&all["affectedDocs"]));
}

pub(super) async fn groups(space: Space) {
    orders(&space).await;
    let cases = [
        (
            json!([
                {"$sort": {"_id": 1}},
                {"$group": {"_id": "$item", "n": {"$sum": 1}, "sum": {"$sum": "$qty"}, "avg": {"$avg": "$price"}, "min": {"$min": "$price"},
                            "max": {"$max": "$price"}, "first": {"$first": "$_id"}, "last": {"$last": "$_id"}, "all": {"$push": "$qty"}}},
                {"$sort": {"_id": 1}}, {"$limit": 1},
            ]),
            json!([{"_id": "a", "n": 2, "sum": 7, "avg": 7.5, "min": 5, "max": 10, "first": 1, "last": 3, "all": [2, 5]}]),
        ),
        (
            json!([{"$group": {"_id": null, "sum": {"$sum": {"$multiply": ["$qty", "$price"]}}, "items": {"$addToSet": "$item"}}}, {"$project": {"_id": 0, "sum": 1, "items": {"$size": "$items"}}}]),
            json!([{"sum": 75, "items": 3}]),
        ),
        (
            json!([{"$bucket": {"groupBy": "$price", "boundaries": [0, 10, 20], "default": "more", "output": {"n": {"$sum": 1}}}}]),
            json!([{"_id": 0, "n": 2}, {"_id": 10, "n": 1}, {"_id": "more", "n": 1}]),
        ),
        (
            json!([{"$bucketAuto": {"groupBy": "$price", "buckets": 2}}]),
            json!([{"_id": {"min": 1, "max": 10}, "count": 2}, {"_id": {"min": 10, "max": 20}, "count": 2}]),
        ),
        (
            json!([{"$facet": {"cheap": [{"$match": {"price": {"$lt": 10}}}, {"$count": "n"}], "first": [{"$sort": {"_id": 1}}, {"$limit": 1}, {"$project": {"item": 1}}]}}]),
            json!([{"cheap": [{"n": 2}], "first": [{"_id": 1, "item": "a"}]}]),
        ),
    ];
    each(&space, cases).await;
}

pub(super) async fn unwinds(space: Space) {
    orders(&space).await;
    let cases = [
        (
            json!([{"$unwind": "$tags"}, {"$sort": {"_id": 1, "tags": 1}}, {"$project": {"tags": 1}}]),
            json!([{"_id": 1, "tags": "x"}, {"_id": 1, "tags": "y"}, {"_id": 3, "tags": "x"}]),
        ),
        (
            json!([
                {"$match": {"_id": {"$ne": 1}}},
                {"$unwind": {"path": "$tags", "includeArrayIndex": "i", "preserveNullAndEmptyArrays": true}},
                {"$sort": {"_id": 1}}, {"$project": {"tags": 1, "i": 1}},
            ]),
            json!([{"_id": 2, "i": null}, {"_id": 3, "tags": "x", "i": 0}, {"_id": 4, "i": null}]),
        ),
    ];
    each(&space, cases).await;
}

pub(super) async fn looks_up(space: Space) {
    orders(&space).await;
    let items = json!([{"_id": "a", "stock": 7}, {"_id": "b", "stock": 0, "parent": "a"}, {"_id": "c", "parent": "b"}]);
    space.answer("insertMany", json!({"collection": "items", "docs": items})).await;
    let cases = [
        (
            json!([{"$match": {"_id": {"$in": [1, 2]}}}, {"$sort": {"_id": 1}}, {"$lookup": {"from": "items", "localField": "item", "foreignField": "_id", "as": "of"}}, {"$project": {"of": 1}}]),
            json!([{"_id": 1, "of": [{"_id": "a", "stock": 7}]}, {"_id": 2, "of": [{"_id": "b", "stock": 0, "parent": "a"}]}]),
        ),
        (
            json!([{"$match": {"_id": 3}}, {"$lookup": {"from": "items", "let": {"q": "$qty"}, "as": "enough", "pipeline": [
                {"$match": {"$expr": {"$gte": ["$stock", "$$q"]}}}, {"$project": {"stock": 1}}]}}, {"$project": {"enough": 1}}]),
            json!([{"_id": 3, "enough": [{"_id": "a", "stock": 7}]}]),
        ),
        (
            json!([{"$match": {"_id": 4}}, {"$lookup": {"from": "nowhere", "localField": "x", "foreignField": "y", "as": "none"}}, {"$project": {"none": 1}}]),
            json!([{"_id": 4, "none": []}]),
        ),
    ];
    each(&space, cases).await;
    let params = json!({"collection": "items", "pipeline": [
        {"$match": {"_id": "c"}},
        {"$graphLookup": {"from": "items", "startWith": "$parent", "connectFromField": "parent", "connectToField": "_id", "as": "above", "depthField": "d"}},
        {"$project": {"above._id": 1, "above.d": 1}},
    ]});
    let answer = space.answer("aggregate", params).await;
    let above = answer["result"][0]["above"].as_array().cloned().unwrap_or_default();
    let expected = vec![json!({"_id": "a", "d": 1}), json!({"_id": "b", "d": 0})];
    let rule = "$graphLookup follows a field from document to document";
    require(same(&json!(in_any_order(expected)), &json!(in_any_order(above))), rule, cut(&answer));
}

pub(super) async fn writes_results(space: Space) {
    orders(&space).await;
    space.answer("insertMany", json!({"collection": "out", "docs": [{"_id": "old"}]})).await;
    let rule = "$out and $merge answer no documents";
    let nothing = json!({"affectedDocs": 0, "result": []});
    let params = json!({"pipeline": [{"$group": {"_id": "$item", "n": {"$sum": "$qty"}}}, {"$out": "out"}]});
    space.answers("aggregate", params, nothing.clone(), rule).await;
    let all = json!({"collection": "out", "options": {"sort": {"_id": 1}}});
    let expected = json!({"affectedDocs": 3, "result": [{"_id": "a", "n": 7}, {"_id": "b", "n": 1}, {"_id": "c", "n": 10}]});
    space.answers("find", all.clone(), expected, "$out replaces a collection").await;
    let merge = json!({"into": "out", "on": "_id", "whenMatched": "merge", "whenNotMatched": "insert"});
    let params = json!({"pipeline": [{"$match": {"_id": {"$lte": 2}}}, {"$group": {"_id": {"$concat": ["$item", ""]}, "p": {"$sum": "$price"}}}, {"$merge": merge}]});
    space.answers("aggregate", params, nothing.clone(), rule).await;
    let params = json!({"pipeline": [{"$limit": 1}, {"$project": {"_id": "new", "p": {"$literal": 1}}}, {"$merge": merge}]});
    space.answers("aggregate", params, nothing, rule).await;
    let merged = json!([{"_id": "a", "n": 7, "p": 10}, {"_id": "b", "n": 1, "p": 20}, {"_id": "c", "n": 10}, {"_id": "new", "p": 1}]);
    space
        .answers("find", all, json!({"affectedDocs": 4, "result": merged}), "$merge merges documents of the same _id, and inserts others")
        .await;
}

pub(super) async fn spills_when_it_may(space: Space) {
    let docs: Vec<Value> = (0..500).map(|n| json!({"_id": n, "k": 499 - n, "t": "x".repeat(500)})).collect();
    space.fill(json!(docs)).await;
    let params = json!({"pipeline": [{"$sort": {"k": 1}}, {"$limit": 2}, {"$project": {"k": 1}}], "options": {"allowDiskUse": true, "maxTimeMS": 30000}});
    let expected = json!({"affectedDocs": 2, "result": [{"_id": 499, "k": 0}, {"_id": 498, "k": 1}]});
    space.answers("aggregate", params, expected, "allowDiskUse changes no answer").await;
    space
        .refuses("aggregate", json!({"pipeline": [], "options": {"allowDiskUse": 5}}), INVALID_PARAMS, "allowDiskUse is true or false")
        .await;
}

pub(super) async fn refuses_what_is_no_pipeline(space: Space) {
    orders(&space).await;
    for pipeline in [
        json!({}),
        json!("x"),
        json!([5]),
        json!([{}]),
        json!([{"$foo": 1}]),
        json!([{"$match": {"a": 1}, "$limit": 1}]),
        json!([{"$match": 5}]),
        json!([{"$limit": 0}]),
        json!([{"$skip": -1}]),
        json!([{"$project": {}}]),
        json!([{"$project": {"a": {"$foo": 1}}}]),
        json!([{"$group": {"n": {"$sum": 1}}}]),
        json!([{"$out": "x"}, {"$limit": 1}]),
        json!([{"$unwind": "tags"}]),
        json!([{"$sort": {}}]),
    ] {
        space
            .refuses(
                "aggregate",
                json!({"pipeline": pipeline}),
                INVALID_PARAMS,
                "a pipeline is a list of known stages with their arguments",
            )
            .await;
    }
    let divide = json!({"pipeline": [{"$project": {"x": {"$divide": ["$qty", 0]}}}]});
    space.refuses("aggregate", divide, INVALID_PARAMS, "an error of an expression is the caller's").await;
}

pub(super) async fn explains(space: Space) {
    orders(&space).await;
    let answer = space.answer("aggregate", json!({"pipeline": [{"$match": {"_id": 1}}], "options": {"explain": true}})).await;
    let text = answer["result"].to_string();
    require(text.contains("winningPlan"), "explain answers how documents are found, with MongoDB's `winningPlan`", cut(&answer));
}
