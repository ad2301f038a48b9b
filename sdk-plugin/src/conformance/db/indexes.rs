//! Indexes: how they are made, listed and dropped, what explain shows, and that answers are the
//! same with and without them.

use serde_json::{Value, json};

use super::same::{includes, same};
use super::space::{Space, cut, require};
use crate::CallerKind;
use crate::codes::INVALID_PARAMS;
use crate::contract::db::operations::{INDEX_NOT_FOUND, INDEX_OPTIONS_CONFLICT, NAMESPACE_NOT_FOUND};

async fn names(space: &Space) -> Value {
    let listed = space.admin().answer("listIndexes", json!({})).await;
    listed["result"].as_array().into_iter().flatten().map(|index| index["name"].clone()).collect()
}

async fn are_listed(space: &Space, expected: Value, rule: &str) {
    let found = names(space).await;
    require(same(&expected, &found), rule, format_args!("{found} instead of {expected}"));
}

pub(super) async fn create_as_in_the_manual(space: Space) {
    let params =
        json!({"collection": "places", "field": {"location": "2dsphere"}, "options": {"name": "location_2dsphere", "unique": false}});
    let answer = space.admin().answer("createIndex", params).await;
    require(answer["affectedDocs"].is_number(), "createIndex of the manual (3.10.6) answers affectedDocs, a number", cut(&answer));
    let listed = space.admin().answer("listIndexes", json!({"collection": "places"})).await;
    let expected = json!([{"name": "_id_", "key": {"_id": 1}}, {"name": "location_2dsphere", "key": {"location": "2dsphere"}}]);
    require(includes(&expected, &listed["result"]), "createIndex makes the index that `field` and `options` say", cut(&listed));
    space.admin().answer("createIndex", json!({"field": {"a": 1}, "options": {"name": "by_a", "unique": true}})).await;
    let listed = space.admin().answer("listIndexes", json!({})).await;
    let expected = json!({"name": "by_a", "key": {"a": 1}, "unique": true});
    require(includes(&expected, &listed["result"][1]), "createIndex makes unique indexes too", cut(&listed));
    space.admin().answer("dropIndex", json!({"index": "by_a"})).await;
    are_listed(&space, json!(["_id_"]), "dropIndex removes the index that `index` names").await;
    for params in [json!({}), json!({"field": "a"}), json!({"field": {}}), json!({"field": {"a": 0}})] {
        space.admin().refuses("createIndex", params, INVALID_PARAMS, "createIndex needs the index's fields as `field`").await;
    }
}

pub(super) async fn create_several(space: Space) {
    let admin = space.admin();
    let rule = "createIndexes answers how many there were and are, and whether the collection is new";
    let counts = |new: bool, before: u32, after: u32| json!({"result": {"createdCollectionAutomatically": new, "numIndexesBefore": before, "numIndexesAfter": after, "ok": 1}});
    let indexes = json!([{"key": {"a": 1}}, {"key": {"a": -1, "b": 1}, "name": "both", "sparse": true}]);
    let first = admin.includes("createIndexes", json!({"indexes": indexes}), counts(true, 1, 3), rule).await;
    require(first["affectedDocs"].is_number(), "affectedDocs is always a number", cut(&first));
    admin.includes("createIndexes", json!({"indexes": indexes}), counts(false, 3, 3), "making an index that is there does nothing").await;
    are_listed(&space, json!(["_id_", "a_1", "both"]), "an index without a name has MongoDB's: a_1").await;
    for indexes in [
        json!([]),
        json!([{"name": "x"}]),
        json!([{"key": {}}]),
        json!([{"key": {"a": 0}}]),
        json!([{"key": {"a": "nothing"}}]),
        json!([{"key": {"$a": 1}}]),
        json!([{"key": {"a": 1}, "unknown": 1}]),
        json!([{"key": {"z": 1}, "sparse": true, "partialFilterExpression": {"z": 1}}]),
        json!({"key": {"a": 1}}),
    ] {
        admin.refuses("createIndexes", json!({"indexes": indexes}), INVALID_PARAMS, "what is no index specification is refused").await;
    }
    let many: Vec<Value> = (0..64).map(|n| json!({"key": {format!("f{n}"): 1}})).collect();
    admin
        .refuses("createIndexes", json!({"collection": "many", "indexes": many}), INVALID_PARAMS, "a collection has at most 64 indexes")
        .await;
}

pub(super) async fn conflicts(space: Space) {
    space.index(json!({"key": {"a": 1}, "name": "x"})).await;
    for spec in [
        json!({"key": {"b": 1}, "name": "x"}),
        json!({"key": {"a": 1}, "name": "y"}),
        json!({"key": {"a": 1}, "name": "x", "unique": true}),
    ] {
        let rule = "an index of the same name or key that is different otherwise is the error IndexOptionsConflict";
        space.admin().refuses("createIndexes", json!({"indexes": [spec]}), INDEX_OPTIONS_CONFLICT, rule).await;
    }
    are_listed(&space, json!(["_id_", "x"]), "a refused index is not made").await;
}

pub(super) async fn list(space: Space) {
    let admin = space.admin();
    let rule = "indexes of a collection that does not exist are the error NamespaceNotFound";
    admin.refuses("listIndexes", json!({}), NAMESPACE_NOT_FOUND, rule).await;
    admin.refuses("dropIndexes", json!({"index": "*"}), NAMESPACE_NOT_FOUND, rule).await;
    space.fill(json!([{"_id": 1}])).await;
    let expected = json!({"affectedDocs": 1, "result": [{"v": 2, "key": {"_id": 1}, "name": "_id_"}]});
    admin.includes("listIndexes", json!({}), expected, "every collection has the index _id_").await;
    space.index(json!({"key": {"a": 1}, "name": "u", "unique": true, "partialFilterExpression": {"a": {"$gt": 1}}})).await;
    space.index(json!({"key": {"b": -1}, "name": "s", "sparse": true})).await;
    let expected = json!({"affectedDocs": 3, "result": [
        {"key": {"_id": 1}, "name": "_id_"},
        {"v": 2, "key": {"a": 1}, "name": "u", "unique": true, "partialFilterExpression": {"a": {"$gt": 1}}},
        {"v": 2, "key": {"b": -1}, "name": "s", "sparse": true},
    ]});
    let listed = admin.includes("listIndexes", json!({}), expected, "listIndexes shows indexes as they were made").await;
    let params = json!({"collection": "copy", "indexes": listed["result"]});
    admin.answer("createIndexes", params).await;
    let copied = admin.answer("listIndexes", json!({"collection": "copy"})).await;
    require(same(&listed, &copied), "what listIndexes answers can be given to createIndexes as it is", cut(&copied));
}

pub(super) async fn drop(space: Space) {
    let admin = space.admin();
    for field in ["a", "b", "c", "d"] {
        space.index(json!({"key": {field: 1}})).await;
    }
    admin
        .includes(
            "dropIndexes",
            json!({"index": "a_1"}),
            json!({"result": {"nIndexesWas": 5, "ok": 1}}),
            "dropIndexes answers how many indexes there were",
        )
        .await;
    are_listed(&space, json!(["_id_", "b_1", "c_1", "d_1"]), "an index is dropped by its name").await;
    admin.answer("dropIndexes", json!({"index": {"b": 1}})).await;
    are_listed(&space, json!(["_id_", "c_1", "d_1"]), "an index is dropped by its key").await;
    admin.refuses("dropIndexes", json!({"index": "b_1"}), INDEX_NOT_FOUND, "an unknown index is the error IndexNotFound").await;
    for index in [json!("_id_"), json!(5), json!(null)] {
        admin.refuses("dropIndexes", json!({"index": index}), INVALID_PARAMS, "the index _id_ cannot be dropped").await;
    }
    admin.answer("dropIndexes", json!({"index": "*"})).await;
    are_listed(&space, json!(["_id_"]), "* drops all indexes but _id_").await;
}

pub(super) async fn are_for_operators(space: Space) {
    space.fill(json!([{"_id": 1}])).await;
    for caller in [CallerKind::Client, CallerKind::Server, CallerKind::Function] {
        for (command, params) in [
            ("createIndex", json!({"field": {"a": 1}})),
            ("createIndexes", json!({"indexes": [{"key": {"a": 1}}]})),
            ("listIndexes", json!({})),
            ("dropIndexes", json!({"index": "*"})),
        ] {
            let rule = "commands of operators are unknown to all but administrators and mpcloud itself";
            space.by(caller).refuses(command, params, INVALID_PARAMS, rule).await;
        }
    }
}

pub(super) async fn are_chosen_and_shown(space: Space) {
    let docs: Vec<Value> = (0..400).map(|n| json!({"_id": n, "a": n % 50, "b": n % 7})).collect();
    space.fill(json!(docs)).await;
    let plan = space.plan(json!({"a": 3}), json!({})).await;
    require(plan.contains("COLLSCAN"), "explain shows the stage COLLSCAN where no index fits", &plan);
    space.index(json!({"key": {"a": 1}, "name": "by_a"})).await;
    space.index(json!({"key": {"b": 1}, "name": "by_b"})).await;
    for query in [json!({"a": 3}), json!({"a": {"$gte": 48}}), json!({"a": {"$in": [1, 2]}})] {
        let plan = space.plan(query.clone(), json!({})).await;
        let rule = "an index is chosen where one fits, and explain shows its stage IXSCAN and its name";
        require(plan.contains("IXSCAN") && plan.contains("by_a"), rule, format_args!("{plan} for {query}"));
    }
    let plan = space.plan(json!({}), json!({"sort": {"a": 1}, "limit": 5})).await;
    require(plan.contains("by_a") && !plan.contains("\"SORT\""), "an index answers a sort without sorting", &plan);
    let answer = space.answer("find", json!({"query": {"a": 3}, "options": {"explain": true}})).await;
    let stats = &answer["result"]["executionStats"];
    let met = stats["nReturned"] == 8 && stats["totalDocsExamined"].as_u64().is_some_and(|n| n < 100);
    require(met, "explain shows how much was read: through an index not the whole collection", cut(&answer));
}

pub(super) async fn hints_force(space: Space) {
    let docs: Vec<Value> = (0..200).map(|n| json!({"_id": n, "a": n % 50, "b": n % 2})).collect();
    space.fill(json!(docs)).await;
    space.index(json!({"key": {"a": 1}, "name": "by_a"})).await;
    space.index(json!({"key": {"b": 1}, "name": "by_b"})).await;
    let query = json!({"a": 3, "b": 1});
    for (hint, name) in [(json!({"a": 1}), "by_a"), (json!("by_a"), "by_a"), (json!({"b": 1}), "by_b"), (json!("by_b"), "by_b")] {
        let plan = space.plan(query.clone(), json!({"hint": hint})).await;
        require(plan.contains(name), "hint forces an index, by its key or its name", format_args!("{plan} with the hint {hint}"));
    }
    let plan = space.plan(query.clone(), json!({"hint": {"$natural": 1}})).await;
    require(plan.contains("COLLSCAN"), "the hint $natural goes through the collection", plan);
    for hint in [json!({"a": 1}), json!("by_b"), json!("_id_"), json!({"_id": 1}), json!({"$natural": -1})] {
        let found = space.ids(query.clone(), json!({"hint": hint, "sort": {"_id": 1}})).await;
        require(same(&json!([3, 53, 103, 153]), &json!(found)), "a hint changes no answer", format_args!("{} with {hint}", json!(found)));
        let params = json!({"query": query, "options": {"hint": hint}});
        space.answers("count", params, json!({"affectedDocs": 4, "result": 4}), "a hint changes no answer").await;
    }
    for hint in [json!({"c": 1}), json!("by_c"), json!({"a": -1})] {
        let rule = "a hint that names no index is refused";
        space.refuses("find", json!({"query": query, "options": {"hint": hint}}), INVALID_PARAMS, rule).await;
        space.refuses("aggregate", json!({"pipeline": [{"$match": query}], "options": {"hint": hint}}), INVALID_PARAMS, rule).await;
    }
}

pub(super) async fn change_no_answer(space: Space) {
    let values = json!([
        1, 2.5, -1, null, "a", "b", "", true, false, [1, 2], [2, "a"], [], [[1]], {"x": 1}, {"x": null}, {"x": [1, 2]}, [{"x": 1}, {"x": 3}],
        "2020-01-01T00:00:00.000Z", {"$minKey": 1}, {"$maxKey": 1}, {"$numberDecimal": "2.50"}
    ]);
    let mut docs: Vec<Value> =
        values.as_array().into_iter().flatten().enumerate().map(|(n, v)| json!({"_id": n, "v": v, "w": n % 3})).collect();
    docs.push(json!({"_id": 99, "w": 1}));
    space.fill(json!(docs)).await;
    let filters = [
        json!({"v": 1}),
        json!({"v": {"$gt": 1}}),
        json!({"v": {"$lte": 2.5}}),
        json!({"v": null}),
        json!({"v": {"$ne": null}}),
        json!({"v": {"$exists": true}}),
        json!({"v": {"$exists": false}}),
        json!({"v": {"$in": [1, "a", null]}}),
        json!({"v": {"$nin": [1, "a"]}}),
        json!({"v": {"$gte": "a", "$lt": "c"}}),
        json!({"v": {"$type": "string"}}),
        json!({"v": {"$regex": "^a"}}),
        json!({"v": []}),
        json!({"v": [1, 2]}),
        json!({"v": {"x": 1}}),
        json!({"v.x": 1}),
        json!({"v.x": null}),
        json!({"v": {"$not": {"$gt": 1}}}),
        json!({"v": {"$elemMatch": {"$gte": 2}}}),
        json!({"v": {"$size": 2}}),
        json!({"v": {"$all": [1, 2]}}),
        json!({"$or": [{"v": 1}, {"w": 2}]}),
        json!({"v": {"$gte": {"$minKey": 1}}}),
        json!({"v": true, "w": {"$gte": 0}}),
        json!({"v": {"$gt": 0, "$lt": 2}}),
        json!({"w": 1, "v": {"$gt": 1}}),
        json!({"v": "2020-01-01T00:00:00.000Z"}),
    ];
    let mut before = Vec::new();
    for filter in &filters {
        before.push(json!(space.ids(filter.clone(), json!({"sort": {"_id": 1}})).await));
    }
    for spec in [
        json!({"key": {"v": 1}, "name": "one"}),
        json!({"key": {"v": -1, "w": 1}, "name": "two"}),
        json!({"key": {"v.x": 1}, "name": "three"}),
        json!({"key": {"w": 1, "v": 1}, "name": "four"}),
    ] {
        space.index(spec).await;
    }
    for (filter, expected) in filters.iter().zip(before) {
        for hint in [json!(null), json!("one"), json!("two"), json!("three"), json!("four")] {
            let found = json!(space.ids(filter.clone(), json!({"sort": {"_id": 1}, "hint": hint})).await);
            let rule = "the answer with an index equals the answer without";
            require(same(&expected, &found), rule, format_args!("{found} instead of {expected} for {filter} with the hint {hint}"));
        }
    }
}

pub(super) async fn answer_sorts(space: Space) {
    let docs: Vec<Value> = (0..60).map(|n| json!({"_id": n, "a": n % 4, "b": (n * 7) % 5, "l": [n % 3, (n * 5) % 11]})).collect();
    space.fill(json!(docs)).await;
    let sorts = [
        r#"{"a":1,"b":1,"_id":1}"#,
        r#"{"a":-1,"b":-1,"_id":-1}"#,
        r#"{"a":1,"b":-1,"_id":1}"#,
        r#"{"b":1,"a":1,"_id":1}"#,
        r#"{"l":1,"_id":1}"#,
        r#"{"l":-1,"_id":1}"#,
    ];
    let ask = async |query: &str, sort: &str| {
        let params = format!(r#"{{"collection":"c","command":"find","query":{query},"options":{{"sort":{sort},"limit":50,"skip":3}}}}"#);
        let reply = space.text(&params, None).await.unwrap_or_else(|error| panic!("{params} has to succeed\n  answered: {error:?}"));
        reply.decode::<Value>().unwrap_or_default()
    };
    let mut before = Vec::new();
    for query in ["{}", r#"{"a":2}"#, r#"{"a":{"$gt":0}}"#, r#"{"l":{"$gte":2}}"#] {
        for sort in sorts {
            before.push((query, sort, ask(query, sort).await));
        }
    }
    for key in [r#"{"a":1,"b":1,"_id":1}"#, r#"{"a":1,"b":-1,"_id":1}"#, r#"{"b":1,"a":1,"_id":1}"#, r#"{"l":1,"_id":1}"#] {
        let params = format!(r#"{{"collection":"c","command":"createIndexes","indexes":[{{"key":{key}}}],"options":{{}}}}"#);
        space.admin().text(&params, None).await.unwrap_or_else(|error| panic!("{params} has to succeed\n  answered: {error:?}"));
    }
    for (query, sort, expected) in before {
        let found = ask(query, sort).await;
        let rule = "a sort that an index answers has the same order";
        require(same(&expected, &found), rule, format_args!("{} instead of {} for {query} sorted by {sort}", cut(&found), cut(&expected)));
    }
}

pub(super) async fn follow_writes(space: Space) {
    space.index(json!({"key": {"v": 1}, "name": "by_v"})).await;
    space.fill(json!([{"_id": 1, "v": 1}, {"_id": 2, "v": [1, 2]}, {"_id": 3, "v": 3}])).await;
    let ask = async |value: i32, expected: Value, rule: &str| {
        let found = json!(space.ids(json!({"v": value}), json!({"hint": "by_v", "sort": {"_id": 1}})).await);
        require(same(&expected, &found), rule, format_args!("{found} instead of {expected} for v: {value}"));
    };
    ask(1, json!([1, 2]), "an index has what was inserted").await;
    space.answer("updateMany", json!({"filter": {"v": 1}, "update": {"$set": {"v": 4}}})).await;
    ask(1, json!([]), "an index loses what was changed").await;
    ask(2, json!([]), "an index loses what was changed").await;
    ask(4, json!([1, 2]), "an index has what was changed").await;
    space.answer("replaceOne", json!({"filter": {"_id": 3}, "doc": {"v": 5}})).await;
    ask(5, json!([3]), "an index has what was replaced").await;
    space.answer("findOneAndUpdate", json!({"filter": {"_id": 3}, "update": {"$inc": {"v": 1}}})).await;
    ask(6, json!([3]), "an index has what was updated").await;
    space.answer("updateOne", json!({"filter": {"v": 9}, "update": {"$set": {"w": 1}}, "options": {"upsert": true}})).await;
    space
        .answers(
            "count",
            json!({"query": {"v": 9}, "options": {"hint": "by_v"}}),
            json!({"affectedDocs": 1, "result": 1}),
            "an index has what was upserted",
        )
        .await;
    space.answer("deleteMany", json!({"filter": {"v": {"$gte": 4}}})).await;
    space
        .answers(
            "count",
            json!({"query": {"v": {"$gte": 0}}, "options": {"hint": "by_v"}}),
            json!({"affectedDocs": 0, "result": 0}),
            "an index loses what was deleted",
        )
        .await;
}

pub(super) async fn sparse_and_partial_lose_no_document(space: Space) {
    space.fill(json!([{"_id": 1, "v": 1}, {"_id": 2, "v": null}, {"_id": 3}, {"_id": 4, "v": 5}])).await;
    space.index(json!({"key": {"v": 1}, "name": "sparse", "sparse": true})).await;
    let rule = "a sparse index is not used where documents without its field are asked for";
    space.matches(json!({"v": null}), json!([2, 3]), rule).await;
    space.matches(json!({"v": {"$ne": 1}}), json!([2, 3, 4]), rule).await;
    let found = json!(space.ids(json!({}), json!({"sort": {"v": 1}})).await);
    let in_order = [json!([2, 3, 1, 4]), json!([3, 2, 1, 4])];
    require(in_order.iter().any(|order| same(order, &found)), rule, found);
    let found = json!(space.ids(json!({}), json!({"sort": {"v": -1}, "limit": 10})).await.len());
    require(found == 4, rule, found);
    space.admin().answer("dropIndexes", json!({"index": "*"})).await;
    space.index(json!({"key": {"v": 1}, "name": "partial", "partialFilterExpression": {"v": {"$gt": 2}}})).await;
    let rule = "a partial index is used only for what it has";
    space.matches(json!({"v": {"$gte": 1}}), json!([1, 4]), rule).await;
    space.matches(json!({"v": {"$gt": 3}}), json!([4]), rule).await;
    space.answer("updateOne", json!({"filter": {"_id": 1}, "update": {"$set": {"v": 9}}})).await;
    space.answer("updateOne", json!({"filter": {"_id": 4}, "update": {"$set": {"v": 0}}})).await;
    space.matches(json!({"v": {"$gt": 3}}), json!([1]), "documents come into a partial index, and go, with what they hold").await;
}

pub(super) async fn refuse_parallel_arrays(space: Space) {
    space.index(json!({"key": {"a": 1, "b": 1}})).await;
    space.answer("insertOne", json!({"doc": {"_id": 1, "a": [1, 2], "b": 3}})).await;
    space.answer("insertOne", json!({"doc": {"_id": 2, "a": 1, "b": [3]}})).await;
    let rule = "no document has arrays in two fields of a compound index";
    space.refuses("insertOne", json!({"doc": {"_id": 3, "a": [1], "b": [2]}}), INVALID_PARAMS, rule).await;
    space.refuses("updateOne", json!({"filter": {"_id": 1}, "update": {"$set": {"b": [1]}}}), INVALID_PARAMS, rule).await;
    space.holds(json!([{"_id": 1, "a": [1, 2], "b": 3}, {"_id": 2, "a": 1, "b": [3]}]), "a refused document changes nothing").await;
}

pub(super) async fn update_each_document_once(space: Space) {
    let docs: Vec<Value> = (0..400).map(|n| json!({"_id": n, "v": n})).collect();
    space.fill(json!(docs)).await;
    space.index(json!({"key": {"v": 1}, "name": "by_v"})).await;
    let rule = "an update that moves documents within the index that it is found by changes each one once";
    let params = json!({"filter": {"v": {"$gte": 0}}, "update": {"$inc": {"v": 7}}, "options": {"hint": "by_v"}});
    space.includes("updateMany", params, json!({"affectedDocs": 400, "result": {"nModified": 400}}), rule).await;
    let found = space
        .answer("aggregate", json!({"pipeline": [{"$match": {"$expr": {"$eq": ["$v", {"$add": ["$_id", 7]}]}}}, {"$count": "n"}]}))
        .await;
    require(found["result"][0]["n"] == 400, rule, cut(&found));
}
