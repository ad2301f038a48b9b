//! What callers are told when something fails.

use sdk_plugin::{Error, codes};

/// An error in what the caller sent, or in what it asks of a document.
pub fn language(error: mql::Error) -> Error {
    let sorted = match error.code() {
        mql::Code::MaxTimeMSExpired => Error::new(codes::TIMEOUT, error.message()).retryable(),
        _ => Error::invalid_params(error.message()),
    };
    sorted.with_context("mongodb", format!("{} ({})", error.code().name(), error.code().number()))
}
