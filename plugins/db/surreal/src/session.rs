//! A space's database, wherever it is.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use sdk_plugin::{Error, Result, codes};

use crate::embedded::{self, Space};
use crate::error::{database, is_conflict, is_missing};
use crate::layout::{Part, Range};
use crate::statements::{self, Statements};
use crate::write::{Write, Written};

/// How often a change is made again after a conflict with others.
const MAX_CONFLICTS: u32 = 64;

/// A space's database.
pub enum Session {
    /// In this process.
    Embedded(Space),
    /// On a server.
    Server(Statements),
}

/// What a database held at one moment.
#[derive(Clone)]
pub enum Snapshot {
    /// Of a database in this process.
    Embedded(embedded::Snapshot),
    /// Of a database on a server.
    Server(statements::Snapshot),
}

impl Snapshot {
    fn embedded(&self) -> Option<&embedded::Snapshot> {
        if let Self::Embedded(snapshot) = self { Some(snapshot) } else { None }
    }

    fn server(&self) -> Option<&statements::Snapshot> {
        if let Self::Server(snapshot) = self { Some(snapshot) } else { None }
    }
}

impl Session {
    /// Whether other processes may change the database too.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Server(_))
    }

    /// What the database holds now, to be read from later.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let taken = match self {
            Self::Embedded(space) => space.snapshot().await.map(Snapshot::Embedded),
            Self::Server(statements) => statements.snapshot().await.map(Snapshot::Server),
        };
        taken.map_err(database)
    }

    /// The documents with these keys, in their order; those that are not there are left out.
    pub async fn get(&self, table: &str, keys: &[&str], snapshot: Option<&Snapshot>) -> Result<Vec<Bytes>> {
        let found = match self {
            Self::Embedded(space) => space.get(table, keys, snapshot.and_then(Snapshot::embedded)).await,
            Self::Server(statements) => statements.get(table, keys, snapshot.and_then(Snapshot::server)).await,
        };
        found.map_err(database)
    }

    /// The documents of a part of a table, in the order of their keys or in the reverse order.
    pub async fn scan(&self, table: &str, part: &Part<'_>, snapshot: Option<&Snapshot>) -> Result<Vec<Bytes>> {
        let found = match self {
            Self::Embedded(space) => space.scan(table, part, snapshot.and_then(Snapshot::embedded)).await,
            Self::Server(statements) => statements.scan(table, part, snapshot.and_then(Snapshot::server)).await,
        };
        found.map_err(database)
    }

    /// As [`scan`](Self::scan), with the records' keys.
    pub async fn entries(&self, table: &str, part: &Part<'_>, snapshot: Option<&Snapshot>) -> Result<Vec<(String, Bytes)>> {
        let found = match self {
            Self::Embedded(space) => space.entries(table, part, snapshot.and_then(Snapshot::embedded)).await,
            Self::Server(statements) => statements.entries(table, part, snapshot.and_then(Snapshot::server)).await,
        };
        found.map_err(database)
    }

    /// How many records a range has.
    pub async fn count(&self, table: &str, range: &Range, snapshot: Option<&Snapshot>) -> Result<u64> {
        let counted = match self {
            Self::Embedded(space) => space.count(table, range, snapshot.and_then(Snapshot::embedded)).await,
            Self::Server(statements) => statements.count(table, range, snapshot.and_then(Snapshot::server)).await,
        };
        counted.map_err(database)
    }

    /// The names of all tables.
    pub async fn tables(&self) -> Result<Vec<String>> {
        let tables = match self {
            Self::Embedded(space) => space.tables().await,
            Self::Server(statements) => statements.tables().await,
        };
        tables.map_err(database)
    }

    /// Makes a table, if it is not there.
    pub async fn make_table(&self, table: &str) -> Result<()> {
        again(|| async {
            match self {
                Self::Embedded(space) => space.make_table(table).await,
                Self::Server(statements) => statements.make_table(table).await,
            }
        })
        .await
    }

    /// Removes a table with all that is in it. Does nothing when it is not there.
    pub async fn remove_table(&self, table: &str) -> Result<()> {
        again(|| async {
            match self {
                Self::Embedded(space) => space.remove_table(table).await,
                Self::Server(statements) => statements.remove_table(table).await,
            }
        })
        .await
    }

    /// Makes all changes, or none when a record is not as one of them expects.
    pub async fn write(&self, writes: &[Write]) -> Result<Written> {
        again(|| async move {
            match self {
                Self::Embedded(space) => space.write(writes).await,
                Self::Server(statements) => statements.write(writes).await,
            }
        })
        .await
    }
}

/// Makes a change, again when it lost against others. Each attempt is a transaction.
async fn again<T, F: Future<Output = surrealdb::Result<T>>>(change: impl Fn() -> F) -> Result<T> {
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
