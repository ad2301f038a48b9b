//! From documents to updates, with MongoDB's errors.

use std::collections::HashSet;

use bson::{Bson, Document};

use super::array::Push;
use super::array_filters::ArrayFilters;
use super::operators::{BitOperation, Change, Operation};
use super::path::UpdatePath;
use super::pull::Pull;
use crate::check::{self, type_name};
use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::json;
use crate::number;

/// What a field takes in a document beside its name and value, in bytes of BSON.
const FIELD: usize = 2;

pub(super) fn update(update: &Document, filters: &ArrayFilters, collation: &Collation) -> Result<Vec<Change>> {
    if update.is_empty() {
        return Err(Error::parse("the update must not be empty"));
    }
    let mut parser = Parser { filters, collation, used: HashSet::new() };
    let mut changes = Vec::new();
    for (operator, operand) in update {
        if !operator.starts_with('$') {
            return Err(unknown(operator));
        }
        let Bson::Document(fields) = operand else {
            return Err(Error::parse(format!(
                "Modifiers operate on fields but we found type {} instead. For example: {{$mod: {{<field>: ...}}}} not {{{operator}: {}}}",
                type_name(operand),
                shown(operand)
            )));
        };
        if fields.is_empty() {
            return Err(Error::parse(format!("'{operator}' is empty. You must specify a field like so: {{{operator}: {{<field>: ...}}}}")));
        }
        for (name, value) in fields {
            changes.push(parser.change(operator, name, value)?);
        }
    }
    filters.refuse_unused(&parser.used, update)?;
    Ok(changes)
}

fn unknown(operator: &str) -> Error {
    Error::parse(format!("Unknown modifier: {operator}. Expected a valid update modifier or pipeline-style update specified as an array"))
}

fn shown(value: &Bson) -> String {
    json::to_string(value).chars().take(200).collect()
}

struct Parser<'a> {
    filters: &'a ArrayFilters,
    collation: &'a Collation,
    /// The identifiers of array filters that paths use.
    used: HashSet<String>,
}

impl Parser<'_> {
    fn path(&mut self, name: &str) -> Result<UpdatePath> {
        UpdatePath::parse(name, &|id| self.filters.knows(id), &mut self.used)
    }

    fn change(&mut self, operator: &str, name: &str, value: &Bson) -> Result<Change> {
        if operator == "$rename" {
            return self.rename(name, value);
        }
        let path = self.path(name)?;
        let operation = self.operation(operator, name, value)?;
        let bytes = match operation {
            Operation::Set(_)
            | Operation::SetOnInsert(_)
            | Operation::Minimum(_)
            | Operation::Maximum(_)
            | Operation::Push(_)
            | Operation::AddToSet(_) => size(value),
            _ => FIELD + 8,
        };
        Ok(Change { path, operation, bytes })
    }

    fn operation(&self, operator: &str, name: &str, value: &Bson) -> Result<Operation> {
        let stored = || check::value(name, value).map(|()| value.clone());
        let numeric = |verb: &str| {
            if number::is_number(value) {
                Ok(value.clone())
            } else {
                let shown = shown(value);
                Err(Error::new(Code::TypeMismatch, format!("Cannot {verb} with non-numeric argument: {{{name}: {shown}}}")))
            }
        };
        Ok(match operator {
            "$set" => Operation::Set(stored()?),
            "$setOnInsert" => Operation::SetOnInsert(stored()?),
            "$unset" => Operation::Unset,
            "$inc" => Operation::Increment(numeric("increment")?),
            "$mul" => Operation::Multiply(numeric("multiply")?),
            "$min" => Operation::Minimum(stored()?),
            "$max" => Operation::Maximum(stored()?),
            "$currentDate" => current_date(value)?,
            "$push" => Operation::Push(Push::parse(value)?),
            "$addToSet" => Operation::AddToSet(add_to_set(value)?),
            "$pop" => match number::integer(value) {
                Some(1) => Operation::Pop { first: false },
                Some(-1) => Operation::Pop { first: true },
                Some(other) => return Err(Error::parse(format!("$pop expects 1 or -1, found: {other}"))),
                None if number::is_number(value) => return Err(Error::parse(format!("Expected an integer: {name}: {}", shown(value)))),
                None => return Err(Error::parse(format!("Expected a number in: {name}: {}", shown(value)))),
            },
            "$pull" => Operation::Pull(Pull::parse(value, self.collation)?),
            "$pullAll" => match value {
                Bson::Array(items) => Operation::PullAll(items.clone()),
                other => return Err(Error::bad(format!("$pullAll requires an array argument but was given a {}", type_name(other)))),
            },
            "$bit" => Operation::Bit(bit(value)?),
            _ => return Err(unknown(operator)),
        })
    }

    fn rename(&mut self, name: &str, value: &Bson) -> Result<Change> {
        let target =
            value.as_str().ok_or_else(|| Error::bad(format!("The 'to' field for $rename must be a string: {name}: {}", shown(value))))?;
        if target.contains('\0') {
            return Err(Error::bad("The 'to' field for $rename cannot contain an embedded null byte"));
        }
        let (from, to) = (self.path(name)?, self.path(target)?);
        if from.fixed().is_none() {
            return Err(Error::bad(format!("The source field for $rename may not be dynamic: {name}")));
        }
        if to.fixed().is_none() {
            return Err(Error::bad(format!("The destination field for $rename may not be dynamic: {target}")));
        }
        if from.steps() == to.steps() {
            return Err(Error::bad(format!("The source and target field for $rename must differ: {name}: \"{target}\"")));
        }
        if from.steps().starts_with(to.steps()) || to.steps().starts_with(from.steps()) {
            return Err(Error::bad(format!("The source and target field for $rename must not be on the same path: {name}: \"{target}\"")));
        }
        Ok(Change { path: to, operation: Operation::RenameFrom(from), bytes: 0 })
    }
}

/// The size of a value as a field, in bytes of BSON.
fn size(value: &Bson) -> usize {
    let mut doc = Document::new();
    doc.insert("", value.clone());
    // What cannot be encoded is refused when it is stored.
    doc.to_vec().map_or(0, |bytes| bytes.len().saturating_sub(5))
}

fn current_date(value: &Bson) -> Result<Operation> {
    let wanted = "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}";
    let timestamp = match value {
        Bson::Boolean(_) => false,
        Bson::Document(doc) => {
            if let Some(other) = doc.keys().find(|key| *key != "$type") {
                return Err(Error::bad(format!("Unrecognized $currentDate option: {other}")));
            }
            match doc.get("$type").and_then(Bson::as_str) {
                Some("date") => false,
                Some("timestamp") => true,
                _ => return Err(Error::bad(wanted)),
            }
        }
        other => {
            return Err(Error::bad(format!(
                "{} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({{$type: 'timestamp/date'}}).",
                type_name(other)
            )));
        }
    };
    Ok(Operation::CurrentDate { timestamp })
}

fn add_to_set(value: &Bson) -> Result<Vec<Bson>> {
    let items = match value {
        Bson::Document(doc) if doc.keys().next().is_some_and(|key| key == "$each") => match doc.get("$each") {
            Some(Bson::Array(items)) if doc.len() == 1 => items.clone(),
            Some(Bson::Array(_)) => {
                return Err(Error::bad(format!("Found unexpected fields after $each in $addToSet: {}", shown(value))));
            }
            other => {
                let kind = other.map_or("missing", type_name);
                return Err(Error::new(
                    Code::TypeMismatch,
                    format!("The argument to $each in $addToSet must be an array but it was of type {kind}"),
                ));
            }
        },
        one => vec![one.clone()],
    };
    items.iter().try_for_each(|item| check::value("", item))?;
    Ok(items)
}

fn bit(value: &Bson) -> Result<Vec<(BitOperation, Bson)>> {
    let Bson::Document(doc) = value else {
        return Err(Error::bad(format!(
            "The $bit modifier is not compatible with a {}. You must pass in an embedded document: {{$bit: {{field: {{and/or/xor: #}}}}",
            type_name(value)
        )));
    };
    if doc.is_empty() {
        return Err(Error::bad(
            "You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}".to_owned(),
        ));
    }
    let operation = |(key, operand): (&String, &Bson)| {
        let operation = match key.as_str() {
            "and" => BitOperation::And,
            "or" => BitOperation::Or,
            "xor" => BitOperation::Xor,
            other => {
                return Err(Error::bad(format!(
                    "The $bit modifier only supports 'and', 'or', and 'xor', not '{other}' which is an unknown operator: {{{other}: {}}}",
                    shown(operand)
                )));
            }
        };
        match operand {
            Bson::Int32(_) | Bson::Int64(_) => Ok((operation, operand.clone())),
            other => Err(Error::bad(format!(
                "The $bit modifier field must be an Integer(32/64 bit); a '{}' is not supported here: {{{key}: {}}}",
                type_name(other),
                shown(other)
            ))),
        }
    };
    doc.iter().map(operation).collect()
}
