//! The records of a collection, wherever they are.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sdk_plugin::{Error, Result, codes};

use crate::embedded::{Space, Write};
use crate::error::{database, is_conflict, is_missing};
use crate::layout::Range;
use crate::statements::Statements;

/// How often a change is made again after a conflict with others.
const MAX_CONFLICTS: u32 = 64;

/// A space's database.
pub enum Session {
    /// In this process.
    Embedded(Space),
    /// On a server.
    Server(Statements),
}

/// The records of one collection.
pub struct Records {
    session: Arc<Session>,
    table: String,
}

impl Records {
    /// The records of a table.
    pub fn new(session: Arc<Session>, table: &str) -> Self {
        Self { session, table: table.to_owned() }
    }

    /// The document of a record.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let found = match &*self.session {
            Session::Embedded(space) => space.get(&self.table, &[key]).await.map(|mut found| found.pop()),
            Session::Server(statements) => statements.get(&self.table, key).await,
        };
        found.map_err(database)
    }

    /// The documents of several records, in the order of the keys; those that are not there are left out.
    pub async fn get_all(&self, keys: &[&str]) -> Result<Vec<Bytes>> {
        let found = match &*self.session {
            Session::Embedded(space) => space.get(&self.table, keys).await,
            Session::Server(statements) => statements.get_all(&self.table, keys).await,
        };
        found.map_err(database)
    }

    /// Up to `limit` documents of a range of keys, in the order of their keys, without the first `skip`.
    pub async fn page(&self, range: &Range, skip: u64, limit: u64) -> Result<Vec<Bytes>> {
        let found = match &*self.session {
            Session::Embedded(space) => space.scan(&self.table, range, false, skip, limit).await,
            Session::Server(statements) => statements.page(&self.table, range, skip, limit).await,
        };
        found.map_err(database)
    }

    /// Up to `limit` documents in the reverse order of their keys, without the first `skip`.
    pub async fn last(&self, skip: u64, limit: u64) -> Result<Vec<Bytes>> {
        let found = match &*self.session {
            Session::Embedded(space) => space.scan(&self.table, &Range::ALL, true, skip, limit).await,
            Session::Server(statements) => statements.last(&self.table, skip, limit).await,
        };
        found.map_err(database)
    }

    /// How many records there are.
    pub async fn count(&self) -> Result<u64> {
        let counted = match &*self.session {
            Session::Embedded(space) => space.count(&self.table).await,
            Session::Server(statements) => statements.count(&self.table).await,
        };
        counted.map_err(database)
    }

    /// Makes a record; false when there is one already.
    pub async fn insert(&self, key: &str, document: &Bytes) -> Result<bool> {
        again(|| async move {
            match &*self.session {
                Session::Embedded(space) => space.write(&self.table, &[Write::Create(key, document)]).await,
                Session::Server(statements) => statements.insert(&self.table, key, document).await,
            }
        })
        .await
    }

    /// Makes all records, or none when one of them is there already.
    pub async fn insert_all(&self, documents: &[(String, Bytes)]) -> Result<bool> {
        again(|| async move {
            match &*self.session {
                Session::Embedded(space) => {
                    let writes: Vec<_> = documents.iter().map(|(key, document)| Write::Create(key, document)).collect();
                    space.write(&self.table, &writes).await
                }
                Session::Server(statements) => statements.insert_all(&self.table, documents).await,
            }
        })
        .await
    }

    /// Replaces a document that is still `old`; false when it is not.
    pub async fn replace(&self, key: &str, old: &Bytes, new: &Bytes) -> Result<bool> {
        again(|| async move {
            match &*self.session {
                Session::Embedded(space) => space.write(&self.table, &[Write::Replace(key, old, new)]).await,
                Session::Server(statements) => statements.replace(&self.table, key, old, new).await,
            }
        })
        .await
    }

    /// Removes a document that is still `old`; false when it is not.
    pub async fn remove(&self, key: &str, old: &Bytes) -> Result<bool> {
        again(|| async move {
            match &*self.session {
                Session::Embedded(space) => space.write(&self.table, &[Write::Remove(key, old)]).await,
                Session::Server(statements) => statements.remove(&self.table, key, old).await,
            }
        })
        .await
    }
}

/// Makes a change, again when it lost against others. Each attempt is a transaction.
async fn again<F: Future<Output = surrealdb::Result<bool>>>(change: impl Fn() -> F) -> Result<bool> {
    let mut conflicts = 0;
    loop {
        match change().await {
            Ok(done) => return Ok(done),
            Err(error) if is_conflict(&error) && conflicts < MAX_CONFLICTS => {
                conflicts += 1;
                tokio::time::sleep(Duration::from_micros(200 * u64::from(conflicts.min(20)))).await;
            }
            // A space's database that went away under a write comes back with the next session.
            Err(error) if is_missing(&error) => {
                return Err(Error::new(codes::UNAVAILABLE, "the space's database is not there").retryable().with_source(error));
            }
            Err(error) => return Err(database(error)),
        }
    }
}
