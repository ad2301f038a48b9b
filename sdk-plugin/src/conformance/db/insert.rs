//! `insertOne` and `insertMany`.

use serde_json::{Value, json};

use super::same::same;
use super::space::{Space, cut, require};
use crate::codes::INVALID_PARAMS;
use crate::contract::db::DUPLICATE_KEY;

pub(super) async fn one_answers_the_new_id(space: Space) {
    let rule = "insertOne answers {affectedDocs: 1, result: {insertedId, ok: 1, n: 1}}";
    let params = json!({"doc": {"name": "tom", "age": 1}});
    let answer = space.includes("insertOne", params, json!({"affectedDocs": 1, "result": {"ok": 1, "n": 1}}), rule).await;
    let id = &answer["result"]["insertedId"];
    let hexadecimal = id.as_str().is_some_and(|id| id.len() == 24 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    require(hexadecimal, "an assigned _id is shown as a text of 24 hexadecimal digits", cut(&answer));
    let rule = "a document is found by the _id that insertOne answered, and shows it";
    let found = json!({"affectedDocs": 1, "result": {"_id": id, "name": "tom", "age": 1}});
    space.answers("findOne", json!({"query": {"_id": id}}), found, rule).await;
}

pub(super) async fn one_keeps_a_given_id(space: Space) {
    let ids = json!([7, "7", -1.5, false, null, {"a": 1}, "é小程序", "2020-01-02T03:04:05.678Z", "0123456789abcdef01234567"]);
    for id in ids.as_array().into_iter().flatten() {
        let rule = "a given _id of any type is kept, and answered as insertedId";
        let expected = json!({"affectedDocs": 1, "result": {"insertedId": id}});
        space.includes("insertOne", json!({"doc": {"_id": id}}), expected, rule).await;
        let rule = "_ids of different types are different documents, each found by its own";
        space.answers("find", json!({"query": {"_id": id}}), json!({"affectedDocs": 1, "result": [{"_id": id}]}), rule).await;
        space.refuses("insertOne", json!({"doc": {"_id": id}}), DUPLICATE_KEY, "no _id is there twice").await;
    }
    let rule = "numbers of different types that are equal are one _id";
    space.refuses("insertOne", json!({"doc": {"_id": {"$numberDouble": "7"}}}), DUPLICATE_KEY, rule).await;
    let rule = "24 hexadecimal digits and the ObjectId of Extended JSON are one _id";
    space.refuses("insertOne", json!({"doc": {"_id": {"$oid": "0123456789abcdef01234567"}}}), DUPLICATE_KEY, rule).await;
}

pub(super) async fn one_puts_the_id_first(space: Space) {
    let insert = r#"{"collection":"c","command":"insertOne","doc":{"z":1,"a":{"y":1,"b":2},"_id":5},"options":{}}"#;
    space.text(insert, None).await.unwrap_or_else(|error| panic!("{insert} has to succeed\n  answered: {error:?}"));
    let find = r#"{"collection":"c","command":"findOne","query":{},"options":{}}"#;
    let reply = space.text(find, None).await.unwrap_or_else(|error| panic!("{find} has to succeed\n  answered: {error:?}"));
    let answered = String::from_utf8_lossy(&reply.data).replace(' ', "");
    let rule = "_id is stored as the first field, and all other fields keep their order";
    require(answered.contains(r#"{"_id":5,"z":1,"a":{"y":1,"b":2}}"#), rule, answered);
}

pub(super) async fn one_refuses_a_taken_id(space: Space) {
    space.fill(json!([{"_id": 1, "n": 1}])).await;
    let rule = "a taken _id is the error DuplicateKey";
    let error = space.refuses("insertOne", json!({"doc": {"_id": 1, "n": 2}}), DUPLICATE_KEY, rule).await;
    let named = ["E11000", "c", "_id_"].iter().all(|part| error.message().contains(part));
    require(named, "the message has MongoDB's number E11000, the collection and the index _id_", &error);
    space.holds(json!([{"_id": 1, "n": 1}]), "a refused document changes nothing").await;
}

pub(super) async fn one_refuses_what_is_no_id(space: Space) {
    for id in [json!([1]), json!({"$regularExpression": {"pattern": "a", "options": ""}})] {
        let rule = "an array or a regular expression is no _id";
        space.refuses("insertOne", json!({"doc": {"_id": id}}), INVALID_PARAMS, rule).await;
    }
}

pub(super) async fn one_bounds_documents(space: Space) {
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({"a": inner}));
    space.answer("insertOne", json!({"doc": nested(90)})).await;
    let rule = "a document nests at most 100 levels deep";
    space.refuses("insertOne", json!({"doc": nested(110)}), INVALID_PARAMS, rule).await;
    let large = json!({"doc": {"a": "x".repeat(17 << 20)}});
    space.refuses("insertOne", large, INVALID_PARAMS, "a document has at most 16 MiB").await;
}

pub(super) async fn many_answers_ids_by_place(space: Space) {
    let rule = "insertMany answers {affectedDocs: n, result: {\"0\": id, \"1\": id, …}}";
    let answer =
        space.includes("insertMany", json!({"docs": [{"_id": 9}, {"n": 1}]}), json!({"affectedDocs": 2, "result": {"0": 9}}), rule).await;
    let ids = answer["result"].as_object().map_or(0, serde_json::Map::len);
    require(ids == 2 && answer["result"]["1"].is_string(), rule, cut(&answer));
    let rule = "assigned _ids are those of the documents";
    space.answers("count", json!({"query": {"_id": answer["result"]["1"]}}), json!({"affectedDocs": 1, "result": 1}), rule).await;
}

pub(super) async fn many_stops_at_an_error_unless_unordered(space: Space) {
    space.fill(json!([{"_id": 2}])).await;
    let rule = "insertMany with a taken _id is the error DuplicateKey";
    space.refuses("insertMany", json!({"docs": [{"_id": 1}, {"_id": 2}, {"_id": 3}]}), DUPLICATE_KEY, rule).await;
    space.holds(json!([{"_id": 1}, {"_id": 2}]), "ordered: documents before the error are stored, those after it are not").await;
    let params = json!({"docs": [{"_id": 2}, {"_id": 4}, {"_id": 4}, {"_id": 5}], "options": {"ordered": false}});
    space.refuses("insertMany", params, DUPLICATE_KEY, rule).await;
    let rule = "ordered: false stores the documents after the error too";
    space.holds(json!([{"_id": 1}, {"_id": 2}, {"_id": 4}, {"_id": 5}]), rule).await;
}

pub(super) async fn many_stores_large_batches(space: Space) {
    let docs: Vec<Value> = (0..1200).map(|n| json!({"_id": n, "n": n % 10})).collect();
    let answer = space.answer("insertMany", json!({"docs": docs})).await;
    require(
        same(&json!(1200), &answer["affectedDocs"]),
        "insertMany takes as many documents as fit into a message",
        cut(&answer["affectedDocs"]),
    );
    space.answers("count", json!({"query": {"n": 3}}), json!({"affectedDocs": 120, "result": 120}), "all of them are there").await;
}
