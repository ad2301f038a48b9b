use super::{check, check_on, fails};

#[test]
fn elements() {
    check(r#"{"$arrayElemAt":[[1,2,3],0]}"#, "1");
    check(r#"{"$arrayElemAt":[[1,2,3],-2]}"#, "2");
    check(r#"{"$arrayElemAt":[[1,2,3],15]}"#, "missing");
    check(r#"{"$arrayElemAt":[null,1]}"#, "null");
    fails(r#"{"$arrayElemAt":["x",1]}"#, 28689, "must be an array");
    fails(r#"{"$arrayElemAt":[[1],"x"]}"#, 28690, "must be a numeric value");
    fails(r#"{"$arrayElemAt":[[1],1.5]}"#, 28691, "representable as a 32-bit integer");
    check(r#"{"$arrayElemAt":[[1,2],{"$numberDecimal":"1.0"}]}"#, "2");
}

#[test]
fn parts() {
    check(r#"{"$slice":[[1,2,3],1,1]}"#, "[2]");
    check(r#"{"$slice":[[1,2,3],-2]}"#, "[2,3]");
    check(r#"{"$slice":[[1,2,3],15,2]}"#, "[]");
    check(r#"{"$slice":[[1,2,3],-15,2]}"#, "[1,2]");
    check(r#"{"$slice":[null,1]}"#, "null");
    fails(r#"{"$slice":[[1],0,0]}"#, 28729, "must be positive");
    check(r#"{"$concatArrays":[["hello"," "],[["world"],"again"]]}"#, r#"["hello"," ",["world"],"again"]"#);
    check(r#"{"$concatArrays":[[1],null]}"#, "null");
    fails(r#"{"$concatArrays":[[1],1]}"#, 28664, "$concatArrays only supports arrays, not int");
    check(r#"{"$reverseArray":[[[1,2,3],[4,5,6]]]}"#, "[[4,5,6],[1,2,3]]");
    check(r#"{"$reverseArray":null}"#, "null");
    fails(r#"{"$reverseArray":1}"#, 34435, "must be an array");
    check(r#"{"$size":[[1,null]]}"#, "2");
    fails(r#"{"$size":null}"#, 17124, "The argument to $size must be an array, but was of type: null");
    check(r#"{"$isArray":[[1]]}"#, "true");
    check(r#"{"$isArray":"x"}"#, "false");
}

#[test]
fn searches() {
    check(r#"{"$in":[2.0,[1,2,3]]}"#, "true");
    check(r#"{"$in":["abc",["xyz"]]}"#, "false");
    fails(r#"{"$in":[1,null]}"#, 40081, "$in requires an array as a second argument, found: null");
    check(r#"{"$indexOfArray":[["a","abc"],"a"]}"#, "0");
    check(r#"{"$indexOfArray":[["a","abc","de",["de"]],["de"]]}"#, "3");
    check(r#"{"$indexOfArray":[[1,2,1],1,1]}"#, "2");
    check(r#"{"$indexOfArray":[[1,2],2,0,1]}"#, "-1");
    check(r#"{"$indexOfArray":[null,1]}"#, "null");
    fails(r#"{"$indexOfArray":["x",1]}"#, 40090, "requires an array as a first argument");
}

#[test]
fn ranges() {
    check(r#"{"$range":[0,10,2]}"#, "[0,2,4,6,8]");
    check(r#"{"$range":[10,0,-3]}"#, "[10,7,4,1]");
    check(r#"{"$range":[0,5]}"#, "[0,1,2,3,4]");
    check(r#"{"$range":[0,5,-1]}"#, "[]");
    fails(r#"{"$range":[0,5,0]}"#, 34449, "non-zero step");
    fails(r#"{"$range":[0,2147483647]}"#, 146, "too much memory");
}

#[test]
fn functions_of_elements() {
    check(r#"{"$map":{"input":[1,2],"as":"n","in":{"$add":["$$n",1]}}}"#, "[2,3]");
    check(r#"{"$map":{"input":[1,2],"in":"$$this"}}"#, "[1,2]");
    check(r#"{"$map":{"input":[{"a":1},{}],"in":"$$this.a"}}"#, "[1,null]");
    check(r#"{"$map":{"input":null,"in":1}}"#, "null");
    check(r#"{"$filter":{"input":[1,"a",2,null,3.1],"as":"n","cond":{"$gt":["$$n",1]}}}"#, r#"["a",2,3.1]"#);
    check(r#"{"$reduce":{"input":["a","b","c"],"initialValue":"","in":{"$concat":["$$value","$$this"]}}}"#, r#""abc""#);
    check(r#"{"$reduce":{"input":[],"initialValue":5,"in":"$$this"}}"#, "5");
    check(r#"{"$zip":{"inputs":[["a"],["b",1],["c"]]}}"#, r#"[["a","b","c"]]"#);
    check(r#"{"$zip":{"inputs":[["a"],["b",1]],"useLongestLength":true,"defaults":["x","y"]}}"#, r#"[["a","b"],["x",1]]"#);
    check_on(r#"{"a":2}"#, r#"{"$let":{"vars":{"x":"$a","y":3},"in":{"$multiply":["$$x","$$y"]}}}"#, "6");
    check(r#"{"$switch":{"branches":[{"case":false,"then":1},{"case":true,"then":2}]}}"#, "2");
    fails(r#"{"$switch":{"branches":[{"case":false,"then":1}]}}"#, 40066, "could not find a matching branch");
    check(r#"{"$cond":[{"$gte":[5,2]},"yes","no"]}"#, r#""yes""#);
    check(r#"{"$cond":{"if":0,"then":1,"else":2}}"#, "2");
    check(r#"{"$ifNull":["$missing","x"]}"#, r#""x""#);
}
