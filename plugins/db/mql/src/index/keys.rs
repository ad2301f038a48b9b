//! The keys of a document in an index.

use std::collections::BTreeSet;

use bson::{Bson, Document};

use super::{FieldKind, IndexSpec};
use crate::error::{Code, Error, Result};
use crate::path::index;
use crate::{geo, key};

/// How large all keys of a document in one index may be together, in bytes. MongoDB bounds only
/// the document, of which a key may repeat parts as often as an array has elements.
const MAX_KEYS_SIZE: usize = 4 * crate::check::MAX_SIZE;

/// What is known of one field of a key.
#[derive(Clone, Copy)]
pub(crate) enum Field<'a> {
    /// Its value, `None` where it is missing.
    Value(Option<&'a Bson>),
    /// The parts of its path still to go from a document.
    Below(&'a Document, &'a [String]),
    /// It has come to an array, with parts still to go.
    Array(&'a str, &'a Vec<Bson>, &'a [String]),
    /// An array without elements.
    Empty,
    /// It is kept by cells instead.
    Cells,
}

impl IndexSpec {
    /// The keys of a document: the values of the fields, a missing one as null, one key for each
    /// element of an array; sorted, each once. The strings are those of the collation, see
    /// [`Collation::key_value`](crate::Collation::key_value); the geometry of a `2dsphere` field
    /// is one key for each of its [cells](geo::index_cells), as an int64, and null where it is
    /// missing. A document that is not in a sparse or partial index has none.
    ///
    /// # Errors
    /// `CannotIndexParallelArrays` for two arrays side by side, Location 16746 for a position that
    /// is also a field, Location 17280 when the keys are too large; the errors of geometries.
    pub fn keys(&self, doc: &Document) -> Result<Vec<Vec<Bson>>> {
        Ok(self.both(doc)?.into_iter().map(|(_, values)| values).collect())
    }

    /// The keys of a document as the bytes of [`key`]; sorted, each once.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn encoded_keys(&self, doc: &Document) -> Result<Vec<Vec<u8>>> {
        Ok(self.both(doc)?.into_iter().map(|(bytes, _)| bytes).collect())
    }

    /// The bytes of a key with these values, as [`encoded_keys`](Self::encoded_keys) makes them.
    pub fn encode(&self, values: &[Bson]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (field, value) in self.fields().iter().zip(values) {
            key::append(value, field.is_descending(), &mut bytes);
        }
        bytes
    }

    /// The numbers of the fields whose paths lead through an array in a document, or end at one.
    pub fn arrays(&self, doc: &Document) -> Vec<usize> {
        let through = |parts: &[String]| leads_through_array(doc, parts);
        self.fields().iter().enumerate().filter(|(_, field)| through(field.path.parts())).map(|(number, _)| number).collect()
    }

    fn both(&self, doc: &Document) -> Result<Vec<(Vec<u8>, Vec<Bson>)>> {
        if self.partial().is_some_and(|filter| !filter.matches(doc)) {
            return Ok(Vec::new());
        }
        let mut cells = Vec::new();
        for field in self.fields() {
            cells.push(if field.kind == FieldKind::Sphere { geo::index_cells(doc, field.path())? } else { Vec::new() });
        }
        // A 2dsphere index leaves out what has no geometry.
        if self.has_sphere() && cells.iter().all(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut fields: Vec<Field<'_>> = Vec::with_capacity(self.fields().len());
        for field in self.fields() {
            fields.push(if field.kind == FieldKind::Sphere { Field::Cells } else { Field::Below(doc, field.path.parts()) });
        }
        let mut found = Found { spec: self, cells, keys: BTreeSet::new(), size: 0 };
        expand(fields, &mut |fields| found.emit(fields))?;
        let keys = found.keys.into_iter().map(|key| (key.bytes, key.values));
        Ok(keys.collect())
    }
}

/// The keys found so far.
struct Found<'s> {
    spec: &'s IndexSpec,
    /// The cells of each field that is kept so.
    cells: Vec<Vec<u64>>,
    keys: BTreeSet<Key>,
    size: usize,
}

struct Key {
    bytes: Vec<u8>,
    values: Vec<Bson>,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Key {}

/// Follows the paths to their ends, or to the one array of which each element makes a key, and
/// calls `emit` with the fields of each key.
///
/// # Errors
/// `CannotIndexParallelArrays` for two arrays side by side, Location 16746 for a position that is
/// also a field; those of `emit`.
pub(crate) fn expand<'a>(mut fields: Vec<Field<'a>>, emit: &mut dyn FnMut(&[Field<'a>]) -> Result<()>) -> Result<()> {
    for field in &mut fields {
        if let Field::Below(doc, parts) = *field {
            *field = below(doc, parts)?;
        }
    }
    let mut array: Option<(&str, &'a Vec<Bson>)> = None;
    for field in &fields {
        match (array, field) {
            (None, Field::Array(name, items, _)) => array = Some((name, items)),
            (Some((other, of)), Field::Array(name, items, _)) if !std::ptr::eq(of, *items) => {
                return Err(Error::new(Code::CannotIndexParallelArrays, format!("cannot index parallel arrays [{name}] [{other}]")));
            }
            _ => {}
        }
    }
    let Some((_, items)) = array else {
        return emit(&fields);
    };
    if items.is_empty() {
        let nothing = |field: &Field<'a>| match *field {
            Field::Array(_, _, []) => Field::Empty,
            Field::Array(..) => Field::Value(None),
            other => other,
        };
        return emit(&fields.iter().map(nothing).collect::<Vec<_>>());
    }
    for item in items {
        let element = |field: &Field<'a>| -> Field<'a> {
            match *field {
                Field::Array(_, _, []) => Field::Value(Some(item)),
                Field::Array(_, _, rest) => match item {
                    Bson::Document(doc) => Field::Below(doc, rest),
                    _ => Field::Value(None),
                },
                other => other,
            }
        };
        let fields = fields.iter().map(element).collect();
        expand(fields, emit)?;
    }
    Ok(())
}

impl Found<'_> {
    fn emit(&mut self, fields: &[Field<'_>]) -> Result<()> {
        let ordinary = |field: &&Field<'_>| !matches!(field, Field::Cells);
        if self.spec.is_sparse()
            && fields.iter().filter(ordinary).all(|field| matches!(field, Field::Value(None)))
            && !self.spec.has_sphere()
        {
            return Ok(());
        }
        let value = |field: &Field<'_>| match field {
            Field::Value(Some(value)) => self.spec.collation().key_value(value),
            Field::Empty => Bson::Undefined,
            _ => Bson::Null,
        };
        let values: Vec<Bson> = fields.iter().map(value).collect();
        self.with_cells(values, 0)
    }

    /// Adds the key once for each combination of cells from a field on.
    fn with_cells(&mut self, mut values: Vec<Bson>, from: usize) -> Result<()> {
        let next = self.cells.iter().enumerate().skip(from).find(|(_, cells)| !cells.is_empty()).map(|(i, cells)| (i, cells.clone()));
        if let Some((i, cells)) = next {
            for cell in cells {
                // Cells have fewer than 63 bits.
                if let Some(value) = values.get_mut(i) {
                    *value = Bson::Int64(i64::try_from(cell).unwrap_or(i64::MAX));
                }
                self.with_cells(values.clone(), i + 1)?;
            }
            return Ok(());
        }
        let bytes = self.spec.encode(&values);
        self.size += bytes.len();
        if self.size > MAX_KEYS_SIZE {
            return Err(Error::at(17280, format!("the keys of a document in the index {} are too large", self.spec.name())));
        }
        self.keys.insert(Key { bytes, values });
        Ok(())
    }
}

fn leads_through_array(mut doc: &Document, parts: &[String]) -> bool {
    for part in parts {
        match doc.get(part) {
            Some(Bson::Array(_)) => return true,
            Some(Bson::Document(inner)) => doc = inner,
            _ => return false,
        }
    }
    false
}

fn below<'a>(doc: &'a Document, parts: &'a [String]) -> Result<Field<'a>> {
    let Some((name, rest)) = parts.split_first() else {
        return Ok(Field::Value(None));
    };
    match doc.get(name) {
        None => Ok(Field::Value(None)),
        Some(value) => within(name, value, rest),
    }
}

fn within<'a>(name: &'a str, value: &'a Bson, rest: &'a [String]) -> Result<Field<'a>> {
    match (value, rest.split_first()) {
        (Bson::Array(items), next) => {
            // A number stands for the position, if there is one.
            if let Some((next, beyond)) = next
                && let Some(item) = index(next).and_then(|position| items.get(position))
            {
                if items.iter().any(|item| matches!(item, Bson::Document(doc) if doc.contains_key(next))) {
                    return Err(Error::at(
                        16746,
                        format!(
                            "Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), field: '{next}' for array: {name}"
                        ),
                    ));
                }
                return within(next, item, beyond);
            }
            Ok(Field::Array(name, items, rest))
        }
        (value, None) => Ok(Field::Value(Some(value))),
        (Bson::Document(doc), Some(_)) => below(doc, rest),
        (_, Some(_)) => Ok(Field::Value(None)),
    }
}
