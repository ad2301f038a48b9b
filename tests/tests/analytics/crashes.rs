//! A server that is killed while it collects and folds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Wire, wait_for};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::cloud::{COLLECT, Cloud, DAY, Days, batch, now};

const SENDERS: usize = 4;
/// Devices of each sender.
const DEVICES: usize = 40;
/// How many days back sessions are.
const DAYS: i64 = 20;

/// What is known of the sessions of one application: the longest time of each.
type Sessions = HashMap<(String, i64), u32>;

/// Some mini programs, which send one batch after the other, and each again until it is acknowledged.
struct Sender {
    name: usize,
    random: StdRng,
    days: Days,
    /// The applications: one whose sessions are told once, and one whose sessions go on.
    keys: [String; 2],
    told: [Sessions; 2],
    waiting: Vec<Value>,
    acknowledged: Vec<Value>,
    sent_again: u64,
}

impl Sender {
    /// Sends until the server is gone.
    fn until_gone(&mut self, client: &Wire, gone: &AtomicBool) {
        while self.step(client, gone) {}
    }

    /// Sends what was not acknowledged.
    fn rest(&mut self, client: &Wire) {
        let alive = AtomicBool::new(false);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.waiting.is_empty() {
            assert!(Instant::now() < deadline, "{} batches are not taken", self.waiting.len());
            self.step(client, &alive);
        }
    }

    /// Sends a batch; false when the server is gone.
    fn step(&mut self, client: &Wire, gone: &AtomicBool) -> bool {
        let mut params = self.waiting.pop().unwrap_or_else(|| self.next());
        params["sentAt"] = now().into();
        let answer = match client.try_send(&client.request(COLLECT, &params)) {
            Ok(answer) => answer.envelope(),
            Err(_) if gone.load(Ordering::SeqCst) => {
                self.waiting.push(params);
                self.sent_again += 1;
                return false;
            }
            Err(e) => panic!("a batch failed before the server was killed: {e}"),
        };
        if answer["success"] == true {
            assert_eq!(answer["data"]["accepted"], params["events"].as_array().map_or(0, Vec::len), "{answer}");
            self.acknowledged.push(params);
        } else {
            // Too much at once, or not ready yet.
            assert!(
                ["Throttling.Api", "ServiceUnavailable", "RequestTimeout"].contains(&answer["error"]["code"].as_str().unwrap_or_default()),
                "{answer}"
            );
            self.waiting.push(params);
            thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn next(&mut self) -> Value {
        if !self.acknowledged.is_empty() && self.random.random_bool(0.15) {
            let mut params = self.acknowledged[self.random.random_range(0..self.acknowledged.len())].clone();
            // The answer was lost on its way, or the queue.
            if self.random.random_bool(0.5) {
                params["batch"] = uuid::Uuid::new_v4().to_string().into();
            }
            return params;
        }
        let device = format!("d{}-{}", self.name, self.random.random_range(0..DEVICES));
        let app = self.random.random_range(0..2);
        let count = self.random.random_range(1..6);
        let events: Value = (0..count).map(|_| if app == 0 { self.whole(&device) } else { self.growing(&device) }).collect();
        batch(&self.keys[app], &device, &events)
    }

    /// A session that is told once.
    fn whole(&mut self, device: &str) -> Value {
        let (start, duration) = (self.start(0, device), self.random.random_range(0..600_000));
        self.told[0].insert((device.to_owned(), start), duration);
        json!({"start": start, "duration": duration})
    }

    /// A session that begins, or one that goes on.
    fn growing(&mut self, device: &str) -> Value {
        let known: Vec<i64> = self.told[1].keys().filter(|(of, _)| of == device).map(|(_, start)| *start).take(8).collect();
        if known.is_empty() || self.random.random_bool(0.5) {
            let start = self.start(1, device);
            self.told[1].insert((device.to_owned(), start), 0);
            return json!({"start": start});
        }
        let start = known[self.random.random_range(0..known.len())];
        let more = self.random.random_range(1..60_000);
        let duration = self.told[1].get_mut(&(device.to_owned(), start)).expect("a session that was told");
        *duration = (*duration + more).min(80_000_000);
        json!({"start": start, "duration": *duration})
    }

    /// The start of a session that the device has not told of.
    fn start(&mut self, app: usize, device: &str) -> i64 {
        loop {
            let start = self.days.at(0, 0, 0) - self.random.random_range(1..DAYS * DAY);
            if !self.told[app].contains_key(&(device.to_owned(), start)) {
                return start;
            }
        }
    }
}

/// Launches, active users, time in front and new users of each day, by how long ago it was.
fn figures(days: Days, sessions: &Sessions) -> BTreeMap<i64, (u64, u64, u64, u64)> {
    let mut by_day: BTreeMap<i64, (u64, HashSet<&str>, u64)> = BTreeMap::new();
    let mut first: HashMap<&str, i64> = HashMap::new();
    for ((device, start), duration) in sessions {
        let (launches, active, time) = by_day.entry(days.ago(*start)).or_default();
        *launches += 1;
        active.insert(device);
        *time += u64::from(*duration);
        let first = first.entry(device).or_insert(*start);
        *first = (*first).min(*start);
    }
    let new = |day: i64| first.values().filter(|start| days.ago(**start) == day).count() as u64;
    by_day.into_iter().map(|(day, (launches, active, time))| (day, (launches, active.len() as u64, time, new(day)))).collect()
}

/// The same, as reports have it.
fn reported(cloud: &Cloud, days: Days, key: &str) -> BTreeMap<i64, (u64, u64, u64, u64)> {
    let trend = cloud.report("trend", key, json!({"from": days.date(DAYS), "to": days.date(0)}));
    let buckets = trend["buckets"].as_array().expect("a list of days");
    let row = |(index, bucket): (usize, &Value)| {
        let count = |key: &str| bucket[key].as_u64().unwrap_or_else(|| panic!("no {key}: {bucket}"));
        let time = bucket["singleUseTime"].as_f64().unwrap_or_default() * count("launches") as f64;
        (DAYS - index as i64, (count("launches"), count("activeUsers"), time.round() as u64, count("newUsers")))
    };
    buckets.iter().enumerate().map(row).filter(|(_, figures)| figures.0 > 0).collect()
}

fn rows(cloud: &Cloud, key: &str) -> u64 {
    let listed = cloud.ask("analytics.export.list", &json!({"appKey": key}));
    listed["files"].as_array().expect("a list of files").iter().map(|file| file["rows"].as_u64().expect("a number")).sum()
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_counts_twice() {
    let rounds: u64 = std::env::var("MPCLOUD_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(50);
    let seed: u64 = std::env::var("MPCLOUD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed} (MPCLOUD_SEED repeats it)");
    let mut random = StdRng::seed_from_u64(seed);
    // Folds follow each other, so that most deaths are in the middle of one.
    let mut cloud = Cloud::with("fold_seconds = 1, fold_events = 100");
    let days = cloud.days;
    let keys = [cloud.app("once"), cloud.app("growing")];
    let mut senders: Vec<Sender> = (0..SENDERS)
        .map(|name| Sender {
            name,
            random: StdRng::seed_from_u64(random.random()),
            days,
            keys: keys.clone(),
            told: [Sessions::new(), Sessions::new()],
            waiting: Vec::new(),
            acknowledged: Vec::new(),
            sent_again: 0,
        })
        .collect();
    for _ in 0..rounds {
        let gone = AtomicBool::new(false);
        let clients: Vec<Wire> = senders.iter().map(|_| cloud.client()).collect();
        thread::scope(|scope| {
            for (sender, client) in senders.iter_mut().zip(&clients) {
                let gone = &gone;
                scope.spawn(move || sender.until_gone(client, gone));
            }
            // The moment of death is what the test varies, not something it waits for.
            thread::sleep(Duration::from_millis(random.random_range(20..1200)));
            gone.store(true, Ordering::SeqCst);
            cloud.server.kill();
        });
        cloud.server.restart();
    }
    let client = cloud.client();
    let mut expected = [Sessions::new(), Sessions::new()];
    for sender in &mut senders {
        sender.rest(&client);
        for (all, told) in expected.iter_mut().zip(&sender.told) {
            all.extend(told.iter().map(|(session, duration)| (session.clone(), *duration)));
        }
    }
    let again: u64 = senders.iter().map(|sender| sender.sent_again).sum();
    let batches: usize = senders.iter().map(|sender| sender.acknowledged.len()).sum();
    println!("{batches} batches, {again} of them sent again; {} and {} sessions", expected[0].len(), expected[1].len());
    assert!(again > 0 && batches > 0, "nothing was interrupted, so nothing was shown");
    for after in ["at the end", "after a restart"] {
        for (key, sessions) in keys.iter().zip(&expected) {
            let told = figures(days, sessions);
            wait_for("all sessions", || (cloud.launches(key) >= sessions.len() as u64).then_some(()));
            // Times may come after launches.
            let deadline = Instant::now() + Duration::from_secs(20);
            while reported(&cloud, days, key) != told && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(50));
            }
            assert_eq!(reported(&cloud, days, key), told, "seed {seed}, {after}");
        }
        assert_exported(&cloud, &keys[0], expected[0].len() as u64, seed);
        cloud.server.stop();
        cloud.server.restart();
    }
}

/// Each session that was told once is one row of the raw events.
fn assert_exported(cloud: &Cloud, key: &str, sessions: u64, seed: u64) {
    wait_for("the raw events", || (rows(cloud, key) >= sessions).then_some(()));
    assert_eq!(rows(cloud, key), sessions, "seed {seed}");
}
