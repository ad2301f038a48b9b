//! Files: what a fold writes, what is merged, kept and downloaded, and what stays in memory.

use std::time::Duration;

use http::{HeaderMap, Method};
use sdk_plugin::{Body, Caller, HttpRequest};

use super::*;
use crate::testing::Fate;

#[tokio::test]
async fn small_raw_files_of_a_date_are_merged_and_old_ones_expire() {
    let mut world = World::with(json!({"raw_days": 2})).await;
    let node = world.node();
    for n in 0..20 {
        world.send(&node, &sent(&format!("{n}"), "d", &[(NOON - n, 1, "")])).await;
        node.round().await.unwrap();
    }
    assert!(world.manifest().await.raw.len() < 16, "{:?}", world.manifest().await.raw);
    world.clock.advance(DAY);
    world.send(&node, &sent("next", "d", &[(NOON + DAY, 1, "")])).await;
    for _ in 0..2 {
        node.round().await.unwrap();
    }
    let dates: Vec<String> = world.manifest().await.raw.iter().map(|raw| raw.date.to_string()).collect();
    assert_eq!(dates, ["2026-11-26", "2026-11-27"]);
    world.check(&node, "merged").await;
    world.clock.advance(2 * DAY);
    node.round().await.unwrap();
    let dates: Vec<String> = world.manifest().await.raw.iter().map(|raw| raw.date.to_string()).collect();
    assert_eq!(dates, ["2026-11-27"]);
    assert_eq!(world.figures(&world.node()).await, world.expected(), "roll-ups stay");
}

#[tokio::test]
async fn without_raw_days_no_raw_events_are_written() {
    let mut world = World::with(json!({"raw_days": 0})).await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    node.round().await.unwrap();
    assert!(world.manifest().await.raw.is_empty());
    assert_eq!(world.figures(&world.node()).await, world.expected());
}

#[tokio::test]
async fn many_batches_are_folded_bit_by_bit() {
    let mut world = World::new().await;
    let node = world.node();
    for n in 0..4500 {
        world.send(&node, &sent(&format!("{n}"), &format!("d{}", n % 900), &[(NOON - n * 1000, 1, "")])).await;
    }
    node.round().await.unwrap();
    let manifest = world.manifest().await;
    assert_eq!((world.waiting(), manifest.version), (0, 3));
    assert!(manifest.devices.len() < 3, "segments of the same devices are merged");
    world.check(&node, "").await;
}

#[tokio::test]
async fn one_fold_takes_some_batches_so_that_others_have_their_turn() {
    let mut world = World::new().await;
    let node = world.node();
    for n in 0..2001 {
        world.send(&node, &sent(&format!("{n}"), &format!("d{}", n % 50), &[(NOON - n * 1000, 1, "")])).await;
    }
    assert!(!node.fold(&world.app).await.unwrap());
    assert_eq!(world.waiting(), 1);
    assert!(node.fold(&world.app).await.unwrap());
    assert_eq!(world.waiting(), 0);
}

#[tokio::test]
async fn a_day_without_changes_is_neither_read_nor_written() {
    let mut world = World::new().await;
    let node = world.node();
    let days: Vec<_> = (0..20).map(|day| (NOON - day * DAY, 1, "")).collect();
    world.send(&node, &sent("1", "d", &days)).await;
    node.round().await.unwrap();
    world.send(&node, &sent("2", "d", &[(NOON - 1, 1, "")])).await;
    let (gets, puts) = (world.memory.count("storage.get"), world.memory.count("storage.put"));
    node.round().await.unwrap();
    assert_eq!(world.memory.count("storage.put") - puts, 2, "a part of the day, and raw events");
    assert!(world.memory.count("storage.get") - gets <= 1, "the part that it was merged with");
    // A report asks the database at most once a second, and the storage not at all.
    world.figures(&node).await;
    let calls = node.calls.calls();
    world.figures(&node).await;
    assert_eq!(node.calls.calls(), calls);
}

#[tokio::test]
async fn an_application_is_loaded_once_and_dropped_when_it_is_idle_or_too_large() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    node.round().await.unwrap();
    let fresh = world.node();
    let gets = world.memory.count("storage.get");
    futures_util::future::join_all((0..20).map(|_| world.figures(&fresh))).await;
    assert_eq!(world.memory.count("storage.get") - gets, 2, "a day and a segment of devices, once");
    fresh.registry.evict(Duration::from_secs(60), 0);
    assert_eq!(fresh.registry.loaded(), [world.app.clone()], "the only one stays");
    fresh.registry.entry("other");
    fresh.registry.evict(Duration::from_secs(60), 0);
    assert_eq!(fresh.registry.loaded(), ["other"], "the longest unused goes first");
    fresh.registry.evict(Duration::ZERO, usize::MAX);
    assert_eq!(fresh.registry.loaded(), [] as [String; 0]);
    assert_eq!(world.figures(&fresh).await, world.expected());
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        method: Method::GET,
        uri: url.strip_prefix("http://cloud.test").unwrap().to_owned(),
        host: "cloud.test".to_owned(),
        space: String::new(),
        secure: false,
        headers: HeaderMap::new(),
        body: Body::empty(),
        caller: Caller::default(),
        request_id: String::new(),
    }
}

#[tokio::test]
async fn raw_events_are_listed_and_downloaded() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "x")])).await;
    node.round().await.unwrap();
    let list = |from: &str, to: &str| serde_json::from_value(json!({"appKey": world.app, "from": from, "to": to})).unwrap();
    assert!(node.list_files("space", list("2026-11-27", "2026-11-28")).await.unwrap().is_empty());
    assert_eq!(node.list_files("space", list("2026-11-27", "2026-11-26")).await.unwrap_err().code(), "InvalidParams.Format");
    assert_eq!(node.list_files("other", list("2026-11-26", "2026-11-26")).await.unwrap_err().code(), crate::errors::NO_APP);
    let files = node.list_files("space", list("2026-11-26", "2026-11-26")).await.unwrap();
    assert_eq!((files.len(), files[0].rows), (1, 1));
    let response = node.transfer(&request(&files[0].url)).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["content-type"], "application/vnd.apache.parquet");
    assert_eq!(response.headers["content-disposition"], format!("attachment; filename=\"{}\"", files[0].name));
    let bytes = response.body.collect(1 << 20).await.unwrap();
    assert_eq!(bytes.len() as u64, files[0].bytes);
    assert_eq!(read_events(bytes).unwrap(), world.raw().await);
    // A changed address, a late one, and one of a deleted application.
    assert_eq!(node.transfer(&request(&files[0].url.replace("2026", "2025"))).await.status, 403);
    node.delete_app("space", &world.app).await.unwrap();
    assert_eq!(node.transfer(&request(&files[0].url)).await.status, 404);
    world.clock.advance(2 * HOUR);
    assert_eq!(node.transfer(&request(&files[0].url)).await.status, 403);
}

/// Takes each file that is final once, as somebody does who copies events elsewhere; says how many it took.
async fn fetch(world: &World, node: &Node, taken: &mut BTreeMap<String, Vec<RawEvent>>) -> usize {
    let list = serde_json::from_value(json!({"appKey": world.app})).unwrap();
    let files = node.list_files("space", list).await.unwrap();
    let mut events: Vec<_> = Vec::new();
    let before = taken.len();
    for file in files {
        let bytes = node.transfer(&request(&file.url)).await.body.collect(1 << 20).await.unwrap();
        let rows = read_events(bytes).unwrap();
        events.extend(rows.iter().map(|row| (row.device.clone(), row.start, row.duration)));
        if file.settled {
            taken.entry(file.name).or_insert(rows);
        }
    }
    let listed = events.len();
    events.sort();
    events.dedup();
    assert_eq!(events.len(), listed, "a list has no event twice");
    taken.len() - before
}

#[tokio::test]
async fn whoever_takes_each_final_file_once_has_each_event_once() {
    let mut world = World::new().await;
    let node = world.node();
    let mut taken = BTreeMap::new();
    let mut counts = Vec::new();
    // 20 hours a step, so that dates end in between; every third batch is folded after its date was settled.
    for step in 0..12 {
        for n in 0..2 {
            let start = world.clock.now() - n;
            world.send(&node, &sent(&format!("{step}-{n}"), "d", &[(start, 1, "")])).await;
            if step % 3 != 0 {
                node.round().await.unwrap();
            }
        }
        counts.push(fetch(&world, &node, &mut taken).await);
        world.clock.advance(20 * HOUR);
        node.tidy(&world.app).await.unwrap();
    }
    for _ in 0..2 {
        node.round().await.unwrap();
        world.clock.advance(2 * DAY);
    }
    counts.push(fetch(&world, &node, &mut taken).await);
    let mut events: Vec<(String, i64)> = taken.values().flatten().map(|row| (row.device.clone(), row.start)).collect();
    events.sort();
    assert_eq!(events, world.told.keys().cloned().collect::<Vec<_>>(), "{counts:?}");
    assert!(counts.iter().filter(|count| **count > 0).count() > 3, "{counts:?}");
    world.check(&node, "settled").await;
}

#[tokio::test]
async fn an_address_is_good_for_an_hour_although_its_file_was_merged() {
    let mut world = World::new().await;
    let node = world.node();
    for n in 0..3 {
        world.send(&node, &sent(&format!("{n}"), "d", &[(NOON - n, 1, "")])).await;
        node.round().await.unwrap();
    }
    world.clock.advance(13 * HOUR - 1);
    let list = || serde_json::from_value(json!({"appKey": world.app})).unwrap();
    let parts = node.list_files("space", list()).await.unwrap();
    assert!(parts.len() == 3 && parts.iter().all(|file| !file.settled));
    world.clock.advance(1);
    node.round().await.unwrap();
    let merged = node.list_files("space", list()).await.unwrap();
    assert!(merged.len() == 1 && merged[0].settled && merged[0].rows == 3, "{merged:?}");
    for after in [0, HOUR - 1] {
        world.clock.advance(after);
        node.round().await.unwrap();
        for part in &parts {
            assert_eq!(node.transfer(&request(&part.url)).await.status, 200);
        }
    }
    world.clock.advance(11 * MINUTE);
    node.round().await.unwrap();
    assert_eq!(world.memory.objects().iter().filter(|key| key.contains("/raw/")).count(), 1);
}

/// Another node folds while the search for lost files is held at every call.
#[tokio::test]
async fn a_lost_file_is_deleted_only_by_who_has_replaced_the_manifest() {
    let mut nth = 1;
    let (mut lost_it, mut won_it) = (0, 0);
    loop {
        let mut world = World::new().await;
        let (a, b) = (world.node(), world.node());
        world.send(&a, &sent("1", "d", &[(NOON, 1, "")])).await;
        a.round().await.unwrap();
        let version = world.manifest().await.version;
        a.store.objects.put(&world.app, "days/lost.parquet", bytes::Bytes::from_static(b"x")).await.unwrap();
        let lost = format!("analytics/{}/days/lost.parquet", world.app);
        world.clock.advance(DAY + HOUR);
        a.calls.plan(nth, Fate::Held);
        let work = tokio::spawn({
            let (a, app) = (a.clone(), world.app.clone());
            async move { a.tidy(&app).await }
        });
        let held = tokio::select! {
            () = a.calls.held() => true,
            () = async { while !work.is_finished() { tokio::task::yield_now().await } } => false,
        };
        if !held {
            work.await.unwrap().unwrap();
            assert!(!world.memory.objects().contains(&lost));
            assert!(lost_it > 2 && won_it > 0, "{lost_it} {won_it}");
            return;
        }
        let first = world.manifest().await.version > version;
        world.send(&b, &sent("2", "d", &[(NOON + DAY, 1, "")])).await;
        b.fold(&world.app).await.unwrap();
        a.calls.go();
        work.await.unwrap().unwrap();
        if first {
            won_it += 1;
        } else {
            lost_it += 1;
            assert!(world.memory.objects().contains(&lost), "held at call {nth}");
        }
        nth += 1;
    }
}

/// Raw files of a date that is over, of which one cannot be read, and of the next one.
async fn one_raw_file_cannot_be_read(instead: Option<&'static [u8]>) {
    let mut world = World::with(json!({"raw_days": 2})).await;
    let node = world.node();
    let rows = |manifest: &Manifest| manifest.raw.iter().map(|raw| (raw.rows, raw.settled)).collect::<Vec<_>>();
    for n in 0..19 {
        if n == 3 {
            world.clock.advance(14 * HOUR);
        }
        world.send(&node, &sent(&format!("{n}"), "d", &[(NOON - n, 1, "")])).await;
        node.fold(&world.app).await.unwrap();
    }
    let before = world.manifest().await;
    let bad = before.raw[1].file.clone();
    node.store.objects.delete(&world.app, &bad).await.unwrap();
    if let Some(bytes) = instead {
        node.store.objects.put(&world.app, &bad, bytes::Bytes::from_static(bytes)).await.unwrap();
    }
    world.clock.advance(11 * MINUTE);
    let old: Vec<&str> = before.garbage.iter().map(|garbage| garbage.file.as_str()).collect();
    node.tidy(&world.app).await.unwrap();
    let first = world.manifest().await;
    assert_eq!(rows(&first), [(1, false), (1, false), (1, false), (16, false)]);
    let exists = |file: &str| world.memory.objects().contains(&format!("analytics/{}/{file}", world.app));
    assert!(!old.is_empty() && !old.iter().any(|file| exists(file)));
    // The others of its date are merged the next time.
    node.tidy(&world.app).await.unwrap();
    let second = world.manifest().await;
    assert_eq!(rows(&second), [(2, true), (1, false), (16, false)]);
    // Then nothing is to be done, although it is due.
    node.tidy(&world.app).await.unwrap();
    assert_eq!(world.manifest().await.version, second.version);
    assert!(world.manifest().await.due <= world.clock.now());
    // By itself it is not read any more, and goes when its time has come.
    world.clock.advance(HOUR);
    node.tidy(&world.app).await.unwrap();
    assert_eq!(rows(&world.manifest().await), [(2, true), (1, true), (16, false)]);
    world.clock.advance(2 * DAY);
    for _ in 0..2 {
        node.tidy(&world.app).await.unwrap();
        world.clock.advance(2 * HOUR);
    }
    assert!(!exists(&bad));
    let manifest = world.manifest().await;
    assert_eq!(world.memory.objects().len(), manifest.files().len(), "nothing is left that no manifest names");
}

#[tokio::test]
async fn a_raw_file_that_is_gone_keeps_nothing_else_from_being_tidied() {
    one_raw_file_cannot_be_read(None).await;
}

#[tokio::test]
async fn a_raw_file_that_is_broken_keeps_nothing_else_from_being_tidied() {
    one_raw_file_cannot_be_read(Some(b"broken")).await;
}
