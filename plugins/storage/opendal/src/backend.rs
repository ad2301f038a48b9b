//! What the rest of this crate knows of OpenDAL's metadata and errors.

use std::hash::{DefaultHasher, Hasher};

use futures_util::TryStreamExt;
use opendal::{ErrorKind, Metadata, Operator};
use sdk_plugin::contract::storage::Object;
use sdk_plugin::{Error, Result, codes};

/// Describes an object by what its store tells of it, where that is enough for an `etag`.
pub fn describe(key: &str, metadata: &Metadata) -> Option<Object> {
    let size = metadata.content_length();
    let modified = metadata.last_modified().map(opendal::raw::Timestamp::into_inner);
    let (etag, modified) = match (metadata.etag(), modified) {
        // Object stores tell some of their times by the second only.
        (Some(etag), modified) => (bare(etag).to_owned(), modified.map_or(0, |time| time.as_second() * 1000)),
        (None, Some(time)) => (format!("{:x}-{size:x}", time.as_nanosecond()), time.as_millisecond()),
        (None, None) => return None,
    };
    Some(Object { key: key.to_owned(), size, modified, etag })
}

/// An etag without its quotes.
pub fn bare(etag: &str) -> &str {
    etag.trim_matches('"')
}

/// Describes an object of a store that knows neither times nor etags (`memory`): by its contents.
pub async fn describe_contents(operator: &Operator, path: &str, key: &str) -> Result<Object> {
    let reader = operator.reader(path).await.map_err(|e| failure(key, e))?;
    let mut chunks = reader.into_stream(..).await.map_err(|e| failure(key, e))?;
    let (mut hasher, mut size) = (DefaultHasher::new(), 0);
    while let Some(buffer) = chunks.try_next().await.map_err(|e| failure(key, e))? {
        for chunk in buffer {
            hasher.write(&chunk);
            size += chunk.len() as u64;
        }
    }
    Ok(Object { key: key.to_owned(), size, modified: 0, etag: format!("{:x}-{size:x}", hasher.finish()) })
}

/// Turns an error of the store into one for the caller.
///
/// What has been tried several times is persistent: the layer that tries again marks all errors
/// so, and what a store of the network refuses for no reason that OpenDAL knows is taken for an
/// outage too.
pub fn failure(key: &str, error: opendal::Error) -> Error {
    let failure = match error.kind() {
        ErrorKind::NotFound => Error::new(codes::NOT_FOUND, format!("there is no object `{key}`")),
        ErrorKind::RateLimited => Error::new(codes::UNAVAILABLE, "the object store asks for fewer requests").retryable(),
        ErrorKind::ConditionNotMatch => unavailable("the object was replaced while it was read"),
        ErrorKind::Unexpected if error.is_temporary() || error.is_persistent() => unavailable("the object store cannot serve now"),
        _ if error.is_temporary() => unavailable("the object store cannot serve now"),
        _ => return Error::internal(error).with_context("key", key),
    };
    failure.with_source(error)
}

/// As [`failure`], of a write, to which it means nothing that an object or an upload is not there.
pub fn write_failure(key: &str, error: opendal::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => unavailable("the object store has lost what it was sent").with_source(error).with_context("key", key),
        _ => failure(key, error),
    }
}

/// An error that may pass.
pub fn unavailable(what: &str) -> Error {
    Error::new(codes::UNAVAILABLE, what).retryable()
}
