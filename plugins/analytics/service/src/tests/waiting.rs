//! Whoever waits for a state has a deadline, and is told what to do; what failed underneath stays
//! with us.

use std::time::{Duration, Instant};

use sdk_plugin::codes;

use super::*;
use crate::testing::Fate;

fn overview(world: &World, patience: Duration) -> Call {
    let mut call = Call::json("space", "analytics.report.overview", &json!({"appKey": world.app})).unwrap();
    call.deadline = Instant::now() + patience;
    call
}

#[tokio::test]
async fn a_report_does_not_wait_for_a_state_beyond_its_deadline_and_the_state_is_loaded_all_the_same() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    node.round().await.unwrap();
    let fresh = world.node();
    fresh.apps.fetch(&world.app).await.unwrap();
    fresh.calls.plan(2, Fate::Held);
    // The one that loads, and one that waits for that.
    for _ in 0..2 {
        let error = fresh.report(&overview(&world, Duration::from_millis(200))).await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (codes::UNAVAILABLE, true));
        assert!(error.message().contains("try again"), "{error}");
    }
    assert!(fresh.calls.has_happened());
    fresh.calls.go();
    fresh.report(&overview(&world, Duration::from_secs(60))).await.unwrap();
    assert_eq!(world.figures(&fresh).await, world.expected());
}

#[tokio::test]
async fn reports_are_answered_while_files_are_written() {
    // Devices, a day, and raw events.
    for nth in 1..=3 {
        let mut world = World::new().await;
        let node = world.node();
        world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
        world.figures(&node).await;
        node.calls.plan_of("storage.put", nth, Fate::Held);
        let folding = tokio::spawn({
            let node = node.clone();
            async move { node.round().await }
        });
        node.calls.held().await;
        world.send(&node, &sent("2", "e", &[(NOON, 2, "")])).await;
        assert_eq!(world.figures(&node).await, world.expected(), "held at file {nth}");
        node.calls.go();
        folding.await.unwrap().unwrap();
        node.round().await.unwrap();
        world.check(&node, &format!("held at file {nth}")).await;
    }
}

#[tokio::test]
async fn causes_of_the_storage_are_hidden_from_who_asks_for_a_report() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    node.round().await.unwrap();
    world.memory.lose_objects();
    let error = world.node().report(&overview(&world, Duration::from_secs(60))).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (codes::INTERNAL, false));
    assert!(!error.message().contains("devices") && !error.message().contains(&world.app), "{error}");
}

#[tokio::test]
async fn what_waits_for_an_application_that_nobody_asks_for_is_bounded_and_none_of_it_is_lost() {
    let mut world = World::with(json!({"max_events_per_device": 1_000_000})).await;
    let node = world.node();
    assert_eq!(world.figures(&node).await, BTreeMap::new());
    for batch in 0..210 {
        let events: Vec<_> = (0..500).map(|n| (NOON - batch * 500 - n, 1, "")).collect();
        world.send(&node, &sent(&format!("{batch}"), "d", &events)).await;
        if batch == 100 {
            assert!(node.registry.entry(&world.app).memory() > 1 << 20, "what waits counts");
        }
    }
    assert!(node.registry.entry(&world.app).memory() < 1 << 20);
    assert_eq!(world.figures(&node).await, world.expected());
}
