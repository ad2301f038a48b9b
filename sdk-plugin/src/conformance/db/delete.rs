//! `deleteOne` and `deleteMany`.

use serde_json::json;

use super::space::Space;
use crate::codes::INVALID_PARAMS;

pub(super) async fn answers_how_many(space: Space) {
    space.fill(json!([{"_id": 1, "g": 1}, {"_id": 2, "g": 1}, {"_id": 3, "g": 2}, {"_id": 4, "g": 2}])).await;
    let rule = "deletions answer {affectedDocs: n, result: {ok: 1, n}}";
    let counted = |n: u32| json!({"affectedDocs": n, "result": {"ok": 1, "n": n}});
    space.includes("deleteOne", json!({"filter": {"_id": 1}}), counted(1), rule).await;
    space.includes("deleteOne", json!({"filter": {"_id": 1}}), counted(0), rule).await;
    space.includes("deleteMany", json!({"filter": {"g": 2}}), counted(2), rule).await;
    space.holds(json!([{"_id": 2, "g": 1}]), "what matches is deleted, and nothing else").await;
    space.includes("deleteMany", json!({"filter": {}}), counted(1), rule).await;
    space.includes("deleteMany", json!({"filter": {}}), counted(0), rule).await;
}

pub(super) async fn needs_a_filter(space: Space) {
    space.fill(json!([{"_id": 1}])).await;
    for command in ["deleteOne", "deleteMany"] {
        for params in [json!({}), json!({"filter": null}), json!({"filter": []}), json!({"filter": "x"}), json!({"query": {}})] {
            space.refuses(command, params, INVALID_PARAMS, "a deletion without a filter is refused").await;
        }
    }
    space.holds(json!([{"_id": 1}]), "a refused deletion deletes nothing").await;
}
