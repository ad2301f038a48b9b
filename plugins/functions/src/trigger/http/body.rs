//! Reading the body of a request, within a size and a time.

use std::time::Duration;

use futures_util::StreamExt;
use http::{HeaderMap, header};
use sdk_plugin::{Body, Error, Result, codes};
use tokio::time::timeout;

use super::request::{MAX_BODY, too_large};

/// How long a body may take in all.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a body that is refused is read, in bytes, and for how long: a client that is still
/// sending when the connection is closed would see that instead of the answer.
const DISCARDED: usize = 8 * MAX_BODY;
const DISCARDING: Duration = Duration::from_secs(5);

/// Reads a body whole.
///
/// # Errors
/// `RequestBodyTooLarge`, `RequestTimeout`, or `InvalidBody.Format` when it breaks off.
pub async fn read(body: Body) -> Result<Vec<u8>> {
    read_within(body, PATIENCE).await
}

async fn read_within(mut body: Body, patience: Duration) -> Result<Vec<u8>> {
    let read = timeout(patience, async {
        let mut all = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            if all.len() + chunk.len() > MAX_BODY {
                return Ok::<_, Error>(None);
            }
            all.extend_from_slice(&chunk);
        }
        Ok(Some(all))
    });
    let late = || Error::new(codes::TIMEOUT, format!("the body did not arrive within {} seconds", patience.as_secs()));
    match read.await.map_err(|_| late())?? {
        Some(all) => Ok(all),
        None => {
            discard(body, &HeaderMap::new()).await;
            Err(too_large())
        }
    }
}

/// Reads what a client goes on sending, and forgets it.
pub async fn discard(body: Body, headers: &HeaderMap) {
    // Who waits to be told that it may send has not begun to.
    if !headers.contains_key(header::EXPECT) {
        discard_within(body, DISCARDING).await;
    }
}

async fn discard_within(mut body: Body, patience: Duration) {
    if body.length().is_some_and(|length| length > DISCARDED as u64) {
        return;
    }
    let _ = timeout(patience, async {
        let mut left = DISCARDED;
        while let Some(Ok(chunk)) = body.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;

    fn chunks(count: usize) -> Body {
        Body::from_stream(stream::iter((0..count).map(|_| Ok(Bytes::from(vec![b'x'; MAX_BODY / 4])))))
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_end_or_refused() {
        assert_eq!(read(chunks(4)).await.expect("fits").len(), MAX_BODY);
        assert_eq!(read(chunks(5)).await.expect_err("is too large").code(), super::super::request::TOO_LARGE);
        let broken = stream::iter([Ok(Bytes::from("x")), Err(Error::new(codes::INVALID_BODY, "broke off"))]);
        assert_eq!(read(Body::from_stream(broken)).await.expect_err("is broken").code(), codes::INVALID_BODY);
    }

    #[tokio::test]
    async fn nobody_is_waited_for_without_end() {
        let soon = Duration::from_millis(20);
        assert_eq!(read_within(Body::from_stream(stream::pending()), soon).await.expect_err("never comes").code(), codes::TIMEOUT);
        discard_within(Body::from_stream(stream::pending()), soon).await;
        let endless = || Body::from_stream(stream::repeat_with(|| Ok(Bytes::from(vec![0; 4096]))));
        discard_within(endless(), Duration::MAX).await;
        discard(endless().with_length(u64::MAX), &HeaderMap::new()).await;
    }
}
