//! Which operators there are.

use super::{fails, read};
use crate::error::Code;
use crate::expression::Expression;

/// The operators that MongoDB 4.2's manual lists, by the form of argument that each takes.
const BY_POSITION: &[(usize, &str)] = &[
    (
        1,
        "$abs $acos $acosh $asin $asinh $atan $atanh $ceil $cos $cosh $degreesToRadians $exp $floor $ln $log10 $radiansToDegrees $round \
         $sin $sinh $sqrt $tan $tanh $trunc \
         $arrayToObject $isArray $objectToArray $reverseArray $size $allElementsTrue $anyElementTrue $not $literal $type $mergeObjects \
         $dayOfMonth $dayOfWeek $dayOfYear $hour $isoDayOfWeek $isoWeek $isoWeekYear $millisecond $minute $month $second $week $year \
         $strLenBytes $strLenCP $toLower $toUpper \
         $toBool $toDate $toDecimal $toDouble $toInt $toLong $toObjectId $toString \
         $avg $max $min $stdDevPop $stdDevSamp $sum",
    ),
    (
        2,
        "$add $atan2 $divide $log $mod $multiply $pow $subtract $arrayElemAt $concatArrays $in $indexOfArray $range $slice $and $or \
         $cmp $eq $gt $gte $lt $lte $ne $ifNull $setDifference $setEquals $setIntersection $setIsSubset $setUnion \
         $concat $indexOfBytes $indexOfCP $split $strcasecmp",
    ),
    (3, "$cond $substr $substrBytes $substrCP"),
];

const BY_NAME: &[&str] = &[
    r#"{"$convert":{"input":1,"to":"int"}}"#,
    r#"{"$dateFromParts":{"year":2020}}"#,
    r#"{"$dateFromString":{"dateString":"2020-01-01"}}"#,
    r#"{"$dateToParts":{"date":null}}"#,
    r#"{"$dateToString":{"date":null}}"#,
    r#"{"$filter":{"input":[],"cond":true}}"#,
    r#"{"$let":{"vars":{"a":1},"in":"$$a"}}"#,
    r#"{"$ltrim":{"input":"x"}}"#,
    r#"{"$map":{"input":[],"in":1}}"#,
    r#"{"$reduce":{"input":[],"initialValue":1,"in":1}}"#,
    r#"{"$regexFind":{"input":"x","regex":"x"}}"#,
    r#"{"$regexFindAll":{"input":"x","regex":"x"}}"#,
    r#"{"$regexMatch":{"input":"x","regex":"x"}}"#,
    r#"{"$rtrim":{"input":"x"}}"#,
    r#"{"$switch":{"branches":[{"case":true,"then":1}]}}"#,
    r#"{"$trim":{"input":"x"}}"#,
    r#"{"$zip":{"inputs":[[1]]}}"#,
];

#[test]
fn every_operator_of_the_manual_parses() {
    let mut count = BY_NAME.len();
    for (arguments, names) in BY_POSITION {
        let list = vec!["1"; *arguments].join(",");
        for name in names.split_ascii_whitespace() {
            let expression = format!(r#"{{"{name}":[{list}]}}"#);
            assert!(Expression::parse(&read(&expression)).is_ok(), "{expression}");
            count += 1;
        }
    }
    for expression in BY_NAME {
        let parsed = Expression::parse(&read(expression));
        assert!(parsed.is_ok(), "{expression}: {parsed:?}");
    }
    // With $meta, which is refused, the manual has 121.
    assert_eq!(count, 120);
}

#[test]
fn what_came_after_4_2_is_unknown() {
    for name in [
        "$first",
        "$last",
        "$isNumber",
        "$replaceOne",
        "$replaceAll",
        "$function",
        "$accumulator",
        "$bsonSize",
        "$binarySize",
        "$rand",
        "$dateAdd",
        "$dateDiff",
        "$dateTrunc",
        "$getField",
        "$setField",
        "$sortArray",
        "$firstN",
        "$maxN",
        "$tsSecond",
        "$toUUID",
        "$foo",
    ] {
        fails(&format!(r#"{{"{name}":"$a"}}"#), 168, &format!("Unrecognized expression '{name}'"));
    }
}

#[test]
fn literals_and_metadata() {
    super::check(r#"{"$literal":"$a"}"#, r#""$a""#);
    super::check(r#"{"$literal":{"$add":[1,2]}}"#, r#"{"$add":[1,2]}"#);
    super::check(r#"{"$literal":[1]}"#, "[1]");
    let error = Expression::parse(&read(r#"{"$meta":"textScore"}"#)).unwrap_err();
    assert_eq!(error.code(), Code::CommandNotSupported);
}

#[test]
fn counts_of_arguments() {
    fails(r#"{"$substrCP":["a",1]}"#, 16020, "Expression $substrCP takes exactly 3 arguments. 2 were passed in.");
    fails(r#"{"$indexOfCP":["a"]}"#, 28667, "Expression $indexOfCP takes at least 2 arguments, and at most 4, but 1 were passed in.");
    fails(r#"{"$setEquals":[[1]]}"#, 17045, "$setEquals needs at least two arguments had: 1");
    fails(r#"{"$toInt":[1,2]}"#, 50723, "$toInt requires a single argument, got 2");
}
