//! Sort orders.

use std::cmp::Ordering;

use bson::{Bson, Document};

use crate::collation::Collation;
use crate::compare::compare;
use crate::error::{Code, Error, Result};
use crate::index::keys::{self, Field};
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

    /// The direction, if the order is that of the `_id`s: they come first, strings compare by their
    /// bytes, and what follows is idle and [cannot fail](Self::cannot_fail).
    pub fn by_id(&self) -> Option<bool> {
        let (path, descending) = self.fields.first()?;
        (path.text() == "_id" && self.fields.len() <= 2 && self.collation.is_simple()).then_some(*descending)
    }

    /// Whether every document has a place: with two fields, both may be arrays, which is an error.
    pub fn cannot_fail(&self) -> bool {
        self.fields.len() < 2
    }

    /// How strings compare.
    pub(crate) fn collation(&self) -> &Collation {
        &self.collation
    }

    /// The paths, each with whether it is descending.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, bool)> {
        self.fields.iter().map(|(path, descending)| (path.text(), *descending))
    }

    /// A document's place, as [`try_key`](Self::try_key) says it. Of two arrays side by side each
    /// counts by itself.
    pub fn key(&self, doc: &Document) -> SortKey {
        self.try_key(doc).unwrap_or_else(|_| {
            self.of_values(self.fields.iter().map(|(path, descending)| extreme(doc, path, *descending, &self.collation)))
        })
    }

    /// A document's place. Each element of an array makes one, with what the other fields have in
    /// the same element, and the first of them counts; an empty array comes before null, a
    /// missing field counts as null.
    ///
    /// # Errors
    /// As MongoDB: `BadValue` when two fields lead through arrays side by side, Location 16746
    /// when a position in an array is also a field of an element.
    pub fn try_key(&self, doc: &Document) -> Result<SortKey> {
        let direct: Option<Vec<&Bson>> = self.fields.iter().map(|(path, _)| direct(doc, path.parts())).collect();
        if let Some(values) = direct {
            return Ok(self.of_values(values.into_iter()));
        }
        let fields = self.fields.iter().map(|(path, _)| Field::Below(doc, path.parts())).collect();
        let mut first: Option<Vec<&Bson>> = None;
        keys::expand(fields, &mut |fields| {
            let values: Vec<&Bson> = fields.iter().map(value).collect();
            if first.as_ref().is_none_or(|first| self.compare(&values, first).is_lt()) {
                first = Some(values);
            }
            Ok(())
        })
        .map_err(|error| match error.code() {
            Code::CannotIndexParallelArrays => Error::bad("cannot sort with keys that are parallel arrays"),
            _ => error,
        })?;
        Ok(self.of_values(first.unwrap_or_default().into_iter()))
    }

    fn compare(&self, a: &[&Bson], b: &[&Bson]) -> Ordering {
        let mut orders = self.fields.iter().zip(a.iter().zip(b)).map(|((_, descending), (a, b))| {
            let order = self.collation.compare(a, b);
            if *descending { order.reverse() } else { order }
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn of_values<'v>(&self, values: impl Iterator<Item = &'v Bson>) -> SortKey {
        let field =
            |((_, descending), value): (&(Path, bool), &Bson)| Directed { value: self.collation.key_value(value), descending: *descending };
        SortKey(self.fields.iter().zip(values).map(field).collect())
    }
}

/// The value at a path that no array is on; `None` if there is one.
fn direct<'a>(doc: &'a Document, parts: &[String]) -> Option<&'a Bson> {
    let (first, rest) = parts.split_first()?;
    match doc.get(first) {
        None => Some(&Bson::Null),
        Some(Bson::Array(_)) => None,
        Some(value) if rest.is_empty() => Some(value),
        Some(Bson::Document(inner)) => direct(inner, rest),
        Some(_) => Some(&Bson::Null),
    }
}

fn value<'a>(field: &Field<'a>) -> &'a Bson {
    match field {
        Field::Value(Some(value)) => value,
        Field::Empty => &Bson::Undefined,
        _ => &Bson::Null,
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
    fn fields_of_one_element_count_together() {
        let docs = vec![doc! {"_id": 1, "a": [{"b": 1, "c": 9}, {"b": 2, "c": 0}]}, doc! {"_id": 2, "a": [{"b": 1, "c": 5}]}];
        assert_eq!(sorted(doc! {"a.b": 1, "a.c": 1}, docs.clone()), [2, 1]);
        assert_eq!(sorted(doc! {"a.c": 1, "a.b": 1}, docs.clone()), [1, 2]);
        assert_eq!(sorted(doc! {"a.b": -1, "a.c": 1}, docs), [1, 2]);
        let docs = vec![doc! {"_id": 1, "a": [{"b": 5}, 7]}, doc! {"_id": 2, "a": [{"b": 1}]}];
        assert_eq!(sorted(doc! {"a.b": 1}, docs), [1, 2], "an element without the field counts as null");
        let parallel = Sort::parse(&doc! {"a": 1, "b": 1}).unwrap();
        let error = parallel.try_key(&doc! {"a": [1], "b": [2]}).unwrap_err();
        assert_eq!(error.message(), "cannot sort with keys that are parallel arrays");
        assert!(parallel.key(&doc! {"a": [1], "b": [2]}) < parallel.key(&doc! {"a": [1], "b": [3]}));
        assert!(parallel.try_key(&doc! {"a": [], "b": []}).is_err());
        assert!(parallel.try_key(&doc! {"a": [1, 2], "b": 1}).is_ok());
    }

    #[test]
    fn the_order_of_ids() {
        let by_id = |order: Document| Sort::parse(&order).unwrap().by_id();
        assert_eq!(by_id(doc! {"_id": 1}), Some(false));
        assert_eq!(by_id(doc! {"_id": -1, "a": 1}), Some(true));
        assert_eq!(by_id(doc! {"a": 1, "_id": 1}), None);
        assert_eq!(by_id(doc! {"_id": 1, "a": 1, "b": 1}), None, "both may be arrays, which is an error");
        let collation = Collation::parse(&doc! {"locale": "en", "strength": 1}).unwrap();
        assert_eq!(Sort::parse_with(&doc! {"_id": 1}, &collation).unwrap().by_id(), None, "records do not lie in this order");
    }

    #[test]
    fn bad_orders() {
        for order in [doc! {"a": 2}, doc! {"a": "asc"}, doc! {"": 1}, doc! {"a..b": 1}, doc! {"$a": 1}] {
            assert!(Sort::parse(&order).is_err(), "{order}");
        }
    }
}
