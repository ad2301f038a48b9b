//! What is deleted is gone, whatever was on its way.

use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::contract::db::Collection;

use super::*;
use crate::testing::Fate;

fn nothing_is_left(world: &World, about: &str) {
    for collection in ["analyticsApps", "analyticsPending", "analyticsManifests"] {
        assert_eq!(world.memory.documents(collection), [], "{about}: {collection}");
    }
    assert_eq!(world.memory.objects(), [] as [String; 0], "{about}");
}

#[tokio::test]
async fn a_space_goes_with_all_of_its_applications_and_no_other() {
    let mut world = World::new().await;
    let node = world.node();
    let other = node.create_app("other", serde_json::from_value(json!({"name": "Other"})).unwrap()).await.unwrap();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    node.round().await.unwrap();
    world.send(&node, &sent("2", "d", &[(NOON, 2, "")])).await;
    for _ in 0..2 {
        node.remove_space("space").await.unwrap();
        assert_eq!((world.waiting(), world.memory.objects().len(), world.memory.documents("analyticsManifests").len()), (0, 0, 0));
        let refused = world.try_send(&node, &sent("3", "d", &[(NOON, 3, "")])).await.unwrap_err();
        assert_eq!(refused.code(), crate::errors::NO_APP);
    }
    world.clock.advance(HOUR);
    node.round().await.unwrap();
    assert_eq!(node.apps.list("other").await.unwrap(), std::slice::from_ref(&other));
    node.delete_app("other", &other.key).await.unwrap();
    world.clock.advance(HOUR);
    node.round().await.unwrap();
    nothing_is_left(&world, "");
}

/// Another node deletes the application while a fold, or a collection, is held at every call.
#[tokio::test]
async fn a_deletion_wins_against_a_fold_and_a_collection_in_flight() {
    for folded_before in [false, true] {
        let mut nth = 1;
        loop {
            let about = format!("held at call {nth}, folded before: {folded_before}");
            let mut world = World::new().await;
            let (a, b) = (world.node(), world.node());
            world.send(&a, &sent("1", "d1", &[(NOON, 0, "x"), (NOON - DAY, 5, "")])).await;
            if folded_before {
                a.round().await.unwrap();
                world.send(&a, &sent("2", "d1", &[(NOON, 7, "x")])).await;
            }
            a.calls.plan(nth, Fate::Held);
            let call = world.call(&sent("3", "d2", &[(NOON, 7, "x")]));
            let work = tokio::spawn({
                let a = a.clone();
                async move {
                    // Either may fail: the application goes.
                    drop(a.collect(&call).await);
                    drop(a.round().await);
                }
            });
            let held = tokio::select! {
                () = a.calls.held() => true,
                () = async { while !work.is_finished() { tokio::task::yield_now().await } } => false,
            };
            b.delete_app("space", &world.app).await.unwrap();
            a.calls.go();
            work.await.unwrap();
            world.clock.advance(HOUR);
            b.round().await.unwrap();
            nothing_is_left(&world, &about);
            if !held {
                assert!(nth > 10);
                break;
            }
            nth += 1;
        }
    }
}

#[tokio::test]
async fn a_deletion_that_is_cut_off_is_ended_by_the_next_rounds() {
    let mut nth = 1;
    loop {
        let mut world = World::new().await;
        let node = world.node();
        world.send(&node, &sent("1", "d1", &[(NOON, 0, "x")])).await;
        node.round().await.unwrap();
        world.send(&node, &sent("2", "d1", &[(NOON, 0, "x")])).await;
        node.calls.plan(nth, Fate::KilledAfter);
        let done = node.calls.alive(node.delete_app("space", &world.app)).await;
        let next = world.node();
        if let Err(error) = next.delete_app("space", &world.app).await {
            assert_eq!(error.code(), crate::errors::NO_APP);
        }
        world.clock.advance(HOUR);
        next.round().await.unwrap();
        nothing_is_left(&world, &format!("killed at call {nth}"));
        if done.is_some() {
            return;
        }
        nth += 1;
    }
}

/// A restored backup may lack the record of an application: its data stays.
#[tokio::test]
async fn the_data_of_an_application_that_nobody_deleted_is_never_removed() {
    let mut world = World::new().await;
    let node = world.node();
    world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
    node.round().await.unwrap();
    world.send(&node, &sent("2", "d", &[(NOON, 2, "")])).await;
    let apps = Collection::new(node.calls.clone(), SYSTEM_SPACE, "analyticsApps");
    apps.delete(json!({"_id": world.app})).await.unwrap();
    let kept = |world: &World| (world.waiting(), world.memory.objects(), world.memory.documents("analyticsManifests"));
    let before = kept(&world);
    for node in [node, world.node()] {
        assert!(node.fold(&world.app).await.is_err() && node.tidy(&world.app).await.is_err());
        world.clock.advance(2 * DAY);
        node.round().await.unwrap();
        assert_eq!(kept(&world), before);
    }
}

/// Every call fails once while a space of three applications is removed.
#[tokio::test]
async fn one_application_that_cannot_be_removed_keeps_no_other() {
    let mut nth = 1;
    loop {
        let about = format!("refused at call {nth}");
        let mut world = World::new().await;
        let node = world.node();
        let mut keys = vec![world.app.clone()];
        for name in ["Second", "Third"] {
            keys.push(node.create_app("space", serde_json::from_value(json!({"name": name})).unwrap()).await.unwrap().key);
        }
        for key in &keys {
            world.app.clone_from(key);
            world.send(&node, &sent("1", "d", &[(NOON, 1, "")])).await;
        }
        node.round().await.unwrap();
        node.calls.plan(nth, Fate::Refused);
        let removed = node.remove_space("space").await;
        let happened = node.calls.has_happened();
        let left = |key: &String| world.memory.objects().iter().any(|object| object.contains(key));
        // One that could not be marked stays until the event comes again.
        assert!(nth == 1 || keys.iter().filter(|key| left(key)).count() <= 1, "{about}");
        if removed.is_err() {
            node.remove_space("space").await.unwrap();
        }
        for key in &keys {
            assert!(node.apps.fetch(key).await.unwrap().is_none(), "{about}");
        }
        world.clock.advance(HOUR);
        node.round().await.unwrap();
        nothing_is_left(&world, &about);
        if !happened {
            assert!(nth > 10);
            return;
        }
        nth += 1;
    }
}
