//! Spaces, and folders in them.

use super::Backend;
use super::space::{Space, code};
use crate::codes;

pub(super) async fn spaces_do_not_see_each_other<B: Backend>(space: Space<B>) {
    let other = space.another();
    space.put("a/b", b"one").await;
    other.put("a/b", b"two").await;
    assert_eq!((space.read("a/b").await, other.read("a/b").await), ("one".into(), "two".into()));
    other.delete("a/b").await;
    assert_eq!(code(other.stat("a/b").await), codes::NOT_FOUND);
    assert_eq!(space.keys("").await, ["a/b"]);
    assert!(other.keys("").await.is_empty());
}

pub(super) async fn a_folder_goes_alone<B: Backend>(space: Space<B>) {
    for key in ["a", "a/1", "a/b/2", "ab/3", "c/d/e"] {
        space.put(key, b"x").await;
    }
    for _ in 0..2 {
        space.delete_folder("a").await;
        assert_eq!(space.keys("").await, ["a", "ab/3", "c/d/e"]);
    }
    space.delete_folder("c/d").await;
    assert_eq!(space.keys("").await, ["a", "ab/3"]);
}

pub(super) async fn a_deleted_space_is_empty<B: Backend>(space: Space<B>) {
    let other = space.another();
    space.put("a/b", b"x").await;
    other.put("a/b", b"y").await;
    for _ in 0..2 {
        let deleted = space.backend.delete_space(&space.name).await;
        assert!(deleted.is_ok(), "a space can be deleted, and again: {:?}", deleted.err());
    }
    assert!(space.keys("").await.is_empty());
    assert_eq!(other.read("a/b").await, "y");
    space.put("a/b", b"z").await;
    assert_eq!(space.read("a/b").await, "z");
}
