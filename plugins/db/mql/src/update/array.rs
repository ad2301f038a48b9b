//! The array operators.

use bson::{Bson, Document};

use crate::check::{self, type_name};
use crate::compare::compare;
use crate::error::{Code, Error, Result};
use crate::number;
use crate::sort::Sort;

/// `$push` with its modifiers.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    items: Vec<Bson>,
    position: Option<i64>,
    slice: Option<i64>,
    sort: Option<Order>,
}

#[derive(Clone, Debug)]
enum Order {
    /// By the elements themselves.
    Whole {
        descending: bool,
    },
    By(Sort),
}

impl Push {
    pub(super) fn parse(value: &Bson) -> Result<Self> {
        let modifiers = match value {
            Bson::Document(doc) if doc.contains_key("$each") => doc,
            one => {
                check::value(one)?;
                return Ok(Self { items: vec![one.clone()], position: None, slice: None, sort: None });
            }
        };
        let mut push = Self { items: Vec::new(), position: None, slice: None, sort: None };
        for (key, value) in modifiers {
            match key.as_str() {
                "$each" => match value {
                    Bson::Array(items) => {
                        items.iter().try_for_each(check::value)?;
                        push.items.clone_from(items);
                    }
                    other => {
                        return Err(Error::bad(format!(
                            "The argument to $each in $push must be an array but it was of type: {}",
                            type_name(other)
                        )));
                    }
                },
                "$position" => push.position = Some(whole("$position", value)?),
                "$slice" => push.slice = Some(whole("$slice", value)?),
                "$sort" => push.sort = Some(order(value)?),
                other => return Err(Error::bad(format!("Unrecognized clause in $push: {other}"))),
            }
        }
        Ok(push)
    }

    pub(super) fn apply(&self, name: &str, old: Option<Bson>) -> Result<Option<Bson>> {
        let mut items = match old {
            None => Vec::new(),
            Some(Bson::Array(items)) => items,
            Some(other) => return Err(Error::bad(format!("The field '{name}' must be an array but is of type {}", type_name(&other)))),
        };
        let at = match self.position {
            None => items.len(),
            Some(position) => clamp(position, items.len()),
        };
        items.splice(at..at, self.items.iter().cloned());
        match &self.sort {
            None => {}
            Some(Order::Whole { descending: false }) => items.sort_by(compare),
            Some(Order::Whole { descending: true }) => items.sort_by(|a, b| compare(b, a)),
            Some(Order::By(sort)) => {
                let none = Document::new();
                items.sort_by_cached_key(|item| sort.key(item.as_document().unwrap_or(&none)));
            }
        }
        match self.slice {
            Some(slice) if slice >= 0 => items.truncate(usize::try_from(slice).unwrap_or(usize::MAX)),
            Some(slice) => drop(items.drain(..clamp(slice, items.len()))),
            None => {}
        }
        Ok(Some(Bson::Array(items)))
    }
}

/// A position in an array of `length`; negative ones count from its end.
fn clamp(position: i64, length: usize) -> usize {
    let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position < 0 { length.saturating_sub(distance) } else { distance.min(length) }
}

fn whole(modifier: &str, value: &Bson) -> Result<i64> {
    number::integer(value).ok_or_else(|| Error::bad(format!("The value for {modifier} must be an integer value")))
}

fn order(value: &Bson) -> Result<Order> {
    match value {
        Bson::Document(doc) => Ok(Order::By(Sort::parse(doc)?)),
        direction => match number::integer(direction) {
            Some(1) => Ok(Order::Whole { descending: false }),
            Some(-1) => Ok(Order::Whole { descending: true }),
            _ => Err(Error::bad("The $sort element value must be either 1 or -1")),
        },
    }
}

pub(super) fn add_to_set(name: &str, old: Option<Bson>, new: &[Bson]) -> Result<Option<Bson>> {
    let mut items = match old {
        None => Vec::new(),
        Some(Bson::Array(items)) => items,
        Some(other) => {
            return Err(Error::bad(format!(
                "Cannot apply $addToSet to a non-array field. Field named '{name}' has a non-array type {}",
                type_name(&other)
            )));
        }
    };
    for item in new {
        if !items.iter().any(|present| crate::equal(present, item)) {
            items.push(item.clone());
        }
    }
    Ok(Some(Bson::Array(items)))
}

pub(super) fn pop(name: &str, old: Option<Bson>, first: bool) -> Result<Option<Bson>> {
    match old {
        Some(Bson::Array(mut items)) => {
            if !items.is_empty() {
                items.remove(if first { 0 } else { items.len() - 1 });
            }
            Ok(Some(Bson::Array(items)))
        }
        Some(other) => {
            Err(Error::new(Code::TypeMismatch, format!("Path '{name}' contains an element of non-array type '{}'", type_name(&other))))
        }
        None => Ok(None),
    }
}

pub(super) fn pull(operator: &str, old: Option<Bson>, matches: impl Fn(&Bson) -> bool) -> Result<Option<Bson>> {
    match old {
        Some(Bson::Array(mut items)) => {
            items.retain(|item| !matches(item));
            Ok(Some(Bson::Array(items)))
        }
        Some(_) => Err(Error::bad(format!("Cannot apply {operator} to a non-array value"))),
        None => Ok(None),
    }
}
