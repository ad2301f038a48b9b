//! Objects, one at a time.

use super::Backend;
use super::space::{Space, code, contents};
use crate::codes;

pub(super) async fn what_is_put_is_read<B: Backend>(space: Space<B>) {
    let all = contents(6 << 20);
    let put = space.put("films/a.bin", &all).await;
    assert_eq!((put.key.as_str(), put.size), ("films/a.bin", 6 << 20));
    assert!(!put.etag.is_empty(), "an object has an etag");
    assert_eq!(space.stat("films/a.bin").await.map_err(|e| e.to_string()), Ok(put.clone()), "`put` and `stat` say the same");
    let (object, bytes) = space.get("films/a.bin", 0, None).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(object, put, "`get` and `put` say the same");
    assert!(bytes == all, "the bytes that were put are read");
}

pub(super) async fn an_empty_object<B: Backend>(space: Space<B>) {
    assert_eq!(space.put("empty", b"").await.size, 0);
    assert!(space.read("empty").await.is_empty());
    assert_eq!(space.keys("").await, ["empty"]);
}

pub(super) async fn parts<B: Backend>(space: Space<B>) {
    let all = contents(300_000);
    space.put("a", &all).await;
    for (offset, length, expected) in [
        (0, Some(1), 0..1),
        (1000, Some(100_000), 1000..101_000),
        (299_999, None, 299_999..300_000),
        (299_990, Some(100), 299_990..300_000),
        (300_000, None, 300_000..300_000),
        (5, Some(0), 5..5),
    ] {
        let (object, bytes) = space.get("a", offset, length).await.unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(object.size, 300_000, "the size is the object's, not the part's");
        assert!(bytes == all[expected.clone()], "bytes {expected:?}");
    }
    assert_eq!(code(space.get("a", 300_001, None).await), codes::PARAM_INVALID, "behind the end");
}

pub(super) async fn missing_objects<B: Backend>(space: Space<B>) {
    space.put("a/b", b"x").await;
    for key in ["nothing", "a", "a/b/c", "A/b"] {
        assert_eq!(code(space.stat(key).await), codes::NOT_FOUND, "{key}");
        assert_eq!(code(space.get(key, 0, None).await), codes::NOT_FOUND, "{key}");
    }
}

pub(super) async fn replacing_changes_the_etag<B: Backend>(space: Space<B>) {
    let mut last = String::new();
    for n in 0..30 {
        // Of one size, and soon after another.
        let object = space.put("a", format!("{n:04}").as_bytes()).await;
        assert_ne!(object.etag, last, "replacement {n}");
        assert_eq!(space.read("a").await, format!("{n:04}"));
        last = object.etag;
    }
    assert_eq!(space.keys("").await, ["a"]);
}

pub(super) async fn deleting_twice<B: Backend>(space: Space<B>) {
    space.put("a/b/c", b"x").await;
    for _ in 0..2 {
        space.delete("a/b/c").await;
        assert_eq!(code(space.stat("a/b/c").await), codes::NOT_FOUND);
    }
    space.put("a", b"y").await;
    assert_eq!(space.read("a").await, "y", "no folder is left that is in the way");
}
