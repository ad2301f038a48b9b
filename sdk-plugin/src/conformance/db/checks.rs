//! The checks that the SDK makes before it sends, which a backend has to repeat: anybody can send
//! requests without it.

use serde_json::{Value, json};

use super::space::Space;
use crate::CallerKind;
use crate::codes::INVALID_PARAMS;

async fn refused(space: &Space, rule: &str, cases: impl IntoIterator<Item = (&'static str, Value)>) {
    for (command, params) in cases {
        space.by(CallerKind::Client).refuses(command, params.clone(), INVALID_PARAMS, rule).await;
        space.refuses(command, params, INVALID_PARAMS, rule).await;
    }
}

pub(super) async fn filters_are_objects(space: Space) {
    for wrong in [json!(5), json!("x"), json!([]), json!([{}]), json!(true)] {
        let queries = ["find", "findOne", "count"].map(|command| (command, json!({"query": wrong})));
        refused(&space, "query is an object", queries).await;
        let update = json!({"$set": {"a": 1}});
        let filters = [
            ("updateOne", json!({"filter": wrong, "update": update})),
            ("updateMany", json!({"filter": wrong, "update": update})),
            ("replaceOne", json!({"filter": wrong, "doc": {"a": 1}})),
            ("findOneAndUpdate", json!({"filter": wrong, "update": update})),
            ("findOneAndReplace", json!({"filter": wrong, "replacement": {"a": 1}})),
            ("findOneAndDelete", json!({"filter": wrong})),
            ("deleteOne", json!({"filter": wrong})),
            ("deleteMany", json!({"filter": wrong})),
        ];
        refused(&space, "filter is an object", filters).await;
    }
    let missing = [
        ("updateOne", json!({"update": {"$set": {"a": 1}}})),
        ("updateMany", json!({"update": {"$set": {"a": 1}}})),
        ("replaceOne", json!({"doc": {"a": 1}})),
        ("findOneAndUpdate", json!({"update": {"$set": {"a": 1}}})),
        ("updateOne", json!({"filter": {}})),
        ("updateMany", json!({"filter": {}})),
        ("replaceOne", json!({"filter": {}})),
        ("findOneAndUpdate", json!({"filter": {}})),
        ("aggregate", json!({})),
    ];
    refused(&space, "what a command needs has to be there", missing).await;
}

pub(super) async fn documents_are_objects(space: Space) {
    for wrong in [json!(null), json!(5), json!("x"), json!([]), json!([{"a": 1}])] {
        refused(&space, "doc is an object", [("insertOne", json!({"doc": wrong}))]).await;
    }
    for wrong in [json!(null), json!({"0": {}}), json!([]), json!([5]), json!([{"a": 1}, null]), json!("x")] {
        refused(&space, "docs is an array of objects, and not empty", [("insertMany", json!({"docs": wrong}))]).await;
    }
    refused(&space, "doc and docs have to be there", [("insertOne", json!({})), ("insertMany", json!({}))]).await;
    space.holds(json!([]), "a refused document is not stored").await;
}

pub(super) async fn field_names(space: Space) {
    for wrong in [json!({"a.b": 1}), json!({"$a": 1}), json!({"a": {"$b": 1}}), json!({"a": {"b.c": 1}})] {
        let cases = [
            ("insertOne", json!({"doc": wrong})),
            ("insertMany", json!({"docs": [wrong]})),
            ("replaceOne", json!({"filter": {}, "doc": wrong, "options": {"upsert": true}})),
        ];
        refused(&space, "names of fields in documents begin with no `$` and have no `.`", cases).await;
    }
    space.holds(json!([]), "a refused document is not stored").await;
}

pub(super) async fn options(space: Space) {
    let numbers = [json!(-1), json!(1.5), json!("1"), json!({}), json!(true)];
    for wrong in &numbers {
        for name in ["limit", "skip", "maxTimeMS"] {
            let cases = ["find", "findOne", "count"].map(|command| (command, json!({"query": {}, "options": {name: wrong}})));
            refused(&space, "limit, skip and maxTimeMS are whole numbers, and not negative", cases).await;
        }
    }
    for wrong in [json!("a"), json!([]), json!({"a": "asc"}), json!({"a": 0}), json!({"a": 2}), json!({"a": null}), json!({"$a": 1})] {
        let cases = [
            ("find", json!({"options": {"sort": wrong}})),
            ("findOne", json!({"options": {"sort": wrong}})),
            ("findOneAndDelete", json!({"filter": {}, "options": {"sort": wrong}})),
            ("findOneAndUpdate", json!({"filter": {}, "update": {"$set": {"a": 1}}, "options": {"sort": wrong}})),
        ];
        refused(&space, "sort is an object with the values 1 and -1", cases).await;
    }
    for wrong in [json!(5), json!([]), json!("not an index")] {
        refused(&space, "hint names an index", [("find", json!({"options": {"hint": wrong}}))]).await;
    }
    for wrong in [json!(5), json!("x"), json!([1])] {
        refused(&space, "options is an object", [("find", json!({"options": wrong})), ("insertOne", json!({"doc": {}, "options": wrong}))])
            .await;
    }
}

pub(super) async fn commands_and_collections(space: Space) {
    for wrong in [json!(""), json!(5), json!(null), json!("a$b"), json!("a\u{0}b"), json!("system.users"), json!("x".repeat(200))] {
        let cases = [("find", json!({"collection": wrong})), ("insertOne", json!({"collection": wrong, "doc": {"a": 1}}))];
        refused(&space, "collection is a name that MongoDB allows, of at most 120 bytes", cases).await;
    }
    refused(&space, "an unknown command is refused", [("nothing", json!({})), ("", json!({})), ("mapReduce", json!({}))]).await;
    for text in [r#"{"collection":"c","options":{}}"#, r#"{"collection":"c","command":5,"options":{}}"#, "[]", r#""{}""#, "{", "null"] {
        let answered = space.text(text, None).await;
        let refused = answered.as_ref().is_err_and(|error| error.code() == INVALID_PARAMS);
        super::space::require(refused, "params are an object with a command", format_args!("{answered:?} for {text}"));
    }
    let names = ["用户", "a.b", "a b", "`x`", "a/b\\c", "DROP TABLE x;--"];
    for name in names {
        let params = json!({"collection": name, "doc": {"_id": name}});
        space.includes("insertOne", params, json!({"affectedDocs": 1}), "a collection may have any other name").await;
    }
    for name in names {
        let expected = json!({"affectedDocs": 1, "result": [{"_id": name}]});
        space.answers("find", json!({"collection": name}), expected, "collections of different names are apart").await;
    }
}
