//! Filters.

use bson::Bson;

use super::seen::{has_document, has_list, nullish, within};
use super::{Difference, Seen};
use crate::case::Kind;

/// A condition by one of the operators on a value that `operand` takes and a document that
/// `field` takes.
fn condition(seen: &Seen<'_>, operators: &[&str], operand: fn(&Bson) -> bool, field: fn(&Bson) -> bool) -> bool {
    seen.values().is_some()
        && matches!(seen.kind(), Kind::Filter | Kind::Find | Kind::Aggregate)
        && operators.iter().flat_map(|operator| seen.arguments(operator)).any(operand)
        && (seen.case.docs.is_empty() || seen.case.docs.iter().any(|doc| field(&Bson::Document(doc.clone()))))
}

/// The paths that conditions are on.
fn paths(seen: &Seen<'_>) -> Vec<String> {
    fn walk(value: &Bson, found: &mut Vec<String>) {
        match value {
            Bson::Document(doc) => doc.iter().for_each(|(name, value)| {
                if !name.starts_with('$') {
                    found.push(name.clone());
                }
                walk(value, found);
            }),
            Bson::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    seen.case.command.get("filter").into_iter().for_each(|filter| walk(filter, &mut found));
    seen.arguments("$match").into_iter().for_each(|filter| walk(filter, &mut found));
    found
}

fn dotted(seen: &Seen<'_>) -> bool {
    paths(seen).iter().any(|path| path.contains('.'))
}

fn any(_: &Bson) -> bool {
    true
}

const BITS: &[&str] = &["$bitsAllSet", "$bitsAllClear", "$bitsAnySet", "$bitsAnyClear"];
const RANGES: &[&str] = &["$gt", "$gte", "$lt", "$lte"];

pub const ALL: &[Difference] = &[
    Difference {
        name: "bits of what is no number",
        covers: |seen| condition(seen, BITS, any, |doc| !within(doc, &super::seen::is_number)),
        because: "matches numeric and binary values; a field must be a number or BinData to match: reference/operator/query/bitsAllClear",
    },
    Difference {
        name: "$all of whole arrays, and of no array",
        covers: |seen| condition(seen, &["$all"], |operand| operand.as_array().is_some_and(|items| items.iter().any(has_list)), any),
        because: "{$all: [[...]]} is {$and: [{field: [...]}]}: reference/operator/query/all, Behavior",
    },
    Difference {
        name: "$all of a field that is no array",
        covers: |seen| condition(seen, &["$all"], any, |doc| !has_list(doc)) || (condition(seen, &["$all"], any, any) && dotted(seen)),
        because: "$all is an $and of its values, also for a field that is no array: reference/operator/query/all, Behavior",
    },
    Difference {
        name: "ranges from null",
        covers: |seen| condition(seen, RANGES, nullish, any),
        because: "null equals a missing field, and $gte and $lte include equality: tutorial/query-for-null-fields",
    },
    Difference {
        name: "ranges of documents and arrays",
        covers: |seen| condition(seen, RANGES, |operand| has_document(operand) || has_list(operand), any),
        because: "documents compare field by field in their order, arrays element by element: reference/bson-type-comparison-order",
    },
    Difference {
        name: "lists of arrays in $in and $nin",
        covers: |seen| {
            condition(seen, &["$in", "$nin"], |operand| operand.as_array().is_some_and(|items| items.iter().any(has_list)), has_list)
        },
        because: "$in matches a field that equals a value, an array too: reference/operator/query/in",
    },
    Difference {
        name: "null below arrays",
        covers: |seen| {
            let null = |value: &Bson| within(value, &nullish);
            seen.values().is_some()
                && dotted(seen)
                && seen.case.command.get("filter").into_iter().chain(seen.arguments("$match")).any(null)
                && seen.case.docs.iter().any(|doc| has_list(&Bson::Document(doc.clone())))
        },
        because: "an element that lacks the field is null for it; nothing is where there is no element: tutorial/query-for-null-fields",
    },
    Difference {
        name: "types of numbers in $type",
        covers: |seen| condition(seen, &["$type"], any, |doc| within(doc, &super::seen::is_number)),
        because: "int, long and double are types of their own: reference/operator/query/type, Available Types",
    },
    Difference {
        name: "types of elements in $type",
        covers: |seen| condition(seen, &["$type"], any, has_list),
        because: "an array matches if an element is of the type: reference/operator/query/type, Arrays",
    },
    Difference {
        name: "remainders of fractions and of what is no number",
        covers: |seen| {
            condition(seen, &["$mod"], any, |doc| {
                within(doc, &|value| matches!(value, Bson::Double(n) if n.fract() != 0.0)) || !within(doc, &super::seen::is_number)
            })
        },
        because: "$mod is the remainder of integers: what is after the point does not count: reference/operator/query/mod",
    },
    Difference {
        name: "fields of arrays and scalars in $elemMatch",
        covers: |seen| {
            condition(
                seen,
                &["$elemMatch"],
                |operand| operand.as_document().is_some_and(|inner| !inner.keys().any(|name| name.starts_with('$'))),
                has_list,
            )
        },
        because: "a condition on fields is for elements that have fields: documents, and arrays by position: reference/operator/query/elemMatch",
    },
    Difference {
        name: "paths into arrays within arrays",
        covers: |seen| {
            let nested = |value: &Bson| {
                within(value, &|value| value.as_array().is_some_and(|items| items.iter().any(|item| item.as_array().is_some())))
            };
            seen.values().is_some() && dotted(seen) && seen.case.docs.iter().any(|doc| nested(&Bson::Document(doc.clone())))
        },
        because: "a path goes into the documents of an array, not into its arrays: tutorial/query-array-of-documents",
    },
    Difference {
        name: "paths into empty arrays",
        covers: |seen| {
            let empty = |value: &Bson| {
                within(value, &|value| value.as_array().is_some_and(|items| !items.iter().any(|item| item.as_document().is_some())))
            };
            seen.values().is_some() && dotted(seen) && seen.case.docs.iter().any(|doc| empty(&Bson::Document(doc.clone())))
        },
        because: "an array without documents has nothing at a path into its documents: tutorial/query-array-of-documents",
    },
];
