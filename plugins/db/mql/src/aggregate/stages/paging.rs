//! `$limit`, `$skip` and `$count`.

use bson::{Bson, Document};

use super::super::operator::{Collect, Collecting, Each, Env, Inbox, Operator, Poll, Run};
use crate::error::{Error, Result};
use crate::number;

pub(in crate::aggregate) fn limit(value: &Bson) -> Result<u64> {
    let limit = whole(value).ok_or_else(|| Error::at(15957, "the limit must be specified as a number"))?;
    u64::try_from(limit).ok().filter(|limit| *limit > 0).ok_or_else(|| Error::at(15958, "the limit must be positive"))
}

pub(in crate::aggregate) fn skip(value: &Bson) -> Result<u64> {
    let skip = whole(value).ok_or_else(|| Error::at(15972, "Argument to $skip must be a number"))?;
    u64::try_from(skip).map_err(|_| Error::at(15956, "Argument to $skip cannot be negative"))
}

/// A number without what comes after its point; one that does not fit is the nearest that does.
pub(super) fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Double(n) => Some(*n as i64),
        Bson::Decimal128(n) => number::integer(value).or_else(|| n.to_string().parse::<f64>().ok().map(|n| n as i64)),
        other => number::integer(other),
    }
}

/// Checks the name of the field of `$count`.
pub(in crate::aggregate) fn count(value: &Bson) -> Result<String> {
    let Bson::String(field) = value else {
        return Err(Error::at(40156, "the count field must be a non-empty string"));
    };
    match field.as_str() {
        "" => Err(Error::at(40157, "the count field must be a non-empty string")),
        name if name.starts_with('$') => Err(Error::at(40158, "the count field cannot be a $-prefixed path")),
        name if name.contains('\0') => Err(Error::at(40159, "the count field cannot contain a null byte")),
        name if name.contains('.') => Err(Error::at(40160, "the count field cannot contain '.'")),
        name => Ok(name.to_owned()),
    }
}

struct Limit {
    inbox: Inbox,
    left: u64,
}

impl Operator for Limit {
    fn feed(&mut self, doc: Option<Document>, _run: &mut Run<'_>) -> Result<()> {
        self.inbox.put(doc);
        Ok(())
    }

    fn poll(&mut self, _run: &mut Run<'_>) -> Result<Poll> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(Poll::End);
        };
        Ok(match self.inbox.take() {
            Some(doc) => {
                self.left = left;
                Poll::Document(doc)
            }
            None => self.inbox.otherwise(),
        })
    }
}

pub(in crate::aggregate) fn start_limit(limit: u64) -> Box<dyn Operator> {
    Box::new(Limit { inbox: Inbox::default(), left: limit })
}

pub(in crate::aggregate) fn start_skip(mut left: u64) -> Box<dyn Operator> {
    Box::new(Each::new(move |doc: Document, _: &Env| match left.checked_sub(1) {
        None => Ok(Some(doc)),
        Some(fewer) => {
            left = fewer;
            Ok(None)
        }
    }))
}

struct Count {
    field: String,
    count: i64,
}

impl Collect for Count {
    fn take(&mut self, _doc: Document, _env: &Env) -> Result<()> {
        self.count += 1;
        Ok(())
    }

    fn end(&mut self, _env: &Env) -> Result<()> {
        Ok(())
    }

    /// Of nothing there is no result.
    fn next(&mut self, _env: &Env) -> Result<Option<Document>> {
        let count = match std::mem::take(&mut self.count) {
            0 => return Ok(None),
            count => i32::try_from(count).map_or(Bson::Int64(count), Bson::Int32),
        };
        let mut doc = Document::new();
        doc.insert(self.field.clone(), count);
        Ok(Some(doc))
    }
}

pub(in crate::aggregate) fn start_count(field: String) -> Box<dyn Operator> {
    Box::new(Collecting::new(Count { field, count: 0 }))
}
