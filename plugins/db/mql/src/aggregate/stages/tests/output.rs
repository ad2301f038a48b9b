//! `$out` and `$merge`.

use bson::{Document, doc};

use super::{Store, pipeline, refused};
use crate::aggregate::{Context, Merge, Output, WhenNotMatched};
use crate::expression::Variables;

fn merge(spec: &str) -> Merge {
    match pipeline(&format!(r#"[{{"$merge":{spec}}}]"#)).unwrap().output() {
        Some(Output::Merge(merge)) => merge.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn merged(spec: &str, expected: Option<Document>) {
    let existing = doc! {"_id": 1, "a": 1, "b": {"x": 1}};
    let result = doc! {"_id": 1, "b": {"y": 2}, "n": 5};
    assert_eq!(merge(spec).merged(&existing, &result, &Variables::new()).unwrap(), expected);
}

#[test]
fn out() {
    let parsed = pipeline(r#"[{"$match":{"a":1}},{"$out":"target"}]"#).unwrap();
    assert_eq!(parsed.output().map(Output::collection), Some("target"));
    let mut store = Store::of(r#"[{"a":1},{"a":2}]"#);
    assert_eq!(store.run(&parsed, Context::default()).unwrap(), [doc! {"a": 1}]);
    refused(r#"[{"$out":1}]"#, 16990);
    refused(r#"[{"$out":""}]"#, 73);
    refused(r#"[{"$out":"a$b"}]"#, 73);
    refused(r#"[{"$out":"system.users"}]"#, 17385);
}

#[test]
fn merges() {
    merged(r#""t""#, Some(doc! {"_id": 1, "a": 1, "b": {"y": 2}, "n": 5}));
    merged(r#"{"into":"t","whenMatched":"replace"}"#, Some(doc! {"_id": 1, "b": {"y": 2}, "n": 5}));
    merged(r#"{"into":"t","whenMatched":"keepExisting"}"#, None);
    merged(
        r#"{"into":"t","whenMatched":[{"$set":{"n":{"$add":["$a","$$new.n","$$more"]}}}],"let":{"more":"$b.y"}}"#,
        Some(doc! {"_id": 1, "a": 1, "b": {"x": 1}, "n": 8}),
    );
    let error = merge(r#"{"into":"t","whenMatched":"fail"}"#).merged(&doc! {"_id": 1}, &doc! {"_id": 1}, &Variables::new()).unwrap_err();
    assert_eq!(error.code().number(), 11000);
    for spec in [r#"{"into":"t","on":"k","whenMatched":"replace"}"#, r#"{"into":"t","on":"k"}"#] {
        let error = merge(spec).merged(&doc! {"_id": 1, "k": 1}, &doc! {"_id": 2, "k": 1}, &Variables::new()).unwrap_err();
        assert_eq!(error.code().number(), 66);
    }
    let kept =
        merge(r#"{"into":"t","on":"k","whenMatched":"replace"}"#).merged(&doc! {"_id": 1, "k": 1}, &doc! {"k": 1}, &Variables::new());
    assert_eq!(kept.unwrap(), Some(doc! {"_id": 1, "k": 1}));
}

#[test]
fn keys() {
    let merge = merge(r#"{"into":{"db":"d","coll":"t"},"on":["a","b.c"],"whenNotMatched":"discard"}"#);
    assert_eq!((merge.database(), merge.collection(), merge.when_not_matched()), (Some("d"), "t", WhenNotMatched::Discard));
    assert_eq!(merge.key(&doc! {"a": 1, "b": {"c": 2}}).unwrap(), doc! {"a": {"$eq": 1}, "b.c": {"$eq": 2}});
    assert_eq!(merge.key(&doc! {"a": 1}).unwrap_err().code().number(), 51132);
    assert_eq!(merge.key(&doc! {"a": [1], "b": {"c": 2}}).unwrap_err().code().number(), 51185);
}

#[test]
fn what_merge_refuses() {
    for (stage, number) in [
        ("1", 51182),
        ("{}", 40414),
        (r#"{"into":1}"#, 51178),
        (r#"{"into":"a","x":1}"#, 40415),
        (r#"{"into":"a","on":1}"#, 51186),
        (r#"{"into":"a","on":[]}"#, 51187),
        (r#"{"into":"a","on":[1]}"#, 51134),
        (r#"{"into":"a","on":["b","b"]}"#, 31465),
        (r#"{"into":"a","whenMatched":"x"}"#, 2),
        (r#"{"into":"a","whenMatched":[{"$match":{}}]}"#, 72),
        (r#"{"into":"a","whenNotMatched":1}"#, 2),
        (r#"{"into":"a","whenMatched":"fail","whenNotMatched":"discard"}"#, 51181),
        (r#"{"into":"a","whenMatched":"merge","let":{"b":1}}"#, 51199),
        (r#"{"into":"a","whenMatched":[],"let":{"new":1}}"#, 51273),
    ] {
        refused(&format!(r#"[{{"$merge":{stage}}}]"#), number);
    }
}
