//! The contract, held against a file system and against memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use opendal::Operator;
use sdk_plugin::contract::storage::{Get, List};
use sdk_plugin::{Body, Error, codes};
use tempfile::TempDir;

use crate::store::Store;

const SPACE: &str = "7d0b1c1e-space";

fn files(root: &Path) -> Operator {
    opendal::init_default_registry();
    Operator::via_iter("fs", [("root".to_owned(), root.to_str().unwrap().to_owned())]).unwrap()
}

async fn on_files() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(files(dir.path())).await.unwrap();
    (dir, store)
}

async fn both() -> (TempDir, [Store; 2]) {
    let (dir, files) = on_files().await;
    let memory = Store::open(Operator::via_iter("memory", []).unwrap()).await.unwrap();
    (dir, [files, memory])
}

/// A body in pieces that do not match any buffer's size.
fn pieces(contents: &[u8]) -> Body {
    let pieces: Vec<_> = contents.chunks(100_003).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Body::from_stream(stream::iter(pieces))
}

fn contents(size: usize) -> Vec<u8> {
    (0..size).map(|i| u8::try_from((i * 31 + i / 251) % 256).unwrap()).collect()
}

async fn put(store: &Store, key: &str, contents: &str) {
    store.put(SPACE, key, Body::full(contents.to_owned())).await.unwrap();
}

async fn read(store: &Store, key: &str, offset: u64, length: Option<u64>) -> Result<Vec<u8>, Error> {
    let (_, body) = store.get(SPACE, &Get { key: key.to_owned(), offset, length }).await?;
    let expected = body.length();
    let all = body.collect(usize::MAX).await?;
    assert_eq!(expected, Some(all.len() as u64), "the length that was announced");
    Ok(all.to_vec())
}

async fn keys(store: &Store, prefix: &str) -> Vec<String> {
    let list = List { prefix: prefix.to_owned(), after: None, limit: 1000 };
    store.list(SPACE, &list).await.unwrap().objects.into_iter().map(|object| object.key).collect()
}

fn files_under(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_under(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn eight_mebibytes_come_back_whole_and_in_parts() {
    let (_dir, stores) = both().await;
    let all = contents(8 << 20);
    for store in &stores {
        let object = store.put(SPACE, "films/a.bin", pieces(&all)).await.unwrap();
        assert_eq!((&*object.key, object.size), ("films/a.bin", 8 << 20));
        assert_eq!(store.stat(SPACE, "films/a.bin").await.unwrap(), object);
        assert!(read(store, "films/a.bin", 0, None).await.unwrap() == all);
        assert!(read(store, "films/a.bin", 3_000_001, Some(2_500_000)).await.unwrap() == all[3_000_001..5_500_001]);
        assert!(read(store, "films/a.bin", (8 << 20) - 5, Some(100)).await.unwrap() == all[(8 << 20) - 5..]);
        assert!(read(store, "films/a.bin", 8 << 20, None).await.unwrap().is_empty());
        let behind = read(store, "films/a.bin", (8 << 20) + 1, None).await.unwrap_err();
        assert_eq!(behind.code(), codes::PARAM_INVALID);
    }
}

#[tokio::test]
async fn a_stream_is_read_chunk_by_chunk() {
    let (_dir, store) = on_files().await;
    store.put(SPACE, "big", pieces(&contents(32 << 20))).await.unwrap();
    let (_, mut body) = store.get(SPACE, &Get { key: "big".into(), offset: 0, length: None }).await.unwrap();
    let mut largest = 0;
    while let Some(chunk) = body.next().await {
        largest = largest.max(chunk.unwrap().len());
    }
    assert!(largest <= 2 << 20, "one chunk had {largest} bytes");
}

#[tokio::test]
async fn a_body_that_fails_leaves_the_old_object_and_nothing_else() {
    let (dir, stores) = both().await;
    for store in &stores {
        put(store, "a", "old").await;
        let broken = || {
            let chunks = [Ok(Bytes::from(vec![1; 3 << 20])), Err(Error::new("Broken", "the line is dead"))];
            Body::from_stream(stream::iter(chunks))
        };
        assert_eq!(store.put(SPACE, "a", broken()).await.unwrap_err().code(), "Broken");
        assert_eq!(store.put(SPACE, "new", broken()).await.unwrap_err().code(), "Broken");
        let short = Body::from_stream(stream::iter([Ok(Bytes::from("abc"))])).with_length(4);
        assert_eq!(store.put(SPACE, "a", short).await.unwrap_err().code(), codes::INVALID_BODY);
        assert_eq!(read(store, "a", 0, None).await.unwrap(), b"old");
        assert_eq!(keys(store, "").await, ["a"]);
    }
    assert_eq!(files_under(dir.path()).len(), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_leaves_no_temporary_file() {
    let (dir, store) = on_files().await;
    let store = Arc::new(store);
    let (begun, begins) = tokio::sync::oneshot::channel();
    let body = stream::iter([Ok(Bytes::from(vec![1; 3 << 20]))]).chain(stream::once(async move {
        begun.send(()).unwrap();
        std::future::pending().await
    }));
    let put = tokio::spawn(async move { store.put(SPACE, "a", Body::from_stream(body)).await });
    begins.await.unwrap();
    let written = async {
        while files_under(&dir.path().join("uploads")).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), written).await.unwrap();
    put.abort();
    assert!(put.await.unwrap_err().is_cancelled());
    let gone = async {
        while !files_under(dir.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.unwrap();
}

#[tokio::test]
async fn a_restart_removes_what_was_left_and_spares_uploads_of_this_process() {
    let (dir, store) = on_files().await;
    put(&store, "kept", "x").await;
    let stale = dir.path().join("uploads/1-1");
    std::fs::create_dir_all(&stale).unwrap();
    std::fs::write(stale.join("7"), "half").unwrap();
    let mine = std::fs::read_dir(dir.path().join("uploads")).unwrap().map(|e| e.unwrap().path()).find(|path| *path != stale).unwrap();
    std::fs::write(mine.join("busy"), "half").unwrap();
    let again = Store::open(files(dir.path())).await.unwrap();
    assert!(!stale.exists());
    assert!(mine.join("busy").exists());
    assert_eq!(read(&again, "kept", 0, None).await.unwrap(), b"x");
}

#[tokio::test]
async fn replacing_an_object_changes_its_etag_and_never_shows_a_mixture() {
    let (_dir, stores) = both().await;
    for store in stores {
        let mut last = String::new();
        for n in 0..50 {
            let object = store.put(SPACE, "a", Body::full(format!("{n:04}"))).await.unwrap();
            assert_ne!(object.etag, last, "replacement {n}");
            last = object.etag;
        }
        let store = Arc::new(store);
        let writer = tokio::spawn({
            let store = store.clone();
            async move {
                for n in 0..40u8 {
                    store.put(SPACE, "b", Body::full(vec![n; 300_000 + usize::from(n)])).await.unwrap();
                }
            }
        });
        while !writer.is_finished() {
            // Memory is always ready, so nothing else would let the writer run.
            tokio::task::yield_now().await;
            match store.get(SPACE, &Get { key: "b".into(), offset: 0, length: None }).await {
                Ok((object, body)) => {
                    let all = body.collect(1 << 20).await.unwrap();
                    assert_eq!(object.size, all.len() as u64);
                    assert!(all.iter().all(|byte| *byte == all[0]) && all.len() == 300_000 + usize::from(all[0]));
                }
                Err(error) => assert!(error.code() == codes::NOT_FOUND || error.is_retryable(), "{error:?}"),
            }
        }
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn pages_follow_the_order_of_keys() {
    let (_dir, stores) = both().await;
    for store in &stores {
        let mut all: Vec<String> = (0..25).map(|n| format!("dir/{n:02}")).collect();
        // A folder sorts among its siblings by its slash: `a-`, `a.txt` and `a/…` in this order.
        all.extend(["a", "a-", "a.txt", "a/b", "a/b/c", "a/b/c/d", "a0", "dir", "图/片", "z "].map(str::to_owned));
        for key in &all {
            put(store, key, "x").await;
        }
        all.sort();
        assert_eq!(keys(store, "").await, all);
        for limit in [1, 2, 7, 1000] {
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let page = store.list(SPACE, &List { prefix: String::new(), after: after.clone(), limit }).await.unwrap();
                assert!(page.objects.len() <= limit);
                paged.extend(page.objects.into_iter().map(|object| object.key));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(paged, all, "pages of {limit}");
        }
        for prefix in ["a", "a/", "a/b", "dir/1", "nothing/", "图"] {
            let expected: Vec<_> = all.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
            assert_eq!(keys(store, prefix).await, expected, "prefix {prefix}");
        }
        let refused = store.list(SPACE, &List { prefix: String::new(), after: None, limit: 1001 }).await.unwrap_err();
        assert_eq!(refused.code(), codes::INVALID_PARAMS);
    }
}

#[tokio::test]
async fn keys_and_prefixes_do_not_leave_their_space() {
    let (dir, stores) = both().await;
    std::fs::write(dir.path().join("secret"), "s").unwrap();
    for store in &stores {
        store.put("other", "secret", Body::full("s")).await.unwrap();
        for key in ["../other/secret", "..", "a/../../other/secret", "/etc/passwd", "a\\..\\b", ""] {
            assert_eq!(read(store, key, 0, None).await.unwrap_err().code(), codes::PARAM_INVALID, "{key:?}");
            assert_eq!(store.put(SPACE, key, Body::full("x")).await.unwrap_err().code(), codes::PARAM_INVALID);
            assert_eq!(store.delete(SPACE, key).await.unwrap_err().code(), codes::PARAM_INVALID);
            assert_eq!(store.delete_folder(SPACE, key).await.unwrap_err().code(), codes::PARAM_INVALID);
        }
        let up = List { prefix: "../other/".into(), after: None, limit: 10 };
        assert_eq!(store.list(SPACE, &up).await.unwrap_err().code(), codes::PARAM_INVALID);
        assert_eq!(read(store, "secret", 0, None).await.unwrap_err().code(), codes::NOT_FOUND);
        assert!(keys(store, "").await.is_empty());
    }
}

#[tokio::test]
async fn deleting_is_idempotent_and_keeps_to_the_folder() {
    let (dir, stores) = both().await;
    for store in &stores {
        for key in ["a", "a/1", "a/b/2", "ab/3", "c/d/e"] {
            put(store, key, key).await;
        }
        for _ in 0..2 {
            store.delete(SPACE, "c/d/e").await.unwrap();
            assert_eq!(store.stat(SPACE, "c/d/e").await.unwrap_err().code(), codes::NOT_FOUND);
        }
        for _ in 0..2 {
            store.delete_folder(SPACE, "a").await.unwrap();
            assert_eq!(keys(store, "").await, ["a", "ab/3"]);
        }
    }
    let left = std::fs::read_dir(dir.path().join("objects").join(SPACE)).unwrap().count();
    assert_eq!(left, 2, "empty folders are removed");
}

#[tokio::test]
async fn a_deleted_space_is_empty_and_others_stay() {
    let (_dir, stores) = both().await;
    for store in &stores {
        put(store, "a/b", "x").await;
        store.put("other", "a/b", Body::full("y")).await.unwrap();
        for _ in 0..2 {
            store.delete_space(SPACE).await.unwrap();
        }
        assert!(keys(store, "").await.is_empty());
        assert_eq!(store.stat("other", "a/b").await.unwrap().size, 1);
    }
}

#[tokio::test]
async fn puts_and_deletes_in_one_folder_do_not_disturb_each_other() {
    let (_dir, store) = on_files().await;
    let store = Arc::new(store);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..30 {
                    let key = format!("shared/folder/{task}");
                    put(&store, &key, "x").await;
                    assert_eq!(read(&store, &key, 0, None).await.unwrap(), b"x");
                    store.delete(SPACE, &key).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(keys(&store, "").await.is_empty());
}
