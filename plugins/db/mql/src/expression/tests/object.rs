use super::{check, check_on, fails};

#[test]
fn object_to_array() {
    check(r#"{"$objectToArray":{"item":"foo","qty":{"a":1}}}"#, r#"[{"k":"item","v":"foo"},{"k":"qty","v":{"a":1}}]"#);
    check(r#"{"$objectToArray":{}}"#, "[]");
    check(r#"{"$objectToArray":"$missing"}"#, "null");
    check(r#"{"$objectToArray":null}"#, "null");
    fails(r#"{"$objectToArray":"x"}"#, 40390, "$objectToArray requires a document input, found: string");
}

#[test]
fn array_to_object() {
    let doc = r#"{"pairs":[["item","abc123"],["qty",25]],"named":[{"k":"item","v":"abc123"},{"v":25,"k":"qty"}]}"#;
    check_on(doc, r#"{"$arrayToObject":"$pairs"}"#, r#"{"item":"abc123","qty":25}"#);
    check_on(doc, r#"{"$arrayToObject":"$named"}"#, r#"{"item":"abc123","qty":25}"#);
    check(r#"{"$arrayToObject":[[]]}"#, "{}");
    check(r#"{"$arrayToObject":{"$literal":[["a",1],["b",2],["a",3]]}}"#, r#"{"a":3,"b":2}"#);
    check(r#"{"$arrayToObject":null}"#, "null");
    let literal = |array: &str| format!(r#"{{"$arrayToObject":{{"$literal":{array}}}}}"#);
    for (array, number, message) in [
        (r#""x""#, 40386, "$arrayToObject requires an array input, found: string"),
        ("[1]", 40398, "Unrecognised input type format for $arrayToObject: int"),
        (r#"[["a",1],{"k":"b","v":1}]"#, 40396, "Array was detected, now found: object"),
        (r#"[{"k":"b","v":1},["a",1]]"#, 40391, "Object was detected, now found: array"),
        (r#"[["a"]]"#, 40397, "found array of size: 1"),
        ("[[1,1]]", 40395, "key must be of type string"),
        (r#"[{"k":"a"}]"#, 40392, "Found incorrect number of keys:1"),
        (r#"[{"k":"a","w":1}]"#, 40393, "Missing either or both keys"),
        (r#"[{"k":1,"v":1}]"#, 40394, "'k' must be of type string"),
        (r#"[["a\u0000",1]]"#, 4_940_400, "null byte"),
    ] {
        fails(&literal(array), number, message);
    }
}

#[test]
fn merging() {
    check(r#"{"$mergeObjects":[{"a":1,"b":2},{"b":3,"c":4},null,"$missing"]}"#, r#"{"a":1,"b":3,"c":4}"#);
    check_on(r#"{"list":[{"a":1},{"a":2}]}"#, r#"{"$mergeObjects":"$list"}"#, r#"{"a":2}"#);
    check(r#"{"$mergeObjects":[]}"#, "{}");
    fails(r#"{"$mergeObjects":[{"a":1},2]}"#, 40400, "$mergeObjects requires object inputs, but input 2 is of type int");
}
