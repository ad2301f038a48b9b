//! Names of objects.

use super::space::{Space, code, pieces};
use crate::codes;
use crate::contract::storage::{DELETE, DELETE_FOLDER, Key, MAX_KEY};

pub(super) async fn bad_keys_are_refused(space: Space) {
    let other = space.another().await;
    other.put("secret", b"s").await;
    let up = format!("../{}/secret", other.name);
    let long = "x/".repeat(MAX_KEY / 2) + "x";
    for key in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\\b", "a\0b", "a\nb", "a\u{85}", "/etc/passwd", &up, &long] {
        assert_eq!(code(space.try_put(key, pieces(b"x")).await), codes::PARAM_INVALID, "{key:?}");
        assert_eq!(code(space.get(key, 0, None).await), codes::PARAM_INVALID, "{key:?}");
        assert_eq!(code(space.stat(key).await), codes::PARAM_INVALID, "{key:?}");
        for method in [DELETE, DELETE_FOLDER] {
            assert_eq!(code(space.call(method, &Key { key: key.to_owned() }, None).await), codes::PARAM_INVALID, "{method} of {key:?}");
        }
    }
    assert!(space.keys("").await.is_empty());
    assert_eq!(other.read("secret").await, "s");
}

pub(super) async fn keys_are_exact(space: Space) {
    let keys = [
        "a",
        "A",
        "a ",
        " a",
        "  ",
        "a/ ",
        "图/片.png",
        "😀",
        "a%2Fb",
        "a%20b",
        "a+b",
        "a b",
        "a?b#c",
        "a&b;c=d",
        "é",
        "e\u{301}",
        "nbsp\u{a0}",
        "zwj\u{200d}",
        "...",
        ".hidden",
        "CON",
        "~",
        "uploads/1",
        "objects/1",
    ];
    exact(&space, &keys.map(str::to_owned)).await;
}

pub(super) async fn every_printable_character(space: Space) {
    let printable = (' '..='~').filter(|c| !matches!(c, '/' | '\\'));
    let keys: Vec<String> = printable.flat_map(|c| [format!("{c}x"), format!("x{c}y/{c}z{c}")]).collect();
    exact(&space, &keys).await;
}

/// Stores objects of these keys, and finds each as itself.
async fn exact(space: &Space, keys: &[String]) {
    for key in keys {
        assert_eq!(space.put(key, key.as_bytes()).await.key, *key);
    }
    for key in keys {
        assert_eq!(space.read(key).await, key.as_bytes(), "{key:?}");
        assert!(space.stat(key).await.is_ok_and(|object| object.key == *key), "{key:?}");
    }
    let mut sorted = keys.to_vec();
    sorted.sort();
    for limit in [1000, 7] {
        assert_eq!(space.keys_by("", limit).await, sorted, "pages of {limit}");
    }
    for key in keys {
        space.delete(key).await;
        assert_eq!(code(space.stat(key).await), codes::NOT_FOUND, "{key:?}");
    }
    assert!(space.keys("").await.is_empty());
}

pub(super) async fn the_longest_key(space: Space) {
    let segment = "x".repeat(60) + "图片/";
    let key = segment.repeat(MAX_KEY / segment.len() + 1);
    let key: String = key[..MAX_KEY - 3].trim_end_matches('/').to_owned() + "图";
    let key = "y".repeat(MAX_KEY - key.len()) + &key;
    assert_eq!(key.len(), MAX_KEY, "the case itself");
    space.put(&key, b"x").await;
    assert_eq!(space.read(&key).await, "x");
    assert_eq!(space.keys(&key).await, [key.as_str()]);
    space.delete(&key).await;
    assert!(space.keys("").await.is_empty());
}

pub(super) async fn an_object_and_a_folder_of_one_name(space: Space) {
    for key in ["a/b/c", "a/b", "a"] {
        space.put(key, key.as_bytes()).await;
    }
    for key in ["a", "a/b", "a/b/c"] {
        assert_eq!(space.read(key).await, key);
    }
    space.delete("a").await;
    assert_eq!(space.keys("").await, ["a/b", "a/b/c"]);
}
