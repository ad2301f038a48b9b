//! Whether a document matches.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::{Comparison, Expr, Test};
use crate::compare::{compare, rank};
use crate::number;
use crate::path::{self, Leaf};

pub(super) fn matches(expr: &Expr, doc: &Document) -> bool {
    match expr {
        Expr::And(all) => all.iter().all(|e| matches(e, doc)),
        Expr::Or(any) => any.iter().any(|e| matches(e, doc)),
        Expr::Nor(none) => !none.iter().any(|e| matches(e, doc)),
        Expr::Not(inner) => !matches(inner, doc),
        Expr::Field(path, test) => field(path.parts(), test, doc),
    }
}

fn field(parts: &[String], test: &Test, doc: &Document) -> bool {
    match test {
        Test::Every(tests) => tests.iter().all(|t| field(parts, t, doc)),
        Test::Not(test) => !field(parts, test, doc),
        Test::Size(_) | Test::ElementMatches(_) | Test::ElementPasses(_) => {
            path::any(doc, parts, Leaf::Whole, &mut |value| passes(test, value))
        }
        _ => path::any(doc, parts, Leaf::ElementsAndWhole, &mut |value| passes(test, value)),
    }
}

/// Whether one value passes, without looking into it where the path would have.
fn passes(test: &Test, value: Option<&Bson>) -> bool {
    match test {
        Test::Compare(comparison, operand) => compares(*comparison, value, operand),
        Test::In(operands, patterns) => {
            let wanted = match value {
                None | Some(Bson::Undefined) => &Bson::Null,
                Some(value) => value,
            };
            operands.binary_search_by(|operand| compare(operand, wanted)).is_ok()
                || patterns.iter().any(|p| value.is_some_and(|v| p.matches(v)))
        }
        Test::Exists => value.is_some(),
        Test::Type(types) => value.is_some_and(|v| types.contains(v)),
        Test::Regex(pattern) => value.is_some_and(|v| pattern.matches(v)),
        Test::Mod { divisor, remainder } => value.and_then(truncated).is_some_and(|n| n.wrapping_rem(*divisor) == *remainder),
        Test::Size(length) => matches!(value, Some(Bson::Array(items)) if items.len() == *length),
        Test::ElementMatches(expr) => matches!(value, Some(Bson::Array(items)) if items.iter().any(|item| match item {
            Bson::Document(doc) => matches(expr, doc),
            Bson::Array(inner) => matches(expr, &positions(inner)),
            _ => false,
        })),
        Test::ElementPasses(tests) => matches!(value, Some(Bson::Array(items)) if items.iter().any(|item| element_passes(tests, item))),
        Test::Bits { mask, set, all } => value.is_some_and(|v| bits(v, *mask, *set, *all)),
        Test::Not(test) => !passes(test, value),
        Test::Every(tests) => tests.iter().all(|t| passes(t, value)),
        Test::Never => false,
    }
}

/// Whether an array element passes; if it is an array itself, its own elements do not count,
/// except for tests that ask for an array.
pub(super) fn element_passes(tests: &[Test], element: &Bson) -> bool {
    tests.iter().all(|test| passes(test, Some(element)))
}

/// An array as a document of its positions, which is how `$elemMatch` sees one.
fn positions(items: &[Bson]) -> Document {
    items.iter().enumerate().map(|(i, item)| (i.to_string(), item.clone())).collect()
}

fn compares(comparison: Comparison, value: Option<&Bson>, operand: &Bson) -> bool {
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
    let order = compare(value, operand);
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
        Bson::Decimal128(_) => compare(value, &Bson::Double(f64::NAN)) == Ordering::Equal,
        _ => false,
    }
}

fn truncated(value: &Bson) -> Option<i64> {
    match value {
        Bson::Double(n) if n.abs() < 9_223_372_036_854_775_808.0 => Some(n.trunc() as i64),
        Bson::Double(_) => None,
        other => number::integer(other),
    }
}

fn bits(value: &Bson, mask: u64, set: bool, all: bool) -> bool {
    let Some(number) = number::integer(value) else {
        return false;
    };
    let hit = if set { number as u64 & mask } else { !(number as u64) & mask };
    if all { hit == mask } else { hit != 0 }
}
