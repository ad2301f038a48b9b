use super::{check, check_on, fails};

const FAILURE: i32 = 241;

/// What a short form gives, and what `$convert` gives, which is the same.
#[track_caller]
fn short(name: &str, to: &str, cases: &[(&str, &str)]) {
    for (input, expected) in cases {
        let literal = format!(r#"{{"$literal":{input}}}"#);
        check(&format!(r#"{{"{name}":{literal}}}"#), expected);
        check(&format!(r#"{{"$convert":{{"input":{literal},"to":"{to}"}}}}"#), expected);
    }
    check(&format!(r#"{{"{name}":"$missing"}}"#), "null");
    check(&format!(r#"{{"{name}":null}}"#), "null");
}

#[track_caller]
fn refuses(name: &str, cases: &[(&str, &str)]) {
    for (input, message) in cases {
        fails(&format!(r#"{{"{name}":{{"$literal":{input}}}}}"#), FAILURE, message);
    }
}

#[test]
fn types() {
    for (value, name) in [
        (r#""a""#, "string"),
        ("1", "int"),
        (r#"{"$numberLong":"1"}"#, "long"),
        ("1.0", "double"),
        (r#"{"$numberDecimal":"1"}"#, "decimal"),
        ("true", "bool"),
        ("null", "null"),
        ("{}", "object"),
        (r#"{"$oid":"5a9427648b0beebeb6957a80"}"#, "objectId"),
        (r#""2020-01-01T00:00:00.000Z""#, "date"),
        (r#"{"$timestamp":{"t":1,"i":1}}"#, "timestamp"),
        (r#"{"$regularExpression":{"pattern":"a","options":""}}"#, "regex"),
        (r#"{"$binary":{"base64":"","subType":"00"}}"#, "binData"),
        (r#"{"$minKey":1}"#, "minKey"),
        (r#"{"$maxKey":1}"#, "maxKey"),
    ] {
        check(&format!(r#"{{"$type":{{"$literal":{value}}}}}"#), &format!(r#""{name}""#));
    }
    check(r#"{"$type":"$missing"}"#, r#""missing""#);
    check_on(r#"{"a":[1]}"#, r#"{"$type":"$a"}"#, r#""array""#);
}

#[test]
fn to_bool() {
    short(
        "$toBool",
        "bool",
        &[
            ("true", "true"),
            ("1.99999", "true"),
            (r#"{"$numberDecimal":"5"}"#, "true"),
            (r#"{"$numberDecimal":"0"}"#, "false"),
            ("0", "false"),
            ("0.0", "false"),
            (r#"{"$numberDouble":"NaN"}"#, "true"),
            (r#"{"$numberLong":"0"}"#, "false"),
            (r#""2018-03-26T16:38:28.044Z""#, "true"),
            (r#""false""#, "true"),
            (r#""""#, "true"),
            ("[]", "true"),
            ("{}", "true"),
            (r#"{"$oid":"5a9427648b0beebeb6957a80"}"#, "true"),
            (r#"{"$minKey":1}"#, "true"),
        ],
    );
}

#[test]
fn to_int() {
    short(
        "$toInt",
        "int",
        &[
            ("true", "1"),
            ("1.99999", "1"),
            ("-2.9", "-2"),
            (r#"{"$numberDecimal":"5.5000"}"#, "5"),
            (r#"{"$numberDecimal":"1E+3"}"#, "1000"),
            (r#"{"$numberLong":"5000"}"#, "5000"),
            (r#""-2""#, "-2"),
            (r#""+7""#, "7"),
        ],
    );
    refuses(
        "$toInt",
        &[
            (r#"{"$numberDecimal":"6000000000"}"#, "Conversion would overflow target type in $convert with no onError value: 6000000000"),
            (r#"{"$numberLong":"6000000000"}"#, "Conversion would overflow target type in $convert with no onError value: 6000000000"),
            ("2147483648.0", "Conversion would overflow target type in $convert with no onError value: 2147483648"),
            (r#"{"$numberDouble":"NaN"}"#, "Attempt to convert NaN value to integer type in $convert with no onError value"),
            (r#"{"$numberDecimal":"Infinity"}"#, "Attempt to convert infinity value to integer type in $convert with no onError value"),
            (r#""2.5""#, r#"Failed to parse number '2.5' in $convert with no onError value: Bad digit "." while parsing 2.5"#),
            (r#""-""#, "Failed to parse number '-' in $convert with no onError value: No digits"),
            (r#"" 1""#, "Failed to parse number ' 1'"),
            (r#""""#, "Failed to parse number ''"),
            (r#""9999999999""#, "Failed to parse number '9999999999' in $convert with no onError value: Overflow"),
            (r#""0x6400""#, "Illegal hexadecimal input in $convert with no onError value: 0x6400"),
            (r#""2018-03-26T16:38:28.044Z""#, "Unsupported conversion from date to int in $convert with no onError value"),
            (r#"{"$oid":"5a9427648b0beebeb6957a80"}"#, "Unsupported conversion from objectId to int"),
            ("[1]", "Unsupported conversion from array to int"),
        ],
    );
}

#[test]
fn to_long() {
    short(
        "$toLong",
        "long",
        &[
            ("true", r#"{"$numberLong":"1"}"#),
            ("2.5", r#"{"$numberLong":"2"}"#),
            (r#"{"$numberDecimal":"5.5"}"#, r#"{"$numberLong":"5"}"#),
            ("1000", r#"{"$numberLong":"1000"}"#),
            (r#""-2""#, r#"{"$numberLong":"-2"}"#),
            (r#""9223372036854775807""#, r#"{"$numberLong":"9223372036854775807"}"#),
            (r#""2018-03-26T04:38:28.044Z""#, r#"{"$numberLong":"1522039108044"}"#),
            ("-9223372036854775808.0", r#"{"$numberLong":"-9223372036854775808"}"#),
        ],
    );
    refuses(
        "$toLong",
        &[
            ("9223372036854775808.0", "Conversion would overflow target type"),
            (r#"{"$numberDecimal":"1E+19"}"#, "Conversion would overflow target type"),
            (r#""9223372036854775808""#, "Overflow"),
            ("{}", "Unsupported conversion from object to long"),
        ],
    );
}

#[test]
fn to_double() {
    short(
        "$toDouble",
        "double",
        &[
            ("true", "1.0"),
            ("2.5", "2.5"),
            ("5", "5.0"),
            (r#"{"$numberLong":"50000"}"#, "50000.0"),
            (r#"{"$numberDecimal":"5.5"}"#, "5.5"),
            (r#""-5.5""#, "-5.5"),
            (r#""1e2""#, "100.0"),
            (r#""-inf""#, r#"{"$numberDouble":"-Infinity"}"#),
            (r#""0.0""#, "0.0"),
            (r#""2018-03-27T05:04:47.890Z""#, "1522127087890.0"),
        ],
    );
    refuses(
        "$toDouble",
        &[
            (r#"{"$numberDecimal":"1E+400"}"#, "Conversion would overflow target type in $convert with no onError value: 1E+400"),
            (r#""5.5a""#, "Failed to parse number '5.5a' in $convert with no onError value: Did not consume whole string."),
            (r#"" 5""#, "Leading whitespace"),
            (r#""1e400""#, "Out of range"),
            (r#""0x5""#, "Illegal hexadecimal input"),
            (r#"{"$binary":{"base64":"","subType":"00"}}"#, "Unsupported conversion from binData to double"),
        ],
    );
}

#[test]
fn to_decimal() {
    let decimal = |text: &str| format!(r#"{{"$numberDecimal":"{text}"}}"#);
    for (input, expected) in [
        ("true", "1"),
        ("false", "0"),
        ("2.5", "2.50000000000000"),
        ("-5", "-5"),
        (r#"{"$numberLong":"9223372036854775807"}"#, "9223372036854775807"),
        (r#""-5.5""#, "-5.5"),
        (r#"".5""#, "0.5"),
        (r#""1E-3""#, "0.001"),
        (r#""1e10""#, "1E+10"),
        (r#""Infinity""#, "Infinity"),
        (r#""000123456789012345678901234567890123456789""#, "1.234567890123456789012345678901235E+38"),
        (r#""2018-03-27T05:04:47.890Z""#, "1522127087890"),
    ] {
        short("$toDecimal", "decimal", &[(input, &decimal(expected))]);
    }
    refuses(
        "$toDecimal",
        &[
            (r#""1E+7000""#, "Failed to parse number '1E+7000'"),
            (r#""1E-7000""#, "Failed to parse number '1E-7000'"),
            (r#""1E""#, "Failed to parse number '1E'"),
            (r#"".""#, "Failed to parse number '.'"),
            (r#""1.2.3""#, "Failed to parse number"),
            (r#""""#, "Failed to parse number"),
            (r#"{"$oid":"5a9427648b0beebeb6957a80"}"#, "Unsupported conversion from objectId to decimal"),
        ],
    );
}

#[test]
fn to_string() {
    short(
        "$toString",
        "string",
        &[
            ("true", r#""true""#),
            ("2.5", r#""2.5""#),
            ("3.0", r#""3""#),
            ("0.1", r#""0.1""#),
            ("1e20", r#""1e+20""#),
            ("0.00001", r#""1e-05""#),
            ("0.0001", r#""0.0001""#),
            ("123456789.125", r#""123456789.125""#),
            ("1000000.0", r#""1000000""#),
            ("-0.0", r#""-0""#),
            (r#"{"$numberDouble":"NaN"}"#, r#""NaN""#),
            (r#"{"$numberDecimal":"2.50"}"#, r#""2.50""#),
            (r#"{"$numberLong":"-4"}"#, r#""-4""#),
            (r#"{"$oid":"5ab9c3da31c2ab715d421285"}"#, r#""5ab9c3da31c2ab715d421285""#),
            (r#""x""#, r#""x""#),
        ],
    );
    check(r#"{"$concat":["at ",{"$toString":"2018-03-27T16:58:51.538Z"}]}"#, r#""at 2018-03-27T16:58:51.538Z""#);
    refuses(
        "$toString",
        &[
            ("[]", "Unsupported conversion from array to string in $convert with no onError value"),
            (r#"{"$timestamp":{"t":1,"i":1}}"#, "Unsupported conversion from timestamp to string"),
            (r#"{"$regularExpression":{"pattern":"a","options":""}}"#, "Unsupported conversion from regex to string"),
        ],
    );
}

#[test]
fn to_object_id() {
    let id = r#"{"$oid":"5ab9cbfa31c2ab715d42129e"}"#;
    short("$toObjectId", "objectId", &[(r#""5ab9cbfa31c2ab715d42129e""#, id), (r#""5AB9CBFA31C2AB715D42129E""#, id), (id, id)]);
    refuses(
        "$toObjectId",
        &[
            (
                r#""5ab9cbfa31c2ab715d42129""#,
                "Failed to parse objectId '5ab9cbfa31c2ab715d42129' in $convert with no onError value: Invalid string length for parsing to OID, expected 24 but found 23",
            ),
            (r#""5ab9cbfa31c2ab715d42129g""#, "Invalid character found in hex string: g"),
            ("1", "Unsupported conversion from int to objectId"),
        ],
    );
}

#[test]
fn to_date() {
    short(
        "$toDate",
        "date",
        &[
            ("120000000000.5", r#""1973-10-20T21:20:00.000Z""#),
            (r#"{"$numberDecimal":"1253372036000.50"}"#, r#""2009-09-19T14:53:56.000Z""#),
            (r#"{"$numberLong":"1100000000000"}"#, r#""2004-11-09T11:33:20.000Z""#),
            (r#"{"$numberLong":"-1100000000000"}"#, r#""1935-02-22T12:26:40.000Z""#),
            (r#"{"$oid":"5ab9c3da31c2ab715d421285"}"#, r#""2018-03-27T04:08:58.000Z""#),
            (r#"{"$timestamp":{"t":1637688118,"i":1}}"#, r#""2021-11-23T17:21:58.000Z""#),
            (r#""2018-03-20""#, r#""2018-03-20T00:00:00.000Z""#),
            (r#""2018-03-20 11:00:06 +0500""#, r#""2018-03-20T06:00:06.000Z""#),
        ],
    );
    refuses(
        "$toDate",
        &[
            ("1", "Unsupported conversion from int to date in $convert with no onError value"),
            ("true", "Unsupported conversion from bool to date"),
            (r#""Friday""#, "an incomplete date/time string has been found, with elements missing: \"Friday\""),
            (r#""xxx""#, "Error parsing date string 'xxx'; 0: "),
            (r#"{"$numberDouble":"NaN"}"#, "Attempt to convert NaN value to integer type"),
        ],
    );
}

#[test]
fn convert() {
    check(r#"{"$convert":{"input":"x","to":"int","onError":"bad","onNull":"none"}}"#, r#""bad""#);
    check(r#"{"$convert":{"input":null,"to":"int","onError":"bad","onNull":"none"}}"#, r#""none""#);
    check(r#"{"$convert":{"input":"$missing","to":"int"}}"#, "null");
    check(r#"{"$convert":{"input":"1","to":null}}"#, "null");
    check(r#"{"$convert":{"input":null,"to":null,"onNull":0}}"#, "0");
    check(r#"{"$convert":{"input":[1],"to":"int","onError":"$missing"}}"#, "missing");
    check(r#"{"$convert":{"input":"1","to":16}}"#, "1");
    check(r#"{"$convert":{"input":"1","to":{"$numberDecimal":"16.0"}}}"#, "1");
    check_on(r#"{"t":"long"}"#, r#"{"$convert":{"input":"1","to":"$t"}}"#, r#"{"$numberLong":"1"}"#);
    check(r#"{"$convert":{"input":"1","to":"int","onError":{"$divide":[1,0]}}}"#, "1");
    fails(r#"{"$convert":{"input":"x","to":"int","onError":{"$divide":[1,0]}}}"#, 16608, "can't $divide by zero");
    fails(r#"{"$convert":{"input":{"$divide":[1,0]},"to":"int","onError":0}}"#, 16608, "can't $divide by zero");
    fails(r#"{"$convert":{"input":1,"to":"foo"}}"#, 2, "Unknown type name: foo");
    fails(r#"{"$convert":{"input":1,"to":1.5}}"#, 9, "In $convert, numeric 'to' argument is not an integer");
    fails(r#"{"$convert":{"input":1,"to":99}}"#, 9, "In $convert, numeric value for 'to' does not correspond to a BSON type: 99");
    fails(r#"{"$convert":{"input":1,"to":true}}"#, 9, "$convert's 'to' argument must be a string or number, but is bool");
    fails(r#"{"$convert":{"input":1,"to":"missing"}}"#, FAILURE, "Unsupported conversion from int to missing");
    fails(r#"{"$convert":{"input":1,"to":"regex"}}"#, FAILURE, "Unsupported conversion from int to regex");
    fails(r#"{"$convert":{"input":{"$literal":{"a":1}},"to":"object"}}"#, FAILURE, "Unsupported conversion from object to object");
    fails(r#"{"$convert":1}"#, 9, "$convert expects an object of named arguments but found: int");
    fails(r#"{"$convert":{"input":1,"to":"int","foo":1}}"#, 9, "$convert found an unknown argument: foo");
    fails(r#"{"$convert":{"to":"int"}}"#, 9, "Missing 'input' parameter to $convert");
    fails(r#"{"$convert":{"input":1}}"#, 9, "Missing 'to' parameter to $convert");
}
