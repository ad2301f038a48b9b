//! What a filter says every match is equal in.

use bson::{Bson, Document};

use super::{Comparison, Expr, Test};
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
