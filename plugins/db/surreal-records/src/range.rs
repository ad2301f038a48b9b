//! Which records of a table are meant.

use std::ops::Bound;

use bytes::Bytes;

/// The field of a record that holds its content.
pub(crate) const FIELD: &str = "d";
/// How much is read at once, in bytes: a page of a part ends with the record that reaches it.
pub const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// A range of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub start: Bound<String>,
    /// Where it ends.
    pub end: Bound<String>,
}

impl Range {
    /// All keys.
    pub const ALL: Self = Self { start: Bound::Unbounded, end: Bound::Unbounded };

    /// Whether no key can lie in it. Servers take only ranges that begin before they end.
    pub fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => start >= end,
        }
    }
}

/// A part of a table, to be read page by page.
pub struct Part<'a> {
    /// Which keys.
    pub range: &'a Range,
    /// Whether from the last key to the first.
    pub reverse: bool,
    /// How many of the first to leave out.
    pub skip: u64,
    /// How many at most.
    pub limit: u64,
}

impl Part<'_> {
    /// Whether nothing comes after a page: it is neither as long nor as large as one can be.
    pub fn is_over(&self, page: &[Bytes]) -> bool {
        (page.len() as u64) < self.limit && page.iter().map(Bytes::len).sum::<usize>() < PAGE_BYTES
    }
}
