//! The body of a request.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc;

use super::super::super::Failure;
use super::super::errors;

/// How many parts wait for the connection to take them.
const QUEUE: usize = 2;

/// What JavaScript has written.
pub enum Part {
    /// Bytes.
    Data(Bytes),
    /// The end, perhaps with trailers. A body that ends without it was broken off.
    End(Option<HeaderMap>),
}

/// A body: whole, or as it is written.
pub enum Body {
    /// All of it.
    Whole(Option<Bytes>),
    /// Parts that arrive, of a length that is known or not.
    Parts { parts: mpsc::Receiver<Part>, length: Option<u64>, ended: bool },
}

impl Body {
    /// A body that is written later.
    pub fn later(length: Option<u64>) -> (Self, mpsc::Sender<Part>) {
        let (sender, parts) = mpsc::channel(QUEUE);
        (Self::Parts { parts, length, ended: false }, sender)
    }
}

/// Ends a body that is written. When the queue is full, a task waits for room.
pub fn finish(parts: &mpsc::Sender<Part>, trailers: Option<HeaderMap>) {
    if let Err(mpsc::error::TrySendError::Full(end)) = parts.try_send(Part::End(trailers))
        && let Ok(tasks) = tokio::runtime::Handle::try_current()
    {
        let parts = parts.clone();
        tasks.spawn(async move { parts.send(end).await });
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes)))),
            Self::Parts { ended: true, .. } => Poll::Ready(None),
            Self::Parts { parts, ended, .. } => parts.poll_recv(context).map(|part| match part {
                Some(Part::Data(bytes)) => Some(Ok(Frame::data(bytes))),
                Some(Part::End(trailers)) => {
                    *ended = true;
                    trailers.map(|trailers| Ok(Frame::trailers(trailers)))
                }
                None => {
                    *ended = true;
                    Some(Err(errors::hang_up()))
                }
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Parts { ended, .. } => *ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Parts { length: Some(length), .. } => SizeHint::with_exact(*length),
            Self::Parts { .. } => SizeHint::default(),
        }
    }
}
