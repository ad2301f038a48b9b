//! What upserts insert, whether an update changed anything, pipelines and collations.

use bson::{Bson, doc};

use super::{Code, Replacement, Update, json, read};
use crate::error::Result;
use crate::update::UpdateOptions;
use crate::{Collation, Filter};

fn upsert(filter: &str, update: &str) -> Result<String> {
    let update = Update::parse(&read(update))?;
    update.upsert(&Filter::parse(&read(filter))?).map(|doc| json::to_string(&doc.into()))
}

#[track_caller]
fn inserts(filter: &str, update: &str, expected: &str) {
    assert_eq!(upsert(filter, update).unwrap(), expected, "{filter} {update}");
}

#[test]
fn equalities_of_the_filter_are_set() {
    let update = r#"{"$set":{"a":1}}"#;
    inserts("{}", update, r#"{"a":1}"#);
    inserts(r#"{"x":1,"_id":7}"#, update, r#"{"_id":7,"x":1,"a":1}"#);
    for filter in [
        r#"{"x":{"$eq":1}}"#,
        r#"{"x":{"$in":[1]}}"#,
        r#"{"x":{"$all":[1]}}"#,
        r#"{"$and":[{"x":1}]}"#,
        r#"{"$or":[{"x":{"$eq":1}}]}"#,
        r#"{"x":1,"y":{"$gt":5}}"#,
    ] {
        inserts(filter, update, r#"{"x":1,"a":1}"#);
    }
    for filter in [
        r#"{"x":{"$gt":1}}"#,
        r#"{"x":{"$ne":1}}"#,
        r#"{"x":{"$in":[1,2]}}"#,
        r#"{"x":{"$elemMatch":{"$eq":1}}}"#,
        r#"{"x":{"$not":{"$eq":1}}}"#,
        r#"{"$or":[{"x":1},{"x":1}]}"#,
        r#"{"$nor":[{"x":1}]}"#,
    ] {
        inserts(filter, update, r#"{"a":1}"#);
    }
    inserts(r#"{"x.y":1,"x.z":{"$eq":2}}"#, update, r#"{"x":{"y":1,"z":2},"a":1}"#);
    inserts(r#"{"_id.x":1,"_id.y":2}"#, update, r#"{"_id":{"x":1,"y":2},"a":1}"#);
    inserts("{}", r#"{"$setOnInsert":{"_id":5,"b":2},"$inc":{"n":1}}"#, r#"{"_id":5,"b":2,"n":1}"#);
    inserts(r#"{"n":5}"#, r#"{"$inc":{"n":1},"$unset":{"zz":1}}"#, r#"{"n":6}"#);
}

#[test]
fn upserts_that_are_refused() {
    for filter in [
        r#"{"x":{"$all":[1,2]}}"#,
        r#"{"$and":[{"x":1},{"x":1}]}"#,
        r#"{"x":{"y":1},"x.y":1}"#,
        r#"{"x.y":1,"x":1}"#,
        r#"{"x.y":1,"x-":1,"x":1}"#,
    ] {
        assert_eq!(upsert(filter, r#"{"$set":{"a":1}}"#).unwrap_err().code(), Code::NotSingleValueField, "{filter}");
    }
    assert_eq!(upsert(r#"{"_id":1}"#, r#"{"$set":{"_id":2}}"#).unwrap_err().code(), Code::ImmutableField);
    assert_eq!(upsert(r#"{"_id":[1]}"#, r#"{"$set":{"a":2}}"#).unwrap_err().code(), Code::InvalidIdField);
    assert_eq!(upsert("{}", r#"{"$set":{"_id":[1]}}"#).unwrap_err().code(), Code::InvalidIdField);
    assert_eq!(upsert(r#"{"$expr":true}"#, r#"{"$set":{"a":2}}"#).unwrap_err().code(), Code::QueryFeatureNotAllowed);
    assert!(upsert(r#"{"a":1}"#, r#"{"$set":{"a.$":2}}"#).unwrap_err().message().contains("did not find the match"));
}

#[test]
fn replacements_take_the_id_only() {
    let upsert = |filter: &str, replacement: &str| {
        Replacement::parse(read(replacement))
            .unwrap()
            .upsert(&Filter::parse(&read(filter)).unwrap())
            .map(|doc| json::to_string(&doc.into()))
    };
    assert_eq!(upsert(r#"{"_id":1,"x":[1],"x.x":1}"#, r#"{"a":2}"#).unwrap(), r#"{"_id":1,"a":2}"#);
    assert_eq!(upsert(r#"{"x":1}"#, r#"{"a":2,"_id":3}"#).unwrap(), r#"{"_id":3,"a":2}"#);
    assert_eq!(upsert(r#"{"x":1}"#, r#"{"a":2}"#).unwrap(), r#"{"a":2}"#);
    assert_eq!(upsert(r#"{"_id":1}"#, r#"{"_id":2}"#).unwrap_err().code(), Code::ImmutableField);
    assert_eq!(upsert(r#"{"_id.x":1}"#, r#"{"a":2}"#).unwrap_err().code(), Code::NotExactValueField);
    assert_eq!(upsert(r#"{"_id":{"$all":[1,2]}}"#, r#"{"a":2}"#).unwrap_err().code(), Code::NotSingleValueField);
    assert_eq!(upsert(r#"{"_id":[1,2]}"#, r#"{"a":2}"#).unwrap_err().code(), Code::InvalidIdField);
}

#[test]
fn what_changes_nothing_says_so() {
    for (update, changed) in [
        (r#"{"$set":{"a":1}}"#, false),
        (r#"{"$set":{"a":1.0}}"#, true),
        (r#"{"$set":{"a":2}}"#, true),
        (r#"{"$set":{"d":{"x":1,"y":2}}}"#, false),
        (r#"{"$set":{"d":{"y":2,"x":1}}}"#, true),
        (r#"{"$unset":{"zz":1,"l.9":1,"a.b":1}}"#, false),
        (r#"{"$unset":{"a":1}}"#, true),
        (r#"{"$inc":{"a":0}}"#, false),
        (r#"{"$inc":{"a":0.0}}"#, true),
        (r#"{"$mul":{"a":1}}"#, false),
        (r#"{"$min":{"a":1.5}}"#, false),
        (r#"{"$max":{"a":1.5}}"#, true),
        (r#"{"$max":{"a":1.0}}"#, false),
        (r#"{"$bit":{"a":{"or":1}}}"#, false),
        (r#"{"$addToSet":{"l":2}}"#, false),
        (r#"{"$addToSet":{"l":4}}"#, true),
        (r#"{"$addToSet":{"new":{"$each":[]}}}"#, true),
        (r#"{"$push":{"l":{"$each":[]}}}"#, false),
        (r#"{"$push":{"l":{"$each":[],"$slice":3}}}"#, false),
        (r#"{"$push":{"l":{"$each":[],"$sort":1}}}"#, false),
        (r#"{"$push":{"l":{"$each":[],"$sort":-1}}}"#, true),
        (r#"{"$pull":{"l":9}}"#, false),
        (r#"{"$pull":{"l":3}}"#, true),
        (r#"{"$pullAll":{"l":[9]}}"#, false),
        (r#"{"$pop":{"e":1}}"#, false),
        (r#"{"$pop":{"l":1}}"#, true),
        (r#"{"$rename":{"zz":"a"}}"#, false),
        (r#"{"$rename":{"a":"zz"}}"#, true),
        (r#"{"$setOnInsert":{"a":9}}"#, false),
        (r#"{"$currentDate":{"t":true}}"#, true),
    ] {
        let before = read(r#"{"_id":1,"a":1,"d":{"x":1,"y":2},"l":[1,2,3],"e":[]}"#);
        let mut doc = before.clone();
        assert_eq!(Update::parse(&read(update)).unwrap().apply(&mut doc).unwrap(), changed, "{update}");
        assert_eq!(doc.to_vec().unwrap() != before.to_vec().unwrap(), changed, "{update}");
    }
}

#[test]
fn pipelines() {
    let parse =
        |stages: &str, options: &UpdateOptions| Update::parse_with(read(&format!(r#"{{"p":{stages}}}"#)).get("p").unwrap(), options);
    let none = UpdateOptions::default();
    let mut doc = doc! {"_id": 1, "a": 2};
    let update = parse(r#"[{"$set":{"b":3}},{"$unset":"a"}]"#, &none).unwrap();
    assert!(update.apply(&mut doc).unwrap());
    assert!(!update.apply(&mut doc).unwrap());
    assert_eq!(doc, doc! {"_id": 1, "b": 3});
    let filter = Filter::parse(&doc! {"c": 9}).unwrap();
    assert_eq!(update.upsert(&filter).unwrap(), doc! {"c": 9, "b": 3});
    assert!(parse(r#"[{"$unset":"_id"}]"#, &none).unwrap().apply(&mut doc).is_ok_and(|changed| !changed));
    assert_eq!(parse(r#"[{"$set":{"_id":2}}]"#, &none).unwrap().apply(&mut doc).unwrap_err().code(), Code::ImmutableField);
    assert_eq!(parse(r#"[{"$match":{}}]"#, &none).unwrap_err().code(), Code::InvalidOptions);
    let filters = UpdateOptions { array_filters: vec![doc! {"x": 1}], ..UpdateOptions::default() };
    assert_eq!(parse(r#"[{"$set":{"b":3}}]"#, &filters).unwrap_err().code(), Code::FailedToParse);
    assert_eq!(Update::parse_with(&Bson::Int32(5), &none).unwrap_err().code(), Code::FailedToParse);
}

#[test]
fn strings_compare_by_the_collation() {
    let collation = Collation::parse(&doc! {"locale": "en", "strength": 1}).unwrap();
    let options = UpdateOptions { collation, now: Some(bson::DateTime::from_millis(5)), ..UpdateOptions::default() };
    for (update, expected) in [
        (r#"{"$addToSet":{"l":"A"}}"#, r#"{"l":["b","a"],"s":"m"}"#),
        (r#"{"$pull":{"l":"A"}}"#, r#"{"l":["b"],"s":"m"}"#),
        (r#"{"$pull":{"l":{"$in":["A"]}}}"#, r#"{"l":["b"],"s":"m"}"#),
        (r#"{"$pullAll":{"l":["B"]}}"#, r#"{"l":["a"],"s":"m"}"#),
        (r#"{"$push":{"l":{"$each":["C"],"$sort":1}}}"#, r#"{"l":["a","b","C"],"s":"m"}"#),
        (r#"{"$max":{"s":"M"}}"#, r#"{"l":["b","a"],"s":"m"}"#),
        (r#"{"$min":{"s":"N"}}"#, r#"{"l":["b","a"],"s":"m"}"#),
        (r#"{"$currentDate":{"s":true}}"#, r#"{"l":["b","a"],"s":"1970-01-01T00:00:00.005Z"}"#),
    ] {
        let mut doc = read(r#"{"l":["b","a"],"s":"m"}"#);
        Update::parse_with(&read(update).into(), &options).unwrap().apply(&mut doc).unwrap();
        assert_eq!(json::to_string(&doc.into()), expected, "{update}");
    }
}
