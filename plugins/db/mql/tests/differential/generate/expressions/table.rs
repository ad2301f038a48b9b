//! The operators of expressions that MongoDB 4.2 and mingo have, and how they are called.

use bson::{Bson, Document, bson, doc};

use super::{Expressions, Type};
use crate::generate::{filters, values};
use crate::random::Random;

pub struct Operator {
    pub name: &'static str,
    pub gives: Type,
    pub takes: Takes,
}

type Build = fn(&Expressions<'_>, &mut Random, usize) -> Bson;

#[derive(Clone, Copy)]
pub enum Takes {
    /// These arguments.
    Each(&'static [Type]),
    /// From so many to so many arguments of a type.
    Several(Type, usize, usize),
    /// An argument of a special form.
    Built(Build),
}

use Takes::{Built, Each, Several};
use Type::{Any, Boolean, Date, Document as Doc, Documents, Integer, Number, Numbers, String as Text, Strings};

const fn operator(name: &'static str, gives: Type, takes: Takes) -> Operator {
    Operator { name, gives, takes }
}

pub const OPERATORS: &[Operator] = &[
    operator("$abs", Number, Each(&[Number])),
    operator("$add", Number, Several(Number, 1, 3)),
    operator("$ceil", Number, Each(&[Number])),
    operator("$divide", Number, Each(&[Number, Number])),
    operator("$exp", Number, Each(&[Number])),
    operator("$floor", Number, Each(&[Number])),
    operator("$ln", Number, Built(positive)),
    operator("$log", Number, Built(logarithm)),
    operator("$log10", Number, Built(positive)),
    operator("$mod", Number, Each(&[Number, Number])),
    operator("$multiply", Number, Several(Number, 1, 3)),
    operator("$pow", Number, Each(&[Number, Integer])),
    operator("$round", Number, Built(rounded)),
    operator("$sqrt", Number, Each(&[Number])),
    operator("$subtract", Number, Each(&[Number, Number])),
    operator("$trunc", Number, Built(rounded)),
    operator("$acos", Number, Built(cosine)),
    operator("$acosh", Number, Built(positive)),
    operator("$asin", Number, Built(cosine)),
    operator("$asinh", Number, Each(&[Number])),
    operator("$atan", Number, Each(&[Number])),
    operator("$atan2", Number, Each(&[Number, Number])),
    operator("$atanh", Number, Built(cosine)),
    operator("$cos", Number, Each(&[Number])),
    operator("$cosh", Number, Each(&[Number])),
    operator("$degreesToRadians", Number, Each(&[Number])),
    operator("$radiansToDegrees", Number, Each(&[Number])),
    operator("$sin", Number, Each(&[Number])),
    operator("$sinh", Number, Each(&[Number])),
    operator("$tan", Number, Each(&[Number])),
    operator("$tanh", Number, Each(&[Number])),
    operator("$arrayElemAt", Number, Each(&[Numbers, Integer])),
    operator("$arrayToObject", Doc, Built(pairs)),
    operator("$concatArrays", Numbers, Several(Numbers, 1, 3)),
    operator("$filter", Numbers, Built(filter)),
    operator("$in", Boolean, Each(&[Number, Numbers])),
    operator("$indexOfArray", Integer, Built(index_of_array)),
    operator("$isArray", Boolean, Each(&[Any])),
    operator("$map", Numbers, Built(map)),
    operator("$objectToArray", Documents, Each(&[Doc])),
    operator("$range", Numbers, Built(range)),
    operator("$reduce", Number, Built(reduce)),
    operator("$reverseArray", Numbers, Each(&[Numbers])),
    operator("$size", Integer, Each(&[Numbers])),
    operator("$slice", Numbers, Built(slice)),
    operator("$zip", Any, Built(zip)),
    operator("$and", Boolean, Several(Any, 0, 3)),
    operator("$not", Boolean, Each(&[Any])),
    operator("$or", Boolean, Several(Any, 0, 3)),
    operator("$cmp", Integer, Built(compared)),
    operator("$eq", Boolean, Built(compared)),
    operator("$gt", Boolean, Built(compared)),
    operator("$gte", Boolean, Built(compared)),
    operator("$lt", Boolean, Built(compared)),
    operator("$lte", Boolean, Built(compared)),
    operator("$ne", Boolean, Built(compared)),
    operator("$cond", Any, Built(condition)),
    operator("$ifNull", Any, Each(&[Any, Any])),
    operator("$switch", Any, Built(switch)),
    operator("$dateFromParts", Date, Built(date_from_parts)),
    operator("$dateFromString", Date, Built(date_from_string)),
    operator("$dateToParts", Doc, Built(date_to_parts)),
    operator("$dateToString", Text, Built(date_to_string)),
    operator("$dayOfMonth", Integer, Built(date_part)),
    operator("$dayOfWeek", Integer, Built(date_part)),
    operator("$dayOfYear", Integer, Built(date_part)),
    operator("$hour", Integer, Built(date_part)),
    operator("$isoDayOfWeek", Integer, Built(date_part)),
    operator("$isoWeek", Integer, Built(date_part)),
    operator("$isoWeekYear", Integer, Built(date_part)),
    operator("$millisecond", Integer, Built(date_part)),
    operator("$minute", Integer, Built(date_part)),
    operator("$month", Integer, Built(date_part)),
    operator("$second", Integer, Built(date_part)),
    operator("$week", Integer, Built(date_part)),
    operator("$year", Integer, Built(date_part)),
    operator("$literal", Any, Built(literal)),
    operator("$let", Any, Built(binding)),
    operator("$mergeObjects", Doc, Several(Doc, 1, 3)),
    operator("$allElementsTrue", Boolean, Built(one_array)),
    operator("$anyElementTrue", Boolean, Built(one_array)),
    operator("$setDifference", Numbers, Each(&[Numbers, Numbers])),
    operator("$setEquals", Boolean, Several(Numbers, 2, 3)),
    operator("$setIntersection", Numbers, Several(Numbers, 1, 3)),
    operator("$setIsSubset", Boolean, Each(&[Numbers, Numbers])),
    operator("$setUnion", Numbers, Several(Numbers, 1, 3)),
    operator("$concat", Text, Several(Text, 1, 3)),
    operator("$indexOfBytes", Integer, Built(index_of_bytes)),
    operator("$ltrim", Text, Built(trim)),
    operator("$regexFind", Doc, Built(regex)),
    operator("$regexFindAll", Documents, Built(regex)),
    operator("$regexMatch", Boolean, Built(regex)),
    operator("$rtrim", Text, Built(trim)),
    operator("$split", Strings, Each(&[Text, Text])),
    operator("$strLenBytes", Integer, Each(&[Text])),
    operator("$strLenCP", Integer, Each(&[Text])),
    operator("$strcasecmp", Integer, Each(&[Text, Text])),
    operator("$substr", Text, Each(&[Text, Integer, Integer])),
    operator("$substrBytes", Text, Each(&[Text, Integer, Integer])),
    operator("$substrCP", Text, Each(&[Text, Integer, Integer])),
    operator("$toLower", Text, Each(&[Text])),
    operator("$toUpper", Text, Each(&[Text])),
    operator("$trim", Text, Built(trim)),
    operator("$convert", Any, Built(convert)),
    operator("$toBool", Boolean, Each(&[Any])),
    operator("$toDate", Date, Built(to_date)),
    operator("$toDouble", Number, Built(convertible)),
    operator("$toInt", Integer, Built(convertible)),
    operator("$toLong", Integer, Built(convertible)),
    operator("$toString", Text, Built(convertible)),
    operator("$type", Text, Built(kind)),
    operator("$avg", Number, Built(accumulated)),
    operator("$max", Number, Built(accumulated)),
    operator("$min", Number, Built(accumulated)),
    operator("$stdDevPop", Number, Built(accumulated)),
    operator("$stdDevSamp", Number, Built(accumulated)),
    operator("$sum", Number, Built(accumulated)),
];

fn pairs(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let key = |random: &mut Random| random.pick(&["p", "q", "r"]).to_owned();
    let list = match random.below(3) {
        0 => bson!({"$objectToArray": make.of(random, Doc, 0)}),
        1 => random.some(0, 3, |random| bson!([key(random), make.of(random, Any, depth)])).into(),
        _ => random.some(0, 3, |random| bson!({"k": key(random), "v": make.of(random, Any, depth)})).into(),
    };
    match list {
        Bson::Array(items) => bson!([items]),
        other => other,
    }
}

fn filter(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let (input, of) = if random.chance(70) { (Numbers, Number) } else { (Documents, Doc) };
    let mut spec = doc! {"input": make.of(random, input, depth)};
    let name = if random.chance(50) { "this" } else { "one" };
    if name == "one" {
        spec.insert("as", name);
    }
    spec.insert("cond", make.with(name, of).of(random, Boolean, below(name, depth)));
    Bson::Document(spec)
}

fn map(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let (input, of) = if random.chance(70) { (Numbers, Number) } else { (Documents, Doc) };
    let mut spec = doc! {"input": make.of(random, input, depth)};
    let name = if random.chance(50) { "this" } else { "one" };
    if name == "one" {
        spec.insert("as", name);
    }
    spec.insert("in", make.with(name, of).of(random, Number, below(name, depth)));
    Bson::Document(spec)
}

/// How deep an expression with a variable may be: in mingo a `$reduce` within has no `$$this` of
/// its own if there is one.
fn below(name: &str, depth: usize) -> usize {
    if name == "this" { 0 } else { depth.max(1) }
}

fn reduce(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let inner = make.with("this", Number).with("value", Number);
    bson!({
        "input": make.of(random, Numbers, depth),
        "initialValue": make.of(random, Number, 0),
        "in": inner.of(random, Number, depth.max(1)),
    })
}

fn index_of_array(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let mut arguments = vec![make.of(random, Numbers, depth), make.of(random, Number, depth)];
    let more = random.below(3);
    arguments.extend((0..more).map(|_| Bson::Int32(random.between(0, 4))));
    arguments.into()
}

fn index_of_bytes(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let mut arguments = vec![make.of(random, Text, depth), make.of(random, Text, depth)];
    let more = random.below(3);
    arguments.extend((0..more).map(|_| Bson::Int32(random.between(0, 4))));
    arguments.into()
}

fn range(make: &Expressions<'_>, random: &mut Random, _depth: usize) -> Bson {
    let bound = |random: &mut Random| if random.chance(10) { bson!({"$strLenCP": "$s"}) } else { make.literal(random, Integer) };
    let mut arguments = vec![bound(random), bound(random)];
    if random.chance(50) {
        arguments.push(Bson::Int32([1, 2, -1, -2, 3][random.below(5)]));
    }
    arguments.into()
}

fn slice(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let mut arguments = vec![make.of(random, Numbers, depth), make.literal(random, Integer)];
    if random.chance(50) {
        arguments.push(Bson::Int32(random.between(1, 3)));
    }
    arguments.into()
}

/// What a cosine may be, mostly.
fn cosine(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    match random.chance(5) {
        true => make.alone(random, Number, depth),
        false => Bson::Double([-1.0, -0.5, 0.5, 0.25, 0.75][random.below(5)]),
    }
}

/// Mostly a number of at least 1.
fn positive(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let number = make.alone(random, Number, depth);
    match random.chance(5) {
        true => number,
        false => bson!({"$add": [{"$abs": number}, 1]}),
    }
}

fn logarithm(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let base = if random.chance(95) { Bson::Int32(random.between(2, 10)) } else { make.of(random, Number, 0) };
    bson!([positive(make, random, depth), base])
}

fn to_date(_make: &Expressions<'_>, random: &mut Random, _depth: usize) -> Bson {
    match random.below(20) {
        0 => Bson::String("nonsense".to_owned()),
        // Of an int there is an error, which mingo cannot tell from a long.
        1 | 2 => Bson::String(random.pick(&["2018-03-03", "2020-02-29T12:34:56.789Z"]).to_owned()),
        3..12 => Bson::Int64([0, 1, 951_825_599_999, -5][random.below(4)]),
        _ => {
            let literal = values::date(random);
            bson!({"$cond": [{"$eq": [{"$type": "$d"}, "date"]}, "$d", literal]})
        }
    }
}

/// A date that is seldom missing.
fn date(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let date = make.of(random, Date, depth);
    match matches!(date, Bson::DateTime(_)) || matches!(date, Bson::String(_)) && random.chance(15) {
        true => date,
        false => bson!({"$ifNull": [date, values::date(random)]}),
    }
}

fn rounded(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let number = make.of(random, Number, depth);
    match random.chance(95) {
        true => bson!([number, if random.chance(70) { 0 } else { random.between(1, 3) }]),
        false => bson!([number, make.of(random, Integer, 0)]),
    }
}

fn zip(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let mut spec = doc! {"inputs": random.some(1, 3, |random| make.of(random, Numbers, depth))};
    if random.chance(50) {
        spec.insert("useLongestLength", true);
        if random.chance(50) {
            let count = spec.get_array("inputs").map(Vec::len).unwrap_or_default();
            spec.insert("defaults", (0..count).map(|_| values::scalar(random)).collect::<Vec<_>>());
        }
    }
    Bson::Document(spec)
}

fn compared(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let of = match random.below(40) {
        0 => Any,
        1 => Numbers,
        2 => Doc,
        _ => [Number, Number, Text, Date, Boolean][random.below(5)],
    };
    let other = if random.chance(95) { of } else { Any };
    bson!([make.of(random, of, depth), make.of(random, other, depth)])
}

fn condition(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let (test, yes, no) = (make.of(random, Boolean, depth), make.of(random, Any, depth), make.of(random, Any, depth));
    match random.chance(50) {
        true => bson!([test, yes, no]),
        false => bson!({"if": test, "then": yes, "else": no}),
    }
}

fn switch(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let branches = random.some(1, 3, |random| bson!({"case": make.of(random, Boolean, depth), "then": make.of(random, Any, depth)}));
    let mut spec = doc! {"branches": branches};
    if random.chance(85) {
        spec.insert("default", make.of(random, Any, depth));
    }
    Bson::Document(spec)
}

const ZONES: &[&str] = &["America/New_York", "Asia/Shanghai", "+03:00", "-0530", "+04"];

fn zone(random: &mut Random, spec: &mut Document) {
    if random.chance(35) {
        spec.insert("timezone", random.pick(ZONES));
    }
}

fn date_part(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let date = date(make, random, depth.min(1));
    if random.chance(60) {
        return date;
    }
    let mut spec = doc! {"date": date};
    zone(random, &mut spec);
    Bson::Document(spec)
}

fn date_from_parts(_make: &Expressions<'_>, random: &mut Random, _depth: usize) -> Bson {
    let mut spec = Document::new();
    let part = |random: &mut Random, spec: &mut Document, name: &str, least, most| {
        if random.chance(60) {
            spec.insert(name, random.between(least, most));
        }
    };
    match random.chance(95) {
        true => {
            spec.insert("year", random.between(1990, 2030));
            for (name, most) in [("month", 12), ("day", 28)] {
                if random.chance(96) {
                    spec.insert(name, random.between(1, most));
                }
            }
        }
        false => {
            spec.insert("isoWeekYear", random.between(1990, 2030));
            part(random, &mut spec, "isoWeek", 1, 52);
            part(random, &mut spec, "isoDayOfWeek", 1, 7);
        }
    }
    part(random, &mut spec, "hour", 0, 23);
    part(random, &mut spec, "minute", 0, 59);
    part(random, &mut spec, "second", 0, 59);
    part(random, &mut spec, "millisecond", 0, 999);
    zone(random, &mut spec);
    Bson::Document(spec)
}

fn date_from_string(make: &Expressions<'_>, random: &mut Random, _depth: usize) -> Bson {
    let texts = &["2020-02-29T12:34:56.789Z", "2017-02-08", "2017-02-08T12:10:40", "1999-12-31T23:59:59", "06-15-2018", "nonsense"];
    let text = random.pick(texts);
    let mut spec = doc! {"dateString": text};
    match text {
        "06-15-2018" => _ = spec.insert("format", "%m-%d-%Y"),
        "2017-02-08" if random.chance(50) => _ = spec.insert("format", "%Y-%m-%d"),
        _ => {}
    }
    if !text.ends_with('Z') {
        zone(random, &mut spec);
    }
    if random.chance(10) {
        spec.insert("dateString", make.path(random, Text));
    }
    if random.chance(30) {
        spec.insert("onError", make.literal(random, Integer));
    }
    if random.chance(20) {
        spec.insert("onNull", make.literal(random, Integer));
    }
    Bson::Document(spec)
}

fn date_to_parts(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let mut spec = doc! {"date": date(make, random, depth.min(1))};
    zone(random, &mut spec);
    if random.chance(30) {
        spec.insert("iso8601", random.chance(70));
    }
    Bson::Document(spec)
}

fn date_to_string(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let mut spec = doc! {"date": date(make, random, depth.min(1))};
    if random.chance(75) {
        let formats = &["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S.%LZ", "%d/%m/%Y %H:%M", "%G-W%V-%u", "%j %U %w", "%z", "%Z", "%%%Y"];
        spec.insert("format", random.pick(formats));
    }
    zone(random, &mut spec);
    if random.chance(20) {
        spec.insert("onNull", make.literal(random, Text));
    }
    Bson::Document(spec)
}

fn literal(make: &Expressions<'_>, random: &mut Random, _depth: usize) -> Bson {
    match random.chance(30) {
        true => bson!({"$add": [1, "$n"]}),
        false => make.literal(random, Any),
    }
}

fn binding(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let inner = make.with("one", Number).with("two", Doc);
    bson!({
        "vars": {"one": make.of(random, Number, depth), "two": make.of(random, Doc, 0)},
        "in": inner.of(random, Any, depth.max(1)),
    })
}

fn one_array(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    bson!([match random.chance(50) {
        true => make.of(random, Numbers, depth),
        false => random.some(0, 3, |random| make.of(random, Any, depth)).into(),
    }])
}

fn trim(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let mut spec = doc! {"input": match random.chance(40) {
        true => Bson::String(random.pick(&["  a b ", "\t x\n", "aabaa", "xyx"]).to_owned()),
        false => make.of(random, Text, depth),
    }};
    if random.chance(50) {
        spec.insert("chars", random.pick(&["a", "ab", " x", "y"]));
    }
    Bson::Document(spec)
}

fn regex(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let bson::Regex { pattern, options } = filters::pattern(random);
    let mut spec = doc! {"input": make.of(random, Text, depth)};
    match random.chance(50) {
        true => _ = spec.insert("regex", bson::Regex { pattern, options }),
        false => {
            spec.insert("regex", pattern.as_str());
            if !options.as_str().is_empty() {
                spec.insert("options", options.as_str());
            }
        }
    }
    Bson::Document(spec)
}

fn convertible(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    match random.below(5) {
        0 => make.alone(random, Number, depth),
        1 => make.alone(random, Boolean, depth),
        2 => make.alone(random, Date, 0),
        3 => Bson::String(random.pick(&["12", "-3", "2.5", "abc", "", "1e3", "0x1A", "2018-03-03", " 7"]).to_owned()),
        _ => make.alone(random, Text, depth),
    }
}

fn convert(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let to = random.pick(&["int", "long", "double", "string", "bool", "date"]);
    let input = if to == "date" { to_date(make, random, depth) } else { convertible(make, random, depth) };
    let mut spec = doc! {"input": input, "to": to};
    if random.chance(40) {
        spec.insert("onError", make.literal(random, Integer));
    }
    if random.chance(30) {
        spec.insert("onNull", make.literal(random, Integer));
    }
    Bson::Document(spec)
}

/// What is in a call of `$type`: mostly no number, as mingo has but one type of them.
fn kind(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    let of = [Text, Boolean, Date, Numbers, Doc, Documents][random.below(6)];
    make.alone(random, of, depth)
}

/// What accumulators take as expressions: one array, or several values.
fn accumulated(make: &Expressions<'_>, random: &mut Random, depth: usize) -> Bson {
    match random.chance(60) {
        true => make.alone(random, Numbers, depth),
        false => random.some(1, 3, |random| make.of(random, Number, depth)).into(),
    }
}
