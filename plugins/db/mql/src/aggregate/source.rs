//! Running a pipeline on an asynchronous store.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task;

use bson::Document;

use super::execution::{CursorId, Execution, Opening, Step};
use super::query::Query;
use crate::error::Error;

/// A store that pipelines read from. Futures may belong to any runtime.
pub trait Source: Sync {
    /// A query under way; dropping it ends the query.
    type Cursor: Send;
    /// The store's errors.
    type Error: From<Error>;

    /// Begins a query. Permissions of the collection are to be checked here at the latest.
    fn open(&self, query: &Query) -> impl Future<Output = Result<Opened<Self::Cursor>, Self::Error>> + Send;

    /// Some more documents, in batches of the store's choice; `None` when there are no more.
    fn fetch(&self, cursor: &mut Self::Cursor) -> impl Future<Output = Result<Option<Vec<Document>>, Self::Error>> + Send;
}

/// A query that a [`Source`] began.
#[derive(Clone, Debug)]
pub struct Opened<C> {
    /// What [`Source::fetch`] needs.
    pub cursor: C,
    /// How it is read.
    pub opening: Opening,
}

/// The results of a pipeline on a [`Source`].
pub struct Results<'s, S: Source> {
    execution: Execution,
    source: &'s S,
    cursors: BTreeMap<CursorId, S::Cursor>,
}

impl Execution {
    /// Runs on a store.
    pub fn on<S: Source>(self, source: &S) -> Results<'_, S> {
        Results { execution: self, source, cursors: BTreeMap::new() }
    }
}

impl<S: Source> Results<'_, S> {
    /// The next result; `None` when there are no more.
    ///
    /// # Errors
    /// The errors of the stages and of the store.
    pub async fn next(&mut self) -> Result<Option<Document>, S::Error> {
        loop {
            match self.execution.step()? {
                Step::Open(id, query) => {
                    let Opened { cursor, opening } = self.source.open(&query).await?;
                    self.cursors.insert(id, cursor);
                    self.execution.opened(opening)?;
                }
                Step::Fetch(id) => {
                    let docs = match self.cursors.get_mut(&id) {
                        Some(cursor) => self.source.fetch(cursor).await?,
                        None => None,
                    };
                    self.execution.supply(docs)?;
                    // A store that has its answers at hand never waits.
                    others_turn().await;
                }
                Step::Close(id) => _ = self.cursors.remove(&id),
                Step::Yield => others_turn().await,
                Step::Document(doc) => return Ok(Some(doc)),
                Step::Done => return Ok(None),
            }
        }
    }
}

/// Lets other tasks have their turn, and the timers of whoever waits; on any runtime.
async fn others_turn() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        task::Poll::Pending
    })
    .await;
}
