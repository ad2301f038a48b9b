//! Streams of bytes.

use std::fmt;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};

use crate::{Error, Result, codes};

/// A stream of bytes with a length that may be known before it is read.
///
/// The reader sets the pace: nothing is produced that was not asked for.
pub struct Body {
    /// The lock is never taken: it makes bodies, and calls that carry them, `Sync`.
    stream: Mutex<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>>,
    length: Option<u64>,
}

impl Body {
    /// A body of the chunks that a stream yields. It ends at the first error.
    pub fn from_stream(stream: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self { stream: Mutex::new(Box::pin(stream)), length: None }
    }

    /// A body of bytes that are at hand.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = bytes.len() as u64;
        let chunks = (!bytes.is_empty()).then_some(Ok(bytes));
        Self { stream: Mutex::new(Box::pin(stream::iter(chunks))), length: Some(length) }
    }

    /// A body of nothing.
    pub fn empty() -> Self {
        Self::full(Bytes::new())
    }

    /// Says how long the body will be, in bytes.
    #[must_use]
    pub fn with_length(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    /// The length in bytes, where it is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Reads all of it, at most `limit` bytes.
    ///
    /// # Errors
    /// `InvalidBody.Format` when there is more than `limit`; otherwise what the stream reports.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes> {
        let mut first: Option<Bytes> = None;
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            let read = first.as_ref().map_or(0, Bytes::len) + all.len();
            if read + chunk.len() > limit {
                return Err(Error::new(codes::INVALID_BODY, format!("the body is larger than {limit} bytes")));
            }
            match first.take() {
                None if all.is_empty() => first = Some(chunk),
                held => {
                    if let Some(held) = held {
                        all.extend_from_slice(&held);
                    }
                    all.extend_from_slice(&chunk);
                }
            }
        }
        Ok(first.unwrap_or_else(|| all.freeze()))
    }
}

impl Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.stream.get_mut() {
            Ok(stream) => stream.as_mut().poll_next(cx),
            Err(_) => Poll::Ready(None),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn collect_joins_chunks_and_stops_at_the_limit() {
        let chunks = || Body::from_stream(stream::iter(["ab", "cd", "e"].map(|s| Ok(Bytes::from(s)))));
        assert_eq!(chunks().collect(5).await.expect("fits"), "abcde");
        assert_eq!(chunks().collect(4).await.expect_err("too large").code(), codes::INVALID_BODY);
        assert_eq!(Body::empty().collect(0).await.expect("empty"), "");
    }
}
