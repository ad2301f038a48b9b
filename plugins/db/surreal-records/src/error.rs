//! What callers are told when something fails.

use sdk_plugin::{Error, codes};
use surrealdb::types::{ConnectionError, NotFoundError, QueryError};

/// How the operating system names a full disk and a spent quota: storage engines keep its text only.
const FULL: [&str; 2] = ["(os error 28)", "(os error 122)"];
/// How SurrealKV names that it has stopped taking writes, to those that waited for it.
const STOPPED: &str = "Pipeline stall";
/// How SurrealDB ends the text of a conflict. `USE`, which makes namespaces and databases, passes on
/// nothing else of it.
const CONFLICT: &str = "This transaction can be retried";

/// An error of the database. Its text stays in the log.
pub fn database(error: surrealdb::Error) -> Error {
    let unavailable = || Error::new(codes::UNAVAILABLE, "the database cannot be reached").retryable();
    let sorted = match (error.query_details(), error.connection_details()) {
        _ if is_conflict(&error) => Error::new(codes::CONFLICT, "the document was changed by others at the same time").retryable(),
        (Some(QueryError::TimedOut { .. } | QueryError::Cancelled), _) => {
            Error::new(codes::TIMEOUT, "operation exceeded time limit").retryable()
        }
        (_, Some(ConnectionError::ConnectionFailed | ConnectionError::Uninitialised)) => unavailable(),
        _ if error.is_connection() => unavailable(),
        _ if error.message().contains(STOPPED) => unavailable(),
        _ if FULL.iter().any(|name| error.message().contains(name)) => Error::new(codes::UNAVAILABLE, "the disk of the database is full"),
        _ => return Error::internal(error),
    };
    sorted.with_source(error)
}

/// Whether nothing was done because others changed the same, so that it may succeed when it is tried again.
pub fn is_conflict(error: &surrealdb::Error) -> bool {
    matches!(error.query_details(), Some(QueryError::TransactionConflict)) || error.message().contains(CONFLICT)
}

/// Whether the table, database or namespace is not there, which reading counts as empty.
pub fn is_missing(error: &surrealdb::Error) -> bool {
    matches!(
        error.not_found_details(),
        Some(NotFoundError::Table { .. } | NotFoundError::Database { .. } | NotFoundError::Namespace { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_known_by_its_kind_or_its_text() {
        let lost = surrealdb_kvs::Error::TransactionConflict("Write conflict, retry the transaction".to_owned());
        for conflict in [
            surrealdb::Error::query("a text".to_owned(), QueryError::TransactionConflict),
            surrealdb::Error::internal(lost.to_string()),
            surrealdb::Error::internal(surrealdb_datastore::DatastoreError::SequenceReset.to_string()),
        ] {
            let error = database(conflict);
            assert!(error.code() == codes::CONFLICT && error.is_retryable(), "{error:?}");
        }
        let unknown = surrealdb_kvs::Error::CommitOutcomeUnknown("the connection ended".to_owned());
        assert!(!is_conflict(&surrealdb::Error::internal(unknown.to_string())), "it may have been done");
    }

    /// As SurrealKV words it when the log, a table and the manifest cannot be written.
    #[test]
    fn a_full_disk_and_a_stop_are_named() {
        let full = std::io::Error::from_raw_os_error(28);
        for text in [
            format!("There was a problem with a transaction: IO error: kind={}, message={full}", full.kind()),
            format!("There was a problem with a transaction: Failed to flush memtable to SST table_id=7: {full}"),
        ] {
            let error = database(surrealdb::Error::internal(text));
            assert_eq!((error.code(), error.message()), (codes::UNAVAILABLE, "the disk of the database is full"));
            assert!(!error.is_retryable(), "it stays full until somebody makes room");
        }
        let stopped = database(surrealdb::Error::internal("There was a problem with a transaction: Pipeline stall".to_owned()));
        assert!(stopped.code() == codes::UNAVAILABLE && stopped.is_retryable());
        let other = database(surrealdb::Error::internal("IO error: Input/output error (os error 5)".to_owned()));
        assert_eq!(other.code(), codes::INTERNAL);
    }
}
