//! `$jsonSchema`: draft 4 of JSON Schema as MongoDB 4.2 has it, with `bsonType` and without `$ref`,
//! `$schema`, `default`, `definitions`, `format`, `id` and the type `integer`.
//!
//! A keyword asks something of values of one type only: a value of another type passes, and so does
//! a field that is missing. Arrays on the way are not looked into, unlike in a filter. Strings
//! compare by their bytes, whatever the collation; the order of fields in a document does not count.

mod keyword;
mod parse;
mod subject;
mod types;

use std::collections::BTreeMap;

use bson::{Bson, Document};

use crate::error::Result;
use crate::expression::decimal128::Decimal;
use crate::filter::Pattern;
use subject::Subject;
use types::Types;

/// A parsed schema.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    keywords: Vec<Keyword>,
}

/// What a schema asks of a value.
#[derive(Clone, Debug)]
enum Keyword {
    Types(Types),
    /// In the order of comparison, each with its fields in order.
    Enum(Vec<Bson>),
    Every(Vec<Schema>),
    Some(Vec<Schema>),
    One(Vec<Schema>),
    Not(Schema),

    MultipleOf(Decimal),
    Maximum(Limit),
    Minimum(Limit),

    /// In characters.
    MaxLength(usize),
    MinLength(usize),
    Pattern(Pattern),

    /// Of each element.
    Items(Schema),
    /// Of the elements by their position, and of all after them.
    Tuple(Vec<Schema>, Rest),
    MaxItems(usize),
    MinItems(usize),
    UniqueItems,

    MaxProperties(usize),
    MinProperties(usize),
    Required(Vec<String>),
    Properties(Properties),
    Dependencies(Vec<(String, Dependency)>),
}

#[derive(Clone, Debug)]
struct Limit {
    value: Bson,
    exclusive: bool,
}

/// What is asked of the elements or fields that no other keyword names.
#[derive(Clone, Debug, Default)]
enum Rest {
    #[default]
    Any,
    None,
    Schema(Box<Schema>),
}

#[derive(Clone, Debug, Default)]
struct Properties {
    named: BTreeMap<String, Schema>,
    patterns: Vec<(Pattern, Schema)>,
    rest: Rest,
}

/// What is asked of a document that has a field.
#[derive(Clone, Debug)]
enum Dependency {
    Fields(Vec<String>),
    Schema(Schema),
}

impl Schema {
    /// How deep schemas may nest.
    const MAX_DEPTH: usize = 100;

    /// Parses the operand of `$jsonSchema`.
    ///
    /// # Errors
    /// As MongoDB: `TypeMismatch` for a keyword's value of a wrong type, `FailedToParse` for an
    /// unknown keyword and most other wrong values, `BadValue` for an unknown type and an empty list
    /// of schemas, `InvalidRegex`; `Overflow` for nesting deeper than [`MAX_DEPTH`](Self::MAX_DEPTH).
    pub(crate) fn parse(schema: &Bson) -> Result<Self> {
        parse::operand(schema)
    }

    /// Whether a document is as the schema says.
    pub(crate) fn accepts(&self, doc: &Document) -> bool {
        self.passes(Subject::Document(doc))
    }

    fn passes(&self, subject: Subject<'_>) -> bool {
        self.keywords.iter().all(|keyword| keyword.passes(subject))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
