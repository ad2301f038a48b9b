//! From documents to updates, with MongoDB's errors.

use bson::{Bson, Document};

use super::array::Push;
use super::{BitOperation, Change};
use crate::check;
use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::number;
use crate::path::Path;

pub(super) fn update(update: &Document) -> Result<Vec<(Path, Change)>> {
    if update.is_empty() {
        return Err(Error::parse("the update must not be empty"));
    }
    let mut changes = Vec::new();
    for (operator, operand) in update {
        if !operator.starts_with('$') {
            return Err(Error::parse(format!(
                "Unknown modifier: {operator}. Expected a valid update modifier or pipeline-style update specified as an array"
            )));
        }
        let Bson::Document(fields) = operand else {
            return Err(Error::parse(format!(
                "Modifiers operate on fields but we found type {} instead. For example: {{$mod: {{<field>: ...}}}} not {{{operator}: ...}}",
                check::type_name(operand)
            )));
        };
        if fields.is_empty() {
            return Err(Error::parse(format!("'{operator}' is empty. You must specify a field like so: {{{operator}: {{<field>: ...}}}}")));
        }
        for (name, value) in fields {
            changes.push((path(name)?, change(operator, name, value)?));
        }
    }
    changes.sort_by(|(a, _), (b, _)| a.parts().cmp(b.parts()));
    conflicts(&changes)?;
    Ok(changes)
}

fn path(name: &str) -> Result<Path> {
    let path = Path::new(name);
    for part in path.parts() {
        if part.is_empty() {
            return Err(Error::new(
                Code::EmptyFieldName,
                format!("The update path '{name}' contains an empty field name, which is not allowed."),
            ));
        }
        if part == "$" || part.starts_with("$[") {
            return Err(Error::unsupported("a positional operator in an update path"));
        }
        if part.starts_with('$') && !matches!(part.as_str(), "$id" | "$ref" | "$db") {
            return Err(Error::new(
                Code::DollarPrefixedFieldName,
                format!("The dollar ($) prefixed field '{part}' in '{name}' is not valid for storage."),
            ));
        }
    }
    if path.parts().len() > check::MAX_DEPTH {
        return Err(Error::new(Code::Overflow, format!("a path may have at most {} parts", check::MAX_DEPTH)));
    }
    Ok(path)
}

/// No path may be touched twice, nor one below another.
fn conflicts(changes: &[(Path, Change)]) -> Result<()> {
    let mut paths: Vec<&Path> = changes.iter().map(|(path, _)| path).collect();
    paths.extend(changes.iter().filter_map(|(_, change)| match change {
        Change::RenameTo(target) => Some(target),
        _ => None,
    }));
    paths.sort_by(|a, b| a.parts().cmp(b.parts()));
    // Sorted, a path comes directly after one that it equals or lies below.
    for pair in paths.windows(2) {
        if let [above, path] = pair
            && path.parts().starts_with(above.parts())
        {
            return Err(Error::new(
                Code::ConflictingUpdateOperators,
                format!("Updating the path '{}' would create a conflict at '{}'", path.text(), above.text()),
            ));
        }
    }
    Ok(())
}

fn change(operator: &str, name: &str, value: &Bson) -> Result<Change> {
    let stored = || check::value(value).map(|()| value.clone());
    let numeric = |verb: &str| {
        if number::is_number(value) {
            Ok(value.clone())
        } else {
            let shown = crate::json::to_string(value);
            Err(Error::new(Code::TypeMismatch, format!("Cannot {verb} with non-numeric argument: {{{name}: {shown}}}")))
        }
    };
    Ok(match operator {
        "$set" => Change::Set(stored()?),
        "$setOnInsert" => Change::SetOnInsert(stored()?),
        "$unset" => Change::Unset,
        "$inc" => Change::Increment(numeric("increment")?),
        "$mul" => Change::Multiply(numeric("multiply")?),
        "$min" => Change::Minimum(stored()?),
        "$max" => Change::Maximum(stored()?),
        "$rename" => rename(name, value)?,
        "$currentDate" => current_date(value)?,
        "$push" => Change::Push(Push::parse(value)?),
        "$pushAll" => return Err(Error::parse("Unknown modifier: $pushAll")),
        "$addToSet" => Change::AddToSet(add_to_set(value)?),
        "$pop" => match number::integer(value) {
            Some(1) => Change::Pop { first: false },
            Some(-1) => Change::Pop { first: true },
            _ => return Err(Error::parse("$pop expects 1 or -1")),
        },
        "$pull" => Change::Pull(Filter::parse_for_element(value)?),
        "$pullAll" => match value {
            Bson::Array(items) => Change::PullAll(items.clone()),
            _ => return Err(Error::bad("$pullAll requires an array argument")),
        },
        "$bit" => Change::Bit(bit(name, value)?),
        _ => {
            return Err(Error::parse(format!(
                "Unknown modifier: {operator}. Expected a valid update modifier or pipeline-style update specified as an array"
            )));
        }
    })
}

fn rename(name: &str, value: &Bson) -> Result<Change> {
    let target = value.as_str().ok_or_else(|| Error::bad(format!("The 'to' field for $rename must be a string: {name}")))?;
    let (from, to) = (path(name)?, path(target)?);
    if from == to {
        return Err(Error::bad(format!("The source and target field for $rename must differ: {name}")));
    }
    if from.parts().starts_with(to.parts()) || to.parts().starts_with(from.parts()) {
        return Err(Error::bad(format!("The source and target field for $rename must not be on the same path: {name}")));
    }
    Ok(Change::RenameTo(to))
}

fn current_date(value: &Bson) -> Result<Change> {
    let timestamp = match value {
        Bson::Boolean(_) => false,
        Bson::Document(doc) if doc.len() == 1 => match doc.get("$type").and_then(Bson::as_str) {
            Some("date") => false,
            Some("timestamp") => true,
            _ => return Err(Error::bad("The '$type' string field is required to be 'date' or 'timestamp'")),
        },
        _ => return Err(Error::bad("$currentDate takes true, {$type: 'date'} or {$type: 'timestamp'}")),
    };
    Ok(Change::CurrentDate { timestamp })
}

fn add_to_set(value: &Bson) -> Result<Vec<Bson>> {
    let items = match value {
        Bson::Document(doc) if doc.keys().next().is_some_and(|key| key == "$each") => match doc.get("$each") {
            Some(Bson::Array(items)) if doc.len() == 1 => items.clone(),
            Some(Bson::Array(_)) => return Err(Error::bad("Found unexpected fields after $each in $addToSet")),
            _ => return Err(Error::new(Code::TypeMismatch, "The argument to $each in $addToSet must be an array")),
        },
        one => vec![one.clone()],
    };
    items.iter().try_for_each(check::value)?;
    Ok(items)
}

fn bit(name: &str, value: &Bson) -> Result<Vec<(BitOperation, Bson)>> {
    let doc = value.as_document().filter(|doc| !doc.is_empty());
    let doc = doc.ok_or_else(|| Error::bad(format!("The $bit modifier needs a document such as {{{name}: {{and: 1}}}}")))?;
    let operation = |(key, operand): (&String, &Bson)| {
        let operation = match key.as_str() {
            "and" => BitOperation::And,
            "or" => BitOperation::Or,
            "xor" => BitOperation::Xor,
            other => return Err(Error::bad(format!("The $bit modifier only supports 'and', 'or', and 'xor', not '{other}'"))),
        };
        match operand {
            Bson::Int32(_) | Bson::Int64(_) => Ok((operation, operand.clone())),
            _ => Err(Error::bad("The $bit modifier field must be an Integer(32/64 bit)")),
        }
    };
    doc.iter().map(operation).collect()
}
