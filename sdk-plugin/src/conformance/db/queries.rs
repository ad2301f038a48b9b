//! The query language, a line for each operator.

use serde_json::{Value, json};

use super::space::{Space, require};
use crate::codes::INVALID_PARAMS;

async fn documents(space: &Space) {
    space
        .fill(json!([
            {"_id": 1, "n": 1, "s": "a", "tags": ["x", "y"], "sub": {"k": 1}},
            {"_id": 2, "n": 2.5, "s": "B", "tags": [], "sub": {"k": null}},
            {"_id": 3, "n": null, "tags": "x"},
            {"_id": 4, "s": "ab", "items": [{"p": 1, "q": 5}, {"p": 2, "q": 1}]},
            {"_id": 5, "n": [1, 7], "s": "A", "flag": true},
            {"_id": 6, "n": 10, "at": "2020-06-01T00:00:00.000Z"},
        ]))
        .await;
}

async fn each(space: &Space, rule: &str, expected: impl IntoIterator<Item = (Value, Value)>) {
    documents(space).await;
    for (filter, ids) in expected {
        space.matches(filter, ids, rule).await;
    }
}

pub(super) async fn comparison(space: Space) {
    let rule = "comparisons compare within a type, with each element of an array, and null also with what is missing";
    let cases = [
        (json!({"n": 1}), json!([1, 5])),
        (json!({"n": {"$eq": [1, 7]}}), json!([5])),
        (json!({"n": {"$gt": 2}}), json!([2, 5, 6])),
        (json!({"n": {"$gte": 1, "$lte": 2.5}}), json!([1, 2, 5])),
        (json!({"n": {"$lt": 2}}), json!([1, 5])),
        (json!({"n": {"$ne": 1}}), json!([2, 3, 4, 6])),
        (json!({"n": {"$in": [1, 10]}}), json!([1, 5, 6])),
        (json!({"n": {"$nin": [1, 10]}}), json!([2, 3, 4])),
        (json!({"n": {"$in": [null]}}), json!([3, 4])),
        (json!({"n": {"$in": []}}), json!([])),
        (json!({"n": null}), json!([3, 4])),
        (json!({"n": {"$ne": null}}), json!([1, 2, 5, 6])),
        (json!({"n": {"$gt": "a"}}), json!([])),
        (json!({"n": {"$gte": null}}), json!([3, 4])),
        (json!({"_id": {"$gte": {"$minKey": 1}}}), json!([1, 2, 3, 4, 5, 6])),
        (json!({"_id": {"$lt": {"$maxKey": 1}}}), json!([1, 2, 3, 4, 5, 6])),
        (json!({"_id": {"$in": [6, 2, 2.0, 99]}}), json!([2, 6])),
        (json!({"at": {"$lt": "2020-06-02T00:00:00.000Z"}}), json!([6])),
    ];
    each(&space, rule, cases).await;
}

pub(super) async fn logical(space: Space) {
    let cases = [
        (json!({"$or": [{"n": 10}, {"s": "ab"}]}), json!([4, 6])),
        (json!({"$and": [{"n": {"$gt": 0}}, {"n": {"$lt": 2}}]}), json!([1, 5])),
        (json!({"$nor": [{"n": {"$exists": true}}]}), json!([4])),
        (json!({"n": {"$not": {"$gt": 2}}}), json!([1, 3, 4])),
        (json!({"n": 1, "s": "a"}), json!([1])),
        (json!({"$or": [{"_id": 1}, {"$and": [{"_id": 2}, {"n": 3}]}]}), json!([1])),
    ];
    each(&space, "$and, $or, $nor and $not combine conditions", cases).await;
    for filter in [json!({"$or": []}), json!({"$and": 1}), json!({"$nor": [1]}), json!({"$not": {"a": 1}}), json!({"a": {"$not": 1}})] {
        space
            .refuses("find", json!({"query": filter}), INVALID_PARAMS, "a logical operator takes a list of filters that is not empty")
            .await;
    }
}

pub(super) async fn element(space: Space) {
    let cases = [
        (json!({"n": {"$exists": false}}), json!([4])),
        (json!({"n": {"$exists": true}}), json!([1, 2, 3, 5, 6])),
        (json!({"n": {"$type": "number"}}), json!([1, 2, 5, 6])),
        (json!({"n": {"$type": "array"}}), json!([5])),
        (json!({"n": {"$type": 10}}), json!([3])),
        (json!({"n": {"$type": ["double", "null"]}}), json!([2, 3])),
        (json!({"at": {"$type": "date"}}), json!([6])),
    ];
    each(&space, "$exists and $type ask for a field and its type", cases).await;
    space.refuses("find", json!({"query": {"n": {"$type": "nothing"}}}), INVALID_PARAMS, "an unknown type is refused").await;
}

pub(super) async fn evaluation(space: Space) {
    let cases = [
        (json!({"s": {"$regex": "^a"}}), json!([1, 4])),
        (json!({"s": {"$regex": "^a", "$options": "i"}}), json!([1, 4, 5])),
        (json!({"s": {"$not": {"$regex": "^a"}}}), json!([2, 3, 5, 6])),
        (json!({"s": "/^a/"}), json!([])),
        (json!({"n": {"$mod": [5, 0]}}), json!([6])),
        (json!({"$expr": {"$gt": ["$n", 5]}}), json!([5, 6])),
        (json!({"$expr": {"$eq": ["$sub.k", 1]}}), json!([1])),
    ];
    each(&space, "$regex, $mod and $expr evaluate", cases).await;
    for condition in
        [json!({"$regex": {}}), json!({"$regex": "("}), json!({"$options": "i"}), json!({"$mod": [0, 1]}), json!({"$mod": [1]})]
    {
        space.refuses("find", json!({"query": {"s": condition}}), INVALID_PARAMS, "what cannot be evaluated is refused").await;
    }
    let started = std::time::Instant::now();
    space.fill(json!([{"_id": 9, "s": "a".repeat(5000)}])).await;
    let answer = space.call("find", json!({"query": {"s": {"$regex": "^(a+)+$x"}}})).await;
    let rule = "regular expressions run in linear time, or are refused";
    let met = answer.as_ref().map_or_else(|error| error.code() == INVALID_PARAMS, |answer| answer["affectedDocs"] == 0);
    require(met && started.elapsed().as_secs() < 20, rule, format_args!("{answer:?} after {:?}", started.elapsed()));
}

pub(super) async fn arrays(space: Space) {
    let cases = [
        (json!({"tags": "x"}), json!([1, 3])),
        (json!({"tags": ["x", "y"]}), json!([1])),
        (json!({"tags": ["y", "x"]}), json!([])),
        (json!({"tags": {"$size": 0}}), json!([2])),
        (json!({"tags": {"$all": ["y", "x"]}}), json!([1])),
        (json!({"tags": {"$all": ["x"]}}), json!([1, 3])),
        (json!({"tags.0": "x"}), json!([1])),
        (json!({"n": {"$elemMatch": {"$gt": 5}}}), json!([5])),
        (json!({"items": {"$elemMatch": {"p": 1, "q": 5}}}), json!([4])),
        (json!({"items": {"$elemMatch": {"p": 1, "q": 1}}}), json!([])),
        (json!({"items.p": 1, "items.q": 1}), json!([4])),
        (json!({"items.p": {"$gt": 1}}), json!([4])),
        (json!({"items.1.p": 2}), json!([4])),
    ];
    each(&space, "conditions reach into arrays: elements, positions, sizes", cases).await;
}

pub(super) async fn nested_documents(space: Space) {
    let cases = [
        (json!({"sub": {"k": 1}}), json!([1])),
        (json!({"sub.k": 1}), json!([1])),
        (json!({"sub.k": null}), json!([2, 3, 4, 5, 6])),
        (json!({"sub.k": {"$exists": true}}), json!([1, 2])),
        (json!({"sub": {}}), json!([])),
        (json!({"sub.k.deeper": {"$exists": true}}), json!([])),
    ];
    each(&space, "dotted paths reach into documents; a document equals only one with the same fields", cases).await;
}

pub(super) async fn bits(space: Space) {
    let cases = [
        (json!({"n": {"$bitsAllSet": 2}}), json!([5, 6])),
        (json!({"n": {"$bitsAnySet": [0, 3]}}), json!([1, 5, 6])),
        (json!({"n": {"$bitsAllClear": 1}}), json!([6])),
        (json!({"n": {"$bitsAnyClear": 7}}), json!([1, 5, 6])),
    ];
    each(&space, "bitwise operators test the bits of whole numbers", cases).await;
}

pub(super) async fn json_schema(space: Space) {
    let cases = [
        (json!({"$jsonSchema": {"required": ["flag"]}}), json!([5])),
        (json!({"$jsonSchema": {"properties": {"n": {"bsonType": "int", "minimum": 5}}, "required": ["n"]}}), json!([6])),
        (json!({"$jsonSchema": {"properties": {"tags": {"bsonType": "array", "minItems": 1}}, "required": ["tags"]}}), json!([1])),
        (json!({"$jsonSchema": {"not": {"required": ["s"]}}}), json!([3, 6])),
    ];
    each(&space, "$jsonSchema matches documents that a schema accepts", cases).await;
    let filter = json!({"$jsonSchema": {"bsonType": "nothing"}});
    space.refuses("find", json!({"query": filter}), INVALID_PARAMS, "a schema that is none is refused").await;
}

pub(super) async fn unknown_operators(space: Space) {
    for filter in [
        json!({"a": {"$foo": 1}}),
        json!({"$foo": 1}),
        json!({"a": {"$gt": 1, "b": 2}}),
        json!({"a": {"$in": 1}}),
        json!({"a": {"$size": -1}}),
    ] {
        for command in ["find", "findOne", "count"] {
            let rule = "an unknown operator, or a wrong operand, is refused even when there are no documents";
            space.refuses(command, json!({"query": filter}), INVALID_PARAMS, rule).await;
        }
        for (command, params) in [
            ("deleteMany", json!({"filter": filter})),
            ("updateMany", json!({"filter": filter, "update": {"$set": {"b": 1}}})),
            ("distinct", json!({"key": "a", "query": filter})),
            ("aggregate", json!({"pipeline": [{"$match": filter}]})),
        ] {
            space.refuses(command, params, INVALID_PARAMS, "an unknown operator is refused in every command").await;
        }
    }
}
