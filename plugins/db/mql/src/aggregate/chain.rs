//! Running stages, one after the other.

use std::sync::Arc;

use bson::Document;

use super::execution::{Answer, Closed, CursorId, Opening};
use super::operator::{Inbox, Operator, Poll, Run};
use super::query::Query;
use crate::error::Result;

/// Stages, each of which is fed by the one before it. The first is fed by a query, or from
/// outside. Documents move one by one, so that no stage holds more than it has to.
pub(super) struct Chain {
    source: Source,
    operators: Vec<Box<dyn Operator>>,
    /// What is polled next: zero is the source.
    at: usize,
    /// The first that is not over: what is over is dropped, the source remains as an empty one.
    floor: usize,
}

enum Source {
    Reader(Reader),
    Outside(Inbox),
}

impl Chain {
    /// Stages that read documents themselves.
    pub(super) fn reading(query: Query, operators: Vec<Box<dyn Operator>>) -> Self {
        Self::new(Source::Reader(Reader { docs: Vec::new().into_iter(), state: State::Unasked(Arc::new(query)), closed: None }), operators)
    }

    /// Stages that are fed.
    pub(super) fn fed(operators: Vec<Box<dyn Operator>>) -> Self {
        Self::new(Source::Outside(Inbox::default()), operators)
    }

    fn new(source: Source, operators: Vec<Box<dyn Operator>>) -> Self {
        let at = operators.len();
        Self { source, operators, at, floor: 0 }
    }

    /// Takes a document from outside, or word that there are no more.
    pub(super) fn feed(&mut self, doc: Option<Document>) {
        if let Source::Outside(inbox) = &mut self.source {
            inbox.put(doc);
        }
    }

    /// The next document that comes out of the last stage.
    pub(super) fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        loop {
            if self.floor > self.operators.len() {
                return Ok(Poll::End);
            }
            let polled = match self.at.checked_sub(1).and_then(|at| self.operators.get_mut(at)) {
                Some(operator) => operator.poll(run)?,
                None => self.source(run)?,
            };
            let next = match polled {
                Poll::Waiting => return Ok(Poll::Waiting),
                Poll::Hungry if self.at > self.floor => {
                    self.at -= 1;
                    continue;
                }
                Poll::Hungry if self.floor == 0 => return Ok(Poll::Hungry),
                Poll::Document(doc) => Some(doc),
                Poll::Hungry | Poll::End => {
                    // What fed it is dropped, with the queries that it still reads.
                    self.source = Source::Outside(Inbox::default());
                    self.operators.drain(..self.at);
                    self.at = 0;
                    self.floor = 1;
                    None
                }
            };
            match (self.operators.get_mut(self.at), next) {
                (Some(operator), next) => {
                    operator.feed(next, run)?;
                    self.at += 1;
                }
                (None, Some(doc)) => return Ok(Poll::Document(doc)),
                (None, None) => {}
            }
        }
    }

    fn source(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        match &mut self.source {
            Source::Outside(inbox) => Ok(inbox.take().map_or_else(|| inbox.otherwise(), Poll::Document)),
            Source::Reader(reader) => {
                let (polled, opening) = reader.poll(run);
                if let (Some(opening), Some(first)) = (opening, self.operators.first_mut()) {
                    first.opened(&opening);
                }
                Ok(polled)
            }
        }
    }
}

/// Reads the answers to a query.
struct Reader {
    docs: std::vec::IntoIter<Document>,
    state: State,
    /// Where to say that the cursor is over.
    closed: Option<(Closed, CursorId)>,
}

enum State {
    Unasked(Arc<Query>),
    Opening(CursorId),
    Fetching(CursorId),
    Ended,
}

impl Reader {
    /// What is read, and once how it is going to be.
    fn poll(&mut self, run: &mut Run<'_>) -> (Poll, Option<Opening>) {
        if let Some(doc) = self.docs.next() {
            return (Poll::Document(doc), None);
        }
        match &self.state {
            State::Ended => return (Poll::End, None),
            State::Unasked(query) => {
                let cursor = run.io.open(Arc::clone(query));
                self.closed = Some((run.io.closed(), cursor));
                self.state = State::Opening(cursor);
            }
            State::Opening(cursor) => {
                if let Some(Answer::Opened(opening)) = run.io.answer.take() {
                    run.io.fetch(*cursor);
                    self.state = State::Fetching(*cursor);
                    return (Poll::Waiting, Some(opening));
                }
            }
            State::Fetching(cursor) => match run.io.answer.take() {
                Some(Answer::Batch(Some(docs))) => {
                    self.docs = docs.into_iter();
                    if let Some(doc) = self.docs.next() {
                        return (Poll::Document(doc), None);
                    }
                    run.io.fetch(*cursor);
                }
                Some(Answer::Batch(None)) => {
                    self.close();
                    self.state = State::Ended;
                    return (Poll::End, None);
                }
                _ => run.io.fetch(*cursor),
            },
        }
        (Poll::Waiting, None)
    }

    fn close(&mut self) {
        if let Some((closed, cursor)) = self.closed.take() {
            closed.push(cursor);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.close();
    }
}
