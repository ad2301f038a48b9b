//! `updateOne`, `updateMany` and `replaceOne`.

use serde_json::{Value, json};

use super::space::{Space, cut, require};
use crate::codes::INVALID_PARAMS;
use crate::contract::db::DUPLICATE_KEY;

fn counted(matched: u64, modified: u64) -> Value {
    json!({"affectedDocs": matched, "result": {"ok": 1, "n": matched, "nModified": modified}})
}

pub(super) async fn answers_what_matched_and_what_changed(space: Space) {
    space.fill(json!([{"_id": 1, "n": 1, "g": "a"}, {"_id": 2, "n": 2, "g": "a"}, {"_id": 3, "n": 2, "g": "b"}])).await;
    let rule = "updates answer {affectedDocs: n, result: {ok: 1, n, nModified}}, n the documents that matched";
    let set = json!({"$set": {"n": 2}});
    space.includes("updateOne", json!({"filter": {"_id": 1}, "update": {"$inc": {"n": 5}}}), counted(1, 1), rule).await;
    space.includes("updateMany", json!({"filter": {"g": "a"}, "update": set}), counted(2, 1), rule).await;
    space.includes("updateOne", json!({"filter": {"_id": 3}, "update": set}), counted(1, 0), rule).await;
    space.includes("updateOne", json!({"filter": {"_id": 9}, "update": set}), counted(0, 0), rule).await;
    space.includes("updateMany", json!({"filter": {"g": "z"}, "update": set}), counted(0, 0), rule).await;
    space.includes("replaceOne", json!({"filter": {"_id": 3}, "doc": {"x": 1}}), counted(1, 1), rule).await;
    space
        .holds(json!([{"_id": 1, "n": 2, "g": "a"}, {"_id": 2, "n": 2, "g": "a"}, {"_id": 3, "x": 1}]), "updates change what they say")
        .await;
    space.includes("updateOne", json!({"filter": {"g": "a"}, "update": {"$set": {"m": 1}}}), counted(1, 1), rule).await;
    let rule = "updateOne and replaceOne change one document of those that match";
    space.answers("count", json!({"query": {"m": 1}}), json!({"affectedDocs": 1, "result": 1}), rule).await;
}

pub(super) async fn operators(space: Space) {
    let rule = "update operators do what MongoDB 4.2's do";
    let cases = [
        (json!({"$set": {"sub.k": 2, "new": 1}}), json!({"n": 1, "s": "a", "list": [1, 2, 3], "sub": {"k": 2}, "new": 1})),
        (json!({"$set": {"list.4": 9}}), json!({"n": 1, "s": "a", "list": [1, 2, 3, null, 9], "sub": {"k": 1}})),
        (json!({"$set": {"x.y.z": 1}}), json!({"n": 1, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}, "x": {"y": {"z": 1}}})),
        (json!({"$unset": {"s": "", "sub.k": "", "list.0": ""}}), json!({"n": 1, "list": [null, 2, 3], "sub": {}})),
        (json!({"$inc": {"n": 2, "new": -1}}), json!({"n": 3, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}, "new": -1})),
        (json!({"$mul": {"n": 2.5, "new": 3}}), json!({"n": 2.5, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}, "new": 0})),
        (json!({"$min": {"n": 0, "sub.k": 5}}), json!({"n": 0, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}})),
        (json!({"$max": {"n": 7, "new": 1}}), json!({"n": 7, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}, "new": 1})),
        (json!({"$rename": {"s": "t", "none": "u"}}), json!({"n": 1, "t": "a", "list": [1, 2, 3], "sub": {"k": 1}})),
        (json!({"$setOnInsert": {"s": "b"}}), json!({"n": 1, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}})),
        (json!({"$push": {"list": 4}}), json!({"n": 1, "s": "a", "list": [1, 2, 3, 4], "sub": {"k": 1}})),
        (
            json!({"$push": {"list": {"$each": [9, 0], "$position": 1, "$sort": -1, "$slice": 3}}}),
            json!({"n": 1, "s": "a", "list": [9, 3, 2], "sub": {"k": 1}}),
        ),
        (json!({"$push": {"new": 1}}), json!({"n": 1, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}, "new": [1]})),
        (json!({"$addToSet": {"list": {"$each": [2, 5, 5]}}}), json!({"n": 1, "s": "a", "list": [1, 2, 3, 5], "sub": {"k": 1}})),
        (json!({"$pop": {"list": -1}}), json!({"n": 1, "s": "a", "list": [2, 3], "sub": {"k": 1}})),
        (json!({"$pull": {"list": {"$gte": 2}}}), json!({"n": 1, "s": "a", "list": [1], "sub": {"k": 1}})),
        (json!({"$pullAll": {"list": [1, 3]}}), json!({"n": 1, "s": "a", "list": [2], "sub": {"k": 1}})),
        (json!({"$bit": {"n": {"or": 6}}}), json!({"n": 7, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}})),
        (json!({"$inc": {"list.$[]": 10}}), json!({"n": 1, "s": "a", "list": [11, 12, 13], "sub": {"k": 1}})),
    ];
    for (update, mut expected) in cases {
        space.answer("deleteMany", json!({"filter": {}})).await;
        space.fill(json!([{"_id": 1, "n": 1, "s": "a", "list": [1, 2, 3], "sub": {"k": 1}}])).await;
        expected["_id"] = 1.into();
        space.answer("updateOne", json!({"filter": {"_id": 1}, "update": update})).await;
        let params = json!({"query": {"_id": 1}});
        space.answers("findOne", params, json!({"affectedDocs": 1, "result": expected}), &format!("{rule}: {update}")).await;
    }
    space.answer("updateOne", json!({"filter": {}, "update": {"$currentDate": {"at": true, "ts": {"$type": "timestamp"}}}})).await;
    space.matches(json!({"at": {"$type": "date"}, "ts": {"$type": "timestamp"}}), json!([1]), "$currentDate sets the time").await;
}

pub(super) async fn positional_operators(space: Space) {
    space.fill(json!([{"_id": 1, "l": [{"p": 1, "q": 1}, {"p": 2, "q": 1}, {"p": 3, "q": 1}]}])).await;
    space.answer("updateOne", json!({"filter": {"l.p": 2}, "update": {"$set": {"l.$.q": 20}}})).await;
    let rule = "$ is the element that the filter met";
    space.holds(json!([{"_id": 1, "l": [{"p": 1, "q": 1}, {"p": 2, "q": 20}, {"p": 3, "q": 1}]}]), rule).await;
    let params = json!({"filter": {"_id": 1}, "update": {"$inc": {"l.$[e].q": 5}}, "options": {"arrayFilters": [{"e.p": {"$gte": 2}}]}});
    space.answer("updateOne", params).await;
    let rule = "$[id] is each element that the array filter of that name meets";
    space.holds(json!([{"_id": 1, "l": [{"p": 1, "q": 1}, {"p": 2, "q": 25}, {"p": 3, "q": 6}]}]), rule).await;
    for (update, filters) in [
        (json!({"$set": {"l.$.q": 1}}), json!([])),
        (json!({"$set": {"l.$[e].q": 1}}), json!([])),
        (json!({"$set": {"n": 1}}), json!([{"e.p": 1}])),
        (json!({"$set": {"l.$[e].q": 1}}), json!([{"e.p": 1}, {"e.p": 2}])),
        (json!({"$set": {"l.$[e].q": 1}}), json!({"e.p": 1})),
    ] {
        let rule = "$ needs a filter on the array, each $[id] one array filter, and each array filter is used";
        let params = json!({"filter": {"_id": 1}, "update": update, "options": {"arrayFilters": filters}});
        space.refuses("updateOne", params, INVALID_PARAMS, rule).await;
    }
}

pub(super) async fn pipelines(space: Space) {
    space.fill(json!([{"_id": 1, "s": "a", "n": 2}, {"_id": 2, "s": "b", "n": 3}])).await;
    let update = json!([{"$set": {"t": {"$concat": ["$s", "!"]}, "n": {"$multiply": ["$n", 10]}}}, {"$unset": "s"}]);
    let rule = "an update may be a pipeline of $set, $unset and $replaceWith";
    space.includes("updateMany", json!({"filter": {}, "update": update}), counted(2, 2), rule).await;
    space.holds(json!([{"_id": 1, "n": 20, "t": "a!"}, {"_id": 2, "n": 30, "t": "b!"}]), rule).await;
    for update in [json!([]), json!([{"$match": {"a": 1}}]), json!([{"$set": 1}])] {
        space.refuses("updateOne", json!({"filter": {}, "update": update}), INVALID_PARAMS, "other stages are refused").await;
    }
}

pub(super) async fn upserts(space: Space) {
    let params = json!({"filter": {"_id": 9, "g": "z", "m": {"$gt": 1}}, "update": {"$set": {"s": 1}, "$setOnInsert": {"i": 1}}, "options": {"upsert": true}});
    let rule = "an upsert answers the new document's _id as MongoDB does: upserted: [{index: 0, _id}]";
    let expected = json!({"affectedDocs": 1, "result": {"ok": 1, "n": 1, "nModified": 0, "upserted": [{"index": 0, "_id": 9}]}});
    space.includes("updateOne", params.clone(), expected, rule).await;
    let rule = "an upsert inserts what the filter compares for equality, and the update";
    space.holds(json!([{"_id": 9, "g": "z", "i": 1, "s": 1}]), rule).await;
    let params = json!({"filter": {"_id": 9}, "update": {"$inc": {"s": 1}, "$setOnInsert": {"i": 5}}, "options": {"upsert": true}});
    let answer = space.includes("updateOne", params, counted(1, 1), "an upsert of a document that is there is an update").await;
    require(answer["result"].get("upserted").is_none(), "nothing was upserted", cut(&answer));
    space.holds(json!([{"_id": 9, "g": "z", "i": 1, "s": 2}]), "$setOnInsert counts only when a document is inserted").await;
    let params = json!({"filter": {"g": "new"}, "doc": {"x": 1}, "options": {"upsert": true}});
    let answer = space.includes("replaceOne", params, json!({"affectedDocs": 1}), "replaceOne may insert too").await;
    let id = answer["result"]["upserted"][0]["_id"].clone();
    let expected = json!({"affectedDocs": 1, "result": {"_id": id, "x": 1}});
    space
        .answers(
            "findOne",
            json!({"query": {"x": 1}}),
            expected,
            "an upsert assigns an _id, and a replacement takes nothing else of the filter",
        )
        .await;
    let params = json!({"filter": {"k": {"$eq": "many"}}, "update": {"$inc": {"n": 1}}, "options": {"upsert": true}});
    space.includes("updateMany", params, json!({"affectedDocs": 1}), "updateMany inserts at most one document").await;
    space
        .answers(
            "count",
            json!({"query": {"k": "many", "n": 1}}),
            json!({"affectedDocs": 1, "result": 1}),
            "an upsert takes $eq of the filter",
        )
        .await;
    let params = json!({"filter": {"_id": 9, "g": "other"}, "update": {"$set": {"s": 1}}, "options": {"upsert": true}});
    space.refuses("updateOne", params, DUPLICATE_KEY, "an upsert with a taken _id is the error DuplicateKey").await;
    space
        .refuses(
            "updateOne",
            json!({"filter": {}, "update": {"$set": {"a": 1}}, "options": {"upsert": 5}}),
            INVALID_PARAMS,
            "upsert is true or false",
        )
        .await;
}

pub(super) async fn replaces_all_but_the_id(space: Space) {
    space.fill(json!([{"_id": 1, "a": 1, "b": 2}])).await;
    space.answer("replaceOne", json!({"filter": {"a": 1}, "doc": {"c": 3}})).await;
    space.holds(json!([{"_id": 1, "c": 3}]), "replaceOne leaves nothing but _id").await;
    space.answer("replaceOne", json!({"filter": {"_id": 1}, "doc": {"_id": 1, "d": 4}})).await;
    space.holds(json!([{"_id": 1, "d": 4}]), "a replacement may name the same _id").await;
    for doc in [json!({"_id": 2}), json!({"$set": {"a": 1}}), json!([1]), json!(null)] {
        let rule = "a replacement is a document, has no operators, and leaves _id as it is";
        space.refuses("replaceOne", json!({"filter": {"_id": 1}, "doc": doc}), INVALID_PARAMS, rule).await;
    }
    space.holds(json!([{"_id": 1, "d": 4}]), "a refused replacement changes nothing").await;
}

pub(super) async fn refuses_what_cannot_be_done(space: Space) {
    let document = json!([{"_id": 1, "n": 1, "s": "a", "l": [1]}]);
    space.fill(document.clone()).await;
    for update in [
        json!({}),
        json!({"n": 1}),
        json!({"$set": {"n": 1}, "x": 1}),
        json!({"$foo": {"n": 1}}),
        json!({"$set": 5}),
        json!({"$set": {"n": 1}, "$inc": {"n": 1}}),
        json!({"$set": {"l": 1, "l.0": 2}}),
        json!({"$set": {"_id": 2}}),
        json!({"$unset": {"_id": ""}}),
        json!({"$rename": {"_id": "id"}}),
        json!({"$inc": {"s": 1}}),
        json!({"$inc": {"n": "1"}}),
        json!({"$push": {"n": 1}}),
        json!({"$pop": {"s": 1}}),
        json!({"$set": {"n.x": 1}}),
        json!({"$set": {"$bad": 1}}),
        json!({"$push": {"l": {"$each": 1}}}),
        json!({"$bit": {"s": {"or": 1}}}),
        json!({"$rename": {"n": "n"}}),
        json!(5),
        json!(null),
    ] {
        let rule = "an update without operators, with conflicts or for a field of another type is refused";
        space.refuses("updateOne", json!({"filter": {"_id": 1}, "update": update}), INVALID_PARAMS, rule).await;
        space.refuses("updateMany", json!({"filter": {"_id": 1}, "update": update}), INVALID_PARAMS, rule).await;
    }
    space.holds(document, "a refused update changes nothing").await;
}
