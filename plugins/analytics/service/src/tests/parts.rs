//! Days are made of parts: a fold writes what is new, and what is read of the parts is what was told.

use analytics_engine::segment::read_sessions;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::fold::levels;

/// What the parts of all days have: how often each start and longest time is there.
fn sessions_of_parts(world: &World, manifest: &Manifest) -> BTreeMap<(Day, i64, u32), u64> {
    let mut all = BTreeMap::new();
    for (day, parts) in &manifest.days {
        let mut longest: BTreeMap<(u32, i64), u32> = BTreeMap::new();
        for part in parts {
            let sessions = read_sessions(world.memory.object(&format!("analytics/{}/{}", world.app, part.file))).unwrap();
            assert_eq!(sessions.len() as u64, part.sessions);
            for session in sessions.iter() {
                let known = longest.entry((session.device, session.start)).or_default();
                *known = (*known).max(session.duration);
            }
        }
        for ((_, start), duration) in longest {
            *all.entry((*day, start, duration)).or_default() += 1;
        }
    }
    all
}

fn sessions_told(world: &World) -> BTreeMap<(Day, i64, u32), u64> {
    let calendar = analytics_engine::Calendar::named("Asia/Shanghai").unwrap();
    let mut all = BTreeMap::new();
    for ((_, start), duration) in &world.told {
        *all.entry((calendar.locate(*start).0, *start, *duration)).or_default() += 1;
    }
    all
}

#[tokio::test]
async fn a_fold_writes_in_proportion_to_what_is_new_and_not_to_what_is_there() {
    let mut world = World::with(json!({"max_events_per_device": 1_000_000})).await;
    let node = world.node();
    let mut random = StdRng::seed_from_u64(1);
    for day in 0..30 {
        for part in 0..4 {
            let start = NOON - day * DAY - part * HOUR;
            let mut event = || (start - random.random_range(0..HOUR), random.random_range(0..500_000), "");
            let events: Vec<_> = (0..500).map(|_| event()).collect();
            world.send(&node, &sent(&format!("{day}-{part}"), &format!("d{part}"), &events)).await;
        }
    }
    node.round().await.unwrap();
    let there: u64 = world.manifest().await.days.values().flatten().map(|part| part.bytes).sum();
    for fold in 0..3 {
        for day in 0..30 {
            let events = [(NOON - day * DAY - fold * 1000 - 1, 5, "")];
            world.send(&node, &sent(&format!("few-{fold}-{day}"), "d1", &events)).await;
        }
        let (files, bytes) = (world.memory.count("storage.put"), world.memory.written());
        node.round().await.unwrap();
        let (files, bytes) = (world.memory.count("storage.put") - files, world.memory.written() - bytes);
        assert!(files <= 33, "{files} files for 30 events");
        assert!(bytes < 30 * 2000 && bytes * 4 < there, "{bytes} bytes for 30 events, and there were {there}");
        // What was merged is deleted: a fold is not begun while much of that is left.
        world.clock.advance(11 * MINUTE);
        node.round().await.unwrap();
    }
    world.check(&node, "").await;
    assert_eq!(sessions_of_parts(&world, &world.manifest().await), sessions_told(&world));
}

#[tokio::test]
async fn what_is_loaded_after_many_folds_of_random_data_is_what_was_told() {
    for seed in 0..3 {
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut world = World::new().await;
        let node = world.node();
        for batch in 0..400 {
            let device = format!("d{}", random.random_range(0..40));
            let events: Vec<(i64, u32, &'static str)> = (0..random.random_range(1..12))
                .map(|_| {
                    let day = if random.random_bool(0.7) { 0 } else { random.random_range(0..28) };
                    let start = world.clock.now() - day * DAY - random.random_range(0..200) * 60_000;
                    (start, random.random_range(0..100_000), ["", "a", "b", "c"][random.random_range(0..4)])
                })
                .collect();
            world.send(&node, &sent(&format!("{batch}"), &device, &events)).await;
            if random.random_bool(0.25) {
                node.round().await.unwrap();
            }
            if random.random_bool(0.1) {
                assert_eq!(world.figures(&node).await, world.expected(), "seed {seed}, batch {batch}");
            }
            world.clock.advance(random.random_range(0..HOUR));
        }
        node.round().await.unwrap();
        world.check(&node, &format!("seed {seed}")).await;
        let manifest = world.manifest().await;
        assert_eq!(sessions_of_parts(&world, &manifest), sessions_told(&world), "seed {seed}");
        assert!(manifest.days.values().any(|parts| parts.len() > 1));
        assert!(manifest.days.values().all(|parts| parts.len() <= levels::MOST));
        assert!(manifest.devices.len() <= levels::MOST);
    }
}

#[tokio::test]
async fn a_fold_takes_so_many_events_at_the_most() {
    let mut world = World::with(json!({"max_events_per_device": 1_000_000})).await;
    let node = world.node();
    for batch in 0..60 {
        let events: Vec<_> = (0..500).map(|n| (NOON - batch * 500 - n, 1, "")).collect();
        world.send(&node, &sent(&format!("{batch}"), "d", &events)).await;
    }
    assert!(!node.fold(&world.app).await.unwrap());
    assert_eq!(world.waiting(), 20, "20,000 events were folded");
    assert!(node.fold(&world.app).await.unwrap());
    world.check(&node, "").await;
}
