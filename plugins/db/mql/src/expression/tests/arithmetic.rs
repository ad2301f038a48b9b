use super::{check, fails};

const LONG: &str = r#"{"$numberLong":"9223372036854775807"}"#;

#[test]
fn sums_and_products() {
    check(r#"{"$add":[1,2]}"#, "3");
    check(r#"{"$add":[2147483647,1]}"#, r#"{"$numberLong":"2147483648"}"#);
    check(&format!(r#"{{"$add":[{LONG},1]}}"#), "9223372036854775808.0");
    check(r#"{"$add":[1,{"$numberLong":"2"}]}"#, r#"{"$numberLong":"3"}"#);
    check(r#"{"$add":[1,2.5]}"#, "3.5");
    check(r#"{"$add":[1,{"$numberDecimal":"2.50"}]}"#, r#"{"$numberDecimal":"3.50"}"#);
    check(r#"{"$add":["2014-01-01T00:00:00.000Z",1000]}"#, r#""2014-01-01T00:00:01.000Z""#);
    check(r#"{"$add":[1,null]}"#, "null");
    check(r#"{"$add":[]}"#, "0");
    fails(r#"{"$add":[1,"x"]}"#, 16554, "$add only supports numeric or date types, not string");
    check(r#"{"$subtract":[5,7]}"#, "-2");
    check(r#"{"$subtract":["2014-01-01T00:00:01.000Z","2014-01-01T00:00:00.000Z"]}"#, r#"{"$numberLong":"1000"}"#);
    check(r#"{"$subtract":["2014-01-01T00:00:01.000Z",1000]}"#, r#""2014-01-01T00:00:00.000Z""#);
    fails(r#"{"$subtract":[1,"2014-01-01T00:00:01.000Z"]}"#, 16556, "cant $subtract a date from a int");
    check(r#"{"$multiply":[2,3.5]}"#, "7.0");
    check(r#"{"$multiply":[2147483647,2]}"#, r#"{"$numberLong":"4294967294"}"#);
    check(r#"{"$multiply":[2,"$missing"]}"#, "null");
    fails(r#"{"$multiply":[2,true]}"#, 16555, "$multiply only supports numeric types, not bool");
}

#[test]
fn quotients() {
    check(r#"{"$divide":[4,2]}"#, "2.0");
    check(r#"{"$divide":[{"$numberDecimal":"1"},3]}"#, r#"{"$numberDecimal":"0.3333333333333333333333333333333333"}"#);
    check(r#"{"$divide":[null,0]}"#, "null");
    fails(r#"{"$divide":[1,0]}"#, 16608, "can't $divide by zero");
    check(r#"{"$mod":[-7,3]}"#, "-1");
    check(r#"{"$mod":[7.5,2]}"#, "1.5");
    check(r#"{"$mod":[{"$numberLong":"7"},3]}"#, r#"{"$numberLong":"1"}"#);
    fails(r#"{"$mod":[7,0]}"#, 16610, "can't $mod by zero");
}

#[test]
fn functions() {
    check(r#"{"$abs":-5}"#, "5");
    check(r#"{"$abs":{"$numberLong":"-5"}}"#, r#"{"$numberLong":"5"}"#);
    check(r#"{"$abs":-2147483648}"#, r#"{"$numberLong":"2147483648"}"#);
    fails(r#"{"$abs":{"$numberLong":"-9223372036854775808"}}"#, 28680, "can't take $abs of long long min");
    fails(r#"{"$abs":"x"}"#, 28765, "$abs only supports numeric types, not string");
    check(r#"{"$ceil":7.8}"#, "8.0");
    check(r#"{"$ceil":-2.8}"#, "-2.0");
    check(r#"{"$floor":-2.8}"#, "-3.0");
    check(r#"{"$round":[19.25,1]}"#, "19.2");
    check(r#"{"$round":[19.25]}"#, "19.0");
    check(r#"{"$round":[1234,-2]}"#, "1200");
    check(r#"{"$round":[2.5,0]}"#, "2.0");
    check(r#"{"$trunc":[-5.67,1]}"#, "-5.6");
    fails(r#"{"$round":[1.5,101]}"#, 51083, "value must be in [-20, 100]");
    check(r#"{"$sqrt":25}"#, "5.0");
    fails(r#"{"$sqrt":-1}"#, 28714, "$sqrt's argument must be greater than or equal to 0");
    check(r#"{"$pow":[5,2]}"#, "25");
    check(r#"{"$pow":[5,-2]}"#, "0.04");
    check(r#"{"$pow":[2,0.5]}"#, "1.4142135623730951");
    check(r#"{"$exp":0}"#, "1.0");
    check(r#"{"$ln":1}"#, "0.0");
    check(r#"{"$log":[100,10]}"#, "2.0");
    check(r#"{"$log10":1000}"#, "3.0");
    fails(r#"{"$ln":0}"#, 28766, "positive number");
    check(r#"{"$degreesToRadians":180}"#, "3.141592653589793");
    check(r#"{"$acos":1}"#, "0.0");
    fails(r#"{"$acos":1.5}"#, 50989, "cannot apply $acos to 1.5, value must in [-1,1]");
    check(r#"{"$sin":null}"#, "null");
}

#[test]
fn comparisons() {
    check(r#"{"$cmp":[1,2.0]}"#, "-1");
    check(r#"{"$eq":[1,1.0]}"#, "true");
    check(r#"{"$eq":["$missing",null]}"#, "false");
    check(r#"{"$gt":["a",1]}"#, "true");
    check(r#"{"$lte":[null,0]}"#, "true");
    check(r#"{"$ne":[[1],[1.0]]}"#, "false");
    check(r#"{"$not":[0]}"#, "true");
    check(r#"{"$and":[1,"x",[]]}"#, "true");
    check(r#"{"$and":[]}"#, "true");
    check(r#"{"$or":[null,0]}"#, "false");
    check(r#"{"$or":[true,{"$divide":[1,0]}]}"#, "true");
}

#[test]
fn accumulators_as_operators() {
    check(r#"{"$sum":[1,2,"x",null]}"#, "3");
    check(r#"{"$avg":[[1,2,6]]}"#, "3.0");
    check(r#"{"$avg":["x"]}"#, "null");
    check(r#"{"$max":[1,"x",null,3]}"#, r#""x""#);
    check(r#"{"$min":[null,"$missing",2]}"#, "2");
    check(r#"{"$min":[null]}"#, "null");
    check(r#"{"$stdDevPop":[[1,3]]}"#, "1.0");
    check(r#"{"$stdDevSamp":[1]}"#, "null");
}
