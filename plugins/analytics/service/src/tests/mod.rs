//! The service over a host in memory: what is acknowledged is counted, once, whatever happens.
#![allow(clippy::unwrap_used)]

mod apps;
mod collect;
mod crashes;
mod deletion;
mod files;
mod nodes;
mod parts;
mod schedule;
mod slow;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use analytics_engine::Day;
use analytics_engine::segment::{Kind, RawEvent, read_events};
use sdk_plugin::{Call, Result};
use serde_json::{Value, json};

use crate::clock::{Clock, DAY, MINUTE};
use crate::collect::Collected;
use crate::config::Config;
use crate::service::Service;
use crate::store::Manifest;
use crate::testing::Memory;

/// 2026-11-26 12:00 UTC: 20:00 in Shanghai.
const NOON: i64 = 1_795_694_400_000;
const HOUR: i64 = 60 * MINUTE;

/// A store, and what clients were told was taken: the longest time in front of each session.
struct World {
    memory: Memory,
    clock: Clock,
    config: Config,
    app: String,
    told: BTreeMap<(String, i64), u32>,
}

/// A batch that a client sends: its id, the device, and events.
#[derive(Clone)]
struct Sent {
    batch: String,
    device: String,
    events: Vec<(i64, u32, &'static str)>,
}

fn sent(batch: &str, device: &str, events: &[(i64, u32, &'static str)]) -> Sent {
    Sent { batch: batch.to_owned(), device: device.to_owned(), events: events.to_vec() }
}

type Node = Arc<Service<Memory>>;

impl World {
    async fn new() -> Self {
        Self::with(json!({})).await
    }

    async fn with(config: Value) -> Self {
        let clock = Clock::set_to(NOON);
        let memory = Memory::new(clock.clone());
        let config = serde_json::from_value(config).unwrap();
        let mut world = Self { memory, clock, config, app: String::new(), told: BTreeMap::new() };
        let create = serde_json::from_value(json!({"name": "App"})).unwrap();
        world.app = world.node().create_app("space", create).await.unwrap().key;
        world
    }

    /// A process of its own.
    fn node(&self) -> Node {
        Service::new(self.config.clone(), self.memory.process(), self.clock.clone(), b"secret".to_vec())
    }

    fn call(&self, sent: &Sent) -> Call {
        let events: Vec<Value> = sent
            .events
            .iter()
            .map(|(start, duration, channel)| json!({"start": start, "duration": duration, "channel": channel}))
            .collect();
        let params = json!({
            "appKey": self.app, "batch": sent.batch, "device": sent.device, "platform": "alipay", "sdk": "0.1.0",
            "sentAt": self.clock.now(), "events": events,
        });
        Call::json("space", "analytics.collect", &params).unwrap()
    }

    async fn try_send(&self, node: &Node, sent: &Sent) -> Result<Collected> {
        node.collect(&self.call(sent)).await
    }

    /// What was acknowledged has to be found later.
    fn acknowledged(&mut self, sent: &Sent) {
        for (start, duration, _) in &sent.events {
            let longest = self.told.entry((sent.device.clone(), *start)).or_default();
            *longest = (*longest).max(*duration);
        }
    }

    async fn send(&mut self, node: &Node, sent: &Sent) {
        let collected = self.try_send(node, sent).await.unwrap();
        assert_eq!((collected.accepted, collected.clock_off), (sent.events.len(), false));
        self.acknowledged(sent);
    }

    /// By day: launches, time in front, active users, new users. As they should be.
    fn expected(&self) -> BTreeMap<Day, [u64; 4]> {
        let calendar = analytics_engine::Calendar::named("Asia/Shanghai").unwrap();
        let mut first: BTreeMap<&str, i64> = BTreeMap::new();
        let mut active: BTreeMap<Day, Vec<&str>> = BTreeMap::new();
        let mut days: BTreeMap<Day, [u64; 4]> = BTreeMap::new();
        for ((device, start), duration) in &self.told {
            let day = calendar.locate(*start).0;
            let figures = days.entry(day).or_default();
            figures[0] += 1;
            figures[1] += u64::from(*duration);
            let devices = active.entry(day).or_default();
            if !devices.contains(&device.as_str()) {
                devices.push(device);
                figures[2] += 1;
            }
            let start = first.get(device.as_str()).map_or(*start, |first| *start.min(first));
            first.insert(device, start);
        }
        for start in first.values() {
            days.get_mut(&calendar.locate(*start).0).unwrap()[3] += 1;
        }
        days
    }

    async fn figures(&self, node: &Node) -> BTreeMap<Day, [u64; 4]> {
        let app = node.apps.of("space", &self.app).await.unwrap();
        let snapshot = node.snapshot(app).await.unwrap();
        let days = snapshot.days(Day(0), snapshot.today());
        days.map(|(day, figures)| (day, [figures.launches, figures.duration, figures.active.len(), snapshot.newcomers(day).len()]))
            .collect()
    }

    async fn manifest(&self) -> Manifest {
        self.node().store.manifests.get(&self.app).await.unwrap().unwrap_or_default()
    }

    async fn raw(&self) -> Vec<RawEvent> {
        let manifest = self.manifest().await;
        let read = |raw: &crate::store::manifest::RawFile| {
            let rows = read_events(self.memory.object(&format!("analytics/{}/{}", self.app, raw.file))).unwrap();
            assert_eq!(rows.len() as u64, raw.rows);
            assert!(rows.iter().all(|row| crate::clock::date(row.received) == raw.date));
            rows
        };
        manifest.raw.iter().flat_map(read).collect()
    }

    /// The figures and the raw events are those of what was acknowledged, and nothing waits.
    async fn check(&self, node: &Node, about: &str) {
        assert_eq!(self.figures(node).await, self.expected(), "{about}");
        assert_eq!(self.figures(&self.node()).await, self.expected(), "{about}: loaded anew");
        let mut sessions: BTreeMap<(String, i64), u32> = BTreeMap::new();
        for row in self.raw().await {
            let before = sessions.insert((row.device, row.start), row.duration);
            match row.kind {
                Kind::Launch => assert_eq!(before, None, "{about}: launched twice"),
                Kind::Use => assert!(before.unwrap() < row.duration, "{about}: a time that was known"),
            }
        }
        assert_eq!(sessions, self.told, "{about}: raw events");
    }

    fn waiting(&self) -> usize {
        self.memory.documents("analyticsPending").len()
    }
}
