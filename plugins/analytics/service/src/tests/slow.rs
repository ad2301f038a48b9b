//! Hosts that are slow, or give answers to questions that were asked long ago.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sdk_plugin::Reply;
use sdk_plugin::contract::Calls;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::*;
use crate::store::manifest::{GRACE, MOST_GARBAGE};
use crate::testing::Fate;

/// Calls of a host where storage takes its time, and a manifest is written twice.
#[derive(Clone)]
struct Slow {
    inner: Memory,
    /// How long each call of the storage takes.
    storage: Duration,
    /// How many of them there are, and were at once at the most.
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    /// How many manifests are written twice, the second time when it is let go.
    twice: Arc<AtomicUsize>,
    written: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

type SlowNode = Arc<Service<Slow>>;

impl Slow {
    fn node(world: &World, storage: Duration, twice: usize) -> SlowNode {
        let gate = || Arc::new(Semaphore::new(0));
        let inner = world.memory.process();
        let calls =
            Self { inner, storage, now: Arc::default(), most: Arc::default(), twice: Arc::new(twice.into()), written: gate(), go: gate() };
        Service::new(world.config.clone(), calls, world.clock.clone(), b"secret".to_vec())
    }

    fn writes_a_manifest(call: &Call) -> bool {
        let params: Value = call.decode().unwrap_or_default();
        params["collection"] == "analyticsManifests" && (params["command"] == "updateOne" || params["command"] == "insertOne")
    }
}

impl Calls for Slow {
    async fn make(&self, call: Call) -> Result<Reply> {
        if call.method.starts_with("storage.") {
            self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(self.storage).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
        }
        let less = |left: usize| left.checked_sub(1);
        if Self::writes_a_manifest(&call) && self.twice.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            let mut first = Call::json(&call.space, &call.method, &call.decode::<Value>()?)?;
            first.caller = call.caller.clone();
            drop(self.inner.make(first).await);
            self.written.add_permits(1);
            self.go.acquire().await.unwrap().forget();
        }
        self.inner.make(call).await
    }
}

/// The manifest names only files that are there.
async fn nothing_is_lacking(world: &World) {
    let there = world.memory.objects();
    for file in world.manifest().await.files() {
        assert!(there.contains(&format!("analytics/{}/{file}", world.app)), "{file} is gone");
    }
}

#[tokio::test]
async fn a_fold_whose_answer_was_lost_while_another_node_folded_on_top_deletes_nothing() {
    for folds_before in 0..2 {
        let mut world = World::new().await;
        let b = world.node();
        for n in 0..folds_before {
            world.send(&b, &sent(&format!("before-{n}"), "d0", &[(NOON - n, 5, "x")])).await;
            b.round().await.unwrap();
            world.clock.advance(4 * MINUTE);
        }
        world.send(&b, &sent("1", "d1", &[(NOON, 5, "x"), (NOON - 5 * DAY, 5, "")])).await;
        let a = Slow::node(&world, Duration::ZERO, 1);
        let app = world.app.clone();
        let folding = tokio::spawn({
            let a = a.clone();
            async move { a.fold(&app).await }
        });
        a.calls.written.acquire().await.unwrap().forget();
        world.clock.advance(4 * MINUTE);
        world.send(&b, &sent("2", "d2", &[(NOON, 7, "y")])).await;
        b.round().await.unwrap();
        a.calls.go.add_permits(1);
        folding.await.unwrap().unwrap();
        assert_eq!(world.manifest().await.node, b.node);
        nothing_is_lacking(&world).await;
        world.check(&b, "").await;
    }
}

#[tokio::test]
async fn merging_whose_answer_was_lost_while_another_node_folded_on_top_deletes_nothing() {
    let mut world = World::new().await;
    let b = world.node();
    for n in 0..20 {
        world.send(&b, &sent(&format!("{n}"), "d1", &[(NOON - n, 5, "x")])).await;
        b.fold(&world.app).await.unwrap();
    }
    world.clock.advance(4 * MINUTE);
    let a = Slow::node(&world, Duration::ZERO, 1);
    let app = world.app.clone();
    let tidying = tokio::spawn({
        let a = a.clone();
        async move { a.tidy(&app).await }
    });
    a.calls.written.acquire().await.unwrap().forget();
    assert_eq!(world.manifest().await.raw.len(), 1);
    world.clock.advance(4 * MINUTE);
    world.send(&b, &sent("more", "d2", &[(NOON, 7, "y")])).await;
    b.fold(&world.app).await.unwrap();
    a.calls.go.add_permits(1);
    tidying.await.unwrap().unwrap();
    nothing_is_lacking(&world).await;
    world.check(&b, "").await;
}

/// A batch of a device that has one event on each of some days before noon.
fn days_before(batch: i64, days: std::ops::Range<i64>) -> Sent {
    let events: Vec<_> = days.map(|day| (NOON - day * DAY, 5, "")).collect();
    sent(&format!("days-{batch}"), &format!("d{batch}"), &events)
}

#[tokio::test]
async fn a_pass_takes_less_where_the_storage_is_slow() {
    let mut world = World::with(json!({"late_days": 3650, "max_events_per_device": 1_000_000})).await;
    let fast = world.node();
    for batch in 0..4 {
        world.send(&fast, &days_before(batch, batch * 62..batch * 62 + 62)).await;
    }
    assert!(fast.fold(&world.app).await.unwrap());
    for batch in 4..66 {
        world.send(&fast, &days_before(batch, (batch - 4) * 4..batch * 4)).await;
    }
    let mut node = Slow::node(&world, Duration::from_millis(2), 0);
    // The first step, of 312 events, reads some ninety days.
    Arc::get_mut(&mut node).unwrap().patience = Duration::from_millis(80);
    let app = node.apps.of("space", &world.app).await.unwrap();
    let mut waiting = Vec::new();
    while !node.pass(&app).await.unwrap() {
        waiting.push(world.waiting());
        world.clock.advance(GRACE);
        fast.tidy(&world.app).await.unwrap();
    }
    assert_eq!(waiting, [42, 22, 2]);
    world.check(&world.node(), "").await;
}

#[tokio::test]
async fn files_of_days_are_written_and_read_beside_each_other() {
    let mut world = World::with(json!({"max_events_per_device": 1_000_000})).await;
    let collecting = world.node();
    let node = Slow::node(&world, Duration::from_millis(100), 0);
    world.send(&collecting, &days_before(0, 0..28)).await;
    let app = node.apps.of("space", &world.app).await.unwrap();
    node.pass(&app).await.unwrap();
    let at_once = node.calls.most.swap(0, Ordering::SeqCst);
    assert!((4..=8).contains(&at_once), "{at_once}");
    let files: Vec<String> = world.manifest().await.days.into_values().flatten().map(|part| part.file).collect();
    let read = crate::state::load::fetch(&node.store, &world.app, files.iter()).await.unwrap();
    assert_eq!((read.len(), node.calls.most.load(Ordering::SeqCst)), (28, 8));
    for (file, bytes) in files.iter().zip(read) {
        assert_eq!(bytes, world.memory.object(&format!("analytics/{}/{file}", world.app)), "in their order");
    }
}

#[tokio::test]
async fn files_live_on_from_the_write_of_the_manifest_that_does_not_name_them() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("1", "d1", &[(NOON, 5, "x")])).await;
    node.fold(&world.app).await.unwrap();
    world.send(&node, &sent("2", "d1", &[(NOON - 1, 5, "x")])).await;
    node.calls.plan_of("storage.put", 1, Fate::Held);
    let folding = tokio::spawn({
        let (node, app) = (node.clone(), world.app.clone());
        async move { node.fold(&app).await }
    });
    node.calls.held().await;
    world.clock.advance(4 * MINUTE);
    node.calls.go();
    folding.await.unwrap().unwrap();
    let manifest = world.manifest().await;
    assert!(!manifest.garbage.is_empty());
    assert!(manifest.garbage.iter().all(|garbage| garbage.until == world.clock.now() + GRACE), "{:?}", manifest.garbage);
    assert_eq!((manifest.at, manifest.due), (world.clock.now(), world.clock.now() + GRACE));
}

#[tokio::test]
async fn nothing_is_folded_while_too_many_files_wait_to_be_deleted() {
    let mut world = World::with(json!({"max_events_per_device": 1_000_000})).await;
    let node = world.node();
    let mut folds = 0;
    while world.waiting() == 0 {
        let events: Vec<_> = (0..25).map(|day| (NOON - day * DAY - folds, 5, "")).collect();
        world.send(&node, &sent(&format!("{folds}"), "d1", &events)).await;
        node.round().await.unwrap();
        folds += 1;
        assert!(folds < 100);
    }
    let garbage = world.manifest().await.garbage.len();
    assert!((MOST_GARBAGE + 1..MOST_GARBAGE * 2).contains(&garbage), "{garbage}");
    assert_eq!(world.figures(&node).await, world.expected());
    // They are deleted as soon as they may, and then it goes on.
    world.clock.advance(GRACE);
    for _ in 0..2 {
        node.round().await.unwrap();
    }
    assert_eq!(world.waiting(), 0);
    world.check(&node, "").await;
}

#[tokio::test]
async fn a_storage_that_refuses_a_file_costs_no_state() {
    let mut world = World::new().await;
    let node = world.node();
    for n in 0..20 {
        world.send(&node, &days_before(n, 0..28)).await;
    }
    node.fold(&world.app).await.unwrap();
    world.send(&node, &sent("late", "d1", &[(NOON - 1, 5, "x")])).await;
    world.figures(&node).await;
    node.calls.plan_of("storage.put", 1, Fate::Refused);
    assert!(node.fold(&world.app).await.is_err());
    assert!(node.calls.has_happened());
    assert!(node.registry.peek(&world.app).unwrap().is_loaded());
    let read = world.memory.count("storage.get");
    node.registry.time_passes(&world.app).await;
    assert_eq!(world.figures(&node).await, world.expected());
    let read = world.memory.count("storage.get") - read;
    assert!(read < 10, "{read} files were read, and there are {}", world.manifest().await.files().len());
    node.round().await.unwrap();
    world.check(&node, "").await;
}
