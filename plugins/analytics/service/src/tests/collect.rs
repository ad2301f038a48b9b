//! Collection: what is taken, what is refused, and what is written together.

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
    node.calls.plan(3, Fate::Refused);
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
        assert_eq!((error.code(), error.is_retryable()), ("ServiceUnavailable", true));
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
