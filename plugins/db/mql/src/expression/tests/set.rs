use bson::doc;

use super::{check, fails, read};
use crate::collation::Collation;
use crate::expression::{Expression, Variables};

#[test]
fn equality() {
    check(r#"{"$setEquals":[["a","b","a"],["b","a"]]}"#, "true");
    check(r#"{"$setEquals":[["a","b"],[["a","b"]]]}"#, "false");
    check(r#"{"$setEquals":[[1,2],[2.0,1],[1,1,2]]}"#, "true");
    check(r#"{"$setEquals":[[1],[1],[2]]}"#, "false");
    check(r#"{"$setEquals":[[],[]]}"#, "true");
    fails(r#"{"$setEquals":[[1],null]}"#, 17044, "All operands of $setEquals must be arrays. One argument is of type: null");
    fails(r#"{"$setEquals":["$missing",[1]]}"#, 17044, "type: missing");
}

#[test]
fn intersection_and_union() {
    check(r#"{"$setIntersection":[["a","b","a"],["b","a"]]}"#, r#"["a","b"]"#);
    check(r#"{"$setIntersection":[["a","b"],[["a","b"]]]}"#, "[]");
    check(r#"{"$setIntersection":[[3,1,2,3],[2,3],[3,4]]}"#, "[3]");
    check(r#"{"$setIntersection":[[1.0,2],[1]]}"#, "[1.0]");
    check(r#"{"$setIntersection":[]}"#, "[]");
    check(r#"{"$setIntersection":[[1],null]}"#, "null");
    fails(r#"{"$setIntersection":[[1],2]}"#, 17047, "All operands of $setIntersection must be arrays. One argument is of type: int");
    check(r#"{"$setUnion":[["b","a","b"],["a","c"]]}"#, r#"["a","b","c"]"#);
    check(r#"{"$setUnion":[["a","b"],[["a","b"]]]}"#, r#"["a","b",["a","b"]]"#);
    check(r#"{"$setUnion":[[1],[1.0,null]]}"#, "[null,1]");
    check(r#"{"$setUnion":[]}"#, "[]");
    check(r#"{"$setUnion":[[1],"$missing"]}"#, "null");
    fails(r#"{"$setUnion":["x"]}"#, 17043, "All operands of $setUnion must be arrays. One argument is of type: string");
}

#[test]
fn difference_and_subset() {
    check(r#"{"$setDifference":[["a","b","a"],["b","a"]]}"#, "[]");
    check(r#"{"$setDifference":[["a","b"],[["a","b"]]]}"#, r#"["a","b"]"#);
    check(r#"{"$setDifference":[[3,1,3,2,1],[2]]}"#, "[3,1]");
    check(r#"{"$setDifference":[null,1]}"#, "null");
    fails(r#"{"$setDifference":[1,[1]]}"#, 17048, "both operands of $setDifference must be arrays. First argument is of type: int");
    fails(r#"{"$setDifference":[[1],1]}"#, 17049, "both operands of $setDifference must be arrays. Second argument is of type: int");
    check(r#"{"$setIsSubset":[["a","b","a"],["b","a"]]}"#, "true");
    check(r#"{"$setIsSubset":[["a","b"],[["a","b"]]]}"#, "false");
    check(r#"{"$setIsSubset":[[],[1]]}"#, "true");
    fails(r#"{"$setIsSubset":[null,[1]]}"#, 17046, "both operands of $setIsSubset must be arrays. First argument is of type: null");
    fails(r#"{"$setIsSubset":[[1],null]}"#, 17042, "Second argument is of type: null");
}

#[test]
fn truth_of_elements() {
    check(r#"{"$allElementsTrue":[[true,1,"someString"]]}"#, "true");
    check(r#"{"$allElementsTrue":[[[false]]]}"#, "true");
    check(r#"{"$allElementsTrue":[[]]}"#, "true");
    check(r#"{"$allElementsTrue":[[null,false,0]]}"#, "false");
    fails(r#"{"$allElementsTrue":[null]}"#, 17040, "$allElementsTrue's argument must be an array, but is null");
    check(r#"{"$anyElementTrue":[[true,false]]}"#, "true");
    check(r#"{"$anyElementTrue":[[[false]]]}"#, "true");
    check(r#"{"$anyElementTrue":[[null,false,0]]}"#, "false");
    check(r#"{"$anyElementTrue":[[]]}"#, "false");
    fails(r#"{"$anyElementTrue":["x"]}"#, 17041, "$anyElementTrue's argument must be an array, but is string");
}

#[test]
fn strings_compare_by_the_collation() {
    let mut variables = Variables::new();
    variables.collate(&Collation::parse(&doc! {"locale": "en", "strength": 2}).unwrap());
    let run = |expression: &str| Expression::parse(&read(expression)).unwrap().evaluate(&doc! {}, &variables).unwrap();
    assert_eq!(run(r#"{"$setEquals":[["A","b"],["B","a"]]}"#), read("true"));
    assert_eq!(run(r#"{"$setIsSubset":[["A"],["B","a"]]}"#), read("true"));
    assert_eq!(run(r#"{"$setUnion":[["b","A"],["a","B"]]}"#), read(r#"["A","b"]"#));
    assert_eq!(run(r#"{"$setDifference":[["b","A"],["a"]]}"#), read(r#"["b"]"#));
    assert_eq!(run(r#"{"$setIntersection":[["b","A"],["a"]]}"#), read(r#"["A"]"#));
}
