use bson::{Bson, Document, doc};

use super::Filter;
use crate::error::Code;
use crate::json;

fn read(text: &str) -> Document {
    json::document(text.as_bytes()).unwrap()
}

#[track_caller]
fn check(doc: &str, filter: &str, expected: bool) {
    let parsed = Filter::parse(&read(filter)).unwrap();
    assert_eq!(parsed.matches(&read(doc)), expected, "{filter} on {doc}");
}

#[track_caller]
fn refused(filter: &str, message: &str) {
    let error = Filter::parse(&read(filter)).unwrap_err();
    assert!(error.message().contains(message), "{filter}: {error}");
}

#[test]
fn equality() {
    check(r#"{"a":1}"#, r#"{}"#, true);
    check(r#"{"a":1}"#, r#"{"a":1.0}"#, true);
    check(r#"{"a":1}"#, r#"{"a":"1"}"#, false);
    check(r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"x":1,"y":2}}"#, true);
    check(r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"y":2,"x":1}}"#, false);
    check(r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"x":1}}"#, false);
    check(r#"{"a":{"x":1,"y":2}}"#, r#"{"a.x":1}"#, true);
    check(r#"{"a":{}}"#, r#"{"a":{}}"#, true);
    check(r#"{"a":1}"#, r#"{"a":{}}"#, false);
}

#[test]
fn arrays_match_by_element_and_as_a_whole() {
    let doc = r#"{"tags":["red","blank"],"n":[1,[2,3]],"items":[{"q":5},{"q":15,"r":1}]}"#;
    check(doc, r#"{"tags":"red"}"#, true);
    check(doc, r#"{"tags":["red","blank"]}"#, true);
    check(doc, r#"{"tags":["blank","red"]}"#, false);
    check(doc, r#"{"tags":["red"]}"#, false);
    check(doc, r#"{"n":[2,3]}"#, true);
    check(doc, r#"{"n":2}"#, false);
    check(doc, r#"{"tags.1":"blank"}"#, true);
    check(doc, r#"{"tags.0":"blank"}"#, false);
    check(doc, r#"{"items.q":15}"#, true);
    check(doc, r#"{"items.0.q":15}"#, false);
    check(doc, r#"{"items.1.q":15}"#, true);
    check(doc, r#"{"items.q":{"$gt":7,"$lt":10}}"#, true);
    check(doc, r#"{"items":{"$elemMatch":{"q":{"$gt":7,"$lt":10}}}}"#, false);
    check(doc, r#"{"items":{"$elemMatch":{"q":15,"r":1}}}"#, true);
    check(doc, r#"{"items":{"$elemMatch":{"$or":[{"q":99},{"r":1}]}}}"#, true);
    check(r#"{"r":[82,85,88]}"#, r#"{"r":{"$elemMatch":{"$gte":80,"$lt":85}}}"#, true);
    check(r#"{"r":[75,88,89]}"#, r#"{"r":{"$elemMatch":{"$gte":80,"$lt":85}}}"#, false);
    check(r#"{"r":82}"#, r#"{"r":{"$elemMatch":{"$gte":80}}}"#, false);
}

#[test]
fn null_and_missing() {
    check(r#"{}"#, r#"{"a":null}"#, true);
    check(r#"{"a":null}"#, r#"{"a":null}"#, true);
    check(r#"{"a":0}"#, r#"{"a":null}"#, false);
    check(r#"{"a":[1,null]}"#, r#"{"a":null}"#, true);
    check(r#"{"a":[]}"#, r#"{"a.b":null}"#, false);
    check(r#"{"a":[{"b":1},{"c":1}]}"#, r#"{"a.b":null}"#, true);
    check(r#"{"a":[1,2]}"#, r#"{"a.b":null}"#, false);
    check(r#"{"a":null}"#, r#"{"a":{"$exists":true}}"#, true);
    check(r#"{}"#, r#"{"a":{"$exists":false}}"#, true);
    check(r#"{}"#, r#"{"a":{"$ne":null}}"#, false);
    check(r#"{"a":1}"#, r#"{"a":{"$ne":null}}"#, true);
    check(r#"{}"#, r#"{"a":{"$gte":null}}"#, true);
    check(r#"{}"#, r#"{"a":{"$gt":null}}"#, false);
    check(r#"{}"#, r#"{"a":{"$in":[null,1]}}"#, true);
    check(r#"{}"#, r#"{"a":{"$nin":[null,1]}}"#, false);
    check(r#"{}"#, r#"{"a":{"$type":"null"}}"#, false);
}

#[test]
fn comparison_stays_within_a_type() {
    check(r#"{"a":5}"#, r#"{"a":{"$gt":4.5}}"#, true);
    check(r#"{"a":"5"}"#, r#"{"a":{"$gt":4}}"#, false);
    check(r#"{"a":"b"}"#, r#"{"a":{"$gt":"a"}}"#, true);
    check(r#"{"a":true}"#, r#"{"a":{"$gt":false}}"#, true);
    check(r#"{"a":"2020-01-01T00:00:00.000Z"}"#, r#"{"a":{"$lt":"2020-01-02T00:00:00.000Z"}}"#, true);
    check(r#"{"a":"2020-01-01T00:00:00.000Z"}"#, r#"{"a":{"$gt":""}}"#, false);
    check(r#"{"a":"x"}"#, r#"{"a":{"$gt":{"$minKey":1}}}"#, true);
    check(r#"{"a":"x"}"#, r#"{"a":{"$lt":{"$maxKey":1}}}"#, true);
    check(r#"{"a":[1,10]}"#, r#"{"a":{"$gt":5,"$lt":7}}"#, true);
    check(r#"{"a":{"$numberDouble":"NaN"}}"#, r#"{"a":{"$lt":5}}"#, false);
    check(r#"{"a":{"$numberDouble":"NaN"}}"#, r#"{"a":{"$numberDouble":"NaN"}}"#, true);
}

#[test]
fn in_nin_ne_not() {
    check(r#"{"a":["x","y"]}"#, r#"{"a":{"$in":["y","z"]}}"#, true);
    check(r#"{"a":["x","y"]}"#, r#"{"a":{"$nin":["y"]}}"#, false);
    check(r#"{"a":["x","y"]}"#, r#"{"a":{"$in":[["x","y"]]}}"#, true);
    check(r#"{"a":"xyz"}"#, r#"{"a":{"$in":[{"$regularExpression":{"pattern":"^x","options":""}}]}}"#, true);
    check(r#"{"a":[1,2]}"#, r#"{"a":{"$ne":2}}"#, false);
    check(r#"{"a":5}"#, r#"{"a":{"$not":{"$gt":5}}}"#, true);
    check(r#"{}"#, r#"{"a":{"$not":{"$gt":5}}}"#, true);
    check(r#"{"a":[1,10]}"#, r#"{"a":{"$not":{"$gt":5}}}"#, false);
    check(r#"{"a":5}"#, r#"{"a":{"$not":{"$gt":1,"$lt":4}}}"#, true);
    check(r#"{"a":3}"#, r#"{"a":{"$not":{"$gt":1,"$lt":4}}}"#, false);
    check(r#"{"a":5}"#, r#"{"a":{"$not":{"$not":{"$gt":1}}}}"#, true);
    check(r#"{"a":"abc"}"#, r#"{"a":{"$not":{"$regex":"^a"}}}"#, false);
}

#[test]
fn logical() {
    check(r#"{"a":1,"b":2}"#, r#"{"$or":[{"a":2},{"b":2}]}"#, true);
    check(r#"{"a":1,"b":2}"#, r#"{"$and":[{"a":1},{"b":3}]}"#, false);
    check(r#"{"a":1,"b":2}"#, r#"{"$nor":[{"a":2},{"b":3}]}"#, true);
    check(r#"{"a":1,"b":2}"#, r#"{"a":1,"$comment":"why"}"#, true);
}

#[test]
fn types_sizes_and_arithmetic() {
    check(r#"{"a":1}"#, r#"{"a":{"$type":"int"}}"#, true);
    check(r#"{"a":1}"#, r#"{"a":{"$type":["string","number"]}}"#, true);
    check(r#"{"a":[1,"x"]}"#, r#"{"a":{"$type":2}}"#, true);
    check(r#"{"a":[]}"#, r#"{"a":{"$type":"array"}}"#, true);
    check(r#"{"a":[1,2]}"#, r#"{"a":{"$size":2}}"#, true);
    check(r#"{"a":1}"#, r#"{"a":{"$size":1}}"#, false);
    check(r#"{"a":12}"#, r#"{"a":{"$mod":[4,0]}}"#, true);
    check(r#"{"a":-5}"#, r#"{"a":{"$mod":[4,-1]}}"#, true);
    check(r#"{"a":"12"}"#, r#"{"a":{"$mod":[4,0]}}"#, false);
    check(r#"{"a":[1,2,3]}"#, r#"{"a":{"$all":[1,3]}}"#, true);
    check(r#"{"a":[1,2,3]}"#, r#"{"a":{"$all":[1,4]}}"#, false);
    check(r#"{"a":1}"#, r#"{"a":{"$all":[1]}}"#, true);
    check(r#"{"a":[]}"#, r#"{"a":{"$all":[]}}"#, false);
    check(r#"{"a":[{"x":1},{"x":2}]}"#, r#"{"a":{"$all":[{"$elemMatch":{"x":1}},{"$elemMatch":{"x":2}}]}}"#, true);
    check(r#"{"a":54}"#, r#"{"a":{"$bitsAllSet":[1,5]}}"#, true);
    check(r#"{"a":54}"#, r#"{"a":{"$bitsAllSet":50}}"#, true);
    check(r#"{"a":54}"#, r#"{"a":{"$bitsAllClear":[0,3]}}"#, true);
    check(r#"{"a":54}"#, r#"{"a":{"$bitsAnyClear":6}}"#, false);
    check(r#"{"a":-1}"#, r#"{"a":{"$bitsAllSet":[200]}}"#, true);
}

#[test]
fn regexes() {
    check(r#"{"a":"Hello"}"#, r#"{"a":{"$regex":"^hel","$options":"i"}}"#, true);
    check(r#"{"a":["x","Hello"]}"#, r#"{"a":{"$regex":"^Hel"}}"#, true);
    check(r#"{"a":5}"#, r#"{"a":{"$regex":"5"}}"#, false);
    check(r#"{"a":"/x/i"}"#, r#"{"a":"/x/i"}"#, true);
    check(r#"{"a":"abc"}"#, r#"{"a":{"$options":"i","$regex":"^A","$ne":"abd"}}"#, true);
}

#[test]
fn errors_are_mongodbs() {
    refused(r#"{"a":{"$foo":1}}"#, "unknown operator: $foo");
    refused(r#"{"$foo":1}"#, "unknown top level operator: $foo");
    refused(r#"{"a":{"$gt":1,"b":2}}"#, "unknown operator: b");
    refused(r#"{"a":{"$regex":{}}}"#, "$regex has to be a string");
    refused(r#"{"a":{"$options":"i"}}"#, "$options needs a $regex");
    refused(r#"{"a":{"$in":5}}"#, "$in needs an array");
    refused(r#"{"a":{"$in":[{"$gt":1}]}}"#, "cannot nest $ under $in");
    refused(r#"{"$or":[]}"#, "nonempty array");
    refused(r#"{"$or":[1]}"#, "full objects");
    refused(r#"{"a":{"$not":5}}"#, "$not needs a regex or a document");
    refused(r#"{"a":{"$not":{}}}"#, "$not cannot be empty");
    refused(r#"{"a":{"$mod":[0,1]}}"#, "divisor cannot be 0");
    refused(r#"{"a":{"$size":-1}}"#, "may not be negative");
    refused(r#"{"a":{"$type":"text"}}"#, "Unknown type name alias");
    refused(r#"{"a":{"$elemMatch":5}}"#, "$elemMatch needs an Object");
    refused(r#"{"a":{"$undefined":true}}"#, "undefined");
    refused(r#"{"$where":"1"}"#, "$where");
    refused(r#"{"a":{"$nin":5}}"#, "$nin needs an array");
    refused(r#"{"a":{"$nin":[{"$gt":1}]}}"#, "cannot nest $ under $in");
    refused(r#"{"a":{"$in":[{"$undefined":true}]}}"#, "InMatchExpression equality cannot be undefined");
    let regex = r#"{"$regularExpression":{"pattern":"a","options":""}}"#;
    refused(&format!(r#"{{"a":{{"$ne":{regex}}}}}"#), "Can't have regex as arg to $ne.");
    refused(&format!(r#"{{"a":{{"$gt":{regex}}}}}"#), "Can't have RegEx as arg to predicate over field 'a'.");
    refused(r#"{"a":{"$size":"x"}}"#, "$size needs a number");
    refused(r#"{"a":{"$size":1.5}}"#, "$size must be a whole number");
    refused(r#"{"a":{"$size":{"$numberLong":"4294967296"}}}"#, "$size must be representable as a 32-bit integer");
    refused(r#"{"a":{"$mod":5}}"#, "malformed mod, needs to be an array");
    refused(r#"{"a":{"$mod":[]}}"#, "malformed mod, not enough elements");
    refused(r#"{"a":{"$mod":["x",1]}}"#, "malformed mod, divisor not a number");
    refused(r#"{"a":{"$mod":[2,"x"]}}"#, "malformed mod, remainder not a number");
    refused(r#"{"a":{"$mod":[2,1,0]}}"#, "malformed mod, too many elements");
    refused(r#"{"a":{"$where":"1"}}"#, "$where cannot be applied to a field");
    refused(r#"{"a":{"$elemMatch":{"$where":"1"}}}"#, "$elemMatch cannot contain $where expression");
    refused(r#"{"a":{"$elemMatch":{"$expr":true}}}"#, "$expr can only be applied to the top-level document");
    refused(r#"{"a":{"$elemMatch":{"$and":[{"$expr":true}]}}}"#, "$expr can only be applied to the top-level document");
    refused(r#"{"a":{"$elemMatch":{"$text":{"$search":"x"}}}}"#, "$text can only be applied to the top-level document");
    refused(r#"{"$text":{"$search":"x"}}"#, "$text is not supported");
    refused(r#"{"a":{"$bitsAllSet":[-1]}}"#, "bit positions must be >= 0 but got: -1");
    refused(r#"{"a":{"$bitsAllSet":[1.5]}}"#, "bit positions must be an integer but got: 1.5");
    refused(r#"{"a":{"$bitsAllSet":[{"$numberDouble":"NaN"}]}}"#, "bit positions cannot take a NaN");
    refused(r#"{"a":{"$bitsAllSet":[4294967296]}}"#, "cannot be represented as a 32-bit signed integer");
    refused(r#"{"a":{"$bitsAllSet":-1}}"#, "Expected a positive number in: a: -1");
    refused(r#"{"a":{"$bitsAllSet":"x"}}"#, "a takes an Array, a number, or a BinData but received");
    let many = vec![regex; 1001].join(",");
    refused(&format!(r#"{{"a":{{"$in":[{many}]}}}}"#), "a query may have at most 1000 regular expressions");
    let deep = vec!["a"; 10_000].join(".");
    assert_eq!(Filter::parse(&doc! {deep: 1}).unwrap_err().code(), Code::Overflow);
}

#[test]
fn bits_of_numbers_and_of_binary_data() {
    let binary = r#"{"a":{"$binary":{"base64":"wg8=","subType":"00"}}}"#;
    for (filter, expected) in [
        (r#"{"a":{"$bitsAllSet":[1,6,7,8,11]}}"#, true),
        (r#"{"a":{"$bitsAllSet":[0]}}"#, false),
        (r#"{"a":{"$bitsAllClear":[0,2,12,100]}}"#, true),
        (r#"{"a":{"$bitsAnySet":[0,12,100]}}"#, false),
        (r#"{"a":{"$bitsAnyClear":[1,100]}}"#, true),
        (r#"{"a":{"$bitsAllSet":{"$binary":{"base64":"Qg==","subType":"00"}}}}"#, true),
        (r#"{"a":{"$bitsAllSet":66}}"#, true),
        (r#"{"a":{"$bitsAnySet":0}}"#, false),
        (r#"{"a":{"$bitsAllSet":0}}"#, true),
    ] {
        check(binary, filter, expected);
    }
    let number = r#"{"a":54}"#;
    check(number, r#"{"a":{"$bitsAllSet":{"$binary":{"base64":"Ng==","subType":"00"}}}}"#, true);
    check(number, r#"{"a":{"$bitsAllClear":{"$binary":{"base64":"yQA=","subType":"00"}}}}"#, true);
    check(r#"{"a":54.5}"#, r#"{"a":{"$bitsAllSet":[1]}}"#, false);
    check(r#"{"a":"54"}"#, r#"{"a":{"$bitsAnyClear":[0]}}"#, false);
    check(r#"{"a":{"$numberDecimal":"54.0"}}"#, r#"{"a":{"$bitsAllSet":50}}"#, true);
}

#[test]
fn expressions() {
    check(r#"{"spent":450,"budget":400}"#, r#"{"$expr":{"$gt":["$spent","$budget"]}}"#, true);
    check(r#"{"spent":350,"budget":400}"#, r#"{"$expr":{"$gt":["$spent","$budget"]},"budget":400}"#, false);
    check(r#"{"a":1,"b":1}"#, r#"{"$or":[{"$expr":{"$eq":["$a","$b"]}},{"a":9}]}"#, true);
    check(r#"{"a":1,"b":1}"#, r#"{"$nor":[{"$expr":{"$eq":["$a","$b"]}}]}"#, false);
    check(r#"{"a":0}"#, r#"{"$expr":"$a"}"#, false);
    check(r#"{"a":"x"}"#, r#"{"$expr":"$a"}"#, true);
    let filter = Filter::parse(&read(r#"{"$expr":{"$divide":["$a","$b"]}}"#)).unwrap();
    assert!(!filter.matches(&read(r#"{"a":1,"b":0}"#)));
    assert_eq!(filter.test(&read(r#"{"a":1,"b":0}"#), &Document::new()).unwrap_err().code().number(), 16608);
    assert_eq!(Filter::parse(&read(r#"{"$expr":"$$x"}"#)).unwrap_err().code().number(), 17276);
    assert_eq!(Filter::parse(&read(r#"{"$expr":{"$foo":1}}"#)).unwrap_err().code(), Code::InvalidPipelineOperator);
    let collation = crate::Collation::parse(&read(r#"{"locale":"en","strength":1}"#)).unwrap();
    let filter = Filter::parse_with(&read(r#"{"$expr":{"$eq":["$a","B"]}}"#), &collation).unwrap();
    assert!(filter.matches(&read(r#"{"a":"b"}"#)));
    assert_eq!(filter.check_upsert().unwrap_err().code(), Code::QueryFeatureNotAllowed);
    assert!(Filter::parse(&read(r#"{"a":1}"#)).unwrap().check_upsert().is_ok());
}

#[test]
fn nesting_is_limited() {
    let mut filter = doc! {"a": 1};
    for _ in 0..Filter::MAX_DEPTH {
        filter = doc! {"$or": [filter]};
    }
    assert!(Filter::parse(&filter).is_ok());
    assert_eq!(Filter::parse(&doc! {"$or": [filter]}).unwrap_err().code(), Code::Overflow);
}

#[test]
fn ids_and_equalities() {
    let parse = |text: &str| Filter::parse(&read(text)).unwrap();
    assert_eq!(parse(r#"{"_id":5,"a":1}"#).ids(), Some(vec![&Bson::Int32(5)]));
    assert_eq!(parse(r#"{"$and":[{"a":1},{"_id":{"$in":["b","a"]}}]}"#).ids().unwrap().len(), 2);
    assert_eq!(parse(r#"{"$or":[{"_id":1},{"_id":2}]}"#).ids(), None);
    assert_eq!(parse(r#"{"_id":{"$gt":1}}"#).ids(), None);
    assert_eq!(parse(r#"{"_id":{"$ne":1}}"#).ids(), None);
    assert_eq!(parse(r#"{"$nor":[{"_id":1}]}"#).ids(), None);
    let filter = parse(r#"{"a":1,"b.c":{"$eq":2},"$and":[{"d":3}],"e":{"$gt":4},"$or":[{"f":1},{"g":1}]}"#);
    assert_eq!(filter.equalities().unwrap(), doc! {"a": 1, "b": {"c": 2}, "d": 3});
    assert_eq!(parse(r#"{"a":1,"$and":[{"a":1}]}"#).equalities().unwrap_err().code(), Code::NotSingleValueField);
    assert_eq!(parse(r#"{"a":{"b":1},"a.c":1}"#).equalities().unwrap_err().code(), Code::NotSingleValueField);
}

#[test]
fn bounds_of_the_id() {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let parse = |text: &str| Filter::parse(&read(text)).unwrap();
    assert_eq!(parse(r#"{"_id":{"$gt":1,"$lte":9}}"#).id_bounds(), (Excluded(&Bson::Int32(1)), Included(&Bson::Int32(9))));
    assert_eq!(parse(r#"{"_id":{"$gte":1},"$and":[{"_id":{"$gt":1}}]}"#).id_bounds().0, Excluded(&Bson::Int32(1)));
    assert_eq!(parse(r#"{"_id":{"$lt":3},"$and":[{"_id":{"$lte":5}}]}"#).id_bounds(), (Unbounded, Excluded(&Bson::Int32(3))));
    assert_eq!(parse(r#"{"$or":[{"_id":{"$gt":1}},{"a":1}]}"#).id_bounds(), (Unbounded, Unbounded));
    assert_eq!(parse(r#"{"_id":{"$not":{"$gt":1}}}"#).id_bounds(), (Unbounded, Unbounded));
    assert!(parse("{}").is_empty() && !parse(r#"{"a":1}"#).is_empty());
    assert!(parse(r#"{"_id":1}"#).is_id_equality() && !parse(r#"{"_id":1,"a":1}"#).is_id_equality());
}
