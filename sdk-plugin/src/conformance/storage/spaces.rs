//! Spaces, and folders in them.

use futures_util::{StreamExt, stream};

use super::space::{Space, code};
use crate::codes;

pub(super) async fn are_apart(space: Space) {
    let other = space.another().await;
    space.put("a/b", b"one").await;
    other.put("a/b", b"two").await;
    assert_eq!((space.read("a/b").await, other.read("a/b").await), ("one".into(), "two".into()));
    other.delete("a/b").await;
    assert_eq!(code(other.stat("a/b").await), codes::NOT_FOUND);
    assert_eq!(space.keys("").await, ["a/b"]);
    assert!(other.keys("").await.is_empty());
}

pub(super) async fn a_folder_goes_alone(space: Space) {
    for key in ["a", "a ", "a /1", "a-b", "a/1", "a/b/2", "ab/3", "c/d/e"] {
        space.put(key, b"x").await;
    }
    for _ in 0..2 {
        space.delete_folder("a").await;
        assert_eq!(space.keys("").await, ["a", "a ", "a /1", "a-b", "ab/3", "c/d/e"]);
    }
    space.delete_folder("c/d").await;
    space.delete_folder("nothing").await;
    space.delete_folder("a-b").await;
    assert_eq!(space.keys("").await, ["a", "a ", "a /1", "a-b", "ab/3"]);
}

pub(super) async fn a_deleted_one_is_empty(space: Space) {
    let other = space.another().await;
    space.put("a/b", b"x").await;
    other.put("a/b", b"y").await;
    for _ in 0..2 {
        space.clear().await;
    }
    assert!(space.keys("").await.is_empty());
    assert_eq!(code(space.stat("a/b").await), codes::NOT_FOUND);
    assert_eq!(other.read("a/b").await, "y");
    space.put("a/b", b"z").await;
    assert_eq!(space.read("a/b").await, "z");
}

pub(super) async fn many_objects_go_at_once(space: Space) {
    let put = |key: String| {
        let space = &space;
        async move { drop(space.put(&key, b"x").await) }
    };
    let keys = (0..1020).map(|n| format!("many/{}/{n}", n % 7)).chain(["stays".to_owned()]);
    stream::iter(keys).for_each_concurrent(16, put).await;
    space.delete_folder("many").await;
    assert_eq!(space.keys("").await, ["stays"], "more than one page of a folder is deleted");
    stream::iter((0..30).map(|n| format!("{n}/x"))).for_each_concurrent(16, put).await;
    space.clear().await;
    assert!(space.keys("").await.is_empty());
}
