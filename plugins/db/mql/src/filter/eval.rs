//! Whether a document matches.

use std::cell::{Cell, OnceCell, RefCell};
use std::cmp::Ordering;
use std::time::Instant;

use bson::{Bson, DateTime, Document};

use super::{Comparison, Expr, Test, expression, parse};
use crate::collation::Collation;
use crate::compare::rank;
use crate::error::Error;
use crate::expression::{Expression, Variables};
use crate::number;
use crate::path::{self, Leaf};

/// What evaluation needs beside the document, and what it finds out beside the answer.
pub(super) struct Context<'a> {
    collation: &'a Collation,
    given: Given<'a>,
    /// The variables of a document, once they are needed.
    made: OnceCell<Variables>,
    /// The position in the outermost array where the last condition on an array was met.
    position: Cell<Option<usize>>,
    /// The first error of an expression; what has one does not match.
    error: RefCell<Option<Error>>,
}

/// The variables of expressions.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    /// Their values, the time, and when expressions have to end.
    Document(&'a Document, DateTime, Option<Instant>),
    Variables(&'a Variables),
}

impl<'a> Context<'a> {
    pub(super) fn new(collation: &'a Collation, given: Given<'a>) -> Self {
        Self { collation, given, made: OnceCell::new(), position: Cell::new(None), error: RefCell::new(None) }
    }

    fn holds(&self, expression: &Expression, doc: &Document) -> bool {
        let variables = match self.given {
            Given::Variables(variables) => variables,
            Given::Document(given, now, deadline) => self.made.get_or_init(|| {
                let mut variables = expression::variables(given, now, self.collation);
                if let Some(deadline) = deadline {
                    variables.stop_at(deadline);
                }
                variables
            }),
        };
        match expression.borrow(doc, variables) {
            Ok(value) => parse::truthy(&value),
            Err(error) => {
                self.error.borrow_mut().get_or_insert(error);
                false
            }
        }
    }

    pub(super) fn position(&self) -> Option<usize> {
        self.position.get()
    }

    pub(super) fn into_error(self) -> Option<Error> {
        self.error.into_inner()
    }

    /// What does not match leaves no position behind.
    fn keep_if(&self, before: Option<usize>, matched: bool) -> bool {
        if !matched {
            self.position.set(before);
        }
        matched
    }
}

pub(super) fn matches(expr: &Expr, doc: &Document, context: &Context<'_>) -> bool {
    let before = context.position();
    match expr {
        Expr::And(all) => context.keep_if(before, all.iter().all(|e| matches(e, doc, context))),
        Expr::Or(any) => any.iter().any(|e| matches(e, doc, context)),
        Expr::Nor(none) => {
            let met = none.iter().any(|e| matches(e, doc, context));
            context.position.set(before);
            !met
        }
        Expr::Not(inner) => {
            let met = matches(inner, doc, context);
            context.position.set(before);
            !met
        }
        Expr::Field(path, test) => context.keep_if(before, field(path.parts(), test, doc, context)),
        Expr::Expression(expression) => context.holds(expression, doc),
        Expr::Schema(schema) => schema.accepts(doc),
        Expr::Always(answer) => *answer,
    }
}

fn field(parts: &[String], test: &Test, doc: &Document, context: &Context<'_>) -> bool {
    let leaf = match test {
        Test::Every(tests) => return tests.iter().all(|t| field(parts, t, doc, context)),
        Test::Not(test) => {
            let before = context.position();
            let met = field(parts, test, doc, context);
            context.position.set(before);
            return !met;
        }
        Test::Size(_) | Test::ElementMatches(_) | Test::ElementPasses(_) => Leaf::Whole,
        Test::Geo(shape) => {
            return path::any_at(doc, parts, Leaf::ElementsAndWhole, &mut |value, _| value.is_some_and(|value| shape.matches(value)));
        }
        _ => Leaf::ElementsAndWhole,
    };
    path::any_at(doc, parts, leaf, &mut |value, at| {
        let met = passes(test, value, context);
        if met && at.is_some() {
            context.position.set(at);
        }
        met
    })
}

/// Whether one value passes, without looking into it where the path would have.
fn passes(test: &Test, value: Option<&Bson>, context: &Context<'_>) -> bool {
    match test {
        Test::Compare(comparison, operand) => compares(*comparison, value, operand, context.collation),
        Test::In(operands, patterns) => {
            let wanted = match value {
                None | Some(Bson::Undefined) => &Bson::Null,
                Some(value) => value,
            };
            operands.binary_search_by(|operand| context.collation.compare(operand, wanted)).is_ok()
                || patterns.iter().any(|p| value.is_some_and(|v| p.matches(v)))
        }
        Test::Exists => value.is_some(),
        Test::Type(types) => value.is_some_and(|v| types.contains(v)),
        Test::Regex(pattern) => value.is_some_and(|v| pattern.matches(v)),
        Test::Mod { divisor, remainder } => value.and_then(number::truncated).is_some_and(|n| n.wrapping_rem(*divisor) == *remainder),
        Test::Size(length) => matches!(value, Some(Bson::Array(items)) if items.len() == *length),
        Test::ElementMatches(expr) => element_at(value, context, |item| match item {
            Bson::Document(doc) => matches(expr, doc, context),
            Bson::Array(inner) => matches(expr, &positions(inner), context),
            _ => false,
        }),
        Test::ElementPasses(tests) => element_at(value, context, |item| element_passes(tests, item, context)),
        Test::Bits { mask, set, all } => value.is_some_and(|v| mask.test(v, *set, *all)),
        Test::Geo(shape) => value.is_some_and(|value| shape.matches(value)),
        Test::Not(test) => !passes(test, value, context),
        Test::Every(tests) => tests.iter().all(|t| passes(t, value, context)),
        Test::Never => false,
    }
}

/// Whether an element passes; its position counts, not those of arrays inside it.
fn element_at(value: Option<&Bson>, context: &Context<'_>, passes: impl Fn(&Bson) -> bool) -> bool {
    let Some(Bson::Array(items)) = value else {
        return false;
    };
    let found = items.iter().position(passes);
    if found.is_some() {
        context.position.set(found);
    }
    found.is_some()
}

/// Whether an array element passes; if it is an array itself, its own elements do not count,
/// except for tests that ask for an array.
fn element_passes(tests: &[Test], element: &Bson, context: &Context<'_>) -> bool {
    tests.iter().all(|test| passes(test, Some(element), context))
}

/// An array as a document of its positions, which is how `$elemMatch` sees one.
fn positions(items: &[Bson]) -> Document {
    items.iter().enumerate().map(|(i, item)| (i.to_string(), item.clone())).collect()
}

fn compares(comparison: Comparison, value: Option<&Bson>, operand: &Bson, collation: &Collation) -> bool {
    let value_rank = value.map_or(1, rank);
    if value_rank != rank(operand) {
        // Missing and undefined count as null; all else lies between MinKey and MaxKey.
        return match (comparison, operand) {
            (Comparison::Equal | Comparison::GreaterOrEqual | Comparison::LessOrEqual, Bson::Null) => value_rank == 1,
            (Comparison::Greater | Comparison::GreaterOrEqual, Bson::MinKey) => true,
            (Comparison::Less | Comparison::LessOrEqual, Bson::MaxKey) => true,
            _ => false,
        };
    }
    let Some(value) = value else {
        return false;
    };
    if comparison != Comparison::Equal && (is_nan(value) || is_nan(operand)) {
        return is_nan(value) && is_nan(operand) && matches!(comparison, Comparison::GreaterOrEqual | Comparison::LessOrEqual);
    }
    let order = collation.compare(value, operand);
    match comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
    }
}

fn is_nan(value: &Bson) -> bool {
    match value {
        Bson::Double(n) => n.is_nan(),
        Bson::Decimal128(_) => crate::equal(value, &Bson::Double(f64::NAN)),
        _ => false,
    }
}
