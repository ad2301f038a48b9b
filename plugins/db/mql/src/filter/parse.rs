//! From documents to filters, with MongoDB's errors.

use std::cell::Cell;
use std::sync::Arc;

use bson::{Bson, Document};

use super::pattern::Pattern;
use super::types::Types;
use super::{Comparison, Expr, Filter, Mask, Test, expression};
use crate::check;
use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::geo;
use crate::number;
use crate::path::Path;
use crate::schema::Schema;

/// The operators that stand in place of a path.
pub(crate) const PATHLESS: &[&str] =
    &["$and", "$or", "$nor", "$expr", "$jsonSchema", "$where", "$text", "$comment", "$alwaysTrue", "$alwaysFalse"];

/// How many regular expressions a filter may have; each may take some memory. MongoDB bounds only
/// the size of the command.
const MAX_PATTERNS: usize = 1000;

/// Where in a filter a condition stands.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    collation: &'a Collation,
    /// The names of the variables that expressions may use.
    known: &'a [String],
    /// How many regular expressions there are so far.
    patterns: &'a Cell<usize>,
    depth: usize,
    /// Whether all of the filter depends on it: it stands on top, or below `$and` only.
    decides: bool,
    /// Whether it is about an element of an array rather than the document.
    element: bool,
}

impl<'a> At<'a> {
    pub(super) fn top(collation: &'a Collation, known: &'a [String], patterns: &'a Cell<usize>) -> Self {
        Self { collation, known, patterns, depth: 0, decides: true, element: false }
    }

    fn pattern(self, source: &str, options: &str) -> Result<Pattern> {
        let count = self.patterns.get() + 1;
        if count > MAX_PATTERNS {
            return Err(Error::bad(format!("a query may have at most {MAX_PATTERNS} regular expressions")));
        }
        self.patterns.set(count);
        Pattern::new(source, options)
    }

    fn in_element(self) -> Result<Self> {
        Ok(Self { element: true, ..self.below(false)? })
    }

    fn below(self, decides: bool) -> Result<Self> {
        if self.depth >= Filter::MAX_DEPTH {
            return Err(Error::new(Code::Overflow, format!("exceeded the maximum depth of {} levels", Filter::MAX_DEPTH)));
        }
        Ok(Self { depth: self.depth + 1, decides: self.decides && decides, ..self })
    }
}

pub(super) fn filter(doc: &Document, at: At<'_>) -> Result<Expr> {
    let mut all = Vec::with_capacity(doc.len());
    for (key, value) in doc {
        match key.as_str() {
            "$and" => all.push(Expr::And(branches(key, value, at.below(true)?)?)),
            "$or" => all.push(Expr::Or(branches(key, value, at.below(false)?)?)),
            "$nor" => all.push(Expr::Nor(branches(key, value, at.below(false)?)?)),
            "$comment" => {}
            "$expr" | "$text" if at.element => return Err(Error::bad(format!("{key} can only be applied to the top-level document"))),
            "$where" if at.element => return Err(Error::bad("$elemMatch cannot contain $where expression")),
            "$expr" => all.push(Expr::Expression(expression::parse(value, at.known)?)),
            "$jsonSchema" => all.push(Expr::Schema(Arc::new(Schema::parse(value)?))),
            "$alwaysTrue" | "$alwaysFalse" => match number::integer(value) {
                Some(1) => all.push(Expr::Always(key == "$alwaysTrue")),
                _ => return Err(Error::parse(format!("{key} must be an integer value of 1"))),
            },
            "$text" => return Err(Error::unsupported(key)),
            "$where" => return Err(Error::bad("$where is not allowed in this context")),
            _ if key.starts_with('$') => return Err(Error::bad(format!("unknown top level operator: {key}"))),
            _ => field(key, value, at, &mut all)?,
        }
    }
    if at.depth == 0 && all.iter().map(nears).sum::<usize>() > 1 {
        return Err(Error::bad("Too many geoNear expressions"));
    }
    Ok(match all.len() {
        1 => all.remove(0),
        _ => Expr::And(all),
    })
}

fn nears(expr: &Expr) -> usize {
    match expr {
        Expr::And(all) => all.iter().map(nears).sum(),
        Expr::Field(_, Test::Geo(condition)) => usize::from(condition.near().is_some()),
        _ => 0,
    }
}

fn branches(operator: &str, value: &Bson, at: At<'_>) -> Result<Vec<Expr>> {
    let items = value.as_array().ok_or_else(|| Error::bad(format!("{operator} must be an array")))?;
    if items.is_empty() {
        return Err(Error::bad("$and/$or/$nor must be a nonempty array"));
    }
    let branch = |item: &Bson| match item {
        Bson::Document(doc) => filter(doc, at),
        _ => Err(Error::bad("$or/$and/$nor entries need to be full objects")),
    };
    items.iter().map(branch).collect()
}

fn field(name: &str, value: &Bson, at: At<'_>, all: &mut Vec<Expr>) -> Result<()> {
    check::path(name)?;
    let path = Path::new(name);
    match operators(value) {
        Some(doc) => {
            for test in tests(name, doc, at)? {
                all.push(match test {
                    Test::Not(test) => Expr::Not(Box::new(Expr::Field(path.clone(), *test))),
                    test => Expr::Field(path.clone(), test),
                });
            }
        }
        None => all.push(Expr::Field(path, equality(value, at)?)),
    }
    Ok(())
}

/// The document, if its first key makes it one of operators; a DBRef is none.
fn operators(value: &Bson) -> Option<&Document> {
    let doc = value.as_document()?;
    let first = doc.keys().next()?;
    (first.starts_with('$') && !matches!(first.as_str(), "$ref" | "$id" | "$db")).then_some(doc)
}

fn equality(value: &Bson, at: At<'_>) -> Result<Test> {
    match value {
        Bson::RegularExpression(r) => Ok(Test::Regex(at.pattern(r.pattern.as_str(), r.options.as_str())?)),
        Bson::Undefined => Err(Error::bad("cannot compare to undefined")),
        other => Ok(Test::Compare(Comparison::Equal, other.clone())),
    }
}

fn tests(name: &str, doc: &Document, at: At<'_>) -> Result<Vec<Test>> {
    let mut tests = Vec::with_capacity(doc.len());
    for (operator, value) in doc {
        let test = match operator.as_str() {
            "$eq" => compare(Comparison::Equal, value)?,
            "$gt" | "$gte" | "$lt" | "$lte" if matches!(value, Bson::RegularExpression(_)) => {
                return Err(Error::bad(format!("Can't have RegEx as arg to predicate over field '{name}'.")));
            }
            "$gt" => compare(Comparison::Greater, value)?,
            "$gte" => compare(Comparison::GreaterOrEqual, value)?,
            "$lt" => compare(Comparison::Less, value)?,
            "$lte" => compare(Comparison::LessOrEqual, value)?,
            "$ne" if matches!(value, Bson::RegularExpression(_)) => return Err(Error::bad("Can't have regex as arg to $ne.")),
            "$ne" => not(compare(Comparison::Equal, value)?),
            "$in" => any_of("$in", value, at)?,
            "$nin" => not(any_of("$nin", value, at)?),
            "$not" => not(negated(name, value, at)?),
            "$exists" if truthy(value) => Test::Exists,
            "$exists" => not(Test::Exists),
            "$type" => Test::Type(Types::parse(value)?),
            "$regex" => regex(value, doc.get("$options"), at)?,
            "$options" if doc.contains_key("$regex") => continue,
            "$options" => return Err(Error::bad("$options needs a $regex")),
            "$mod" => modulo(value)?,
            "$size" => size(value)?,
            "$all" => every(value, at)?,
            "$elemMatch" => element_match(value, at)?,
            "$bitsAllSet" => Test::Bits { mask: Mask::parse(name, value)?, set: true, all: true },
            "$bitsAnySet" => Test::Bits { mask: Mask::parse(name, value)?, set: true, all: false },
            "$bitsAllClear" => Test::Bits { mask: Mask::parse(name, value)?, set: false, all: true },
            "$bitsAnyClear" => Test::Bits { mask: Mask::parse(name, value)?, set: false, all: false },
            "$comment" => continue,
            "$geoWithin" | "$within" => Test::Geo(Arc::new(geo::Condition::within(value)?)),
            "$geoIntersects" => Test::Geo(Arc::new(geo::Condition::intersects(value)?)),
            "$near" | "$nearSphere" | "$geoNear" if !at.decides => {
                return Err(Error::bad("geo $near must be top-level expr"));
            }
            "$near" | "$nearSphere" | "$geoNear" => Test::Geo(Arc::new(geo::Condition::near_to(name, operator, value, doc)?)),
            "$maxDistance" | "$minDistance" | "$uniqueDocs"
                if ["$near", "$nearSphere", "$geoNear"].iter().any(|near| doc.contains_key(near)) =>
            {
                continue;
            }
            "$where" => return Err(Error::bad("$where cannot be applied to a field")),
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
        other => Ok(Test::Compare(comparison, other.clone())),
    }
}

fn any_of(operator: &str, value: &Bson, at: At<'_>) -> Result<Test> {
    let items = value.as_array().ok_or_else(|| Error::bad(format!("{operator} needs an array")))?;
    let (mut values, mut patterns) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Bson::RegularExpression(r) => patterns.push(at.pattern(r.pattern.as_str(), r.options.as_str())?),
            Bson::Undefined => return Err(Error::bad("InMatchExpression equality cannot be undefined")),
            Bson::Document(_) if operators(item).is_some() => return Err(Error::bad("cannot nest $ under $in")),
            other => values.push(other.clone()),
        }
    }
    values.sort_by(|a, b| at.collation.compare(a, b));
    Ok(Test::In(values, patterns))
}

fn negated(name: &str, value: &Bson, at: At<'_>) -> Result<Test> {
    match value {
        Bson::RegularExpression(_) => equality(value, at),
        Bson::Document(doc) if doc.is_empty() => Err(Error::bad("$not cannot be empty")),
        Bson::Document(doc) => {
            let mut tests = tests(name, doc, at.below(false)?)?;
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

fn regex(value: &Bson, options: Option<&Bson>, at: At<'_>) -> Result<Test> {
    let options = match options {
        None => None,
        Some(Bson::String(text)) => Some(text.as_str()),
        Some(_) => return Err(Error::bad("$options has to be a string")),
    };
    match value {
        Bson::String(pattern) => Ok(Test::Regex(at.pattern(pattern, options.unwrap_or(""))?)),
        Bson::RegularExpression(r) => Ok(Test::Regex(at.pattern(r.pattern.as_str(), options.unwrap_or(r.options.as_str()))?)),
        _ => Err(Error::bad("$regex has to be a string")),
    }
}

fn modulo(value: &Bson) -> Result<Test> {
    let items = value.as_array().ok_or_else(|| Error::bad("malformed mod, needs to be an array"))?;
    let whole = |item: &Bson, what: &str| number::truncated(item).ok_or_else(|| Error::bad(format!("malformed mod, {what} not a number")));
    match items.as_slice() {
        [] => Err(Error::bad("malformed mod, not enough elements")),
        [divisor] => whole(divisor, "divisor").and(Err(Error::bad("malformed mod, not enough elements"))),
        [divisor, remainder] => match (whole(divisor, "divisor")?, whole(remainder, "remainder")?) {
            (0, _) => Err(Error::bad("divisor cannot be 0")),
            (divisor, remainder) => Ok(Test::Mod { divisor, remainder }),
        },
        _ => Err(Error::bad("malformed mod, too many elements")),
    }
}

fn size(value: &Bson) -> Result<Test> {
    if !matches!(value, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_)) {
        return Err(Error::bad("$size needs a number"));
    }
    let length = number::integer(value).ok_or_else(|| Error::bad("$size must be a whole number"))?;
    let length = i32::try_from(length).map_err(|_| Error::bad("$size must be representable as a 32-bit integer"))?;
    usize::try_from(length).map(Test::Size).map_err(|_| Error::bad("$size may not be negative"))
}

fn every(value: &Bson, at: At<'_>) -> Result<Test> {
    let items = value.as_array().ok_or_else(|| Error::bad("$all needs an array"))?;
    if items.is_empty() {
        return Ok(Test::Never);
    }
    let element_match_of = |item: &Bson| item.as_document().filter(|doc| doc.keys().next().is_some_and(|k| k == "$elemMatch")).cloned();
    let first_is_match = items.first().and_then(element_match_of).is_some();
    let mut tests = Vec::with_capacity(items.len());
    for item in items {
        tests.push(match element_match_of(item) {
            Some(doc) if first_is_match && doc.len() == 1 => element_match(doc.get("$elemMatch").unwrap_or(&Bson::Null), at)?,
            _ if first_is_match => return Err(Error::bad("$all/$elemMatch has to be consistent")),
            _ if operators(item).is_some() => return Err(Error::bad("no $ expressions in $all")),
            _ => equality(item, at)?,
        });
    }
    Ok(Test::Every(tests))
}

fn element_match(value: &Bson, at: At<'_>) -> Result<Test> {
    let doc = value.as_document().ok_or_else(|| Error::bad("$elemMatch needs an Object"))?;
    let at = at.in_element()?;
    match operators(value) {
        Some(operators) if !operators.keys().next().is_some_and(|name| PATHLESS.contains(&name.as_str())) => {
            Ok(Test::ElementPasses(tests("", operators, at)?))
        }
        _ => Ok(Test::ElementMatches(Box::new(filter(doc, at)?))),
    }
}
