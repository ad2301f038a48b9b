//! The process is killed at every call that it makes, and every call fails.

use super::*;
use crate::testing::Fate;

/// More calls than the story makes.
const CALLS: u32 = 400;

/// What happens in the story.
#[derive(Clone)]
enum Step {
    Send(Sent),
    Round,
    Report,
    Wait(i64),
}

fn story() -> Vec<Step> {
    use Step::{Report, Round, Send, Wait};
    let first = sent("b1", "d1", &[(NOON - HOUR, 0, "a"), (NOON - HOUR, 5000, "a"), (NOON - 3 * DAY, 700, "b")]);
    vec![
        Send(first.clone()),
        Send(sent("b2", "d2", &[(NOON - 2000, 0, "")])),
        Report,
        Round,
        // Late, longer, again, and of earlier days.
        Send(first.clone()),
        Send(sent("b3", "d2", &[(NOON - 2000, 1500, ""), (NOON - 5 * DAY, 10, "c"), (NOON - 3 * DAY, 1, "")])),
        Send(sent("b4", "d1", &[(NOON - HOUR, 4000, "a"), (NOON - 3 * DAY, 900, "b")])),
        Round,
        Send(sent("b5", "d3", &[(NOON - 5 * DAY, 0, "c")])),
        Wait(11 * MINUTE),
        Round,
        Report,
        Wait(DAY),
        Send(sent("b6", "d3", &[(NOON + HOUR, 30, "c")])),
        Round,
        Wait(DAY + 2 * HOUR),
        Round,
        Send(first),
        Wait(11 * MINUTE),
        Round,
    ]
}

/// Goes on with the story at a step; gives the step at which the process was killed.
async fn tell(world: &mut World, node: &Node, story: &[Step], from: usize) -> Option<usize> {
    for (at, step) in story.iter().enumerate().skip(from) {
        match step {
            Step::Wait(time) => world.clock.advance(*time),
            Step::Send(sent) => match node.calls.alive(world.try_send(node, sent)).await {
                None => return Some(at),
                Some(collected) => {
                    // A client that was not answered sends again.
                    let mut collected = collected.is_ok();
                    while !collected {
                        collected = world.try_send(node, sent).await.is_ok();
                    }
                    world.acknowledged(sent);
                }
            },
            Step::Round => {
                if node.calls.alive(node.round()).await.is_none() {
                    return Some(at);
                }
            }
            Step::Report => {
                let app = world.app.clone();
                let report = async { node.snapshot(node.apps.of("space", &app).await?).await };
                if node.calls.alive(report).await.is_none() {
                    return Some(at);
                }
            }
        }
    }
    None
}

/// Tells the story with one call that ends so; false when there are fewer calls.
async fn told_with(nth: u32, fate: Fate) -> bool {
    let about = format!("call {nth}, {fate:?}");
    let (mut world, story) = (World::new().await, story());
    let first = world.node();
    first.calls.plan(nth, fate);
    let mut node = first.clone();
    let mut from = 0;
    while let Some(at) = tell(&mut world, &node, &story, from).await {
        // Another process goes on where this one was killed.
        node = world.node();
        from = at;
    }
    let happened = first.calls.has_happened();
    // Long enough for a node that was killed to be taken for gone.
    world.clock.advance(4 * MINUTE);
    for _ in 0..2 {
        node.round().await.unwrap();
    }
    assert_eq!(world.waiting(), 0, "{about}");
    world.check(&node, &about).await;
    // Nothing is left that nobody needs.
    for time in [2 * DAY, 2 * HOUR, 2 * HOUR] {
        world.clock.advance(time);
        node.round().await.unwrap();
    }
    let manifest = world.manifest().await;
    let mut named: Vec<String> = manifest.files().iter().map(|file| format!("analytics/{}/{file}", world.app)).collect();
    named.sort();
    assert_eq!(world.memory.objects(), named, "{about}");
    assert_eq!(manifest.garbage, [], "{about}");
    world.check(&node, &about).await;
    happened
}

async fn every_call(fate: Fate) {
    let mut nth = 1;
    while told_with(nth, fate).await {
        nth += 1;
        assert!(nth < CALLS);
    }
    assert!(nth > 60, "the story makes only {nth} calls");
}

#[tokio::test]
async fn a_kill_before_any_call_loses_nothing_and_counts_nothing_twice() {
    every_call(Fate::KilledBefore).await;
}

#[tokio::test]
async fn a_kill_after_any_call_loses_nothing_and_counts_nothing_twice() {
    every_call(Fate::KilledAfter).await;
}

#[tokio::test]
async fn a_call_that_is_refused_loses_nothing_and_counts_nothing_twice() {
    every_call(Fate::Refused).await;
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_loses_nothing_and_counts_nothing_twice() {
    every_call(Fate::Unanswered).await;
}

#[tokio::test]
async fn a_storage_that_fails_while_a_report_is_made_hides_nothing_from_the_next() {
    let mut world = World::new().await;
    let before = world.node();
    world.send(&before, &sent("1", "d1", &[(NOON, 5, "x"), (NOON - 5 * DAY, 5, "")])).await;
    before.round().await.unwrap();
    // This one holds no sessions of the earlier day.
    let node = world.node();
    world.figures(&node).await;
    world.clock.advance(10 * MINUTE);
    node.registry.time_passes(&world.app).await;
    world.figures(&node).await;
    world.send(&node, &sent("2", "d1", &[(NOON - 5 * DAY, 500, "")])).await;
    let app = node.apps.of("space", &world.app).await.unwrap();
    node.calls.plan(1, Fate::Refused);
    assert!(node.snapshot(app).await.is_err());
    assert_eq!(world.figures(&node).await, world.expected());
}
