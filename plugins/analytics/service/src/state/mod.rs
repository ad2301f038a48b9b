//! The state of an application in memory: a ledger of what its manifest names, and of the batches
//! that wait. It can be thrown away at any time: all of it is kept elsewhere.

pub mod load;
pub mod registry;
pub mod rows;
pub mod sync;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use analytics_engine::segment::{Kind, RawEvent};
use analytics_engine::{Day, DeviceKey, Ledger, Noted, Observation};
use sdk_plugin::{Error, Result};

use crate::errors;
use crate::store::Manifest;
use crate::store::pending::{Batch, Told};
use rows::Rows;

pub use registry::Registry;

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
    /// The batches that are in the ledger and not in a file, and how many events they have.
    pub applied: HashMap<String, u64>,
    /// The batches that are being folded. They are in the ledger too.
    pub folding: HashSet<String>,
    /// When it was known to have every batch that had been acknowledged; also as a time of the
    /// clock, in milliseconds since 1970.
    pub synced: Option<(Instant, i64)>,
    /// Whether what reports need of many days was made, or is being made.
    pub warm: bool,
}

impl State {
    /// A state of what a manifest's files have.
    pub fn new(manifest: Manifest, ledger: Ledger, keep_raw: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            manifest,
            ledger,
            rows: Rows::new(keep_raw),
            applied: HashMap::new(),
            folding: HashSet::new(),
            synced: None,
            warm: false,
        }
    }

    /// Whether a batch is in the ledger.
    pub fn knows(&self, id: &str) -> bool {
        self.applied.contains_key(id) || self.folding.contains(id)
    }

    /// The days whose sessions are needed before batches can be noted.
    pub fn lacking(&self, batches: &[Batch]) -> BTreeSet<Day> {
        batches.iter().flat_map(|batch| &batch.events).filter_map(|Told(start, ..)| self.ledger.lacks(*start)).collect()
    }

    /// Notes batches; those that are known change nothing. What they need is held.
    ///
    /// # Errors
    /// `InternalError` when raw events cannot be encoded.
    pub fn note(&mut self, batches: Vec<Batch>) -> Result<()> {
        for batch in batches {
            if self.knows(&batch.id) {
                continue;
            }
            self.applied.insert(batch.id, batch.events.len() as u64);
            let device = DeviceKey::of(&batch.device);
            for Told(start, duration, channel) in batch.events {
                let observation = Observation { device, start, duration, channel: self.ledger.note_channel(&channel) };
                let kind = match self.ledger.note(&observation) {
                    Noted::Launch => Kind::Launch,
                    Noted::Longer => Kind::Use,
                    Noted::Nothing => continue,
                };
                self.rows.push(|| RawEvent {
                    device: batch.device.clone(),
                    start,
                    duration,
                    kind,
                    channel,
                    platform: batch.platform.clone(),
                    sdk: batch.sdk.clone(),
                    received: batch.received,
                })?;
            }
        }
        Ok(())
    }
}

/// Where the state of an application is, if it is loaded.
#[derive(Debug, Default)]
pub struct Slot(Option<Box<State>>);

impl Slot {
    /// The state.
    pub fn state(&mut self) -> Option<&mut State> {
        self.0.as_deref_mut()
    }

    /// Takes a state in.
    pub fn fill(&mut self, state: State) {
        self.0 = Some(Box::new(state));
    }

    /// Throws the state away.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// Throws the state away, unless it is another one already.
    pub fn clear_if(&mut self, number: u64) {
        if self.0.as_ref().is_some_and(|state| state.number == number) {
            self.clear();
        }
    }

    /// Works on the state where that may take long.
    ///
    /// # Errors
    /// `InternalError` when the work panicked, or there is no state. After a panic there is none.
    pub async fn with<T: Send + 'static>(&mut self, work: impl FnOnce(&mut State) -> T + Send + 'static) -> Result<T> {
        let mut state = self.0.take().ok_or_else(|| Error::internal("the state of the application is not loaded"))?;
        let (state, value) = blocking(move || {
            let value = work(&mut state);
            (state, value)
        })
        .await?;
        self.0 = Some(state);
        Ok(value)
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
