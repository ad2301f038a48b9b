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
    let etag = match (metadata.etag(), modified) {
        (Some(etag), _) => etag.trim_matches('"').to_owned(),
        (None, Some(time)) => format!("{:x}-{size:x}", time.as_nanosecond()),
        (None, None) => return None,
    };
    Some(Object { key: key.to_owned(), size, modified: modified.map_or(0, |time| time.as_millisecond()), etag })
}

/// Describes an object of a store that knows neither times nor etags (`memory`): by its contents.
pub async fn describe_contents(operator: &Operator, path: &str, key: &str) -> Result<Object> {
    let reader = operator.reader(path).await.map_err(|e| failure(key, e))?;
    let mut chunks = reader.into_bytes_stream(..).await.map_err(|e| failure(key, e))?;
    let (mut hasher, mut size) = (DefaultHasher::new(), 0);
    while let Some(chunk) = chunks.try_next().await.map_err(|e| read_failure(key, e))? {
        hasher.write(&chunk);
        size += chunk.len() as u64;
    }
    Ok(Object { key: key.to_owned(), size, modified: 0, etag: format!("{:x}-{size:x}", hasher.finish()) })
}

/// Turns an error of the store into one for the caller.
pub fn failure(key: &str, error: opendal::Error) -> Error {
    let failure = match error.kind() {
        ErrorKind::NotFound => Error::new(codes::NOT_FOUND, format!("there is no object `{key}`")),
        ErrorKind::RateLimited => Error::new(codes::UNAVAILABLE, "the object store asks for fewer requests").retryable(),
        _ if error.is_temporary() => Error::new(codes::UNAVAILABLE, "the object store cannot serve now").retryable(),
        _ => return Error::internal(error).with_context("key", key),
    };
    failure.with_source(error)
}

/// As [`failure`], for streams that yield I/O errors.
pub fn read_failure(key: &str, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::new(codes::NOT_FOUND, format!("there is no object `{key}`")).with_source(error),
        _ => Error::internal(error).with_context("key", key),
    }
}
