//! `find` and `findOne`: shapes, order, pages, projections.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::same::same;
use super::space::{Space, cut, require};
use crate::CallerKind;
use crate::codes::{INVALID_PARAMS, TIMEOUT};

pub(super) async fn answers_an_array(space: Space) {
    let rule = "a collection that nobody made is empty";
    space.answers("find", json!({}), json!({"affectedDocs": 0, "result": []}), rule).await;
    space.answers("find", json!({"query": {"a": 1}}), json!({"affectedDocs": 0, "result": []}), rule).await;
    space.fill(json!([{"_id": 1, "a": [{"b": null}], "c": {"d": "小程序"}}, {"_id": 2}])).await;
    let rule = "find answers {affectedDocs: n, result: [documents]}";
    let expected = json!({"affectedDocs": 1, "result": [{"_id": 1, "a": [{"b": null}], "c": {"d": "小程序"}}]});
    space.answers("find", json!({"query": {"_id": 1}}), expected, rule).await;
    let rule = "find without query answers all documents";
    space.includes("find", json!({}), json!({"affectedDocs": 2}), rule).await;
    space.includes("find", json!({"query": null, "options": null}), json!({"affectedDocs": 2}), rule).await;
}

pub(super) async fn one_answers_a_document(space: Space) {
    space.fill(json!([{"_id": 1, "n": 5}, {"_id": 2, "n": 4}])).await;
    let rule = "findOne answers {affectedDocs: 1, result: document}";
    let params = json!({"query": {}, "options": {"sort": {"n": 1}}});
    space.answers("findOne", params, json!({"affectedDocs": 1, "result": {"_id": 2, "n": 4}}), rule).await;
    let params = json!({"query": {}, "options": {"sort": {"n": 1}, "skip": 1, "projection": {"n": 1, "_id": 0}}});
    space.answers("findOne", params, json!({"affectedDocs": 1, "result": {"n": 5}}), "findOne takes skip and projection").await;
    let rule = "findOne of nothing answers {affectedDocs: 0, result: null}";
    space.answers("findOne", json!({"query": {"n": 9}}), json!({"affectedDocs": 0, "result": null}), rule).await;
    space.answers("findOne", json!({"options": {"skip": 2}}), json!({"affectedDocs": 0, "result": null}), rule).await;
}

pub(super) async fn limits(space: Space) {
    let docs: Vec<Value> = (0..700).map(|n| json!({"_id": n})).collect();
    space.fill(json!(docs)).await;
    let count = async |space: &Space, options: Value| space.find(json!({}), options).await.len();
    let client = space.by(CallerKind::Client);
    for options in [json!({}), json!({"limit": 0}), json!({"limit": null})] {
        let found = count(&client, options.clone()).await;
        require(found == 100, "find answers 100 documents when it is not told, or told 0", format_args!("{found} with {options}"));
    }
    let found = count(&client, json!({"limit": 600})).await;
    require(found == 500, "find answers a mini program at most 500 documents", found);
    for (limit, expected) in [(1, 1), (101, 101), (499, 499)] {
        let found = count(&client, json!({"limit": limit})).await;
        require(found == expected, "find answers as many documents as `limit` says", format_args!("{found} with limit {limit}"));
    }
    let found = count(&space, json!({"limit": 600})).await;
    require(found >= 500, "find answers other callers at least as many documents as a mini program", found);
    let found = space.ids(json!({}), json!({"sort": {"_id": 1}, "skip": 690, "limit": 3})).await;
    require(same(&json!([690, 691, 692]), &json!(found)), "skip leaves out the first documents of the order", json!(found));
    let found = space.ids(json!({}), json!({"skip": 700})).await;
    require(found.is_empty(), "skip beyond the last document leaves nothing", json!(found));
}

pub(super) async fn pages_by_id_see_every_document_once(space: Space) {
    let docs: Vec<Value> = (0..250).map(|n| json!({"n": n})).collect();
    space.fill(json!(docs)).await;
    // As the manual goes through a collection (3.10.1).
    let (mut last, mut seen) = (json!({"$minKey": 1}), Vec::new());
    loop {
        let page = space.find(json!({"_id": {"$gt": last}}), json!({"limit": 100, "sort": {"_id": 1}})).await;
        let Some(end) = page.last() else { break };
        last = end["_id"].clone();
        seen.extend(page.iter().filter_map(|document| document["n"].as_i64()));
        require(seen.len() <= 250, "pages by _id do not repeat documents", seen.len());
    }
    seen.sort_unstable();
    require(seen == (0..250).collect::<Vec<_>>(), "pages by _id see every document once", format_args!("{seen:?}"));
}

pub(super) async fn sorts_by_several_fields(space: Space) {
    space
        .fill(json!([{"_id": 1, "a": 1, "b": 3}, {"_id": 2, "a": 2, "b": 1}, {"_id": 3, "a": 1, "b": 2}, {"_id": 4, "a": 2, "b": 2}]))
        .await;
    for (sort, expected) in [
        (r#"{"a":1,"b":1}"#, json!([3, 1, 2, 4])),
        (r#"{"a":-1,"b":1}"#, json!([2, 4, 3, 1])),
        (r#"{"a":1,"b":-1}"#, json!([1, 3, 4, 2])),
        (r#"{"b":1,"a":1}"#, json!([2, 3, 4, 1])),
        (r#"{"b":-1,"a":-1}"#, json!([1, 4, 3, 2])),
    ] {
        let params = format!(r#"{{"collection":"c","command":"find","query":{{}},"options":{{"sort":{sort}}}}}"#);
        let reply = space.text(&params, None).await.unwrap_or_else(|error| panic!("{params} has to succeed\n  answered: {error:?}"));
        let answer: Value = reply.decode().unwrap_or_default();
        let found: Vec<&Value> = answer["result"].as_array().into_iter().flatten().map(|document| &document["_id"]).collect();
        let rule = "documents are sorted by the first field, equal ones by the next, as the order of fields says";
        require(same(&expected, &json!(found)), rule, format_args!("{} with {sort}", json!(found)));
    }
}

pub(super) async fn sorts_values_of_all_types(space: Space) {
    let values = [
        json!({"$minKey": 1}),
        json!(null),
        json!(-1),
        json!(2.5),
        json!(3),
        json!("a"),
        json!("b"),
        json!({"x": 1}),
        json!({"$binary": {"base64": "AA==", "subType": "00"}}),
        json!({"$oid": "0123456789abcdef01234567"}),
        json!(false),
        json!(true),
        json!("2020-01-01T00:00:00.000Z"),
        json!({"$timestamp": {"t": 1, "i": 1}}),
        json!({"$regularExpression": {"pattern": "a", "options": ""}}),
        json!({"$maxKey": 1}),
    ];
    let docs: Vec<Value> = values.iter().enumerate().rev().map(|(place, value)| json!({"_id": place, "v": value})).collect();
    space.fill(json!(docs)).await;
    let rule = "values sort by type first: MinKey, null, numbers, strings, objects, arrays, binary, ObjectId, bool, date, timestamp, regex, MaxKey";
    let expected: Vec<usize> = (0..values.len()).collect();
    let found = space.ids(json!({}), json!({"sort": {"v": 1}})).await;
    require(same(&json!(expected), &json!(found)), rule, json!(found));
    let found: Vec<Value> = space.ids(json!({}), json!({"sort": {"v": -1}})).await.into_iter().rev().collect();
    require(same(&json!(expected), &json!(found)), "a descending sort is the reverse", json!(found));
}

pub(super) async fn sorts_arrays_and_missing_fields(space: Space) {
    space.fill(json!([{"_id": 1, "v": [5, 1]}, {"_id": 2, "v": 3}, {"_id": 3, "v": [4]}, {"_id": 4}, {"_id": 5, "v": []}])).await;
    let found = space.ids(json!({}), json!({"sort": {"v": 1}})).await;
    let rule = "ascending, an array sorts by its least element, an empty one before null, and a missing field as null";
    require(same(&json!([5, 4, 1, 2, 3]), &json!(found)), rule, json!(found));
    let found = space.ids(json!({}), json!({"sort": {"v": -1}})).await;
    require(same(&json!([1, 3, 2, 4, 5]), &json!(found)), "descending, an array sorts by its greatest element", json!(found));
}

pub(super) async fn projections(space: Space) {
    space.fill(json!([{"_id": 1, "a": 1, "b": {"c": 2, "d": 3}, "l": [{"x": 1, "y": 1}, {"x": 2, "y": 2}, {"x": 3, "y": 3}]}])).await;
    for (projection, expected) in [
        (json!({}), json!({"_id": 1, "a": 1, "b": {"c": 2, "d": 3}, "l": [{"x": 1, "y": 1}, {"x": 2, "y": 2}, {"x": 3, "y": 3}]})),
        (json!({"a": 1}), json!({"_id": 1, "a": 1})),
        (json!({"a": 1, "_id": 0}), json!({"a": 1})),
        (json!({"b.c": 1, "_id": 0}), json!({"b": {"c": 2}})),
        (json!({"b.c": 0, "l": 0}), json!({"_id": 1, "a": 1, "b": {"d": 3}})),
        (json!({"_id": 0, "b": 0, "l": 0}), json!({"a": 1})),
        (json!({"_id": 1}), json!({"_id": 1})),
        (json!({"l.x": 1, "_id": 0}), json!({"l": [{"x": 1}, {"x": 2}, {"x": 3}]})),
        (json!({"missing": 1}), json!({"_id": 1})),
        (json!({"l": {"$slice": 1}, "a": 1}), json!({"_id": 1, "a": 1, "l": [{"x": 1, "y": 1}]})),
        (json!({"l": {"$elemMatch": {"x": 2}}}), json!({"_id": 1, "l": [{"x": 2, "y": 2}]})),
    ] {
        let params = json!({"query": {"_id": 1}, "options": {"projection": projection}});
        let rule = "a projection includes or excludes fields, and _id unless it says otherwise";
        space.answers("findOne", params, json!({"affectedDocs": 1, "result": expected}), rule).await;
    }
    let params = json!({"query": {"l.x": 2}, "options": {"projection": {"l.$": 1}}});
    let rule = "the positional projection shows the element that the filter met";
    space.answers("findOne", params, json!({"affectedDocs": 1, "result": {"_id": 1, "l": [{"x": 2, "y": 2}]}}), rule).await;
    for projection in [json!({"a": 1, "b": 0}), json!({"$a": 1}), json!([]), json!("a")] {
        let rule = "a projection that mixes including and excluding, or is none, is refused";
        space.refuses("find", json!({"options": {"projection": projection}}), INVALID_PARAMS, rule).await;
    }
}

pub(super) async fn collations(space: Space) {
    space.fill(json!([{"_id": 1, "s": "b"}, {"_id": 2, "s": "A"}, {"_id": 3, "s": "a"}, {"_id": 4, "s": "á"}, {"_id": 5, "s": "10"}, {"_id": 6, "s": "9"}])).await;
    let by = async |query: Value, collation: Value| {
        let options = json!({"collation": collation, "sort": {"_id": 1}});
        json!(space.ids(query, options).await)
    };
    for (collation, expected) in [
        (json!({"locale": "en", "strength": 1}), json!([2, 3, 4])),
        (json!({"locale": "en", "strength": 2}), json!([2, 3])),
        (json!({"locale": "en", "strength": 3}), json!([3])),
        (json!({"locale": "simple"}), json!([3])),
    ] {
        let found = by(json!({"s": "a"}), collation.clone()).await;
        let rule = "strength 1 compares letters, 2 also accents, 3 also case";
        require(same(&expected, &found), rule, format_args!("{found} with {collation}"));
    }
    let found =
        space.ids(json!({"_id": {"$gte": 5}}), json!({"sort": {"s": 1}, "collation": {"locale": "en", "numericOrdering": true}})).await;
    require(same(&json!([6, 5]), &json!(found)), "numericOrdering sorts digits by their number", json!(found));
    let found = space.ids(json!({"_id": {"$lte": 3}}), json!({"sort": {"s": 1}})).await;
    require(same(&json!([2, 3, 1]), &json!(found)), "without a collation strings sort by their code points", json!(found));
    let found = space.ids(json!({"_id": {"$lte": 3}}), json!({"sort": {"s": 1}, "collation": {"locale": "en"}})).await;
    require(same(&json!([3, 2, 1]), &json!(found)), "a locale sorts letters before their case", json!(found));
    for collation in [json!({"strength": 2}), json!({"locale": "en", "strength": 9}), json!("en")] {
        space
            .refuses("find", json!({"options": {"collation": collation}}), INVALID_PARAMS, "a collation needs a locale, and known values")
            .await;
    }
}

pub(super) async fn time_limits(space: Space) {
    let docs: Vec<Value> = (0..3000).map(|n| json!({"_id": n, "k": n % 3, "t": "y".repeat(200)})).collect();
    space.fill(json!(docs)).await;
    // Millions of pairs: no backend is done with them in the time that is given.
    let lookup = json!({"from": "c", "let": {"n": "$_id"}, "as": "x", "pipeline": [
        {"$match": {"$expr": {"$lt": [{"$mod": [{"$multiply": ["$$n", "$_id"]}, 7]}, 0]}}}
    ]});
    let before = Instant::now();
    let params = json!({"pipeline": [{"$lookup": lookup}, {"$match": {"x.0": {"$exists": true}}}], "options": {"maxTimeMS": 100}});
    let error = space.refuses("aggregate", params, TIMEOUT, "maxTimeMS ends a command that takes longer").await;
    let rule = "the message of a command that took too long is the manual's (3.10.1)";
    require(error.message().contains("operation exceeded time limit"), rule, &error);
    require(before.elapsed() < Duration::from_secs(20), "maxTimeMS ends a command soon after", format_args!("{:?}", before.elapsed()));
    let late = space.until(Instant::now(), "find", json!({"query": {"t": "z"}})).await;
    let rule = "a call whose deadline has passed is the error RequestTimeout";
    require(late.as_ref().is_err_and(|error| error.code() == TIMEOUT), rule, cut(&format!("{late:?}")));
    let params = json!({"query": {"_id": 1}, "options": {"maxTimeMS": 3000}});
    space.includes("findOne", params, json!({"affectedDocs": 1}), "a command that is quick enough is answered").await;
}
