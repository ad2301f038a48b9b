//! What is measured, and what a right answer is.

use geo::Point;
use serde_json::{Value, json};

use super::document::{CATEGORIES, Document, NEW, nearest, scattered};

/// How many documents the indexed find and the nearest search answer.
pub const PAGE: u64 = 20;
/// How many different requests each operation has.
pub const VARIANTS: u64 = 1000;

/// A command of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Into a collection without indexes of its own.
    InsertOne,
    /// Into the collection with all documents and its indexes.
    InsertIndexed,
    FindOne,
    FindIndexed,
    Scan,
    UpdateOne,
    Group,
    Near,
}

impl Operation {
    /// What is compared at one size.
    pub const COMPARED: [Self; 7] =
        [Self::InsertOne, Self::FindOne, Self::FindIndexed, Self::Scan, Self::UpdateOne, Self::Group, Self::Near];
    /// What is measured at each size. What adds documents comes last.
    pub const GROWING: [Self; 7] =
        [Self::FindOne, Self::FindIndexed, Self::Scan, Self::UpdateOne, Self::Group, Self::Near, Self::InsertIndexed];

    pub fn title(self) -> &'static str {
        match self {
            Self::InsertOne => "`insertOne`",
            Self::InsertIndexed => "`insertOne`, with the indexes",
            Self::FindOne => "`findOne` by `_id`",
            Self::FindIndexed => "`find` of 20 by an index",
            Self::Scan => "`find` without an index",
            Self::UpdateOne => "`updateOne` by `_id`",
            Self::Group => "`aggregate` with `$group`",
            Self::Near => "`$geoNear`, the nearest 20",
        }
    }

    /// Whether a database may have to look at every document. Such things are done one at a time.
    pub fn looks_at_all(self) -> bool {
        matches!(self, Self::Scan | Self::Group | Self::Near)
    }

    /// Whether documents are added.
    pub fn inserts(self) -> bool {
        matches!(self, Self::InsertOne | Self::InsertIndexed)
    }

    /// The document that a variant of the operation is about, or the first of them.
    pub fn number(self, variant: u64, size: u64) -> u64 {
        let last = if self == Self::FindIndexed { size.saturating_sub(PAGE) } else { size.saturating_sub(1) };
        scattered(variant) % (last + 1)
    }

    /// The place that a variant of [`Near`](Self::Near) starts from.
    pub fn place(variant: u64) -> Point {
        // Documents beyond the largest size.
        Document(1 << 40 | variant).place()
    }

    /// What a variant has to answer, in the form of [`shown`]; nothing for what changes documents.
    pub fn expected(self, variant: u64, size: u64) -> Vec<Value> {
        let first = self.number(variant, size);
        match self {
            Self::InsertOne | Self::InsertIndexed | Self::UpdateOne => Vec::new(),
            Self::FindOne | Self::Scan => vec![json!(first)],
            Self::FindIndexed => (first..first + PAGE).map(|n| json!(n)).collect(),
            Self::Near => nearest(Self::place(variant), size, 20).into_iter().map(|n| json!(n)).collect(),
            Self::Group => {
                let mut groups: Vec<Value> = (0..CATEGORIES)
                    .map(|category| {
                        let members = (category..size).step_by(usize::try_from(CATEGORIES).unwrap_or(1));
                        json!([Document(category).category(), members.clone().count(), members.sum::<u64>()])
                    })
                    .collect();
                groups.sort_by_key(Value::to_string);
                groups
            }
        }
    }

    /// What there is to compare of an answer: numbers of documents, or groups with count and sum.
    pub fn shown(self, answer: &[Value]) -> Vec<Value> {
        let whole = |value: &Value| value.as_f64().map_or(Value::Null, |n| json!(n as u64));
        if self != Self::Group {
            return answer.iter().map(|document| whole(&document["n"])).collect();
        }
        // Each database has its own name for what it groups by.
        let key = |group: &Value| ["_id", "objectId", "category"].iter().find_map(|name| group[name].as_str().map(str::to_owned));
        let groups = answer.iter().filter_map(|group| Some((key(group)?, group))).filter(|(key, _)| key != NEW);
        let mut groups: Vec<Value> = groups.map(|(key, group)| json!([key, whole(&group["count"]), whole(&group["total"])])).collect();
        groups.sort_by_key(Value::to_string);
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_by_numbers_and_groups() {
        let documents = [json!({"n": 3.0, "views": 1}), json!({"n": 4})];
        assert_eq!(Operation::FindIndexed.shown(&documents), [json!(3), json!(4)]);
        let groups =
            [json!({"_id": "c1", "count": 2, "total": 102.0}), json!({"objectId": "c0", "count": 2, "total": 100}), json!({"_id": "new"})];
        assert_eq!(Operation::Group.shown(&groups), [json!(["c0", 2, 100]), json!(["c1", 2, 102])]);
    }

    #[test]
    fn what_is_expected_is_in_the_collection() {
        for size in [1000, 100_000] {
            for variant in 0..VARIANTS {
                let page = Operation::FindIndexed.expected(variant, size);
                assert_eq!(page.len(), 20);
                assert!(page.iter().all(|n| n.as_u64().is_some_and(|n| n < size)), "{page:?}");
            }
            let groups = Operation::Group.expected(0, size);
            assert_eq!(groups.len(), 100);
            let all: u64 = groups.iter().filter_map(|group| group[1].as_u64()).sum();
            assert_eq!(all, size);
        }
    }

    #[test]
    fn the_nearest_come_first() {
        let near = Operation::Near.expected(7, 1000);
        assert_eq!(near.len(), 20);
        let place = Operation::place(7);
        let squared = |n: &Value| {
            let at = Document(n.as_u64().unwrap_or_default()).place();
            (at.x() - place.x()).powi(2) * place.y().to_radians().cos().powi(2) + (at.y() - place.y()).powi(2)
        };
        assert!(squared(&near[0]) < squared(&near[19]), "{near:?}");
    }
}
