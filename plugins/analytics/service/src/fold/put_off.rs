//! Raw files that could not be merged. They are left out for a time, so that those beside them are
//! merged all the same.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::MINUTE;
use crate::store::manifest::RawFile;

/// For how long a file is left out, in milliseconds.
const TIME: i64 = 60 * MINUTE;
/// So many are left out at once. Further ones are tried again each time.
const MOST: usize = 10_000;

/// The files that are left out, by their names, and since when.
#[derive(Debug, Default)]
pub struct PutOff(Mutex<HashMap<String, i64>>);

fn lasts(since: i64, now: i64) -> bool {
    (0..TIME).contains(&(now - since))
}

impl PutOff {
    fn since(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves files out from now on.
    pub fn add(&self, files: &[RawFile], now: i64) {
        let mut all = self.since();
        all.retain(|_, since| lasts(*since, now));
        let room = MOST.saturating_sub(all.len());
        all.extend(files.iter().take(room).map(|raw| (raw.file.clone(), now)));
    }

    /// Whether a file is left out.
    pub fn has(&self, raw: &RawFile, now: i64) -> bool {
        self.since().get(&raw.file).is_some_and(|since| lasts(*since, now))
    }
}
