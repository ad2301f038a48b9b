//! Pages of objects.

use futures_util::{StreamExt, stream};

use super::space::{Space, code};
use crate::codes;

async fn fill(space: &Space, mut keys: Vec<String>) -> Vec<String> {
    stream::iter(&keys).for_each_concurrent(16, |key| async move { drop(space.put(key, b"x").await) }).await;
    keys.sort();
    keys
}

async fn some(space: &Space) -> Vec<String> {
    let mut keys: Vec<String> = (0..25).map(|n| format!("dir/{n:02}")).collect();
    // A folder sorts among its siblings by its slash: `a-`, `a.txt` and `a/…` in this order.
    keys.extend(["a", "a-", "a.txt", "a/b", "a/b/c", "a/b/c/d", "a0", "dir", "图/片", "z"].map(str::to_owned));
    fill(space, keys).await
}

pub(super) async fn pages_in_the_order_of_keys(space: Space) {
    let all = some(&space).await;
    for limit in [1, 2, 7, all.len(), 1000] {
        assert_eq!(space.keys_by("", limit).await, all, "pages of {limit}");
    }
    let page = space.list("", None, 3).await;
    assert!(page.objects.iter().all(|object| object.size == 1 && !object.etag.is_empty()));
    assert_eq!(page.next.as_deref(), page.objects.last().map(|object| object.key.as_str()), "the next page begins after this one");
    assert!(space.list("", None, all.len()).await.next.is_none(), "nothing follows the last object");
}

pub(super) async fn prefixes(space: Space) {
    let all = some(&space).await;
    for prefix in ["a", "a/", "a/b", "a/b/", "dir/1", "nothing/", "nothing", "图", "dir/", "dir"] {
        let expected: Vec<_> = all.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        for limit in [1000, 2] {
            assert_eq!(space.keys_by(prefix, limit).await, expected, "prefix {prefix}, pages of {limit}");
        }
    }
    let up = space.try_list("../", None, 10).await;
    assert!(up.is_err() || up.is_ok_and(|page| page.objects.is_empty()), "a prefix leads nowhere else");
}

pub(super) async fn after_any_key(space: Space) {
    let all = some(&space).await;
    for prefix in ["", "a", "a/", "dir/"] {
        for after in ["a", "a/", "a/a", "a/b", "a/b/c", "a/b/zzz", "b", "dir", "dir/", "dir/07", "dir/077", "zz", "图"] {
            let expected: Vec<_> = all.iter().filter(|key| key.starts_with(prefix) && key.as_str() > after).cloned().collect();
            let listing = space.list(prefix, Some(after), 1000).await;
            let keys: Vec<_> = listing.objects.into_iter().map(|object| object.key).collect();
            assert_eq!(keys, expected, "prefix {prefix:?} after {after:?}");
        }
    }
}

pub(super) async fn more_than_a_page(space: Space) {
    let all = fill(&space, (0..1100).map(|n| format!("{}/{n}", n % 3)).collect()).await;
    assert_eq!(space.list("", None, 1000).await.objects.len(), 1000);
    assert_eq!(space.keys_by("", 1000).await, all);
    assert_eq!(space.keys_by("1/", 150).await.len(), 367);
}

pub(super) async fn limits(space: Space) {
    space.put("a", b"x").await;
    for limit in [0, 1001] {
        assert_eq!(code(space.try_list("", None, limit).await), codes::INVALID_PARAMS, "a limit of {limit}");
    }
}

pub(super) async fn white_space_at_the_end(space: Space) {
    let keys = [
        "a",
        "a ",
        "a  ",
        "a   b",
        "a  !",
        "a  b",
        "a !",
        "a A",
        "a z",
        "a!",
        "b\u{3000}",
        "b\u{3000} x",
        "b\u{3000}x",
        "c /d ",
        "c /d  e",
    ];
    let all = fill(&space, keys.map(str::to_owned).to_vec()).await;
    for limit in [1000, 1, 2, 3] {
        assert_eq!(space.keys_by("", limit).await, all, "pages of {limit}");
    }
    assert_eq!(space.keys("a ").await, all.iter().filter(|key| key.starts_with("a ")).cloned().collect::<Vec<_>>());
}

pub(super) async fn what_stays_is_listed_once(space: Space) {
    let all = fill(&space, (0..60).map(|n| format!("stays/{n:02}")).collect()).await;
    let changing = async {
        for n in 0..60 {
            let key = format!("stays/{n:02}-goes");
            space.put(&key, b"x").await;
            space.delete(&key).await;
        }
    };
    let listing = async {
        for _ in 0..5 {
            let mut seen = space.keys_by("stays/", 7).await;
            seen.retain(|key| !key.ends_with("-goes"));
            assert_eq!(seen, all);
        }
    };
    futures_util::join!(changing, listing);
}
