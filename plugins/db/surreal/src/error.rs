//! What callers are told when something fails.

use sdk_plugin::{Error, codes};
use surrealdb::types::{ConnectionError, NotFoundError, QueryError};

/// An error of the database. Its text stays in the log.
pub fn database(error: surrealdb::Error) -> Error {
    let unavailable = || Error::new(codes::UNAVAILABLE, "the database cannot be reached").retryable();
    let sorted = match (error.query_details(), error.connection_details()) {
        (Some(QueryError::TransactionConflict), _) => {
            Error::new(codes::CONFLICT, "the document was changed by others at the same time").retryable()
        }
        (Some(QueryError::TimedOut { .. } | QueryError::Cancelled), _) => {
            Error::new(codes::TIMEOUT, "operation exceeded time limit").retryable()
        }
        (_, Some(ConnectionError::ConnectionFailed | ConnectionError::Uninitialised)) => unavailable(),
        _ if error.is_connection() => unavailable(),
        _ => return Error::internal(error),
    };
    sorted.with_source(error)
}

/// Whether the same statement may succeed when it is run again.
pub fn is_conflict(error: &surrealdb::Error) -> bool {
    matches!(error.query_details(), Some(QueryError::TransactionConflict))
}

/// Whether the table, database or namespace is not there, which reading counts as empty.
pub fn is_missing(error: &surrealdb::Error) -> bool {
    matches!(
        error.not_found_details(),
        Some(NotFoundError::Table { .. } | NotFoundError::Database { .. } | NotFoundError::Namespace { .. })
    )
}

/// An error in what the caller sent, or in what it asks of a document.
pub fn language(error: mql::Error) -> Error {
    let sorted = match error.code() {
        mql::Code::MaxTimeMSExpired => Error::new(codes::TIMEOUT, error.message()).retryable(),
        _ => Error::invalid_params(error.message()),
    };
    sorted.with_context("mongodb", format!("{} ({})", error.code().name(), error.code().number()))
}
