//! Objects, one at a time.

use futures_util::{StreamExt, stream};

use super::space::{Space, byte, code, contents};
use crate::{Body, Bytes, codes};

/// A size that most stores take in parts.
const LARGE: usize = 40 << 20;

pub(super) async fn what_is_put_is_read(space: Space) {
    let all = contents(6 << 20);
    let put = space.put("films/a.bin", &all).await;
    assert_eq!((put.key.as_str(), put.size), ("films/a.bin", 6 << 20));
    assert!(!put.etag.is_empty(), "an object has an etag");
    assert_eq!(space.stat("films/a.bin").await.map_err(|e| e.to_string()), Ok(put.clone()), "`put` and `stat` say the same");
    let (object, bytes) = space.get("films/a.bin", 0, None).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(object, put, "`get` and `put` say the same");
    assert!(bytes == all, "the bytes that were put are read");
    assert_eq!(space.list("", None, 10).await.objects, [put], "`list` and `put` say the same");
}

pub(super) async fn an_empty_object(space: Space) {
    assert_eq!(space.put("empty", b"").await.size, 0);
    assert!(space.read("empty").await.is_empty());
    assert_eq!(space.keys("").await, ["empty"]);
    space.put("empty", b"x").await;
    assert_eq!(space.put("empty", b"").await.size, 0);
    assert!(space.read("empty").await.is_empty(), "an object can become empty");
}

pub(super) async fn parts(space: Space) {
    let all = contents(300_000);
    space.put("a", &all).await;
    for (offset, length, expected) in [
        (0, Some(1), 0..1),
        (1000, Some(100_000), 1000..101_000),
        (299_999, None, 299_999..300_000),
        (299_990, Some(100), 299_990..300_000),
        (0, Some(u64::MAX), 0..300_000),
        (1, Some(u64::MAX), 1..300_000),
        (300_000, None, 300_000..300_000),
        (300_000, Some(1), 300_000..300_000),
        (5, Some(0), 5..5),
    ] {
        let (object, bytes) = space.get("a", offset, length).await.unwrap_or_else(|e| panic!("{expected:?}: {e:?}"));
        assert_eq!(object.size, 300_000, "the size is the object's, not the part's");
        assert!(bytes == all[expected.clone()], "bytes {expected:?}");
    }
    for offset in [300_001, u64::MAX] {
        assert_eq!(code(space.get("a", offset, None).await), codes::PARAM_INVALID, "{offset} is behind the end");
    }
    space.put("empty", b"").await;
    assert!(space.get("empty", 0, Some(10)).await.is_ok_and(|(_, bytes)| bytes.is_empty()));
    assert_eq!(code(space.get("empty", 1, None).await), codes::PARAM_INVALID, "behind the end of nothing");
}

pub(super) async fn a_large_object(space: Space) {
    const PIECE: usize = 777_777;
    let pieces =
        stream::iter((0..LARGE).step_by(PIECE)).map(|from| Ok(Bytes::from((from..LARGE.min(from + PIECE)).map(byte).collect::<Vec<u8>>())));
    let body = Body::from_stream(pieces).with_length(LARGE as u64);
    let object = space.try_put("large", body).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(object.size, LARGE as u64);
    let (again, mut body) = space.open_part("large", 0, None).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(again, object);
    let mut place = 0;
    while let Some(chunk) = body.next().await {
        for read in chunk.unwrap_or_else(|e| panic!("after {place} bytes: {e:?}")) {
            assert_eq!(read, byte(place), "byte {place}");
            place += 1;
        }
    }
    assert_eq!(place, LARGE, "the whole object is read");
    for (offset, length) in [(5 << 20, 10), ((8 << 20) - 5, 10), ((16 << 20) - 1, 3 << 20), (LARGE - 7, 7)] {
        let (_, part) = space.get("large", offset as u64, Some(length as u64)).await.unwrap_or_else(|e| panic!("{e:?}"));
        assert!(part.iter().copied().eq((offset..offset + length).map(byte)), "{length} bytes from {offset}");
    }
}

pub(super) async fn missing_objects(space: Space) {
    space.put("a/b", b"x").await;
    for key in ["nothing", "a", "a/b/c", "A/b", "a/b "] {
        assert_eq!(code(space.stat(key).await), codes::NOT_FOUND, "{key}");
        assert_eq!(code(space.get(key, 0, None).await), codes::NOT_FOUND, "{key}");
        assert_eq!(code(space.get(key, 5, Some(1)).await), codes::NOT_FOUND, "{key}");
    }
}

pub(super) async fn replacing(space: Space) {
    let mut last = String::new();
    for n in 0..30 {
        // Of one size, and soon after another.
        let object = space.put("a", format!("{n:04}").as_bytes()).await;
        assert_ne!(object.etag, last, "replacement {n} has another etag");
        assert_eq!(space.read("a").await, format!("{n:04}"));
        last = object.etag;
    }
    for size in [700_000, 3, 9 << 20, 0, 1] {
        let all = contents(size);
        assert_eq!(space.put("a", &all).await.size, size as u64);
        assert!(space.read("a").await == all, "{size} bytes");
    }
    assert_eq!(space.keys("").await, ["a"]);
}

pub(super) async fn deleting_twice(space: Space) {
    space.put("a/b/c", b"x").await;
    for _ in 0..2 {
        space.delete("a/b/c").await;
        assert_eq!(code(space.stat("a/b/c").await), codes::NOT_FOUND);
    }
    space.put("a", b"y").await;
    assert_eq!(space.read("a").await, "y", "no folder is left that is in the way");
    space.delete("a/nothing").await;
    assert_eq!(space.keys("").await, ["a"]);
}
