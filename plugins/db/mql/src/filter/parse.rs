//! From documents to filters, with MongoDB's errors.

use bson::{Bson, Document};

use super::pattern::Pattern;
use super::types::Types;
use super::{Comparison, ElementFilter, Expr, Filter, Test};
use crate::error::{Code, Error, Result};
use crate::number;
use crate::path::Path;

pub(super) fn filter(doc: &Document, depth: usize) -> Result<Expr> {
    if depth > Filter::MAX_DEPTH {
        return Err(Error::new(Code::Overflow, format!("exceeded the maximum depth of {} levels", Filter::MAX_DEPTH)));
    }
    let mut all = Vec::with_capacity(doc.len());
    for (key, value) in doc {
        match key.as_str() {
            "$and" => all.push(Expr::And(branches(key, value, depth)?)),
            "$or" => all.push(Expr::Or(branches(key, value, depth)?)),
            "$nor" => all.push(Expr::Nor(branches(key, value, depth)?)),
            "$comment" => {}
            "$expr" | "$jsonSchema" | "$text" => return Err(Error::unsupported(key)),
            "$where" => return Err(Error::bad("$where is not allowed")),
            _ if key.starts_with('$') => return Err(Error::bad(format!("unknown top level operator: {key}"))),
            _ => field(key, value, depth, &mut all)?,
        }
    }
    Ok(match all.len() {
        1 => all.remove(0),
        _ => Expr::And(all),
    })
}

fn branches(operator: &str, value: &Bson, depth: usize) -> Result<Vec<Expr>> {
    let items = value.as_array().ok_or_else(|| Error::bad(format!("{operator} must be an array")))?;
    if items.is_empty() {
        return Err(Error::bad("$and/$or/$nor must be a nonempty array"));
    }
    let branch = |item: &Bson| match item {
        Bson::Document(doc) => filter(doc, depth + 1),
        _ => Err(Error::bad("$or/$and/$nor entries need to be full objects")),
    };
    items.iter().map(branch).collect()
}

fn field(name: &str, value: &Bson, depth: usize, all: &mut Vec<Expr>) -> Result<()> {
    let path = Path::new(name);
    match operators(value) {
        Some(doc) => {
            for test in tests(doc, depth)? {
                all.push(match test {
                    Test::Not(test) => Expr::Not(Box::new(Expr::Field(path.clone(), *test))),
                    test => Expr::Field(path.clone(), test),
                });
            }
        }
        None => all.push(Expr::Field(path, equality(value)?)),
    }
    Ok(())
}

/// The document, if its first key makes it one of operators; a DBRef is none.
fn operators(value: &Bson) -> Option<&Document> {
    let doc = value.as_document()?;
    let first = doc.keys().next()?;
    (first.starts_with('$') && !matches!(first.as_str(), "$ref" | "$id" | "$db")).then_some(doc)
}

fn equality(value: &Bson) -> Result<Test> {
    match value {
        Bson::RegularExpression(r) => Ok(Test::Regex(Pattern::new(r.pattern.as_str(), r.options.as_str())?)),
        Bson::Undefined => Err(Error::bad("cannot compare to undefined")),
        other => Ok(Test::Compare(Comparison::Equal, other.clone())),
    }
}

fn tests(doc: &Document, depth: usize) -> Result<Vec<Test>> {
    if depth > Filter::MAX_DEPTH {
        return Err(Error::new(Code::Overflow, format!("exceeded the maximum depth of {} levels", Filter::MAX_DEPTH)));
    }
    let mut tests = Vec::with_capacity(doc.len());
    for (operator, value) in doc {
        let test = match operator.as_str() {
            "$eq" => compare(Comparison::Equal, value)?,
            "$gt" => compare(Comparison::Greater, value)?,
            "$gte" => compare(Comparison::GreaterOrEqual, value)?,
            "$lt" => compare(Comparison::Less, value)?,
            "$lte" => compare(Comparison::LessOrEqual, value)?,
            "$ne" => not(compare(Comparison::Equal, value)?),
            "$in" => any_of("$in", value)?,
            "$nin" => not(any_of("$nin", value)?),
            "$not" => not(negated(value, depth)?),
            "$exists" if truthy(value) => Test::Exists,
            "$exists" => not(Test::Exists),
            "$type" => Test::Type(Types::parse(value)?),
            "$regex" => regex(value, doc.get("$options"))?,
            "$options" if doc.contains_key("$regex") => continue,
            "$options" => return Err(Error::bad("$options needs a $regex")),
            "$mod" => modulo(value)?,
            "$size" => size(value)?,
            "$all" => every(value, depth)?,
            "$elemMatch" => element_match(value, depth)?,
            "$bitsAllSet" => bits(operator, value, true, true)?,
            "$bitsAnySet" => bits(operator, value, true, false)?,
            "$bitsAllClear" => bits(operator, value, false, true)?,
            "$bitsAnyClear" => bits(operator, value, false, false)?,
            "$comment" => continue,
            "$near" | "$nearSphere" | "$geoWithin" | "$geoIntersects" | "$within" | "$maxDistance" | "$minDistance" | "$expr" => {
                return Err(Error::unsupported(operator));
            }
            _ => return Err(Error::bad(format!("unknown operator: {operator}"))),
        };
        tests.push(test);
    }
    Ok(tests)
}

fn not(test: Test) -> Test {
    match test {
        Test::Not(test) => *test,
        test => Test::Not(Box::new(test)),
    }
}

fn compare(comparison: Comparison, value: &Bson) -> Result<Test> {
    match value {
        Bson::Undefined => Err(Error::bad("cannot compare to undefined")),
        Bson::RegularExpression(_) if comparison != Comparison::Equal => {
            Err(Error::bad(format!("Can't have RegEx as arg to predicate {comparison}")))
        }
        other => Ok(Test::Compare(comparison, other.clone())),
    }
}

fn any_of(operator: &str, value: &Bson) -> Result<Test> {
    let items = value.as_array().ok_or_else(|| Error::bad(format!("{operator} needs an array")))?;
    let (mut values, mut patterns) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Bson::RegularExpression(r) => patterns.push(Pattern::new(r.pattern.as_str(), r.options.as_str())?),
            Bson::Undefined => return Err(Error::bad("cannot compare to undefined")),
            Bson::Document(_) if operators(item).is_some() => {
                return Err(Error::bad(format!("cannot nest $ under {operator}")));
            }
            other => values.push(other.clone()),
        }
    }
    values.sort_by(crate::compare);
    Ok(Test::In(values, patterns))
}

fn negated(value: &Bson, depth: usize) -> Result<Test> {
    match value {
        Bson::RegularExpression(_) => equality(value),
        Bson::Document(doc) if doc.is_empty() => Err(Error::bad("$not cannot be empty")),
        Bson::Document(doc) => {
            let mut tests = tests(doc, depth + 1)?;
            Ok(if tests.len() == 1 { tests.remove(0) } else { Test::Every(tests) })
        }
        _ => Err(Error::bad("$not needs a regex or a document")),
    }
}

/// What counts as true: everything but false, zero, null and undefined.
pub(crate) fn truthy(value: &Bson) -> bool {
    match value {
        Bson::Boolean(b) => *b,
        Bson::Null | Bson::Undefined => false,
        number if number::is_number(number) => !crate::equal(number, &Bson::Int32(0)),
        _ => true,
    }
}

fn regex(value: &Bson, options: Option<&Bson>) -> Result<Test> {
    let options = match options {
        None => None,
        Some(Bson::String(text)) => Some(text.as_str()),
        Some(_) => return Err(Error::bad("$options has to be a string")),
    };
    match value {
        Bson::String(pattern) => Ok(Test::Regex(Pattern::new(pattern, options.unwrap_or(""))?)),
        Bson::RegularExpression(r) => Ok(Test::Regex(Pattern::new(r.pattern.as_str(), options.unwrap_or(r.options.as_str()))?)),
        _ => Err(Error::bad("$regex has to be a string")),
    }
}

fn modulo(value: &Bson) -> Result<Test> {
    let items = value.as_array().ok_or_else(|| Error::bad("malformed mod, needs to be an array"))?;
    let number = |item: &Bson| match item {
        Bson::Double(n) if n.is_finite() => Ok(n.trunc() as i64),
        other => number::integer(other).ok_or_else(|| Error::bad("malformed mod, divisor and remainder have to be numbers")),
    };
    match items.as_slice() {
        [] | [_] => Err(Error::bad("malformed mod, not enough elements")),
        [divisor, remainder] => match number(divisor)? {
            0 => Err(Error::bad("divisor cannot be 0")),
            divisor => Ok(Test::Mod { divisor, remainder: number(remainder)? }),
        },
        _ => Err(Error::bad("malformed mod, too many elements")),
    }
}

fn size(value: &Bson) -> Result<Test> {
    let length = number::integer(value).ok_or_else(|| Error::bad("$size must be a whole number"))?;
    usize::try_from(length).map(Test::Size).map_err(|_| Error::bad("$size may not be negative"))
}

fn every(value: &Bson, depth: usize) -> Result<Test> {
    let items = value.as_array().ok_or_else(|| Error::bad("$all needs an array"))?;
    if items.is_empty() {
        return Ok(Test::Never);
    }
    let element_match_of = |item: &Bson| item.as_document().filter(|doc| doc.keys().next().is_some_and(|k| k == "$elemMatch")).cloned();
    let first_is_match = items.first().and_then(element_match_of).is_some();
    let mut tests = Vec::with_capacity(items.len());
    for item in items {
        tests.push(match element_match_of(item) {
            Some(doc) if first_is_match && doc.len() == 1 => element_match(doc.get("$elemMatch").unwrap_or(&Bson::Null), depth)?,
            _ if first_is_match => return Err(Error::bad("$all/$elemMatch has to be consistent")),
            _ if operators(item).is_some() => return Err(Error::bad("no $ expressions in $all")),
            _ => equality(item)?,
        });
    }
    Ok(Test::Every(tests))
}

fn element_match(value: &Bson, depth: usize) -> Result<Test> {
    let doc = value.as_document().ok_or_else(|| Error::bad("$elemMatch needs an Object"))?;
    let on_values =
        doc.keys().next().is_some_and(|k| k.starts_with('$') && !matches!(k.as_str(), "$and" | "$or" | "$nor" | "$expr" | "$where"));
    if on_values { Ok(Test::ElementPasses(tests(doc, depth + 1)?)) } else { Ok(Test::ElementMatches(Box::new(filter(doc, depth + 1)?))) }
}

fn bits(operator: &str, value: &Bson, set: bool, all: bool) -> Result<Test> {
    let mask = match value {
        Bson::Array(positions) => {
            let mut mask = 0;
            for position in positions {
                let position = number::integer(position).filter(|p| *p >= 0);
                let position = position.ok_or_else(|| Error::bad("bit positions must be integers, and not negative"))?;
                // Numbers have 64 bits, sign-extended: every position beyond stands for the sign.
                mask |= 1u64 << position.min(63);
            }
            mask
        }
        number => match number::integer(number) {
            Some(mask) if mask >= 0 => mask as u64,
            _ => return Err(Error::bad(format!("{operator} takes an Array or a number that is not negative"))),
        },
    };
    Ok(Test::Bits { mask, set, all })
}

pub(super) fn for_element(condition: &Bson) -> Result<ElementFilter> {
    Ok(match condition {
        Bson::Document(doc) => match operators(condition) {
            Some(doc) if !matches!(doc.keys().next().map(String::as_str), Some("$and" | "$or" | "$nor")) => {
                ElementFilter::Value(tests(doc, 0)?)
            }
            _ => ElementFilter::Document(filter(doc, 0)?),
        },
        value => ElementFilter::Value(vec![equality(value)?]),
    })
}
