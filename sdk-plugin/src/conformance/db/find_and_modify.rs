//! `findOneAndUpdate`, `findOneAndReplace` and `findOneAndDelete`.

use serde_json::{Value, json};

use super::space::Space;
use crate::codes::INVALID_PARAMS;

fn value(value: &Value, last: &Value) -> Value {
    json!({"affectedDocs": 1, "result": {"value": value, "ok": 1, "lastErrorObject": last}})
}

const RULE: &str = "findOneAnd… answers {affectedDocs: 0 or 1, result: {value, ok: 1, lastErrorObject}}";

pub(super) async fn update(space: Space) {
    space.fill(json!([{"_id": 1, "n": 5}, {"_id": 2, "n": 9}, {"_id": 3, "n": 7}])).await;
    let updated = json!({"n": 1, "updatedExisting": true});
    let params = json!({"filter": {}, "update": {"$inc": {"n": 1}}, "options": {"sort": {"n": -1}}});
    space
        .includes(
            "findOneAndUpdate",
            params,
            value(&json!({"_id": 2, "n": 9}), &updated),
            "findOneAndUpdate takes the first of `sort`, and answers what it was",
        )
        .await;
    let params = json!({"filter": {"_id": 1}, "update": {"$set": {"x": 1}}, "options": {"returnNewDocument": true, "projection": {"x": 1, "_id": 0}}});
    space
        .answers(
            "findOneAndUpdate",
            params,
            value(&json!({"x": 1}), &updated),
            "returnNewDocument answers what it has become, under `projection`",
        )
        .await;
    let none = json!({"affectedDocs": 0, "result": {"value": null, "ok": 1}});
    space.includes("findOneAndUpdate", json!({"filter": {"_id": 77}, "update": {"$set": {"x": 1}}}), none, RULE).await;
    let params = json!({"filter": {"l": 2, "_id": 4}, "update": {"$set": {"l.$": 1}}});
    space.includes("findOneAndUpdate", params, json!({"affectedDocs": 0}), "nothing matches, nothing changes").await;
    space.holds(json!([{"_id": 1, "n": 5, "x": 1}, {"_id": 2, "n": 10}, {"_id": 3, "n": 7}]), "one document is changed each time").await;
}

pub(super) async fn update_with_upsert(space: Space) {
    let inserted = |id: i32| json!({"n": 1, "updatedExisting": false, "upserted": id});
    let params = json!({"filter": {"_id": 8}, "update": {"$set": {"x": 1}}, "options": {"upsert": true, "returnNewDocument": true}});
    space
        .includes(
            "findOneAndUpdate",
            params,
            value(&json!({"_id": 8, "x": 1}), &inserted(8)),
            "an upsert answers the new document when it is asked for",
        )
        .await;
    let params = json!({"filter": {"_id": 9}, "update": {"$set": {"x": 1}}, "options": {"upsert": true}});
    space.includes("findOneAndUpdate", params, value(&Value::Null, &inserted(9)), "an upsert has no old document").await;
    space.holds(json!([{"_id": 8, "x": 1}, {"_id": 9, "x": 1}]), "both are inserted").await;
}

pub(super) async fn replace(space: Space) {
    space.fill(json!([{"_id": 1, "a": 1}, {"_id": 2, "a": 2}])).await;
    let updated = json!({"n": 1, "updatedExisting": true});
    let params = json!({"filter": {"a": {"$gt": 0}}, "replacement": {"b": 1}, "options": {"sort": {"a": -1}}});
    space
        .includes("findOneAndReplace", params, value(&json!({"_id": 2, "a": 2}), &updated), "findOneAndReplace answers the old document")
        .await;
    space.holds(json!([{"_id": 1, "a": 1}, {"_id": 2, "b": 1}]), "all but _id is replaced").await;
    let params = json!({"filter": {"_id": 1}, "replacement": {"$set": {"name": "lisi"}}});
    space
        .includes("findOneAndReplace", params, value(&json!({"_id": 1, "a": 1}), &updated), "the manual's form with $set is an update")
        .await;
    space.holds(json!([{"_id": 1, "a": 1, "name": "lisi"}, {"_id": 2, "b": 1}]), "the manual's form with $set is an update").await;
    let params = json!({"filter": {"_id": 3}, "replacement": {"c": 1}, "options": {"upsert": true}});
    space
        .includes(
            "findOneAndReplace",
            params,
            json!({"affectedDocs": 1, "result": {"value": null, "lastErrorObject": {"upserted": 3}}}),
            RULE,
        )
        .await;
    for params in [
        json!({"filter": {"_id": 1}}),
        json!({"filter": {"_id": 1}, "replacement": [1]}),
        json!({"replacement": {"a": 1}}),
        json!({"filter": {"_id": 1}, "replacement": {"_id": 5}}),
    ] {
        space.refuses("findOneAndReplace", params, INVALID_PARAMS, "findOneAndReplace needs a filter and a document").await;
    }
}

pub(super) async fn delete(space: Space) {
    space.fill(json!([{"_id": 1, "n": 1}, {"_id": 2, "n": 3}, {"_id": 3, "n": 2}])).await;
    let params = json!({"filter": {"n": {"$lt": 3}}, "options": {"sort": {"n": -1}, "projection": {"n": 1, "_id": 0}}});
    space.includes("findOneAndDelete", params, value(&json!({"n": 2}), &json!({"n": 1})), "findOneAndDelete answers what it deleted").await;
    let none = json!({"affectedDocs": 0, "result": {"value": null, "ok": 1}});
    space.includes("findOneAndDelete", json!({"filter": {"n": 9}}), none, RULE).await;
    space.holds(json!([{"_id": 1, "n": 1}, {"_id": 2, "n": 3}]), "one document is deleted").await;
    space.refuses("findOneAndDelete", json!({}), INVALID_PARAMS, "findOneAndDelete needs a filter").await;
}
