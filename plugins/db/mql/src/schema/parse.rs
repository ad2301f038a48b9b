//! From documents to schemas, with MongoDB's errors.

use bson::{Bson, Document};

use super::subject::ordered;
use super::types::Types;
use super::{Dependency, Keyword, Limit, Properties, Rest, Schema};
use crate::check::type_name;
use crate::error::{Code, Error, Result};
use crate::expression::decimal128::Decimal;
use crate::filter::Pattern;
use crate::number::{integer, is_number};

/// Keywords of JSON Schema that MongoDB knows and refuses.
const REFUSED: &[&str] = &["$ref", "$schema", "default", "definitions", "encrypt", "encryptMetadata", "format", "id"];

const KEYWORDS: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "bsonType",
    "dependencies",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
];

fn mismatch(keyword: &str, what: &str) -> Error {
    Error::new(Code::TypeMismatch, format!("$jsonSchema keyword '{keyword}' {what}"))
}

fn invalid(keyword: &str, what: &str) -> Error {
    Error::parse(format!("$jsonSchema keyword '{keyword}' {what}"))
}

pub(super) fn operand(schema: &Bson) -> Result<Schema> {
    match schema {
        Bson::Document(doc) => document(doc, 0),
        _ => Err(Error::new(Code::TypeMismatch, "$jsonSchema must be an object")),
    }
}

fn document(doc: &Document, depth: usize) -> Result<Schema> {
    if depth >= Schema::MAX_DEPTH {
        return Err(Error::new(Code::Overflow, format!("exceeded the maximum depth of {} levels", Schema::MAX_DEPTH)));
    }
    for keyword in doc.keys() {
        if REFUSED.contains(&keyword.as_str()) {
            return Err(Error::parse(format!("$jsonSchema keyword '{keyword}' is not currently supported")));
        }
        if !KEYWORDS.contains(&keyword.as_str()) {
            return Err(Error::parse(format!("Unknown $jsonSchema keyword: {keyword}")));
        }
    }
    if doc.contains_key("type") && doc.contains_key("bsonType") {
        return Err(Error::parse("Cannot specify both $jsonSchema keywords 'type' and 'bsonType'"));
    }
    let mut keywords = Vec::with_capacity(doc.len());
    for (keyword, value) in doc {
        keywords.extend(self::keyword(keyword, value, doc, depth + 1)?);
    }
    // Whatever order they are written in, fields are checked once.
    if ["properties", "patternProperties", "additionalProperties"].iter().any(|name| doc.contains_key(*name)) {
        keywords.push(Keyword::Properties(properties(doc, depth + 1)?));
    }
    Ok(Schema { keywords })
}

/// A keyword that asks something by itself; `None` for one that others read.
fn keyword(keyword: &str, value: &Bson, all: &Document, depth: usize) -> Result<Option<Keyword>> {
    Ok(Some(match keyword {
        "type" | "bsonType" => Keyword::Types(Types::parse(keyword, value)?),
        "enum" => Keyword::Enum(distinct(keyword, value)?),
        "allOf" => Keyword::Every(schemas(keyword, value, depth)?),
        "anyOf" => Keyword::Some(schemas(keyword, value, depth)?),
        "oneOf" => Keyword::One(schemas(keyword, value, depth)?),
        "not" => Keyword::Not(schema(keyword, value, depth)?),

        "multipleOf" => Keyword::MultipleOf(divisor(value)?),
        "maximum" => Keyword::Maximum(limit(keyword, value, "exclusiveMaximum", all)?),
        "minimum" => Keyword::Minimum(limit(keyword, value, "exclusiveMinimum", all)?),
        "exclusiveMaximum" => return exclusive(keyword, value, "maximum", all).map(|()| None),
        "exclusiveMinimum" => return exclusive(keyword, value, "minimum", all).map(|()| None),

        "maxLength" => Keyword::MaxLength(count(keyword, value)?),
        "minLength" => Keyword::MinLength(count(keyword, value)?),
        "pattern" => Keyword::Pattern(Pattern::new(text(keyword, value)?, "")?),

        "items" => match value {
            Bson::Document(doc) => Keyword::Items(document(doc, depth)?),
            Bson::Array(_) => Keyword::Tuple(elements(keyword, value, depth)?, rest("additionalItems", all, depth)?),
            _ => return Err(mismatch(keyword, &format!("must be an array or an object, not {}", type_name(value)))),
        },
        "additionalItems" => return rest(keyword, all, depth).map(|_| None),
        "maxItems" => Keyword::MaxItems(count(keyword, value)?),
        "minItems" => Keyword::MinItems(count(keyword, value)?),
        "uniqueItems" => return Ok(flag(keyword, value)?.then_some(Keyword::UniqueItems)),

        "maxProperties" => Keyword::MaxProperties(count(keyword, value)?),
        "minProperties" => Keyword::MinProperties(count(keyword, value)?),
        "required" => Keyword::Required(names(keyword, value)?),
        "dependencies" => Keyword::Dependencies(dependencies(value, depth)?),
        "title" | "description" => return text(keyword, value).map(|_| None),
        _ => return Ok(None),
    }))
}

fn text<'v>(keyword: &str, value: &'v Bson) -> Result<&'v str> {
    value.as_str().ok_or_else(|| mismatch(keyword, "must be a string"))
}

fn flag(keyword: &str, value: &Bson) -> Result<bool> {
    value.as_bool().ok_or_else(|| mismatch(keyword, "must be a boolean"))
}

fn object<'v>(keyword: &str, value: &'v Bson) -> Result<&'v Document> {
    value.as_document().ok_or_else(|| mismatch(keyword, &format!("must be an object, but found an element of type {}", type_name(value))))
}

fn array<'v>(keyword: &str, value: &'v Bson) -> Result<&'v [Bson]> {
    let items = value.as_array().map(Vec::as_slice);
    items.ok_or_else(|| mismatch(keyword, &format!("must be an array, but found an element of type {}", type_name(value))))
}

fn schema(keyword: &str, value: &Bson, depth: usize) -> Result<Schema> {
    document(object(keyword, value)?, depth)
}

fn count(keyword: &str, value: &Bson) -> Result<usize> {
    if !is_number(value) {
        return Err(mismatch(keyword, "must be a number"));
    }
    let count = integer(value).ok_or_else(|| Error::parse(format!("Expected an integer: {keyword}: {value}")))?;
    usize::try_from(count).map_err(|_| Error::parse(format!("Expected a positive number in: {keyword}: {value}")))
}

fn divisor(value: &Bson) -> Result<Decimal> {
    if !is_number(value) {
        return Err(mismatch("multipleOf", "must be a number"));
    }
    let divisor = Decimal::of(value);
    if divisor.is_nan() || divisor.is_zero() || divisor.is_negative() {
        return Err(invalid("multipleOf", "must have a positive value"));
    }
    Ok(divisor)
}

fn limit(keyword: &str, value: &Bson, exclusive: &str, all: &Document) -> Result<Limit> {
    if !is_number(value) {
        return Err(mismatch(keyword, "must be a number"));
    }
    let exclusive = all.get(exclusive).map_or(Ok(false), |value| flag(exclusive, value))?;
    Ok(Limit { value: value.clone(), exclusive })
}

fn exclusive(keyword: &str, value: &Bson, limit: &str, all: &Document) -> Result<()> {
    flag(keyword, value)?;
    if !all.contains_key(limit) {
        return Err(invalid(limit, &format!("must be a present if {keyword} is present")));
    }
    Ok(())
}

/// Values in the order of comparison, each with its fields in order, all of them different.
fn distinct(keyword: &str, value: &Bson) -> Result<Vec<Bson>> {
    let mut values: Vec<Bson> = array(keyword, value)?.iter().map(|value| ordered(value).into_owned()).collect();
    if values.is_empty() {
        return Err(invalid(keyword, "cannot be an empty array"));
    }
    let count = values.len();
    values.sort_by(crate::compare);
    values.dedup_by(|a, b| crate::equal(a, b));
    if values.len() < count {
        return Err(invalid(keyword, "array cannot contain duplicate values."));
    }
    Ok(values)
}

fn elements(keyword: &str, value: &Bson, depth: usize) -> Result<Vec<Schema>> {
    let element = |item: &Bson| match item {
        Bson::Document(doc) => document(doc, depth),
        other => Err(mismatch(keyword, &format!("must be an array of objects, but found an element of type {}", type_name(other)))),
    };
    array(keyword, value)?.iter().map(element).collect()
}

fn schemas(keyword: &str, value: &Bson, depth: usize) -> Result<Vec<Schema>> {
    if array(keyword, value)?.is_empty() {
        return Err(Error::bad(format!("$jsonSchema keyword '{keyword}' must be a non-empty array")));
    }
    elements(keyword, value, depth)
}

fn names(keyword: &str, value: &Bson) -> Result<Vec<String>> {
    let name = |item: &Bson| match item {
        Bson::String(name) => Ok(name.clone()),
        other => Err(mismatch(keyword, &format!("must be an array of strings, but found an element of type: {}", type_name(other)))),
    };
    let names: Vec<String> = array(keyword, value)?.iter().map(name).collect::<Result<_>>()?;
    if names.is_empty() {
        return Err(invalid(keyword, "cannot be an empty array"));
    }
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(invalid(keyword, "array cannot contain duplicate values"));
    }
    Ok(names)
}

/// The value of `additionalItems` or `additionalProperties`.
fn rest(keyword: &str, all: &Document, depth: usize) -> Result<Rest> {
    match all.get(keyword) {
        None | Some(Bson::Boolean(true)) => Ok(Rest::Any),
        Some(Bson::Boolean(false)) => Ok(Rest::None),
        Some(Bson::Document(doc)) => Ok(Rest::Schema(Box::new(document(doc, depth)?))),
        Some(_) => Err(mismatch(keyword, "must be either an object or a boolean")),
    }
}

fn properties(all: &Document, depth: usize) -> Result<Properties> {
    let mut properties = Properties { rest: rest("additionalProperties", all, depth)?, ..Properties::default() };
    let nested = |name: &str, value: &Bson| match value {
        Bson::Document(doc) => document(doc, depth),
        _ => Err(Error::new(Code::TypeMismatch, format!("Nested schema for $jsonSchema property '{name}' must be an object"))),
    };
    if let Some(value) = all.get("properties") {
        for (name, value) in object("properties", value)? {
            properties.named.insert(name.clone(), nested(name, value)?);
        }
    }
    if let Some(value) = all.get("patternProperties") {
        for (pattern, value) in object("patternProperties", value)? {
            properties.patterns.push((Pattern::new(pattern, "")?, nested(pattern, value)?));
        }
    }
    Ok(properties)
}

fn dependencies(value: &Bson, depth: usize) -> Result<Vec<(String, Dependency)>> {
    let dependency = |(name, value): (&String, &Bson)| {
        let dependency = match value {
            Bson::Document(doc) => Dependency::Schema(document(doc, depth)?),
            Bson::Array(_) => Dependency::Fields(names("dependencies", value)?),
            other => {
                let kind = type_name(other);
                let what =
                    format!("must be an object where the value of each field is an object or an array, but '{name}' is of type {kind}");
                return Err(mismatch("dependencies", &what));
            }
        };
        Ok((name.clone(), dependency))
    };
    object("dependencies", value)?.iter().map(dependency).collect()
}
