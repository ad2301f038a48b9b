//! Sort orders.

use std::cmp::Ordering;

use bson::{Bson, Document};

use crate::collation::Collation;
use crate::compare::compare;
use crate::error::{Error, Result};
use crate::number;
use crate::path::{self, Leaf, Path};

/// The most fields that one order may have. MongoDB's own limit.
const MAX_FIELDS: usize = 32;

/// A parsed sort order, such as `{"a": 1, "b.c": -1}`.
#[derive(Clone, Debug)]
pub struct Sort {
    fields: Vec<(Path, bool)>,
    collation: Collation,
}

/// A document's place in a [`Sort`]. Keys of one order compare as their documents do.
#[derive(Clone, Debug)]
pub struct SortKey(Vec<Directed>);

#[derive(Clone, Debug)]
struct Directed {
    value: Bson,
    descending: bool,
}

impl Sort {
    /// Parses an order.
    ///
    /// # Errors
    /// `BadValue` when a direction is neither 1 nor -1, or there are more than 32 fields.
    pub fn parse(order: &Document) -> Result<Self> {
        Self::parse_with(order, &Collation::simple())
    }

    /// Parses an order in which strings compare by a collation.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(order: &Document, collation: &Collation) -> Result<Self> {
        if order.len() > MAX_FIELDS {
            return Err(Error::bad(format!("too many sort fields, at most {MAX_FIELDS}")));
        }
        let field = |(name, direction): (&String, &Bson)| {
            if name.is_empty() || name.split('.').any(|part| part.is_empty() || part.starts_with('$')) {
                return Err(Error::bad(format!("bad sort specification: the field '{name}'")));
            }
            match number::integer(direction) {
                Some(1) => Ok((Path::new(name), false)),
                Some(-1) => Ok((Path::new(name), true)),
                _ => Err(Error::bad("bad sort specification: $sort key ordering must be 1 (for ascending) or -1 (for descending)")),
            }
        };
        Ok(Self { fields: order.iter().map(field).collect::<Result<_>>()?, collation: collation.clone() })
    }

    /// Whether the order has no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The direction, if the order is by `_id` first, which makes all that follows it idle.
    pub fn by_id(&self) -> Option<bool> {
        self.fields.first().filter(|(path, _)| path.text() == "_id").map(|(_, descending)| *descending)
    }

    /// How strings compare.
    pub(crate) fn collation(&self) -> &Collation {
        &self.collation
    }

    /// The paths, each with whether it is descending.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, bool)> {
        self.fields.iter().map(|(path, descending)| (path.text(), *descending))
    }

    /// A document's place. An array counts by its least element in ascending and its greatest in
    /// descending order, an empty one before null, a missing field as null.
    pub fn key(&self, doc: &Document) -> SortKey {
        let field = |(path, descending): &(Path, bool)| Directed {
            value: self.collation.key_value(extreme(doc, path, *descending, &self.collation)),
            descending: *descending,
        };
        SortKey(self.fields.iter().map(field).collect())
    }
}

fn extreme<'a>(doc: &'a Document, path: &Path, descending: bool, collation: &Collation) -> &'a Bson {
    let wanted = if descending { Ordering::Greater } else { Ordering::Less };
    let mut best: Option<&Bson> = None;
    path::any(doc, path.parts(), Leaf::Elements, &mut |value| {
        let value = value.unwrap_or(&Bson::Null);
        if best.is_none_or(|best| collation.compare(value, best) == wanted) {
            best = Some(value);
        }
        false
    });
    best.unwrap_or(&Bson::Null)
}

impl SortKey {
    /// About how many bytes the key takes.
    pub fn size(&self) -> usize {
        self.0.iter().map(|field| size_of::<Directed>() + text_size(&field.value)).sum()
    }
}

fn text_size(value: &Bson) -> usize {
    match value {
        Bson::String(text) => text.len(),
        Bson::Binary(binary) => binary.bytes.len(),
        Bson::Document(doc) => doc.iter().map(|(key, value)| 64 + key.len() + text_size(value)).sum(),
        Bson::Array(items) => items.iter().map(|item| 32 + text_size(item)).sum(),
        _ => 0,
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let pairs = self.0.iter().zip(&other.0);
        let field = |(a, b): (&Directed, &Directed)| {
            let order = compare(&a.value, &b.value);
            if a.descending { order.reverse() } else { order }
        };
        pairs.map(field).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SortKey {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;

    use super::*;

    fn sorted(order: Document, mut docs: Vec<Document>) -> Vec<i32> {
        let order = Sort::parse(&order).unwrap();
        docs.sort_by_cached_key(|doc| order.key(doc));
        docs.iter().map(|doc| doc.get_i32("_id").unwrap()).collect()
    }

    #[test]
    fn several_keys_and_directions() {
        let docs = vec![doc! {"_id": 1, "a": 1, "b": 1}, doc! {"_id": 2, "a": 1, "b": 2}, doc! {"_id": 3, "a": 0, "b": 3}];
        assert_eq!(sorted(doc! {"a": 1, "b": -1}, docs.clone()), [3, 2, 1]);
        assert_eq!(sorted(doc! {"a": -1, "b": 1}, docs), [1, 2, 3]);
    }

    #[test]
    fn arrays_count_by_their_extremes() {
        let docs = vec![doc! {"_id": 1, "a": [5, 1]}, doc! {"_id": 2, "a": 3}, doc! {"_id": 3, "a": []}, doc! {"_id": 4}];
        assert_eq!(sorted(doc! {"a": 1}, docs.clone()), [3, 4, 1, 2]);
        assert_eq!(sorted(doc! {"a": -1}, docs), [1, 2, 4, 3]);
    }

    #[test]
    fn nested_fields_and_types() {
        let docs = vec![doc! {"_id": 1, "a": {"b": "x"}}, doc! {"_id": 2, "a": {"b": 9}}, doc! {"_id": 3, "a": [{"b": 1}, {"b": 99}]}];
        assert_eq!(sorted(doc! {"a.b": 1}, docs.clone()), [3, 2, 1]);
        assert_eq!(sorted(doc! {"a.b": -1}, docs), [1, 3, 2]);
    }

    #[test]
    fn bad_orders() {
        for order in [doc! {"a": 2}, doc! {"a": "asc"}, doc! {"": 1}, doc! {"a..b": 1}, doc! {"$a": 1}] {
            assert!(Sort::parse(&order).is_err(), "{order}");
        }
    }
}
