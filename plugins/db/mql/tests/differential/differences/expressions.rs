//! Expressions.

use bson::Bson;

use super::seen::{has_list, is_number, nullish, within};
use super::{Difference, Seen};

fn nan(value: &Bson) -> bool {
    matches!(value, Bson::Double(n) if n.is_nan())
}

fn any_operand(seen: &Seen<'_>, operators: &[&str], test: &dyn Fn(&Bson) -> bool) -> bool {
    operators.iter().any(|operator| seen.operands(operator).iter().any(test))
}

pub const ALL: &[Difference] = &[
    Difference {
        name: "deviations of too few values",
        covers: |seen| {
            seen.has_any(&["$stdDevPop", "$stdDevSamp"])
                && seen.values().is_some_and(|(ours, theirs)| {
                    within(ours, &nullish) && within(theirs, &|value| nan(value) || matches!(value, Bson::Int32(0)))
                })
        },
        because: "null if there is no number, for $stdDevSamp also if there is only one: reference/operator/aggregation/stdDevSamp",
    },
    Difference {
        name: "rounding to a missing place",
        covers: |seen| seen.values().is_some() && seen.null_operand(&["$round", "$trunc"]),
        because: "null if an argument resolves to null or a missing field: reference/operator/aggregation/round",
    },
    Difference {
        name: "the type of numbers",
        covers: |seen| seen.values().is_some() && any_operand(seen, &["$type"], &is_number),
        because: "the type of the value, and JavaScript has but one for numbers: reference/operator/aggregation/type",
    },
    Difference {
        name: "weeks that begin on a Sunday",
        covers: |seen| {
            seen.values().is_some()
                && (seen.has("$week") || seen.arguments("$dateToString").iter().any(|spec| spec.to_string().contains("%U")))
        },
        because: "weeks begin on Sundays, and week 1 begins with the first Sunday of the year: reference/operator/aggregation/week",
    },
    Difference {
        name: "case beyond ASCII",
        covers: |seen| {
            seen.values().is_some()
                && any_operand(seen, &["$toUpper", "$toLower"], &|value| value.as_str().is_some_and(|text| !text.is_ascii()))
        },
        because: "$toUpper only has a well-defined behavior for strings of ASCII characters: reference/operator/aggregation/toUpper",
    },
    Difference {
        name: "dates from some of their parts",
        covers: |seen| {
            seen.values().is_some()
                && seen
                    .arguments("$dateFromParts")
                    .iter()
                    .any(|parts| parts.as_document().is_some_and(|parts| !(parts.contains_key("month") && parts.contains_key("day"))))
        },
        because: "month, day and the parts of the week are 1 by default: reference/operator/aggregation/dateFromParts",
    },
    Difference {
        name: "pairs with a k and a v",
        covers: |seen| {
            seen.values().is_some()
                && seen.has("$arrayToObject")
                && seen.arguments("$arrayToObject").iter().any(|argument| has_list(argument))
        },
        because: "an array of documents with k and v, or of arrays of two elements: reference/operator/aggregation/arrayToObject",
    },
    Difference {
        name: "null results",
        covers: |seen| seen.values().is_some_and(|(ours, theirs)| *ours == Bson::Null && *theirs == Bson::Undefined) && seen.has("$atan2"),
        because: "null if an argument is null or missing: reference/operator/aggregation/atan2",
    },
    Difference {
        name: "weeks of the year before",
        covers: |seen| {
            seen.values().is_some()
                && (seen.has("$isoWeekYear")
                    || seen.arguments("$dateToParts").iter().any(|spec| spec.to_string().contains("iso8601"))
                    || seen.arguments("$dateToString").iter().any(|spec| spec.to_string().contains("%G")))
        },
        because: "the year to which the week of ISO 8601 belongs, that of its Thursday: reference/operator/aggregation/isoWeekYear",
    },
    Difference {
        name: "sets with a value twice",
        covers: |seen| {
            let shorter = |ours: &Bson, theirs: &Bson| match (ours, theirs) {
                (Bson::Array(ours), Bson::Array(theirs)) => ours.len() < theirs.len(),
                _ => false,
            };
            seen.has_any(&["$setIntersection", "$setUnion", "$setDifference"])
                && seen.values().is_some_and(|(ours, theirs)| shorter(ours, theirs))
        },
        because: "duplicate entries of an array are one: reference/operator/aggregation/setIntersection",
    },
    Difference {
        name: "accumulators of one array",
        covers: |seen| {
            let one = |argument: &&Bson| argument.as_array().is_some_and(|items| items.len() == 1);
            seen.values().is_some()
                && ["$max", "$min", "$avg", "$sum", "$stdDevPop", "$stdDevSamp"].iter().any(|name| seen.arguments(name).iter().any(one))
        },
        because: "a list of one expression that resolves to an array stands for its elements: reference/operator/aggregation/max",
    },
    Difference {
        name: "the empty string as a condition",
        covers: |seen| {
            seen.values().is_some()
                && any_operand(
                    seen,
                    &["$not", "$and", "$or", "$cond", "$toBool", "$allElementsTrue", "$anyElementTrue", "$filter"],
                    &|value| within(value, &|value| value.as_str() == Some("")),
                )
        },
        because: "false are false, null, 0 and undefined only: reference/operator/aggregation/not",
    },
    Difference {
        name: "null in upper and lower case",
        covers: |seen| {
            seen.values().is_some_and(|(ours, _)| within(ours, &|value| value.as_str() == Some("")))
                && seen.null_operand(&["$toLower", "$toUpper"])
        },
        because: "if the argument resolves to null, an empty string: reference/operator/aggregation/toLower",
    },
    Difference {
        name: "places in a part of an array",
        covers: |seen| {
            seen.values().is_some()
                && seen.arguments("$indexOfArray").iter().any(|argument| argument.as_array().is_some_and(|items| items.len() > 2))
        },
        because: "start and end bound the search, and the result is counted from the start of the array: reference/operator/aggregation/indexOfArray",
    },
    Difference {
        name: "where matches are",
        covers: |seen| {
            seen.has("$regexFindAll")
                && seen
                    .values()
                    .is_some_and(|(ours, _)| within(ours, &|value| value.as_document().is_some_and(|doc| doc.contains_key("idx"))))
        },
        because: "idx is the code point at which each match begins: reference/operator/aggregation/regexFindAll",
    },
];
