use std::cmp::Ordering;

use bson::{Bson, Document, doc};

use super::super::operator::Env;
use super::{Accumulated, Accumulator};
use crate::collation::Collation;
use crate::error::Result;
use crate::expression::{Scope, Variables};
use crate::json;

const ALL: &[&str] =
    &["$addToSet", "$avg", "$first", "$last", "$max", "$mergeObjects", "$min", "$push", "$stdDevPop", "$stdDevSamp", "$sum"];

fn read(text: &str) -> Bson {
    json::value(text.as_bytes()).unwrap()
}

fn env(collation: Collation) -> Env {
    Env { variables: Variables::new(), given: Document::new(), collation, memory: usize::MAX, spill: None, seed: None }
}

fn accumulated(name: &str) -> Accumulated {
    Accumulated::parse("f", &Bson::Document(doc! {name: "$v"}), &mut Scope::new()).unwrap()
}

/// The accumulator after the values of a list; the text `missing` stands for a document without.
fn state(name: &str, values: &[Bson], env: &Env) -> Result<Accumulator> {
    let accumulated = accumulated(name);
    let mut state = accumulated.start();
    for value in values {
        let doc = if *value == Bson::String("missing".to_owned()) {
            doc! {}
        } else {
            doc! {"v": value.clone()}
        };
        accumulated.add(&mut state, &doc, env)?;
    }
    Ok(state)
}

fn list(values: &str) -> Vec<Bson> {
    read(values).as_array().unwrap().clone()
}

/// The result, also when any first part of the values is put aside in between. Types count.
#[track_caller]
fn check(name: &str, values: &str, expected: &str) {
    let env = env(Collation::simple());
    let (values, expected) = (list(values), format!("{:?}", read(expected)));
    assert_eq!(format!("{:?}", state(name, &values, &env).unwrap().result()), expected, "{name} of {values:?}");
    for split in 0..=values.len() {
        let (before, after) = values.split_at(split);
        let mut joined = accumulated(name).start();
        for part in [before, after] {
            if !part.is_empty() {
                joined.load(state(name, part, &env).unwrap().save(), &env).unwrap();
            }
        }
        assert_eq!(format!("{:?}", joined.result()), expected, "{name} of {values:?}, put aside after {split}");
    }
}

#[test]
fn sums_have_the_narrowest_type_that_holds_them() {
    check("$sum", "[]", "0");
    check("$sum", "[1,2]", "3");
    check("$sum", r#"[1,null,"x",true,[5],{"a":5},"missing"]"#, "1");
    check("$sum", r#"["x"]"#, "0");
    check("$sum", "[2147483647,1]", r#"{"$numberLong":"2147483648"}"#);
    check("$sum", "[2147483647,1,-1]", "2147483647");
    check("$sum", r#"[1,{"$numberLong":"2"}]"#, r#"{"$numberLong":"3"}"#);
    check("$sum", r#"[{"$numberLong":"9223372036854775807"},1]"#, "9223372036854775808.0");
    check("$sum", r#"[{"$numberLong":"9223372036854775807"},1,-1]"#, r#"{"$numberLong":"9223372036854775807"}"#);
    check("$sum", "[1,2.5]", "3.5");
    check("$sum", "[1,-1.0]", "0.0");
    check("$sum", r#"[1,2.5,{"$numberDecimal":"0.10"}]"#, r#"{"$numberDecimal":"3.60"}"#);
    check("$sum", r#"[{"$numberDouble":"NaN"},1]"#, r#"{"$numberDouble":"NaN"}"#);
    check("$sum", r#"[{"$numberDouble":"Infinity"},{"$numberDouble":"-Infinity"}]"#, r#"{"$numberDouble":"NaN"}"#);
    check("$sum", "[1e300,1.0,-1e300]", "1.0");
}

#[test]
fn averages_are_doubles_or_decimals() {
    check("$avg", "[]", "null");
    check("$avg", r#"["x",null,"missing"]"#, "null");
    check("$avg", r#"[1,2,"x",null]"#, "1.5");
    check("$avg", r#"[{"$numberLong":"4"}]"#, "4.0");
    check("$avg", r#"[1,{"$numberDecimal":"2"}]"#, r#"{"$numberDecimal":"1.5"}"#);
    check("$avg", r#"[{"$numberLong":"9223372036854775807"},{"$numberLong":"9223372036854775807"}]"#, "9223372036854775807.0");
}

#[test]
fn extremes_are_of_any_type_but_null() {
    check("$max", "[]", "null");
    check("$max", r#"[null,"missing"]"#, "null");
    check("$max", r#"[1,"x",null,{"a":1},2]"#, r#"{"a":1}"#);
    check("$min", r#"[1,"x",null,"missing",0.5]"#, "0.5");
    check("$max", "[2,2.0]", "2");
    check("$min", r#"[{"$numberDecimal":"1.0"},1]"#, r#"{"$numberDecimal":"1.0"}"#);
    check("$max", "[[1,2],[1,3]]", "[1,3]");
    check("$min", r#"[{"$numberDouble":"NaN"},1]"#, r#"{"$numberDouble":"NaN"}"#);
}

#[test]
fn first_and_last() {
    check("$first", "[3,1]", "3");
    check("$last", "[3,1]", "1");
    check("$first", "[null,1]", "null");
    check("$first", r#"["missing",1]"#, "null");
    check("$last", r#"[1,"missing"]"#, "null");
    check("$first", "[[1,2]]", "[1,2]");
}

#[test]
fn lists_and_sets() {
    check("$push", "[]", "[]");
    check("$push", r#"[2,null,"missing",2,[1]]"#, "[2,null,2,[1]]");
    check("$addToSet", "[]", "[]");
    check("$addToSet", r#"[2,null,"missing",2.0,[1],[1]]"#, "[null,2,[1]]");
    check("$addToSet", r#"[{"a":1,"b":2},{"b":2,"a":1},{"a":1.0,"b":2}]"#, r#"[{"a":1,"b":2},{"b":2,"a":1}]"#);
}

#[test]
fn merged_documents() {
    check("$mergeObjects", "[]", "{}");
    check("$mergeObjects", r#"[{"a":1,"b":2},null,"missing",{"a":3}]"#, r#"{"a":3,"b":2}"#);
    let error = state("$mergeObjects", &[Bson::Int32(5)], &env(Collation::simple())).unwrap_err();
    assert_eq!(error.code().number(), 40400);
    assert_eq!(error.message(), "$mergeObjects requires object inputs, but input 5 is of type int");
}

#[test]
fn deviations() {
    check("$stdDevPop", "[]", "null");
    check("$stdDevPop", "[5]", "0.0");
    check("$stdDevPop", r#"[1,"x",null,3,"missing"]"#, "1.0");
    check("$stdDevPop", r#"[{"$numberDecimal":"1"},{"$numberLong":"3"}]"#, "1.0");
    check("$stdDevSamp", "[5]", "null");
    check("$stdDevSamp", r#"["x"]"#, "null");
    check("$stdDevSamp", "[1,3,5]", "2.0");
    // The manual's example of two quizzes.
    check("$stdDevPop", "[10,6,7]", "1.699673171197595");
}

#[test]
fn strings_compare_by_the_collation() {
    let env = env(Collation::parse(&doc! {"locale": "en", "strength": 2}).unwrap());
    let result = |name: &str, values: &str| state(name, &list(values), &env).unwrap().result();
    assert_eq!(result("$addToSet", r#"["a","A","b"]"#), read(r#"["a","b"]"#));
    assert_eq!(result("$max", r#"["a","B"]"#), read(r#""B""#));
    assert_eq!(env.collation.compare(&read(r#""a""#), &read(r#""A""#)), Ordering::Equal);
}

#[test]
fn an_accumulator_takes_one_argument() {
    for name in ALL {
        let error = Accumulated::parse("f", &Bson::Document(doc! {*name: [1, 2]}), &mut Scope::new()).unwrap_err();
        assert_eq!((error.code().number(), error.message()), (40237, format!("The {name} accumulator is a unary operator").as_str()));
    }
    let error = Accumulated::parse("f", &Bson::Document(doc! {"$concat": "$v"}), &mut Scope::new()).unwrap_err();
    assert_eq!((error.code().number(), error.message()), (15952, "unknown group operator '$concat'"));
}
