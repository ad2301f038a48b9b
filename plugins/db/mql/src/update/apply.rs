//! What each operator does to the value at its path.

use std::cmp::Ordering;

use bson::{Bson, DateTime, Document};

use super::operators::{BitOperation, Change, Operation, Operators};
use super::place::{Edited, Missing, Room, edit};
use super::{array, clock, same};
use crate::check::type_name;
use crate::error::{Code, Error, Result};
use crate::json;
use crate::number;
use crate::path::index;
use crate::watch::Watch;

/// One update of one document.
pub(super) struct Run<'a> {
    pub(super) operators: &'a Operators,
    pub(super) room: Room,
    /// The document's `_id`, for messages.
    pub(super) id: Option<Bson>,
    pub(super) watch: &'a Watch,
}

impl Run<'_> {
    /// Makes a change at a place. Says whether the document is different now.
    pub(super) fn one(&self, change: &Change, place: &[String], doc: &mut Document) -> Result<bool> {
        let (collation, bytes) = (&self.operators.collation, change.bytes);
        let mut create = |apply: &mut dyn FnMut(Option<&mut Bson>) -> Result<Edited>| edit(doc, place, Missing::Create, &self.room, apply);
        match &change.operation {
            Operation::Set(value) | Operation::SetOnInsert(value) => create(&mut |old| self.set(old, value, bytes)),
            Operation::Increment(by) => create(&mut |old| self.arithmetic("$inc", old, by, place)),
            Operation::Multiply(by) => create(&mut |old| self.arithmetic("$mul", old, by, place)),
            Operation::Minimum(value) => create(&mut |old| self.bounded(old, value, bytes, Ordering::Less)),
            Operation::Maximum(value) => create(&mut |old| self.bounded(old, value, bytes, Ordering::Greater)),
            Operation::CurrentDate { timestamp } => {
                let now = self.operators.now.unwrap_or_else(DateTime::now);
                let now = if *timestamp { clock::timestamp(now) } else { Bson::DateTime(now) };
                create(&mut |old| self.set(old, &now, bytes))
            }
            Operation::Push(push) => create(&mut |old| {
                let refusal = |kind| {
                    let (name, id) = (place.join("."), self.id());
                    Error::bad(format!("The field '{name}' must be an array but is of type {kind} in document {{{id}}}"))
                };
                array::grow(old, &self.room, push.kept(bytes), refusal, |items| push.apply(items, collation, self.watch))
            }),
            Operation::AddToSet(new) => create(&mut |old| {
                let refusal = |kind| {
                    let name = place.join(".");
                    Error::bad(format!("Cannot apply $addToSet to non-array field. Field named '{name}' has non-array type {kind}"))
                };
                array::grow(old, &self.room, bytes, refusal, |items| array::add_to_set(items, new, collation, self.watch))
            }),
            Operation::Bit(operations) => create(&mut |old| self.bits(old, operations, place)),
            Operation::Unset => edit(doc, place, Missing::Ignore, &self.room, &mut |_| Ok(Edited::Removed)),
            Operation::Pop { first } => edit(doc, place, Missing::Skip, &self.room, &mut |old| array::pop(&place.join("."), old, *first)),
            Operation::Pull(pull) => {
                edit(doc, place, Missing::Skip, &self.room, &mut |old| array::cull("$pull", old, |items| pull.apply(items, self.watch)))
            }
            Operation::PullAll(values) => edit(doc, place, Missing::Skip, &self.room, &mut |old| {
                array::cull("$pullAll", old, |items| array::remove_all(items, values, self.watch))
            }),
            Operation::RenameFrom(source) => self.rename(doc, source.fixed().unwrap_or_default(), place),
        }
    }

    fn id(&self) -> String {
        match &self.id {
            None => "no id".to_owned(),
            Some(id) => format!("_id: {}", json::to_string(id)),
        }
    }

    fn set(&self, old: Option<&mut Bson>, value: &Bson, bytes: usize) -> Result<Edited> {
        match old {
            Some(old) if same::value(old, value) => Ok(Edited::Same),
            _ => {
                self.room.take(bytes)?;
                Ok(Edited::New(value.clone()))
            }
        }
    }

    fn bounded(&self, old: Option<&mut Bson>, value: &Bson, bytes: usize, wanted: Ordering) -> Result<Edited> {
        match old {
            Some(old) if self.operators.collation.compare(value, old) != wanted => Ok(Edited::Same),
            _ => {
                self.room.take(bytes)?;
                Ok(Edited::New(value.clone()))
            }
        }
    }

    fn arithmetic(&self, operator: &str, old: Option<&mut Bson>, by: &Bson, place: &[String]) -> Result<Edited> {
        let combine = if operator == "$mul" { number::product } else { number::sum };
        let Some(old) = old else {
            return Ok(Edited::New(if operator == "$mul" { combine(by, &Bson::Int32(0))? } else { by.clone() }));
        };
        if !number::is_number(old) {
            let (id, name, kind) = (self.id(), place.last().map_or("", String::as_str), type_name(old));
            return Err(Error::new(
                Code::TypeMismatch,
                format!(
                    "Cannot apply {operator} to a value of non-numeric type. {{{id}}} has the field '{name}' of non-numeric type {kind}"
                ),
            ));
        }
        let new = combine(old, by).map_err(|error| match error.code() {
            Code::BadValue => Error::bad(format!(
                "Failed to apply {operator} operations to current value ({}) for document {{{}}}",
                number::described(old),
                self.id()
            )),
            _ => error,
        })?;
        self.set(Some(old), &new, 0)
    }

    fn bits(&self, old: Option<&mut Bson>, operations: &[(BitOperation, Bson)], place: &[String]) -> Result<Edited> {
        let mut value = old.as_deref().cloned().unwrap_or(Bson::Int32(0));
        if !matches!(value, Bson::Int32(_) | Bson::Int64(_)) {
            let (id, name, kind) = (self.id(), place.last().map_or("", String::as_str), type_name(&value));
            return Err(Error::bad(format!(
                "Cannot apply $bit to a value of non-integral type.{id} has the field {name} of non-integer type {kind}"
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
        self.set(old, &value, 0)
    }

    fn rename(&self, doc: &mut Document, source: &[String], target: &[String]) -> Result<bool> {
        if !self.source(doc, source)? {
            return Ok(false);
        }
        self.target(doc, target)?;
        let mut moved = None;
        edit(doc, source, Missing::Ignore, &self.room, &mut |old| {
            moved = old.map(std::mem::take);
            Ok(Edited::Removed)
        })?;
        edit(doc, target, Missing::Create, &self.room, &mut |_| Ok(Edited::New(moved.take().unwrap_or(Bson::Null))))
    }

    /// Whether there is something to rename.
    fn source(&self, doc: &Document, source: &[String]) -> Result<bool> {
        let mut parts = source.iter();
        let Some(mut value) = parts.next().and_then(|part| doc.get(part)) else {
            return Ok(false);
        };
        let mut array = None;
        let mut name = source.first().map_or("", String::as_str);
        for part in parts {
            let below = match value {
                Bson::Document(doc) => doc.get(part),
                Bson::Array(items) if index(part).is_some() => {
                    array.get_or_insert(name);
                    index(part).and_then(|i| items.get(i))
                }
                other => {
                    let shown: String = json::to_string(other).chars().take(200).collect();
                    return Err(Error::new(
                        Code::PathNotViable,
                        format!("cannot use the part ({part} of {}) to traverse the element ({{{name}: {shown}}})", source.join(".")),
                    ));
                }
            };
            let Some(below) = below else {
                return Ok(false);
            };
            (value, name) = (below, part);
        }
        array.map_or(Ok(true), |array| Err(self.through_array("source", source, array)))
    }

    fn target(&self, doc: &Document, target: &[String]) -> Result<()> {
        let mut name = "";
        let mut value: Option<&Bson> = None;
        for (i, part) in target.iter().enumerate() {
            value = match value {
                None if i == 0 => doc.get(part),
                Some(Bson::Document(doc)) => doc.get(part),
                Some(Bson::Array(_)) => return Err(self.through_array("destination", target, name)),
                _ => return Ok(()),
            };
            name = part;
        }
        Ok(())
    }

    fn through_array(&self, end: &str, path: &[String], array: &str) -> Error {
        Error::bad(format!(
            "The {end} field cannot be an array element, '{}' in doc with {} has an array field called '{array}'",
            path.join("."),
            self.id()
        ))
    }
}
