//! Dates, Extended JSON and numbers on their way in and out.

use serde_json::{Value, json};

use super::same::same;
use super::space::{Space, cut, require};
use crate::codes::INVALID_PARAMS;

const AT: &str = "2020-01-02T03:04:05.678Z";

async fn is_date(space: &Space, id: i32, path: &str, rule: &str) {
    let query = json!({"_id": id, path: {"$type": "date"}});
    space.answers("count", json!({"query": query}), json!({"affectedDocs": 1, "result": 1}), rule).await;
}

pub(super) async fn dates_in_documents(space: Space) {
    space.fill(json!([{"_id": 1, "at": AT, "deep": {"list": [AT, {"at": AT}]}}])).await;
    let rule = "a text of exactly the form YYYY-MM-DDTHH:mm:ss.sssZ is stored as a date, at any depth";
    for path in ["at", "deep.list", "deep.list.at"] {
        is_date(&space, 1, path, rule).await;
    }
    let rule = "a date is answered in the form that the SDK turns into a Date";
    space.holds(json!([{"_id": 1, "at": AT, "deep": {"list": [AT, {"at": AT}]}}]), rule).await;
}

pub(super) async fn dates_in_updates_filters_and_pipelines(space: Space) {
    space.fill(json!([{"_id": 1}, {"_id": 2}])).await;
    space.answer("updateOne", json!({"filter": {"_id": 1}, "update": {"$set": {"at": AT}, "$push": {"log": {"at": AT}}}})).await;
    is_date(&space, 1, "at", "texts of a date's form become dates in updates").await;
    is_date(&space, 1, "log.at", "texts of a date's form become dates in updates").await;
    space.answer("replaceOne", json!({"filter": {"_id": 2}, "doc": {"at": "2021-01-01T00:00:00.000Z"}})).await;
    is_date(&space, 2, "at", "texts of a date's form become dates in replacements").await;
    let rule = "texts of a date's form become dates in filters";
    space.matches(json!({"at": {"$gt": "2020-06-01T00:00:00.000Z"}}), json!([2]), rule).await;
    space.matches(json!({"at": AT}), json!([1]), rule).await;
    let pipeline = json!([
        {"$match": {"at": {"$lt": "2020-06-01T00:00:00.000Z"}}},
        {"$project": {"year": {"$year": "$at"}, "later": {"$lt": ["$at", "2020-06-01T00:00:00.000Z"]}}},
    ]);
    let expected = json!({"affectedDocs": 1, "result": [{"_id": 1, "year": 2020, "later": true}]});
    space.answers("aggregate", json!({"pipeline": pipeline}), expected, "texts of a date's form become dates in pipelines").await;
}

pub(super) async fn other_texts_are_no_dates(space: Space) {
    for text in
        ["2020-01-02", "2020-01-02T03:04:05Z", "2020-01-02T03:04:05.678+08:00", " 2020-01-02T03:04:05.678Z", "2020-13-02T03:04:05.678Z"]
    {
        space.answer("replaceOne", json!({"filter": {"_id": 1}, "doc": {"at": text}, "options": {"upsert": true}})).await;
        let rule = "only texts of exactly the form YYYY-MM-DDTHH:mm:ss.sssZ become dates";
        space.matches(json!({"at": {"$type": "string"}}), json!([1]), rule).await;
        space.holds(json!([{"_id": 1, "at": text}]), rule).await;
    }
}

pub(super) async fn extended_json(space: Space) {
    for (value, kind) in [
        (json!({"$numberInt": "5"}), "int"),
        (json!({"$numberLong": "5"}), "long"),
        (json!({"$numberDouble": "5"}), "double"),
        (json!({"$numberDecimal": "5.10"}), "decimal"),
        (json!({"$oid": "0123456789abcdef01234567"}), "objectId"),
        (json!({"$date": "2020-01-01T00:00:00Z"}), "date"),
        (json!({"$date": {"$numberLong": "1577836800000"}}), "date"),
        (json!({"$binary": {"base64": "AQI=", "subType": "00"}}), "binData"),
        (json!({"$regularExpression": {"pattern": "^a", "options": "i"}}), "regex"),
        (json!({"$timestamp": {"t": 1, "i": 2}}), "timestamp"),
        (json!({"$minKey": 1}), "minKey"),
        (json!({"$maxKey": 1}), "maxKey"),
    ] {
        space.answer("replaceOne", json!({"filter": {"_id": 1}, "doc": {"v": value}, "options": {"upsert": true}})).await;
        let found = space.ids(json!({"v": {"$type": kind}}), json!({})).await;
        require(found.len() == 1, "Extended JSON, canonical and relaxed, stands for its type", format_args!("{value} is no {kind}"));
    }
    for value in [json!({"$oid": "12"}), json!({"$date": "yesterday"}), json!({"$numberLong": "1.5"}), json!({"$numberInt": "3000000000"})]
    {
        let rule = "Extended JSON of a wrong form is refused";
        space.refuses("insertOne", json!({"doc": {"v": value}}), INVALID_PARAMS, rule).await;
    }
}

pub(super) async fn what_comes_back(space: Space) {
    let shown = [
        (json!({"$numberLong": "9007199254740993"}), json!(9_007_199_254_740_993_i64)),
        (json!({"$numberDouble": "0.1"}), json!(0.1)),
        (json!({"$numberDecimal": "0.10"}), json!({"$numberDecimal": "0.10"})),
        (json!({"$oid": "0123456789abcdef01234567"}), json!("0123456789abcdef01234567")),
        (json!({"$date": "2020-01-01T00:00:00Z"}), json!("2020-01-01T00:00:00.000Z")),
        (json!({"$binary": {"base64": "AQI=", "subType": "00"}}), json!({"$binary": {"base64": "AQI=", "subType": "00"}})),
        (json!("é\u{1}\"\\小"), json!("é\u{1}\"\\小")),
        (json!([[], {}, null]), json!([[], {}, null])),
        (json!(-0.5), json!(-0.5)),
    ];
    for (stored, expected) in shown {
        space.answer("replaceOne", json!({"filter": {"_id": 1}, "doc": {"v": stored}, "options": {"upsert": true}})).await;
        let answer = space.answer("findOne", json!({"query": {"_id": 1}})).await;
        let rule = "numbers come back as JSON numbers, ObjectIds and dates as texts, other types as Extended JSON";
        require(same(&expected, &answer["result"]["v"]), rule, format_args!("{stored} came back in {}", cut(&answer)));
    }
}

pub(super) async fn numbers_are_compared_by_value(space: Space) {
    let values: [Value; 4] = [json!(1), json!({"$numberLong": "1"}), json!(1.0), json!({"$numberDecimal": "1.00"})];
    let docs: Vec<Value> = values.iter().enumerate().map(|(place, value)| json!({"_id": place, "v": value})).collect();
    space.fill(json!(docs)).await;
    for value in values {
        space.matches(json!({"v": value}), json!([0, 1, 2, 3]), "numbers of all types that are equal match each other").await;
    }
    space.fill(json!([{"_id": 4, "v": 9_007_199_254_740_993_i64}])).await;
    let rule = "whole numbers of 64 bits are compared exactly, also with doubles";
    space.matches(json!({"v": {"$gt": 9_007_199_254_740_992.0}}), json!([4]), rule).await;
    space.matches(json!({"v": 9_007_199_254_740_992_i64}), json!([]), rule).await;
}

pub(super) async fn ids_as_texts(space: Space) {
    let answer = space.answer("insertOne", json!({"doc": {"n": 1}})).await;
    let id = &answer["result"]["insertedId"];
    let rule = "the text of an assigned _id finds the document in every command";
    for query in [
        json!({"_id": id}),
        json!({"_id": {"$in": [id]}}),
        json!({"_id": {"$eq": id}}),
        json!({"$or": [{"_id": id}]}),
        json!({"_id": {"$gte": id, "$lte": id}}),
    ] {
        space.includes("find", json!({"query": query}), json!({"affectedDocs": 1}), rule).await;
    }
    let updated = json!({"affectedDocs": 1, "result": {"n": 1}});
    space.includes("updateOne", json!({"filter": {"_id": id}, "update": {"$inc": {"n": 1}}}), updated.clone(), rule).await;
    space.includes("aggregate", json!({"pipeline": [{"$match": {"_id": id}}]}), json!({"result": [{"_id": id, "n": 2}]}), rule).await;
    space.includes("deleteOne", json!({"filter": {"_id": id}}), updated, rule).await;
    space.fill(json!([{"_id": 1, "ref": id}])).await;
    let rule = "24 hexadecimal digits are an ObjectId only as _id";
    space.matches(json!({"ref": {"$type": "string"}}), json!([1]), rule).await;
}
