use super::{check, check_on, fails};
use crate::expression::{Expression, Variables};

#[test]
fn concat() {
    check(r#"{"$concat":["ABC 1"," - ","product"]}"#, r#""ABC 1 - product""#);
    check(r#"{"$concat":[]}"#, r#""""#);
    check(r#"{"$concat":["a",null]}"#, "null");
    check(r#"{"$concat":["a","$missing"]}"#, "null");
    fails(r#"{"$concat":["a",1]}"#, 16702, "$concat only supports strings, not int");
}

#[test]
fn long_strings_are_refused_before_they_are_made() {
    let doc = bson::doc! {"s": "x".repeat(5 * 1024 * 1024)};
    let expression = Expression::parse(&super::read(r#"{"$concat":["$s","$s","$s","$s"]}"#)).unwrap();
    assert_eq!(expression.evaluate(&doc, &Variables::new()).unwrap_err().code().number(), 10334);
    let expression = Expression::parse(&super::read(r#"{"$split":["$s","x"]}"#)).unwrap();
    assert_eq!(expression.evaluate(&doc, &Variables::new()).unwrap_err().code().number(), 146);
}

#[test]
fn substrings_by_bytes() {
    check(r#"{"$substr":["hello",1,2]}"#, r#""el""#);
    check(r#"{"$substrBytes":["abcde",1,2]}"#, r#""bc""#);
    check(r#"{"$substrBytes":["Hello World!",6,5]}"#, r#""World""#);
    check(r#"{"$substrBytes":["cafétéria",0,5]}"#, r#""café""#);
    check(r#"{"$substrBytes":["寿司sushi",0,3]}"#, r#""寿""#);
    check(r#"{"$substr":["abc",1,-1]}"#, r#""bc""#);
    check(r#"{"$substr":["abc",3,5]}"#, r#""""#);
    check(r#"{"$substr":["abc",9,5]}"#, r#""""#);
    check(r#"{"$substr":[null,0,5]}"#, r#""""#);
    check(r#"{"$substr":["$missing",0,5]}"#, r#""""#);
    check(r#"{"$substr":[1234.5,1.9,3]}"#, r#""234""#);
    check(r#"{"$substr":["abc",0,{"$numberDouble":"Infinity"}]}"#, r#""abc""#);
    fails(r#"{"$substrBytes":["cafétéria",0,4]}"#, 28657, "Invalid range, ending index is in the middle of a UTF-8 character.");
    fails(r#"{"$substrBytes":["cafétéria",7,3]}"#, 28656, "Invalid range, starting index is a UTF-8 continuation byte.");
    fails(r#"{"$substr":["abc",-1,2]}"#, 50752, "$substrBytes:  starting index must be non-negative (got: -1)");
    fails(r#"{"$substr":["abc","x",2]}"#, 16034, "starting index must be a numeric type (is BSON type string)");
    fails(r#"{"$substr":["abc",0,null]}"#, 16035, "length must be a numeric type (is BSON type null)");
    fails(r#"{"$substr":[[1],0,1]}"#, 16007, "can't convert from BSON type array to String");
}

#[test]
fn substrings_by_characters() {
    check(r#"{"$substrCP":["abcde",1,2]}"#, r#""bc""#);
    check(r#"{"$substrCP":["cafétéria",7,3]}"#, r#""ia""#);
    check(r#"{"$substrCP":["寿司sushi",0,3]}"#, r#""寿司s""#);
    check(r#"{"$substrCP":[null,0,3]}"#, r#""""#);
    check(r#"{"$substrCP":["abc",5,3]}"#, r#""""#);
    fails(r#"{"$substrCP":["abc","x",2]}"#, 34450, "starting index must be a numeric type");
    fails(r#"{"$substrCP":["abc",1.5,2]}"#, 34451, "starting index cannot be represented as a 32-bit integral value: 1.5");
    fails(r#"{"$substrCP":["abc",0,"x"]}"#, 34452, "length must be a numeric type");
    fails(r#"{"$substrCP":["abc",0,1.5]}"#, 34453, "length cannot be represented");
    fails(r#"{"$substrCP":["abc",0,-1]}"#, 34454, "length must be a nonnegative integer.");
    fails(r#"{"$substrCP":["abc",-1,1]}"#, 34455, "the starting index must be nonnegative integer.");
}

#[test]
fn case() {
    check(r#"{"$toUpper":"product 1é"}"#, r#""PRODUCT 1é""#);
    check(r#"{"$toLower":"PRODUCT 1É"}"#, r#""product 1É""#);
    check(r#"{"$toLower":null}"#, r#""""#);
    check(r#"{"$toUpper":"$missing"}"#, r#""""#);
    check(r#"{"$toUpper":1}"#, r#""1""#);
    check(r#"{"$concat":["",{"$toLower":"2014-01-01T08:15:39.736Z"}]}"#, r#""2014-01-01t08:15:39.736z""#);
    check(r#"{"$toLower":{"$literal":{"$timestamp":{"t":1,"i":26}}}}"#, r#""jan  1 00:00:01:1a""#);
    fails(r#"{"$toUpper":true}"#, 16007, "can't convert from BSON type bool to String");
    check(r#"{"$strcasecmp":["13Q1","13q4"]}"#, "-1");
    check(r#"{"$strcasecmp":["13Q4","13q4"]}"#, "0");
    check(r#"{"$strcasecmp":["14Q2","13q4"]}"#, "1");
    check(r#"{"$strcasecmp":[null,""]}"#, "0");
    check(r#"{"$strcasecmp":["É","é"]}"#, "-1");
    check(r#"{"$strcasecmp":["_","a"]}"#, "1");
}

#[test]
fn lengths() {
    for (text, bytes, characters) in
        [("abcde", 5, 5), ("Hello World!", 12, 12), ("cafeteria", 9, 9), ("cafétéria", 11, 9), ("", 0, 0), ("$€λG", 7, 4), ("寿司", 6, 2)]
    {
        let literal = format!(r#"{{"$literal":"{text}"}}"#);
        check(&format!(r#"{{"$strLenBytes":{literal}}}"#), &bytes.to_string());
        check(&format!(r#"{{"$strLenCP":{literal}}}"#), &characters.to_string());
    }
    fails(r#"{"$strLenBytes":null}"#, 34473, "$strLenBytes requires a string argument, found: null");
    fails(r#"{"$strLenCP":"$missing"}"#, 34471, "$strLenCP requires a string argument, found: missing");
}

#[test]
fn index_of_bytes() {
    check(r#"{"$indexOfBytes":["cafeteria","e"]}"#, "3");
    check(r#"{"$indexOfBytes":["cafétéria","é"]}"#, "3");
    check(r#"{"$indexOfBytes":["cafétéria","e"]}"#, "-1");
    check(r#"{"$indexOfBytes":["cafétéria","t"]}"#, "5");
    check(r#"{"$indexOfBytes":["foo.bar.fi",".",5]}"#, "7");
    check(r#"{"$indexOfBytes":["vanilla","ll",0,2]}"#, "-1");
    check(r#"{"$indexOfBytes":["vanilla","ll",0,5]}"#, "-1");
    check(r#"{"$indexOfBytes":["vanilla","ll",0,6]}"#, "4");
    check(r#"{"$indexOfBytes":["vanilla","ll",12]}"#, "-1");
    check(r#"{"$indexOfBytes":["vanilla","nilla",3]}"#, "-1");
    check(r#"{"$indexOfBytes":["vanilla","a",3,1]}"#, "-1");
    check(r#"{"$indexOfBytes":["éa","a",1]}"#, "2");
    check(r#"{"$indexOfBytes":["abc",""]}"#, "0");
    check(r#"{"$indexOfBytes":["abc","",3]}"#, "3");
    check(r#"{"$indexOfBytes":[null,"a"]}"#, "null");
    check(r#"{"$indexOfBytes":["$missing",1]}"#, "null");
    fails(r#"{"$indexOfBytes":[1,"a"]}"#, 40091, "$indexOfBytes requires a string as the first argument, found: int");
    fails(r#"{"$indexOfBytes":["a",null]}"#, 40092, "$indexOfBytes requires a string as the second argument, found: null");
    fails(r#"{"$indexOfBytes":["a","a","x"]}"#, 40096, "$indexOfBytes requires an integral starting index, found a value of type: string");
    fails(r#"{"$indexOfBytes":["vanilla","ll",-1]}"#, 40097, "$indexOfBytes requires a nonnegative starting index, found: -1");
    fails(r#"{"$indexOfBytes":["vanilla","ll",0,-1]}"#, 40097, "$indexOfBytes requires a nonnegative ending index, found: -1");
}

#[test]
fn index_of_characters() {
    check(r#"{"$indexOfCP":["cafeteria","e"]}"#, "3");
    check(r#"{"$indexOfCP":["cafétéria","t"]}"#, "4");
    check(r#"{"$indexOfCP":["cafétéria","é",4]}"#, "5");
    check(r#"{"$indexOfCP":["foo.bar.fi",".",5,7]}"#, "-1");
    check(r#"{"$indexOfCP":["vanilla","ll",0,4]}"#, "-1");
    check(r#"{"$indexOfCP":["vanilla","ll",12]}"#, "-1");
    check(r#"{"$indexOfCP":["",""]}"#, "0");
    check(r#"{"$indexOfCP":["abc",""]}"#, "0");
    check(r#"{"$indexOfCP":[null,"a"]}"#, "null");
    fails(r#"{"$indexOfCP":[1,"a"]}"#, 40093, "first argument, found: int");
    fails(r#"{"$indexOfCP":["a",1]}"#, 40094, "second argument, found: int");
    fails(r#"{"$indexOfCP":["a","a",-1]}"#, 40097, "nonnegative starting index");
}

#[test]
fn split() {
    check(r#"{"$split":["June-15-2013","-"]}"#, r#"["June","15","2013"]"#);
    check(r#"{"$split":["banana split","a"]}"#, r#"["b","n","n"," split"]"#);
    check(r#"{"$split":["Hello World","o "]}"#, r#"["Hell","World"]"#);
    check(r#"{"$split":["astronomical","astro"]}"#, r#"["","nomical"]"#);
    check(r#"{"$split":["astronomical","x"]}"#, r#"["astronomical"]"#);
    check(r#"{"$split":["","x"]}"#, r#"[""]"#);
    check(r#"{"$split":["aaa","aa"]}"#, r#"["","a"]"#);
    check(r#"{"$split":[null,"x"]}"#, "null");
    check(r#"{"$split":["x","$missing"]}"#, "null");
    fails(r#"{"$split":[1,"x"]}"#, 40085, "as a first argument, found: int");
    fails(r#"{"$split":["x",1]}"#, 40086, "as a second argument, found: int");
    fails(r#"{"$split":["x",""]}"#, 40087, "$split requires a non-empty separator");
}

#[test]
fn trim() {
    check(r#"{"$trim":{"input":"  \n good  bye \t  "}}"#, r#""good  bye""#);
    check(r#"{"$trim":{"input":" ggggoodbyeeeee","chars":"ge"}}"#, r#"" ggggoodby""#);
    check(r#"{"$ltrim":{"input":" ggggoodbyeeeee","chars":" gd"}}"#, r#""oodbyeeeee""#);
    check(r#"{"$rtrim":{"input":" ggggoodbyeeeee    ","chars":"e "}}"#, r#"" ggggoodby""#);
    check(r#"{"$trim":{"input":null}}"#, "null");
    check(r#"{"$trim":{"input":"x","chars":null}}"#, "null");
    fails(r#"{"$trim":{"input":1}}"#, 50699, "$trim requires its input to be a string");
    fails(r#"{"$trim":{"input":"x","chars":1}}"#, 50700, "$trim requires 'chars' to be a string");
    fails(r#"{"$trim":{}}"#, 50695, "input");
    fails(r#"{"$trim":{"input":"x","foo":1}}"#, 50694, "$trim found an unknown argument: foo");
    fails(r#"{"$trim":"x"}"#, 50696, "$trim only supports an object as an argument, found string");
}

#[test]
fn regular_expressions() {
    let doc = r#"{"d":"First lines\nsecond line"}"#;
    check_on(doc, r#"{"$regexFind":{"input":"$d","regex":"line"}}"#, r#"{"match":"line","idx":6,"captures":[]}"#);
    check_on(doc, r#"{"$regexFind":{"input":"$d","regex":"lin(e|k)(x)?"}}"#, r#"{"match":"line","idx":6,"captures":["e",null]}"#);
    check_on(doc, r#"{"$regexFindAll":{"input":"$d","regex":"^s","options":"m"}}"#, r#"[{"match":"s","idx":12,"captures":[]}]"#);
    check_on(doc, r#"{"$regexMatch":{"input":"$d","regex":"FIRST","options":"i"}}"#, "true");
    check(r#"{"$regexMatch":{"input":null,"regex":"x"}}"#, "false");
    check(r#"{"$regexFind":{"input":"$missing","regex":"x"}}"#, "null");
    check(r#"{"$regexFindAll":{"input":"x","regex":null}}"#, "[]");
    check(r#"{"$regexFind":{"input":"cafétéria","regex":"t"}}"#, r#"{"match":"t","idx":4,"captures":[]}"#);
    fails(r#"{"$regexMatch":{"input":1,"regex":"x"}}"#, 51104, "$regexMatch needs 'input' to be of type string");
    fails(r#"{"$regexMatch":{"input":"x","regex":1}}"#, 51105, "$regexMatch needs 'regex' to be of type string or regex");
}
