use bson::Document;

use super::Projection;
use crate::error::{Code, Result};
use crate::{Collation, Filter, json};

fn read(text: &str) -> Document {
    json::document(text.as_bytes()).unwrap()
}

#[track_caller]
fn check(projection: &str, expected: &str) {
    let doc = r#"{"_id":1,"a":{"b":2,"c":3},"d":[{"e":4,"f":5},6,[{"e":7}]],"g":[1,2,3,4]}"#;
    let answered = Projection::parse(&read(projection)).unwrap().apply(read(doc));
    assert_eq!(json::to_string(&answered.into()), expected, "{projection}");
}

#[test]
fn inclusion() {
    check(r#"{"a":1}"#, r#"{"_id":1,"a":{"b":2,"c":3}}"#);
    check(r#"{"a.b":1,"_id":0}"#, r#"{"a":{"b":2}}"#);
    check(r#"{"d.e":1,"_id":0}"#, r#"{"d":[{"e":4},[{"e":7}]]}"#);
    check(r#"{"_id":1}"#, r#"{"_id":1}"#);
    check(r#"{"_id.x":1}"#, r#"{"_id":1}"#);
    check(r#"{"g.x":1}"#, r#"{"_id":1,"g":[]}"#);
    check(r#"{"zz":1}"#, r#"{"_id":1}"#);
    check(r#"{"a":true,"g":1.5,"_id":false}"#, r#"{"a":{"b":2,"c":3},"g":[1,2,3,4]}"#);
    check(r#"{"a":"text","_id":null}"#, r#"{"a":{"b":2,"c":3}}"#);
}

#[test]
fn exclusion() {
    check(r#"{}"#, r#"{"_id":1,"a":{"b":2,"c":3},"d":[{"e":4,"f":5},6,[{"e":7}]],"g":[1,2,3,4]}"#);
    check(r#"{"d":0,"g":0}"#, r#"{"_id":1,"a":{"b":2,"c":3}}"#);
    check(r#"{"_id":0,"d":0,"g":0}"#, r#"{"a":{"b":2,"c":3}}"#);
    check(r#"{"_id":0}"#, r#"{"a":{"b":2,"c":3},"d":[{"e":4,"f":5},6,[{"e":7}]],"g":[1,2,3,4]}"#);
    check(r#"{"d.e":0,"a":0,"g":0}"#, r#"{"_id":1,"d":[{"f":5},6,[{}]]}"#);
    check(r#"{"d.e":null,"a":0,"g":0}"#, r#"{"_id":1,"d":[{"f":5},6,[{}]]}"#);
}

#[test]
fn the_later_of_two_paths_counts() {
    check(r#"{"a":1,"a.b":1,"_id":0}"#, r#"{"a":{"b":2}}"#);
    check(r#"{"a.b":1,"a":1,"_id":0}"#, r#"{"a":{"b":2,"c":3}}"#);
    check(r#"{"a.b":0,"a":0,"d":0,"g":0,"_id":0}"#, r#"{"a":{}}"#);
}

#[test]
fn slices() {
    check(r#"{"g":{"$slice":2},"a":0,"d":0}"#, r#"{"_id":1,"g":[1,2]}"#);
    check(r#"{"g":{"$slice":-1},"a":0,"d":0}"#, r#"{"_id":1,"g":[4]}"#);
    check(r#"{"g":{"$slice":0},"a":0,"d":0}"#, r#"{"_id":1,"g":[]}"#);
    check(r#"{"g":{"$slice":[1,2]},"a":0,"d":0}"#, r#"{"_id":1,"g":[2,3]}"#);
    check(r#"{"g":{"$slice":[-3,2]},"a":0,"d":0}"#, r#"{"_id":1,"g":[2,3]}"#);
    check(r#"{"g":{"$slice":[-30,2]},"a":0,"d":0}"#, r#"{"_id":1,"g":[1,2]}"#);
    check(r#"{"g":{"$slice":1}}"#, r#"{"_id":1,"a":{"b":2,"c":3},"d":[{"e":4,"f":5},6,[{"e":7}]],"g":[1]}"#);
    check(r#"{"g":{"$slice":1},"zz":1}"#, r#"{"_id":1,"g":[1]}"#);
    check(r#"{"g":{"$slice":1},"_id":1}"#, r#"{"_id":1,"g":[1]}"#);
    check(r#"{"d":{"$slice":-1},"a":0,"g":0}"#, r#"{"_id":1,"d":[[{"e":7}]]}"#);
    // The fields beside the array are answered in any case.
    check(r#"{"a.b":{"$slice":1},"g":1}"#, r#"{"_id":1,"a":{"b":2,"c":3},"g":[1,2,3,4]}"#);
}

#[test]
fn matching_elements() {
    check(r#"{"d":{"$elemMatch":{"e":{"$gt":3}}}}"#, r#"{"_id":1,"d":[{"e":4,"f":5}]}"#);
    check(r#"{"g":{"$elemMatch":{"$gt":2}}}"#, r#"{"_id":1,"g":[3]}"#);
    check(r#"{"g":{"$elemMatch":{"$gt":9}},"a.b":1}"#, r#"{"_id":1,"a":{"b":2}}"#);
    check(r#"{"a":{"$elemMatch":{"b":2}}}"#, r#"{"_id":1}"#);
    check(r#"{"d":{"$elemMatch":{"0.e":7}}}"#, r#"{"_id":1,"d":[[{"e":7}]]}"#);
    check(r#"{"g":{"$elemMatch":{"$gt":2}},"a":0,"d":0}"#, r#"{"_id":1,"g":[3]}"#);
    let collation = Collation::parse(&read(r#"{"locale":"en","strength":1}"#)).unwrap();
    let filter = Filter::parse_with(&Document::new(), &collation).unwrap();
    let projection = Projection::parse_for(&read(r#"{"l":{"$elemMatch":{"$eq":"B"}}}"#), &filter).unwrap();
    assert_eq!(projection.apply(read(r#"{"l":["a","b"]}"#)), read(r#"{"l":["b"]}"#));
}

fn positional(projection: &str, filter: &str, doc: &str) -> Result<String> {
    let (filter, doc) = (Filter::parse(&read(filter))?, read(doc));
    let projection = Projection::parse_for(&read(projection), &filter)?;
    assert!(projection.is_positional());
    let matched = filter.test(&doc, &Document::new())?.unwrap();
    projection.apply_matched(doc, matched).map(|doc| json::to_string(&doc.into()))
}

#[test]
fn the_element_that_the_filter_met() {
    let doc = r#"{"_id":1,"g":[70,87,90],"l":[{"m":1,"n":5},{"m":2,"n":6}],"x":{"y":[1,2,3]},"z":0}"#;
    for (projection, filter, expected) in [
        (r#"{"g.$":1}"#, r#"{"g":{"$gte":85}}"#, r#"{"_id":1,"g":[87]}"#),
        (r#"{"l.$":1,"_id":0}"#, r#"{"l":{"$elemMatch":{"m":2,"n":{"$gt":1}}}}"#, r#"{"l":[{"m":2,"n":6}]}"#),
        (r#"{"l.$":1,"_id":0}"#, r#"{"l.n":6}"#, r#"{"l":[{"m":2,"n":6}]}"#),
        (r#"{"l.$.m":1,"_id":0}"#, r#"{"l.n":6}"#, r#"{"l":[{"m":2,"n":6}]}"#),
        (r#"{"x.y.$":1,"z":1}"#, r#"{"x.y":3}"#, r#"{"_id":1,"x":{"y":[3]},"z":0}"#),
        (r#"{"z.$":1}"#, r#"{"z":0}"#, r#"{"_id":1}"#),
        (r#"{"g.$":1}"#, r#"{"$and":[{"z":0},{"$or":[{"g":90},{"z":1}]}]}"#, r#"{"_id":1,"g":[90]}"#),
    ] {
        assert_eq!(positional(projection, filter, doc).unwrap(), expected, "{projection} {filter}");
    }
    for (projection, filter, message) in [
        (r#"{"g.$":1}"#, r#"{"z":0}"#, "Positional projection 'g.$' does not match the query document."),
        (r#"{"g.$":1}"#, r#"{"g":{"$size":3}}"#, "positional operator (g.$) requires corresponding field in query specifier"),
        (r#"{"l.$":1}"#, r#"{"l":{"$size":2},"g":90}"#, "positional operator element mismatch"),
        (r#"{"g.$":0}"#, r#"{"g":90}"#, "Cannot exclude array elements with the positional operator."),
        (r#"{"g.$":1,"l.$":1}"#, r#"{"g":90,"l":1}"#, "Cannot specify more than one positional proj. per query."),
        (r#"{"g.$.$":1}"#, r#"{"g":90}"#, "contains the positional operator more than once."),
        (r#"{"g.$":1,"l":{"$elemMatch":{"m":1}}}"#, r#"{"g":90}"#, "Cannot specify positional operator and $elemMatch."),
        (r#"{"l":{"$elemMatch":{"m":1}},"g.$":1}"#, r#"{"g":90}"#, "Cannot specify positional operator and $elemMatch."),
    ] {
        let error = positional(projection, filter, doc).unwrap_err();
        assert!(error.code() == Code::BadValue && error.message().contains(message), "{projection}: {error}");
    }
}

#[test]
fn what_is_refused() {
    let mix = "Projection cannot have a mix of inclusion and exclusion.";
    for (projection, message) in [
        (r#"{"a":1,"b":0}"#, mix),
        (r#"{"_id":1,"a":0}"#, mix),
        (r#"{"a":0,"_id":1}"#, mix),
        (r#"{"a.$":1}"#, "does not match the query document"),
        (r#"{"a":{"$meta":"textScore"}}"#, "$meta in a projection is not supported"),
        (r#"{"a":{"$add":1}}"#, r#"Unsupported projection option: a: {"$add":1}"#),
        (r#"{"a":{}}"#, ">1 field in obj: {}"),
        (r#"{"a":{"$slice":1,"b":1}}"#, ">1 field in obj"),
        (r#"{"a":{"$slice":"x"}}"#, "$slice only supports numbers and [skip, limit] arrays"),
        (r#"{"a":{"$slice":[1]}}"#, "$slice array wrong size"),
        (r#"{"a":{"$slice":[1,0]}}"#, "$slice limit must be positive"),
        (r#"{"a":{"$elemMatch":1}}"#, "elemMatch: Invalid argument, object required."),
        (r#"{"a.b":{"$elemMatch":{}}}"#, "Cannot use $elemMatch projection on a nested field."),
        (r#"{"a":{"$elemMatch":{"$foo":1}}}"#, "unknown operator: $foo"),
        (r#"{"a..b":1}"#, "empty part"),
        (r#"{"$a":1}"#, "may not begin with '$'"),
    ] {
        let error = Projection::parse(&read(projection)).unwrap_err();
        assert!(error.message().contains(message), "{projection}: {error}");
    }
    let deep = vec!["a"; 10_000].join(".");
    assert_eq!(Projection::parse(&bson::doc! {deep: 1}).unwrap_err().code(), Code::Overflow);
}
