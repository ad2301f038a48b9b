//! Operators on arrays as sets: neither the order of elements counts nor how often they occur.
//! Results are in the order of sorting but that of `$setDifference`, which keeps its order.

use bson::Bson;

use super::call::{Args, nth};
use super::room::Room;
use super::{nullish, truthy, type_name};
use crate::collation::Collation;
use crate::error::{Error, Result};

/// Elements in order, each once: of equal ones the first.
fn distinct<'a>(items: impl IntoIterator<Item = &'a Bson>, collation: &Collation) -> Vec<&'a Bson> {
    let mut all: Vec<&Bson> = items.into_iter().collect();
    all.sort_by(|a, b| collation.compare(a, b));
    all.dedup_by(|a, b| collation.equal(a, b));
    all
}

fn contains(set: &[&Bson], item: &Bson, collation: &Collation) -> bool {
    set.binary_search_by(|other| collation.compare(other, item)).is_ok()
}

/// A copy of elements, as far as there is room.
fn copied(items: Vec<&Bson>) -> Result<Bson> {
    let mut room = Room::new();
    items.iter().try_for_each(|item| room.hold(item))?;
    Ok(Bson::Array(items.into_iter().cloned().collect()))
}

/// All operands as arrays; `None` if one is null.
fn operands<'a>(operator: &str, args: &'a Args<'_>, code: i32) -> Result<Option<Vec<&'a [Bson]>>> {
    let mut arrays = Vec::with_capacity(args.len());
    for value in args {
        match value.as_ref() {
            Bson::Array(items) => arrays.push(items.as_slice()),
            value if nullish(value) => return Ok(None),
            other => return Err(not_arrays(operator, other, code)),
        }
    }
    Ok(Some(arrays))
}

fn not_arrays(operator: &str, found: &Bson, code: i32) -> Error {
    Error::at(code, format!("All operands of {operator} must be arrays. One argument is of type: {}", type_name(found)))
}

/// The two operands of an operator as arrays.
fn both<'a>(operator: &str, args: &'a Args<'_>, codes: [i32; 2]) -> Result<[&'a [Bson]; 2]> {
    let array = |at: usize, which: &str, code: i32| match nth(args, at) {
        Bson::Array(items) => Ok(items.as_slice()),
        other => {
            let kind = type_name(other);
            Err(Error::at(code, format!("both operands of {operator} must be arrays. {which} argument is of type: {kind}")))
        }
    };
    let [first, second] = codes;
    Ok([array(0, "First", first)?, array(1, "Second", second)?])
}

pub(super) fn set_equals(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    let mut sets = Vec::with_capacity(args.len());
    for value in args {
        match value.as_ref() {
            Bson::Array(items) => sets.push(distinct(items, collation)),
            other => return Err(not_arrays("$setEquals", other, 17044)),
        }
    }
    let same = |a: &[&Bson], b: &[&Bson]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| collation.equal(a, b));
    Ok(Bson::Boolean(sets.windows(2).all(|pair| matches!(pair, [a, b] if same(a, b)))))
}

pub(super) fn set_intersection(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    let Some(arrays) = operands("$setIntersection", args, 17047)? else {
        return Ok(Bson::Null);
    };
    let mut arrays = arrays.into_iter();
    let mut common = distinct(arrays.next().unwrap_or_default(), collation);
    for array in arrays {
        let other = distinct(array, collation);
        common.retain(|item| contains(&other, item, collation));
    }
    copied(common)
}

pub(super) fn set_union(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    match operands("$setUnion", args, 17043)? {
        Some(arrays) => copied(distinct(arrays.into_iter().flatten(), collation)),
        None => Ok(Bson::Null),
    }
}

pub(super) fn set_difference(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    if nullish(nth(args, 0)) || nullish(nth(args, 1)) {
        return Ok(Bson::Null);
    }
    let [kept, removed] = both("$setDifference", args, [17048, 17049])?;
    let removed = distinct(removed, collation);
    let mut rest: Vec<(usize, &Bson)> = kept.iter().enumerate().filter(|(_, item)| !contains(&removed, item, collation)).collect();
    rest.sort_by(|(_, a), (_, b)| collation.compare(a, b));
    rest.dedup_by(|(_, a), (_, b)| collation.equal(a, b));
    rest.sort_by_key(|(at, _)| *at);
    copied(rest.into_iter().map(|(_, item)| item).collect())
}

pub(super) fn set_is_subset(args: &Args<'_>, collation: &Collation) -> Result<Bson> {
    let [part, whole] = both("$setIsSubset", args, [17046, 17042])?;
    let whole = distinct(whole, collation);
    Ok(Bson::Boolean(part.iter().all(|item| contains(&whole, item, collation))))
}

pub(super) fn all_elements_true(args: &Args<'_>) -> Result<Bson> {
    match nth(args, 0) {
        Bson::Array(items) => Ok(Bson::Boolean(items.iter().all(truthy))),
        other => Err(Error::at(17040, format!("$allElementsTrue's argument must be an array, but is {}", type_name(other)))),
    }
}

pub(super) fn any_element_true(args: &Args<'_>) -> Result<Bson> {
    match nth(args, 0) {
        Bson::Array(items) => Ok(Bson::Boolean(items.iter().any(truthy))),
        other => Err(Error::at(17041, format!("$anyElementTrue's argument must be an array, but is {}", type_name(other)))),
    }
}
