//! The array operators.

use std::cmp::Ordering;
use std::collections::HashSet;

use bson::Bson;

use super::place::{Edited, Room};
use super::same;
use crate::check::{self, type_name};
use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::key;
use crate::number;
use crate::path::{Path, index};

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
    Whole { descending: bool },
    /// By their fields, each with whether it is descending.
    By(Vec<(Path, bool)>),
}

impl Push {
    pub(super) fn parse(value: &Bson) -> Result<Self> {
        let modifiers = match value {
            Bson::Document(doc) if doc.contains_key("$each") => doc,
            one => {
                check::value("", one)?;
                return Ok(Self { items: vec![one.clone()], position: None, slice: None, sort: None });
            }
        };
        let mut push = Self { items: Vec::new(), position: None, slice: None, sort: None };
        for (key, value) in modifiers {
            match key.as_str() {
                "$each" => match value {
                    Bson::Array(items) => {
                        items.iter().try_for_each(|item| check::value("", item))?;
                        push.items.clone_from(items);
                    }
                    other => {
                        return Err(Error::bad(format!(
                            "The argument to $each in $push must be an array but it was of type: {}",
                            type_name(other)
                        )));
                    }
                },
                "$position" => push.position = Some(whole("The value for $position must be an integer value, not of type:", value)?),
                "$slice" => push.slice = Some(whole("The value for $slice must be an integer value but was given type:", value)?),
                "$sort" => push.sort = Some(order(value)?),
                other => return Err(Error::bad(format!("Unrecognized clause in $push: {other}"))),
            }
        }
        Ok(push)
    }

    /// How much of `bytes`, the size of what is pushed, may stay in the array.
    pub(super) fn kept(&self, bytes: usize) -> usize {
        let most = self.slice.map_or(usize::MAX, |slice| usize::try_from(slice.unsigned_abs()).unwrap_or(usize::MAX));
        bytes / self.items.len().max(1) * self.items.len().min(most)
    }

    pub(super) fn apply(&self, items: &mut Vec<Bson>, collation: &Collation) -> bool {
        let before = (self.sort.is_some() || self.slice.is_some()).then(|| items.clone());
        let at = match self.position {
            None => items.len(),
            Some(position) => clamp(position, items.len()),
        };
        items.splice(at..at, self.items.iter().cloned());
        match &self.sort {
            None => {}
            Some(Order::Whole { descending: false }) => items.sort_by(|a, b| collation.compare(a, b)),
            Some(Order::Whole { descending: true }) => items.sort_by(|a, b| collation.compare(b, a)),
            Some(Order::By(fields)) => items.sort_by(|a, b| by_fields(fields, a, b, collation)),
        }
        match self.slice {
            Some(slice) if slice >= 0 => items.truncate(usize::try_from(slice).unwrap_or(usize::MAX)),
            Some(slice) => drop(items.drain(..clamp(slice, items.len()))),
            None => {}
        }
        match before {
            Some(before) => !same::values(&before, items),
            None => !self.items.is_empty(),
        }
    }
}

/// Arrays count as a whole here, otherwise than where documents are sorted.
fn by_fields(fields: &[(Path, bool)], a: &Bson, b: &Bson, collation: &Collation) -> Ordering {
    let mut orders = fields.iter().map(|(path, descending)| {
        let order = collation.compare(at(a, path.parts()), at(b, path.parts()));
        if *descending { order.reverse() } else { order }
    });
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The value at a path, in arrays by position; null where it is missing.
fn at<'a>(mut value: &'a Bson, parts: &[String]) -> &'a Bson {
    for part in parts {
        let below = match value {
            Bson::Document(doc) => doc.get(part),
            Bson::Array(items) => index(part).and_then(|i| items.get(i)),
            _ => None,
        };
        let Some(below) = below else {
            return &Bson::Null;
        };
        value = below;
    }
    value
}

/// A position in an array of `length`; negative ones count from its end.
fn clamp(position: i64, length: usize) -> usize {
    let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position < 0 { length.saturating_sub(distance) } else { distance.min(length) }
}

fn whole(message: &str, value: &Bson) -> Result<i64> {
    number::integer(value).ok_or_else(|| Error::bad(format!("{message} {}", type_name(value))))
}

fn order(value: &Bson) -> Result<Order> {
    let directed = || Error::bad("The $sort element value must be either 1 or -1");
    match value {
        Bson::Document(doc) if doc.is_empty() => Err(Error::bad("The $sort pattern is empty when it should be a set of fields.")),
        Bson::Document(doc) => {
            let mut fields = Vec::with_capacity(doc.len());
            for (name, direction) in doc {
                let direction = number::integer(direction).filter(|direction| direction.abs() == 1).ok_or_else(directed)?;
                if name.is_empty() {
                    return Err(Error::bad("The $sort field cannot be empty"));
                }
                if name.split('.').any(str::is_empty) {
                    return Err(Error::bad(format!("The $sort field is a dotted field but has an empty part: {name}")));
                }
                fields.push((Path::new(name), direction < 0));
            }
            Ok(Order::By(fields))
        }
        number if number::is_number(number) => match number::integer(number) {
            Some(1) => Ok(Order::Whole { descending: false }),
            Some(-1) => Ok(Order::Whole { descending: true }),
            _ => Err(directed()),
        },
        _ => Err(Error::bad("The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields")),
    }
}

pub(super) fn add_to_set(items: &mut Vec<Bson>, new: &[Bson], collation: &Collation) -> bool {
    let before = items.len();
    let mut present = Known::new(items, new.len() > FEW, collation);
    for item in new {
        if !present.has(items, item) {
            present.add(item);
            items.push(item.clone());
        }
    }
    items.len() != before
}

/// Which values are known. Many are looked up by their keys, so that it takes no longer than
/// sorting them would.
struct Known<'c> {
    collation: &'c Collation,
    keys: Option<HashSet<Vec<u8>>>,
}

/// As many values are looked up by going through all.
const FEW: usize = 8;

impl<'c> Known<'c> {
    fn new(values: &[Bson], by_key: bool, collation: &'c Collation) -> Self {
        let mut known = Self { collation, keys: by_key.then(HashSet::new) };
        values.iter().for_each(|value| known.add(value));
        known
    }

    fn key(&self, value: &Bson) -> Vec<u8> {
        key::encode(&self.collation.key_value(value), false)
    }

    fn add(&mut self, value: &Bson) {
        if self.keys.is_some() {
            let key = self.key(value);
            self.keys.get_or_insert_default().insert(key);
        }
    }

    /// Whether a value is one of the `values`, which are those that are known.
    fn has(&self, values: &[Bson], value: &Bson) -> bool {
        match &self.keys {
            Some(keys) => keys.contains(&self.key(value)),
            None => values.iter().any(|known| self.collation.equal(known, value)),
        }
    }
}

/// An array operator that makes the array where it is missing.
pub(super) fn grow(
    old: Option<&mut Bson>,
    room: &Room,
    bytes: usize,
    refusal: impl FnOnce(&'static str) -> Error,
    change: impl FnOnce(&mut Vec<Bson>) -> bool,
) -> Result<Edited> {
    room.take(bytes)?;
    match old {
        None => {
            let mut items = Vec::new();
            change(&mut items);
            Ok(Edited::New(Bson::Array(items)))
        }
        Some(Bson::Array(items)) => Ok(if change(items) { Edited::Changed } else { Edited::Same }),
        Some(other) => Err(refusal(type_name(other))),
    }
}

pub(super) fn pop(name: &str, old: Option<&mut Bson>, first: bool) -> Result<Edited> {
    match old {
        Some(Bson::Array(items)) if items.is_empty() => Ok(Edited::Same),
        Some(Bson::Array(items)) => {
            items.remove(if first { 0 } else { items.len() - 1 });
            Ok(Edited::Changed)
        }
        Some(other) => {
            Err(Error::new(Code::TypeMismatch, format!("Path '{name}' contains an element of non-array type '{}'", type_name(other))))
        }
        None => Ok(Edited::Same),
    }
}

pub(super) fn cull(operator: &str, old: Option<&mut Bson>, change: impl FnOnce(&mut Vec<Bson>) -> bool) -> Result<Edited> {
    match old {
        Some(Bson::Array(items)) => Ok(if change(items) { Edited::Changed } else { Edited::Same }),
        Some(_) => Err(Error::bad(format!("Cannot apply {operator} to a non-array value"))),
        None => Ok(Edited::Same),
    }
}

/// Removes the elements that are equal to one of the values.
pub(super) fn remove_all(items: &mut Vec<Bson>, values: &[Bson], collation: &Collation) -> bool {
    let before = items.len();
    let removed = Known::new(values, values.len() > FEW, collation);
    items.retain(|item| !removed.has(values, item));
    items.len() != before
}
