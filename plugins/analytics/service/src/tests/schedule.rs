//! The schedule: applications have their turns beside each other, whatever becomes of one of them.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use sdk_plugin::Reply;
use sdk_plugin::contract::Calls;
use tokio::time::{sleep, timeout};

use super::*;
use crate::store::manifest::Replaced;
use crate::testing::Fate;

/// What becomes of the calls that name an application's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Panics,
    Hangs,
}

/// Calls of a host where those that name some applications go wrong.
#[derive(Clone)]
struct Faulty {
    inner: Memory,
    faults: Arc<Mutex<HashMap<String, Fault>>>,
    /// The applications at which it happened.
    met: Arc<Mutex<HashSet<String>>>,
}

impl Faulty {
    fn set(&self, app: &str, fault: Option<Fault>) {
        let mut faults = self.faults.lock().unwrap();
        match fault {
            Some(fault) => faults.insert(app.to_owned(), fault),
            None => faults.remove(app),
        };
    }

    fn has_met(&self, app: &str) -> bool {
        self.met.lock().unwrap().contains(app)
    }
}

impl Calls for Faulty {
    async fn make(&self, call: Call) -> Result<Reply> {
        let params = String::from_utf8_lossy(&call.params).into_owned();
        let fault = match call.method.starts_with("storage.") {
            true => self.faults.lock().unwrap().iter().find(|(app, _)| params.contains(*app)).map(|(app, fault)| (app.clone(), *fault)),
            false => None,
        };
        let Some((app, fault)) = fault else { return self.inner.make(call).await };
        self.met.lock().unwrap().insert(app);
        match fault {
            Fault::Panics => panic!("asked for by the test"),
            Fault::Hangs => std::future::pending().await,
        }
    }
}

type FaultyNode = Arc<Service<Faulty>>;

/// A world in which tasks fold by themselves.
struct Scheduled {
    world: World,
    calls: Faulty,
    node: FaultyNode,
}

impl Scheduled {
    async fn new(config: Value) -> Self {
        let world = World::with(config).await;
        let calls = Faulty { inner: world.memory.process(), faults: Arc::default(), met: Arc::default() };
        let mut node = Service::new(world.config.clone(), calls.clone(), world.clock.clone(), b"secret".to_vec());
        Arc::get_mut(&mut node).unwrap().patience = Duration::from_millis(300);
        Self { world, calls, node }
    }

    async fn app(&self) -> String {
        self.node.create_app("space", serde_json::from_value(json!({"name": "Other"})).unwrap()).await.unwrap().key
    }

    async fn send(&mut self, app: &str, sent: &Sent) {
        let first = std::mem::replace(&mut self.world.app, app.to_owned());
        let call = self.world.call(sent);
        self.world.app = first;
        assert_eq!(self.node.collect(&call).await.unwrap().accepted, sent.events.len());
    }

    fn waiting(&self, app: &str) -> usize {
        self.world.memory.documents("analyticsPending").iter().filter(|batch| batch.get_str("app").unwrap() == app).count()
    }

    async fn until(&self, about: &str, done: impl Fn(&Self) -> bool) {
        let wait = async {
            while !done(self) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("{about} did not happen"));
    }
}

/// An application whose folding goes wrong, while another one is folded, and then does not.
async fn one_goes_wrong_and_the_other_is_folded(fault: Fault) {
    let mut it = Scheduled::new(json!({"fold_seconds": 1})).await;
    let (wrong, right) = (it.world.app.clone(), it.app().await);
    it.calls.set(&wrong, Some(fault));
    let folding = tokio::spawn(it.node.clone().keep_folding());
    for n in 0..3 {
        let batch = sent(&format!("{n}"), "d", &[(NOON - n, 1, "")]);
        it.send(&wrong, &batch).await;
        it.send(&right, &batch).await;
        it.until("a turn that goes wrong", |it| it.calls.has_met(&wrong)).await;
        it.until("the other's fold", |it| it.waiting(&right) == 0).await;
        it.calls.met.lock().unwrap().clear();
        assert_eq!(it.waiting(&wrong) as i64, n + 1);
    }
    it.calls.set(&wrong, None);
    it.until("the fold after all", |it| it.waiting(&wrong) == 0).await;
    let node = it.world.node();
    let figures = it.world.figures(&node).await;
    assert_eq!(figures.values().map(|day| day[0]).sum::<u64>(), 3);
    assert_eq!(it.world.raw().await.len(), 3, "raw events of what was given up are neither lost nor there twice");
    it.node.stop().await;
    timeout(Duration::from_secs(60), folding).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_fold_that_panics_ends_no_folding() {
    one_goes_wrong_and_the_other_is_folded(Fault::Panics).await;
}

#[tokio::test]
async fn a_fold_that_hangs_is_given_up_and_others_are_folded_meanwhile() {
    one_goes_wrong_and_the_other_is_folded(Fault::Hangs).await;
}

#[tokio::test]
async fn an_application_of_which_much_waits_is_folded_before_the_next_round() {
    let mut it = Scheduled::new(json!({"fold_seconds": 3600})).await;
    let (busy, other) = (it.world.app.clone(), it.app().await);
    let folding = tokio::spawn(it.node.clone().keep_folding());
    let batch = sent("1", "d", &[(NOON, 1, "")]);
    it.send(&busy, &batch).await;
    it.send(&other, &batch).await;
    it.node.turns.kick(&busy);
    it.until("the fold", |it| it.waiting(&busy) == 0).await;
    assert_eq!(it.waiting(&other), 1);
    it.node.stop().await;
    folding.await.unwrap();
}

#[tokio::test]
async fn what_is_folded_when_the_plugin_stops_is_ended() {
    let mut world = World::with(json!({"fold_seconds": 3600})).await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    let folding = tokio::spawn(node.clone().keep_folding());
    node.calls.plan(4, Fate::Held);
    node.turns.kick(&world.app);
    node.calls.held().await;
    let stop = tokio::spawn({
        let node = node.clone();
        async move { node.stop().await }
    });
    node.stopping.cancelled().await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!stop.is_finished() && world.waiting() == 1);
    node.calls.go();
    stop.await.unwrap();
    assert_eq!(world.waiting(), 0);
    folding.await.unwrap();
}

/// Manifests that tell of files larger than the budget: their states are loaded one after the other.
#[tokio::test]
async fn states_are_loaded_at_once_as_far_as_the_budget_goes() {
    let mut it = Scheduled::new(json!({"memory_mib": 100})).await;
    let large = [it.world.app.clone(), it.app().await];
    let small = it.app().await;
    for (app, bytes) in large.iter().map(|app| (app, 30 << 20)).chain([(&small, 1 << 20)]) {
        it.send(app, &sent("1", "d", &[(NOON, 1, "")])).await;
        it.node.fold(app).await.unwrap();
        let mut manifest = it.node.store.manifests.get(app).await.unwrap().unwrap();
        manifest.version += 1;
        manifest.node = String::new();
        manifest.devices[0].bytes = bytes;
        assert_eq!(it.node.store.manifests.replace(app, &manifest).await.unwrap(), Replaced::Won);
        it.send(app, &sent("2", "e", &[(NOON, 1, "")])).await;
        it.calls.set(app, Some(Fault::Hangs));
    }
    it.node.registry.evict(Duration::ZERO, 0);
    let fold = |app: &String| {
        let (node, app) = (it.node.clone(), app.clone());
        tokio::spawn(async move { node.fold(&app).await })
    };
    let first = fold(&large[0]);
    it.until("the first is loaded", |it| it.calls.has_met(&large[0])).await;
    // 90 of 100 MiB are taken: a small one has room, and another large one has not.
    let beside = fold(&small);
    it.until("the small one is loaded", |it| it.calls.has_met(&small)).await;
    let second = fold(&large[1]);
    for _ in 0..300 {
        tokio::task::yield_now().await;
    }
    assert!(!it.calls.has_met(&large[1]));
    first.abort();
    beside.abort();
    it.until("the second is loaded", |it| it.calls.has_met(&large[1])).await;
    second.abort();
}

#[tokio::test]
async fn much_that_comes_after_the_last_look_of_a_fold_is_folded_before_the_next_round() {
    let mut world = World::with(json!({"fold_events": 3})).await;
    let node = world.node();
    let batch = |n: i64| sent(&format!("{n}"), "d", &[(NOON - n, 1, "")]);
    for n in 0..3 {
        world.send(&node, &batch(n)).await;
    }
    node.calls.plan_of("storage.put", 1, Fate::Held);
    let folding = tokio::spawn({
        let node = node.clone();
        async move { node.take_all_turns().await }
    });
    node.calls.held().await;
    for n in 3..6 {
        world.send(&node, &batch(n)).await;
        // Another task has nothing to do.
        node.take_all_turns().await;
    }
    node.calls.go();
    folding.await.unwrap();
    assert_eq!((world.waiting(), world.manifest().await.version), (0, 2));
    // What is not much waits.
    world.send(&node, &batch(6)).await;
    node.take_all_turns().await;
    assert_eq!(world.waiting(), 1);
}

#[tokio::test]
async fn what_is_left_to_another_node_is_not_counted_for_every_batch() {
    let mut world = World::with(json!({"fold_events": 2})).await;
    let (a, b) = (world.node(), world.node());
    let batch = |n: i64| sent(&format!("{n}"), "d", &[(NOON - n, 1, "")]);
    world.send(&a, &batch(0)).await;
    a.round().await.unwrap();
    let before = world.memory.count("count");
    for n in 1..10 {
        world.send(&b, &batch(n)).await;
        b.take_all_turns().await;
    }
    assert_eq!((world.memory.count("count") - before, world.waiting()), (1, 9));
    b.round().await.unwrap();
    assert_eq!((world.memory.count("count") - before, world.waiting()), (2, 9));
}

#[tokio::test]
async fn a_state_that_could_not_be_loaded_waits_for_room_the_next_time_too() {
    let mut world = World::with(json!({"memory_mib": 100})).await;
    let first = world.node();
    world.send(&first, &sent("1", "d", &[(NOON, 1, "")])).await;
    first.round().await.unwrap();
    world.send(&first, &sent("2", "d", &[(NOON - 1, 1, "")])).await;
    world.clock.advance(10 * MINUTE);
    let node = world.node();
    node.calls.plan_of("storage.get", 1, Fate::Refused);
    assert!(node.fold(&world.app).await.is_err());
    let all = node.room.take(100 << 20).await.unwrap();
    let loaded = world.memory.count("storage.get");
    let fold = tokio::spawn({
        let (node, app) = (node.clone(), world.app.clone());
        async move { node.fold(&app).await }
    });
    for _ in 0..300 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.memory.count("storage.get"), loaded);
    drop(all);
    assert!(fold.await.unwrap().unwrap());
    // One that is loaded needs none.
    let _all = node.room.take(100 << 20).await.unwrap();
    world.send(&node, &sent("3", "d", &[(NOON - 2, 1, "")])).await;
    assert!(node.fold(&world.app).await.unwrap());
}

/// Raw files of two dates, of which the first is over; the last of its files does not answer.
#[tokio::test]
async fn a_raw_file_that_hangs_does_not_keep_others_from_being_merged() {
    let mut it = Scheduled::new(json!({})).await;
    let app = it.world.app.clone();
    for n in 0..19 {
        if n == 3 {
            it.world.clock.advance(14 * HOUR);
        }
        it.send(&app, &sent(&format!("{n}"), "d", &[(NOON - n, 1, "")])).await;
        it.node.fold(&app).await.unwrap();
    }
    let before = it.world.manifest().await;
    it.calls.set(&before.raw[2].file, Some(Fault::Hangs));
    timeout(Duration::from_secs(60), it.node.tidy(&app)).await.unwrap().unwrap();
    let first = it.world.manifest().await;
    assert!(it.calls.has_met(&before.raw[2].file));
    assert_eq!(first.raw, before.raw, "its time is over");
    it.node.tidy(&app).await.unwrap();
    assert_eq!(it.world.manifest().await.raw.iter().map(|raw| raw.rows).collect::<Vec<_>>(), [1, 1, 1, 16]);
    it.calls.set(&before.raw[2].file, None);
    it.world.clock.advance(HOUR);
    it.node.tidy(&app).await.unwrap();
    assert_eq!(it.world.manifest().await.raw.iter().map(|raw| raw.rows).collect::<Vec<_>>(), [3, 16]);
}
