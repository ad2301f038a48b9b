//! A session on a database, wherever it is.

use bytes::Bytes;
use sdk_plugin::{Error, codes};

use crate::Answer;
use crate::embedded::{self, Space};
use crate::error::{database, is_missing};
use crate::range::{Part, Range};
use crate::retry::again;
use crate::statements::{self, Statements};
use crate::write::{Write, Written};

/// A session on a database.
pub struct Session(Place);

enum Place {
    Embedded(Space),
    Server(Statements),
}

/// What a database held at one moment.
#[derive(Clone)]
pub struct Snapshot(Moment);

#[derive(Clone)]
enum Moment {
    Embedded(embedded::Snapshot),
    Server(statements::Snapshot),
}

impl Snapshot {
    fn embedded(&self) -> Option<&embedded::Snapshot> {
        if let Moment::Embedded(snapshot) = &self.0 { Some(snapshot) } else { None }
    }

    fn server(&self) -> Option<&statements::Snapshot> {
        if let Moment::Server(snapshot) = &self.0 { Some(snapshot) } else { None }
    }
}

impl Session {
    pub(crate) fn embedded(space: Space) -> Self {
        Self(Place::Embedded(space))
    }

    pub(crate) fn server(statements: Statements) -> Self {
        Self(Place::Server(statements))
    }

    /// Whether other processes may change the database too.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Place::Server(_))
    }

    /// What the database holds now, to be read from later.
    ///
    /// # Errors
    /// What the database answers, as for all that reads.
    pub fn snapshot(&self) -> Answer<'_, Snapshot> {
        Box::pin(async move {
            let taken = match &self.0 {
                Place::Embedded(space) => space.snapshot().await.map(Moment::Embedded),
                Place::Server(statements) => statements.snapshot().await.map(Moment::Server),
            };
            taken.map(Snapshot).map_err(database)
        })
    }

    /// The contents of the records with these keys, in their order; those that are not there are left out.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn get<'a>(&'a self, table: &'a str, keys: &'a [&'a str], snapshot: Option<&'a Snapshot>) -> Answer<'a, Vec<Bytes>> {
        Box::pin(async move {
            let found = match &self.0 {
                Place::Embedded(space) => space.get(table, keys, snapshot.and_then(Snapshot::embedded)).await,
                Place::Server(statements) => statements.get(table, keys, snapshot.and_then(Snapshot::server)).await,
            };
            found.map_err(database)
        })
    }

    /// As [`get`](Self::get), until an embedded database has read [`PAGE_BYTES`](crate::PAGE_BYTES);
    /// and how many keys were looked up.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn get_some<'a>(&'a self, table: &'a str, keys: &'a [&'a str], snapshot: Option<&'a Snapshot>) -> Answer<'a, (Vec<Bytes>, usize)> {
        Box::pin(async move {
            let found = match &self.0 {
                Place::Embedded(space) => space.get_some(table, keys, snapshot.and_then(Snapshot::embedded)).await,
                Place::Server(statements) => {
                    let found = statements.get(table, keys, snapshot.and_then(Snapshot::server)).await;
                    found.map(|documents| (documents, keys.len()))
                }
            };
            found.map_err(database)
        })
    }

    /// The contents of a part of a table, in the order of their keys or in the reverse order; from
    /// an embedded database until they have [`PAGE_BYTES`](crate::PAGE_BYTES) together.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn scan<'a>(&'a self, table: &'a str, part: &'a Part<'a>, snapshot: Option<&'a Snapshot>) -> Answer<'a, Vec<Bytes>> {
        Box::pin(async move {
            let found = match &self.0 {
                Place::Embedded(space) => space.scan(table, part, snapshot.and_then(Snapshot::embedded)).await,
                Place::Server(statements) => statements.scan(table, part, snapshot.and_then(Snapshot::server)).await,
            };
            found.map_err(database)
        })
    }

    /// As [`scan`](Self::scan), with the records' keys.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn entries<'a>(&'a self, table: &'a str, part: &'a Part<'a>, snapshot: Option<&'a Snapshot>) -> Answer<'a, Vec<(String, Bytes)>> {
        Box::pin(async move {
            let found = match &self.0 {
                Place::Embedded(space) => space.entries(table, part, snapshot.and_then(Snapshot::embedded)).await,
                Place::Server(statements) => statements.entries(table, part, snapshot.and_then(Snapshot::server)).await,
            };
            found.map_err(database)
        })
    }

    /// How many records a range has.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn count<'a>(&'a self, table: &'a str, range: &'a Range, snapshot: Option<&'a Snapshot>) -> Answer<'a, u64> {
        Box::pin(async move {
            let found = match &self.0 {
                Place::Embedded(space) => space.count(table, range, snapshot.and_then(Snapshot::embedded)).await,
                Place::Server(statements) => statements.count(table, range, snapshot.and_then(Snapshot::server)).await,
            };
            found.map_err(database)
        })
    }

    /// The names of all tables.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn tables(&self) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let tables = match &self.0 {
                Place::Embedded(space) => space.tables().await,
                Place::Server(statements) => statements.tables().await,
            };
            tables.map_err(database)
        })
    }

    /// Makes a table, if it is not there.
    ///
    /// # Errors
    /// `Conflict` when others keep changing the same; `ServiceUnavailable` when the database went away.
    pub fn make_table<'a>(&'a self, table: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let change = || async {
                match &self.0 {
                    Place::Embedded(space) => space.make_table(table).await,
                    Place::Server(statements) => statements.make_table(table).await,
                }
            };
            again(change).await.map_err(changing)
        })
    }

    /// Removes a table with all that is in it. Does nothing when it is not there.
    ///
    /// # Errors
    /// `Conflict` when others keep changing the same; `ServiceUnavailable` when the database went away.
    pub fn remove_table<'a>(&'a self, table: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let change = || async {
                match &self.0 {
                    Place::Embedded(space) => space.remove_table(table).await,
                    Place::Server(statements) => statements.remove_table(table).await,
                }
            };
            again(change).await.map_err(changing)
        })
    }

    /// Makes all changes, or none when a record is not as one of them expects.
    ///
    /// # Errors
    /// `Conflict` when others keep changing the same; `ServiceUnavailable` when the database went away.
    pub fn write<'a>(&'a self, writes: &'a [Write]) -> Answer<'a, Written> {
        Box::pin(async move {
            let change = || async {
                match &self.0 {
                    Place::Embedded(space) => space.write(writes).await,
                    Place::Server(statements) => statements.write(writes).await,
                }
            };
            again(change).await.map_err(changing)
        })
    }
}

/// What the maker of a change is told of an error.
fn changing(error: surrealdb::Error) -> Error {
    // A space's database that went away under a write comes back with the next session.
    if is_missing(&error) {
        return Error::new(codes::UNAVAILABLE, "the space's database is not there").retryable().with_source(error);
    }
    database(error)
}
