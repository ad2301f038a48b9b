//! Whether an index gives its documents in the order of a sort.

use super::intervals::Intervals;
use super::{Direction, MultikeyPaths};
use crate::index::{FieldKind, IndexSpec};
use crate::sort::Sort;

/// The direction in which the keys in the bounds are in the order of a sort, if they are.
///
/// Fields with one value only do not matter. What comes after all fields of the index is `_id`,
/// by which keys with equal values follow each other.
pub(super) fn direction(index: &IndexSpec, sort: &Sort, fields: &[Intervals], multikey: &MultikeyPaths) -> Option<Direction> {
    if index.collation() != sort.collation() {
        return None;
    }
    let single =
        |number: usize| fields.get(number).is_some_and(|field| field.len() == 1 && field.is_points()) && !multikey.contains(&number);
    let mut direction = None;
    let mut agree = |backward: bool| {
        let wanted = if backward { Direction::Backward } else { Direction::Forward };
        *direction.get_or_insert(wanted) == wanted
    };
    let mut next = 0;
    let mut wanted = sort.fields().peekable();
    while let Some((path, descending)) = wanted.peek().copied() {
        let Some(field) = index.fields().get(next) else {
            // Ties are in the order of `_id`, by its bytes, which makes all that follows idle.
            return if path == "_id" && sort.collation().is_simple() && agree(descending) { direction } else { None };
        };
        if field.path() == path && field.kind() != FieldKind::Sphere && !multikey.contains(&next) {
            if !single(next) && !agree(field.is_descending() != descending) {
                return None;
            }
            wanted.next();
            next += 1;
        } else if single(next) {
            next += 1;
        } else if index.fields().iter().take(next).enumerate().any(|(number, field)| field.path() == path && single(number)) {
            // It has one value only, wherever it is sorted by.
            wanted.next();
        } else {
            return None;
        }
    }
    Some(direction.unwrap_or(Direction::Forward))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::{Document, doc};

    use super::*;
    use crate::{Collation, Filter, bounds};

    fn sorted(sort: Document, collation: Document) -> Option<Direction> {
        let spec = if collation.is_empty() {
            doc! {"key": {"a": 1}}
        } else {
            doc! {"key": {"a": 1}, "collation": collation.clone()}
        };
        let collation = Collation::parse(&collation).unwrap();
        let filter = Filter::parse_with(&doc! {}, &collation).unwrap();
        let sort = Sort::parse_with(&sort, &collation).unwrap();
        bounds::plan(&filter, Some(&sort), &IndexSpec::parse(&spec).unwrap(), &MultikeyPaths::new()).unwrap().sorted
    }

    #[test]
    fn ties_are_in_the_order_of_the_bytes_of_ids() {
        let english = doc! {"locale": "en", "strength": 2};
        assert_eq!(sorted(doc! {"a": 1, "_id": 1}, Document::new()), Some(Direction::Forward));
        assert_eq!(sorted(doc! {"a": 1, "_id": 1}, english.clone()), None, "a collation orders ids otherwise");
        assert_eq!(sorted(doc! {"a": -1}, english), Some(Direction::Backward));
    }
}
