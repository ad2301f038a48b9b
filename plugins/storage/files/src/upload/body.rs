//! Bodies of uploads.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sdk_plugin::{Body, Error, Result};

use crate::code::TOO_LARGE;

/// A body whose rest can be read by somebody else.
#[derive(Clone)]
pub struct Shared {
    body: Arc<Mutex<Body>>,
    length: Option<u64>,
}

impl Shared {
    /// Shares a body.
    pub fn new(body: Body) -> Self {
        Self { length: body.length(), body: Arc::new(Mutex::new(body)) }
    }

    /// How long it was announced to be, in bytes.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Reads and forgets what is left, unless it is more than `most` bytes.
    pub async fn drain(mut self, most: u64) {
        let mut read = 0;
        while let Some(Ok(chunk)) = self.next().await {
            read += chunk.len() as u64;
            if read > most {
                return;
            }
        }
    }
}

impl Stream for Shared {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_next(cx)
    }
}

/// The error for a file that is larger than it may be.
pub fn too_large(most: u64) -> Error {
    Error::new(TOO_LARGE, format!("the file is larger than {most} bytes"))
}

/// A body that ends with `EntityTooLarge` after `most` bytes; `count` says how many there were.
pub fn limited(body: Body, most: u64, count: Arc<std::sync::atomic::AtomicU64>) -> Body {
    let length = body.length();
    let chunks = body.map(move |chunk| {
        let chunk = chunk?;
        let before = count.fetch_add(chunk.len() as u64, std::sync::atomic::Ordering::Relaxed);
        if before.saturating_add(chunk.len() as u64) > most { Err(too_large(most)) } else { Ok(chunk) }
    });
    let limited = Body::from_stream(chunks);
    match length {
        Some(length) => limited.with_length(length),
        None => limited,
    }
}
