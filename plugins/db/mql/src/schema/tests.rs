use bson::{Bson, Document};

use super::Schema;
use crate::error::Code;
use crate::json;

fn read(text: &str) -> Document {
    json::document(text.as_bytes()).unwrap()
}

#[track_caller]
fn check(schema: &str, doc: &str, expected: bool) {
    let parsed = Schema::parse(&Bson::Document(read(schema))).unwrap();
    assert_eq!(parsed.accepts(&read(doc)), expected, "{schema} on {doc}");
}

/// Documents that a schema of the field `a` accepts, and such that it does not.
#[track_caller]
fn field(schema: &str, accepted: &[&str], refused: &[&str]) {
    let schema = format!(r#"{{"properties":{{"a":{schema}}}}}"#);
    check(&schema, "{}", true);
    for value in accepted {
        check(&schema, &format!(r#"{{"a":{value}}}"#), true);
    }
    for value in refused {
        check(&schema, &format!(r#"{{"a":{value}}}"#), false);
    }
}

#[track_caller]
fn refused(schema: &str, code: Code, message: &str) {
    let error = Schema::parse(&Bson::Document(read(schema))).unwrap_err();
    assert_eq!(error.code(), code, "{schema}: {error}");
    assert!(error.message().contains(message), "{schema}: {error}");
}

/// The example of MongoDB's manual.
#[test]
fn students() {
    let schema = r#"{"bsonType":"object","required":["name","year","major","address"],"properties":{
        "name":{"bsonType":"string","description":"must be a string and is required"},
        "year":{"bsonType":"int","minimum":2017,"maximum":3017},
        "major":{"enum":["Math","English","Computer Science","History",null]},
        "gpa":{"bsonType":["double"]},
        "address":{"bsonType":"object","required":["city"],"properties":{"street":{"bsonType":"string"},"city":{"bsonType":"string"}}}}}"#;
    let good = r#"{"name":"Alice","year":2019,"major":"History","gpa":3.0,"address":{"city":"NYC","street":"33rd Street"}}"#;
    check(schema, good, true);
    check(schema, &good.replace("3.0", "3"), false);
    check(schema, &good.replace("2019", "2016"), false);
    check(schema, &good.replace("2019", "2019.0"), false);
    check(schema, &good.replace(r#""History""#, "null"), true);
    check(schema, &good.replace("History", "Biology"), false);
    check(schema, &good.replace(r#""city":"NYC","#, ""), false);
    check(schema, &good.replace(r#""gpa":3.0,"#, ""), true);
}

#[test]
fn types() {
    field(r#"{"type":"number"}"#, &["1", "1.5", r#"{"$numberLong":"1"}"#, r#"{"$numberDecimal":"1"}"#], &[r#""1""#, "null", "[1]"]);
    field(r#"{"type":"boolean"}"#, &["true"], &["1"]);
    field(r#"{"type":["string","null"]}"#, &[r#""x""#, "null"], &["1", "[]"]);
    field(r#"{"type":"object"}"#, &["{}"], &["[]", "[{}]"]);
    field(r#"{"type":"array"}"#, &["[]"], &["{}"]);
    field(r#"{"bsonType":"long"}"#, &[r#"{"$numberLong":"1"}"#], &["1"]);
    field(r#"{"bsonType":["int","number"]}"#, &["1", "1.5"], &[r#""1""#]);
    field(r#"{"bsonType":"objectId"}"#, &[r#"{"$oid":"5a9427648b0beebeb6957a80"}"#], &[r#""5a9427648b0beebeb6957a80""#]);
    field(r#"{"bsonType":"date"}"#, &[r#""2020-01-01T00:00:00.000Z""#], &[r#""2020-01-01""#]);
    check(r#"{"type":"object"}"#, "{}", true);
    check(r#"{"type":"string"}"#, "{}", false);
    check("{}", r#"{"a":1}"#, true);
}

#[test]
fn numbers() {
    field(r#"{"minimum":5}"#, &["5", "5.5", r#"{"$numberDecimal":"5.0"}"#, r#""x""#, "null"], &["4", "4.99", r#"{"$numberDouble":"NaN"}"#]);
    field(r#"{"minimum":5,"exclusiveMinimum":true}"#, &["6"], &["5", "5.0"]);
    field(r#"{"maximum":5,"exclusiveMaximum":false}"#, &["5", "-1"], &["6", r#"{"$numberDouble":"NaN"}"#]);
    field(r#"{"maximum":5,"exclusiveMaximum":true}"#, &["4"], &["5"]);
    field(r#"{"multipleOf":3}"#, &["9", "0", "-3", "6.0", r#""x""#], &["4", "3.5", r#"{"$numberDouble":"Infinity"}"#]);
    field(r#"{"multipleOf":0.1}"#, &["0.3", "1", r#"{"$numberDecimal":"0.7"}"#], &["0.35"]);
}

#[test]
fn strings() {
    field(r#"{"minLength":2,"maxLength":3}"#, &[r#""小程""#, r#""abc""#, "1", "[]"], &[r#""a""#, r#""abcd""#]);
    field(r#"{"pattern":"^S-\\d+$"}"#, &[r#""S-12""#, "5"], &[r#""s-12""#, r#""S-x""#]);
}

#[test]
fn values() {
    let choices = r#"{"enum":[1,"x",{"b":2,"a":[1]},null]}"#;
    field(choices, &["1", "1.0", r#""x""#, r#"{"a":[1],"b":2}"#, "null"], &["2", r#""X""#, r#"{"a":[1]}"#]);
    check(r#"{"enum":[{"b":1,"a":2}]}"#, r#"{"a":2,"b":1}"#, true);
    check(r#"{"enum":[{"b":1}]}"#, r#"{"a":2,"b":1}"#, false);
}

#[test]
fn arrays() {
    field(r#"{"items":{"type":"number"}}"#, &["[1,2.5]", "[]", r#""x""#], &[r#"[1,"x"]"#, "[[1]]"]);
    field(r#"{"items":[{"type":"number"},{"type":"string"}]}"#, &["[1]", r#"[1,"x",null]"#, "[]"], &[r#"["x"]"#, "[1,2]"]);
    field(r#"{"items":[{"type":"number"}],"additionalItems":false}"#, &["[1]", "[]"], &["[1,2]"]);
    field(r#"{"items":[{}],"additionalItems":{"type":"string"}}"#, &[r#"[1,"x"]"#], &["[1,2]"]);
    field(r#"{"items":{},"additionalItems":false}"#, &["[1,2]"], &[]);
    field(r#"{"additionalItems":false}"#, &["[1,2]"], &[]);
    field(r#"{"minItems":1,"maxItems":2}"#, &["[1]", "[1,2]", "1"], &["[]", "[1,2,3]"]);
    field(
        r#"{"uniqueItems":true}"#,
        &["[]", "[1,2]", r#"[{"a":1},{"a":2}]"#, "1"],
        &["[1,1.0]", "[null,null]", r#"[{"a":1,"b":2},{"b":2,"a":1}]"#],
    );
    field(r#"{"uniqueItems":false}"#, &["[1,1]"], &[]);
}

#[test]
fn arrays_on_the_way_are_not_looked_into() {
    check(r#"{"properties":{"a":{"properties":{"b":{"type":"number"}}}}}"#, r#"{"a":[{"b":"x"}]}"#, true);
    check(r#"{"properties":{"a":{"type":"object","required":["b"]}}}"#, r#"{"a":[{"b":1}]}"#, false);
}

#[test]
fn documents() {
    check(r#"{"required":["a"]}"#, r#"{"a":null}"#, true);
    check(r#"{"required":["a","b"]}"#, r#"{"a":1}"#, false);
    field(r#"{"required":["b"]}"#, &["1", r#"{"b":1}"#, "[]"], &["{}"]);
    field(r#"{"minProperties":1,"maxProperties":2}"#, &[r#"{"x":1}"#, r#"{"x":1,"y":1}"#, "5"], &["{}", r#"{"x":1,"y":1,"z":1}"#]);
    check(r#"{"properties":{"a":{"type":"number"}},"additionalProperties":false}"#, r#"{"a":1}"#, true);
    check(r#"{"properties":{"a":{"type":"number"}},"additionalProperties":false}"#, r#"{"a":1,"b":1}"#, false);
    check(r#"{"additionalProperties":{"type":"string"}}"#, r#"{"b":"x"}"#, true);
    check(r#"{"additionalProperties":{"type":"string"}}"#, r#"{"b":1}"#, false);
    let patterns = r#"{"properties":{"n_x":{"minimum":0}},"patternProperties":{"^n_":{"type":"number"},"_s$":{"type":"string"}},"additionalProperties":false}"#;
    check(patterns, r#"{"n_x":1,"n_y":2,"a_s":"t"}"#, true);
    check(patterns, r#"{"n_x":-1}"#, false);
    check(patterns, r#"{"n_y":"2"}"#, false);
    check(patterns, r#"{"n_s":1}"#, false);
    check(patterns, r#"{"other":1}"#, false);
}

#[test]
fn dependencies() {
    let fields = r#"{"dependencies":{"card":["address","name"]}}"#;
    check(fields, r#"{"name":1}"#, true);
    check(fields, r#"{"card":1,"name":1}"#, false);
    check(fields, r#"{"card":null,"name":1,"address":1}"#, true);
    let schema = r#"{"dependencies":{"card":{"properties":{"address":{"type":"string"}},"required":["address"]}}}"#;
    check(schema, r#"{"card":1,"address":"x"}"#, true);
    check(schema, r#"{"card":1,"address":1}"#, false);
    check(schema, r#"{"address":1}"#, true);
}

#[test]
fn combinations() {
    field(r#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, &["1", "2"], &["0", "3"]);
    field(r#"{"anyOf":[{"type":"string"},{"minimum":5,"type":"number"}]}"#, &[r#""x""#, "5"], &["4", "null"]);
    field(r#"{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}"#, &["2", "9"], &["6", "5"]);
    let schema = r#"{"properties":{"a":{"not":{"type":"string"}}}}"#;
    check(schema, r#"{"a":1}"#, true);
    check(schema, r#"{"a":"x"}"#, false);
    check(r#"{"not":{"required":["a"]}}"#, "{}", true);
    check(r#"{"not":{"required":["a"]}}"#, r#"{"a":1}"#, false);
}

#[test]
fn what_is_refused() {
    use Code::{BadValue, FailedToParse, InvalidRegex, Overflow, TypeMismatch};
    let error = Schema::parse(&Bson::Int32(1)).unwrap_err();
    assert_eq!((error.code(), error.message()), (TypeMismatch, "$jsonSchema must be an object"));
    for (schema, code, message) in [
        (r#"{"foo":1}"#, FailedToParse, "Unknown $jsonSchema keyword: foo"),
        (r##"{"$ref":"#/a"}"##, FailedToParse, "$jsonSchema keyword '$ref' is not currently supported"),
        (r#"{"default":1}"#, FailedToParse, "'default' is not currently supported"),
        (r#"{"format":"email"}"#, FailedToParse, "'format' is not currently supported"),
        (r#"{"id":"x"}"#, FailedToParse, "'id' is not currently supported"),
        (r#"{"type":"object","bsonType":"object"}"#, FailedToParse, "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'"),
        (r#"{"type":1}"#, TypeMismatch, "$jsonSchema keyword 'type' must be either a string or an array of strings"),
        (r#"{"type":[1]}"#, TypeMismatch, "array elements must be strings"),
        (r#"{"type":"integer"}"#, FailedToParse, "$jsonSchema type 'integer' is not currently supported."),
        (r#"{"type":"int"}"#, BadValue, "Unknown type name alias: int"),
        (r#"{"bsonType":"float"}"#, BadValue, "Unknown type name alias: float"),
        (r#"{"type":["string","string"]}"#, FailedToParse, "$jsonSchema keyword 'type' has duplicate value: string"),
        (r#"{"type":[]}"#, FailedToParse, "must name at least one type"),
        (r#"{"enum":1}"#, TypeMismatch, "must be an array"),
        (r#"{"enum":[]}"#, FailedToParse, "cannot be an empty array"),
        (r#"{"enum":[1,1.0]}"#, FailedToParse, "array cannot contain duplicate values."),
        (r#"{"multipleOf":"x"}"#, TypeMismatch, "must be a number"),
        (r#"{"multipleOf":0}"#, FailedToParse, "must have a positive value"),
        (r#"{"maximum":"x"}"#, TypeMismatch, "$jsonSchema keyword 'maximum' must be a number"),
        (r#"{"exclusiveMaximum":true}"#, FailedToParse, "$jsonSchema keyword 'maximum' must be a present if exclusiveMaximum is present"),
        (r#"{"maximum":1,"exclusiveMaximum":2}"#, TypeMismatch, "$jsonSchema keyword 'exclusiveMaximum' must be a boolean"),
        (r#"{"minimum":1,"exclusiveMinimum":2}"#, TypeMismatch, "$jsonSchema keyword 'exclusiveMinimum' must be a boolean"),
        (r#"{"maxLength":"x"}"#, TypeMismatch, "must be a number"),
        (r#"{"maxLength":-1}"#, FailedToParse, "Expected a positive number"),
        (r#"{"minItems":1.5}"#, FailedToParse, "Expected an integer"),
        (r#"{"pattern":1}"#, TypeMismatch, "$jsonSchema keyword 'pattern' must be a string"),
        (r#"{"pattern":"("}"#, InvalidRegex, "invalid"),
        (r#"{"uniqueItems":1}"#, TypeMismatch, "$jsonSchema keyword 'uniqueItems' must be a boolean"),
        (r#"{"items":1}"#, TypeMismatch, "'items'"),
        (r#"{"items":[1]}"#, TypeMismatch, "'items'"),
        (r#"{"additionalItems":1}"#, TypeMismatch, "must be either an object or a boolean"),
        (r#"{"additionalProperties":1}"#, TypeMismatch, "must be either an object or a boolean"),
        (r#"{"required":"a"}"#, TypeMismatch, "must be an array"),
        (r#"{"required":[]}"#, FailedToParse, "cannot be an empty array"),
        (r#"{"required":["a","a"]}"#, FailedToParse, "duplicate"),
        (r#"{"required":[1]}"#, TypeMismatch, "must be an array of strings"),
        (r#"{"properties":1}"#, TypeMismatch, "must be an object"),
        (r#"{"properties":{"a":1}}"#, TypeMismatch, "Nested schema for $jsonSchema property 'a' must be an object"),
        (r#"{"patternProperties":{"(":{}}}"#, InvalidRegex, "invalid"),
        (r#"{"dependencies":{"a":1}}"#, TypeMismatch, "'dependencies'"),
        (r#"{"dependencies":{"a":[]}}"#, FailedToParse, "cannot be an empty array"),
        (r#"{"allOf":1}"#, TypeMismatch, "must be an array"),
        (r#"{"anyOf":[]}"#, BadValue, "must be a non-empty array"),
        (r#"{"oneOf":[1]}"#, TypeMismatch, "must be an array of objects"),
        (r#"{"not":1}"#, TypeMismatch, "must be an object"),
        (r#"{"title":1}"#, TypeMismatch, "'title' must be a string"),
        (r#"{"description":1}"#, TypeMismatch, "'description' must be a string"),
        (r#"{"properties":{"a":{"anyOf":[{"foo":1}]}}}"#, FailedToParse, "Unknown $jsonSchema keyword: foo"),
    ] {
        refused(schema, code, message);
    }
    let deep = (0..Schema::MAX_DEPTH).fold(Document::new(), |inner, _| bson::doc! {"not": inner});
    assert_eq!(Schema::parse(&Bson::Document(deep)).unwrap_err().code(), Overflow);
}

#[test]
fn a_pattern_runs_in_linear_time() {
    let text = format!("{}!", "a".repeat(100_000));
    let schema = Schema::parse(&Bson::Document(read(r#"{"properties":{"a":{"pattern":"^(a+)+$"}}}"#))).unwrap();
    assert!(!schema.accepts(&bson::doc! {"a": text}));
}
