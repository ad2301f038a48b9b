//! Query filters.

mod equalities;
mod eval;
mod expression;
mod parse;
pub(crate) mod pattern;
mod types;

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use bson::{Bson, Document};

use crate::collation::Collation;
use crate::error::Result;
use crate::geo::{self, Near};
use crate::path::Path;
use crate::schema::Schema;
use eval::Context;

pub use expression::Predicate;
pub(crate) use parse::truthy;
#[allow(unused_imports)]
pub(crate) use pattern::Pattern;
#[allow(unused_imports)]
pub(crate) use types::Types;

/// A parsed query filter.
///
/// Equality (of arrays and embedded documents too), `$eq $ne $gt $gte $lt $lte $in $nin`,
/// `$and $or $nor $not`, `$exists $type`, `$regex` with `$options`, `$mod`, `$expr`,
/// `$jsonSchema`, `$all $elemMatch $size`, `$bitsAllSet` and its kind, `$geoWithin
/// $geoIntersects $near $nearSphere`, `$comment`.
#[derive(Clone, Debug)]
pub struct Filter {
    pub(crate) root: Expr,
    collation: Collation,
}

/// What a document that matches says beside matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Where in the outermost array on its path the last condition on an array was met: what the
    /// positional `$` of updates and projections stands for.
    pub position: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Nor(Vec<Expr>),
    Not(Box<Expr>),
    Field(Path, Test),
    /// `$expr`.
    Expression(Arc<dyn Predicate>),
    /// `$jsonSchema`.
    Schema(Arc<Schema>),
    /// `$alwaysTrue` and `$alwaysFalse`.
    Always(bool),
}

/// What is asked of the values at a path.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Compare(Comparison, Bson),
    In(Vec<Bson>, Vec<Pattern>),
    Exists,
    Type(types::Types),
    Regex(Pattern),
    Mod {
        divisor: i64,
        remainder: i64,
    },
    Size(usize),
    /// One element, a document or an array, matches the filter.
    ElementMatches(Box<Expr>),
    /// One element passes every test. A `Not` has its own place among the tests.
    ElementPasses(Vec<Test>),
    Bits {
        mask: u64,
        set: bool,
        all: bool,
    },
    Geo(Arc<geo::Condition>),
    Not(Box<Test>),
    /// All of them, each on the path by itself.
    Every(Vec<Test>),
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Filter {
    /// How deep filters may nest.
    pub const MAX_DEPTH: usize = 100;

    /// Parses a filter.
    ///
    /// # Errors
    /// As MongoDB: `BadValue` for unknown operators and wrong operands, `InvalidRegex`,
    /// `Overflow` for nesting deeper than [`MAX_DEPTH`](Self::MAX_DEPTH), and
    /// `CommandNotSupported` for what is not there yet.
    pub fn parse(filter: &Document) -> Result<Self> {
        Self::parse_with(filter, &Collation::simple())
    }

    /// Parses a filter that compares strings by a collation.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(filter: &Document, collation: &Collation) -> Result<Self> {
        Ok(Self { root: parse::filter(filter, parse::At::top(collation))?, collation: collation.clone() })
    }

    /// Whether a document matches. One on which an expression of `$expr` fails does not;
    /// [`test`](Self::test) says why.
    pub fn matches(&self, doc: &Document) -> bool {
        eval::matches(&self.root, doc, &Context::new(&self.collation, &Document::new()))
    }

    /// Whether a document matches, and what it says beside. `variables` are those that the
    /// filter's expressions may use, as `let` of `$lookup` defines them, without `$$`.
    ///
    /// # Errors
    /// The error of an expression.
    pub fn test(&self, doc: &Document, variables: &Document) -> Result<Option<Matched>> {
        let context = Context::new(&self.collation, variables);
        let matched = eval::matches(&self.root, doc, &context);
        let position = context.position();
        match context.into_error() {
            Some(error) => Err(error),
            None => Ok(matched.then_some(Matched { position })),
        }
    }

    /// The `$near` or `$nearSphere` of the filter, by the distance of which what matches is
    /// sorted unless another order is asked for.
    pub fn near(&self) -> Option<&Near> {
        near(&self.root)
    }

    /// The geospatial conditions that every matching document meets, with their paths. The
    /// filter may ask for more than that.
    pub fn regions(&self) -> Vec<(&str, &geo::Condition)> {
        let mut found = Vec::new();
        regions(&self.root, &mut found);
        found
    }

    /// The collation that strings are compared by.
    pub fn collation(&self) -> &Collation {
        &self.collation
    }

    /// The values of which `_id` must be one, if the filter says so: an equality or `$in` that
    /// every matching document passes. The filter may ask for more than that.
    pub fn ids(&self) -> Option<Vec<&Bson>> {
        equalities::ids(&self.root).filter(|ids| ids.iter().all(|id| self.collation.keeps(id)))
    }

    /// Bounds between which the `_id` of every matching document lies, in the order of
    /// [`compare`](crate::compare). The filter may ask for more than that.
    pub fn id_bounds(&self) -> (Bound<&Bson>, Bound<&Bson>) {
        let mut bounds = (Bound::Unbounded, Bound::Unbounded);
        equalities::id_bounds(&self.root, &mut bounds);
        let kept = |bound: &Bound<&Bson>| match bound {
            Bound::Included(id) | Bound::Excluded(id) => self.collation.keeps(id),
            Bound::Unbounded => true,
        };
        (if kept(&bounds.0) { bounds.0 } else { Bound::Unbounded }, if kept(&bounds.1) { bounds.1 } else { Bound::Unbounded })
    }

    /// Whether every document matches.
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Expr::And(all) if all.is_empty())
    }

    /// Whether the filter is an equality of `_id` and nothing else.
    pub fn is_id_equality(&self) -> bool {
        matches!(&self.root, Expr::Field(path, Test::Compare(Comparison::Equal, id)) if path.text() == "_id" && self.collation.keeps(id))
    }

    /// The fields that a matching document must be equal in, from which an upsert makes one.
    ///
    /// # Errors
    /// `NotSingleValueField` when a field would have two values.
    pub fn equalities(&self) -> Result<Document> {
        equalities::collect(&self.root)
    }

    /// Whether one array element passes, for `$pull`: the conditions stand for the element itself.
    pub(crate) fn parse_for_element(condition: &Bson, collation: &Collation) -> Result<ElementFilter> {
        Ok(ElementFilter { condition: parse::for_element(condition, parse::At::inside(collation))?, collation: collation.clone() })
    }
}

fn near(expr: &Expr) -> Option<&Near> {
    match expr {
        Expr::And(all) => all.iter().find_map(near),
        Expr::Field(_, Test::Geo(condition)) => condition.near(),
        _ => None,
    }
}

fn regions<'a>(expr: &'a Expr, found: &mut Vec<(&'a str, &'a geo::Condition)>) {
    match expr {
        Expr::And(all) => all.iter().for_each(|expr| regions(expr, found)),
        Expr::Or(any) if any.len() == 1 => any.iter().for_each(|expr| regions(expr, found)),
        Expr::Field(path, Test::Geo(condition)) => found.push((path.text(), condition)),
        _ => {}
    }
}

/// A condition on an array element, as `$pull` takes it.
#[derive(Clone, Debug)]
pub(crate) struct ElementFilter {
    condition: ElementCondition,
    collation: Collation,
}

#[derive(Clone, Debug)]
enum ElementCondition {
    Document(Expr),
    Value(Vec<Test>),
}

impl ElementFilter {
    pub(crate) fn matches(&self, element: &Bson) -> bool {
        let variables = Document::new();
        let context = Context::new(&self.collation, &variables);
        match (&self.condition, element) {
            (ElementCondition::Document(expr), Bson::Document(doc)) => eval::matches(expr, doc, &context),
            (ElementCondition::Document(_), _) => false,
            (ElementCondition::Value(tests), element) => eval::element_passes(tests, element, &context),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "$eq",
            Self::Greater => "$gt",
            Self::GreaterOrEqual => "$gte",
            Self::Less => "$lt",
            Self::LessOrEqual => "$lte",
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
