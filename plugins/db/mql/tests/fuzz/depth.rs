//! Nothing that a client sends is followed deeper than a small stack allows.

use mql::json;

use crate::{on_small_stack, targets};

/// What is nested: text before and after each level.
const LEVELS: &[(&str, &str)] = &[
    ("[", "]"),
    (r#"{"a":"#, "}"),
    (r#"{"$and":["#, "]}"),
    (r#"{"$or":[{"b":1},"#, "]}"),
    (r#"{"$nor":["#, "]}"),
    (r#"{"a":{"$elemMatch":"#, "}}"),
    (r#"{"$not":"#, "}"),
    (r#"{"a":{"$not":{"$elemMatch":"#, "}}}"),
    (r#"{"$all":[{"$elemMatch":"#, "}]}"),
    (r#"{"$add":[1,"#, "]}"),
    (r#"{"$cond":[true,1,"#, "]}"),
    (r#"{"$let":{"vars":{"x":1},"in":"#, "}}"),
    (r#"{"$map":{"input":[1],"in":"#, "}}"),
    (r#"{"$reduce":{"input":[1],"initialValue":1,"in":"#, "}}"),
    (r#"{"$switch":{"branches":[],"default":"#, "}}"),
    (r#"{"$literal":"#, "}"),
    (r#"{"$expr":"#, "}"),
    (r#"{"$jsonSchema":{"properties":{"a":"#, "}}}"),
    (r#"{"$set":{"a":"#, "}}"),
    (r#"{"$push":{"a":{"$each":["#, "]}}}"),
    (r#"[{"$match":"#, "}]"),
    (r#"[{"$project":{"a":"#, "}}]"),
    (r#"[{"$facet":{"a":"#, "}}]"),
    (r#"[{"$lookup":{"from":"c","as":"d","pipeline":"#, "}}]"),
    (r#"{"type":"Polygon","coordinates":["#, "]}"),
    (r#"{"$binary":"#, "}"),
];

/// What is wrapped around all, to make it a part of each language.
const OUTER: &[(&str, &str)] = &[
    ("", ""),
    (r#"{"$expr":"#, "}"),
    (r#"{"a":"#, "}"),
    (r#"{"$set":{"a":"#, "}}"),
    (r#"{"$pull":{"a":"#, "}}"),
    (r#"[{"$match":"#, "}]"),
    (r#"[{"$addFields":{"a":"#, "}}]"),
    (r#"[{"$group":{"_id":"#, "}}]"),
];

fn nested(outer: (&str, &str), level: (&str, &str), depth: usize) -> String {
    format!("{}{}1{}{}", outer.0, level.0.repeat(depth), level.1.repeat(depth), outer.1)
}

#[test]
fn nesting_of_ten_thousand_levels_is_an_error() {
    on_small_stack(|| {
        for level in LEVELS {
            let text = nested(("", ""), *level, 10_000);
            assert!(json::value(text.as_bytes()).is_err(), "{}", level.0);
            assert!(json::value(&text.as_bytes()[..text.len() / 3]).is_err(), "{}", level.0);
        }
    });
}

#[test]
fn what_is_not_too_deep_for_json_fits_on_a_small_stack() {
    on_small_stack(|| {
        for outer in OUTER {
            for level in LEVELS {
                for depth in [20, 33, 50, 99, 100, 101, 125] {
                    let spec = nested(*outer, *level, depth);
                    let doc = nested((r#"{"a":"#, "}"), (r#"[{"a":"#, "}]"), depth.min(60));
                    let input = format!("{spec}\n{doc}\n{{\"a\":1,\"b\":[1]}}");
                    targets::TARGETS.iter().for_each(|(_, target)| target(input.as_bytes()));
                }
            }
        }
    });
}

#[test]
fn long_paths_are_not_followed_either() {
    on_small_stack(|| {
        for separator in [".", ".0.", ".$[].", ".$."] {
            let path = vec!["a"; 10_000].join(separator);
            for spec in [
                format!(r#"{{"{path}":1}}"#),
                format!(r#"{{"$set":{{"{path}":1}}}}"#),
                format!(r#"{{"$rename":{{"{path}":"b"}}}}"#),
                format!(r#"{{"$rename":{{"b":"{path}"}}}}"#),
                format!(r#""${path}""#),
                format!(r#"[{{"$addFields":{{"{path}":1}}}}]"#),
                format!(r#"[{{"$project":{{"{path}":1}}}}]"#),
                format!(r#"[{{"$unset":"{path}"}}]"#),
                format!(r#"[{{"$sort":{{"{path}":1}}}}]"#),
                format!(r#"[{{"$group":{{"_id":"${path}"}}}}]"#),
                format!(r#"[{{"$unwind":"${path}"}}]"#),
                format!(r#"[{{"$unwind":{{"path":"$b","includeArrayIndex":"{path}"}}}}]"#),
                format!(r#"[{{"$lookup":{{"from":"c","localField":"a","foreignField":"a","as":"{path}"}}}}]"#),
                format!(
                    r#"[{{"$graphLookup":{{"from":"c","startWith":1,"connectFromField":"b","connectToField":"a","as":"d","depthField":"{path}"}}}}]"#
                ),
                format!(r#"[{{"$geoNear":{{"near":[0,0],"distanceField":"{path}","key":"p"}}}}]"#),
            ] {
                let input = format!("{spec}\n{{\"{path}\":1}}\n{{\"a\":1,\"b\":[1],\"p\":[1,1]}}");
                targets::TARGETS.iter().for_each(|(_, target)| target(input.as_bytes()));
            }
        }
    });
}
