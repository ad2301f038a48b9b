use bson::{Bson, DateTime, doc};

use crate::expression::{Expression, Variables};
use crate::{Result, iso};

const FAILURE: i32 = 241;

/// With the text in the document, because one in JSON may be a date by itself.
fn run(text: &str, rest: &str) -> Result<Bson> {
    let expression = format!(r#"{{"$dateFromString":{{"dateString":"$text"{rest}}}}}"#);
    Expression::parse(&super::read(&expression))?.evaluate(&doc! {"text": text}, &Variables::new())
}

#[track_caller]
fn reads(text: &str, rest: &str, expected: &str) {
    let value = run(text, rest).unwrap_or_else(|error| panic!("{text}: {error}"));
    let expected = DateTime::from_millis(iso::parse(expected).unwrap());
    assert_eq!(value, Bson::DateTime(expected), "{text}");
}

#[track_caller]
fn refuses(text: &str, rest: &str, number: i32, message: &str) {
    match run(text, rest) {
        Ok(value) => panic!("{text} is {value}"),
        Err(error) => {
            assert_eq!(error.code().number(), number, "{text}: {error}");
            assert!(error.message().contains(message), "{text}: {error}");
        }
    }
}

#[test]
fn without_a_format() {
    for (text, expected) in [
        ("2017-02-08T12:10:40.787", "2017-02-08T12:10:40.787Z"),
        ("2017-02-08T12:10:40.787Z", "2017-02-08T12:10:40.787Z"),
        ("2017-02-08T12:10:40.787123Z", "2017-02-08T12:10:40.787Z"),
        ("2017-02-08T12:10:40.7Z", "2017-02-08T12:10:40.700Z"),
        ("2017-02-08", "2017-02-08T00:00:00.000Z"),
        ("2017-2-8", "2017-02-08T00:00:00.000Z"),
        ("2017-02", "2017-02-01T00:00:00.000Z"),
        ("2017-02-08 12:10", "2017-02-08T12:10:00.000Z"),
        ("2017-02-08 12:10:40+01:00", "2017-02-08T11:10:40.000Z"),
        ("2017-02-08T12:10:40+0100", "2017-02-08T11:10:40.000Z"),
        ("2017-02-08T12:10:40-05", "2017-02-08T17:10:40.000Z"),
        ("2017-07-14T12:02:44.771 GMT+02:00", "2017-07-14T10:02:44.771Z"),
        ("2017-02-08T12:10:40 EST", "2017-02-08T17:10:40.000Z"),
        ("2017-02-08T12:10:40 (CEST)", "2017-02-08T10:10:40.000Z"),
        ("20170208", "2017-02-08T00:00:00.000Z"),
        ("20170208T121040", "2017-02-08T12:10:40.000Z"),
        ("20170208121040", "2017-02-08T12:10:40.000Z"),
        ("2017/02/08", "2017-02-08T00:00:00.000Z"),
        ("2/8/2017", "2017-02-08T00:00:00.000Z"),
        ("02/08/17 4:10 pm", "2017-02-08T16:10:00.000Z"),
        ("8-2-2017", "2017-02-08T00:00:00.000Z"),
        ("08.02.2017", "2017-02-08T00:00:00.000Z"),
        ("8 February 2017", "2017-02-08T00:00:00.000Z"),
        ("8-Feb-2017", "2017-02-08T00:00:00.000Z"),
        ("Feb-08-2017", "2017-02-08T00:00:00.000Z"),
        ("February 2017", "2017-02-01T00:00:00.000Z"),
        ("oct 20 2020", "2020-10-20T00:00:00.000Z"),
        ("July 4th, 2017", "2017-07-04T00:00:00.000Z"),
        ("July 4th, 2017 12:39:30 BST", "2017-07-04T11:39:30.000Z"),
        ("July 4th, 2017 11:39:30pm", "2017-07-04T23:39:30.000Z"),
        ("July 4th, 2017 12pm +02:00", "2017-07-04T10:00:00.000Z"),
        ("July 4th, 2017 12 a.m.", "2017-07-04T00:00:00.000Z"),
        ("Tue, 04 Jul 2017 12:39:30 GMT", "2017-07-04T12:39:30.000Z"),
        ("Tue Jul  4 12:39:30 2017", "2017-07-04T12:39:30.000Z"),
        ("Wed, 04 Jul 2017", "2017-07-05T00:00:00.000Z"),
        ("2017-W08-3", "2017-02-22T00:00:00.000Z"),
        ("2017W08", "2017-02-20T00:00:00.000Z"),
        ("2017.039", "2017-02-08T00:00:00.000Z"),
        ("2017-02-08T24:00", "2017-02-09T00:00:00.000Z"),
        ("12:10 2017-02-08", "2017-02-08T12:10:00.000Z"),
        ("@1486555840", "2017-02-08T12:10:40.000Z"),
    ] {
        reads(text, "", expected);
    }
}

#[test]
fn texts_that_are_no_dates() {
    for (text, message) in [
        ("", "an incomplete date/time string has been found, with elements missing: \"\""),
        ("2017", "an incomplete date/time string has been found"),
        ("12:10", "an incomplete date/time string has been found"),
        ("July 4th", "an incomplete date/time string has been found"),
        ("2017-02-30", "The parsed date was invalid"),
        ("2017-13-01", "Error parsing date string '2017-13-01'"),
        ("2017-02-08 2017-02-09", "Double date specification"),
        ("2017-02-08 10:00 11:00", "Double time specification"),
        ("2017-02-08 10:00Z +01:00", "Double timezone specification"),
        ("2017-02-08 Europe/Berlin", "passing a time zone identifier as part of the string is not allowed"),
        ("2017-02-08T25:00", "Error parsing date string"),
        ("2017-02-08 #", "Error parsing date string '2017-02-08 #'; 11: Unexpected character '#'"),
        ("60.Monday1770/06:59", "Error parsing date string"),
        ("tomorrow", "Error parsing date string 'tomorrow'; 0: "),
        ("二〇一七", "Unexpected character '二'"),
    ] {
        refuses(text, "", FAILURE, message);
    }
    refuses("Jul 4 12:10 2017 2018", "", FAILURE, "Double date specification");
    refuses(&"2017 ".repeat(1_000_000), "", FAILURE, "it has 5000000 bytes");
}

#[test]
fn time_zones() {
    reads("2017-02-08T12:10:40.787", r#","timezone":"America/New_York""#, "2017-02-08T17:10:40.787Z");
    reads("2017-02-08", r#","timezone":"America/New_York""#, "2017-02-08T05:00:00.000Z");
    reads("2017-07-06", r#","timezone":"Asia/Shanghai""#, "2017-07-05T16:00:00.000Z");
    reads("2017-07-06T12:00:00", r#","timezone":"-03:30""#, "2017-07-06T15:30:00.000Z");
    reads("2017-07-06T12:00:00Z", r#","timezone":"+00:00""#, "2017-07-06T12:00:00.000Z");
    refuses(
        "2017-07-06T12:00:00+01:00",
        r#","timezone":"Europe/Berlin""#,
        FAILURE,
        "you cannot pass in a date/time string with GMT offset together with a timezone argument",
    );
    refuses(
        "2017-07-06T12:00:00Z",
        r#","timezone":"UTC""#,
        FAILURE,
        "you cannot pass in a date/time string with time zone information ('Z') together with a timezone argument",
    );
    refuses("2017-07-06", r#","timezone":"Mars/Base""#, 40485, "unrecognized time zone identifier: \"Mars/Base\"");
    refuses("2017-07-06", r#","timezone":1"#, 40517, "timezone must evaluate to a string, found int");
    assert_eq!(run("2017-07-06", r#","timezone":null"#), Ok(Bson::Null));
}

#[test]
fn with_a_format() {
    let format = |format: &str| format!(r#","format":"{format}""#);
    for (text, pattern, expected) in [
        ("06-15-2018", "%m-%d-%Y", "2018-06-15T00:00:00.000Z"),
        ("15-06-2018", "%d-%m-%Y", "2018-06-15T00:00:00.000Z"),
        ("2017-07-04T11:56:02", "%Y-%m-%dT%H:%M:%S", "2017-07-04T11:56:02.000Z"),
        ("2017-07-04 11:56:02.813", "%Y-%m-%d %H:%M:%S.%L", "2017-07-04T11:56:02.813Z"),
        ("2017-07-04 11:56:02.8", "%Y-%m-%d %H:%M:%S.%L", "2017-07-04T11:56:02.800Z"),
        ("2017-07-04T11:56:02 +0200", "%Y-%m-%dT%H:%M:%S %z", "2017-07-04T09:56:02.000Z"),
        ("2017-07-04T11:56:02 Z", "%Y-%m-%dT%H:%M:%S %z", "2017-07-04T11:56:02.000Z"),
        ("2017-07-04 11:56 -300", "%Y-%m-%d %H:%M %Z", "2017-07-04T16:56:00.000Z"),
        ("2017 9 4", "%Y %m %d", "2017-09-04T00:00:00.000Z"),
        ("2017-52-3", "%G-%V-%u", "2017-12-27T00:00:00.000Z"),
        ("2018-1-1", "%G-%V-%u", "2018-01-01T00:00:00.000Z"),
        ("100% 2017-07-04", "100%% %Y-%m-%d", "2017-07-04T00:00:00.000Z"),
        ("2017年7月4日", "%Y年%m月%d日", "2017-07-04T00:00:00.000Z"),
    ] {
        reads(text, &format(pattern), expected);
    }
    for (text, pattern, message) in [
        ("2017-07-04", "%m-%d-%Y", "Error parsing date string '2017-07-04'"),
        ("2017-07", "%Y-%m", "an incomplete date/time string has been found, with elements missing: \"2017-07\""),
        ("2017-07-04x", "%Y-%m-%d", "Trailing data 'x'"),
        ("2017-07-", "%Y-%m-%d", "A two digit day could not be found"),
        ("2017/07/04", "%Y-%m-%d", "The format separator does not match '/'"),
        ("2017-02-29", "%Y-%m-%d", "The parsed date was invalid"),
        ("2017-07-04 25", "%Y-%m-%d %H", "The parsed time was invalid"),
        ("2017-53-1", "%G-%V-%u", "The parsed date was invalid"),
        ("2017-07-04 1", "%Y-%m-%d %V", "Mixing of ISO dates with natural dates is not allowed"),
        ("2017-07-04 x", "%Y-%m-%d %Z", "Invalid timezone offset in minutes"),
        ("", "%Y-%m-%d", "A four digit year could not be found"),
    ] {
        refuses(text, &format(pattern), FAILURE, message);
    }
    reads("2017-07-04 12", r#","format":"%Y-%m-%d %H","timezone":"Asia/Shanghai""#, "2017-07-04T04:00:00.000Z");
    refuses("2017", r#","format":1"#, 40684, "$dateFromString requires that 'format' be a string, found: int");
    refuses("2017", r#","format":"%Y%""#, 18535, "Unmatched '%' at end of format string");
    refuses("2017", r#","format":"%j""#, 18536, "Invalid format character '%j' in format string");
    assert_eq!(run("2017-07-04", r#","format":null"#), Ok(Bson::Null));
}

#[test]
fn nulls_and_errors() {
    use super::{check, fails};
    check(r#"{"$dateFromString":{"dateString":null}}"#, "null");
    check(r#"{"$dateFromString":{"dateString":"$missing","onNull":"none"}}"#, r#""none""#);
    check(r#"{"$dateFromString":{"dateString":"x y","onError":"bad"}}"#, r#""bad""#);
    check(r#"{"$dateFromString":{"dateString":5,"onError":"$missing"}}"#, "missing");
    check(r#"{"$dateFromString":{"dateString":null,"onError":"bad","onNull":"none"}}"#, r#""none""#);
    fails(
        r#"{"$dateFromString":{"dateString":5}}"#,
        FAILURE,
        "$dateFromString requires that 'dateString' be a string, found: int with value 5",
    );
    fails(r#"{"$dateFromString":{"dateString":"x","timezone":"nowhere","onError":1}}"#, 40485, "unrecognized time zone identifier");
    fails(r#"{"$dateFromString":{"dateString":null,"format":"%x","onError":1}}"#, 18536, "Invalid format character");
    fails(r#"{"$dateFromString":"2017"}"#, 40540, "$dateFromString only supports an object as an argument, found: string");
    fails(r#"{"$dateFromString":{"foo":1}}"#, 40541, "Unrecognized argument to $dateFromString: foo");
    fails(r#"{"$dateFromString":{}}"#, 40542, "Missing 'dateString' parameter to $dateFromString");
}
