//! `$facet`.

use super::{Store, pipeline, refused};
use crate::aggregate::Context;

const ARTWORK: &str = r#"[{"_id":1,"year":1926,"price":199,"tags":["painting","satire"]},{"_id":2,"year":1902,"price":280,"tags":["woodcut"]},
    {"_id":3,"price":76,"tags":["oil","painting"]}]"#;

#[test]
fn several_pipelines_over_the_same_documents() {
    let stages = r#"[{"$facet":{"byTag":[{"$unwind":"$tags"},{"$sortByCount":"$tags"},{"$limit":1}],
        "byPrice":[{"$match":{"price":{"$gt":100}}},{"$bucket":{"groupBy":"$price","boundaries":[0,200,300]}}],"first":[{"$limit":1},{"$project":{"_id":1}}],
        "joined":[{"$match":{"_id":2}},{"$lookup":{"from":"other","localField":"_id","foreignField":"a","as":"o"}},{"$project":{"o":1}}]}}]"#;
    Store::of(ARTWORK).with("other", r#"[{"_id":7,"a":2},{"_id":8,"a":3}]"#).check(
        stages,
        r#"[{"byTag":[{"_id":"painting","count":2}],"byPrice":[{"_id":0,"count":1},{"_id":200,"count":1}],"first":[{"_id":1}],
            "joined":[{"_id":2,"o":[{"_id":7,"a":2}]}]}]"#,
    );
    Store::of("[]").check(r#"[{"$facet":{"a":[{"$count":"n"}],"b":[{"$match":{}}]}}]"#, r#"[{"a":[],"b":[]}]"#);
}

#[test]
fn reading_ends_when_every_pipeline_has_enough() {
    let mut store = Store::of(ARTWORK);
    store.run(&pipeline(r#"[{"$facet":{"a":[{"$limit":1}],"b":[{"$limit":1}]}}]"#).unwrap(), Context::default()).unwrap();
    assert_eq!(store.read, 2);
}

#[test]
fn memory_is_bounded() {
    let context = Context { memory: 500, ..Context::default() };
    let error = Store::of(ARTWORK).run(&pipeline(r#"[{"$facet":{"a":[{"$match":{}}]}}]"#).unwrap(), context).unwrap_err();
    assert_eq!(error.code().number(), 10334);
}

#[test]
fn what_is_refused() {
    for (stage, number) in [
        ("1", 40169),
        ("{}", 40169),
        (r#"{"a":1}"#, 40170),
        (r#"{"a":[1]}"#, 40171),
        (r#"{"a":[]}"#, 2),
        (r#"{"a.b":[{"$limit":1}]}"#, 16412),
        (r#"{"$a":[{"$limit":1}]}"#, 16410),
        (r#"{"a":[{"$out":"x"}]}"#, 40600),
        (r#"{"a":[{"$merge":"x"}]}"#, 40600),
        (r#"{"a":[{"$facet":{"b":[{"$limit":1}]}}]}"#, 40600),
        (r#"{"a":[{"$geoNear":{}}]}"#, 40600),
        (r#"{"a":[{"$indexStats":{}}]}"#, 40600),
    ] {
        refused(&format!(r#"[{{"$facet":{stage}}}]"#), number);
    }
}
