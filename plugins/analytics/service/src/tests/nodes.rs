//! Two processes on one store.

use std::time::{Duration, Instant};

use analytics_engine::DeviceKey;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::testing::Fate;

#[tokio::test]
async fn what_another_node_has_acknowledged_is_in_the_next_report() {
    let mut world = World::new().await;
    let (a, b) = (world.node(), world.node());
    world.send(&a, &sent("1", "d1", &[(NOON, 5, "x")])).await;
    assert_eq!(world.figures(&a).await, world.expected());
    world.send(&b, &sent("2", "d2", &[(NOON, 7, "y")])).await;
    a.registry.time_passes(&world.app).await;
    assert_eq!(world.figures(&a).await, world.expected());
    assert_eq!(world.figures(&b).await, world.expected());
    // Long after the other has collected, its own batches alone are looked for.
    world.clock.advance(10 * MINUTE);
    a.registry.time_passes(&world.app).await;
    world.figures(&a).await;
    a.registry.time_passes(&world.app).await;
    let before = a.calls.calls();
    assert_eq!(world.figures(&a).await, world.expected());
    assert!(a.calls.calls() - before <= 3, "{} calls", a.calls.calls() - before);
    // Its own are there at once.
    world.send(&a, &sent("3", "d3", &[(NOON, 9, "z")])).await;
    assert_eq!(world.figures(&a).await, world.expected());
}

#[tokio::test]
async fn a_node_that_folded_a_moment_ago_is_left_alone_unless_much_waits() {
    let mut world = World::with(json!({"fold_events": 1})).await;
    let (a, b) = (world.node(), world.node());
    world.send(&a, &sent("1", "d1", &[(NOON, 5, "x")])).await;
    a.round().await.unwrap();
    world.send(&a, &sent("2", "d2", &[(NOON, 5, "x")])).await;
    b.round().await.unwrap();
    assert_eq!((world.waiting(), world.manifest().await.version), (1, 1));
    for n in 0..10 {
        world.send(&a, &sent(&format!("more-{n}"), "d3", &[(NOON - n, 5, "x")])).await;
    }
    b.round().await.unwrap();
    assert_eq!((world.waiting(), world.manifest().await.node), (0, b.node.clone()));
    world.send(&a, &sent("4", "d2", &[(NOON, 6, "x")])).await;
    a.round().await.unwrap();
    assert_eq!(world.waiting(), 1);
    world.clock.advance(3 * MINUTE);
    a.round().await.unwrap();
    assert_eq!(world.waiting(), 0);
    world.check(&a, "").await;
}

/// Another node folds, and more is collected, while a node's fold is held at every call.
#[tokio::test]
async fn of_two_nodes_that_fold_at_once_one_wins_and_nothing_counts_twice() {
    let mut nth = 1;
    loop {
        let about = format!("held at call {nth}");
        let mut world = World::new().await;
        let (a, b) = (world.node(), world.node());
        world.send(&a, &sent("1", "d1", &[(NOON, 0, "x"), (NOON - DAY, 5, "")])).await;
        a.round().await.unwrap();
        world.clock.advance(4 * MINUTE);
        world.send(&a, &sent("2", "d1", &[(NOON, 70, "y"), (NOON - DAY, 6, "")])).await;
        world.send(&b, &sent("3", "d2", &[(NOON, 30, "z")])).await;
        a.calls.plan(nth, Fate::Held);
        let folding = tokio::spawn({
            let a = a.clone();
            async move { a.round().await }
        });
        let held = tokio::select! {
            () = a.calls.held() => true,
            () = async { while !folding.is_finished() { tokio::task::yield_now().await } } => false,
        };
        if held {
            world.clock.advance(4 * MINUTE);
            b.round().await.unwrap();
            world.send(&b, &sent("4", "d3", &[(NOON + MINUTE, 1, "w")])).await;
            assert_eq!(world.figures(&b).await, world.expected(), "{about}");
            a.calls.go();
        }
        folding.await.unwrap().unwrap();
        // What has not happened must not hold the rounds that follow.
        assert_eq!(a.calls.has_happened(), held, "{about}");
        world.clock.advance(4 * MINUTE);
        for node in [&a, &b] {
            node.round().await.unwrap();
        }
        assert_eq!(world.waiting(), 0, "{about}");
        for node in [&a, &b] {
            node.registry.time_passes(&world.app).await;
            world.check(node, &about).await;
        }
        if !held {
            assert!(nth > 10);
            return;
        }
        nth += 1;
    }
}

#[tokio::test]
async fn a_state_whose_files_are_gone_is_loaded_anew() {
    let mut world = World::new().await;
    let (a, b) = (world.node(), world.node());
    world.send(&b, &sent("1", "d1", &[(NOON, 5, "x"), (NOON - 3 * DAY, 5, "")])).await;
    b.round().await.unwrap();
    assert_eq!(world.figures(&a).await, world.expected());
    world.send(&b, &sent("2", "d1", &[(NOON, 50, "x"), (NOON - 3 * DAY, 50, "")])).await;
    b.round().await.unwrap();
    world.clock.advance(11 * MINUTE);
    b.round().await.unwrap();
    // The other is gone from here on, and so are the files of the days that this one has figures of.
    world.send(&a, &sent("3", "d2", &[(NOON, 7, "z")])).await;
    a.registry.time_passes(&world.app).await;
    let app = a.apps.of("space", &world.app).await.unwrap();
    drop(a.snapshot(app).await);
    world.clock.advance(10 * MINUTE);
    a.round().await.unwrap();
    assert_eq!(world.waiting(), 0);
    world.check(&a, "").await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_does_not_keep_others_from_folding() {
    let mut world = World::new().await;
    let ahead = world.node();
    world.clock.advance(400 * DAY);
    world.send(&ahead, &sent("1", "d1", &[(NOON + 400 * DAY, 5, "x")])).await;
    ahead.round().await.unwrap();
    world.clock.advance(-400 * DAY);
    let node = world.node();
    world.send(&node, &sent("2", "d1", &[(NOON, 5, "x")])).await;
    node.round().await.unwrap();
    assert_eq!(world.waiting(), 0);
}

/// What reports say, those among them that go by channels and devices.
async fn reports(world: &World, node: &Node) -> Vec<Value> {
    let mut all = Vec::new();
    let period = json!({"from": "2026-11-01", "to": "2026-12-31"});
    for (name, mut params) in
        [("channelList", period.clone()), ("retention", period.clone()), ("newUsers", period), ("overview", json!({}))]
    {
        params["appKey"] = world.app.clone().into();
        let call = Call::json("space", format!("analytics.report.{name}"), &params).unwrap();
        all.push(node.report(&call).await.unwrap().decode().unwrap());
    }
    all
}

#[tokio::test]
async fn a_state_that_was_caught_up_is_as_one_that_was_loaded() {
    for seed in 0..4 {
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut world = World::new().await;
        let nodes = [world.node(), world.node()];
        for batch in 0..250 {
            let node = &nodes[random.random_range(0..2)];
            let device = format!("d{}", random.random_range(0..60));
            let events: Vec<(i64, u32, &'static str)> = (0..random.random_range(1..8))
                .map(|_| {
                    let day = if random.random_bool(0.6) { 0 } else { random.random_range(0..28) };
                    let start = world.clock.now() - day * DAY - random.random_range(0..500) * 60_000;
                    (start, random.random_range(0..100_000), ["", "a", "b", "c", "e"][random.random_range(0..5)])
                })
                .collect();
            world.send(node, &sent(&format!("{batch}"), &device, &events)).await;
            match random.random_range(0..10) {
                0..2 => nodes[random.random_range(0..2)].round().await.unwrap(),
                2 => {
                    let node = &nodes[random.random_range(0..2)];
                    node.registry.time_passes(&world.app).await;
                    assert_eq!(world.figures(node).await, world.expected(), "seed {seed}, batch {batch}");
                }
                3 => {
                    for node in &nodes {
                        node.registry.time_passes(&world.app).await;
                    }
                    let fresh = reports(&world, &world.node()).await;
                    for node in &nodes {
                        assert_eq!(reports(&world, node).await, fresh, "seed {seed}, batch {batch}");
                    }
                }
                _ => {}
            }
            world.clock.advance(random.random_range(0..10 * MINUTE));
        }
        world.clock.advance(4 * MINUTE);
        for node in &nodes {
            node.round().await.unwrap();
            node.registry.time_passes(&world.app).await;
            world.check(node, &format!("seed {seed}")).await;
        }
    }
}

#[tokio::test]
async fn what_another_node_has_folded_is_read_and_nothing_else() {
    let mut world = World::new().await;
    let (a, b) = (world.node(), world.node());
    for day in 0..25 {
        let events: Vec<_> = (0..20).map(|n| (NOON - day * DAY - n * 1000, 5, "x")).collect();
        world.send(&b, &sent(&format!("{day}"), &format!("d{day}"), &events)).await;
    }
    b.round().await.unwrap();
    assert_eq!(world.figures(&a).await, world.expected());
    // Of these this node has noted some, which the other folds with numbers of its own.
    world.send(&a, &sent("mine", "new", &[(NOON, 5, "y"), (NOON - 7 * DAY, 5, "")])).await;
    assert_eq!(world.figures(&a).await, world.expected());
    for (n, device) in ["other", "new", "d3"].into_iter().enumerate() {
        world.send(&b, &sent(&format!("other-{n}"), device, &[(NOON - 1, 7, "z"), (NOON - 9 * DAY, 7, "")])).await;
    }
    b.round().await.unwrap();
    a.registry.time_passes(&world.app).await;
    let gets = world.memory.count("storage.get");
    assert_eq!(world.figures(&a).await, world.expected());
    let read = world.memory.count("storage.get") - gets;
    assert!(read <= 8, "{read} files for a segment of devices and the parts of three days");
    world.clock.advance(4 * MINUTE);
    world.send(&a, &sent("after", "new", &[(NOON, 9, "y"), (NOON - 7 * DAY, 9, "")])).await;
    a.round().await.unwrap();
    world.check(&a, "").await;
}

/// A node whose fold has lost against another's goes on with the state that it has.
#[tokio::test]
async fn a_fold_that_has_lost_is_rolled_back_and_not_loaded_anew() {
    let mut world = World::new().await;
    let (a, b) = (world.node(), world.node());
    for day in 0..25 {
        world.send(&a, &sent(&format!("{day}"), &format!("d{day}"), &[(NOON - day * DAY, 5, "x")])).await;
    }
    a.round().await.unwrap();
    world.clock.advance(4 * MINUTE);
    world.send(&a, &sent("next", "new", &[(NOON, 5, "y"), (NOON - 7 * DAY, 5, "")])).await;
    world.figures(&a).await;
    let app = a.apps.fetch(&world.app).await.unwrap().unwrap();
    // The other folds while this one writes its files.
    a.calls.plan_of("storage.put", 2, Fate::Held);
    let folding = tokio::spawn({
        let a = a.clone();
        async move { a.pass(&app).await }
    });
    a.calls.held().await;
    b.round().await.unwrap();
    a.calls.go();
    assert!(folding.await.unwrap().unwrap());
    let gets = world.memory.count("storage.get");
    assert_eq!(world.figures(&a).await, world.expected());
    let read = world.memory.count("storage.get") - gets;
    assert!(read <= 6, "{read} files");
    world.clock.advance(4 * MINUTE);
    a.round().await.unwrap();
    world.check(&a, "").await;
}

/// How many sessions of days before yesterday are in a node's memory.
async fn held_of_earlier_days(world: &World, node: &Node) -> usize {
    let entry = node.registry.entry(&world.app);
    let mut slot = entry.lock(Instant::now() + Duration::from_secs(60)).await.unwrap();
    let state = slot.state().unwrap();
    let from = state.held_from(world.clock.now());
    state.ledger.held().filter(|(day, _)| *day < from).map(|(_, sessions)| sessions).sum()
}

/// A batch of so many sessions of a device, so many days ago.
fn much(world: &World, batch: &str, ago: i64, count: i64) -> Sent {
    let end = world.clock.now() - ago * DAY;
    let events: Vec<_> = (0..count).map(|n| (end - n * 1000, 5, "x")).collect();
    sent(batch, &format!("d{ago}"), &events)
}

#[tokio::test]
async fn a_node_that_reports_and_never_folds_lets_go_of_days_that_have_passed() {
    let mut world = World::with(json!({"max_events_per_device": 1_000_000})).await;
    let (a, b) = (world.node(), world.node());
    for day in 0..12 {
        world.send(&b, &much(&world, &format!("{day}"), 0, 400)).await;
        b.round().await.unwrap();
        world.send(&a, &much(&world, &format!("{day}-a"), 0, 1)).await;
        a.registry.time_passes(&world.app).await;
        assert_eq!(world.figures(&a).await, world.expected(), "day {day}");
        let held = held_of_earlier_days(&world, &a).await;
        assert!(held <= 500, "{held} sessions on day {day}");
        world.clock.advance(DAY);
    }
}

#[tokio::test]
async fn earlier_days_that_were_read_stay_in_memory_however_large_today_is() {
    let mut world = World::with(json!({"max_events_per_device": 1_000_000})).await;
    let node = world.node();
    for (n, ago) in [0, 0, 1, 1].into_iter().enumerate() {
        world.send(&node, &sent(&format!("large-{n}"), &format!("large-{n}"), &much(&world, "", ago, 400).events)).await;
    }
    for ago in 2..20 {
        world.send(&node, &much(&world, &format!("{ago}"), ago, 100)).await;
    }
    node.round().await.unwrap();
    let late = |n: i64| sent(&format!("late-{n}"), "late", &[(NOON, n as u32, ""), (NOON - 5 * DAY, n as u32, "")]);
    world.send(&node, &late(1)).await;
    world.figures(&node).await;
    for n in 2..6 {
        let gets = world.memory.count("storage.get");
        world.send(&node, &late(n)).await;
        assert_eq!(world.figures(&node).await, world.expected());
        assert_eq!(world.memory.count("storage.get"), gets, "the day was read again for batch {n}");
        if n % 2 == 0 {
            world.clock.advance(4 * MINUTE);
            node.round().await.unwrap();
        }
    }
    for ago in 2..20 {
        world.send(&node, &sent(&format!("all-{ago}"), "all", &[(NOON - ago * DAY, 1, "")])).await;
        assert_eq!(world.figures(&node).await, world.expected());
    }
    let held = held_of_earlier_days(&world, &node).await;
    assert!((300..=500).contains(&held), "{held}");
    world.clock.advance(4 * MINUTE);
    node.round().await.unwrap();
    world.check(&node, "").await;
}

/// Whatever call of a report fails, the next report goes on with the state, and who is known is so
/// meanwhile.
#[tokio::test]
async fn a_call_that_fails_does_not_cost_the_state() {
    let mut nth = 1;
    loop {
        let about = format!("refused at call {nth}");
        let mut world = World::new().await;
        let (a, b) = (world.node(), world.node());
        for day in 0..25 {
            world.send(&b, &sent(&format!("{day}"), &format!("d{day}"), &[(NOON - day * DAY, 5, "x")])).await;
        }
        b.round().await.unwrap();
        world.figures(&a).await;
        world.send(&b, &sent("other", "e", &[(NOON, 5, "y"), (NOON - 3 * DAY, 5, "")])).await;
        world.send(&a, &sent("mine", "f", &[(NOON, 5, "z"), (NOON - 7 * DAY, 5, "")])).await;
        world.figures(&a).await;
        world.clock.advance(4 * MINUTE);
        b.round().await.unwrap();
        world.send(&b, &sent("waits", "g", &[(NOON, 5, "w")])).await;
        world.send(&a, &sent("in-the-inbox", "h", &[(NOON, 5, "v"), (NOON - 9 * DAY, 5, "")])).await;
        let app = a.apps.of("space", &world.app).await.unwrap();
        a.registry.time_passes(&world.app).await;
        let gets = world.memory.count("storage.get");
        a.calls.plan(nth, Fate::Refused);
        let refused = a.snapshot(app).await.is_err();
        assert_eq!(a.calls.has_happened(), refused, "{about}");
        let entry = a.registry.entry(&world.app);
        assert_eq!(entry.known.has(DeviceKey::of("d20")), Some(true), "{about}");
        assert!(entry.is_loaded(), "{about}");
        assert_eq!(world.figures(&a).await, world.expected(), "{about}");
        let read = world.memory.count("storage.get") - gets;
        assert!(read <= 16, "{about}: {read} files");
        world.clock.advance(4 * MINUTE);
        a.round().await.unwrap();
        world.check(&a, &about).await;
        if !refused {
            assert!(nth > 8, "{nth}");
            return;
        }
        nth += 1;
    }
}
