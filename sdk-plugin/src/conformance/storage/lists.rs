//! Pages of objects.

use super::Backend;
use super::space::{Space, code};
use crate::codes;

async fn fill<B: Backend>(space: &Space<B>) -> Vec<String> {
    let mut all: Vec<String> = (0..25).map(|n| format!("dir/{n:02}")).collect();
    // A folder sorts among its siblings by its slash: `a-`, `a.txt` and `a/…` in this order.
    all.extend(["a", "a-", "a.txt", "a/b", "a/b/c", "a/b/c/d", "a0", "dir", "图/片", "z"].map(str::to_owned));
    for key in &all {
        space.put(key, b"x").await;
    }
    all.sort();
    all
}

pub(super) async fn pages_in_the_order_of_keys<B: Backend>(space: Space<B>) {
    let all = fill(&space).await;
    assert_eq!(space.keys("").await, all);
    for limit in [1, 2, 7, 1000] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = space.list("", after.clone(), limit).await.unwrap_or_else(|e| panic!("{e:?}"));
            assert!(page.objects.len() <= limit);
            assert!(page.objects.iter().all(|object| object.size == 1 && !object.etag.is_empty()));
            paged.extend(page.objects.into_iter().map(|object| object.key));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, all, "pages of {limit}");
    }
    let behind = space.list("", Some("a/b".to_owned()), 2).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(behind.objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a/b/c", "a/b/c/d"]);
}

pub(super) async fn prefixes<B: Backend>(space: Space<B>) {
    let all = fill(&space).await;
    for prefix in ["a", "a/", "a/b", "dir/1", "nothing/", "图", "dir/"] {
        let expected: Vec<_> = all.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        assert_eq!(space.keys(prefix).await, expected, "prefix {prefix}");
    }
    let up = space.list("../", None, 10).await;
    assert!(up.is_err() || up.is_ok_and(|page| page.objects.is_empty()), "a prefix leads nowhere else");
}

pub(super) async fn limits<B: Backend>(space: Space<B>) {
    space.put("a", b"x").await;
    for limit in [0, 1001] {
        assert_eq!(code(space.list("", None, limit).await), codes::INVALID_PARAMS, "a limit of {limit}");
    }
}
