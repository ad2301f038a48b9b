//! Timers over records kept in memory, at times that the tests choose.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::Ordering;

use serde_json::Value;

use super::*;
use crate::service::testing::{Cloud, params};
use crate::trigger::Schedule;

const HOURLY: &str = "cron:0 0 * * * *";
const ECHO: &str = "module.exports = (ctx) => { ctx.logger.info('ran %j', [ctx.args, ctx.env.MP_SOURCE]) }";
const HOUR: u64 = 3_600_000;

/// The first full hour after the timers of a test were set.
fn first() -> u64 {
    Schedule::parse(HOURLY).unwrap().next(now() + HOUR, chrono_tz::Tz::UTC).unwrap()
}

async fn with_timer(code: &str) -> Cloud {
    let cloud = Cloud::new();
    cloud.function("f", code).await;
    cloud.update("f", json!({"TimingTriggerConfig": HOURLY})).await.unwrap();
    cloud
}

/// Waits for what the timers of a node run.
async fn settle(cloud: &Cloud) {
    let timers = &cloud.service.triggers.timers;
    loop {
        let ended = timers.ended.notified();
        if timers.running.lock().unwrap().is_empty() {
            return;
        }
        ended.await;
    }
}

/// All lines of a function's log, in the order in which they were written.
async fn lines(cloud: &Cloud) -> Vec<String> {
    settle(cloud).await;
    let entries = cloud.log("f").await;
    let text = |line: &Value| line.as_str().unwrap().to_owned();
    entries
        .iter()
        .flat_map(|entry| entry["Contents"].as_array().unwrap().iter().map(text))
        .filter(|line| !line.starts_with("success"))
        .collect()
}

async fn runs(cloud: &Cloud) -> usize {
    lines(cloud).await.iter().filter(|line| line.starts_with("ran")).count()
}

#[tokio::test]
async fn a_function_runs_when_it_is_due_and_finds_the_manuals_arguments() {
    let cloud = with_timer(ECHO).await;
    let (due, mut watch) = (first(), Watch::default());
    assert_eq!(cloud.service.tick(&mut watch, due - 3_000).await, due, "it comes again when something is due");
    assert_eq!(runs(&cloud).await, 0);
    let next = cloud.service.tick(&mut watch, due + 6).await;
    assert_eq!(next, due + 6 + watch::POLL, "or to look for changes");
    assert_eq!(lines(&cloud).await, [format!("ran [{{\"timestamp\":{},\"timingTriggerConfig\":\"{HOURLY}\"}},\"timing\"]", due + 6)]);
    cloud.service.tick(&mut watch, due + 1_000).await;
    assert_eq!(runs(&cloud).await, 1, "once");
    cloud.service.tick(&mut watch, due + HOUR).await;
    assert_eq!(runs(&cloud).await, 2);

    cloud.update("f", json!({"TimingTriggerUserPayload": "nightly"})).await.unwrap();
    cloud.service.tick(&mut watch, due + 2 * HOUR).await;
    assert!(lines(&cloud).await[2].contains("\"userPayload\":\"nightly\""));
}

#[tokio::test]
async fn however_many_nodes_there_are_a_fire_runs_once() {
    let one = with_timer(ECHO).await;
    let (two, three) = (one.node(), one.node());
    let (mut a, mut b, mut c) = (Watch::default(), Watch::default(), Watch::default());
    let start = first();
    for hour in 0..3 {
        let due = start + hour * HOUR;
        for at in [due - 1, due, due + 5] {
            tokio::join!(one.service.tick(&mut a, at), two.service.tick(&mut b, at), three.service.tick(&mut c, at));
        }
    }
    for node in [&one, &two, &three] {
        settle(node).await;
        node.service.logs.flush().await.unwrap();
    }
    assert_eq!(runs(&one).await, 3);
    // Nodes whose clocks differ, and one that is started in between.
    let due = start + 4 * HOUR;
    one.service.tick(&mut a, due + 1).await;
    two.service.tick(&mut b, due + 2_000).await;
    let (late, mut d) = (one.node(), Watch::default());
    late.service.tick(&mut d, due + 3_000).await;
    for node in [&two, &late] {
        settle(node).await;
        node.service.logs.flush().await.unwrap();
    }
    assert_eq!(runs(&one).await, 4);
}

#[tokio::test]
async fn what_was_due_while_no_server_ran_is_reported_once_and_not_run() {
    let cloud = with_timer(ECHO).await;
    let due = first();
    cloud.service.tick(&mut Watch::default(), due - 1_000).await;
    // All nodes end, and two start four and a half hours later.
    let (one, two) = (cloud.node(), cloud.node());
    let (mut a, mut b) = (Watch::default(), Watch::default());
    let later = due + 4 * HOUR + HOUR / 2;
    tokio::join!(one.service.tick(&mut a, later), two.service.tick(&mut b, later));
    one.service.tick(&mut a, later + 1_000).await;
    two.service.logs.flush().await.unwrap();
    let told = lines(&one).await;
    assert_eq!(told.len(), 2, "a line and its summary: {told:?}");
    let iso = crate::record::iso;
    let times = format!("was due 5 times while no server was running, first at {}, last at {}", iso(due), iso(due + 4 * HOUR));
    assert!(told[0].contains(&times), "{told:?}");
    assert_eq!(cloud.log("f").await[0]["Status"], "fail");
    one.service.tick(&mut a, due + 5 * HOUR).await;
    assert_eq!(runs(&one).await, 1, "it goes on");
}

#[tokio::test]
async fn a_restart_within_a_minute_runs_late_and_not_twice() {
    let cloud = with_timer(ECHO).await;
    let due = first();
    cloud.service.tick(&mut Watch::default(), due - 5_000).await;
    let restarted = cloud.node();
    restarted.service.tick(&mut Watch::default(), due + 30_000).await;
    assert_eq!(runs(&restarted).await, 1, "it was due while the server was restarted");
    let again = cloud.node();
    again.service.tick(&mut Watch::default(), due + 40_000).await;
    assert_eq!(runs(&again).await, 1);
    // What ran just before the end, later than a node had noted, is not missed.
    let seen = json!({"$set": {"seen": due - 1_000}});
    cloud.service.triggers.timers.records.upsert(json!({"_id": "shared"}), seen).await.unwrap();
    let later = cloud.node();
    later.service.tick(&mut Watch::default(), due + 2 * HOUR + HOUR / 2).await;
    let told = lines(&later).await;
    assert!(told.iter().any(|line| line.contains("was due 2 times")), "{told:?}");
}

#[tokio::test]
async fn a_first_start_and_a_new_timer_miss_nothing() {
    let cloud = with_timer(ECHO).await;
    cloud.service.tick(&mut Watch::default(), first() + 10 * HOUR).await;
    assert_eq!(lines(&cloud).await, [""; 0], "nobody has watched before");
    // The timer is set now; that a node has watched long ago says nothing of it.
    let seen = json!({"$set": {"seen": 1}});
    cloud.service.triggers.timers.records.upsert(json!({"_id": "shared"}), seen).await.unwrap();
    cloud.node().service.tick(&mut Watch::default(), now()).await;
    assert_eq!(lines(&cloud).await, [""; 0]);
}

#[tokio::test]
async fn changes_take_effect_at_once_here_and_soon_elsewhere() {
    let one = with_timer(ECHO).await;
    let two = one.node();
    let (mut a, mut b) = (Watch::default(), Watch::default());
    let due = first();
    one.service.tick(&mut a, due - 2_000).await;
    two.service.tick(&mut b, due - 2_000).await;
    one.update("f", json!({"TimingTriggerConfig": "cron:0 30 * * * *"})).await.unwrap();
    assert_eq!(one.service.tick(&mut a, due - 1_999).await, due - 1_999 + watch::POLL, "no longer due at the full hour");
    two.service.tick(&mut b, due).await;
    settle(&two).await;
    two.service.logs.flush().await.unwrap();
    assert_eq!(runs(&one).await, 0, "a node that has not seen the change asks before it runs");
    two.service.tick(&mut b, due + watch::POLL).await;
    two.service.tick(&mut b, due + HOUR / 2).await;
    settle(&two).await;
    two.service.logs.flush().await.unwrap();
    assert_eq!(runs(&one).await, 1, "and has seen it some seconds later");
    one.update("f", json!({"TimingTriggerConfig": ""})).await.unwrap();
    one.service.tick(&mut a, due + 3 * HOUR / 2).await;
    assert_eq!(runs(&one).await, 1, "switched off");
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for() {
    let cloud = with_timer(ECHO).await;
    let (due, mut watch) = (first(), Watch::default());
    cloud.service.tick(&mut watch, due - 1_000).await;
    cloud.memory.0.down.store(true, Ordering::Relaxed);
    for second in 0..10 {
        let at = due + second * 1_000;
        assert_eq!(cloud.service.tick(&mut watch, at).await, at + 1_000);
    }
    cloud.memory.0.down.store(false, Ordering::Relaxed);
    cloud.service.tick(&mut watch, due + 10_000).await;
    assert_eq!(runs(&cloud).await, 1, "late, but not too late");
    cloud.memory.0.down.store(true, Ordering::Relaxed);
    cloud.service.tick(&mut watch, due + HOUR).await;
    cloud.memory.0.down.store(false, Ordering::Relaxed);
    cloud.service.tick(&mut watch, due + HOUR + 120_000).await;
    let told = lines(&cloud).await;
    assert!(runs(&cloud).await == 1 && told.iter().any(|line| line.contains("was due 1 times")), "{told:?}");
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_is_a_claim() {
    for lost in 1..=3 {
        let cloud = with_timer(ECHO).await;
        let other = cloud.node();
        let (due, mut watch, mut others) = (first(), Watch::default(), Watch::default());
        cloud.service.tick(&mut watch, due - 1_000).await;
        other.service.tick(&mut others, due - 1_000).await;
        cloud.memory.0.lost_replies.store(lost, Ordering::Relaxed);
        for second in 0..5 {
            cloud.service.tick(&mut watch, due + second * 1_000).await;
        }
        assert_eq!(cloud.memory.0.lost_replies.load(Ordering::Relaxed), 0);
        other.service.tick(&mut others, due + 6_000).await;
        settle(&other).await;
        other.service.logs.flush().await.unwrap();
        assert_eq!(runs(&cloud).await, 1, "{lost} answers are lost");
        assert!(cloud.service.triggers.timers.unsure.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn another_space_that_wants_all_slots_leaves_some() {
    let cloud = Cloud::with(crate::config::Config { max_timer_calls: 4, ..Default::default() });
    cloud.function("f", ECHO).await;
    cloud.update("f", json!({"TimingTriggerConfig": HOURLY})).await.unwrap();
    let wanted = (0..10).map(|_| {
        let service = cloud.service.clone();
        tokio::spawn(async move {
            let _slot = service.triggers.timers.slots.take("other").await;
            std::future::pending::<()>().await;
        })
    });
    let wanted: Vec<_> = wanted.collect();
    tokio::task::yield_now().await;
    let (due, mut watch) = (first(), Watch::default());
    cloud.service.tick(&mut watch, due - 1).await;
    cloud.service.tick(&mut watch, due).await;
    let ran = tokio::time::timeout(Duration::from_secs(20), runs(&cloud)).await;
    assert_eq!(ran.unwrap(), 1);
    wanted.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_timers_call_has_the_functions_time_and_not_that_of_other_calls() {
    let cloud = Cloud::with(crate::config::Config { max_timeout_seconds: 1, ..Default::default() });
    cloud
        .function("f", "module.exports = async (ctx) => { await new Promise((done) => setTimeout(done, 1500)); ctx.logger.info('ran') }")
        .await;
    cloud.update("f", json!({"TimingTriggerConfig": HOURLY, "Timeout": 600})).await.unwrap();
    let (due, mut watch) = (first(), Watch::default());
    cloud.service.tick(&mut watch, due - 1).await;
    cloud.service.tick(&mut watch, due).await;
    assert_eq!(runs(&cloud).await, 1, "{:?}", lines(&cloud).await);
    cloud.update("f", json!({"Timeout": 1})).await.unwrap();
    cloud.service.tick(&mut watch, due + HOUR).await;
    let told = lines(&cloud).await;
    assert!(told.iter().any(|line| line.contains("did not end within 1.0 seconds")), "{told:?}");
}

#[tokio::test]
async fn a_function_that_cannot_run_is_told_of() {
    let cloud = Cloud::new();
    cloud.create("f").await;
    cloud.update("f", json!({"TimingTriggerConfig": HOURLY})).await.unwrap();
    let (due, mut watch) = (first(), Watch::default());
    cloud.service.tick(&mut watch, due - 1).await;
    cloud.service.tick(&mut watch, due).await;
    let told = lines(&cloud).await;
    assert!(told[0].contains("could not run the function: the function `f` has not been deployed"), "{told:?}");
    cloud.memory.0.suspended.lock().unwrap().push("s".to_owned());
    cloud.service.tick(&mut watch, due + HOUR).await;
    assert_eq!(lines(&cloud).await, told, "nothing runs in a space that is switched off");
}

#[tokio::test]
async fn what_is_deleted_does_not_run_and_old_records_go() {
    let cloud = with_timer(ECHO).await;
    let (due, mut watch) = (first(), Watch::default());
    cloud.service.tick(&mut watch, due - 1).await;
    cloud.service.tick(&mut watch, due).await;
    assert_eq!(runs(&cloud).await, 1);
    let fires = || cloud.memory.0.docs.lock().unwrap()["function_timers"].iter().filter(|doc| doc["due"].is_u64()).count();
    assert_eq!(fires(), 1);
    cloud.service.tick(&mut watch, due + 50 * HOUR).await;
    assert_eq!(fires(), 2, "those of the last two days: that of the missed ones, and one that ran");
    cloud.service.delete_function("s", params(json!({"Name": "f"}))).await.unwrap();
    assert_eq!(fires(), 0);
    cloud.service.tick(&mut watch, due + 52 * HOUR).await;
    assert_eq!(fires(), 0);
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let cloud = with_timer(ECHO).await;
    for bad in [
        json!({"TimingTriggerConfig": "0 0 * * * *"}),
        json!({"TimingTriggerConfig": HOURLY, "TimingTriggerUserPayload": "x".repeat(5000)}),
    ] {
        let error = cloud.update("f", bad).await.unwrap_err();
        assert_eq!(error.code(), sdk_plugin::contract::management::INVALID_PARAMETER);
    }
    let described = cloud.service.describe_function("s", params(json!({"Name": "f"}))).await.unwrap();
    assert_eq!(
        (&described["Function"]["TimingTriggerConfig"], &described["Function"]["TimingTriggerUserPayload"]),
        (&json!(HOURLY), &json!(""))
    );
}

#[tokio::test]
async fn the_end_waits_for_what_runs() {
    let cloud =
        with_timer("module.exports = async (ctx) => { await new Promise((done) => setTimeout(done, 300)); ctx.logger.info('ran') }").await;
    let (due, mut watch) = (first(), Watch::default());
    cloud.service.tick(&mut watch, due - 1).await;
    cloud.service.tick(&mut watch, due).await;
    cloud.service.watch_timers();
    cloud.service.drain_timers(PATIENCE).await;
    assert!(cloud.service.triggers.timers.running.lock().unwrap().is_empty());
    assert_eq!(runs(&cloud).await, 1);
}

#[tokio::test]
async fn what_the_end_interrupts_is_told_of() {
    let cloud = with_timer("module.exports = () => new Promise(() => {})").await;
    let (due, mut watch) = (first(), Watch::default());
    cloud.service.tick(&mut watch, due - 1).await;
    cloud.service.tick(&mut watch, due).await;
    cloud.service.drain_timers(Duration::from_millis(50)).await;
    let entries = cloud.log("f").await;
    let line = entries[0]["Contents"][0].as_str().unwrap();
    assert!(line.contains("was interrupted"), "{line}");
}
