//! `count` and `distinct`.

use serde_json::json;

use super::same::{in_any_order, same};
use super::space::{Space, cut, require};
use crate::codes::INVALID_PARAMS;

pub(super) async fn count(space: Space) {
    let rule = "count answers {affectedDocs: n, result: n}";
    space.answers("count", json!({"query": {}}), json!({"affectedDocs": 0, "result": 0}), rule).await;
    space.fill(json!((0..20).map(|n| json!({"_id": n, "m": n % 4})).collect::<Vec<_>>())).await;
    for (query, options, expected) in [
        (json!({}), json!({}), 20),
        (json!({"m": 1}), json!({}), 5),
        (json!({"m": {"$gte": 2}, "_id": {"$lt": 10}}), json!({}), 4),
        (json!({"m": 9}), json!({}), 0),
        (json!({}), json!({"limit": 7}), 7),
        (json!({"m": 1}), json!({"skip": 2}), 3),
        (json!({"m": 1}), json!({"skip": 2, "limit": 2}), 2),
        (json!({"m": 1}), json!({"skip": 9}), 0),
        (json!({}), json!({"limit": 0}), 20),
    ] {
        let params = json!({"query": query, "options": options});
        space.answers("count", params, json!({"affectedDocs": expected, "result": expected}), rule).await;
    }
    space.refuses("count", json!({"query": 5}), INVALID_PARAMS, "count takes a filter").await;
}

pub(super) async fn distinct(space: Space) {
    space.fill(json!([{"_id": 1, "v": 1, "l": ["a", "b"]}, {"_id": 2, "v": 1.0, "l": ["b", ["c"]]}, {"_id": 3, "v": null, "s": {"k": 2}}, {"_id": 4, "s": {"k": 3}}])).await;
    for (key, query, expected) in [
        ("v", json!({}), vec![json!(1), json!(null)]),
        ("l", json!({}), vec![json!("a"), json!("b"), json!(["c"])]),
        ("s.k", json!({}), vec![json!(2), json!(3)]),
        ("s.k", json!({"_id": 4}), vec![json!(3)]),
        ("missing", json!({}), vec![]),
    ] {
        let params = json!({"key": key, "query": query});
        let answer = space.answer("distinct", params.clone()).await;
        let values = answer["result"].as_array().cloned().unwrap_or_default();
        let rule = "distinct answers {affectedDocs: n, result: [values]}: each value once, elements of arrays one by one";
        let fits =
            same(&json!(expected.len()), &answer["affectedDocs"]) && same(&json!(in_any_order(expected)), &json!(in_any_order(values)));
        require(fits, rule, format_args!("{} for {params}", cut(&answer)));
    }
    for params in [json!({}), json!({"key": ""}), json!({"key": 5})] {
        space.refuses("distinct", params, INVALID_PARAMS, "distinct needs the name of a field as `key`").await;
    }
}
