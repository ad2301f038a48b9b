//! What is cut off leaves nothing, and nobody sees a half.

use futures_util::{StreamExt, stream};

use super::Backend;
use super::space::{Space, code, pieces};
use crate::{Body, Bytes, Error, codes};

/// More than a store gathers before it writes.
const PART: usize = 6 << 20;

fn broken() -> Body {
    let chunks = [Ok(Bytes::from(vec![1; PART])), Err(Error::new("Broken", "the line is dead"))];
    Body::from_stream(stream::iter(chunks))
}

pub(super) async fn a_body_that_fails_leaves_the_old_object<B: Backend>(space: Space<B>) {
    space.put("a", b"old").await;
    assert_eq!(code(space.try_put("a", broken()).await), "Broken", "the error of the body");
    assert_eq!(code(space.try_put("new", broken()).await), "Broken");
    assert_eq!(space.read("a").await, "old");
    assert_eq!(code(space.stat("new").await), codes::NOT_FOUND);
    assert_eq!(space.keys("").await, ["a"]);
}

pub(super) async fn a_body_that_is_too_short<B: Backend>(space: Space<B>) {
    space.put("a", b"old").await;
    let short = || pieces(b"abc").with_length(4);
    assert_eq!(code(space.try_put("a", short()).await), codes::INVALID_BODY);
    assert_eq!(code(space.try_put("new", short()).await), codes::INVALID_BODY);
    assert_eq!(space.read("a").await, "old");
    assert_eq!(space.keys("").await, ["a"]);
}

pub(super) async fn a_caller_that_gives_up<B: Backend>(space: Space<B>) {
    space.put("a", b"old").await;
    let (begun, begins) = tokio::sync::oneshot::channel();
    let body = stream::iter([Ok(Bytes::from(vec![1; PART]))]).chain(stream::once(async move {
        let _ = begun.send(());
        std::future::pending().await
    }));
    let putting = {
        let space = space.clone();
        tokio::spawn(async move { space.try_put("a", Body::from_stream(body)).await })
    };
    assert!(begins.await.is_ok(), "the body is read");
    assert_eq!(space.read("a").await, "old", "nobody sees what is under way");
    putting.abort();
    assert!(putting.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(space.read("a").await, "old");
    assert_eq!(space.put("a", b"new").await.size, 3);
    assert_eq!((space.read("a").await, space.keys("").await), ("new".into(), vec!["a".to_owned()]));
}

pub(super) async fn readers_see_one_version<B: Backend>(space: Space<B>) {
    space.put("a", &[0; 300_000]).await;
    let writer = {
        let space = space.clone();
        tokio::spawn(async move {
            for n in 1..30u8 {
                space.put("a", &vec![n; 300_000 + usize::from(n)]).await;
            }
        })
    };
    while !writer.is_finished() {
        // A store in memory is always ready, so nothing else would let the writer run.
        tokio::task::yield_now().await;
        match space.get("a", 0, None).await {
            Ok((object, bytes)) => {
                let first = bytes.first().copied().unwrap_or_default();
                assert!(bytes.iter().all(|byte| *byte == first), "a mixture of versions");
                assert_eq!((bytes.len(), object.size), (300_000 + usize::from(first), bytes.len() as u64), "a part of a version");
            }
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    assert!(writer.await.is_ok());
}
