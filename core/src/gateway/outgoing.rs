//! Bodies of plugins on their way to clients.
//!
//! A body keeps its plugin's lease until it has been read, and a client may read slowly or never. So
//! small ones are read at once, and large ones are taken back when nothing is taken for long.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use hyper::body::{Frame, SizeHint};
use sdk_plugin::{Body, Error, Result, codes};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

/// Bodies that are known to be no larger are read at once, in bytes.
pub const SMALL: usize = 64 << 10;
/// How long a client may take nothing.
const STALLED: Duration = Duration::from_secs(60);
/// How slowly it may take a chunk, in bytes a millisecond.
const SLOWEST: u64 = 1;

/// A body that is read as the client takes it. It ends with an error when the plugin's does, or when
/// the client was too slow.
pub struct Outgoing {
    lent: Arc<Mutex<Lent>>,
    /// How much there is still to come, where the length is known.
    left: Option<u64>,
    stalled: Duration,
    watch: AbortHandle,
}

impl Outgoing {
    /// Begins to watch over a body.
    pub fn new(body: Body) -> Self {
        Self::within(body, STALLED)
    }

    fn within(body: Body, stalled: Duration) -> Self {
        let left = body.length();
        let patience = Some(Instant::now() + stalled);
        let lent = Arc::new(Mutex::new(Lent { body: Some(body), next: None, patience, taken_back: false }));
        let watch = tokio::spawn(watch(Arc::downgrade(&lent), stalled)).abort_handle();
        Self { lent, left, stalled, watch }
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let mut lent = this.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = ready!(lent.poll_chunk(cx));
        if chunk.is_none() && this.left.take_if(|left| *left > 0).is_some() {
            // HTTP/2 would end it as if it were whole.
            return Poll::Ready(Some(Err(Error::internal("a body has ended before its length"))));
        }
        let Some(Ok(bytes)) = &chunk else { return Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data))) };
        let length = bytes.len() as u64;
        this.left = this.left.map(|left| left.saturating_sub(length));
        lent.patience = Some(Instant::now() + this.stalled + Duration::from_millis(length / SLOWEST));
        if this.left == Some(0) {
            lent.body = None;
        } else {
            lent.read_ahead(cx);
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// What is shared with whoever takes it back.
struct Lent {
    /// None when it has ended.
    body: Option<Body>,
    /// A chunk that was there already when the one before was taken.
    next: Option<Option<Result<Bytes>>>,
    /// Until when the client must ask for more; none while it waits for the plugin.
    patience: Option<Instant>,
    taken_back: bool,
}

impl Lent {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if std::mem::take(&mut self.taken_back) {
            return Poll::Ready(Some(Err(Error::new(codes::TIMEOUT, "the client took nothing for too long"))));
        }
        self.patience = None;
        match self.next.take() {
            Some(chunk) => Poll::Ready(chunk),
            None => self.poll_body(cx),
        }
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let chunk = ready!(body.poll_next_unpin(cx));
        if !matches!(chunk, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(chunk)
    }

    /// Lets the plugin make a chunk while the client takes the one before.
    fn read_ahead(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(chunk) = self.poll_body(cx) {
            self.next = Some(chunk);
        }
    }
}

/// Takes a body back when its client has taken nothing for too long.
async fn watch(lent: Weak<Mutex<Lent>>, stalled: Duration) {
    loop {
        let look_again = {
            let Some(lent) = lent.upgrade() else { return };
            let now = Instant::now();
            match lent.try_lock() {
                Ok(mut lent) => match lent.patience {
                    Some(until) if until <= now => {
                        lent.taken_back = true;
                        let taken = (lent.body.take(), lent.next.take());
                        // Plugins may take their time to drop what they made.
                        drop(lent);
                        drop(taken);
                        return;
                    }
                    Some(until) => until,
                    None => now + stalled,
                },
                // It is being read.
                Err(TryLockError::WouldBlock) => now + stalled,
                Err(TryLockError::Poisoned(_)) => return,
            }
        };
        sleep_until(look_again).await;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::stream;
    use http_body_util::BodyExt;
    use hyper::body::Body as _;

    use super::*;

    fn endless(held: Arc<()>) -> Body {
        Body::from_stream(stream::repeat_with(move || {
            let _held = &held;
            Ok(Bytes::from_static(b"x"))
        }))
    }

    async fn is_let_go_of(held: &Arc<()>) {
        while Arc::strong_count(held) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_body_arrives_whole_and_its_error_too() {
        let chunks = || stream::iter(["a", "b", "c", "d"].map(|text| Ok(Bytes::from(text))));
        let all = Outgoing::new(Body::from_stream(chunks())).collect().await.unwrap();
        assert_eq!(all.to_bytes(), "abcd");
        let mut known = Outgoing::new(Body::from_stream(chunks()).with_length(4));
        for _ in 0..4 {
            assert!(!known.is_end_stream());
            known.frame().await.unwrap().unwrap();
        }
        assert!(known.is_end_stream());
        assert!(known.frame().await.is_none());
        let chunks = [Ok(Bytes::from("a")), Err(Error::new(codes::UNAVAILABLE, "gone"))];
        let mut broken = Outgoing::new(Body::from_stream(stream::iter(chunks)));
        assert_eq!(broken.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
        assert_eq!(broken.frame().await.unwrap().unwrap_err().code(), codes::UNAVAILABLE);
        assert!(broken.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_body_that_is_shorter_than_it_says_is_no_whole_one() {
        let chunks = stream::iter([Ok(Bytes::from("abc"))]);
        let mut body = Outgoing::new(Body::from_stream(chunks).with_length(4));
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
        assert!(body.frame().await.unwrap().is_err());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn what_nobody_takes_is_let_go_of_and_is_no_end() {
        let held = Arc::new(());
        let mut body = Outgoing::within(endless(held.clone()), Duration::from_millis(50));
        assert!(body.frame().await.unwrap().is_ok());
        is_let_go_of(&held).await;
        assert_eq!(body.frame().await.unwrap().unwrap_err().code(), codes::TIMEOUT);
        assert!(body.frame().await.is_none());
        let unread = Outgoing::within(endless(held.clone()), Duration::from_millis(50));
        is_let_go_of(&held).await;
        drop(unread);
    }

    #[tokio::test]
    async fn a_plugin_that_takes_its_time_is_waited_for() {
        let stalled = Duration::from_millis(20);
        let slow = stream::once(async move {
            tokio::time::sleep(stalled * 5).await;
            Ok(Bytes::from("late"))
        });
        assert_eq!(Outgoing::within(Body::from_stream(slow), stalled).collect().await.unwrap().to_bytes(), "late");
    }

    #[tokio::test]
    async fn a_client_that_goes_lets_go_of_it() {
        let held = Arc::new(());
        drop(Outgoing::new(endless(held.clone())));
        is_let_go_of(&held).await;
    }
}
