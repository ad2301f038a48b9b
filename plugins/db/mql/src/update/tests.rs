use bson::{Bson, Document, doc};

use super::{Replacement, Update};
use crate::error::Code;
use crate::json;

mod positional;
mod upserts;

fn read(text: &str) -> Document {
    json::document(text.as_bytes()).unwrap()
}

#[track_caller]
fn check(doc: &str, update: &str, expected: &str) {
    let mut doc = read(doc);
    Update::parse(&read(update)).unwrap().apply(&mut doc).unwrap();
    assert_eq!(json::to_string(&doc.into()), expected, "{update}");
}

#[track_caller]
fn refused(doc: &str, update: &str, code: Code, message: &str) {
    let mut doc = read(doc);
    let error = Update::parse(&read(update)).and_then(|u| u.apply(&mut doc)).unwrap_err();
    assert_eq!(error.code(), code, "{update}: {error}");
    assert!(error.message().contains(message), "{update}: {error}");
}

#[test]
fn set_and_unset() {
    check(r#"{"_id":1,"a":1}"#, r#"{"$set":{"a":2,"b":{"c":3}}}"#, r#"{"_id":1,"a":2,"b":{"c":3}}"#);
    check(r#"{"_id":1}"#, r#"{"$set":{"z":1,"a.b.c":2}}"#, r#"{"_id":1,"a":{"b":{"c":2}},"z":1}"#);
    check(r#"{"a":[1,2]}"#, r#"{"$set":{"a.1":9}}"#, r#"{"a":[1,9]}"#);
    check(r#"{"a":[1]}"#, r#"{"$set":{"a.3":9}}"#, r#"{"a":[1,null,null,9]}"#);
    check(r#"{"a":[{"b":1}]}"#, r#"{"$set":{"a.0.b":2,"a.1.c":3}}"#, r#"{"a":[{"b":2},{"c":3}]}"#);
    check(r#"{}"#, r#"{"$set":{"a.0":1}}"#, r#"{"a":{"0":1}}"#);
    check(r#"{"a":1,"b":2,"c":3}"#, r#"{"$unset":{"b":""}}"#, r#"{"a":1,"c":3}"#);
    check(r#"{"a":{"b":1},"c":[1,2]}"#, r#"{"$unset":{"a.b":1,"c.0":1,"x.y":1}}"#, r#"{"a":{},"c":[null,2]}"#);
    check(r#"{"_id":1,"a":1}"#, r#"{"$set":{"_id":1.0}}"#, r#"{"_id":1,"a":1}"#);
    refused(r#"{"_id":1}"#, r#"{"$set":{"_id":2}}"#, Code::ImmutableField, "immutable field '_id'");
    refused(r#"{"_id":1}"#, r#"{"$unset":{"_id":1}}"#, Code::ImmutableField, "immutable field '_id'");
    refused(r#"{"a":5}"#, r#"{"$set":{"a.b":1}}"#, Code::PathNotViable, "Cannot create field 'b' in element {a: 5}");
    refused(r#"{"a":[1]}"#, r#"{"$set":{"a.b":1}}"#, Code::PathNotViable, "Cannot create field 'b'");
    refused(r#"{"a":[]}"#, r#"{"$set":{"a.9999999":1}}"#, Code::CannotBackfillArray, "backfill");
}

#[test]
fn arithmetic() {
    check(r#"{"a":1}"#, r#"{"$inc":{"a":2,"b":5}}"#, r#"{"a":3,"b":5}"#);
    check(r#"{"a":1}"#, r#"{"$inc":{"a":0.5}}"#, r#"{"a":1.5}"#);
    check(r#"{"a":2147483647}"#, r#"{"$inc":{"a":1}}"#, r#"{"a":2147483648}"#);
    check(r#"{"a":3}"#, r#"{"$mul":{"a":2,"b":5}}"#, r#"{"a":6,"b":0}"#);
    check(r#"{"a":5,"b":5}"#, r#"{"$min":{"a":3,"b":9,"c":1}}"#, r#"{"a":3,"b":5,"c":1}"#);
    check(r#"{"a":5,"b":5}"#, r#"{"$max":{"a":3,"b":9}}"#, r#"{"a":5,"b":9}"#);
    check(r#"{"a":null}"#, r#"{"$max":{"a":3}}"#, r#"{"a":3}"#);
    check(r#"{"a":13}"#, r#"{"$bit":{"a":{"and":10}}}"#, r#"{"a":8}"#);
    check(r#"{"a":1}"#, r#"{"$bit":{"a":{"or":5,"xor":1},"b":{"or":2}}}"#, r#"{"a":4,"b":2}"#);
    refused(r#"{"a":"x"}"#, r#"{"$inc":{"a":1}}"#, Code::TypeMismatch, "non-numeric type");
    refused(r#"{"a":null}"#, r#"{"$inc":{"a":1}}"#, Code::TypeMismatch, "non-numeric type null");
    refused(r#"{}"#, r#"{"$inc":{"a":"1"}}"#, Code::TypeMismatch, "Cannot increment with non-numeric argument");
    refused(r#"{"a":9223372036854775807}"#, r#"{"$inc":{"a":1}}"#, Code::BadValue, "Failed to apply $inc");
    refused(r#"{"a":1.5}"#, r#"{"$bit":{"a":{"or":1}}}"#, Code::BadValue, "non-integer type double");
    refused("{}", r#"{"$bit":{"a":{}}}"#, Code::BadValue, "at least one bitwise operation");
    refused("{}", r#"{"$bit":{"a":5}}"#, Code::BadValue, "not compatible with a int");
    refused("{}", r#"{"$bit":{"a":{"not":1}}}"#, Code::BadValue, "unknown operator: {not: 1}");
    refused("{}", r#"{"$bit":{"a":{"or":1.5}}}"#, Code::BadValue, "a 'double' is not supported here");
    let decimal = r#"{"a":{"$numberDecimal":"1.10"},"b":2}"#;
    let added = r#"{"a":{"$numberDecimal":"3.10"},"b":{"$numberDecimal":"2.5"}}"#;
    check(decimal, r#"{"$inc":{"a":2,"b":{"$numberDecimal":"0.5"}}}"#, added);
    check(decimal, r#"{"$mul":{"a":2,"c":{"$numberDecimal":"5"}}}"#, r#"{"a":{"$numberDecimal":"2.20"},"b":2,"c":{"$numberDecimal":"0"}}"#);
    check(r#"{"a":{"$numberLong":"1"}}"#, r#"{"$bit":{"a":{"or":{"$numberLong":"4294967296"}}}}"#, r#"{"a":4294967297}"#);
}

#[test]
fn rename_and_dates() {
    check(r#"{"a":1,"b":2}"#, r#"{"$rename":{"a":"c"}}"#, r#"{"b":2,"c":1}"#);
    check(r#"{"a":{"x":1},"b":2}"#, r#"{"$rename":{"a.x":"b"}}"#, r#"{"a":{},"b":1}"#);
    check(r#"{"a":1}"#, r#"{"$rename":{"zz":"c"}}"#, r#"{"a":1}"#);
    refused(r#"{"a":[{"b":1}]}"#, r#"{"$rename":{"a.0.b":"c"}}"#, Code::BadValue, "array element");
    check(r#"{"b":1,"a":2}"#, r#"{"$rename":{"a":"x.y"},"$set":{"w":1,"x.z":2}}"#, r#"{"b":1,"w":1,"x":{"y":2,"z":2}}"#);
    refused(r#"{"a":1,"b":[{}]}"#, r#"{"$rename":{"a":"b.0.c"}}"#, Code::BadValue, "has an array field called 'b'");
    refused(r#"{"a":5}"#, r#"{"$rename":{"a.b":"c"}}"#, Code::PathNotViable, "cannot use the part (b of a.b)");
    refused(r#"{"a":5,"b":1}"#, r#"{"$rename":{"b":"a.c"}}"#, Code::PathNotViable, "Cannot create field 'c' in element {a: 5}");
    refused("{}", r#"{"$rename":{"a":5}}"#, Code::BadValue, "must be a string");
    refused("{}", r#"{"$rename":{"a":"b."}}"#, Code::EmptyFieldName, "'b.'");
    refused("{}", r#"{"$currentDate":{"a":5}}"#, Code::BadValue, "int is not valid type for $currentDate");
    refused("{}", r#"{"$currentDate":{"a":{"$type":"x"}}}"#, Code::BadValue, "'date' or 'timestamp'");
    refused("{}", r#"{"$currentDate":{"a":{"b":"x"}}}"#, Code::BadValue, "Unrecognized $currentDate option: b");
    refused(r#"{"a":1}"#, r#"{"$rename":{"a":"a"}}"#, Code::BadValue, "must differ");
    refused(r#"{"a":1}"#, r#"{"$rename":{"a":"a.b"}}"#, Code::BadValue, "same path");
    let mut doc = doc! {};
    Update::parse(&read(r#"{"$currentDate":{"a":true,"b":{"$type":"timestamp"}}}"#)).unwrap().apply(&mut doc).unwrap();
    assert!(matches!((doc.get("a"), doc.get("b")), (Some(Bson::DateTime(_)), Some(Bson::Timestamp(_)))));
}

#[test]
fn push() {
    check(r#"{"a":[1]}"#, r#"{"$push":{"a":2,"b":[3]}}"#, r#"{"a":[1,2],"b":[[3]]}"#);
    check(r#"{"a":[1]}"#, r#"{"$push":{"a":{"$each":[2,3]}}}"#, r#"{"a":[1,2,3]}"#);
    check(r#"{"a":[1,2]}"#, r#"{"$push":{"a":{"$each":[9],"$position":0}}}"#, r#"{"a":[9,1,2]}"#);
    check(r#"{"a":[1,2]}"#, r#"{"$push":{"a":{"$each":[9],"$position":-1}}}"#, r#"{"a":[1,9,2]}"#);
    check(r#"{"a":[3,1]}"#, r#"{"$push":{"a":{"$each":[2],"$sort":1,"$slice":2}}}"#, r#"{"a":[1,2]}"#);
    check(r#"{"a":[3,1]}"#, r#"{"$push":{"a":{"$each":[2],"$sort":-1,"$slice":-2}}}"#, r#"{"a":[2,1]}"#);
    check(r#"{"a":[{"s":2},{"s":1}]}"#, r#"{"$push":{"a":{"$each":[{"s":3}],"$sort":{"s":-1}}}}"#, r#"{"a":[{"s":3},{"s":2},{"s":1}]}"#);
    check(r#"{"a":[1]}"#, r#"{"$push":{"a":{"$each":[2],"$slice":0}}}"#, r#"{"a":[]}"#);
    // Arrays count as a whole, other than where documents are sorted, and by position.
    let (pushed, sorted) = (r#"{"a":[{"s":[3,1]},{"s":[2]}]}"#, r#"{"a":[{"s":[2]},{"s":[3,1]}]}"#);
    check(pushed, r#"{"$push":{"a":{"$each":[],"$sort":{"s":1}}}}"#, sorted);
    check(pushed, r#"{"$push":{"a":{"$each":[],"$sort":{"s.0":1}}}}"#, sorted);
    check(pushed, r#"{"$push":{"a":{"$each":[5],"$sort":{"s.x":1,"s":-1}}}}"#, r#"{"a":[{"s":[3,1]},{"s":[2]},5]}"#);
    refused(r#"{"_id":3,"a":1}"#, r#"{"$push":{"a":2}}"#, Code::BadValue, "must be an array but is of type int in document {_id: 3}");
    refused("{}", r#"{"$push":{"a":{"$each":[],"$sort":{}}}}"#, Code::BadValue, "The $sort pattern is empty");
    refused("{}", r#"{"$push":{"a":{"$each":[],"$sort":{"b":2}}}}"#, Code::BadValue, "must be either 1 or -1");
    refused("{}", r#"{"$push":{"a":{"$each":[],"$sort":"b"}}}"#, Code::BadValue, "The $sort is invalid");
    refused("{}", r#"{"$push":{"a":{"$each":[],"$sort":{"b.":1}}}}"#, Code::BadValue, "empty part: b.");
    refused("{}", r#"{"$push":{"a":{"$each":[],"$slice":1.5}}}"#, Code::BadValue, "was given type: double");
    refused("{}", r#"{"$push":{"a":{"$each":[],"$position":"x"}}}"#, Code::BadValue, "not of type: string");
    refused("{}", r#"{"$push":{"a":{"$slice":1}}}"#, Code::DollarPrefixedFieldName, "$slice");
    refused(r#"{}"#, r#"{"$push":{"a":{"$each":2}}}"#, Code::BadValue, "must be an array");
    refused(r#"{}"#, r#"{"$push":{"a":{"$each":[],"$foo":2}}}"#, Code::BadValue, "Unrecognized clause");
}

#[test]
fn sets_pops_and_pulls() {
    check(r#"{"a":[1,2]}"#, r#"{"$addToSet":{"a":2.0}}"#, r#"{"a":[1,2]}"#);
    check(r#"{"a":[1]}"#, r#"{"$addToSet":{"a":{"$each":[2,1,2]}}}"#, r#"{"a":[1,2]}"#);
    check(r#"{"a":[{"x":1,"y":2}]}"#, r#"{"$addToSet":{"a":{"y":2,"x":1}}}"#, r#"{"a":[{"x":1,"y":2},{"y":2,"x":1}]}"#);
    check(r#"{"a":[1,2,3]}"#, r#"{"$pop":{"a":1}}"#, r#"{"a":[1,2]}"#);
    check(r#"{"a":[1,2,3]}"#, r#"{"$pop":{"a":-1,"b":1}}"#, r#"{"a":[2,3]}"#);
    check(r#"{"a":[1,5,3,5]}"#, r#"{"$pull":{"a":5}}"#, r#"{"a":[1,3]}"#);
    check(r#"{"a":[1,5,3,5]}"#, r#"{"$pull":{"a":{"$gte":3}}}"#, r#"{"a":[1]}"#);
    check(r#"{"a":[{"b":1,"c":2},{"b":3}]}"#, r#"{"$pull":{"a":{"b":1}}}"#, r#"{"a":[{"b":3}]}"#);
    check(r#"{"a":["x","y","z"]}"#, r#"{"$pull":{"a":{"$in":["x","z"]}}}"#, r#"{"a":["y"]}"#);
    check(r#"{"a":[[6],[1],7]}"#, r#"{"$pull":{"a":{"$gt":5}}}"#, r#"{"a":[[1]]}"#);
    check(r#"{"a":[[1],1]}"#, r#"{"$pull":{"a":[1]}}"#, r#"{"a":[1]}"#);
    check(r#"{"a":[{"b":1,"c":2},{"c":2,"b":1}]}"#, r#"{"$pull":{"a":{"c":2,"b":1}}}"#, r#"{"a":[]}"#);
    check(r#"{"a":[{"b":[1,5]},{"b":[2]}]}"#, r#"{"$pull":{"a":{"b":{"$elemMatch":{"$gt":4}}}}}"#, r#"{"a":[{"b":[2]}]}"#);
    check(r#"{"a":[{"b":1},{"b":9},5]}"#, r#"{"$pull":{"a":{"$or":[{"b":1},{"b":2}]}}}"#, r#"{"a":[{"b":9},5]}"#);
    check(r#"{"a":["xy","z"]}"#, r#"{"$pull":{"a":{"$regularExpression":{"pattern":"^x","options":""}}}}"#, r#"{"a":["z"]}"#);
    refused(
        r#"{"a":5}"#,
        r#"{"$pull":{"a.b":1}}"#,
        Code::PathNotViable,
        "Cannot use the part (b) of (a.b) to traverse the element ({a: 5})",
    );
    refused(r#"{"a":[]}"#, r#"{"$pop":{"a.b":1}}"#, Code::PathNotViable, "Cannot use the part (b)");
    refused("{}", r#"{"$pull":{"a":{"$foo":1}}}"#, Code::BadValue, "unknown operator: $foo");
    refused("{}", r#"{"$pullAll":{"a":1}}"#, Code::BadValue, "given a int");
    refused("{}", r#"{"$addToSet":{"a":{"$each":1}}}"#, Code::TypeMismatch, "of type int");
    refused("{}", r#"{"$pop":{"a":"x"}}"#, Code::FailedToParse, "Expected a number in: a");
    check(r#"{"a":[1,2,1,3]}"#, r#"{"$pullAll":{"a":[1,3]}}"#, r#"{"a":[2]}"#);
    refused(r#"{"a":1}"#, r#"{"$addToSet":{"a":2}}"#, Code::BadValue, "non-array type int");
    refused(r#"{"a":1}"#, r#"{"$pop":{"a":1}}"#, Code::TypeMismatch, "non-array type 'int'");
    refused(r#"{"a":1}"#, r#"{"$pull":{"a":1}}"#, Code::BadValue, "Cannot apply $pull to a non-array value");
    refused(r#"{"a":[]}"#, r#"{"$pop":{"a":2}}"#, Code::FailedToParse, "$pop expects 1 or -1");
    refused(r#"{"a":[]}"#, r#"{"$pop":{"a":1.5}}"#, Code::FailedToParse, "Expected an integer: a: 1.5");
    let many = |from: i32, to: i32| json::to_string(&(from..to).map(Bson::Int32).collect::<Vec<_>>().into());
    let set = format!(r#"{{"$addToSet":{{"a":{{"$each":{}}}}}}}"#, many(5, 40));
    check(r#"{"a":[7,1,{"$numberDouble":"8"}]}"#, &set, &format!(r#"{{"a":[7,1,8,5,6,{}}}"#, &many(9, 40)[1..]));
    check(&format!(r#"{{"a":{}}}"#, many(0, 50)), &format!(r#"{{"$pullAll":{{"a":{}}}}}"#, many(2, 60)), r#"{"a":[0,1]}"#);
}

#[test]
fn sets_of_many_values_are_made_in_time() {
    let many: Vec<Bson> = (0..200_000).map(Bson::Int32).collect();
    let mut doc = doc! {"a": []};
    Update::parse(&doc! {"$addToSet": {"a": {"$each": &many}}}).unwrap().apply(&mut doc).unwrap();
    assert_eq!(doc.get_array("a").unwrap().len(), many.len());
    Update::parse(&doc! {"$pullAll": {"a": many}}).unwrap().apply(&mut doc).unwrap();
    assert!(doc.get_array("a").unwrap().is_empty());
}

#[test]
fn documents_stay_below_16_mib() {
    let half = "x".repeat(9 << 20);
    let mut doc = doc! {"_id": 1, "a": &half};
    let error = Update::parse(&doc! {"$set": {"b": &half}}).unwrap().apply(&mut doc).unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::BSONObjectTooLarge, "Resulting document after update is larger than 16777216"));
}

#[test]
fn conflicts_and_bad_updates() {
    let conflict = Code::ConflictingUpdateOperators;
    refused("{}", r#"{"$set":{"a":1},"$inc":{"a":1}}"#, conflict, "Updating the path 'a' would create a conflict at 'a'");
    refused("{}", r#"{"$set":{"a":1,"a.b":1}}"#, conflict, "Updating the path 'a.b' would create a conflict at 'a'");
    refused("{}", r#"{"$set":{"a.b":1},"$unset":{"a":1}}"#, conflict, "conflict at 'a'");
    refused("{}", r#"{"$rename":{"a":"b"},"$set":{"b":1}}"#, conflict, "conflict at 'b'");
    refused("{}", r#"{}"#, Code::FailedToParse, "empty");
    refused("{}", r#"{"$set":{}}"#, Code::FailedToParse, "'$set' is empty");
    refused("{}", r#"{"$set":5}"#, Code::FailedToParse, "Modifiers operate on fields");
    refused("{}", r#"{"$foo":{"a":1}}"#, Code::FailedToParse, "Unknown modifier: $foo");
    refused("{}", r#"{"$set":{"a":1},"b":2}"#, Code::FailedToParse, "Unknown modifier: b");
    refused("{}", r#"{"$set":{"a.":1}}"#, Code::EmptyFieldName, "'a.'");
    refused("{}", r#"{"$set":{"$a":1}}"#, Code::DollarPrefixedFieldName, "'$a'");
    refused("{}", r#"{"$set":{"x.a":[{"$b":1}]}}"#, Code::DollarPrefixedFieldName, "field '$b' in 'x.a.0.$b' is not valid");
    refused("{}", r#"{"$set":{"":1}}"#, Code::EmptyFieldName, "empty update path");
    refused("{}", r#"{"$set":{"a.b":1,"a":1}}"#, conflict, "Updating the path 'a' would create a conflict at 'a'");
    refused("{}", r#"{"$set":{"a":1},"$rename":{"a.b":"c"}}"#, conflict, "conflict at 'a'");
    check("{}", r#"{"$set":{"10":1,"9":1,"b":2,"a":3}}"#, r#"{"9":1,"10":1,"a":3,"b":2}"#);
    check(r#"{"a":1}"#, r#"{"$set":{"ab":1},"$inc":{"a":1,"a-b":1}}"#, r#"{"a":2,"a-b":1,"ab":1}"#);
}

#[test]
fn upsert_applies_set_on_insert() {
    let update = Update::parse(&read(r#"{"$set":{"b":2},"$setOnInsert":{"c":3}}"#)).unwrap();
    let mut new = doc! {"_id": 1};
    update.apply_on_insert(&mut new).unwrap();
    assert_eq!(new, doc! {"_id": 1, "b": 2, "c": 3});
    let mut old = doc! {"_id": 1};
    update.apply(&mut old).unwrap();
    assert_eq!(old, doc! {"_id": 1, "b": 2});
}

#[test]
fn replacement_keeps_the_id() {
    let replacement = Replacement::parse(doc! {"a": 1}).unwrap();
    assert_eq!(replacement.apply(&Bson::Int32(7)).unwrap(), doc! {"_id": 7, "a": 1});
    let other = Replacement::parse(doc! {"a": 1, "_id": 8}).unwrap();
    assert_eq!(other.apply(&Bson::Int32(7)).unwrap_err().code(), Code::ImmutableField);
    assert!(Replacement::parse(doc! {"$set": {"a": 1}}).is_err());
    assert!(Replacement::parse(doc! {"a": 1, "$set": 1}).is_err());
    assert_eq!(replacement.for_insert(&doc! {"_id": 3, "b": 1}).unwrap(), doc! {"_id": 3, "a": 1});
}

#[test]
fn updates_cannot_nest_too_deep() {
    let path = vec!["a"; 100].join(".");
    let mut doc = doc! {"b": 1};
    Update::parse(&doc! {"$set": {&path: 1}}).unwrap().apply(&mut doc).unwrap();
    let update = Update::parse(&doc! {"$set": {&path: {"x": 1}}}).unwrap();
    assert_eq!(update.apply(&mut doc).unwrap_err().code(), Code::Overflow);
}
