use super::{check, check_on, fails};

const SALE: &str =
    r#"{"date":"2014-01-01T08:15:39.736Z","id":{"$oid":"5ab9c3da31c2ab715d421285"},"ts":{"$timestamp":{"t":1522123738,"i":7}}}"#;

#[test]
fn parts() {
    for (operator, expected) in [
        ("$year", "2014"),
        ("$month", "1"),
        ("$dayOfMonth", "1"),
        ("$hour", "8"),
        ("$minute", "15"),
        ("$second", "39"),
        ("$millisecond", "736"),
        ("$dayOfYear", "1"),
        ("$dayOfWeek", "4"),
        ("$week", "0"),
        ("$isoWeek", "1"),
        ("$isoWeekYear", r#"{"$numberLong":"2014"}"#),
        ("$isoDayOfWeek", "3"),
    ] {
        check_on(SALE, &format!(r#"{{"{operator}":"$date"}}"#), expected);
        check_on(SALE, &format!(r#"{{"{operator}":["$date"]}}"#), expected);
        check_on(SALE, &format!(r#"{{"{operator}":{{"date":"$date"}}}}"#), expected);
        check_on(SALE, &format!(r#"{{"{operator}":"$missing"}}"#), "null");
        check_on(SALE, &format!(r#"{{"{operator}":{{"date":"$date","timezone":null}}}}"#), "null");
    }
    check_on(SALE, r#"{"$year":"$id"}"#, "2018");
    check_on(SALE, r#"{"$dayOfMonth":"$ts"}"#, "27");
    check(r#"{"$millisecond":"1969-12-31T23:59:59.999Z"}"#, "999");
}

#[test]
fn weeks() {
    // Dates with their week from Sunday, ISO week, and the year of the ISO week.
    for (date, week, iso, year) in [
        ("2016-01-01", 0, 53, 2015),
        ("2016-01-03", 1, 53, 2015),
        ("2016-01-04", 1, 1, 2016),
        ("2017-12-31", 53, 52, 2017),
        ("2018-12-31", 52, 1, 2019),
        ("2020-12-31", 52, 53, 2020),
        ("2005-01-02", 1, 53, 2004),
        ("2008-12-30", 52, 1, 2009),
    ] {
        let date = format!(r#""{date}T00:00:00.000Z""#);
        check(&format!(r#"{{"$week":{date}}}"#), &week.to_string());
        check(&format!(r#"{{"$isoWeek":{date}}}"#), &iso.to_string());
        check(&format!(r#"{{"$isoWeekYear":{date}}}"#), &format!(r#"{{"$numberLong":"{year}"}}"#));
    }
    check(r#"{"$dayOfWeek":"2016-01-03T00:00:00.000Z"}"#, "1");
    check(r#"{"$isoDayOfWeek":"2016-01-03T00:00:00.000Z"}"#, "7");
    check(r#"{"$dayOfYear":"2016-12-31T00:00:00.000Z"}"#, "366");
}

#[test]
fn time_zones() {
    let hour = |date: &str, zone: &str, expected: &str| {
        check(&format!(r#"{{"$hour":{{"date":"{date}","timezone":"{zone}"}}}}"#), expected);
    };
    hour("2017-01-15T12:00:00.000Z", "America/Chicago", "6");
    hour("2017-07-15T12:00:00.000Z", "America/Chicago", "7");
    hour("2017-07-15T12:00:00.000Z", "Asia/Shanghai", "20");
    hour("2017-07-15T12:00:00.000Z", "+05:30", "17");
    hour("2017-07-15T12:00:00.000Z", "-0330", "8");
    hour("2017-07-15T12:00:00.000Z", "+03", "15");
    hour("2017-07-15T12:00:00.000Z", "UTC", "12");
    check(r#"{"$dayOfMonth":{"date":"2017-01-01T00:30:00.000Z","timezone":"America/New_York"}}"#, "31");
    fails(
        r#"{"$hour":{"date":"2017-07-15T12:00:00.000Z","timezone":"Mars/Base"}}"#,
        40485,
        "unrecognized time zone identifier: \"Mars/Base\"",
    );
    fails(r#"{"$hour":{"date":"2017-07-15T12:00:00.000Z","timezone":"+5:30"}}"#, 40485, "unrecognized time zone identifier");
    fails(
        r#"{"$hour":{"date":"2017-07-15T12:00:00.000Z","timezone":5}}"#,
        40533,
        "$hour requires a string for the timezone argument, but was given a int (5)",
    );
}

#[test]
fn wrong_arguments_of_parts() {
    fails(r#"{"$year":"x"}"#, 16006, "can't convert from BSON type string to Date");
    fails(r#"{"$year":1}"#, 16006, "can't convert from BSON type int to Date");
    fails(r#"{"$year":[1,2]}"#, 40536, "$year accepts exactly one argument if given an array, but was given 2");
    fails(r#"{"$year":{"date":1,"tz":"x"}}"#, 40535, "unrecognized option to $year: \"tz\"");
    fails(r#"{"$year":{"timezone":"x"}}"#, 40539, "missing 'date' argument to $year");
}

#[test]
fn date_to_parts() {
    check(
        r#"{"$dateToParts":{"date":"2017-01-01T01:29:09.123Z"}}"#,
        r#"{"year":2017,"month":1,"day":1,"hour":1,"minute":29,"second":9,"millisecond":123}"#,
    );
    check(
        r#"{"$dateToParts":{"date":"2017-01-01T01:29:09.123Z","iso8601":true}}"#,
        r#"{"isoWeekYear":2016,"isoWeek":52,"isoDayOfWeek":7,"hour":1,"minute":29,"second":9,"millisecond":123}"#,
    );
    check(
        r#"{"$dateToParts":{"date":"2017-01-01T01:29:09.123Z","timezone":"America/New_York"}}"#,
        r#"{"year":2016,"month":12,"day":31,"hour":20,"minute":29,"second":9,"millisecond":123}"#,
    );
    check(r#"{"$dateToParts":{"date":null}}"#, "null");
    check(r#"{"$dateToParts":{"date":"2017-01-01T01:29:09.123Z","timezone":"$missing"}}"#, "null");
    check(r#"{"$dateToParts":{"date":"2017-01-01T01:29:09.123Z","iso8601":null}}"#, "null");
    fails(r#"{"$dateToParts":{"date":"2017-01-01T01:29:09.123Z","iso8601":1}}"#, 40521, "iso8601 must evaluate to a bool, found int");
    fails(r#"{"$dateToParts":{"date":"2017-01-01T01:29:09.123Z","timezone":1}}"#, 40517, "timezone must evaluate to a string, found int");
    fails(r#"{"$dateToParts":{"foo":1}}"#, 40520, "Unrecognized argument to $dateToParts: foo");
    fails(r#"{"$dateToParts":{}}"#, 40522, "Missing 'date'");
    fails(r#"{"$dateToParts":1}"#, 40524, "$dateToParts only supports an object as its argument");
}

#[test]
fn date_from_parts() {
    for (parts, expected) in [
        (r#""year":2017,"month":2,"day":8,"hour":12"#, "2017-02-08T12:00:00.000Z"),
        (r#""year":2016,"month":12,"day":31,"hour":23,"minute":46,"second":12,"timezone":"America/New_York""#, "2017-01-01T04:46:12.000Z"),
        (r#""isoWeekYear":2017,"isoWeek":6,"isoDayOfWeek":3,"hour":12"#, "2017-02-08T12:00:00.000Z"),
        (r#""isoWeekYear":2017"#, "2017-01-02T00:00:00.000Z"),
        (r#""year":2017"#, "2017-01-01T00:00:00.000Z"),
        (r#""year":2017,"month":14,"day":1"#, "2018-02-01T00:00:00.000Z"),
        (r#""year":2017,"month":0,"day":1"#, "2016-12-01T00:00:00.000Z"),
        (r#""year":2018,"month":14"#, "2019-02-01T00:00:00.000Z"),
        (r#""year":2017,"month":2,"day":30"#, "2017-03-02T00:00:00.000Z"),
        (r#""year":2017,"month":1,"day":0"#, "2016-12-31T00:00:00.000Z"),
        (r#""year":2017,"hour":-1"#, "2016-12-31T23:00:00.000Z"),
        (r#""year":2017,"minute":1440"#, "2017-01-02T00:00:00.000Z"),
        (r#""year":2017,"second":100000"#, "2017-01-02T03:46:40.000Z"),
        (r#""year":2017,"millisecond":-1"#, "2016-12-31T23:59:59.999Z"),
        (r#""isoWeekYear":2017,"isoWeek":53"#, "2018-01-01T00:00:00.000Z"),
        (r#""isoWeekYear":2017,"isoWeek":1,"isoDayOfWeek":8"#, "2017-01-09T00:00:00.000Z"),
        (r#""year":0"#, "0000-01-01T00:00:00.000Z"),
        (r#""year":2017.0,"month":{"$numberDecimal":"2.0"}"#, "2017-02-01T00:00:00.000Z"),
        (r#""year":2017,"month":6,"day":19,"timezone":"+04:30""#, "2017-06-18T19:30:00.000Z"),
        // An hour that is left out, and one that comes twice.
        (r#""year":2017,"month":3,"day":12,"hour":2,"minute":30,"timezone":"America/New_York""#, "2017-03-12T07:30:00.000Z"),
        (r#""year":2017,"month":11,"day":5,"hour":1,"minute":30,"timezone":"America/New_York""#, "2017-11-05T05:30:00.000Z"),
        (r#""year":2017,"month":3,"day":26,"hour":2,"minute":30,"timezone":"Europe/Berlin""#, "2017-03-26T01:30:00.000Z"),
    ] {
        check(&format!(r#"{{"$dateFromParts":{{{parts}}}}}"#), &format!(r#""{expected}""#));
    }
    check(r#"{"$dateFromParts":{"year":null}}"#, "null");
    check(r#"{"$dateFromParts":{"year":2017,"day":"$missing"}}"#, "null");
    check(r#"{"$dateFromParts":{"year":2017,"timezone":null}}"#, "null");
}

#[test]
fn wrong_parts() {
    let wrong = |parts: &str, number: i32, message: &str| fails(&format!(r#"{{"$dateFromParts":{{{parts}}}}}"#), number, message);
    wrong(r#""month":1"#, 40516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present");
    wrong(r#""year":2017,"isoWeek":1"#, 40489, "$dateFromParts does not allow mixing natural dates with ISO dates");
    wrong(r#""isoWeekYear":2017,"month":1"#, 40525, "$dateFromParts does not allow mixing ISO dates with natural dates");
    wrong(r#""year":2017,"foo":1"#, 40518, "Unrecognized argument to $dateFromParts: foo");
    wrong(r#""year":"x""#, 40515, "'year' must evaluate to an integer, found string with value");
    wrong(r#""year":2017,"hour":1.5"#, 40515, "'hour' must evaluate to an integer, found double with value 1.5");
    wrong(r#""year":10000"#, 40523, "'year' must evaluate to an integer in the range 0 to 9999, found 10000");
    wrong(r#""year":-1"#, 40523, "found -1");
    wrong(r#""isoWeekYear":10000"#, 31095, "'isoWeekYear' must evaluate to an integer in the range 0 to 9999");
    wrong(r#""year":1970,"month":32768"#, 31034, "'month' must evaluate to a value in the range [-32768, 32767]");
    wrong(r#""year":1970,"minute":-32769"#, 31034, "'minute' must evaluate to a value in the range [-32768, 32767]");
    wrong(r#""year":1970,"second":{"$numberLong":"9223372036854775807"}"#, 159, "Overflow casting");
    wrong(r#""year":1970,"timezone":1"#, 40517, "timezone must evaluate to a string, found int");
    fails(r#"{"$dateFromParts":1}"#, 40519, "$dateFromParts only supports an object as its argument");
}

#[test]
fn date_to_string() {
    let written = |rest: &str, expected: &str| {
        check_on(SALE, &format!(r#"{{"$concat":["=",{{"$dateToString":{{"date":"$date"{rest}}}}}]}}"#), &format!(r#""={expected}""#));
    };
    written("", "2014-01-01T08:15:39.736Z");
    written(r#","format":"%Y-%m-%d""#, "2014-01-01");
    written(r#","format":"%H:%M:%S:%L%z","timezone":"America/New_York""#, "03:15:39:736-0500");
    written(r#","format":"%H:%M:%S:%L%z","timezone":"+04:30""#, "12:45:39:736+0430");
    written(r#","format":"%Z","timezone":"America/New_York""#, "-300");
    written(r#","format":"%Z","timezone":"+04:30""#, "270");
    written(r#","format":"%z %Z""#, "+0000 0");
    written(r#","format":"%j %U %w %u %V %G 100%%""#, "001 00 4 3 01 2014 100%");
    written(r#","format":"日 %d""#, "日 01");
    written(r#","format":"""#, "");
    check_on(SALE, r#"{"$dateToString":{"date":"$id","format":"%Y"}}"#, r#""2018""#);
    check(r#"{"$dateToString":{"date":null}}"#, "null");
    check(r#"{"$dateToString":{"date":"$missing","onNull":"none"}}"#, r#""none""#);
    check_on(SALE, r#"{"$dateToString":{"date":"$date","format":null}}"#, "null");
    check_on(SALE, r#"{"$dateToString":{"date":"$date","timezone":null,"onNull":1}}"#, "null");
    check(r#"{"$dateToString":{"date":null,"timezone":null,"onNull":1}}"#, "1");
    fails(r#"{"$dateToString":{"date":"x"}}"#, 16006, "can't convert from BSON type string to Date");
    fails(r#"{"$dateToString":{"date":null,"format":1}}"#, 18533, "$dateToString requires that 'format' be a string, found: int");
    fails(r#"{"$dateToString":{"date":null,"format":"%"}}"#, 18535, "Unmatched '%' at end of format string");
    fails(r#"{"$dateToString":{"date":null,"format":"%x"}}"#, 18536, "Invalid format character '%x' in format string");
    fails(
        r#"{"$dateToString":{"date":{"$date":{"$numberLong":"253402300800000"}}}}"#,
        18537,
        "only defined on year 0-9999, tried to use year 10000",
    );
    fails(r#"{"$dateToString":{"format":"%Y"}}"#, 18628, "Missing 'date' parameter to $dateToString");
    fails(r#"{"$dateToString":{"date":null,"foo":1}}"#, 18534, "Unrecognized argument to $dateToString: foo");
    fails(r#"{"$dateToString":1}"#, 18629, "$dateToString only supports an object as its argument");
}

#[test]
fn years_far_away() {
    check(r#"{"$year":{"$literal":{"$date":{"$numberLong":"9223372036854775807"}}}}"#, "292278994");
    check(r#"{"$year":{"date":{"$literal":{"$date":{"$numberLong":"-9223372036854775808"}}},"timezone":"Asia/Shanghai"}}"#, "-292275055");
}
