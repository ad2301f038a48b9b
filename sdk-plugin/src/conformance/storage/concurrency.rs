//! What happens at the same time.

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use super::space::{Space, code, pieces};
use crate::codes;

/// A version of an object: as many bytes as no other version has, all the same.
fn version(n: u8, least: usize) -> Vec<u8> {
    vec![n; least + usize::from(n)]
}

fn check(bytes: &[u8], least: usize) {
    let first = bytes.first().copied().unwrap_or_default();
    assert!(bytes.iter().all(|byte| *byte == first), "a mixture of versions");
    assert_eq!(bytes.len(), least + usize::from(first), "a part of a version");
}

pub(super) async fn readers_see_one_version(space: Space) {
    const LEAST: usize = 300_000;
    space.put("a", &version(0, LEAST)).await;
    let writer = {
        let space = space.clone();
        tokio::spawn(async move {
            for n in 1..30 {
                space.put("a", &version(n, LEAST)).await;
            }
        })
    };
    let mut seen = 0;
    while !writer.is_finished() {
        // A store in memory is always ready, so nothing else would let the writer run.
        tokio::task::yield_now().await;
        match space.get("a", 0, None).await {
            Ok((object, bytes)) => {
                check(&bytes, LEAST);
                assert_eq!(object.size, bytes.len() as u64);
                seen += 1;
            }
            Err(error) => assert!(error.is_retryable(), "an object that is being replaced is there: {error:?}"),
        }
    }
    assert!(writer.await.is_ok());
    assert!(seen > 0, "it can be read while it is replaced");
}

pub(super) async fn a_slow_reader_sees_one_version(space: Space) {
    const LEAST: usize = 24 << 20;
    space.put("a", &version(1, LEAST)).await;
    let (object, mut body) = space.open_part("a", 0, None).await.unwrap_or_else(|e| panic!("{e:?}"));
    let mut read = Vec::new();
    let mut next = 2;
    // An error is allowed, a mixture or an early end is not.
    let complete = loop {
        match body.next().await {
            Some(Ok(chunk)) => read.extend_from_slice(&chunk),
            Some(Err(_)) => break false,
            None => break true,
        }
        if next < 4 {
            space.put("a", &version(next, LEAST)).await;
            next += 1;
        }
    };
    assert!(read.iter().all(|byte| *byte == 1), "the version that was opened is read on");
    assert!(!complete || read.len() as u64 == object.size, "a body that ends is whole");
}

pub(super) async fn puts_of_one_key(space: Space) {
    const LEAST: usize = 200_000;
    for round in 0..5 {
        let puts = (1..9).map(|n| {
            let space = space.clone();
            tokio::spawn(async move { space.put("a/b", &version(n, LEAST)).await.size })
        });
        let sizes = join_all(puts).await;
        for (n, size) in (1..).zip(sizes) {
            assert_eq!(size.ok(), Some(LEAST as u64 + n), "each put is told of its own object");
        }
        let (object, bytes) = space.get("a/b", 0, None).await.unwrap_or_else(|e| panic!("round {round}: {e:?}"));
        check(&bytes, LEAST);
        assert_eq!(space.stat("a/b").await.ok(), Some(object));
    }
    assert_eq!(space.keys("").await, ["a/b"]);
}

pub(super) async fn puts_and_deletes_in_one_folder(space: Space) {
    let work = |task: usize| {
        let space = space.clone();
        async move {
            let key = format!("shared/folder/{task}");
            for n in 0..20 {
                let put = space.try_put(&key, pieces(format!("{n}").as_bytes())).await;
                assert!(put.is_ok(), "{key}: {:?}", put.err());
                assert_eq!(space.read(&key).await, format!("{n}"));
                space.delete(&key).await;
                assert_eq!(code(space.stat(&key).await), codes::NOT_FOUND, "{key}");
            }
        }
    };
    stream::iter(0..8).for_each_concurrent(8, work).await;
    assert!(space.keys("").await.is_empty());
}
