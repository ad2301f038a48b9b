//! What a filter says every match is equal in.

use std::cmp::Ordering;
use std::ops::Bound;

use bson::{Bson, Document};

use super::{Comparison, Expr, Test};
use crate::compare::compare;
use crate::error::{Code, Error, Result};
use crate::update::set_path;

pub(super) fn ids(expr: &Expr) -> Option<Vec<&Bson>> {
    match expr {
        Expr::And(all) => all.iter().find_map(ids),
        Expr::Field(path, test) if path.text() == "_id" => match test {
            // Only an array matches an array, and no `_id` is one; null also matches missing ones.
            Test::Compare(Comparison::Equal, value) => Some(vec![value]),
            Test::In(values, patterns) if patterns.is_empty() => Some(values.iter().collect()),
            Test::Every(tests) => tests.iter().find_map(|test| match test {
                Test::Compare(Comparison::Equal, value) => Some(vec![value]),
                _ => None,
            }),
            _ => None,
        },
        Expr::Or(any) if any.len() == 1 => any.first().and_then(ids),
        _ => None,
    }
}

/// A value's comparison matches within its own type only, except for the ends of the order.
pub(super) fn id_bounds<'a>(expr: &'a Expr, bounds: &mut (Bound<&'a Bson>, Bound<&'a Bson>)) {
    match expr {
        Expr::And(all) => all.iter().for_each(|e| id_bounds(e, bounds)),
        Expr::Field(path, Test::Compare(comparison, value)) if path.text() == "_id" => match comparison {
            Comparison::Greater => bounds.0 = tighter(bounds.0, Bound::Excluded(value), Ordering::Greater),
            Comparison::GreaterOrEqual => bounds.0 = tighter(bounds.0, Bound::Included(value), Ordering::Greater),
            Comparison::Less => bounds.1 = tighter(bounds.1, Bound::Excluded(value), Ordering::Less),
            Comparison::LessOrEqual => bounds.1 = tighter(bounds.1, Bound::Included(value), Ordering::Less),
            Comparison::Equal => {}
        },
        _ => {}
    }
}

/// The tighter of two bounds on one side; `tight` is how the tighter value compares to the other.
fn tighter<'a>(old: Bound<&'a Bson>, new: Bound<&'a Bson>, tight: Ordering) -> Bound<&'a Bson> {
    match (old, new) {
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => match compare(b, a) {
            Ordering::Equal if matches!(old, Bound::Excluded(_)) => old,
            Ordering::Equal => new,
            order if order == tight => new,
            _ => old,
        },
        _ => new,
    }
}

pub(super) fn collect(expr: &Expr) -> Result<Document> {
    let mut found = Vec::new();
    gather(expr, &mut found);
    let mut doc = Document::new();
    let mut seen: Vec<&str> = Vec::new();
    for (path, value) in found {
        if seen.contains(&path) {
            return Err(Error::new(Code::NotSingleValueField, format!("cannot infer query fields to set, path '{path}' is matched twice")));
        }
        let overlap = |other: &&&str| {
            let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('.'));
            below(path, other) || below(other, path)
        };
        if let Some(other) = seen.iter().find(overlap) {
            return Err(Error::new(
                Code::NotSingleValueField,
                format!("cannot infer query fields to set, both paths '{path}' and '{other}' are matched"),
            ));
        }
        seen.push(path);
        set_path(&mut doc, path, value.clone())?;
    }
    Ok(doc)
}

fn gather<'a>(expr: &'a Expr, found: &mut Vec<(&'a str, &'a Bson)>) {
    match expr {
        Expr::And(all) => all.iter().for_each(|e| gather(e, found)),
        Expr::Or(any) if any.len() == 1 => any.iter().for_each(|e| gather(e, found)),
        Expr::Field(path, test) => match test {
            Test::Compare(Comparison::Equal, value) => found.push((path.text(), value)),
            Test::Every(tests) => {
                if let [Test::Compare(Comparison::Equal, value)] = tests.as_slice() {
                    found.push((path.text(), value));
                }
            }
            _ => {}
        },
        _ => {}
    }
}
