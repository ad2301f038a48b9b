//! Operands that MongoDB takes and mingo refuses.

use bson::Bson;

use super::refusals::DATE_PARTS;
use super::seen::has_id;
use super::{Difference, Seen};
use crate::case::Kind;

/// The operators whose one operand mingo does not find in a list.
const UNARY: &[&str] = &[
    "$abs",
    "$ceil",
    "$exp",
    "$floor",
    "$ln",
    "$log10",
    "$sqrt",
    "$acos",
    "$acosh",
    "$asin",
    "$asinh",
    "$atan",
    "$atanh",
    "$cos",
    "$cosh",
    "$degreesToRadians",
    "$radiansToDegrees",
    "$sin",
    "$sinh",
    "$tan",
    "$tanh",
    "$isArray",
    "$objectToArray",
    "$reverseArray",
    "$size",
    "$strLenBytes",
    "$strLenCP",
    "$toLower",
    "$toUpper",
    "$toBool",
    "$toDate",
    "$toDouble",
    "$toInt",
    "$toLong",
    "$toString",
    "$type",
];

/// The operators whose result for null or missing operands MongoDB defines.
const NULL: &[&str] = &[
    "$mod",
    "$setUnion",
    "$setIntersection",
    "$setDifference",
    "$strcasecmp",
    "$slice",
    "$substr",
    "$substrBytes",
    "$substrCP",
    "$arrayElemAt",
];

const TRIGONOMETRY: &[&str] = &["$acos", "$acosh", "$asin", "$asinh", "$atan", "$atanh", "$cos", "$cosh", "$sin", "$sinh", "$tan", "$tanh"];

/// The operators of any number of operands.
const VARIADIC: &[&str] =
    &["$add", "$multiply", "$and", "$or", "$concat", "$concatArrays", "$setUnion", "$setIntersection", "$mergeObjects"];

/// The operators that do not evaluate all of their operands.
const LAZY: &[&str] = &["$cond", "$switch", "$ifNull", "$and", "$or"];

const ACCUMULATORS: &[&str] = &["$avg", "$max", "$min", "$stdDevPop", "$stdDevSamp", "$sum", "$mergeObjects"];

/// What mingo calls an operator in its messages.
fn spoken(operator: &str) -> &str {
    if operator == "$substr" { "$substrBytes" } else { operator }
}

fn message(seen: &Seen<'_>, operators: &[&str], part: &str) -> bool {
    seen.our_value().is_some()
        && seen.their_error().is_some_and(|message| {
            message.contains(part)
                && operators.iter().any(|operator| message.starts_with(&format!("{} ", spoken(operator))) && seen.has(operator))
        })
}

pub const ALL: &[Difference] = &[
    Difference {
        name: "operands in a list of one",
        covers: |seen| {
            let listed = |operator: &&str| {
                let single = |argument: &&Bson| matches!(argument, Bson::Array(items) if items.len() == 1);
                seen.arguments(operator).iter().any(single)
            };
            seen.our_error().is_none() && UNARY.iter().chain(DATE_PARTS).any(listed)
        },
        because: "{<operator>: [<argument>]} is the form of all expressions: meta/aggregation-quick-reference, Operator Expressions",
    },
    Difference {
        name: "null and missing operands",
        covers: |seen| message(seen, NULL, "must resolve to") && seen.null_operand(NULL),
        because: "if an argument is null or refers to a missing field, the result is null, or the string is as if empty: reference/operator/aggregation/mod",
    },
    Difference {
        name: "parts of no date",
        covers: |seen| {
            seen.our_value().is_some()
                && seen.their_error().is_some_and(|message| message.starts_with("cannot convert"))
                && seen.null_operand(DATE_PARTS)
        },
        because: "null for a date that is null or missing: reference/operator/aggregation/year",
    },
    Difference {
        name: "accumulators over what is no array",
        covers: |seen| {
            let refused = |message: &str| {
                ACCUMULATORS.iter().any(|name| message == format!("arguments must resolve to array for {name}.") && seen.has(name))
            };
            seen.our_value().is_some() && seen.their_error().is_some_and(refused)
        },
        because: "with a single expression that is no array, $sum and its kind take the value itself: reference/operator/aggregation/sum",
    },
    Difference {
        name: "trigonometry of 0 and infinity",
        covers: |seen| message(seen, TRIGONOMETRY, "invalid input"),
        because: "any number of the domain has a result: reference/operator/aggregation/acos",
    },
    Difference {
        name: "time zones without a name in mingo",
        covers: |seen| {
            seen.our_value().is_some()
                && seen
                    .their_error()
                    .is_some_and(|message| message.starts_with("timezone '") && message.ends_with("is invalid or not supported."))
        },
        because: "an Olson identifier or an offset, UTC and GMT among them: reference/operator/aggregation/dateFromParts",
    },
    Difference {
        name: "parts of strings outside of them",
        covers: |seen| {
            let strings = ["$substrBytes", "$substr"];
            message(seen, &strings, "byte index out of range") || message(seen, &strings, "count extends beyond UTF-8 length")
        },
        because: "if the index is past the end, the result is an empty string: reference/operator/aggregation/substrBytes",
    },
    Difference {
        name: "a single operand without a list",
        covers: |seen| {
            let single = |name: &&str| seen.arguments(name).iter().any(|argument| !matches!(argument, Bson::Array(_)));
            let operators: Vec<&str> = VARIADIC.iter().copied().filter(single).collect();
            message(seen, &operators, "array")
        },
        because: "{<operator>: <argument>} is the form of expressions with one argument: meta/aggregation-quick-reference",
    },
    Difference {
        name: "counts below zero",
        covers: |seen| message(seen, &["$substrBytes", "$substr"], "expression must resolve to non-negative integer"),
        because: "if the count is negative, the result is the rest of the string: reference/operator/aggregation/substr",
    },
    Difference {
        name: "operands that are not evaluated",
        covers: |seen| seen.our_value().is_some() && seen.their_error().is_some() && seen.fails_below(LAZY),
        because: "$cond evaluates only the branch that is taken, $and up to the first false: reference/operator/aggregation/cond",
    },
    Difference {
        name: "documents that a $limit leaves unread",
        covers: |seen| seen.our_value().is_some() && seen.their_error().is_some() && seen.has("$limit"),
        because: "a pipeline reads no more documents than it needs: core/aggregation-pipeline-optimization",
    },
    Difference {
        name: "dates and numbers as strings",
        covers: |seen| {
            let strings = ["$substrCP", "$substrBytes", "$substr", "$toLower", "$toUpper", "$strcasecmp"];
            message(seen, &strings, "must resolve to")
                && strings.iter().any(|name| seen.operands(name).iter().any(|operand| operand.as_str().is_none()))
        },
        because: "numbers and dates are turned into strings: reference/operator/aggregation/toLower",
    },
    Difference {
        name: "ids as strings",
        covers: |seen| message(seen, &["$toString"], "cannot convert") && seen.operands("$toString").iter().any(has_id),
        because: "the text of an ObjectId is its hexadecimal form: reference/operator/aggregation/toString",
    },
    Difference {
        name: "$elemMatch of elements that are no documents in a projection",
        covers: |seen| {
            seen.kind() == Kind::Find
                && seen.has("$elemMatch")
                && seen.their_error().is_some_and(|message| message.starts_with("unknown top level operator"))
        },
        because: "the condition is one on the element: reference/operator/projection/elemMatch",
    },
];
