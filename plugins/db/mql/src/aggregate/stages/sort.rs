//! `$sort`.

use std::sync::Arc;

use bson::{Bson, Document};

use super::super::execution::Opening;
use super::super::operator::{Env, Inbox, Operator, Poll, Run};
use super::super::sorter::{Sorted, Sorter};
use super::super::spill::Order;
use crate::collation::Collation;
use crate::error::{Error, Result};
use crate::number::is_number;
use crate::sort::{Sort, SortKey};

pub(in crate::aggregate) fn parse(value: &Bson, collation: &Collation) -> Result<Sort> {
    let Bson::Document(spec) = value else {
        return Err(Error::at(15973, "the $sort key specification must be an object"));
    };
    if spec.is_empty() {
        return Err(Error::at(15976, "$sort stage must have at least one sort key"));
    }
    for direction in spec.values() {
        match direction {
            Bson::Document(meta) if meta.contains_key("$meta") => return Err(Error::unsupported("$meta in $sort")),
            direction if !is_number(direction) => {
                return Err(Error::at(15974, "$sort key ordering must be specified using a number or {$meta: 'textScore'}"));
            }
            direction if !matches!(crate::number::integer(direction), Some(1 | -1)) => {
                return Err(Error::at(15975, "$sort key ordering must be 1 (for ascending) or -1 (for descending)"));
            }
            _ => {}
        }
    }
    Sort::parse_with(spec, collation)
}

struct ByKey(Arc<Sort>);

impl Order for ByKey {
    type Key = SortKey;

    fn key(&self, doc: &Document, _env: &Env) -> Result<SortKey> {
        self.0.try_key(doc)
    }
}

enum Sorting {
    Open(Sorter<ByKey>),
    Sorted(Sorted<ByKey>),
    /// The store did it.
    Through(Inbox),
}

/// Starts a sort of which only the first documents are wanted, if there is a limit.
pub(in crate::aggregate) fn start(sort: Arc<Sort>, limit: Option<u64>) -> Box<dyn Operator> {
    let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    Box::new(Sorting::Open(Sorter::new(ByKey(sort), limit, SortKey::size)))
}

impl Operator for Sorting {
    fn feed(&mut self, doc: Option<Document>, run: &mut Run<'_>) -> Result<()> {
        match (&mut *self, doc) {
            (Self::Open(sorter), Some(doc)) => sorter.push(doc, run.env),
            (Self::Through(inbox), doc) => {
                inbox.put(doc);
                Ok(())
            }
            (Self::Open(_), None) => {
                if let Self::Open(sorter) = std::mem::replace(self, Self::Through(Inbox::default())) {
                    *self = Self::Sorted(sorter.finish(run.env)?);
                }
                Ok(())
            }
            (Self::Sorted(_), _) => Ok(()),
        }
    }

    fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        Ok(match self {
            Self::Open(_) => Poll::Hungry,
            Self::Through(inbox) => inbox.take().map_or_else(|| inbox.otherwise(), Poll::Document),
            Self::Sorted(sorted) => sorted.next(run.env)?.map_or(Poll::End, |(_, doc)| Poll::Document(doc)),
        })
    }

    fn opened(&mut self, opening: &Opening) {
        if opening.sorted {
            *self = Self::Through(Inbox::default());
        }
    }
}
