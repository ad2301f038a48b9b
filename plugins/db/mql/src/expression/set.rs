//! Operators on arrays as sets: neither the order of elements counts nor how often they occur.
//! Results are in the order of sorting but that of `$setDifference`, which keeps its order.

use bson::Bson;

use super::call::{Args, nth};
use super::room::Room;
use super::{Variables, nullish, truthy, type_name};
use crate::error::{Error, Result};

/// About how many comparisons it takes to find an element in a set.
const STEPS: usize = 16;

/// Elements in order, each once: of equal ones the first.
fn distinct<'a>(items: impl IntoIterator<Item = &'a Bson>, variables: &Variables) -> Result<Vec<&'a Bson>> {
    let mut all: Vec<&Bson> = items.into_iter().collect();
    variables.watch.sort_by(&mut all, |a, b| variables.collation.compare(a, b))?;
    dedup_by(&mut all, variables, |a, b| variables.collation.equal(a, b))?;
    Ok(all)
}

/// Leaves of equal neighbours the first.
fn dedup_by<T>(items: &mut Vec<T>, variables: &Variables, equal: impl Fn(&T, &T) -> bool) -> Result<()> {
    items.dedup_by(|a, b| !variables.watch.is_over_after(1) && equal(a, b));
    variables.watch.spend(1)
}

/// Leaves the elements that are in a set, or those that are not.
fn retain(items: &mut Vec<&Bson>, set: &[&Bson], within: bool, variables: &Variables) -> Result<()> {
    items.retain(|item| !variables.watch.is_over_after(STEPS) && contains(set, item, variables) == within);
    variables.watch.spend(1)
}

fn contains(set: &[&Bson], item: &Bson, variables: &Variables) -> bool {
    set.binary_search_by(|other| variables.collation.compare(other, item)).is_ok()
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

pub(super) fn set_equals(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    let mut sets = Vec::with_capacity(args.len());
    for value in args {
        match value.as_ref() {
            Bson::Array(items) => sets.push(distinct(items, variables)?),
            other => return Err(not_arrays("$setEquals", other, 17044)),
        }
    }
    let equal = |(a, b): (&&Bson, &&Bson)| !variables.watch.is_over_after(1) && variables.collation.equal(a, b);
    let same = |a: &[&Bson], b: &[&Bson]| a.len() == b.len() && a.iter().zip(b).all(equal);
    let all = sets.windows(2).all(|pair| matches!(pair, [a, b] if same(a, b)));
    variables.watch.spend(1)?;
    Ok(Bson::Boolean(all))
}

pub(super) fn set_intersection(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    let Some(arrays) = operands("$setIntersection", args, 17047)? else {
        return Ok(Bson::Null);
    };
    let mut arrays = arrays.into_iter();
    let mut common = distinct(arrays.next().unwrap_or_default(), variables)?;
    for array in arrays {
        retain(&mut common, &distinct(array, variables)?, true, variables)?;
    }
    copied(common)
}

pub(super) fn set_union(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    match operands("$setUnion", args, 17043)? {
        Some(arrays) => copied(distinct(arrays.into_iter().flatten(), variables)?),
        None => Ok(Bson::Null),
    }
}

pub(super) fn set_difference(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    if nullish(nth(args, 0)) || nullish(nth(args, 1)) {
        return Ok(Bson::Null);
    }
    let [kept, removed] = both("$setDifference", args, [17048, 17049])?;
    let mut rest: Vec<&Bson> = kept.iter().collect();
    retain(&mut rest, &distinct(removed, variables)?, false, variables)?;
    let mut rest: Vec<(usize, &Bson)> = rest.into_iter().enumerate().collect();
    variables.watch.sort_by(&mut rest, |(_, a), (_, b)| variables.collation.compare(a, b))?;
    dedup_by(&mut rest, variables, |(_, a), (_, b)| variables.collation.equal(a, b))?;
    rest.sort_by_key(|(at, _)| *at);
    copied(rest.into_iter().map(|(_, item)| item).collect())
}

pub(super) fn set_is_subset(args: &Args<'_>, variables: &Variables) -> Result<Bson> {
    let [part, whole] = both("$setIsSubset", args, [17046, 17042])?;
    let whole = distinct(whole, variables)?;
    let all = part.iter().all(|item| !variables.watch.is_over_after(STEPS) && contains(&whole, item, variables));
    variables.watch.spend(1)?;
    Ok(Bson::Boolean(all))
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
