//! `$bucket` and `$bucketAuto`.

use super::{Store, refused};

const ARTISTS: &str = r#"[{"_id":1,"last":"Bernard","born":1868},{"_id":2,"last":"Rippl","born":1861},{"_id":3,"last":"Ostroumova","born":1871},
    {"_id":4,"last":"Van Gogh","born":1853},{"_id":5,"last":"Maurer","born":1868},{"_id":6,"last":"Munch","born":1863},
    {"_id":7,"last":"Redon","born":1840},{"_id":8,"last":"Diriks","born":1855}]"#;

#[test]
fn between_boundaries() {
    Store::of(ARTISTS).check(
        r#"[{"$bucket":{"groupBy":"$born","boundaries":[1840,1850,1860,1870,1880],"default":"Other",
            "output":{"count":{"$sum":1},"artists":{"$push":"$last"}}}},{"$match":{"count":{"$gt":3}}}]"#,
        r#"[{"_id":1860,"count":4,"artists":["Bernard","Rippl","Maurer","Munch"]}]"#,
    );
    Store::of(ARTISTS).check(
        r#"[{"$bucket":{"groupBy":"$born","boundaries":[1850,1860],"default":"Other"}}]"#,
        r#"[{"_id":1850,"count":2},{"_id":"Other","count":6}]"#,
    );
    Store::of(ARTISTS).fails(r#"[{"$bucket":{"groupBy":"$born","boundaries":[1850,1860]}}]"#, 40066);
}

#[test]
fn of_the_same_size() {
    let hundred = format!("[{}]", (0..100).map(|n| format!(r#"{{"_id":{n}}}"#)).collect::<Vec<_>>().join(","));
    let auto = |granularity: &str| format!(r#"[{{"$bucketAuto":{{"groupBy":"$_id","buckets":5{granularity}}}}}]"#);
    Store::of(&hundred).check(
        &auto(""),
        r#"[{"_id":{"min":0,"max":20},"count":20},{"_id":{"min":20,"max":40},"count":20},{"_id":{"min":40,"max":60},"count":20},
            {"_id":{"min":60,"max":80},"count":20},{"_id":{"min":80,"max":99},"count":20}]"#,
    );
    Store::of(&hundred).check(
        &auto(r#","granularity":"R20""#),
        r#"[{"_id":{"min":0,"max":20.0},"count":20},{"_id":{"min":20.0,"max":40.0},"count":20},{"_id":{"min":40.0,"max":63.0},"count":23},
            {"_id":{"min":63.0,"max":90.0},"count":27},{"_id":{"min":90.0,"max":100.0},"count":10}]"#,
    );
    Store::of(&hundred).check(
        &auto(r#","granularity":"1-2-5""#),
        r#"[{"_id":{"min":0,"max":20.0},"count":20},{"_id":{"min":20.0,"max":50.0},"count":30},{"_id":{"min":50.0,"max":100.0},"count":50}]"#,
    );
    Store::of(&hundred).check(
        &auto(r#","granularity":"E24""#),
        r#"[{"_id":{"min":0,"max":20.0},"count":20},{"_id":{"min":20.0,"max":43.0},"count":23},{"_id":{"min":43.0,"max":68.0},"count":25},
            {"_id":{"min":68.0,"max":91.0},"count":23},{"_id":{"min":91.0,"max":100.0},"count":9}]"#,
    );
    Store::of(&hundred).check(
        &auto(r#","granularity":"POWERSOF2""#),
        r#"[{"_id":{"min":0,"max":32},"count":32},{"_id":{"min":32,"max":64},"count":32},{"_id":{"min":64,"max":128},"count":36}]"#,
    );
}

#[test]
fn equal_values_stay_together() {
    Store::of(r#"[{"v":1},{"v":1},{"v":1},{"v":2}]"#).check(
        r#"[{"$bucketAuto":{"groupBy":"$v","buckets":4,"output":{"n":{"$sum":1},"l":{"$push":"$v"}}}}]"#,
        r#"[{"_id":{"min":1,"max":2},"n":3,"l":[1,1,1]},{"_id":{"min":2,"max":2},"n":1,"l":[2]}]"#,
    );
    Store::of("[]").check(r#"[{"$bucketAuto":{"groupBy":"$v","buckets":4}}]"#, "[]");
    Store::of(r#"[{"v":"x"}]"#).fails(r#"[{"$bucketAuto":{"groupBy":"$v","buckets":4,"granularity":"R5"}}]"#, 40258);
    Store::of(r#"[{"v":-1}]"#).fails(r#"[{"$bucketAuto":{"groupBy":"$v","buckets":4,"granularity":"R5"}}]"#, 40260);
}

#[test]
fn what_is_refused() {
    for (stage, number) in [
        ("1", 40201),
        (r#"{"groupBy":"$a"}"#, 40198),
        (r#"{"groupBy":1,"boundaries":[1,2]}"#, 40202),
        (r#"{"groupBy":"$a","boundaries":1}"#, 40200),
        (r#"{"groupBy":"$a","boundaries":[1]}"#, 40192),
        (r#"{"groupBy":"$a","boundaries":["$a",2]}"#, 40191),
        (r#"{"groupBy":"$a","boundaries":[1,"x"]}"#, 40193),
        (r#"{"groupBy":"$a","boundaries":[2,1]}"#, 40194),
        (r#"{"groupBy":"$a","boundaries":[1,2],"default":"$a"}"#, 40195),
        (r#"{"groupBy":"$a","boundaries":[1,2],"output":1}"#, 40196),
        (r#"{"groupBy":"$a","boundaries":[1,2],"x":1}"#, 40197),
        (r#"{"groupBy":"$a","boundaries":[1,3],"default":2}"#, 40199),
    ] {
        refused(&format!(r#"[{{"$bucket":{stage}}}]"#), number);
    }
    for (stage, number) in [
        ("1", 40240),
        (r#"{"groupBy":"$a"}"#, 40246),
        (r#"{"groupBy":"a","buckets":1}"#, 40239),
        (r#"{"groupBy":"$a","buckets":"x"}"#, 40241),
        (r#"{"groupBy":"$a","buckets":1.5}"#, 40242),
        (r#"{"groupBy":"$a","buckets":0}"#, 40243),
        (r#"{"groupBy":"$a","buckets":1,"output":1}"#, 40244),
        (r#"{"groupBy":"$a","buckets":1,"x":1}"#, 40245),
        (r#"{"groupBy":"$a","buckets":1,"granularity":"x"}"#, 40257),
        (r#"{"groupBy":"$a","buckets":1,"granularity":1}"#, 40261),
    ] {
        refused(&format!(r#"[{{"$bucketAuto":{stage}}}]"#), number);
    }
}
