//! Collection: what is taken, what is refused, and what is written together.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::*;
use crate::testing::Fate;

#[tokio::test]
async fn batches_that_come_together_are_stored_together() {
    let mut world = World::new().await;
    let node = world.node();
    let batches: Vec<Sent> = (0..500).map(|n| sent(&format!("b-{n}"), &format!("d-{n}"), &[(NOON - n, 1, "a")])).collect();
    for outcome in join_all(batches.iter().map(|batch| world.try_send(&node, batch))).await {
        assert_eq!(outcome.unwrap().accepted, 1);
    }
    batches.iter().for_each(|batch| world.acknowledged(batch));
    assert!(world.memory.count("load") < 20, "{} calls", world.memory.count("load"));
    assert_eq!(world.waiting(), 500);
    node.round().await.unwrap();
    world.check(&node, "").await;
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_nothing_of_others() {
    let mut world = World::new().await;
    let node = world.node();
    // All is known that has to be asked for before a batch waits.
    world.send(&node, &sent("0", "d", &[(NOON - 1, 1, "")])).await;
    let (gone, stays) = (sent("1", "d", &[(NOON, 1, "")]), sent("2", "e", &[(NOON, 2, "")]));
    {
        let going = std::pin::pin!(world.try_send(&node, &gone));
        let now = futures_util::future::ready(());
        drop(futures_util::future::select(going, now).await);
    }
    world.send(&node, &stays).await;
    world.acknowledged(&gone);
    assert_eq!(world.figures(&node).await, world.expected());
}

#[tokio::test]
async fn a_database_that_refuses_is_told_to_the_client() {
    let mut world = World::new().await;
    let node = world.node();
    let batch = sent("1", "d", &[(NOON, 1, "")]);
    node.calls.plan(4, Fate::Refused);
    let error = world.try_send(&node, &batch).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("ServiceUnavailable", true));
    assert_eq!(world.waiting(), 0);
    node.calls.plan(1, Fate::Unanswered);
    assert!(world.try_send(&node, &batch).await.is_err());
    world.send(&node, &batch).await;
    assert_eq!(world.waiting(), 1);
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_and_nothing_is_stored() {
    let world = World::new().await;
    let node = world.node();
    let call = world.call(&sent("1", "d", &[(NOON, 1, "")]));
    world.clock.advance(6 * MINUTE);
    let collected = node.collect(&call).await.unwrap();
    let json = serde_json::to_value(&collected).unwrap();
    assert_eq!(json, json!({"serverTime": NOON + 6 * MINUTE, "accepted": 0, "rejected": [], "clockOff": true}));
    assert_eq!(world.waiting(), 0);
}

#[tokio::test]
async fn events_that_are_not_taken_are_named_and_the_others_count() {
    let mut world = World::new().await;
    let node = world.node();
    let some = sent("1", "d", &[(NOON - 31 * DAY, 1, ""), (NOON, 2, ""), (NOON + HOUR, 3, "")]);
    let collected = serde_json::to_value(world.try_send(&node, &some).await.unwrap()).unwrap();
    let rejected = json!([{"index": 0, "reason": "tooOld"}, {"index": 2, "reason": "inFuture"}]);
    assert_eq!(collected, json!({"serverTime": NOON, "accepted": 1, "rejected": rejected}));
    world.acknowledged(&sent("1", "d", &[(NOON, 2, "")]));
    assert_eq!(world.figures(&node).await, world.expected());
    // Of which none is taken, nothing is stored.
    let none = sent("2", "d", &[(NOON + HOUR, 3, "")]);
    assert_eq!(world.try_send(&node, &none).await.unwrap().accepted, 0);
    assert_eq!(world.waiting(), 1);
}

#[tokio::test]
async fn unknown_applications_and_those_of_other_spaces_are_refused() {
    let world = World::new().await;
    let node = world.node();
    let mut call = world.call(&sent("1", "d", &[(NOON, 1, "")]));
    call.space = "other".to_owned();
    assert_eq!(node.collect(&call).await.unwrap_err().code(), crate::errors::NO_APP);
    let before = node.calls.calls();
    for key in ["", "x", "ABCDEF0123456789ABCDEF01", "0123456789abcdef012345678"] {
        let params = json!({"appKey": key, "batch": "1", "device": "d", "sentAt": NOON, "events": []});
        let call = Call::json("space", "analytics.collect", &params).unwrap();
        assert_eq!(node.collect(&call).await.unwrap_err().code(), crate::errors::NO_APP);
    }
    assert_eq!(node.calls.calls(), before, "what is no AppKey is not looked for");
}

#[tokio::test]
async fn too_many_events_at_once_are_refused() {
    let mut world = World::with(json!({"max_events_per_second": 1})).await;
    let node = world.node();
    for n in 0..10 {
        world.send(&node, &sent(&format!("{n}"), "d", &[(NOON - n, 1, "")])).await;
    }
    let error = world.try_send(&node, &sent("more", "d", &[(NOON, 1, ""), (NOON - 99, 1, ""), (NOON - 98, 1, "")])).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("Throttling.Api", true));
}

#[tokio::test]
async fn a_backlog_that_is_too_large_is_told_until_it_is_folded() {
    let mut world = World::with(json!({"max_pending_events": 3})).await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, ""), (NOON - 1, 1, ""), (NOON - 2, 1, ""), (NOON - 3, 1, "")])).await;
    let more = sent("2", "d", &[(NOON - 4, 1, "")]);
    for _ in 0..2 {
        let error = world.try_send(&node, &more).await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("Throttling.Api", true));
        assert!(error.message().contains("max_pending_events"));
    }
    node.round().await.unwrap();
    world.send(&node, &more).await;
}

#[tokio::test]
async fn what_waits_when_the_plugin_stops_is_stored() {
    let mut world = World::new().await;
    let node = world.node();
    let batches: Vec<Sent> = (0..50).map(|n| sent(&format!("b-{n}"), "d", &[(NOON - n, 1, "a")])).collect();
    let sending = join_all(batches.iter().map(|batch| world.try_send(&node, batch)));
    let (outcomes, ()) = tokio::join!(sending, async {
        tokio::task::yield_now().await;
        node.stop().await;
    });
    let acknowledged: Vec<&Sent> = batches.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(batch, _)| batch).collect();
    acknowledged.iter().for_each(|batch| world.acknowledged(batch));
    let next = world.node();
    assert_eq!(world.figures(&next).await.values().map(|figures| figures[0]).sum::<u64>(), world.waiting() as u64);
    assert!(world.waiting() >= acknowledged.len());
    assert_eq!(world.try_send(&node, &sent("late", "d", &[(NOON, 1, "")])).await.unwrap_err().code(), "ServiceUnavailable");
}

#[tokio::test]
async fn batches_that_are_sent_again_do_not_stay_counted_as_waiting() {
    let mut world = World::new().await;
    let node = world.node();
    let batch = sent("1", "d1", &[(NOON, 5, "x")]);
    for _ in 0..50 {
        world.send(&node, &batch).await;
    }
    node.round().await.unwrap();
    assert_eq!(node.limits.stored(&world.app, 0), 0);
}

/// A batch of a device of its own, from an address.
async fn come(world: &World, node: &Node, device: &str, from: &str) -> Result<()> {
    let mut call = world.call(&sent(device, device, &[(NOON, 1, "")]));
    call.caller.ip = from.to_owned();
    node.collect(&call).await.map(drop)
}

/// Which limit a refusal names.
fn limit(outcome: Result<()>) -> String {
    let error = outcome.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("Throttling.Api", true));
    error.message().split(['(', ')']).nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn batches_of_two_devices_with_the_same_id_both_count() {
    let mut world = World::new().await;
    let node = world.node();
    for device in ["d", "e"] {
        world.send(&node, &sent("1", device, &[(NOON, 1, "")])).await;
    }
    assert_eq!(world.waiting(), 2);
    assert_eq!(world.figures(&node).await, world.expected());
    node.round().await.unwrap();
    world.check(&node, "").await;
}

#[tokio::test]
async fn new_devices_of_an_application_are_bounded_in_time_and_known_ones_are_not() {
    let world = World::with(json!({"max_new_devices_per_minute": 1})).await;
    let node = world.node();
    for n in 0..10 {
        come(&world, &node, &format!("{n}"), "").await.unwrap();
    }
    assert_eq!(limit(come(&world, &node, "more", "").await), "max_new_devices_per_minute");
    come(&world, &node, "3", "").await.unwrap();
    // Another node, which has not loaded the application, and one that has.
    let other = world.node();
    for n in 0..10 {
        come(&world, &other, &format!("{n}"), "").await.unwrap();
    }
    assert_eq!(limit(come(&world, &other, "more", "").await), "max_new_devices_per_minute");
    node.round().await.unwrap();
    let third = world.node();
    world.figures(&third).await;
    for n in 10..20 {
        come(&world, &third, &format!("{n}"), "").await.unwrap();
    }
    for n in 0..10 {
        come(&world, &third, &format!("{n}"), "").await.unwrap();
    }
    assert_eq!(limit(come(&world, &third, "more", "").await), "max_new_devices_per_minute");
}

#[tokio::test]
async fn new_devices_of_an_address_are_bounded_in_time() {
    let world = World::with(json!({"max_new_devices_per_address": 1})).await;
    let node = world.node();
    for n in 0..10 {
        come(&world, &node, &format!("{n}"), "203.0.113.7").await.unwrap();
    }
    assert_eq!(limit(come(&world, &node, "more", "203.0.113.7").await), "max_new_devices_per_address");
    come(&world, &node, "3", "203.0.113.7").await.unwrap();
    come(&world, &node, "more", "203.0.113.8").await.unwrap();
    for n in 10..30 {
        come(&world, &node, &format!("{n}"), ["127.0.0.1", "no address"][n % 2]).await.unwrap();
    }
}

#[tokio::test]
async fn an_application_has_a_bounded_number_of_devices_on_every_node() {
    let world = World::with(json!({"max_devices": 3})).await;
    let node = world.node();
    for n in 0..3 {
        come(&world, &node, &format!("{n}"), "").await.unwrap();
    }
    node.round().await.unwrap();
    assert_eq!(limit(come(&world, &node, "more", "").await), "max_devices");
    come(&world, &node, "1", "").await.unwrap();
    // One that has not loaded the application.
    assert_eq!(limit(come(&world, &world.node(), "more", "").await), "max_devices");
}

#[tokio::test]
async fn known_devices_of_a_full_application_come_on_after_a_restart_without_a_backlog() {
    let world = World::with(json!({"max_devices": 3})).await;
    let node = world.node();
    for n in 0..3 {
        come(&world, &node, &format!("{n}"), "").await.unwrap();
    }
    node.round().await.unwrap();
    assert_eq!(world.waiting(), 0);
    let next = world.node();
    assert_eq!(limit(come(&world, &next, "1", "").await), "max_devices");
    next.limits.loading.quiet().await;
    for n in 0..3 {
        come(&world, &next, &format!("{n}"), "").await.unwrap();
    }
    assert_eq!(limit(come(&world, &next, "more", "").await), "max_devices");
    // It stays in memory while it is needed.
    let used = || next.registry.peek(&world.app).unwrap().used();
    let before = used();
    come(&world, &next, "1", "").await.unwrap();
    assert!(used() > before);
}

#[tokio::test]
async fn a_node_that_never_folds_learns_who_is_known_when_a_rate_is_exceeded() {
    let world = World::with(json!({"max_new_devices_per_address": 1})).await;
    let (folds, other) = (world.node(), world.node());
    for n in 0..30 {
        come(&world, &folds, &format!("{n}"), &format!("198.51.100.{n}")).await.unwrap();
    }
    folds.round().await.unwrap();
    let nat = "203.0.113.7";
    for n in 0..10 {
        come(&world, &other, &format!("{n}"), nat).await.unwrap();
    }
    other.round().await.unwrap();
    assert_eq!(other.registry.loaded(), [""; 0], "it leaves the application alone");
    assert_eq!(limit(come(&world, &other, "10", nat).await), "max_new_devices_per_address");
    other.limits.loading.quiet().await;
    for n in 0..30 {
        come(&world, &other, &format!("{n}"), nat).await.unwrap();
    }
    assert_eq!(limit(come(&world, &other, "more", nat).await), "max_new_devices_per_address");
}

#[tokio::test]
async fn devices_that_came_to_another_node_are_learnt_and_counted() {
    let world = World::with(json!({"max_devices": 3})).await;
    let (folds, other) = (world.node(), world.node());
    for n in 0..2 {
        come(&world, &folds, &format!("{n}"), "").await.unwrap();
    }
    folds.round().await.unwrap();
    world.figures(&other).await;
    come(&world, &folds, "2", "").await.unwrap();
    folds.round().await.unwrap();
    assert_eq!(limit(come(&world, &other, "more", "").await), "max_devices", "its own state has room for one more");
    other.limits.loading.quiet().await;
    // That was just after it had been loaded.
    other.limits.loading.forget(&world.app);
    other.registry.time_passes(&world.app).await;
    assert_eq!(limit(come(&world, &other, "2", "").await), "max_devices");
    other.limits.loading.quiet().await;
    come(&world, &other, "2", "").await.unwrap();
    assert_eq!(limit(come(&world, &other, "more", "").await), "max_devices");
}

#[tokio::test]
async fn what_cannot_be_loaded_is_tried_again_later_and_holds_nobody_up() {
    let world = World::with(json!({"max_devices": 1})).await;
    let node = world.node();
    come(&world, &node, "1", "").await.unwrap();
    node.round().await.unwrap();
    let next = world.node();
    next.calls.plan_of("storage.get", 1, Fate::Refused);
    assert_eq!(limit(come(&world, &next, "1", "").await), "max_devices");
    next.limits.loading.quiet().await;
    assert!(next.calls.has_happened());
    let calls = next.calls.calls();
    assert_eq!(limit(come(&world, &next, "1", "").await), "max_devices");
    next.limits.loading.quiet().await;
    assert_eq!(next.calls.calls(), calls, "not at once");
    next.limits.loading.forget(&world.app);
    assert_eq!(limit(come(&world, &next, "1", "").await), "max_devices");
    next.limits.loading.quiet().await;
    come(&world, &next, "1", "").await.unwrap();
}

#[tokio::test]
async fn events_of_a_device_are_bounded_in_time() {
    let world = World::with(json!({"max_events_per_device": 1})).await;
    let node = world.node();
    let many: Vec<_> = (0..60).map(|n| (NOON - n, 1, "")).collect();
    world.try_send(&node, &sent("1", "d", &many)).await.unwrap();
    let one = |device| sent("2", device, &[(NOON, 2, "")]);
    assert_eq!(limit(world.try_send(&node, &one("d")).await.map(drop)), "max_events_per_device");
    world.try_send(&node, &one("e")).await.unwrap();
}

#[tokio::test]
async fn a_node_that_cannot_say_that_it_collects_holds_nobody_up() {
    let mut world = World::new().await;
    let node = world.node();
    let batch = |n: &str| sent(n, "d", &[(NOON, 1, "")]);
    world.send(&node, &batch("0")).await;
    let call = |n: &str, patience: u64| {
        let mut call = world.call(&batch(n));
        call.deadline = Instant::now() + Duration::from_millis(patience);
        call
    };
    // It said so a while ago: whoever comes says it again, which hangs. Others go on.
    world.clock.advance(MINUTE);
    node.calls.plan(1, Fate::Held);
    let saying = tokio::spawn({
        let (node, call) = (node.clone(), call("1", 60_000));
        async move { node.collect(&call).await }
    });
    node.calls.held().await;
    node.collect(&call("2", 60_000)).await.unwrap();
    // It said so too long ago: they wait, until their deadline.
    world.clock.advance(2 * MINUTE);
    let error = node.collect(&call("3", 50)).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("ServiceUnavailable", true));
    node.calls.go();
    saying.await.unwrap().unwrap();
    node.collect(&call("3", 60_000)).await.unwrap();
}

#[tokio::test]
async fn what_a_node_said_lasts_for_a_while_when_it_cannot_say_it_again() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("0", "d", &[(NOON, 1, "")])).await;
    world.clock.advance(MINUTE);
    node.calls.plan(1, Fate::Refused);
    world.send(&node, &sent("1", "d", &[(NOON, 2, "")])).await;
    world.clock.advance(3 * MINUTE);
    node.calls.plan(1, Fate::Refused);
    assert!(world.try_send(&node, &sent("2", "d", &[(NOON, 3, "")])).await.is_err());
}

#[tokio::test]
async fn app_keys_of_no_application_are_read_seldom() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("0", "d", &[(NOON, 1, "")])).await;
    let ask = async |key: String| {
        let params = json!({"appKey": key, "batch": "1", "device": "d", "sentAt": NOON, "events": []});
        node.collect(&Call::json("space", "analytics.collect", &params).unwrap()).await
    };
    let before = node.calls.calls();
    for _ in 0..3 {
        assert_eq!(ask("0".repeat(24)).await.unwrap_err().code(), crate::errors::NO_APP);
    }
    assert_eq!(node.calls.calls() - before, 1);
    let mut refused = 0;
    for n in 0..3_000 {
        let error = ask(format!("{n:024x}")).await.unwrap_err();
        refused += u64::from(error.code() == "Throttling.Api");
    }
    assert!(refused > 1_000, "{refused} were refused");
    assert!(node.calls.calls() - before <= 3_001 - refused);
    // Those that are known are served, and one that is made here at once.
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    let made = node.create_app("space", serde_json::from_value(json!({"name": "New"})).unwrap()).await.unwrap();
    assert_eq!(node.apps.of("space", &made.key).await.unwrap().key, made.key);
}
