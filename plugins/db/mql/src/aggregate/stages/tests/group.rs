//! `$group`, its accumulators, and `$sortByCount`.

use std::sync::Arc;

use bson::{Bson, Document, doc};

use super::{Store, pipeline, refused};
use crate::aggregate::{Context, Options, Pipeline, SpillWith};
use crate::collation::Collation;

const SALES: &str = r#"[{"_id":1,"item":"abc","price":10,"quantity":2,"day":1},{"_id":2,"item":"jkl","price":20,"quantity":1,"day":1},
    {"_id":3,"item":"xyz","price":5,"quantity":10,"day":15},{"_id":4,"item":"xyz","price":5,"quantity":20,"day":4},
    {"_id":5,"item":"abc","price":10,"quantity":10,"day":4},{"_id":6,"item":"def","price":7.5,"quantity":5,"day":2}]"#;

#[test]
fn groups() {
    Store::of(SALES).check(
        r#"[{"$group":{"_id":"$item","total":{"$sum":{"$multiply":["$price","$quantity"]}},"average":{"$avg":"$quantity"},"n":{"$sum":1}}}]"#,
        r#"[{"_id":"abc","total":120,"average":6.0,"n":2},{"_id":"def","total":37.5,"average":5.0,"n":1},
            {"_id":"jkl","total":20,"average":1.0,"n":1},{"_id":"xyz","total":150,"average":15.0,"n":2}]"#,
    );
    Store::of(SALES)
        .check(r#"[{"$group":{"_id":null,"items":{"$addToSet":"$item"}}}]"#, r#"[{"_id":null,"items":["abc","def","jkl","xyz"]}]"#);
    Store::of(SALES).check(r#"[{"$group":{"_id":{"d":"$day"}}},{"$match":{"_id.d":{"$lt":3}}}]"#, r#"[{"_id":{"d":1}},{"_id":{"d":2}}]"#);
    Store::of("[]").check(r#"[{"$group":{"_id":null,"n":{"$sum":1}}}]"#, "[]");
}

#[test]
fn values_that_are_equal_are_one_group() {
    Store::of(r#"[{"a":1},{"a":1.0},{"a":{"$numberLong":"1"}},{"a":null},{"b":1}]"#)
        .check(r#"[{"$group":{"_id":"$a","n":{"$sum":1}}}]"#, r#"[{"_id":null,"n":2},{"_id":1,"n":3}]"#);
}

#[test]
fn accumulators() {
    let scores =
        r#"[{"_id":1,"v":3,"o":{"a":1}},{"_id":2,"v":null,"o":{"b":2,"a":3}},{"_id":3},{"_id":4,"v":"x"},{"_id":5,"v":5,"o":null}]"#;
    Store::of(scores).check(
        r#"[{"$group":{"_id":0,"first":{"$first":"$v"},"last":{"$last":"$v"},"max":{"$max":"$v"},"min":{"$min":"$v"},"push":{"$push":"$v"},
            "set":{"$addToSet":"$v"},"sum":{"$sum":"$v"},"avg":{"$avg":"$v"},"merged":{"$mergeObjects":"$o"},"all":{"$stdDevPop":"$v"}}}]"#,
        r#"[{"_id":0,"first":3,"last":5,"max":"x","min":3,"push":[3,null,"x",5],"set":[null,3,5,"x"],"sum":8,"avg":4.0,
            "merged":{"a":3,"b":2},"all":1.0}]"#,
    );
    Store::of(r#"[{"_id":1}]"#).check(
        r#"[{"$group":{"_id":0,"first":{"$first":"$v"},"max":{"$max":"$v"},"avg":{"$avg":"$v"},"sum":{"$sum":"$v"},"push":{"$push":"$v"},
            "all":{"$stdDevPop":"$v"},"some":{"$stdDevSamp":"$_id"},"merged":{"$mergeObjects":"$v"}}}]"#,
        r#"[{"_id":0,"first":null,"max":null,"avg":null,"sum":0,"push":[],"all":null,"some":null,"merged":{}}]"#,
    );
    Store::of(r#"[{"v":1}]"#).fails(r#"[{"$group":{"_id":0,"m":{"$mergeObjects":"$v"}}}]"#, 40400);
}

#[test]
fn what_is_refused() {
    for (stage, number) in [
        ("1", 15947),
        ("{}", 15955),
        (r#"{"_id":1,"a.b":{"$sum":1}}"#, 40235),
        (r#"{"_id":1,"$a":{"$sum":1}}"#, 40236),
        (r#"{"_id":1,"a":1}"#, 40234),
        (r#"{"_id":1,"a":{"$sum":1,"$avg":1}}"#, 40238),
        (r#"{"_id":1,"a":{"$nothing":1}}"#, 15952),
        (r#"{"_id":1,"a":{"$sum":[1,2]}}"#, 40237),
        (r#"{"_id":{"$nothing":1}}"#, 168),
    ] {
        refused(&format!(r#"[{{"$group":{stage}}}]"#), number);
    }
}

/// Each of 500 groups has four documents.
fn many() -> Vec<Document> {
    (0..2000).map(|n| doc! {"_id": n, "key": format!("k{:04}", n % 500), "n": n, "x": f64::from(n) / 3.0, "d": {"n": n}}).collect()
}

const ALL: &str = r#"[{"$group":{"_id":"$key","sum":{"$sum":"$n"},"avg":{"$avg":"$x"},"push":{"$push":"$n"},"set":{"$addToSet":{"$mod":["$n",3]}},
    "min":{"$min":"$n"},"max":{"$max":"$n"},"first":{"$first":"$n"},"last":{"$last":"$n"},"merged":{"$mergeObjects":"$d"},
    "missing":{"$first":"$nothing"}}}]"#;

#[test]
fn memory_is_bounded_or_spills() {
    let stages = pipeline(ALL).unwrap();
    let small = Context { memory: 30_000, ..Context::default() };
    let error = Store::default().put(many()).run(&stages, small.clone()).unwrap_err();
    assert_eq!(error.code().number(), 16945);
    assert_eq!(error.message(), "Exceeded memory limit for $group, but didn't allow external sort. Pass allowDiskUse:true to opt in.");

    let expected = Store::default().put(many()).run(&stages, Context::default()).unwrap();
    assert_eq!(expected.len(), 500);
    let spilling = Context { spill: Some(Arc::new(SpillWith(|| Ok(std::io::Cursor::new(Vec::new()))))), ..small };
    assert_eq!(Store::default().put(many()).run(&stages, spilling).unwrap(), expected);
}

#[test]
fn deviations_are_the_same_when_spilled() {
    let stages = pipeline(r#"[{"$group":{"_id":"$key","all":{"$stdDevPop":"$x"},"some":{"$stdDevSamp":"$x"}}}]"#).unwrap();
    let expected = Store::default().put(many()).run(&stages, Context::default()).unwrap();
    let spilling =
        Context { memory: 30_000, spill: Some(Arc::new(SpillWith(|| Ok(std::io::Cursor::new(Vec::new()))))), ..Context::default() };
    let spilled = Store::default().put(many()).run(&stages, spilling).unwrap();
    for (one, other) in expected.iter().zip(&spilled) {
        for field in ["all", "some"] {
            let (a, b) = (one.get_f64(field).unwrap(), other.get_f64(field).unwrap());
            assert!((a - b).abs() <= 1e-9 * a, "{one} {other}");
        }
    }
    assert_eq!(expected.len(), spilled.len());
}

#[test]
fn a_collation_decides_what_is_equal() {
    let collation = Collation::parse(&doc! {"locale": "en", "strength": 2}).unwrap();
    let stages = [Bson::Document(doc! {"$group": {"_id": "$a", "n": {"$sum": 1}, "set": {"$addToSet": "$a"}}})];
    let stages = Pipeline::parse(&stages, &Options { collation, ..Options::default() }).unwrap();
    let results = Store::of(r#"[{"a":"X"},{"a":"x"},{"a":"y"}]"#).run(&stages, Context::default()).unwrap();
    assert_eq!(results, [doc! {"_id": "X", "n": 2, "set": ["X"]}, doc! {"_id": "y", "n": 1, "set": ["y"]}]);
}

#[test]
fn sorts_by_count() {
    let exhibits = r#"[{"tags":["painting","satire"]},{"tags":["woodcut"]},{"tags":["oil","painting"]},{"tags":["painting","oil"]}]"#;
    Store::of(exhibits).check(
        r#"[{"$unwind":"$tags"},{"$sortByCount":"$tags"}]"#,
        r#"[{"_id":"painting","count":3},{"_id":"oil","count":2},{"_id":"satire","count":1},{"_id":"woodcut","count":1}]"#,
    );
    for (stage, number) in [(r#""tags""#, 40148), (r#"{"a":1}"#, 40147), ("1", 40149)] {
        refused(&format!(r#"[{{"$sortByCount":{stage}}}]"#), number);
    }
}
