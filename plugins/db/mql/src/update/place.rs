//! Finding the place that an update path leads to, and making it where it is missing.

use std::cell::Cell;

use bson::{Bson, Document};

use crate::check;
use crate::error::{Code, Error, Result};
use crate::json;
use crate::path::{Path, index};

/// How far behind its end an array may be filled up with nulls. MongoDB's own limit.
const MAX_PADDING: usize = 1_500_000;

/// What became of the value at a place.
pub(super) enum Edited {
    /// Nothing.
    Same,
    /// It was changed where it is.
    Changed,
    /// The missing value is now this one.
    New(Bson),
    /// It is to be removed.
    Removed,
}

/// What to do with the value at a place; gets `None` where it is missing.
pub(super) type Edit<'e> = &'e mut dyn FnMut(Option<&mut Bson>) -> Result<Edited>;

/// What to do where a path is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is made.
    Create,
    /// Nothing, if it could be made.
    Skip,
    /// Nothing at all.
    Ignore,
}

/// How much an update may add to a document before the result is certainly too large: what
/// `$[]` copies many times, and nulls, need not be made first to find that out.
#[derive(Default)]
pub(super) struct Room {
    added: Cell<usize>,
}

impl Room {
    /// Takes room for as many bytes of BSON.
    ///
    /// # Errors
    /// `BSONObjectTooLarge`.
    pub(super) fn take(&self, bytes: usize) -> Result<()> {
        let added = self.added.get().saturating_add(bytes);
        self.added.set(added);
        if added > 2 * check::MAX_SIZE {
            return Err(too_large());
        }
        Ok(())
    }
}

pub(super) fn too_large() -> Error {
    Error::new(Code::BSONObjectTooLarge, format!("Resulting document after update is larger than {}", check::MAX_SIZE))
}

/// Edits the value at a path. Says whether the document changed.
pub(super) fn edit(doc: &mut Document, parts: &[String], missing: Missing, room: &Room, edit: Edit<'_>) -> Result<bool> {
    in_document(doc, parts, &Walk { parts, missing, room }, edit)
}

/// Sets a path, making what is missing.
pub(crate) fn set_path(doc: &mut Document, path: &str, value: Bson) -> Result<()> {
    let mut value = Some(value);
    let set = &mut |old: Option<&mut Bson>| {
        let value = value.take().unwrap_or(Bson::Null);
        Ok(match old {
            Some(old) => {
                *old = value;
                Edited::Changed
            }
            None => Edited::New(value),
        })
    };
    edit(doc, Path::new(path).parts(), Missing::Create, &Room::default(), set).map(drop)
}

struct Walk<'a> {
    parts: &'a [String],
    missing: Missing,
    room: &'a Room,
}

fn in_document(doc: &mut Document, parts: &[String], walk: &Walk<'_>, edit: Edit<'_>) -> Result<bool> {
    let Some((first, rest)) = parts.split_first() else {
        return Ok(false);
    };
    match doc.get_mut(first) {
        Some(value) if rest.is_empty() => Ok(match edit(Some(value))? {
            Edited::Same => false,
            Edited::Changed => true,
            Edited::New(new) => {
                *value = new;
                true
            }
            Edited::Removed => {
                doc.remove(first);
                true
            }
        }),
        Some(value) => in_value(first, value, rest, walk, edit),
        None if walk.missing == Missing::Create => {
            let new = fresh(rest, edit)?;
            Ok(new.is_some_and(|new| {
                doc.insert(first.clone(), new);
                true
            }))
        }
        None => Ok(false),
    }
}

/// The value for a place that is missing: documents for the parts still to go.
fn fresh(rest: &[String], edit: Edit<'_>) -> Result<Option<Bson>> {
    let Edited::New(value) = edit(None)? else {
        return Ok(None);
    };
    Ok(Some(rest.iter().rev().fold(value, |inner, part| {
        let mut doc = Document::new();
        doc.insert(part.clone(), inner);
        Bson::Document(doc)
    })))
}

fn in_value(name: &str, value: &mut Bson, rest: &[String], walk: &Walk<'_>, edit: Edit<'_>) -> Result<bool> {
    let Some((next, beyond)) = rest.split_first() else {
        return Ok(false);
    };
    let items = match value {
        Bson::Document(doc) => return in_document(doc, rest, walk, edit),
        Bson::Array(items) if index(next).is_some() => items,
        _ => return not_viable(name, value, next, walk),
    };
    let position = index(next).unwrap_or(usize::MAX);
    let length = items.len();
    match items.get_mut(position) {
        Some(item) if beyond.is_empty() => Ok(match edit(Some(item))? {
            Edited::Same => false,
            Edited::Changed => true,
            Edited::New(new) => {
                *item = new;
                true
            }
            // An element cannot be removed this way, only emptied.
            Edited::Removed => {
                let changed = !matches!(item, Bson::Null);
                *item = Bson::Null;
                changed
            }
        }),
        Some(item) => in_value(next, item, beyond, walk, edit),
        None if walk.missing == Missing::Create => {
            let padding = position.saturating_sub(length);
            if padding > MAX_PADDING {
                return Err(Error::new(Code::CannotBackfillArray, format!("can't backfill more than {MAX_PADDING} elements")));
            }
            // A null takes its type, its position in decimal digits and a zero.
            walk.room.take(padding.saturating_mul(2 + next.len().saturating_sub(1)))?;
            let Some(new) = fresh(beyond, edit)? else {
                return Ok(false);
            };
            items.resize(position, Bson::Null);
            items.push(new);
            Ok(true)
        }
        None => Ok(false),
    }
}

fn not_viable(name: &str, value: &Bson, next: &str, walk: &Walk<'_>) -> Result<bool> {
    let shown: String = json::to_string(value).chars().take(200).collect();
    match walk.missing {
        Missing::Ignore => Ok(false),
        Missing::Skip => Err(Error::new(
            Code::PathNotViable,
            format!("Cannot use the part ({next}) of ({}) to traverse the element ({{{name}: {shown}}})", walk.parts.join(".")),
        )),
        Missing::Create => Err(Error::new(Code::PathNotViable, format!("Cannot create field '{next}' in element {{{name}: {shown}}}"))),
    }
}
