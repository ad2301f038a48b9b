//! Bodies of uploads.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sdk_plugin::{Body, Error, Result};
use sha2::{Digest, Sha256};

use crate::code::TOO_LARGE;
use crate::manifest::Hash;

/// How long the rest of a refused upload is read.
pub const DRAIN_PATIENCE: Duration = Duration::from_secs(60);
/// How much of a form may be read before its file is reached, in bytes.
const MAX_BEFORE_FILE: u64 = 256 * 1024;
/// How much of it is handed on at once, in bytes: whoever reads a form asks for more than is needed.
const PIECE: usize = 2 * 1024;

/// A body whose rest can be read by somebody else.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Body>>);

impl Shared {
    /// A body that can be shared.
    pub fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Reads and forgets what is left, unless it is more than `most` bytes or takes longer than
    /// `patience`: many clients look for an answer only when they have sent everything.
    pub async fn drain(mut self, most: u64, patience: Duration) {
        let reading = async {
            let mut read = 0;
            while let Some(Ok(chunk)) = self.next().await {
                read += chunk.len() as u64;
                if read > most {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(patience, reading).await;
    }
}

impl Stream for Shared {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_next(cx)
    }
}

/// The body of a form, of which little can be read until its file is reached: a parser keeps all
/// that it is handed until it has found the end of a field's headers.
pub struct Guarded {
    body: Shared,
    reached: Arc<AtomicBool>,
    /// Read, and not handed on yet.
    rest: Bytes,
    handed: u64,
    /// Whether the parser shall look at what it has been handed before it is handed more.
    pause: bool,
}

impl Guarded {
    /// A body that is guarded until `reached` is set.
    pub fn new(body: Shared, reached: Arc<AtomicBool>) -> Self {
        Self { body, reached, rest: Bytes::new(), handed: 0, pause: false }
    }
}

impl Stream for Guarded {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.reached.load(Ordering::Relaxed) {
            if this.rest.is_empty() {
                return Pin::new(&mut this.body).poll_next(cx);
            }
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.rest))));
        }
        if std::mem::take(&mut this.pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.rest.is_empty() {
            match Pin::new(&mut this.body).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => this.rest = chunk,
                other => return other,
            }
        }
        if this.handed > MAX_BEFORE_FILE {
            return Poll::Ready(Some(Err(too_large(MAX_BEFORE_FILE))));
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.handed += piece.len() as u64;
        this.pause = true;
        Poll::Ready(Some(Ok(piece)))
    }
}

/// Learns size and digest of what passes.
#[derive(Clone, Default)]
pub struct Measure(Arc<Mutex<(Sha256, u64)>>);

impl Measure {
    /// The same stream, measured. It ends with an error when it has more than `most` bytes.
    pub fn through(&self, chunks: impl Stream<Item = Result<Bytes>> + Send + 'static, most: u64) -> Body {
        let measure = self.0.clone();
        Body::from_stream(chunks.map(move |chunk| {
            let chunk = chunk?;
            let mut measure = measure.lock().unwrap_or_else(PoisonError::into_inner);
            measure.1 += chunk.len() as u64;
            if measure.1 > most {
                return Err(too_large(most));
            }
            measure.0.update(&chunk);
            Ok(chunk)
        }))
    }

    /// What has passed.
    pub fn result(&self) -> (Hash, u64) {
        let measure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (measure.0.clone().finalize().into(), measure.1)
    }
}

/// The error for too many bytes.
pub fn too_large(most: u64) -> Error {
    Error::new(TOO_LARGE, format!("the upload is larger than {most} bytes"))
}
