//! `$geoNear`.

use std::cmp::Ordering;
use std::sync::Arc;

use bson::{Bson, Document, doc};

use super::super::bounds;
use super::super::execution::Opening;
use super::super::operator::{Env, Inbox, Operator, Poll, Run};
use super::super::sorter::{Sorted, Sorter};
use super::super::spill::Order;
use crate::error::{Code, Error, Result};
use crate::geo::{GeoNear, Near};

/// A document's distance; the one without a place is the farthest.
#[derive(PartialEq)]
struct Distance(f64);

impl Eq for Distance {}

impl Ord for Distance {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Distance {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Documents are sorted with their distance and what they are annotated to.
struct ByDistance;

impl Order for ByDistance {
    type Key = Distance;

    fn key(&self, doc: &Document, _env: &Env) -> Result<Distance> {
        Ok(Distance(doc.get_f64("distance").unwrap_or(f64::INFINITY)))
    }
}

struct Locating {
    stage: Arc<GeoNear>,
    near: Option<Near>,
    state: State,
}

enum State {
    Open(Sorter<ByDistance>),
    Sorted(Sorted<ByDistance>),
    /// The store sorts.
    Through(Inbox),
}

/// Starts the stage. With a limit only the nearest are kept.
pub(in crate::aggregate) fn start(stage: Arc<GeoNear>, limit: Option<u64>) -> Box<dyn Operator> {
    let near = stage.key().map(|key| stage.near(key));
    let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    Box::new(Locating { stage, near, state: State::Open(Sorter::new(ByDistance, limit, |_| size_of::<Distance>())) })
}

impl Locating {
    /// The document with its distance, if it is near enough.
    fn locate(&self, mut doc: Document) -> Result<Option<(f64, Document)>> {
        let near = self
            .near
            .as_ref()
            .ok_or_else(|| Error::new(Code::Location(27), "$geoNear requires a 2d or 2dsphere index, but none were found"))?;
        let Some(located) = near.locate(&doc) else {
            return Ok(None);
        };
        let distance = located.distance;
        self.stage.annotate(&mut doc, located);
        bounds::check(&doc)?;
        Ok(Some((distance, doc)))
    }
}

impl Operator for Locating {
    fn feed(&mut self, doc: Option<Document>, run: &mut Run<'_>) -> Result<()> {
        let Some(doc) = doc else {
            match std::mem::replace(&mut self.state, State::Through(Inbox::default())) {
                State::Open(sorter) => self.state = State::Sorted(sorter.finish(run.env)?),
                mut other => {
                    if let State::Through(inbox) = &mut other {
                        inbox.put(None);
                    }
                    self.state = other;
                }
            }
            return Ok(());
        };
        let located = self.locate(doc)?;
        match (&mut self.state, located) {
            (State::Open(sorter), Some((distance, doc))) => sorter.push(doc! {"distance": distance, "doc": doc}, run.env),
            (State::Through(inbox), Some((_, doc))) => {
                inbox.put(Some(doc));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn poll(&mut self, run: &mut Run<'_>) -> Result<Poll> {
        Ok(match &mut self.state {
            State::Open(_) => Poll::Hungry,
            State::Through(inbox) => inbox.take().map_or_else(|| inbox.otherwise(), Poll::Document),
            State::Sorted(sorted) => match sorted.next(run.env)? {
                Some((_, mut held)) => match held.remove("doc") {
                    Some(Bson::Document(doc)) => Poll::Document(doc),
                    _ => return Err(Error::new(Code::OperationFailed, "a temporary file does not hold what was written")),
                },
                None => Poll::End,
            },
        })
    }

    fn opened(&mut self, opening: &Opening) {
        if opening.sorted {
            self.state = State::Through(Inbox::default());
        }
        if let (None, Some(path)) = (&self.near, &opening.near) {
            self.near = Some(self.stage.near(path));
        }
    }
}
