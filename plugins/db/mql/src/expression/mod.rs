//! Aggregation expressions, as MongoDB 4.2 documents them.
//!
//! A missing value is [`Bson::Undefined`], the deprecated type that MongoDB itself sorts and tests
//! as missing; a field that is computed as missing is left out of the document it would be in.

mod accumulate;
mod arithmetic;
mod array;
mod call;
mod compare;
mod control;
mod conversion;
mod date;
pub(crate) mod decimal128;
mod named;
mod node;
mod object;
mod operators;
mod parse;
mod path;
mod regex;
mod room;
mod rounding;
mod set;
mod string;
pub(crate) mod summation;
mod text;
mod transcendental;
mod trim;
mod zip;

use std::borrow::Cow;
use std::time::Instant;

use bson::{Bson, DateTime, Document};

use crate::collation::Collation;
use crate::error::Result;
use crate::known::Known;
use crate::watch::Watch;
pub(crate) use node::Frame;
use node::{Env, Node};
pub(crate) use parse::{MAX_NAMES, Scope, too_many_names};
pub(crate) use path::FieldPath;

/// A parsed expression.
///
/// ```
/// use bson::{bson, doc};
/// use mql::expression::{Expression, Variables};
///
/// let total = Expression::parse(&bson!({"$multiply": ["$price", "$count"]}))?;
/// assert_eq!(total.evaluate(&doc! {"price": 3, "count": 4}, &Variables::new())?, bson!(12));
/// # Ok::<(), mql::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    node: Node,
}

/// The variables that hold during a whole command: `$$NOW`, and what a `let` gave.
#[derive(Clone, Debug)]
pub struct Variables {
    now: DateTime,
    given: Vec<(String, Bson)>,
    pub(crate) collation: Collation,
    /// When evaluation has to end.
    pub(crate) watch: Watch,
}

impl Variables {
    /// No variables but `$$NOW`, which is the time of this call.
    pub fn new() -> Self {
        Self::at(DateTime::now())
    }

    /// No variables but `$$NOW`.
    pub fn at(now: DateTime) -> Self {
        Self { now, given: Vec::new(), collation: Collation::simple(), watch: Watch::default() }
    }

    /// Gives a variable; a later one of the same name hides an earlier one.
    pub fn give(&mut self, name: impl Into<String>, value: Bson) {
        self.given.push((name.into(), value));
    }

    /// Says how operators compare strings; by their bytes unless this is called.
    pub fn collate(&mut self, collation: &Collation) {
        self.collation = collation.clone();
    }

    /// Says when evaluation ends, however much is left of it.
    pub fn stop_at(&mut self, deadline: Instant) {
        self.watch = Watch::until(Some(deadline));
    }

    /// The names that were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.given.iter().map(|(name, _)| name.as_str())
    }

    /// The variables that were given, as filters take them.
    pub(crate) fn given(&self) -> Document {
        self.given.iter().cloned().collect()
    }

    fn get(&self, name: &str) -> Option<&Bson> {
        self.given.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value)
    }
}

impl Default for Variables {
    fn default() -> Self {
        Self::new()
    }
}

impl Expression {
    /// How deep expressions may nest.
    pub const MAX_DEPTH: usize = 100;

    /// Parses an expression that uses only the variables which are always there.
    ///
    /// # Errors
    /// As MongoDB: `InvalidPipelineOperator` for an unknown operator, `Overflow` for nesting deeper
    /// than [`MAX_DEPTH`](Self::MAX_DEPTH), and the numbered errors of each operator.
    pub fn parse(value: &Bson) -> Result<Self> {
        Self::parse_in(value, &mut Known::default().scope())
    }

    /// Parses an expression that may also use the given variables.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(value: &Bson, variables: &Variables) -> Result<Self> {
        Self::parse_in(value, &mut Known::of(variables).checked()?.scope())
    }

    pub(crate) fn parse_in(value: &Bson, scope: &mut Scope) -> Result<Self> {
        Ok(Self { node: parse::operand(value, scope)? })
    }

    /// The expression's value for a document; [`Bson::Undefined`] when it is missing.
    ///
    /// # Errors
    /// The operators' own errors, with MongoDB's numbers.
    pub fn evaluate(&self, root: &Document, variables: &Variables) -> Result<Bson> {
        self.borrow(root, variables).map(Cow::into_owned)
    }

    /// As [`evaluate`](Self::evaluate), without a copy where the value is a part of the document.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn borrow<'a>(&'a self, root: &'a Document, variables: &'a Variables) -> Result<Cow<'a, Bson>> {
        self.node.evaluate(Env::new(root, variables))
    }

    pub(crate) fn evaluate_with(&self, root: &Document, variables: &Variables, frame: &Frame<'_>) -> Result<Bson> {
        self.node.evaluate(Env::new(root, variables).within(frame)).map(Cow::into_owned)
    }

    /// The literal value, if the expression does not depend on anything.
    pub fn constant(&self) -> Option<&Bson> {
        match &self.node {
            Node::Literal(value) => Some(value),
            _ => None,
        }
    }
}

/// Whether a value counts as true in an expression: all but false, zero, null and missing.
pub fn truthy(value: &Bson) -> bool {
    crate::filter::truthy(value)
}

/// Whether a value is null or missing.
pub(crate) fn nullish(value: &Bson) -> bool {
    matches!(value, Bson::Null | Bson::Undefined)
}

/// The name of a value's type; `missing` when there is none.
pub(crate) fn type_name(value: &Bson) -> &'static str {
    match value {
        Bson::Undefined => "missing",
        other => crate::check::type_name(other),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
