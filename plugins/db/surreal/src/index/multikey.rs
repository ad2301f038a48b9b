//! Which fields of an index were arrays in some document. What a scan of the index may leave to
//! its bounds depends on it (MongoDB: multikey index bounds).
//!
//! It is kept as a record of the index's table for each such field, whose key comes before all
//! entries. It never goes away again, as in MongoDB.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bson::Document;
use bytes::Bytes;
use mql::bounds::MultikeyPaths;
use sdk_plugin::Result;
use surreal_records::{Expect, Session, Snapshot, Then, Write};

use super::Index;

/// The fields of one index, one bit each. MongoDB's limit is 32 fields, and so is ours.
#[derive(Debug, Default)]
pub struct Multikey {
    fields: AtomicU32,
    /// Those of them that are stored for sure.
    stored: AtomicU32,
    /// Whether what is stored has been read.
    loaded: AtomicBool,
}

/// What is known of the indexes of a database, by their tables.
#[derive(Debug, Default)]
pub struct MultikeyFields(Mutex<HashMap<String, Arc<Multikey>>>);

impl MultikeyFields {
    /// What is known of an index, the same for all who ask.
    pub fn of(&self, table: &str) -> Arc<Multikey> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(table.to_owned()).or_default().clone()
    }

    /// Forgets an index that is no more.
    pub fn forget(&self, table: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(table);
    }
}

/// What the keys of these records begin with. No entry does.
const MARKER: char = '\u{1}';

fn marker(field: usize) -> String {
    format!("{MARKER}{field:02}")
}

fn bit(field: usize) -> u32 {
    u32::try_from(field).ok().and_then(|field| 1_u32.checked_shl(field)).unwrap_or(0)
}

impl Multikey {
    /// Notes the arrays of a document that is about to be stored.
    pub fn note(&self, index: &Index, document: &Document, writes: &mut Vec<Write>) {
        for field in index.spec.arrays(document) {
            let bit = bit(field);
            // Whoever plans a scan from now on knows, before anybody can see the document.
            self.fields.fetch_or(bit, Ordering::SeqCst);
            if self.stored.load(Ordering::SeqCst) & bit == 0 {
                writes.push(Write {
                    table: index.table.clone(),
                    key: marker(field),
                    expect: Expect::Anything,
                    then: Then::Put(Bytes::from_static(b"multikey")),
                });
            }
        }
    }

    /// Takes notice of a write that was made.
    pub fn stored(&self, write: &Write) {
        let field = write.key.strip_prefix(MARKER).and_then(|field| field.parse().ok());
        if let Some(field) = field {
            self.stored.fetch_or(bit(field), Ordering::SeqCst);
        }
    }

    /// The fields that are arrays in some document of a snapshot, or in a later one.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn paths(&self, index: &Index, session: &Session, snapshot: Option<&Snapshot>) -> Result<MultikeyPaths> {
        let count = index.spec.fields().len();
        if session.is_shared() || !self.loaded.load(Ordering::SeqCst) {
            for field in 0..count {
                if session.get(&index.table, &[&marker(field)], snapshot).await?.pop().is_some() {
                    self.fields.fetch_or(bit(field), Ordering::SeqCst);
                    self.stored.fetch_or(bit(field), Ordering::SeqCst);
                }
            }
            self.loaded.store(true, Ordering::SeqCst);
        }
        let fields = self.fields.load(Ordering::SeqCst);
        Ok((0..count).filter(|field| fields & bit(*field) != 0).collect())
    }
}
