//! Bodies of plugins on their way to clients.
//!
//! A body keeps its plugin's lease until it has been read, and a client may read slowly or never. So
//! small ones are read at once, and large ones by a task that gives up when nothing is taken for long.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use sdk_plugin::{Body, Error, Result, codes};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Bodies that are known to be no larger are read at once, in bytes.
pub const SMALL: usize = 64 << 10;
/// How many chunks wait for the client.
const AHEAD: usize = 2;
/// How long a client may take nothing.
const STALLED: Duration = Duration::from_secs(60);

/// The chunks of a body. They end with an error when the body does, or when the client was too slow.
pub fn pump(body: Body) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    pump_within(body, STALLED)
}

fn pump_within(mut body: Body, stalled: Duration) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    // `None` says that the body has ended: a channel that closes without it was given up.
    let (chunks, waiting) = mpsc::channel::<Option<Result<Bytes>>>(AHEAD);
    tokio::spawn(async move {
        loop {
            let Ok(Ok(place)) = timeout(stalled, chunks.reserve()).await else { return };
            let chunk = tokio::select! {
                () = chunks.closed() => return,
                chunk = body.next() => chunk,
            };
            let goes_on = matches!(chunk, Some(Ok(_)));
            place.send(chunk);
            if !goes_on {
                return;
            }
        }
    });
    stream::unfold(Some(waiting), |waiting| async move {
        let mut waiting = waiting?;
        match waiting.recv().await {
            Some(Some(Ok(chunk))) => Some((Ok(chunk), Some(waiting))),
            Some(Some(Err(error))) => Some((Err(error), None)),
            Some(None) => None,
            None => Some((Err(Error::new(codes::TIMEOUT, "the client took nothing for too long")), None)),
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn endless(held: Arc<()>) -> Body {
        Body::from_stream(stream::repeat_with(move || {
            let _held = &held;
            Ok(Bytes::from_static(b"x"))
        }))
    }

    #[tokio::test]
    async fn a_body_arrives_whole_and_its_error_too() {
        let chunks = ["a", "b", "c", "d"].map(|text| Ok(Bytes::from(text)));
        let all: Vec<_> = pump(Body::from_stream(stream::iter(chunks))).map(Result::unwrap).collect().await;
        assert_eq!(all.concat(), b"abcd");
        let chunks = [Ok(Bytes::from("a")), Err(Error::new(codes::UNAVAILABLE, "gone"))];
        let all: Vec<_> = pump(Body::from_stream(stream::iter(chunks))).collect().await;
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].as_ref().unwrap_err().code(), codes::UNAVAILABLE);
    }

    #[tokio::test]
    async fn what_nobody_takes_is_let_go_of_and_is_no_end() {
        let held = Arc::new(());
        let mut chunks = Box::pin(pump_within(endless(held.clone()), Duration::from_millis(50)));
        assert!(chunks.next().await.unwrap().is_ok());
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
        let rest: Vec<_> = chunks.collect().await;
        assert_eq!(rest.last().unwrap().as_ref().unwrap_err().code(), codes::TIMEOUT);
    }

    #[tokio::test]
    async fn a_client_that_goes_lets_go_of_it() {
        let held = Arc::new(());
        drop(pump(endless(held.clone())));
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
