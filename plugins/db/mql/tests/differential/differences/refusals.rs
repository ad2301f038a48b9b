//! What MongoDB refuses, with a numbered error, and mingo computes with.

use super::{Difference, Seen};

/// mql refuses with one of the numbers, one of the operators is there, and mingo has a value.
fn refused(seen: &Seen<'_>, operators: &[&str], numbers: &[i32]) -> bool {
    seen.our_error().is_some_and(|number| numbers.contains(&number)) && seen.their_value().is_some() && seen.has_any(operators)
}

pub const DATE_PARTS: &[&str] = &[
    "$dayOfMonth",
    "$dayOfWeek",
    "$dayOfYear",
    "$hour",
    "$isoDayOfWeek",
    "$isoWeek",
    "$isoWeekYear",
    "$millisecond",
    "$minute",
    "$month",
    "$second",
    "$week",
    "$year",
    "$dateToParts",
    "$dateToString",
];

pub const ALL: &[Difference] = &[
    Difference {
        name: "trigonometry outside of its domain",
        covers: |seen| refused(seen, &["$acos", "$asin", "$atanh", "$acosh"], &[50989]),
        because: "the argument must be between -1 and 1, for $acosh from 1 on: reference/operator/aggregation/acos",
    },
    Difference {
        name: "logarithms outside of their domain",
        covers: |seen| refused(seen, &["$ln", "$log", "$log10"], &[28758, 28759, 28761, 28766]),
        because: "the argument must be a positive number, the base greater than 0 and not 1: reference/operator/aggregation/log",
    },
    Difference {
        name: "parts of what is no date",
        covers: |seen| refused(seen, DATE_PARTS, &[16006]),
        because: "the argument must resolve to a date, a timestamp or an ObjectId: reference/operator/aggregation/year",
    },
    Difference {
        name: "regular expressions over what is no string",
        covers: |seen| refused(seen, &["$regexFind", "$regexFindAll", "$regexMatch"], &[51104]),
        because: "the input must be a valid expression that resolves to a string: reference/operator/aggregation/regexMatch",
    },
    Difference {
        name: "the size of what is no array",
        covers: |seen| refused(seen, &["$size"], &[17124]),
        because: "if the argument is missing or does not resolve to an array, $size errors: reference/operator/aggregation/size",
    },
    Difference {
        name: "texts that are no numbers",
        covers: |seen| refused(seen, &["$convert", "$toInt", "$toLong", "$toDouble"], &[241]),
        because: "only a string of a base 10 number can be converted, and not to another type of number: reference/operator/aggregation/convert",
    },
    Difference {
        name: "texts that are no dates",
        covers: |seen| refused(seen, &["$convert", "$toDate", "$dateFromString"], &[241]),
        because: "a string that is no date is an error without onError; JavaScript guesses: reference/operator/aggregation/toDate",
    },
    Difference {
        name: "parts of strings from a negative place",
        covers: |seen| refused(seen, &["$substrCP", "$substrBytes", "$substr"], &[34455, 50752, 28656]),
        because: "the index must be a nonnegative integer: reference/operator/aggregation/substrCP",
    },
    Difference {
        name: "merging what are no documents",
        covers: |seen| refused(seen, &["$mergeObjects"], &[40400]),
        because: "$mergeObjects takes any valid expression that resolves to a document: reference/operator/aggregation/mergeObjects",
    },
    Difference {
        name: "$inc and $mul of what is no number",
        covers: |seen| refused(seen, &["$inc", "$mul"], &[14]),
        because: "an $inc on a field with a null or other non-numeric value generates an error: reference/operator/update/inc",
    },
    Difference {
        name: "$bit of what is no integer",
        covers: |seen| refused(seen, &["$bit"], &[2]),
        because: "use $bit only with integer fields: reference/operator/update/bit",
    },
    Difference {
        name: "array operators of updates on what is no array",
        covers: |seen| refused(seen, &["$push", "$addToSet", "$pop", "$pull", "$pullAll"], &[2, 14]),
        because: "the operation fails if the field is not an array: reference/operator/update/push",
    },
    Difference {
        name: "updates of fields below scalars",
        covers: |seen| {
            refused(
                seen,
                &[
                    "$set",
                    "$inc",
                    "$mul",
                    "$min",
                    "$max",
                    "$rename",
                    "$bit",
                    "$push",
                    "$addToSet",
                    "$pop",
                    "$pull",
                    "$pullAll",
                    "$currentDate",
                ],
                &[28],
            )
        },
        because: "a dotted path names fields of embedded documents; a scalar or null has none: reference/operator/update/set",
    },
    Difference {
        name: "$[] and $[identifier] where there is no array",
        covers: |seen| {
            let positional = seen.case.command.get_document("update").is_ok_and(|update| update.to_string().contains("$["));
            seen.kind() == crate::case::Kind::Update && positional && seen.our_error() == Some(2) && seen.their_value().is_some()
        },
        because: "the path must exist in the document and be an array: reference/operator/update/positional-all",
    },
    Difference {
        name: "$rename of what is in an array",
        covers: |seen| refused(seen, &["$rename"], &[2]),
        because: "$rename does not work if fields are in array elements: reference/operator/update/rename",
    },
    Difference {
        name: "empty documents as new fields",
        covers: |seen| refused(seen, &["$addFields", "$set", "$project"], &[40180]),
        because: "$addFields takes expressions or documents of fields, none of which is empty: reference/operator/aggregation/addFields",
    },
    Difference {
        name: "$merge into a collection that the pipeline reads",
        covers: |seen| refused(seen, &["$merge"], &[51079]),
        because: "the collection cannot appear in any other stage of the pipeline: reference/operator/aggregation/merge",
    },
    Difference {
        name: "pairs that are none",
        covers: |seen| refused(seen, &["$arrayToObject"], &[40386, 40391, 40392, 40393, 40394, 40395, 40396, 40397, 40398]),
        because: "all elements are arrays of two elements or documents with k and v: reference/operator/aggregation/arrayToObject",
    },
    Difference {
        name: "remainders of a division by zero",
        covers: |seen| refused(seen, &["$mod", "$divide"], &[16608, 16610]),
        because: "the second argument is the divisor, and nothing is divided by 0: reference/operator/aggregation/mod",
    },
    Difference {
        name: "ranges that are no integers",
        covers: |seen| refused(seen, &["$range"], &[34443, 34444, 34445, 34446, 34447, 34448, 34449]),
        because: "start, end and step are integers: reference/operator/aggregation/range",
    },
    Difference {
        name: "splitting by nothing",
        covers: |seen| refused(seen, &["$split"], &[40087]),
        because: "the delimiter is a string that is not empty: reference/operator/aggregation/split",
    },
    Difference {
        name: "indexes that are no integers",
        covers: |seen| refused(seen, &["$substrCP"], &[34450, 34451, 34452, 34453, 34454]),
        because: "index and count must be nonnegative integers: reference/operator/aggregation/substrCP",
    },
    Difference {
        name: "places in arrays that are no integers",
        covers: |seen| {
            refused(seen, &["$arrayElemAt", "$slice", "$indexOfArray"], &[28690, 28691, 28725, 28726, 28727, 28728, 40096, 40097])
        },
        because: "the index is an integer: reference/operator/aggregation/arrayElemAt",
    },
    Difference {
        name: "modes of $merge",
        covers: |seen| refused(seen, &["$merge"], &[51181]),
        because: "whenMatched keepExisting and fail go with whenNotMatched insert: reference/operator/aggregation/merge",
    },
    Difference {
        name: "$merge by null",
        covers: |seen| refused(seen, &["$merge"], &[51132]),
        because: "the on field cannot be null: reference/operator/aggregation/merge",
    },
    Difference {
        name: "values outside of all buckets",
        covers: |seen| refused(seen, &["$bucket"], &[40066]),
        because: "without a default every value must be in a bucket: reference/operator/aggregation/bucket, Behavior",
    },
    Difference {
        name: "updates of nothing",
        covers: |seen| {
            seen.kind() == crate::case::Kind::Update && refused(seen, &["$set", "$unset", "$inc", "$mul", "$push", "$pull"], &[9])
        },
        because: "each operator names at least a field, and each array filter is used: reference/operator/update",
    },
];
