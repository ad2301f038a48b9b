//! What a filter says every match is equal in.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;

use bson::{Bson, Document};

use super::{Comparison, Expr, Filter, Test};
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

fn not_single(message: String) -> Error {
    Error::new(Code::NotSingleValueField, format!("cannot infer query fields to set, {message}"))
}

/// Refuses a path that is equal to one seen before, or overlaps it.
fn refuse_second<'a>(path: &'a str, seen: &mut BTreeSet<&'a str>) -> Result<()> {
    if seen.contains(path) {
        return Err(not_single(format!("path '{path}' is matched twice")));
    }
    let above = path.match_indices('.').filter_map(|(dot, _)| path.get(..dot)).find(|above| seen.contains(above));
    let beneath = format!("{path}.");
    let below = || seen.range(beneath.as_str()..).next().filter(|other| other.starts_with(&beneath)).copied();
    if let Some(other) = above.or_else(below) {
        return Err(not_single(format!("both paths '{path}' and '{other}' are matched")));
    }
    seen.insert(path);
    Ok(())
}

pub(super) fn collect(expr: &Expr) -> Result<Document> {
    let mut found = Vec::new();
    gather(expr, &mut found);
    let mut doc = Document::new();
    let mut seen = BTreeSet::new();
    for (path, value) in found {
        refuse_second(path, &mut seen)?;
        set_path(&mut doc, path, value.clone())?;
    }
    Ok(doc)
}

impl Filter {
    /// The `_id` that a matching document must have, from which an upsert with a whole document
    /// takes it.
    ///
    /// # Errors
    /// `NotSingleValueField` when it would have two values, `NotExactValueField` when the filter
    /// names a part of it only.
    pub fn id_equality(&self) -> Result<Option<&Bson>> {
        let mut found = Vec::new();
        gather(&self.root, &mut found);
        let mut id = None;
        let mut seen = BTreeSet::new();
        for (path, value) in found {
            if path.starts_with("_id.") {
                return Err(Error::new(
                    Code::NotExactValueField,
                    format!("field at '_id' must be exactly specified, field at sub-path '{path}'found"),
                ));
            }
            if path == "_id" {
                refuse_second(path, &mut seen)?;
                id = Some(value);
            }
        }
        Ok(id)
    }
}

fn gather<'a>(expr: &'a Expr, found: &mut Vec<(&'a str, &'a Bson)>) {
    match expr {
        Expr::And(all) => all.iter().for_each(|e| gather(e, found)),
        Expr::Or(any) if any.len() == 1 => any.iter().for_each(|e| gather(e, found)),
        Expr::Field(path, test) => values(path.text(), test, found),
        _ => {}
    }
}

fn values<'a>(path: &'a str, test: &'a Test, found: &mut Vec<(&'a str, &'a Bson)>) {
    match test {
        Test::Compare(Comparison::Equal, value) => found.push((path, value)),
        // `$in` of one value is an equality.
        Test::In(any, patterns) if patterns.is_empty() => match any.split_first() {
            Some((value, rest)) if rest.iter().all(|other| crate::equal(value, other)) => found.push((path, value)),
            _ => {}
        },
        // `$all` of one value is an equality, of several it is too many.
        Test::Every(tests) => tests.iter().for_each(|test| values(path, test, found)),
        _ => {}
    }
}
