//! Reading an index: the keys of documents in the order of their values.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use sdk_plugin::{Error, Result};

use super::Index;
use crate::database::Database;
use crate::layout::{Part, Range};
use crate::session::Snapshot;

/// The documents of some ranges of an index, page by page.
pub struct Entries {
    /// The index.
    pub index: Arc<Index>,
    ranges: VecDeque<Range>,
    reverse: bool,
    /// The documents that were found already, where one may be found twice.
    seen: Option<HashSet<Bytes>>,
    /// How many entries were read.
    pub read: u64,
}

impl Entries {
    /// The documents of ranges, which are in the order of the index; from the last to the first
    /// if `reverse`. `repeats` says that a document may have several entries in them.
    pub fn new(index: Arc<Index>, ranges: Vec<Range>, reverse: bool, repeats: bool) -> Self {
        let ranges = if reverse { ranges.into_iter().rev().collect() } else { ranges.into() };
        Self { index, ranges, reverse, seen: repeats.then(HashSet::new), read: 0 }
    }

    /// Passes over a document that was found already.
    pub fn once(&mut self) {
        self.seen.get_or_insert_default();
    }

    /// The keys of the next documents, `None` after the last; about `limit` entries are read.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn next(&mut self, database: &Database, snapshot: Option<&Snapshot>, limit: usize) -> Result<Option<Vec<String>>> {
        let mut found = Vec::new();
        while found.is_empty() {
            let Some(range) = self.ranges.front_mut() else { return Ok(None) };
            if range.is_empty() {
                self.ranges.pop_front();
                continue;
            }
            let part = Part { range, reverse: self.reverse, skip: 0, limit: limit as u64 };
            let page = database.entries(&self.index.table, &part, snapshot).await?;
            self.read += page.len() as u64;
            match page.last() {
                Some((last, _)) if page.len() >= limit => match self.reverse {
                    true => range.end = Bound::Excluded(last.clone()),
                    false => range.start = Bound::Excluded(last.clone()),
                },
                _ => _ = self.ranges.pop_front(),
            }
            for (_, holder) in page {
                if let Some(seen) = &mut self.seen
                    && !seen.insert(holder.clone())
                {
                    continue;
                }
                found.push(String::from_utf8(holder.into()).map_err(|_| Error::internal("an index entry names no document"))?);
            }
        }
        Ok(Some(found))
    }
}
