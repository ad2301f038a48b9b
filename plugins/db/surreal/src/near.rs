//! Going through documents by their distance from a place.

use std::collections::HashSet;

use bytes::Bytes;
use sdk_plugin::{Error, Result};

use crate::index::Entries;
use crate::layout::{Part, Range, key_of};
use crate::plan::Nearest;
use crate::records::Records;
use crate::scan::{Examined, decode};

/// How many entries, or documents, are read at once.
const PAGE: usize = 256;
/// How much memory the documents of one ring may take, in bytes. MongoDB's limit for sorting.
const MEMORY: usize = 32 * 1024 * 1024;

/// The documents near a place that were answered already.
#[derive(Default)]
pub struct Outwards {
    answered: HashSet<String>,
    finished: bool,
}

impl Outwards {
    /// The documents of the next ring with any, sorted by distance; `None` after the last.
    ///
    /// # Errors
    /// `InvalidParams.Format` when a ring has more documents than memory may take; otherwise what
    /// the database answers.
    pub async fn next(&mut self, nearest: &mut Nearest, records: &Records, examined: &mut Examined) -> Result<Option<Vec<Bytes>>> {
        if nearest.index().is_none() {
            return if std::mem::replace(&mut self.finished, true) { Ok(None) } else { all(nearest, records).await.map(Some) };
        }
        while let Some((ring, ranges)) = nearest.ring() {
            tokio::task::yield_now().await;
            let Some(index) = nearest.index().cloned() else { return Ok(None) };
            let mut entries = Entries::new(index, ranges, false, true);
            let mut found = Found::default();
            while let Some(keys) = entries.next(&records.database, records.snapshot.as_ref(), PAGE).await? {
                let keys: Vec<&str> = keys.iter().map(String::as_str).filter(|key| !self.answered.contains(*key)).collect();
                let mut rest = keys.as_slice();
                while !rest.is_empty() {
                    let (documents, taken) = records.get_some(rest).await?;
                    rest = rest.get(taken..).unwrap_or_default();
                    for bytes in documents {
                        let distance = nearest.near.distance(&decode(&bytes)?);
                        // What is farther away comes with a later ring.
                        if let Some(distance) = distance.filter(|distance| nearest.near.metres(*distance) < ring.to) {
                            found.add(distance, bytes)?;
                        }
                    }
                }
            }
            examined.keys += entries.read;
            if !found.documents.is_empty() {
                let documents = found.sorted();
                for bytes in &documents {
                    self.answered.insert(key_of(bytes)?);
                }
                return Ok(Some(documents));
            }
        }
        Ok(None)
    }
}

/// All documents of a collection that have a distance, sorted by it.
async fn all(nearest: &Nearest, records: &Records) -> Result<Vec<Bytes>> {
    let mut found = Found::default();
    let mut range = Range::ALL;
    loop {
        let page = records.page(&Part { range: &range, reverse: false, skip: 0, limit: PAGE as u64 }).await?;
        let Some(last) = page.last() else { return Ok(found.sorted()) };
        range.start = std::ops::Bound::Excluded(key_of(last)?);
        for bytes in page {
            if let Some(distance) = nearest.near.distance(&decode(&bytes)?) {
                found.add(distance, bytes)?;
            }
        }
        tokio::task::yield_now().await;
    }
}

#[derive(Default)]
struct Found {
    documents: Vec<(f64, Bytes)>,
    size: usize,
}

impl Found {
    fn add(&mut self, distance: f64, bytes: Bytes) -> Result<()> {
        self.size += bytes.len();
        if self.size > MEMORY {
            return Err(Error::invalid_params(format!(
                "more than {MEMORY} bytes of documents lie equally near; make a 2dsphere index, or a smaller $maxDistance"
            )));
        }
        self.documents.push((distance, bytes));
        Ok(())
    }

    fn sorted(mut self) -> Vec<Bytes> {
        self.documents.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        self.documents.into_iter().map(|(_, bytes)| bytes).collect()
    }
}
