//! `$unwind`.

use super::{Store, refused};

const CLOTHES: &str = r#"[{"_id":1,"item":"Shirt","sizes":["S","M"]},{"_id":2,"item":"Shorts","sizes":[]},{"_id":3,"item":"Hat","sizes":"M"},
    {"_id":4,"item":"Gloves"},{"_id":5,"item":"Scarf","sizes":null}]"#;

#[test]
fn one_document_an_element() {
    Store::of(CLOTHES).check(
        r#"[{"$unwind":"$sizes"}]"#,
        r#"[{"_id":1,"item":"Shirt","sizes":"S"},{"_id":1,"item":"Shirt","sizes":"M"},{"_id":3,"item":"Hat","sizes":"M"}]"#,
    );
    Store::of(CLOTHES).check(
        r#"[{"$unwind":{"path":"$sizes","includeArrayIndex":"at","preserveNullAndEmptyArrays":true}}]"#,
        r#"[{"_id":1,"item":"Shirt","sizes":"S","at":0},{"_id":1,"item":"Shirt","sizes":"M","at":1},{"_id":2,"item":"Shorts","at":null},
            {"_id":3,"item":"Hat","sizes":"M","at":null},{"_id":4,"item":"Gloves","at":null},{"_id":5,"item":"Scarf","sizes":null,"at":null}]"#,
    );
    Store::of(r#"[{"a":{"b":[1,2],"c":3}},{"a":[{"b":[1]}]}]"#)
        .check(r#"[{"$unwind":{"path":"$a.b","includeArrayIndex":"a.i"}}]"#, r#"[{"a":{"b":1,"c":3,"i":0}},{"a":{"b":2,"c":3,"i":1}}]"#);
}

#[test]
fn what_is_refused() {
    for (stage, number) in [
        ("1", 15981),
        ("{}", 28812),
        (r#""""#, 28812),
        (r#""a""#, 28818),
        (r#"{"path":1}"#, 28808),
        (r#"{"path":"$a","includeArrayIndex":1}"#, 28810),
        (r#"{"path":"$a","includeArrayIndex":"$b"}"#, 28822),
        (r#"{"path":"$a","preserveNullAndEmptyArrays":1}"#, 28809),
        (r#"{"path":"$a","x":1}"#, 28811),
    ] {
        refused(&format!(r#"[{{"$unwind":{stage}}}]"#), number);
    }
}
