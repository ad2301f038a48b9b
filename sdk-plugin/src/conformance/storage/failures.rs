//! What is cut off leaves nothing, and nobody sees a half.

use futures_util::{StreamExt, stream};

use super::space::{Space, code, contents, pieces};
use crate::contract::storage::{Key, PUT};
use crate::{Body, Bytes, Error, codes};

/// More than a store gathers before it writes.
const PART: usize = 20 << 20;

fn broken(before: usize) -> Body {
    let chunks = [Ok(Bytes::from(vec![1; before])), Err(Error::new("Broken", "the line is dead"))];
    Body::from_stream(stream::iter(chunks))
}

pub(super) async fn a_body_that_fails_leaves_the_old_object(space: Space) {
    let old = space.put("a", b"old").await;
    for before in [PART, 10] {
        assert_eq!(code(space.try_put("a", broken(before)).await), "Broken", "the error of the body");
        assert_eq!(code(space.try_put("new", broken(before)).await), "Broken");
        assert_eq!(space.read("a").await, "old");
        assert_eq!(space.stat("a").await.ok().as_ref(), Some(&old));
        assert_eq!(code(space.stat("new").await), codes::NOT_FOUND);
        assert_eq!(space.keys("").await, ["a"]);
    }
}

pub(super) async fn a_body_that_fails_at_once(space: Space) {
    space.put("a", b"old").await;
    let body = || Body::from_stream(stream::iter([Err(Error::new("Broken", "the line is dead"))]));
    for key in ["a", "new"] {
        assert_eq!(code(space.try_put(key, body()).await), "Broken");
    }
    assert_eq!((space.read("a").await, space.keys("").await), ("old".into(), vec!["a".to_owned()]));
}

pub(super) async fn a_body_of_another_length(space: Space) {
    space.put("a", b"old").await;
    for length in [2, 4] {
        let body = || pieces(b"abc").with_length(length);
        assert_eq!(code(space.try_put("a", body()).await), codes::INVALID_BODY, "3 bytes as {length}");
        assert_eq!(code(space.try_put("new", body()).await), codes::INVALID_BODY);
    }
    assert_eq!(space.read("a").await, "old");
    assert_eq!(space.keys("").await, ["a"]);
}

pub(super) async fn a_put_without_a_body(space: Space) {
    space.put("a", b"old").await;
    assert_eq!(code(space.call(PUT, &Key { key: "a".to_owned() }, None).await), codes::INVALID_PARAMS);
    assert_eq!(space.read("a").await, "old");
}

pub(super) async fn a_caller_that_gives_up(space: Space) {
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

pub(super) async fn a_reader_that_gives_up(space: Space) {
    let all = contents(4 << 20);
    space.put("a", &all).await;
    for _ in 0..20 {
        let (_, mut body) = space.open_part("a", 1, None).await.unwrap_or_else(|e| panic!("{e:?}"));
        assert!(body.next().await.is_some_and(|chunk| chunk.is_ok()));
    }
    space.put("a", b"new").await;
    assert_eq!(space.read("a").await, "new");
    space.delete("a").await;
}
