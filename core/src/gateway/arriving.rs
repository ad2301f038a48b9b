//! The body of a request, and what becomes of it when nobody reads it to its end.
//!
//! hyper closes an HTTP/1.1 connection whose request was answered before all of it was read, and says
//! so in no header: a client that sends its next request on it gets no answer, and may not repeat it
//! (RFC 9112, 9.3.1). So a small rest is read before the answer goes out, as Go's server does, and
//! for a larger one the answer says that the connection ends (RFC 9112, 9.6).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Version, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How large a rest is read, in bytes.
const LIMIT: usize = 64 << 10;
/// For how long it is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// A body as it arrives.
pub struct Arriving {
    incoming: Option<Incoming>,
    /// Where it goes when it is dropped before its end.
    unread: Option<oneshot::Sender<Unread>>,
    /// The client sends it only when it is told to go on, which hyper does when it is read (RFC 9110, 10.1.1).
    expects: bool,
}

struct Unread {
    incoming: Incoming,
    expects: bool,
}

/// What may be left of a body when its request was answered.
pub struct Rest(Option<oneshot::Receiver<Unread>>);

/// A request whose body is watched.
pub fn watch(request: Request<Incoming>) -> (Request<Arriving>, Rest) {
    // Streams of HTTP/2 end alone.
    let plain = request.version() == Version::HTTP_2 || request.body().is_end_stream();
    let (unread, rest) = if plain { (None, None) } else { Some(oneshot::channel()).unzip() };
    let expects = expects(request.headers());
    (request.map(|incoming| Arriving { incoming: Some(incoming), unread, expects }), Rest(rest))
}

fn expects(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

impl Rest {
    /// Reads a small rest; says whether the connection can take another request.
    pub async fn finish(self) -> bool {
        // A body that is read still, by whoever streams the answer, is hyper's matter.
        let Some(Ok(Unread { incoming, expects })) = self.0.map(|mut unread| unread.try_recv()) else { return true };
        if expects || incoming.size_hint().lower() > LIMIT as u64 {
            return false;
        }
        let mut rest = Limited::new(incoming, LIMIT);
        let read = async {
            while let Some(frame) = rest.frame().await {
                if frame.is_err() {
                    return false;
                }
            }
            true
        };
        timeout(PATIENCE, read).await.unwrap_or(false)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if let (Some(incoming), Some(unread)) = (self.incoming.take(), self.unread.take())
            && !incoming.is_end_stream()
        {
            // Nobody asks for what a client has hung up on.
            let _ = unread.send(Unread { incoming, expects: self.expects });
        }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.expects = false;
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
