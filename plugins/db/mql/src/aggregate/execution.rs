//! Pipelines while they run, without I/O: what the store has to do is asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bson::Document;

use super::bounds;
use super::chain::Chain;
use super::operator::{Env, Poll, Run};
use super::query::Query;
use crate::error::{Code, Error, Result};

/// A query that the store answers, by the number that the execution gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorId(u64);

/// What happens next in an [`Execution`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// A query begins. Answer by [`Execution::opened`].
    Open(CursorId, Arc<Query>),
    /// More documents of a query are needed. Answer by [`Execution::supply`].
    Fetch(CursorId),
    /// A query is over.
    Close(CursorId),
    /// The pipeline has been at work for some milliseconds. Whoever drives it lets others have
    /// their turn, and goes on.
    Yield,
    /// A document comes out of the pipeline.
    Document(Document),
    /// Nothing more comes out.
    Done,
}

/// A running pipeline. [`step`](Self::step) says what happens next.
pub struct Execution {
    chain: Chain,
    env: Env,
    io: Io,
}

/// How the store reads the answers to a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Whether documents come in the order of [`Query::sort`], or by the distance of
    /// [`Query::near`].
    pub sorted: bool,
    /// For [`Query::near`] without a key: the field that the only geospatial index is on.
    pub near: Option<String>,
}

/// How long a pipeline works before it lets others have their turn.
const TURN: Duration = Duration::from_millis(5);

/// What is asked of the store, and what it answered.
pub(super) struct Io {
    next: u64,
    asked: Option<Step>,
    pub(super) answer: Option<Answer>,
    closed: Closed,
    /// How often documents moved from stage to stage.
    pub(super) moves: usize,
    pub(super) pause_at: Instant,
    /// Whether stages wait because it is the turn of others.
    pub(super) paused: bool,
}

pub(super) enum Answer {
    Opened(Opening),
    Batch(Option<Vec<Document>>),
}

/// The cursors that are over but not yet reported. It is shared because they are over when what
/// reads them is dropped.
#[derive(Clone, Default)]
pub(super) struct Closed(Arc<Mutex<Vec<CursorId>>>);

impl Closed {
    pub(super) fn push(&self, cursor: CursorId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(cursor);
    }

    fn pop(&self) -> Option<CursorId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Io {
    fn new() -> Self {
        Self { next: 0, asked: None, answer: None, closed: Closed::default(), moves: 0, pause_at: Instant::now() + TURN, paused: false }
    }

    pub(super) fn open(&mut self, query: Arc<Query>) -> CursorId {
        let cursor = CursorId(self.next);
        self.next += 1;
        self.asked = Some(Step::Open(cursor, query));
        cursor
    }

    pub(super) fn fetch(&mut self, cursor: CursorId) {
        self.asked = Some(Step::Fetch(cursor));
    }

    pub(super) fn closed(&self) -> Closed {
        self.closed.clone()
    }
}

impl Execution {
    pub(super) fn new(chain: Chain, env: Env) -> Self {
        Self { chain, env, io: Io::new() }
    }

    /// What happens next. The same request again, if the last one was not answered.
    ///
    /// # Errors
    /// MongoDB's errors of the stages; the execution is over then.
    pub fn step(&mut self) -> Result<Step> {
        loop {
            if let Some(cursor) = self.io.closed.pop() {
                return Ok(Step::Close(cursor));
            }
            if let Some(asked) = &self.io.asked {
                return Ok(asked.clone());
            }
            match self.chain.poll(&mut Run { env: &self.env, io: &mut self.io })? {
                Poll::Document(doc) => {
                    bounds::check_result(&doc)?;
                    return Ok(Step::Document(doc));
                }
                Poll::Waiting if std::mem::take(&mut self.io.paused) => {
                    self.io.pause_at = Instant::now() + TURN;
                    return Ok(Step::Yield);
                }
                Poll::Waiting if self.io.asked.is_some() => {}
                Poll::Waiting | Poll::Hungry => return Err(misused("waits for what nobody was asked for")),
                Poll::End => {
                    return Ok(self.io.closed.pop().map_or(Step::Done, Step::Close));
                }
            }
        }
    }

    /// Answers [`Step::Open`].
    ///
    /// # Errors
    /// `BadValue` when nothing was to be opened.
    pub fn opened(&mut self, opening: Opening) -> Result<()> {
        match self.io.asked.take() {
            Some(Step::Open(..)) => {
                self.io.answer = Some(Answer::Opened(opening));
                Ok(())
            }
            _ => Err(misused("did not ask for a query")),
        }
    }

    /// Answers [`Step::Fetch`]: some documents of the query, or `None` when there are no more.
    ///
    /// # Errors
    /// `BadValue` when none were asked for.
    pub fn supply(&mut self, docs: Option<Vec<Document>>) -> Result<()> {
        match self.io.asked.take() {
            Some(Step::Fetch(_)) => {
                self.io.answer = Some(Answer::Batch(docs));
                Ok(())
            }
            _ => Err(misused("did not ask for documents")),
        }
    }
}

fn misused(what: &str) -> Error {
    Error::new(Code::BadValue, format!("the pipeline {what}"))
}
