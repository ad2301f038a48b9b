//! Query filters.

mod equalities;
mod eval;
mod parse;
mod pattern;
mod types;

use std::fmt;
use std::ops::Bound;

use bson::{Bson, Document};

use crate::error::Result;
use crate::path::Path;
use pattern::Pattern;

pub(crate) use parse::truthy;

/// A parsed query filter.
///
/// Equality (of arrays and embedded documents too), `$eq $ne $gt $gte $lt $lte $in $nin`,
/// `$and $or $nor $not`, `$exists $type`, `$regex` with `$options`, `$mod`, `$all $elemMatch
/// $size`, `$bitsAllSet` and its kind, `$comment`.
#[derive(Clone, Debug)]
pub struct Filter {
    root: Expr,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Nor(Vec<Expr>),
    Not(Box<Expr>),
    Field(Path, Test),
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
        Ok(Self { root: parse::filter(filter, 0)? })
    }

    /// Whether a document matches.
    pub fn matches(&self, doc: &Document) -> bool {
        eval::matches(&self.root, doc)
    }

    /// The values of which `_id` must be one, if the filter says so: an equality or `$in` that
    /// every matching document passes. The filter may ask for more than that.
    pub fn ids(&self) -> Option<Vec<&Bson>> {
        equalities::ids(&self.root)
    }

    /// Bounds between which the `_id` of every matching document lies, in the order of
    /// [`compare`](crate::compare). The filter may ask for more than that.
    pub fn id_bounds(&self) -> (Bound<&Bson>, Bound<&Bson>) {
        let mut bounds = (Bound::Unbounded, Bound::Unbounded);
        equalities::id_bounds(&self.root, &mut bounds);
        bounds
    }

    /// Whether every document matches.
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Expr::And(all) if all.is_empty())
    }

    /// Whether the filter is an equality of `_id` and nothing else.
    pub fn is_id_equality(&self) -> bool {
        matches!(&self.root, Expr::Field(path, Test::Compare(Comparison::Equal, _)) if path.text() == "_id")
    }

    /// The fields that a matching document must be equal in, from which an upsert makes one.
    ///
    /// # Errors
    /// `NotSingleValueField` when a field would have two values.
    pub fn equalities(&self) -> Result<Document> {
        equalities::collect(&self.root)
    }

    /// Whether one array element passes, for `$pull`: the conditions stand for the element itself.
    pub(crate) fn parse_for_element(condition: &Bson) -> Result<ElementFilter> {
        parse::for_element(condition)
    }
}

/// A condition on an array element, as `$pull` takes it.
#[derive(Clone, Debug)]
pub(crate) enum ElementFilter {
    Document(Expr),
    Value(Vec<Test>),
}

impl ElementFilter {
    pub(crate) fn matches(&self, element: &Bson) -> bool {
        match (self, element) {
            (Self::Document(expr), Bson::Document(doc)) => eval::matches(expr, doc),
            (Self::Document(_), _) => false,
            (Self::Value(tests), element) => eval::element_passes(tests, element),
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
