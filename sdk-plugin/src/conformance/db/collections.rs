//! The operators' commands for collections: [`operations`](crate::contract::db::operations).

use serde_json::{Value, json};

use super::same::same;
use super::space::{Space, cut, require};
use crate::CallerKind;
use crate::codes::INVALID_PARAMS;
use crate::contract::db::operations::{NAMESPACE_EXISTS, NAMESPACE_NOT_FOUND};

async fn are_there(space: &Space, names: &[&str], rule: &str) {
    let listed: Vec<Value> = names.iter().map(|name| json!({"name": name, "type": "collection"})).collect();
    space.admin().includes("listCollections", json!({}), json!({"affectedDocs": names.len(), "result": listed}), rule).await;
}

pub(super) async fn create_and_list(space: Space) {
    let admin = space.admin();
    are_there(&space, &[], "a new space has no collections").await;
    let rule = "create answers {affectedDocs: 0, result: {ok: 1}}";
    admin.includes("create", json!({"collection": "empty"}), json!({"affectedDocs": 0, "result": {"ok": 1}}), rule).await;
    space.answer("insertOne", json!({"collection": "full", "doc": {}})).await;
    admin.answer("createIndexes", json!({"collection": "a.indexed", "indexes": [{"key": {"a": 1}}]})).await;
    let rule = "collections are there from create, the first document or the first index on, and are listed by name";
    are_there(&space, &["a.indexed", "empty", "full"], rule).await;
    space.answer("deleteMany", json!({"collection": "full", "filter": {}})).await;
    space.find(json!({}), json!({})).await;
    are_there(&space, &["a.indexed", "empty", "full"], "a collection without documents stays, and reading makes none").await;
    for collection in ["empty", "full", "a.indexed"] {
        admin
            .refuses(
                "create",
                json!({"collection": collection}),
                NAMESPACE_EXISTS,
                "a collection that is there is the error NamespaceExists",
            )
            .await;
    }
    admin.refuses("create", json!({"collection": "a$b"}), INVALID_PARAMS, "a collection has a name that MongoDB allows").await;
}

pub(super) async fn drop(space: Space) {
    let admin = space.admin();
    admin.refuses("drop", json!({}), NAMESPACE_NOT_FOUND, "a collection that is not there is the error NamespaceNotFound").await;
    space.fill(json!([{"_id": 1, "v": 1}])).await;
    space.answer("insertOne", json!({"collection": "other", "doc": {"_id": 1}})).await;
    space.index(json!({"key": {"v": 1}, "unique": true})).await;
    admin
        .includes(
            "drop",
            json!({}),
            json!({"affectedDocs": 0, "result": {"nIndexesWas": 2, "ok": 1}}),
            "drop answers how many indexes there were",
        )
        .await;
    are_there(&space, &["other"], "a dropped collection is not there").await;
    space.holds(json!([]), "a dropped collection has no documents").await;
    space.fill(json!([{"_id": 1, "v": 5}, {"_id": 2, "v": 5}])).await;
    space.holds(json!([{"_id": 1, "v": 5}, {"_id": 2, "v": 5}]), "a collection that is made anew has none of the old indexes").await;
    admin
        .includes("listIndexes", json!({}), json!({"affectedDocs": 1}), "a collection that is made anew has none of the old indexes")
        .await;
}

pub(super) async fn rename(space: Space) {
    let admin = space.admin();
    space.fill(json!([{"_id": 1, "v": 1}])).await;
    space.index(json!({"key": {"v": 1}, "name": "by_v", "unique": true})).await;
    space.answer("insertOne", json!({"collection": "taken", "doc": {"_id": 7}})).await;
    let ok = json!({"affectedDocs": 0, "result": {"ok": 1}});
    admin.includes("renameCollection", json!({"to": "new"}), ok.clone(), "renameCollection answers {ok: 1}").await;
    are_there(&space, &["new", "taken"], "a renamed collection has the new name").await;
    space.holds(json!([]), "nothing has the old name").await;
    let expected = json!({"affectedDocs": 1, "result": [{"_id": 1, "v": 1}]});
    space
        .answers(
            "find",
            json!({"collection": "new", "query": {"v": 1}, "options": {"hint": "by_v"}}),
            expected.clone(),
            "documents and indexes move with the name",
        )
        .await;
    space.fill(json!([{"_id": 5, "v": 1}, {"_id": 6, "v": 1}])).await;
    space.answers("find", json!({"collection": "new"}), expected.clone(), "what has the old name later is another collection").await;
    admin
        .refuses("renameCollection", json!({"collection": "missing", "to": "x"}), NAMESPACE_NOT_FOUND, "what is renamed has to be there")
        .await;
    admin.refuses("renameCollection", json!({"collection": "new", "to": "taken"}), NAMESPACE_EXISTS, "the new name has to be free").await;
    for to in [json!(null), json!(5), json!(""), json!("a$b"), json!("system.x")] {
        admin
            .refuses("renameCollection", json!({"collection": "new", "to": to}), INVALID_PARAMS, "the new name is one that MongoDB allows")
            .await;
    }
    let params = json!({"collection": "new", "to": "taken", "options": {"dropTarget": true}});
    admin.includes("renameCollection", params, ok, "dropTarget drops what has the new name").await;
    space.answers("find", json!({"collection": "taken"}), expected, "dropTarget drops what has the new name").await;
    are_there(&space, &["c", "taken"], "dropTarget drops what has the new name").await;
}

pub(super) async fn stats(space: Space) {
    let admin = space.admin();
    admin.refuses("collStats", json!({}), NAMESPACE_NOT_FOUND, "a collection that is not there is the error NamespaceNotFound").await;
    space.fill(json!([{"_id": 1, "t": "x".repeat(100)}, {"_id": 2, "t": "x".repeat(300)}])).await;
    space.index(json!({"key": {"t": 1}})).await;
    let answer = admin
        .includes(
            "collStats",
            json!({}),
            json!({"affectedDocs": 0, "result": {"ns": "c", "count": 2, "nindexes": 2}}),
            "collStats counts documents and indexes",
        )
        .await;
    let size = answer["result"]["size"].as_u64().unwrap_or(0);
    // BSON: 4 for the length, 9 for _id, 3 + 4 + 1 beside the text, 1 for the end.
    let expected = 2 * (4 + 9 + 8 + 1) + 400;
    let met = size == expected && same(&json!(expected / 2), &answer["result"]["avgObjSize"]);
    require(met, "size is that of the documents as BSON, avgObjSize their mean", cut(&answer));
}

pub(super) async fn are_for_operators(space: Space) {
    space.fill(json!([{"_id": 1}])).await;
    for caller in [CallerKind::Client, CallerKind::Server, CallerKind::Function, CallerKind::Timer, CallerKind::Http] {
        for (command, params) in [
            ("create", json!({"collection": "x"})),
            ("drop", json!({})),
            ("renameCollection", json!({"to": "x"})),
            ("listCollections", json!({})),
            ("collStats", json!({})),
            ("dump", json!({})),
            ("load", json!({})),
        ] {
            let rule = "commands of operators are unknown to all but administrators and mpcloud itself";
            space.by(caller).refuses(command, params, INVALID_PARAMS, rule).await;
        }
    }
    are_there(&space, &["c"], "a refused command does nothing").await;
    space.by(CallerKind::System).includes("listCollections", json!({}), json!({"affectedDocs": 1}), "mpcloud itself may use them").await;
}
