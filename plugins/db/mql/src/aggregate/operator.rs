//! What a stage is while a pipeline runs.

use std::sync::Arc;

use bson::{Bson, Document};

use super::execution::{Io, Opening};
use super::spill::Spill;
use crate::collation::Collation;
use crate::error::Result;
use crate::expression::Variables;

/// What the stages of a pipeline run with.
#[derive(Clone, Debug)]
pub(super) struct Env {
    pub(super) variables: Variables,
    /// The variables that were given, as filters of the store take them, and the time.
    pub(super) given: Document,
    pub(super) collation: Collation,
    /// The bound of each stage, in bytes.
    pub(super) memory: usize,
    pub(super) spill: Option<Arc<dyn Spill>>,
    pub(super) seed: Option<u64>,
}

impl Env {
    /// The names of the variables that were given.
    pub(super) fn names(&self) -> Vec<String> {
        self.given.keys().cloned().collect()
    }

    /// The same with more variables.
    pub(super) fn with(&self, more: Vec<(String, Bson)>) -> Self {
        let mut env = self.clone();
        for (name, value) in more {
            env.given.insert(name.clone(), value.clone());
            env.variables.give(name, value);
        }
        env
    }
}

/// What a stage runs with at the moment.
pub(super) struct Run<'r> {
    pub(super) env: &'r Env,
    pub(super) io: &'r mut Io,
}

/// What a stage answers.
pub(super) enum Poll {
    Document(Document),
    /// Another document, or word that there are no more, has to come in first.
    Hungry,
    /// The store has to answer first.
    Waiting,
    /// Nothing more comes out, whatever still comes in.
    End,
}

/// A running stage. It is polled until it says otherwise than [`Poll::Document`]; it is fed only
/// when it was hungry, and never after the end of the documents.
pub(super) trait Operator: Send {
    /// Takes a document, or word that there are no more.
    fn feed(&mut self, doc: Option<Document>, run: &mut Run<'_>) -> Result<()>;

    /// The next document.
    fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll>;

    /// Says, before anything else, how the store reads what comes in.
    fn opened(&mut self, _opening: &Opening) {}
}

/// What came in and is not taken yet.
#[derive(Default)]
pub(super) struct Inbox {
    doc: Option<Document>,
    ended: bool,
}

impl Inbox {
    pub(super) fn put(&mut self, doc: Option<Document>) {
        self.ended |= doc.is_none();
        self.doc = doc;
    }

    pub(super) fn take(&mut self) -> Option<Document> {
        self.doc.take()
    }

    /// What to answer when nothing is there.
    pub(super) fn otherwise(&self) -> Poll {
        if self.ended { Poll::End } else { Poll::Hungry }
    }
}

/// A stage that makes at most one document of each.
pub(super) struct Each<F> {
    inbox: Inbox,
    each: F,
}

impl<F> Each<F> {
    pub(super) fn new(each: F) -> Self {
        Self { inbox: Inbox::default(), each }
    }
}

impl<F: FnMut(Document, &Env) -> Result<Option<Document>> + Send> Operator for Each<F> {
    fn feed(&mut self, doc: Option<Document>, _run: &mut Run<'_>) -> Result<()> {
        self.inbox.put(doc);
        Ok(())
    }

    fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        if let Some(doc) = self.inbox.take()
            && let Some(doc) = (self.each)(doc, run.env)?
        {
            return Ok(Poll::Document(doc));
        }
        Ok(self.inbox.otherwise())
    }
}

/// A stage that takes everything in before anything comes out.
pub(super) trait Collect: Send {
    fn take(&mut self, doc: Document, env: &Env) -> Result<()>;

    /// Called once, when there are no more.
    fn end(&mut self, env: &Env) -> Result<()>;

    /// The next document that comes out.
    fn next(&mut self, env: &Env) -> Result<Option<Document>>;
}

/// A [`Collect`] as a stage.
pub(super) struct Collecting<C> {
    collect: C,
    ended: bool,
}

impl<C> Collecting<C> {
    pub(super) fn new(collect: C) -> Self {
        Self { collect, ended: false }
    }
}

impl<C: Collect> Operator for Collecting<C> {
    fn feed(&mut self, doc: Option<Document>, run: &mut Run<'_>) -> Result<()> {
        match doc {
            Some(doc) => self.collect.take(doc, run.env),
            None => {
                self.ended = true;
                self.collect.end(run.env)
            }
        }
    }

    fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        if !self.ended {
            return Ok(Poll::Hungry);
        }
        Ok(self.collect.next(run.env)?.map_or(Poll::End, Poll::Document))
    }
}
