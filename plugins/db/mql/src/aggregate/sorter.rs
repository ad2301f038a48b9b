//! Sorting in bounded memory.

use bson::Document;

use super::bounds;
use super::operator::Env;
use super::spill::{Merge, Order, Runs};
use crate::error::{Error, Result};

/// Documents to be sorted. Past the memory bound they go to temporary files, where that is
/// allowed. The sort is stable.
pub(super) struct Sorter<O: Order> {
    order: O,
    /// How many documents are wanted.
    limit: Option<usize>,
    held: Vec<(O::Key, Document)>,
    bytes: usize,
    key_size: fn(&O::Key) -> usize,
    runs: Runs,
}

impl<O: Order> Sorter<O> {
    pub(super) fn new(order: O, limit: Option<usize>, key_size: fn(&O::Key) -> usize) -> Self {
        Self { order, limit, held: Vec::new(), bytes: 0, key_size, runs: Runs::default() }
    }

    /// # Errors
    /// MongoDB's 16819, or 16820 with a limit, when the bound is reached without temporary files.
    pub(super) fn push(&mut self, doc: Document, env: &Env) -> Result<()> {
        let key = self.order.key(&doc, env)?;
        self.bytes += self.size(&key, &doc);
        self.held.push((key, doc));
        if let Some(limit) = self.limit
            && self.held.len() >= limit.saturating_mul(2).max(64)
        {
            self.keep(limit, env)?;
        }
        if self.bytes > env.memory {
            if let Some(limit) = self.limit {
                self.keep(limit, env)?;
            }
            if self.bytes > env.memory {
                self.spill(env)?;
            }
        }
        Ok(())
    }

    fn size(&self, key: &O::Key, doc: &Document) -> usize {
        bounds::memory(doc) + (self.key_size)(key)
    }

    fn sort(&mut self, env: &Env) -> Result<()> {
        env.variables.watch.sort_by(&mut self.held, |(a, _), (b, _)| a.cmp(b))
    }

    /// Forgets all but the first ones.
    fn keep(&mut self, limit: usize, env: &Env) -> Result<()> {
        self.sort(env)?;
        self.held.truncate(limit);
        self.bytes = self.held.iter().map(|(key, doc)| self.size(key, doc)).sum();
        Ok(())
    }

    fn spill(&mut self, env: &Env) -> Result<()> {
        let Some(spill) = &env.spill else {
            return Err(exceeded(if self.limit.is_some() { 16820 } else { 16819 }, env.memory));
        };
        self.sort(env)?;
        self.bytes = 0;
        let docs = std::mem::take(&mut self.held).into_iter().map(|(_, doc)| doc);
        self.runs.write(spill.as_ref(), docs, &self.order, env)
    }

    /// The documents in order.
    pub(super) fn finish(mut self, env: &Env) -> Result<Sorted<O>> {
        let left = self.limit.unwrap_or(usize::MAX);
        if self.runs.is_empty() {
            self.sort(env)?;
            return Ok(Sorted { order: self.order, left, from: From::Memory(self.held.into_iter()) });
        }
        if !self.held.is_empty() {
            self.spill(env)?;
        }
        let merge = self.runs.merge(&self.order, env)?;
        Ok(Sorted { order: self.order, left, from: From::Files(merge) })
    }
}

fn exceeded(number: i32, bound: usize) -> Error {
    Error::at(
        number,
        format!(
            "Sort exceeded memory limit of {bound} bytes, but did not opt in to external sorting. Aborting operation. Pass allowDiskUse:true to opt in."
        ),
    )
}

/// Sorted documents, with their keys.
pub(super) struct Sorted<O: Order> {
    order: O,
    left: usize,
    from: From<O::Key>,
}

enum From<K> {
    Memory(std::vec::IntoIter<(K, Document)>),
    Files(Merge<K>),
}

impl<O: Order> Sorted<O> {
    pub(super) fn next(&mut self, env: &Env) -> Result<Option<(O::Key, Document)>> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        env.variables.watch.spend(16)?;
        match &mut self.from {
            From::Memory(docs) => Ok(docs.next()),
            From::Files(merge) => merge.next(&self.order, env),
        }
    }
}
