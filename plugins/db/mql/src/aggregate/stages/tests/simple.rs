//! `$match`, `$sort`, `$limit`, `$skip`, `$count`, `$sample`, and those that change documents.

use bson::doc;

use super::{Store, pipeline, refused};
use crate::aggregate::{Context, DEFAULT_MEMORY, SpillWith};

const ARTICLES: &str = r#"[{"_id":1,"author":"dave","score":80,"views":100},{"_id":2,"author":"dave","score":85,"views":521},
    {"_id":3,"author":"ahn","score":60,"views":1000},{"_id":4,"author":"li","score":55,"views":5000},
    {"_id":5,"author":"annT","score":60,"views":50},{"_id":6,"author":"li","score":94,"views":999},
    {"_id":7,"author":"ty","score":95,"views":1000}]"#;

#[test]
fn matches() {
    Store::of(ARTICLES).check(
        r#"[{"$match":{"author":"dave"}}]"#,
        r#"[{"_id":1,"author":"dave","score":80,"views":100},{"_id":2,"author":"dave","score":85,"views":521}]"#,
    );
    Store::of(ARTICLES).check(
        r#"[{"$match":{"$or":[{"score":{"$gt":70,"$lt":90}},{"views":{"$gte":1000}}]}},{"$group":{"_id":null,"count":{"$sum":1}}}]"#,
        r#"[{"_id":null,"count":5}]"#,
    );
    Store::of(ARTICLES).check(r#"[{"$limit":3},{"$match":{"score":{"$lt":70}}},{"$project":{"score":1}}]"#, r#"[{"_id":3,"score":60}]"#);
    refused(r#"[{"$match":1}]"#, 15959);
    refused(r#"[{"$match":{"a":{"$near":{"$geometry":{"type":"Point","coordinates":[1,2]}}}}}]"#, 2);
}

#[test]
fn leading_matches_are_the_stores() {
    let parsed =
        pipeline(r#"[{"$match":{"score":{"$gt":60}}},{"$match":{"author":"li"}},{"$sort":{"views":1}},{"$skip":1},{"$limit":2}]"#).unwrap();
    let query = parsed.query(&crate::expression::Variables::new());
    assert!(query.matches(&doc! {"score": 61, "author": "li"}).unwrap());
    assert!(!query.matches(&doc! {"score": 61, "author": "ty"}).unwrap());
    assert!(query.sort.is_some());
    assert_eq!(query.limit, Some(3));
    assert_eq!(pipeline(r#"[{"$match":{"a":1}},{"$count":"n"}]"#).unwrap().count_only(), Some("n"));
    assert_eq!(pipeline(r#"[{"$limit":1},{"$count":"n"}]"#).unwrap().count_only(), None);
}

#[test]
fn paging() {
    Store::of(ARTICLES).check(
        r#"[{"$sort":{"score":-1}},{"$skip":1},{"$limit":2},{"$project":{"score":1}}]"#,
        r#"[{"_id":6,"score":94},{"_id":2,"score":85}]"#,
    );
    Store::of(ARTICLES).check(r#"[{"$skip":10}]"#, "[]");
    let mut store = Store::of(ARTICLES);
    assert_eq!(store.run(&pipeline(r#"[{"$limit":3.7}]"#).unwrap(), Context::default()).unwrap().len(), 3);
    assert_eq!((store.read, store.opened, store.closed), (4, 1, 1), "two batches of two are enough");
    refused(r#"[{"$limit":0}]"#, 15958);
    refused(r#"[{"$limit":-1}]"#, 15958);
    refused(r#"[{"$limit":"1"}]"#, 15957);
    refused(r#"[{"$skip":-1}]"#, 15956);
    refused(r#"[{"$skip":null}]"#, 15972);
}

#[test]
fn counts() {
    Store::of(ARTICLES).check(r#"[{"$match":{"score":{"$gt":80}}},{"$count":"passing"}]"#, r#"[{"passing":3}]"#);
    Store::of("[]").check(r#"[{"$count":"n"}]"#, "[]");
    for (stage, number) in [(r#"1"#, 40156), (r#""""#, 40157), (r#""$n""#, 40158), (r#""a.b""#, 40160)] {
        refused(&format!(r#"[{{"$count":{stage}}}]"#), number);
    }
}

#[test]
fn sorts() {
    let users = r#"[{"_id":1,"age":30,"posts":2},{"_id":2,"age":40,"posts":9},{"_id":3,"age":30,"posts":1},{"_id":4}]"#;
    Store::of(users).check(
        r#"[{"$sort":{"age":-1,"posts":1}}]"#,
        r#"[{"_id":2,"age":40,"posts":9},{"_id":3,"age":30,"posts":1},{"_id":1,"age":30,"posts":2},{"_id":4}]"#,
    );
    for (stage, number) in
        [("1", 15973), ("{}", 15976), (r#"{"a":"x"}"#, 15974), (r#"{"a":2}"#, 15975), (r#"{"a":{"$meta":"textScore"}}"#, 115)]
    {
        refused(&format!(r#"[{{"$sort":{stage}}}]"#), number);
    }
}

#[test]
fn a_store_may_sort() {
    let stages = pipeline(r#"[{"$sort":{"score":1}},{"$limit":2},{"$project":{"score":1}}]"#).unwrap();
    let (mut plain, mut sorting) = (Store::of(ARTICLES), Store::of(ARTICLES));
    sorting.sorts = true;
    let expected = plain.run(&stages, Context::default()).unwrap();
    assert_eq!(sorting.run(&stages, Context::default()).unwrap(), expected);
    assert_eq!((plain.read, sorting.read), (7, 2), "what is sorted need not be read to its end");
}

/// More than a bound of 20,000 bytes holds.
fn many() -> Vec<bson::Document> {
    (0..2000).map(|n| doc! {"_id": n, "key": (n * 7919) % 2000, "text": "x".repeat(50)}).collect()
}

#[test]
fn sorting_is_bounded_or_spills() {
    let stages = pipeline(r#"[{"$sort":{"key":1}},{"$project":{"key":1,"_id":0}}]"#).unwrap();
    let small = Context { memory: 20_000, ..Context::default() };
    let error = Store::default().put(many()).run(&stages, small.clone()).unwrap_err();
    assert_eq!(error.code().number(), 16819);
    assert!(error.message().starts_with("Sort exceeded memory limit of 20000 bytes"), "{error}");

    let spilling = Context { spill: Some(std::sync::Arc::new(SpillWith(|| Ok(std::io::Cursor::new(Vec::new()))))), ..small.clone() };
    let keys: Vec<i32> =
        Store::default().put(many()).run(&stages, spilling).unwrap().iter().map(|doc| doc.get_i32("key").unwrap()).collect();
    assert_eq!(keys, (0..2000).collect::<Vec<i32>>());

    let first = pipeline(r#"[{"$sort":{"key":1}},{"$limit":5},{"$project":{"key":1,"_id":0}}]"#).unwrap();
    let kept = Store::default().put(many()).run(&first, small).unwrap();
    assert_eq!(kept, (0..5).map(|n| doc! {"key": n}).collect::<Vec<_>>(), "only the first ones are held");
}

#[test]
fn sorts_that_spill_are_stable() {
    let stages = pipeline(r#"[{"$sort":{"same":1}},{"$project":{"_id":1}}]"#).unwrap();
    let spill = std::sync::Arc::new(SpillWith(|| Ok(std::io::Cursor::new(Vec::new()))));
    let context = Context { memory: 2_000, spill: Some(spill), ..Context::default() };
    let ids: Vec<i32> = Store::default().put(many()).run(&stages, context).unwrap().iter().map(|doc| doc.get_i32("_id").unwrap()).collect();
    assert_eq!(ids, (0..2000).collect::<Vec<i32>>());
}

#[test]
fn a_file_that_fails_is_an_error() {
    let spill = std::sync::Arc::new(SpillWith(|| -> std::io::Result<std::io::Cursor<Vec<u8>>> { Err(std::io::Error::other("disk full")) }));
    let context = Context { memory: 2_000, spill: Some(spill), ..Context::default() };
    let error = Store::default().put(many()).run(&pipeline(r#"[{"$sort":{"key":1}}]"#).unwrap(), context).unwrap_err();
    assert!(error.message().contains("disk full"), "{error}");
}

#[test]
fn samples() {
    let stages = pipeline(r#"[{"$sample":{"size":10}}]"#).unwrap();
    let drawn = |seed| {
        let context = Context { seed: Some(seed), ..Context::default() };
        let docs = Store::default().put(many()).run(&stages, context).unwrap();
        docs.iter().map(|doc| doc.get_i32("_id").unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(drawn(1).len(), 10);
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    let mut sorted = drawn(3);
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 10, "no document twice");
    let mut hits = [0; 10];
    for seed in 0..400 {
        let context = Context { seed: Some(seed), ..Context::default() };
        let docs = Store::default().put(many().into_iter().take(10).collect());
        let mut docs = docs;
        for doc in docs.run(&pipeline(r#"[{"$sample":{"size":3}}]"#).unwrap(), context).unwrap() {
            hits[usize::try_from(doc.get_i32("_id").unwrap()).unwrap()] += 1;
        }
    }
    assert!(hits.iter().all(|hits| (70..170).contains(hits)), "each of ten is drawn about 120 times of 400: {hits:?}");
    Store::of(ARTICLES).check(r#"[{"$sample":{"size":0}}]"#, "[]");
    for (stage, number) in [("1", 28745), (r#"{"size":"x"}"#, 28746), (r#"{"size":-1}"#, 28747), (r#"{"n":1}"#, 28748), ("{}", 28749)] {
        refused(&format!(r#"[{{"$sample":{stage}}}]"#), number);
    }
}

#[test]
fn changes() {
    Store::of(r#"[{"_id":1,"student":"Maya","homework":[10,5,10],"quiz":[10,8],"extraCredit":0}]"#).check(
        r#"[{"$addFields":{"totalHomework":{"$sum":"$homework"},"totalQuiz":{"$sum":"$quiz"}}},
            {"$addFields":{"totalScore":{"$add":["$totalHomework","$totalQuiz","$extraCredit"]}}},{"$unset":["homework","quiz"]}]"#,
        r#"[{"_id":1,"student":"Maya","extraCredit":0,"totalHomework":25,"totalQuiz":18,"totalScore":43}]"#,
    );
    Store::of(r#"[{"_id":1,"pets":{"dogs":2,"cats":3}},{"_id":2,"pets":{"hamsters":1}}]"#)
        .check(r#"[{"$replaceRoot":{"newRoot":"$pets"}}]"#, r#"[{"dogs":2,"cats":3},{"hamsters":1}]"#);
    Store::of(r#"[{"_id":1}]"#).fails(r#"[{"$replaceWith":"$pets"}]"#, 40228);
}

#[test]
fn shapes_of_pipelines() {
    refused("[1]", 14);
    refused("[{}]", 40323);
    refused(r#"[{"$limit":1,"$skip":1}]"#, 40323);
    refused(r#"[{"$nothing":1}]"#, 40324);
    refused(r#"[{"$out":"a"},{"$limit":1}]"#, 40601);
    refused(r#"[{"$merge":"a"},{"$limit":1}]"#, 40601);
    refused(r#"[{"$indexStats":{}}]"#, 115);
    refused(r#"[{"$collStats":{}}]"#, 115);
    refused(r#"[{"$limit":1},{"$indexStats":{}}]"#, 40602);
    refused(&format!("[{}]", [r#"{"$limit":1}"#; 1001].join(",")), 9);
    Store::of(ARTICLES).check(&format!("[{},{{\"$count\":\"n\"}}]", [r#"{"$limit":5}"#; 999].join(",")), r#"[{"n":5}]"#);
    assert_eq!(Context::default().memory, DEFAULT_MEMORY);
}
