//! Finding the place that an update path names, and making it where it is missing.

use std::mem;

use bson::{Bson, Document};

use crate::error::{Code, Error, Result};
use crate::json;
use crate::path::{Path, index};

/// How far behind its end an array may be filled up with nulls. MongoDB's own limit.
const MAX_PADDING: usize = 1_500_000;

/// What to do with the value at a place: gets the old one, gives the new one, `None` for missing.
pub(super) type Edit<'e> = &'e mut dyn FnMut(Option<Bson>) -> Result<Option<Bson>>;

/// Edits the value at a path. Where the path is missing it is made, or with `create` false
/// nothing is done.
pub(super) fn edit(doc: &mut Document, path: &Path, create: bool, edit: Edit<'_>) -> Result<()> {
    in_document(doc, path.parts(), create, edit)
}

/// Sets a path, making what is missing.
pub(crate) fn set_path(doc: &mut Document, path: &str, value: Bson) -> Result<()> {
    let mut value = Some(value);
    edit(doc, &Path::new(path), true, &mut |_| Ok(value.take()))
}

fn in_document(doc: &mut Document, parts: &[String], create: bool, edit: Edit<'_>) -> Result<()> {
    let Some((first, rest)) = parts.split_first() else {
        return Ok(());
    };
    match doc.get_mut(first) {
        Some(value) if rest.is_empty() => match edit(Some(mem::take(value)))? {
            Some(new) => *value = new,
            None => drop(doc.remove(first)),
        },
        Some(value) => in_value(first, value, rest, create, edit)?,
        None if create => {
            if let Some(new) = fresh(rest, edit)? {
                doc.insert(first.clone(), new);
            }
        }
        None => {}
    }
    Ok(())
}

/// The value for a place that is missing: documents for the parts still to go.
fn fresh(rest: &[String], edit: Edit<'_>) -> Result<Option<Bson>> {
    let Some(value) = edit(None)? else {
        return Ok(None);
    };
    Ok(Some(rest.iter().rev().fold(value, |inner, part| {
        let mut doc = Document::new();
        doc.insert(part.clone(), inner);
        Bson::Document(doc)
    })))
}

fn in_value(name: &str, value: &mut Bson, rest: &[String], create: bool, edit: Edit<'_>) -> Result<()> {
    let Some((next, beyond)) = rest.split_first() else {
        return Ok(());
    };
    let items = match value {
        Bson::Document(doc) => return in_document(doc, rest, create, edit),
        Bson::Array(items) => items,
        _ => return not_viable(name, value, next, create),
    };
    let Some(position) = index(next) else {
        return not_viable(name, value, next, create);
    };
    let length = items.len();
    match items.get_mut(position) {
        // An element cannot be removed this way, only emptied.
        Some(item) if beyond.is_empty() => *item = edit(Some(mem::take(item)))?.unwrap_or(Bson::Null),
        Some(item) => in_value(next, item, beyond, create, edit)?,
        None if create => {
            if position.saturating_sub(length) > MAX_PADDING {
                return Err(Error::bad(format!("can't backfill more than {MAX_PADDING} elements")));
            }
            if let Some(new) = fresh(beyond, edit)? {
                items.resize(position, Bson::Null);
                items.push(new);
            }
        }
        None => {}
    }
    Ok(())
}

fn not_viable(name: &str, value: &Bson, next: &str, create: bool) -> Result<()> {
    if !create {
        return Ok(());
    }
    let shown: String = json::to_string(value).chars().take(200).collect();
    Err(Error::new(Code::PathNotViable, format!("Cannot create field '{next}' in element {{{name}: {shown}}}")))
}
