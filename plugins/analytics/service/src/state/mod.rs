//! The state of an application in memory: a ledger of what its manifest names, and of the batches
//! that wait. It can be thrown away at any time: all of it is kept elsewhere.

mod catch_up;
pub mod entry;
mod inbox;
mod late;
pub mod load;
pub mod registry;
pub mod rows;
mod slot;
pub mod sync;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use analytics_engine::segment::{Kind, RawEvent};
use analytics_engine::{Day, Ledger, Noted, Observation};
use sdk_plugin::{Error, Result};

use crate::errors;
use crate::store::Manifest;
use crate::store::pending::{Batch, Told};
use late::{Event, Late};
use rows::Rows;

pub use registry::Registry;
pub use slot::Slot;

/// The sessions of so many days, today among them, stay in memory.
const DAYS_HELD: i32 = 2;

fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The state of an application.
#[derive(Debug)]
pub struct State {
    /// Tells states of the same application apart.
    pub number: u64,
    /// What of it is in files.
    pub manifest: Manifest,
    /// What happened: the files, and `applied`.
    pub ledger: Ledger,
    /// What the batches told that was not known, as raw events.
    pub rows: Rows,
    /// Events that are not in the ledger yet, though their batches are among `applied`.
    pub late: Late,
    /// The batches that are in the ledger and not in a file, and how many events they have.
    pub applied: HashMap<String, u64>,
    /// The batches that are being folded. They are in the ledger too.
    pub folding: HashSet<String>,
    /// When it was known to have every batch that had been acknowledged; also as a time of the
    /// clock, in milliseconds since 1970.
    pub synced: Option<(Instant, i64)>,
    /// Whether some of what it was told was lost on the way, or what a fold had taken out of it: it is
    /// rolled back before it is used.
    pub lost: bool,
    /// Days that were rolled back, and whose figures have not been loaded since.
    pub unread: BTreeSet<Day>,
    /// Whether what reports need of many days was made, or is being made.
    pub warm: bool,
}

impl State {
    /// A state of what a manifest's files have.
    pub fn new(manifest: Manifest, ledger: Ledger, keep_raw: bool) -> Self {
        Self {
            number: next_number(),
            manifest,
            ledger,
            rows: Rows::new(keep_raw),
            late: Late::default(),
            applied: HashMap::new(),
            folding: HashSet::new(),
            synced: None,
            lost: false,
            unread: BTreeSet::new(),
            warm: false,
        }
    }

    /// Forgets what is in no file, as if the state had been loaded now but for the days that are
    /// `unread`.
    pub fn roll_back(&mut self) {
        self.number = next_number();
        drop(self.rows.take());
        self.late = Late::default();
        self.applied.clear();
        self.folding.clear();
        (self.synced, self.lost) = (None, false);
        self.unread.append(&mut self.ledger.roll_back());
    }

    /// Whether a batch is in the ledger.
    pub fn knows(&self, id: &str) -> bool {
        self.applied.contains_key(id) || self.folding.contains(id)
    }

    /// Notes batches; those that are known change nothing. What needs the sessions of days that are
    /// not held waits in `late`.
    ///
    /// # Errors
    /// `InternalError` when raw events cannot be encoded.
    pub fn note(&mut self, batches: Vec<Batch>) -> Result<()> {
        let mut now = Vec::new();
        for batch in batches {
            if self.knows(&batch.id) {
                continue;
            }
            self.applied.insert(batch.id.clone(), batch.events.len() as u64);
            for event in late::events(batch) {
                match self.ledger.lacks(event.1.0) {
                    Some(day) => self.late.add(day, event),
                    None => now.push(event),
                }
            }
        }
        self.note_events(&now)
    }

    /// Notes events whose days are held.
    fn note_events(&mut self, events: &[Event]) -> Result<()> {
        let observe = |(origin, Told(start, duration, channel)): &Event| {
            let channel = self.ledger.note_channel(channel);
            Observation { device: origin.key, start: *start, duration: *duration, channel }
        };
        let observations: Vec<Observation> = events.iter().map(observe).collect();
        let noted = self.ledger.note_all(&observations);
        for ((origin, Told(start, duration, channel)), noted) in events.iter().zip(noted) {
            let kind = match noted {
                Noted::Launch => Kind::Launch,
                Noted::Longer => Kind::Use,
                Noted::Nothing => continue,
            };
            self.rows.push(|| RawEvent {
                device: origin.device.clone(),
                start: *start,
                duration: *duration,
                kind,
                channel: channel.clone(),
                platform: origin.platform.clone(),
                sdk: origin.sdk.clone(),
                received: origin.received,
            })?;
        }
        Ok(())
    }

    /// The first of the days whose sessions stay in memory.
    pub fn held_from(&self, now: i64) -> Day {
        self.ledger.calendar().locate(now).0.plus(1 - DAYS_HELD)
    }

    /// Lets go of the sessions of earlier days, the earliest first, while there are too many.
    pub fn release(&mut self, now: i64) {
        let mut earlier = self.held_before(self.held_from(now));
        let mut count: usize = earlier.values().sum();
        while count > late::HELD
            && let Some((day, sessions)) = earlier.pop_first()
        {
            self.ledger.release(day);
            count -= sessions;
        }
    }

    /// Whether sessions of earlier days are to be let go of.
    pub fn holds_too_much(&self, now: i64) -> bool {
        self.held_before(self.held_from(now)).values().sum::<usize>() > late::HELD
    }

    /// The days before one whose sessions are held, and how many.
    fn held_before(&self, from: Day) -> BTreeMap<Day, usize> {
        self.ledger.held().filter(|(day, _)| *day < from).collect()
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        self.ledger.memory() + self.rows.memory() + self.late.memory() + (self.applied.len() + self.folding.len()) * 128
    }
}

/// Does work that may take long on a thread for such.
///
/// # Errors
/// `InternalError` when it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// As [`blocking`], of work of the engine.
///
/// # Errors
/// What the engine answers.
pub async fn engine<T: Send + 'static>(work: impl FnOnce() -> analytics_engine::Result<T> + Send + 'static) -> Result<T> {
    blocking(work).await?.map_err(errors::engine)
}
