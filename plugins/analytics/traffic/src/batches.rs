//! Events in batches, as clients send them.

use std::iter::Peekable;

use crate::{Event, Events};

/// What a client sends at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number, the same when it is sent again. See [`Traffic::batch_text`](crate::Traffic::batch_text).
    pub batch: u32,
    /// The device that sends it.
    pub device: u32,
    /// When it arrives, in milliseconds since 1970.
    pub arrives: i64,
    /// What it tells, at most a few hundred.
    pub events: Vec<Event>,
}

/// The batches of traffic, in order of arrival.
#[derive(Debug)]
pub struct Batches(Peekable<Events>);

impl Batches {
    pub(crate) fn new(events: Events) -> Self {
        Self(events.peekable())
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let first = self.0.next()?;
        let mut batch = Batch { batch: first.batch, device: first.device, arrives: first.arrives, events: vec![first] };
        while let Some(event) = self.0.next_if(|event| event.batch == first.batch && event.arrives == first.arrives) {
            batch.events.push(event);
        }
        Some(batch)
    }
}
