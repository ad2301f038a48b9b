//! Two processes on one store.

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
