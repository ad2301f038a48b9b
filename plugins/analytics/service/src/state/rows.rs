//! Raw events that are not in a file yet. Many of them are kept encoded, which takes a tenth of the
//! memory.

use std::collections::BTreeMap;
use std::mem;

use analytics_engine::Day;
use analytics_engine::segment::{RawEvent, write_events};
use bytes::Bytes;
use sdk_plugin::Result;

use crate::clock::date;
use crate::errors;

/// So many are encoded.
const MANY: usize = 100_000;

/// Raw events of one date of receipt, encoded.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The date, in UTC.
    pub date: Day,
    /// How many there are.
    pub rows: u64,
    /// The file.
    pub bytes: Bytes,
}

/// Raw events.
#[derive(Debug)]
pub struct Rows {
    keep: bool,
    open: Vec<RawEvent>,
    sealed: Vec<Sealed>,
}

impl Rows {
    /// None; and none are ever kept unless `keep` says so.
    pub fn new(keep: bool) -> Self {
        Self { keep, open: Vec::new(), sealed: Vec::new() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.sealed.is_empty()
    }

    /// Adds one.
    ///
    /// # Errors
    /// `InternalError` when those before cannot be encoded.
    pub fn push(&mut self, row: impl FnOnce() -> RawEvent) -> Result<()> {
        if self.keep {
            self.open.push(row());
            if self.open.len() >= MANY {
                self.seal()?;
            }
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<()> {
        let mut dates: BTreeMap<Day, Vec<RawEvent>> = BTreeMap::new();
        for row in mem::take(&mut self.open) {
            dates.entry(date(row.received)).or_default().push(row);
        }
        for (date, rows) in dates {
            let bytes = write_events(&rows).map_err(errors::engine)?;
            self.sealed.push(Sealed { date, rows: rows.len() as u64, bytes });
        }
        Ok(())
    }

    /// Takes all of them out.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let none = Self::new(self.keep);
        mem::replace(self, none)
    }

    /// All of them, encoded.
    ///
    /// # Errors
    /// `InternalError` when they cannot be encoded.
    pub fn sealed(mut self) -> Result<Vec<Sealed>> {
        self.seal()?;
        Ok(self.sealed)
    }

    /// About how many bytes they take.
    pub fn memory(&self) -> usize {
        self.open.len() * 200 + self.sealed.iter().map(|sealed| sealed.bytes.len()).sum::<usize>()
    }
}
