//! Names of objects.

use super::Backend;
use super::space::{Space, code, pieces};
use crate::codes;
use crate::contract::storage::{DELETE, DELETE_FOLDER, Key, MAX_KEY};

pub(super) async fn bad_keys_are_refused<B: Backend>(space: Space<B>) {
    let other = space.another();
    other.put("secret", b"s").await;
    let up = format!("../{}/secret", other.name);
    let long = "x".repeat(MAX_KEY + 1);
    for key in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\\b", "a\0b", "a\nb", "/etc/passwd", up.as_str(), long.as_str()] {
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

pub(super) async fn keys_are_exact<B: Backend>(space: Space<B>) {
    let keys = ["a", "A", "a ", "图/片.png", "a%2Fb", "a?b#c", "é", "e\u{301}", "...", ".hidden", "CON", "~", "a:b*c\"<>|"];
    for key in keys {
        space.put(key, key.as_bytes()).await;
    }
    for key in keys {
        assert_eq!(space.read(key).await, key, "{key:?}");
    }
    let mut sorted = keys.map(str::to_owned);
    sorted.sort();
    assert_eq!(space.keys("").await, sorted);
}

pub(super) async fn an_object_and_a_folder_of_one_name<B: Backend>(space: Space<B>) {
    for key in ["a/b/c", "a/b", "a"] {
        space.put(key, key.as_bytes()).await;
    }
    for key in ["a", "a/b", "a/b/c"] {
        assert_eq!(space.read(key).await, key);
    }
    space.delete("a").await;
    assert_eq!(space.keys("").await, ["a/b", "a/b/c"]);
}
