//! `$`, `$[]` and `$[identifier]`, with the examples of MongoDB's manual.

use super::{Code, Document, Update, json, read};
use crate::error::Result;
use crate::update::UpdateOptions;
use crate::{Collation, Filter};

fn options(filters: &str) -> UpdateOptions {
    let filters = read(&format!(r#"{{"f":{filters}}}"#));
    let filters = filters.get_array("f").unwrap().iter().map(|filter| filter.as_document().unwrap().clone()).collect();
    UpdateOptions { array_filters: filters, ..UpdateOptions::default() }
}

fn filtered(doc: &str, update: &str, filters: &str) -> Result<Document> {
    let mut doc = read(doc);
    Update::parse_with(&read(update).into(), &options(filters))?.apply(&mut doc)?;
    Ok(doc)
}

#[track_caller]
fn check(doc: &str, update: &str, filters: &str, expected: &str) {
    assert_eq!(json::to_string(&filtered(doc, update, filters).unwrap().into()), expected, "{update} {filters}");
}

#[track_caller]
fn refused(doc: &str, update: &str, filters: &str, code: Code, message: &str) {
    let error = filtered(doc, update, filters).unwrap_err();
    assert_eq!(error.code(), code, "{update} {filters}: {error}");
    assert!(error.message().contains(message), "{update} {filters}: {error}");
}

fn matched(doc: &str, filter: &str, update: &str) -> Result<String> {
    let mut doc = read(doc);
    let filter = Filter::parse(&read(filter))?;
    let update = Update::parse(&read(update))?;
    let matched = filter.test(&doc, &Document::new())?.unwrap();
    update.apply_matched(&mut doc, matched)?;
    Ok(json::to_string(&doc.into()))
}

#[test]
fn the_position_that_the_filter_met() {
    let grades = r#"{"_id":1,"grades":[85,80,80]}"#;
    assert_eq!(matched(grades, r#"{"grades":80}"#, r#"{"$set":{"grades.$":82}}"#).unwrap(), r#"{"_id":1,"grades":[85,82,80]}"#);
    let doc = r#"{"_id":4,"grades":[{"grade":80,"std":8},{"grade":85,"std":5}]}"#;
    assert_eq!(
        matched(doc, r#"{"grades.grade":85}"#, r#"{"$set":{"grades.$.std":6}}"#).unwrap(),
        r#"{"_id":4,"grades":[{"grade":80,"std":8},{"grade":85,"std":6}]}"#
    );
    assert_eq!(
        matched(doc, r#"{"grades":{"$elemMatch":{"grade":{"$lte":90},"std":{"$lt":8}}}}"#, r#"{"$inc":{"grades.$.std":1}}"#).unwrap(),
        r#"{"_id":4,"grades":[{"grade":80,"std":8},{"grade":85,"std":6}]}"#
    );
    assert_eq!(matched(grades, r#"{"grades":80}"#, r#"{"$unset":{"grades.$":1}}"#).unwrap(), r#"{"_id":1,"grades":[85,null,80]}"#);
    let error = matched(grades, r#"{"_id":1}"#, r#"{"$set":{"grades.$":82}}"#).unwrap_err();
    assert_eq!(error.message(), "The positional operator did not find the match needed from the query.");
    assert!(Update::parse(&read(r#"{"$set":{"a.$":1}}"#)).unwrap().is_positional());
    assert!(!Update::parse(&read(r#"{"$set":{"a.$[]":1}}"#)).unwrap().is_positional());
    let error = matched(grades, r#"{"grades":80}"#, r#"{"$set":{"grades.$":82,"grades.1":3}}"#).unwrap_err();
    assert_eq!(error.code(), Code::ConflictingUpdateOperators);
    let both = matched(grades, r#"{"grades":80}"#, r#"{"$set":{"grades.$":82,"grades.0":3}}"#);
    assert_eq!(both.unwrap(), r#"{"_id":1,"grades":[3,82,80]}"#);
}

#[test]
fn every_element() {
    check(r#"{"g":[85,82,80]}"#, r#"{"$inc":{"g.$[]":10}}"#, "[]", r#"{"g":[95,92,90]}"#);
    check(r#"{"g":[{"std":8},{"std":5}]}"#, r#"{"$inc":{"g.$[].std":-2}}"#, "[]", r#"{"g":[{"std":6},{"std":3}]}"#);
    check(r#"{"g":[]}"#, r#"{"$set":{"g.$[]":10}}"#, "[]", r#"{"g":[]}"#);
    let nested = r#"{"g":[{"q":[10,8]},{"q":[5]}]}"#;
    check(nested, r#"{"$inc":{"g.$[].q.$[]":1}}"#, "[]", r#"{"g":[{"q":[11,9]},{"q":[6]}]}"#);
    check(nested, r#"{"$unset":{"g.$[].q.$[]":1}}"#, "[]", r#"{"g":[{"q":[null,null]},{"q":[null]}]}"#);
    check(nested, r#"{"$push":{"g.$[].q":{"$each":[1],"$slice":-1}}}"#, "[]", r#"{"g":[{"q":[1]},{"q":[1]}]}"#);
    refused(
        "{}",
        r#"{"$set":{"g.$[]":10}}"#,
        "[]",
        Code::BadValue,
        "The path 'g' must exist in the document in order to apply array updates.",
    );
    refused(r#"{"g":5}"#, r#"{"$set":{"g.$[]":10}}"#, "[]", Code::BadValue, "Cannot apply array updates to non-array element g: 5");
    refused(nested, r#"{"$set":{"g.$[].x.$[]":10}}"#, "[]", Code::BadValue, "The path 'g.0.x' must exist");
}

#[test]
fn elements_that_a_filter_matches() {
    check(r#"{"g":[95,92,90]}"#, r#"{"$set":{"g.$[element]":100}}"#, r#"[{"element":{"$gte":92}}]"#, r#"{"g":[100,100,90]}"#);
    let doc = r#"{"g":[{"grade":80,"mean":75},{"grade":85,"mean":90},{"grade":90,"mean":85}]}"#;
    check(
        doc,
        r#"{"$set":{"g.$[elem].mean":100}}"#,
        r#"[{"elem.grade":{"$gte":85}}]"#,
        r#"{"g":[{"grade":80,"mean":75},{"grade":85,"mean":100},{"grade":90,"mean":100}]}"#,
    );
    check(
        doc,
        r#"{"$inc":{"g.$[e].mean":1}}"#,
        r#"[{"$or":[{"e.grade":80},{"e.mean":85}]}]"#,
        r#"{"g":[{"grade":80,"mean":76},{"grade":85,"mean":90},{"grade":90,"mean":86}]}"#,
    );
    let nested = r#"{"g":[{"type":"quiz","q":[10,8,5]},{"type":"quiz","q":[8,9]},{"type":"exam","q":[25]}]}"#;
    check(
        nested,
        r#"{"$inc":{"g.$[t].q.$[score]":2}}"#,
        r#"[{"t.type":"quiz"},{"score":{"$gte":8}}]"#,
        r#"{"g":[{"type":"quiz","q":[12,10,5]},{"type":"quiz","q":[10,11]},{"type":"exam","q":[25]}]}"#,
    );
    check(
        nested,
        r#"{"$inc":{"g.$[].q.$[score]":2}}"#,
        r#"[{"score":{"$gte":9}}]"#,
        r#"{"g":[{"type":"quiz","q":[12,8,5]},{"type":"quiz","q":[8,11]},{"type":"exam","q":[27]}]}"#,
    );
    check(r#"{"a":[{"b":0},{"b":1}]}"#, r#"{"$set":{"a.$[x].b":1,"a.$[x].c":2}}"#, r#"[{"x.b":0}]"#, r#"{"a":[{"b":1,"c":2},{"b":1}]}"#);
    check(r#"{"a":[1,5]}"#, r#"{"$set":{"a.$[x]":9},"$inc":{"a.$[y]":1}}"#, r#"[{"x":1},{"y":5}]"#, r#"{"a":[9,6]}"#);
    refused(
        r#"{"a":[1,5]}"#,
        r#"{"$set":{"a.$[x]":9},"$inc":{"a.$[y]":1}}"#,
        r#"[{"x":1},{"y":{"$lt":9}}]"#,
        Code::ConflictingUpdateOperators,
        "Updating the path 'a.0' would create a conflict at 'a.0'",
    );
    let mut doc = read(r#"{"a":["A","b"]}"#);
    let collation = Collation::parse(&read(r#"{"locale":"en","strength":2}"#)).unwrap();
    let options = UpdateOptions { collation, ..options(r#"[{"x":"a"}]"#) };
    assert!(Update::parse_with(&read(r#"{"$set":{"a.$[x]":1}}"#).into(), &options).unwrap().apply(&mut doc).unwrap());
    assert_eq!(json::to_string(&doc.into()), r#"{"a":[1,"b"]}"#);
}

#[test]
fn what_is_refused() {
    let set = r#"{"$set":{"a.$[x]":1}}"#;
    let parse = Code::FailedToParse;
    refused("{}", set, "[]", Code::BadValue, "No array filter found for identifier 'x' in path 'a.$[x]'");
    refused("{}", set, r#"[{"x":1},{"y":1}]"#, parse, "The array filter for identifier 'y' was not used in the update");
    refused("{}", set, r#"[{"x":1},{"x":2}]"#, parse, "Found multiple array filters with the same top-level field name x");
    refused("{}", set, r#"[{"x":1,"y":2}]"#, parse, "Expected a single top-level field name, found 'x' and 'y'");
    refused("{}", set, "[{}]", parse, "Cannot use an expression without a top-level field name in arrayFilters");
    refused("{}", set, r#"[{"X":1}]"#, Code::BadValue, "alphanumeric string beginning with a lowercase letter, found 'X'");
    refused("{}", set, r#"[{"x_y":1}]"#, Code::BadValue, "found 'x_y'");
    refused("{}", set, r#"[{"x":{"$foo":1}}]"#, Code::BadValue, "Error parsing array filter :: caused by :: unknown operator: $foo");
    refused("{}", r#"{"$set":{"$.a":1}}"#, "[]", Code::BadValue, "in the first position in path '$.a'");
    refused("{}", r#"{"$set":{"$[].a":1}}"#, "[]", Code::BadValue, "in the first position in path '$[].a'");
    refused("{}", r#"{"$set":{"a.$.b.$":1}}"#, "[]", Code::BadValue, "Too many positional (i.e. '$') elements");
    refused("{}", r#"{"$rename":{"a.$[]":"b"}}"#, "[]", Code::BadValue, "The source field for $rename may not be dynamic: a.$[]");
    refused("{}", r#"{"$rename":{"b":"a.$"}}"#, "[]", Code::BadValue, "The destination field for $rename may not be dynamic: a.$");
    refused(
        "{}",
        r#"{"$set":{"a.$[]":1,"a.0":2}}"#,
        "[]",
        Code::ConflictingUpdateOperators,
        "Updating the path 'a.0' would create a conflict at 'a'",
    );
    refused("{}", r#"{"$set":{"a.$[]":1,"a.$[].b":2}}"#, "[]", Code::ConflictingUpdateOperators, "conflict at 'a.$[]'");
}

#[test]
fn copies_are_bounded() {
    let doc = format!(r#"{{"a":[{}]}}"#, vec!["0"; 10_000].join(","));
    let update = format!(r#"{{"$set":{{"a.$[]":"{}"}}}}"#, "x".repeat(100_000));
    refused(&doc, &update, "[]", Code::BSONObjectTooLarge, "larger than 16777216");
    let paddings: Vec<String> = (0..40).map(|i| format!(r#""a{i}.1500000":1"#)).collect();
    let arrays: Vec<String> = (0..40).map(|i| format!(r#""a{i}":[]"#)).collect();
    let update = format!(r#"{{"$set":{{{}}}}}"#, paddings.join(","));
    refused(&format!("{{{}}}", arrays.join(",")), &update, "[]", Code::BSONObjectTooLarge, "larger than");
}
