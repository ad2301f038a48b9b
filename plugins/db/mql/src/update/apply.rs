//! What each operator does to the value at its path.

use std::cmp::Ordering;

use bson::{Bson, DateTime, Document, Timestamp};

use super::place::edit;
use super::{BitOperation, Change, array};
use crate::check::type_name;
use crate::compare::compare;
use crate::error::{Code, Error, Result};
use crate::number;
use crate::path::{Path, index};

pub(super) fn all(changes: &[(Path, Change)], doc: &mut Document, inserting: bool) -> Result<()> {
    changes.iter().try_for_each(|(path, change)| one(path, change, doc, inserting))
}

fn one(path: &Path, change: &Change, doc: &mut Document, inserting: bool) -> Result<()> {
    let name = path.text();
    match change {
        Change::Set(value) => edit(doc, path, true, &mut |_| Ok(Some(value.clone()))),
        Change::SetOnInsert(_) if !inserting => Ok(()),
        Change::SetOnInsert(value) => edit(doc, path, true, &mut |_| Ok(Some(value.clone()))),
        Change::Unset => edit(doc, path, false, &mut |_| Ok(None)),
        Change::Increment(by) => edit(doc, path, true, &mut |old| arithmetic("$inc", name, old, by)),
        Change::Multiply(by) => edit(doc, path, true, &mut |old| arithmetic("$mul", name, old, by)),
        Change::Minimum(value) => edit(doc, path, true, &mut |old| Ok(Some(bounded(old, value, Ordering::Less)))),
        Change::Maximum(value) => edit(doc, path, true, &mut |old| Ok(Some(bounded(old, value, Ordering::Greater)))),
        Change::RenameTo(target) => rename(doc, path, target),
        Change::CurrentDate { timestamp } => edit(doc, path, true, &mut |_| Ok(Some(now(*timestamp)))),
        Change::Push(push) => edit(doc, path, true, &mut |old| push.apply(name, old)),
        Change::AddToSet(items) => edit(doc, path, true, &mut |old| array::add_to_set(name, old, items)),
        Change::Pop { first } => edit(doc, path, false, &mut |old| array::pop(name, old, *first)),
        Change::Pull(condition) => edit(doc, path, false, &mut |old| array::pull("$pull", old, |item| condition.matches(item))),
        Change::PullAll(values) => {
            edit(doc, path, false, &mut |old| array::pull("$pullAll", old, |item| values.iter().any(|v| crate::equal(v, item))))
        }
        Change::Bit(operations) => edit(doc, path, true, &mut |old| bits(name, old, operations)),
    }
}

fn arithmetic(operator: &str, name: &str, old: Option<Bson>, by: &Bson) -> Result<Option<Bson>> {
    let Some(old) = old else {
        let product = || number::combine(by, &Bson::Int32(0), i64::checked_mul, |a, b| a * b);
        return Ok(Some(if operator == "$mul" { product()? } else { by.clone() }));
    };
    if !number::is_number(&old) {
        return Err(Error::new(
            Code::TypeMismatch,
            format!(
                "Cannot apply {operator} to a value of non-numeric type. The field '{name}' is of non-numeric type {}",
                type_name(&old)
            ),
        ));
    }
    let result = if operator == "$mul" {
        number::combine(&old, by, i64::checked_mul, |a, b| a * b)
    } else {
        number::combine(&old, by, i64::checked_add, |a, b| a + b)
    };
    result
        .map(Some)
        .map_err(|e| Error::new(e.code(), format!("Failed to apply {operator} operations to the field '{name}': {}", e.message())))
}

fn bounded(old: Option<Bson>, value: &Bson, wanted: Ordering) -> Bson {
    match old {
        Some(old) if compare(value, &old) != wanted => old,
        _ => value.clone(),
    }
}

fn now(timestamp: bool) -> Bson {
    let now = DateTime::now();
    if timestamp {
        let seconds = u32::try_from(now.timestamp_millis() / 1000).unwrap_or(u32::MAX);
        Bson::Timestamp(Timestamp { time: seconds, increment: 1 })
    } else {
        Bson::DateTime(now)
    }
}

fn rename(doc: &mut Document, source: &Path, target: &Path) -> Result<()> {
    refuse_elements(doc, source, "source")?;
    refuse_elements(doc, target, "destination")?;
    let mut moved = None;
    edit(doc, source, false, &mut |old| {
        moved = old;
        Ok(None)
    })?;
    match moved {
        None => Ok(()),
        Some(_) => edit(doc, target, true, &mut |_| Ok(moved.take())),
    }
}

fn refuse_elements(doc: &Document, path: &Path, end: &str) -> Result<()> {
    let mut parts = path.parts().iter();
    let mut value = parts.next().and_then(|part| doc.get(part));
    for part in parts {
        value = match value {
            Some(Bson::Document(doc)) => doc.get(part),
            Some(Bson::Array(items)) if index(part).is_some_and(|i| i < items.len()) || end == "destination" => {
                return Err(Error::bad(format!("The {end} field cannot be an array element, '{}'", path.text())));
            }
            _ => None,
        };
    }
    Ok(())
}

fn bits(name: &str, old: Option<Bson>, operations: &[(BitOperation, Bson)]) -> Result<Option<Bson>> {
    let mut value = old.unwrap_or(Bson::Int32(0));
    if !matches!(value, Bson::Int32(_) | Bson::Int64(_)) {
        return Err(Error::bad(format!(
            "Cannot apply $bit to a value of non-integral type. The field '{name}' is of non-integer type {}",
            type_name(&value)
        )));
    }
    for (operation, operand) in operations {
        let (Some(a), Some(b)) = (number::integer(&value), number::integer(operand)) else {
            continue;
        };
        let result = match operation {
            BitOperation::And => a & b,
            BitOperation::Or => a | b,
            BitOperation::Xor => a ^ b,
        };
        let narrow = matches!((&value, operand), (Bson::Int32(_), Bson::Int32(_)));
        value = match i32::try_from(result) {
            Ok(result) if narrow => Bson::Int32(result),
            _ => Bson::Int64(result),
        };
    }
    Ok(Some(value))
}
