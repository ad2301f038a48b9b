//! Query filters.

mod bits;
mod equalities;
mod eval;
pub(crate) mod expression;
mod parse;
pub(crate) mod pattern;
mod patterns;
mod types;

use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use bson::{Bson, DateTime, Document};

use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::expression::{Expression, Variables};
use crate::geo::{self, Near};
use crate::known::Known;
use crate::path::Path;
use crate::schema::Schema;
use crate::watch::Watch;
use bits::Mask;
use eval::{Context, Given};

pub(crate) use parse::{PATHLESS, truthy};
pub(crate) use pattern::{End, Pattern, search_steps};
pub(crate) use patterns::Patterns;
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
    /// The time of parsing, which `$$NOW` is unless it is given.
    now: DateTime,
    /// When a test has to end.
    deadline: Option<Instant>,
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
    Expression(Arc<Expression>),
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
        mask: Mask,
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
    /// `CommandNotSupported` for what is not there yet. `BadValue` too for more than 1,000 regular
    /// expressions, or more than 16 that take over 64 KiB compiled.
    pub fn parse(filter: &Document) -> Result<Self> {
        Self::parse_with(filter, &Collation::simple())
    }

    /// Parses a filter that compares strings by a collation.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(filter: &Document, collation: &Collation) -> Result<Self> {
        Self::parse_knowing(filter, collation, &Known::default())
    }

    /// As [`parse_with`](Self::parse_with), with a deadline for parsing too; see
    /// [`until`](Self::until).
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and `MaxTimeMSExpired`.
    pub fn parse_until(filter: &Document, collation: &Collation, deadline: Instant) -> Result<Self> {
        let filter = Self::parse_knowing(filter, collation, &Known::new(Vec::new(), Some(deadline)))?;
        Ok(filter.until(deadline))
    }

    /// As [`parse_with`](Self::parse_with), as a part of a command.
    pub(crate) fn parse_knowing(filter: &Document, collation: &Collation, known: &Known) -> Result<Self> {
        let root = parse::filter(filter, parse::At::top(collation, known))?;
        Ok(Self { root, collation: collation.clone(), now: DateTime::now(), deadline: None })
    }

    /// A filter for what all of some filters match.
    pub(crate) fn all(filters: &[Arc<Self>], collation: &Collation) -> Self {
        let root = match filters {
            [only] => only.root.clone(),
            all => Expr::And(all.iter().map(|filter| filter.root.clone()).collect()),
        };
        Self { root, collation: collation.clone(), now: DateTime::now(), deadline: None }
    }

    /// Whether a document matches. One on which an expression of `$expr` fails does not, nor does
    /// one that takes too long; [`test`](Self::test) says why.
    pub fn matches(&self, doc: &Document) -> bool {
        self.matches_in(doc, &Watch::until(self.deadline))
    }

    /// As [`matches`](Self::matches), as a part of what has to end with a watch. The answer means
    /// nothing when the watch is over.
    pub(crate) fn matches_in(&self, doc: &Document, watch: &Watch) -> bool {
        let none = Document::new();
        eval::matches(&self.root, doc, &Context::new(&self.collation, Given::Document(&none, self.now), watch)) && !watch.is_over()
    }

    /// Says when [`test`](Self::test) has to end, however much is left of it.
    #[must_use]
    pub fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Whether a document matches, and what it says beside. `variables` are those that the
    /// filter's expressions may use, as `let` of `$lookup` defines them, without `$$`; beside
    /// them `NOW` may be given.
    ///
    /// # Errors
    /// The error of an expression; `MaxTimeMSExpired` after the time of [`until`](Self::until).
    pub fn test(&self, doc: &Document, variables: &Document) -> Result<Option<Matched>> {
        self.tested(doc, Given::Document(variables, self.now), &Watch::until(self.deadline))
    }

    /// As [`test`](Self::test), with all that expressions may need: also the time when all has to
    /// end, see [`Variables::stop_at`].
    ///
    /// # Errors
    /// The error of an expression; `MaxTimeMSExpired`.
    pub fn test_with(&self, doc: &Document, variables: &Variables) -> Result<Option<Matched>> {
        self.tested(doc, Given::Variables(variables), &variables.watch)
    }

    fn tested(&self, doc: &Document, given: Given<'_>, watch: &Watch) -> Result<Option<Matched>> {
        let context = Context::new(&self.collation, given, watch);
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

    /// Checks that the filter may be that of an upsert. A command is to check that before it looks
    /// for matches.
    ///
    /// # Errors
    /// As MongoDB, `QueryFeatureNotAllowed` when it has an `$expr`.
    pub fn check_upsert(&self) -> Result<()> {
        if has_expression(&self.root) {
            let message = "$expr is not allowed in the query predicate for an upsert";
            return Err(Error::new(Code::QueryFeatureNotAllowed, message));
        }
        Ok(())
    }

    /// Whether one of the conditions, however they are combined, is on a path that begins with a
    /// field.
    pub(crate) fn names_field(&self, field: &str) -> bool {
        names_field(&self.root, field)
    }
}

fn has_expression(expr: &Expr) -> bool {
    match expr {
        Expr::And(all) | Expr::Or(all) | Expr::Nor(all) => all.iter().any(has_expression),
        Expr::Not(inner) => has_expression(inner),
        Expr::Expression(_) => true,
        Expr::Field(..) | Expr::Schema(_) | Expr::Always(_) => false,
    }
}

fn names_field(expr: &Expr, field: &str) -> bool {
    match expr {
        Expr::And(all) | Expr::Or(all) | Expr::Nor(all) => all.iter().any(|expr| names_field(expr, field)),
        Expr::Not(inner) => names_field(inner, field),
        Expr::Field(path, _) => path.parts().first().is_some_and(|first| first == field),
        Expr::Expression(_) | Expr::Schema(_) | Expr::Always(_) => false,
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
