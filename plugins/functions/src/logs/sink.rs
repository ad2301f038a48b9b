//! Takes the log of invocations without ever delaying one, and writes it in batches.

use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use sdk_plugin::contract::db::{Collection, EXECUTE};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, Result};
use serde_json::{Value, json};
use tokio::sync::Mutex as AsyncMutex;

use super::COLLECTION;
use crate::runtime::{Line, Target, now};

const INTERVAL: Duration = Duration::from_secs(1);
/// How many records are written at once.
const BATCH: usize = 100;
/// How often a function's old records are removed.
const TRIM_INTERVAL: Duration = Duration::from_secs(60);

/// The log of one invocation.
#[derive(Debug)]
pub struct Entry {
    /// The function.
    pub target: Arc<Target>,
    /// The request.
    pub request_id: String,
    /// Whether the function returned.
    pub succeeded: bool,
    /// When it began, in milliseconds since 1970.
    pub time: u64,
    /// How long it took.
    pub duration: Duration,
    /// The heap in use, in bytes.
    pub memory: usize,
    /// What it wrote.
    pub lines: Vec<Line>,
    /// How many lines it wrote beyond the limits.
    pub dropped: u64,
}

impl Entry {
    /// The record, written at a time in milliseconds since 1970.
    fn to_record(&self, logged: u64) -> Value {
        let mut levels: Vec<&str> = self.lines.iter().map(|line| line.level).collect();
        let mut contents: Vec<String> = self.lines.iter().map(|line| line.text.clone()).collect();
        let mut timestamps: Vec<String> = self.lines.iter().map(|line| line.time.to_string()).collect();
        let end = self.time + u64::try_from(self.duration.as_millis()).unwrap_or(0);
        if self.dropped > 0 {
            levels.push("warn");
            contents.push(format!("{} more lines were dropped", self.dropped));
            timestamps.push(end.to_string());
        }
        levels.push(if self.succeeded { "info" } else { "error" });
        contents.push(summary(self.succeeded, self.duration, self.memory));
        timestamps.push(end.to_string());
        json!({
            "spaceId": self.target.space,
            "functionName": self.target.name,
            "requestId": self.request_id,
            "status": status(self.succeeded),
            "time": self.time,
            "logged": logged,
            "durationMs": self.duration.as_secs_f64() * 1000.0,
            "memory": self.memory,
            "levels": levels,
            "contents": contents,
            "timestamps": timestamps,
        })
    }
}

pub(super) fn status(succeeded: bool) -> &'static str {
    if succeeded { "success" } else { "fail" }
}

fn summary(succeeded: bool, duration: Duration, memory: usize) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    let megabytes = memory as f64 / (1024.0 * 1024.0);
    format!("{}: duration {millis:.2} ms, memory {megabytes:.1} MB", status(succeeded))
}

/// Where invocations leave their logs.
pub struct Sink<C> {
    calls: C,
    retention: u64,
    rate: usize,
    buffer: Mutex<Vec<Entry>>,
    filled: AtomicUsize,
    dropped: AtomicU64,
    /// Held while records are written, so that a flush waits for the one before it.
    trimmed: AsyncMutex<HashMap<(String, String), Instant>>,
}

impl<C: Calls> Sink<C> {
    /// A sink that keeps `retention` records a function and takes `rate` a second. It writes for as
    /// long as it lives. Must be called inside a tokio runtime.
    pub fn start(calls: C, retention: u64, rate: usize) -> Arc<Self> {
        let sink = Arc::new(Self {
            calls,
            retention: retention.max(1),
            rate: rate.max(1),
            buffer: Mutex::default(),
            filled: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            trimmed: AsyncMutex::default(),
        });
        tokio::spawn(flush_regularly(Arc::downgrade(&sink)));
        sink
    }

    /// Whether there is room for an invocation; those worth reading may use all of it. One that
    /// finds none is counted.
    pub fn has_room(&self, worth_reading: bool) -> bool {
        let room = if worth_reading { self.rate } else { self.rate / 2 };
        let fits = self.filled.load(Ordering::Relaxed) < room;
        if !fits {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        fits
    }

    /// Keeps an entry until the next flush.
    pub fn push(&self, entry: Entry) {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.push(entry);
        self.filled.store(buffer.len(), Ordering::Relaxed);
    }

    /// Writes what there is.
    ///
    /// # Errors
    /// What the database answers; what was not written is lost.
    pub async fn flush(&self) -> Result<()> {
        let mut trimmed = self.trimmed.lock().await;
        let entries = {
            let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
            self.filled.store(0, Ordering::Relaxed);
            std::mem::take(&mut *buffer)
        };
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "invocations were not logged: there were too many");
        }
        let mut seen = HashSet::new();
        for batch in entries.chunks(BATCH) {
            let docs: Vec<Value> = batch.iter().map(|entry| entry.to_record(now())).collect();
            let params = json!({"collection": COLLECTION, "command": "insertMany", "docs": docs, "options": {}});
            self.calls.make(Call::json(SYSTEM_SPACE, EXECUTE, &params)?).await?;
            seen.extend(batch.iter().map(|entry| (entry.target.space.clone(), entry.target.name.clone())));
        }
        trimmed.retain(|_, last| last.elapsed() < TRIM_INTERVAL);
        for function in seen {
            if let Slot::Vacant(slot) = trimmed.entry(function) {
                self.trim(&slot.key().0, &slot.key().1).await?;
                slot.insert(Instant::now());
            }
        }
        Ok(())
    }

    /// Removes the oldest records of a function beyond the retention.
    async fn trim(&self, space: &str, name: &str) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Oldest {
            time: u64,
        }
        let records = Collection::new(self.calls.clone(), SYSTEM_SPACE, COLLECTION);
        let of = json!({"spaceId": space, "functionName": name});
        let options = json!({"sort": {"time": -1}, "skip": self.retention, "limit": 1, "projection": {"time": 1}});
        let Some(Oldest { time }) = records.find::<Oldest>(of, options).await?.pop() else { return Ok(()) };
        records.delete(json!({"spaceId": space, "functionName": name, "time": {"$lte": time}})).await.map(drop)
    }
}

async fn flush_regularly<C: Calls>(sink: Weak<Sink<C>>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(sink) = sink.upgrade() else { return };
        if sink.filled.load(Ordering::Relaxed) == 0 {
            continue;
        }
        if let Err(error) = sink.flush().await {
            tracing::warn!(%error, "the log of invocations could not be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let target = Target { key: "k".into(), space: "s".to_owned(), name: "f".to_owned(), memory: 1, concurrency: 1 };
        Entry {
            target: Arc::new(target),
            request_id: "r".to_owned(),
            succeeded: false,
            time: 1000,
            duration: Duration::from_micros(1500),
            memory: 3 * 1024 * 1024,
            lines: vec![Line { time: 1001, level: "warn", text: "careful".to_owned() }],
            dropped: 2,
        }
    }

    #[test]
    fn a_record_has_the_lines_and_a_summary() {
        let record = entry().to_record(2000);
        assert_eq!((&record["status"], &record["logged"]), (&json!("fail"), &json!(2000)));
        assert_eq!(record["levels"], json!(["warn", "warn", "error"]));
        assert_eq!(record["contents"], json!(["careful", "2 more lines were dropped", "fail: duration 1.50 ms, memory 3.0 MB"]));
        assert_eq!(record["timestamps"], json!(["1001", "1001", "1001"]));
    }

    #[derive(Clone, Default)]
    struct Asked(Arc<Mutex<Vec<Value>>>);

    impl Calls for Asked {
        async fn make(&self, call: Call) -> Result<sdk_plugin::Reply> {
            let params: Value = call.decode()?;
            let find = params["command"] == "find";
            self.0.lock().expect("not poisoned").push(params);
            sdk_plugin::Reply::json(&if find { json!({"affectedDocs": 1, "result": [{"time": 7}]}) } else { json!({"affectedDocs": 1}) })
        }
    }

    #[tokio::test]
    async fn a_flood_is_counted_and_old_records_go() {
        let asked = Asked::default();
        let sink = Sink::start(asked.clone(), 5, 4);
        for _ in 0..10 {
            if sink.has_room(false) {
                sink.push(entry());
            }
        }
        assert_eq!(sink.filled.load(Ordering::Relaxed), 2, "half is for those worth reading");
        assert!(sink.has_room(true));
        assert_eq!(sink.dropped.load(Ordering::Relaxed), 8);
        sink.flush().await.expect("writes");
        sink.flush().await.expect("has nothing to write");
        let asked = asked.0.lock().expect("not poisoned");
        let commands: Vec<&str> = asked.iter().filter_map(|params| params["command"].as_str()).collect();
        assert_eq!(commands, ["insertMany", "find", "deleteMany"]);
        assert_eq!(asked[0]["docs"].as_array().map(Vec::len), Some(2));
        assert_eq!(asked[1]["options"]["skip"], 5);
        assert_eq!(asked[2]["filter"]["time"], json!({"$lte": 7}));
    }
}
