//! Spaces: each has a database of its own, which goes with it.

use serde_json::json;

use super::space::{Space, require};

pub(super) async fn are_apart(space: Space) {
    let other = space.another().await;
    space.fill(json!([{"_id": 1, "of": "first"}])).await;
    other.fill(json!([{"_id": 1, "of": "second"}, {"_id": 2}])).await;
    let rule = "the same collection of two spaces is two collections";
    space.holds(json!([{"_id": 1, "of": "first"}]), rule).await;
    other.holds(json!([{"_id": 1, "of": "second"}, {"_id": 2}]), rule).await;
    space.index(json!({"key": {"of": 1}, "unique": true})).await;
    other.answer("insertOne", json!({"doc": {"of": "second"}})).await;
    space.answer("deleteMany", json!({"filter": {}})).await;
    other.includes("find", json!({}), json!({"affectedDocs": 3}), "what is deleted in one space stays in another").await;
}

pub(super) async fn a_deleted_one_is_empty(space: Space) {
    let other = space.another().await;
    for space in [&space, &other] {
        space.fill(json!([{"_id": 1, "v": 1}])).await;
        space.index(json!({"key": {"v": 1}, "unique": true})).await;
    }
    space.delete().await;
    // The event may be told again.
    space.delete().await;
    space.holds(json!([]), "a deleted space has no documents").await;
    let collections = space.admin().answer("listCollections", json!({})).await;
    require(collections["affectedDocs"] == 0, "a deleted space has no collections", collections);
    space.fill(json!([{"_id": 2, "v": 1}, {"_id": 3, "v": 1}])).await;
    space.holds(json!([{"_id": 2, "v": 1}, {"_id": 3, "v": 1}]), "a deleted space has no indexes").await;
    other.holds(json!([{"_id": 1, "v": 1}]), "other spaces keep what they have").await;
}
