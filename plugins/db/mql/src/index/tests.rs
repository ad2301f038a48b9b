use bson::{Bson, Document, bson, doc};

use super::{IndexSpec, MAX_INDEXES};
use crate::error::Code;
use crate::{Filter, json, key};

fn read(text: &str) -> Document {
    json::document(text.as_bytes()).unwrap()
}

fn spec(text: &str) -> IndexSpec {
    IndexSpec::parse(&read(text)).unwrap()
}

#[track_caller]
fn refused(text: &str, code: Code, message: &str) {
    let error = IndexSpec::parse(&read(text)).unwrap_err();
    assert_eq!(error.code(), code, "{text}: {error}");
    assert!(error.message().contains(message), "{text}: {error}");
}

#[track_caller]
fn keys(key: &str, doc: &str, expected: &str) {
    let keys = spec(&format!(r#"{{"key":{key}}}"#)).keys(&read(doc)).unwrap();
    let shown = keys.into_iter().map(|key| key.into_iter().map(|v| if v == Bson::Undefined { bson!("undefined") } else { v }).collect());
    let shown: Vec<Bson> = shown.map(Bson::Array).collect();
    assert_eq!(json::to_string(&Bson::Array(shown)), expected, "{key} {doc}");
}

#[test]
fn what_a_specification_says() {
    let index = spec(r#"{"key":{"a":1,"b.c":-1,"g":"2dsphere"},"unique":true,"sparse":1,"background":true}"#);
    assert_eq!(index.name(), "a_1_b.c_-1_g_2dsphere");
    assert!(index.is_unique() && index.is_sparse() && index.has_sphere() && !index.is_id());
    assert!(!index.fields()[0].is_descending() && index.fields()[1].is_descending());
    assert_eq!(IndexSpec::parse(&index.document()).unwrap().document(), index.document());
    let ttl = spec(r#"{"key":{"at":1},"name":"ttl","expireAfterSeconds":3600.5,"collation":{"locale":"en"}}"#);
    assert_eq!(ttl.expire_after_seconds(), Some(3600));
    assert_eq!(IndexSpec::parse(&ttl.document()).unwrap().document(), ttl.document());
    let id = spec(r#"{"key":{"_id":1.0},"name":"other"}"#);
    assert!(id.is_id() && id.is_unique());
    assert_eq!(id.document(), doc! {"v": 2, "key": {"_id": 1.0}, "name": "_id_"});
    assert_eq!(spec(r#"{"key":{"_id":1,"a":1}}"#).name(), "_id_1_a_1");
}

#[test]
fn specifications_that_are_refused() {
    let cannot = Code::CannotCreateIndex;
    refused("{}", Code::FailedToParse, "The 'key' field is a required property");
    refused(r#"{"key":5}"#, Code::TypeMismatch, "must be an object, but got int");
    refused(r#"{"key":{}}"#, cannot, "Index keys cannot be empty.");
    refused(r#"{"key":{"a":0}}"#, cannot, "cannot be 0");
    refused(r#"{"key":{"a":{"$numberDouble":"NaN"}}}"#, cannot, "cannot be NaN");
    refused(r#"{"key":{"a":true}}"#, cannot, "cannot be of type bool");
    refused(r#"{"key":{"a":"text"}}"#, cannot, "'text' are not supported");
    refused(r#"{"key":{"a":"hashed"}}"#, cannot, "'hashed' are not supported");
    refused(r#"{"key":{"a":"x"}}"#, cannot, "Unknown index plugin 'x'");
    refused(r#"{"key":{"$**":1}}"#, cannot, "wildcard");
    refused(r#"{"key":{"":1}}"#, cannot, "cannot be an empty field");
    refused(r#"{"key":{"a..b":1}}"#, cannot, "cannot contain an empty field");
    refused(r#"{"key":{"a.$b":1}}"#, cannot, "starts with '$'");
    refused(r#"{"key":{"a":1},"name":""}"#, cannot, "cannot be empty");
    refused(r#"{"key":{"a":1},"name":"*"}"#, Code::BadValue, "'*' is not valid");
    refused(r#"{"key":{"a":1},"name":"_id_"}"#, Code::BadValue, "reserved for the _id index");
    refused(r#"{"key":{"a":1},"name":5}"#, Code::TypeMismatch, "'name' must be a string");
    refused(r#"{"key":{"a":1},"unique":"x"}"#, Code::TypeMismatch, "'unique'");
    refused(r#"{"key":{"a":1},"foo":1}"#, Code::InvalidIndexSpecificationOption, "The field 'foo' is not valid for an index");
    refused(r#"{"key":{"_id":1},"sparse":true}"#, Code::InvalidIndexSpecificationOption, "not valid for an _id index");
    refused(r#"{"key":{"_id":-1}}"#, Code::BadValue, "must be {_id: 1}");
    refused(r#"{"key":{"a":1},"v":3}"#, cannot, "v=3");
    refused(r#"{"key":{"a":1},"expireAfterSeconds":-1}"#, cannot, "less than 0");
    refused(r#"{"key":{"a":1},"expireAfterSeconds":9999999999}"#, cannot, "acceptable range");
    refused(r#"{"key":{"a":1},"expireAfterSeconds":"x"}"#, Code::TypeMismatch, "must be a number");
    refused(r#"{"key":{"a":1,"b":1},"expireAfterSeconds":1}"#, cannot, "single-field");
    refused(r#"{"key":{"a":1},"sparse":true,"partialFilterExpression":{"a":1}}"#, cannot, "cannot mix");
    refused(r#"{"key":{"a":1},"partialFilterExpression":{"a":{"$ne":1}}}"#, cannot, "unsupported expression");
    refused(r#"{"key":{"a":1},"partialFilterExpression":{"$or":[{"a":1},{"b":1}]}}"#, cannot, "unsupported expression");
    refused(r#"{"key":{"a":1},"partialFilterExpression":{"a":{"$exists":false}}}"#, cannot, "unsupported expression");
    refused(r#"{"key":{"a":1},"collation":{"locale":"xx"}}"#, Code::BadValue, "locale");
    let many: Document = (0..33).map(|i| (format!("f{i}"), Bson::Int32(1))).collect();
    assert_eq!(IndexSpec::parse(&doc! {"key": many}).unwrap_err().code(), Code::Location(13103));
}

#[test]
fn indexes_beside_others() {
    let existing = [IndexSpec::id(), spec(r#"{"key":{"a":1},"name":"x","unique":true}"#)];
    assert!(!spec(r#"{"key":{"_id":1}}"#).is_new(&existing).unwrap());
    assert!(!spec(r#"{"key":{"a":1},"name":"x","unique":true}"#).is_new(&existing).unwrap());
    assert!(spec(r#"{"key":{"a":-1}}"#).is_new(&existing).unwrap());
    assert!(spec(r#"{"key":{"a":1},"name":"y","collation":{"locale":"en"}}"#).is_new(&existing).unwrap());
    let conflict = |text: &str| spec(text).is_new(&existing).unwrap_err().code();
    assert_eq!(conflict(r#"{"key":{"a":1},"name":"x"}"#), Code::IndexOptionsConflict);
    assert_eq!(conflict(r#"{"key":{"b":1},"name":"x"}"#), Code::IndexKeySpecsConflict);
    assert_eq!(conflict(r#"{"key":{"a":1},"name":"y","unique":true}"#), Code::IndexOptionsConflict);
    assert_eq!(conflict(r#"{"key":{"a":1},"name":"y"}"#), Code::IndexOptionsConflict);
    let full: Vec<IndexSpec> = (0..MAX_INDEXES).map(|i| spec(&format!(r#"{{"key":{{"f{i}":1}}}}"#))).collect();
    assert_eq!(spec(r#"{"key":{"a":1}}"#).is_new(&full).unwrap_err().code(), Code::CannotCreateIndex);
}

#[test]
fn keys_of_documents() {
    keys(r#"{"a":1}"#, r#"{"a":5}"#, "[[5]]");
    keys(r#"{"a":1,"b":-1}"#, r#"{"a":{"x":1}}"#, r#"[[{"x":1},null]]"#);
    keys(r#"{"a.b":1}"#, r#"{"a":{"b":1}}"#, "[[1]]");
    keys(r#"{"a.b":1}"#, r#"{"a":5}"#, "[[null]]");
    keys(r#"{"a":1}"#, r#"{"a":[3,1,3,[2],{"b":1}]}"#, r#"[[1],[3],[{"b":1}],[[2]]]"#);
    keys(r#"{"a":1}"#, r#"{"a":[]}"#, r#"[["undefined"]]"#);
    keys(r#"{"a.b":1}"#, r#"{"a":[]}"#, "[[null]]");
    keys(r#"{"a.b":1}"#, r#"{"a":[{"b":1},{"b":[2,3]},{"c":1},4]}"#, "[[null],[1],[2],[3]]");
    keys(r#"{"a.b":1,"a.c":1}"#, r#"{"a":[{"b":1,"c":2},{"b":3}]}"#, "[[1,2],[3,null]]");
    keys(r#"{"a":1,"b":1}"#, r#"{"a":[1,2],"b":7}"#, "[[1,7],[2,7]]");
    keys(r#"{"b":-1,"a":1}"#, r#"{"a":[1,2],"b":7}"#, "[[7,1],[7,2]]");
    keys(r#"{"a":-1}"#, r#"{"a":[1,2]}"#, "[[2],[1]]");
    keys(r#"{"a":1,"a.b":1}"#, r#"{"a":[{"b":1},2]}"#, r#"[[2,null],[{"b":1},1]]"#);
    keys(r#"{"a.0":1}"#, r#"{"a":[5,6]}"#, "[[5]]");
    keys(r#"{"a.1.b":1}"#, r#"{"a":[{"b":1},{"b":[2,3]}]}"#, "[[2],[3]]");
    keys(r#"{"a.7":1}"#, r#"{"a":[5,6]}"#, "[[null]]");
    keys(r#"{"a.0":1}"#, r#"{"a":{"0":9}}"#, "[[9]]");
    keys(r#"{"a.0":1,"a.1":1}"#, r#"{"a":[5,[6,7]]}"#, "[[5,6],[5,7]]");
    let parallel = spec(r#"{"key":{"a":1,"b":1}}"#).keys(&read(r#"{"a":[1],"b":[2]}"#)).unwrap_err();
    assert_eq!((parallel.code(), parallel.message()), (Code::CannotIndexParallelArrays, "cannot index parallel arrays [b] [a]"));
    let empty = spec(r#"{"key":{"a":1,"b.c":1}}"#).keys(&read(r#"{"a":[],"b":[]}"#)).unwrap_err();
    assert_eq!(empty.code(), Code::CannotIndexParallelArrays, "empty arrays are arrays");
    keys(r#"{"a.b":1,"a.c":1}"#, r#"{"a":[]}"#, "[[null,null]]");
    let nested = spec(r#"{"key":{"a.b":1,"a.c":1}}"#).keys(&read(r#"{"a":[{"b":[1],"c":[2]}]}"#)).unwrap_err();
    assert_eq!(nested.code(), Code::CannotIndexParallelArrays);
    let ambiguous = spec(r#"{"key":{"a.0":1}}"#).keys(&read(r#"{"a":[{"0":1}]}"#)).unwrap_err();
    assert_eq!(ambiguous.code(), Code::Location(16746));
}

#[test]
fn sparse_partial_and_collated() {
    let sparse = spec(r#"{"key":{"a":1,"b":1},"sparse":true}"#);
    assert!(sparse.keys(&doc! {"c": 1}).unwrap().is_empty());
    assert_eq!(sparse.keys(&doc! {"b": Bson::Null}).unwrap().len(), 1);
    let partial = spec(r#"{"key":{"a":1},"partialFilterExpression":{"n":{"$gt":5},"a":{"$exists":true}}}"#);
    assert!(partial.keys(&doc! {"a": 1, "n": 5}).unwrap().is_empty());
    assert_eq!(partial.keys(&doc! {"a": 1, "n": 6}).unwrap().len(), 1);
    let collated = spec(r#"{"key":{"a":1},"collation":{"locale":"en","strength":2}}"#);
    assert_eq!(collated.encoded_keys(&doc! {"a": "Abc"}).unwrap(), collated.encoded_keys(&doc! {"a": "aBC"}).unwrap());
    assert_ne!(collated.encoded_keys(&doc! {"a": "abc"}).unwrap(), collated.encoded_keys(&doc! {"a": "abd"}).unwrap());
}

#[test]
fn what_a_partial_index_can_answer() {
    let partial = spec(r#"{"key":{"a":1},"partialFilterExpression":{"n":{"$gt":5},"a":{"$exists":true}}}"#);
    for (filter, covered) in [
        (r#"{"a":1,"n":6}"#, true),
        (r#"{"a":1,"n":{"$gt":5}}"#, true),
        (r#"{"a":{"$gte":1},"n":{"$gte":5.5}}"#, true),
        (r#"{"a":{"$in":[1,2]},"n":{"$in":[6,7]}}"#, true),
        (r#"{"a":1,"n":{"$gte":5}}"#, false),
        (r#"{"a":1,"n":{"$in":[5,6]}}"#, false),
        (r#"{"a":null,"n":6}"#, false),
        (r#"{"n":6}"#, false),
        (r#"{"a":1}"#, false),
        (r#"{"a":1,"n":"6"}"#, false),
        (r#"{"a":1,"n":{"$numberDouble":"NaN"}}"#, false),
    ] {
        assert_eq!(partial.covers(&Filter::parse(&read(filter)).unwrap()), covered, "{filter}");
    }
    assert!(spec(r#"{"key":{"a":1}}"#).covers(&Filter::parse(&doc! {}).unwrap()));
}

#[test]
fn geometries_are_kept_by_cells() {
    let index = spec(r#"{"key":{"g":"2dsphere","a":1}}"#);
    let point = doc! {"type": "Point", "coordinates": [116.4, 39.9]};
    let found = index.keys(&doc! {"g": point.clone(), "a": 7}).unwrap();
    assert!(!found.is_empty() && found.iter().all(|key| matches!(key.as_slice(), [Bson::Int64(_), Bson::Int32(7)])));
    assert!(index.keys(&doc! {"a": 7}).unwrap().is_empty());
    assert!(index.keys(&doc! {"g": "x"}).is_err());
    let bytes = index.encoded_keys(&doc! {"g": point, "a": 7}).unwrap();
    assert!(bytes[0].starts_with(&key::encode(&found[0][0], false)));
}

#[test]
fn keys_are_bounded() {
    let index = spec(r#"{"key":{"a":1,"b":1}}"#);
    let doc = doc! {"a": (0..1000).map(Bson::Int32).collect::<Vec<_>>(), "b": "x".repeat(1_000_000)};
    assert_eq!(index.keys(&doc).unwrap_err().code(), Code::Location(17280));
}
