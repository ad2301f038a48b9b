//! Values as keys of maps.

use std::cmp::Ordering;

use bson::Bson;

use crate::compare::compare;

/// A value in MongoDB's order, in which numbers of different types may be equal.
#[derive(Clone, Debug)]
pub(super) struct Ordered(pub(super) Bson);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}
