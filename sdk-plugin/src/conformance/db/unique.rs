//! Unique indexes (manual 3.9).

use serde_json::{Value, json};

use super::space::{Space, require};
use crate::contract::db::DUPLICATE_KEY;

async fn taken(space: &Space, command: &str, params: Value, rule: &str) {
    space.refuses(command, params, DUPLICATE_KEY, rule).await;
}

pub(super) async fn refuses_a_taken_value(space: Space) {
    space.index(json!({"key": {"v": 1}, "name": "by_v", "unique": true})).await;
    let before = json!([{"_id": 1, "v": 1}, {"_id": 2, "v": 2}]);
    space.fill(before.clone()).await;
    let rule = "a value of a unique index that is taken is the error DuplicateKey, in every command that writes";
    let error = space.refuses("insertOne", json!({"doc": {"v": 1}}), DUPLICATE_KEY, rule).await;
    let named = ["E11000", "by_v"].iter().all(|part| error.message().contains(part));
    require(named, "the message has MongoDB's number E11000 and the name of the index", &error);
    taken(&space, "insertOne", json!({"doc": {"v": 1.0}}), "numbers of different types that are equal are one value").await;
    taken(&space, "insertMany", json!({"docs": [{"v": 2}]}), rule).await;
    taken(&space, "updateOne", json!({"filter": {"_id": 1}, "update": {"$inc": {"v": 1}}}), rule).await;
    taken(&space, "updateMany", json!({"filter": {"_id": 1}, "update": {"$set": {"v": 2}}}), rule).await;
    taken(&space, "replaceOne", json!({"filter": {"_id": 2}, "doc": {"v": 1}}), rule).await;
    taken(&space, "findOneAndUpdate", json!({"filter": {"_id": 2}, "update": {"$set": {"v": 1}}}), rule).await;
    taken(&space, "updateOne", json!({"filter": {"_id": 9}, "update": {"$set": {"v": 2}}, "options": {"upsert": true}}), rule).await;
    space.holds(before, "what is refused changes nothing").await;
    space.answer("updateOne", json!({"filter": {"_id": 1}, "update": {"$set": {"v": 1, "w": 1}}})).await;
    space.answer("deleteOne", json!({"filter": {"_id": 2}})).await;
    let rule = "a value is free again when its document is deleted or has another";
    space.includes("insertOne", json!({"doc": {"_id": 3, "v": 2}}), json!({"affectedDocs": 1}), rule).await;
    space.answer("updateOne", json!({"filter": {"_id": 3}, "update": {"$set": {"v": 3}}})).await;
    space.includes("insertOne", json!({"doc": {"_id": 4, "v": 2}}), json!({"affectedDocs": 1}), rule).await;
}

pub(super) async fn counts_missing_as_null(space: Space) {
    space.index(json!({"key": {"v": 1}, "unique": true})).await;
    space.answer("insertOne", json!({"doc": {"_id": 1}})).await;
    let rule = "a document without the field has null there, so that one may lack it (manual 3.9)";
    taken(&space, "insertOne", json!({"doc": {"_id": 2}}), rule).await;
    taken(&space, "insertOne", json!({"doc": {"_id": 2, "v": null}}), rule).await;
    space.answer("insertOne", json!({"doc": {"_id": 2, "v": 1}})).await;
    taken(&space, "updateOne", json!({"filter": {"_id": 2}, "update": {"$unset": {"v": ""}}}), rule).await;
}

pub(super) async fn cannot_be_made_over_duplicates(space: Space) {
    let rule = "a unique index over documents with the same value, or that lack it, is the error DuplicateKey";
    for docs in
        [json!([{"_id": 1, "v": 1}, {"_id": 2, "v": 1}]), json!([{"_id": 1}, {"_id": 2}]), json!([{"_id": 1, "v": null}, {"_id": 2}])]
    {
        space.answer("deleteMany", json!({"filter": {}})).await;
        space.fill(docs).await;
        taken(&space.admin(), "createIndexes", json!({"indexes": [{"key": {"v": 1}, "unique": true}]}), rule).await;
    }
    let listed = space.admin().answer("listIndexes", json!({})).await;
    require(listed["affectedDocs"] == 1, "an index that cannot be made is not there", listed);
    space.answer("insertOne", json!({"doc": {"_id": 3}})).await;
    space.answer("deleteMany", json!({"filter": {"_id": {"$gt": 1}}})).await;
    space.index(json!({"key": {"v": 1}, "unique": true})).await;
    taken(&space, "insertOne", json!({"doc": {}}), "it can be made once the duplicates are gone").await;
}

pub(super) async fn compares_all_fields_of_a_compound_one(space: Space) {
    space.index(json!({"key": {"a": 1, "b": -1}, "unique": true})).await;
    space.fill(json!([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1}, {"b": 1}, {}])).await;
    let rule = "a compound unique index compares all of its fields, a missing one as null";
    for doc in [json!({"a": 1, "b": 2}), json!({"a": 1, "b": null}), json!({"a": null, "b": 1}), json!({"x": 1})] {
        taken(&space, "insertOne", json!({"doc": doc}), rule).await;
    }
    space.includes("insertOne", json!({"doc": {"a": 2, "b": 1}}), json!({"affectedDocs": 1}), rule).await;
}

pub(super) async fn compares_elements_of_arrays(space: Space) {
    space.index(json!({"key": {"v": 1}, "unique": true})).await;
    let rule = "each element of an array is a value of its own, and no other document may have it";
    space
        .includes(
            "insertOne",
            json!({"doc": {"_id": 1, "v": [1, 1, 2]}}),
            json!({"affectedDocs": 1}),
            "a document may have a value twice itself",
        )
        .await;
    taken(&space, "insertOne", json!({"doc": {"v": 2}}), rule).await;
    taken(&space, "insertOne", json!({"doc": {"v": [3, 1]}}), rule).await;
    space.answer("insertOne", json!({"doc": {"_id": 2, "v": [3, 4]}})).await;
    taken(&space, "updateOne", json!({"filter": {"_id": 2}, "update": {"$push": {"v": 1}}}), rule).await;
    space.answer("updateOne", json!({"filter": {"_id": 1}, "update": {"$pull": {"v": 1}}})).await;
    space.answer("updateOne", json!({"filter": {"_id": 2}, "update": {"$push": {"v": 1}}})).await;
    space.holds(json!([{"_id": 1, "v": [2]}, {"_id": 2, "v": [3, 4, 1]}]), "a value that an array lost is free again").await;
}

pub(super) async fn sparse_lets_many_lack_the_field(space: Space) {
    space.index(json!({"key": {"v": 1}, "unique": true, "sparse": true})).await;
    space.fill(json!([{"_id": 1}, {"_id": 2}, {"_id": 3, "v": null}])).await;
    taken(&space, "insertOne", json!({"doc": {"v": null}}), "null is a value, also of a sparse unique index").await;
    space.answer("insertOne", json!({"doc": {"v": 1}})).await;
    taken(&space, "insertOne", json!({"doc": {"v": 1}}), "a sparse unique index is unique").await;
}

pub(super) async fn partial_counts_only_what_it_has(space: Space) {
    space.index(json!({"key": {"v": 1}, "unique": true, "partialFilterExpression": {"active": true}})).await;
    space.fill(json!([{"_id": 1, "v": 1}, {"_id": 2, "v": 1}, {"_id": 3, "v": 1, "active": true}])).await;
    let rule = "a partial unique index compares the documents that its filter matches";
    taken(&space, "insertOne", json!({"doc": {"v": 1, "active": true}}), rule).await;
    taken(&space, "updateOne", json!({"filter": {"_id": 1}, "update": {"$set": {"active": true}}}), rule).await;
    space.answer("updateOne", json!({"filter": {"_id": 3}, "update": {"$set": {"active": false}}})).await;
    space
        .includes("updateOne", json!({"filter": {"_id": 1}, "update": {"$set": {"active": true}}}), json!({"affectedDocs": 1}), rule)
        .await;
}
