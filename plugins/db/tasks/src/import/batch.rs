//! Documents of a file in batches, read on a thread of its own.

use bson::oid::ObjectId;
use bson::{Bson, Document};
use bytes::{Bytes, BytesMut};
use mql::check;
use sdk_plugin::{Error, Result, codes};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::code::in_line;
use crate::pipe::Reader;
use crate::record::FileType;

use super::{lines, table};

/// How many documents are written at once.
const DOCUMENTS: usize = 500;
/// How many bytes are written at once, but for a larger document.
const BYTES: usize = 2 << 20;
/// How many batches wait for the database.
const WAITING: usize = 2;

/// A document of a file.
pub struct Entry {
    /// The line that it begins in, from 1.
    pub line: u64,
    /// The document, with an `_id`.
    pub document: Document,
    /// It in BSON.
    pub bytes: Vec<u8>,
}

impl Entry {
    fn of(line: u64, mut document: Document) -> Result<Self> {
        match document.get_mut("_id") {
            None => {
                let mut with_id = Document::new();
                with_id.insert("_id", ObjectId::new());
                with_id.extend(document);
                document = with_id;
            }
            Some(id) => {
                if let Some(known) = id.as_str().filter(|text| text.len() == 24).and_then(|text| ObjectId::parse_str(text).ok()) {
                    *id = Bson::ObjectId(known);
                }
            }
        }
        check::document(&document).map_err(|e| in_line(line, e))?;
        let bytes = document.to_vec().map_err(|e| in_line(line, e))?;
        check::size(bytes.len()).map_err(|e| in_line(line, e))?;
        Ok(Self { line, document, bytes })
    }
}

/// The documents of some entries in BSON, one after another.
pub fn bytes(entries: &[Entry]) -> Bytes {
    let mut all = BytesMut::with_capacity(entries.iter().map(|entry| entry.bytes.len()).sum());
    entries.iter().for_each(|entry| all.extend_from_slice(&entry.bytes));
    all.freeze()
}

/// Gathers documents and hands them on.
struct Gatherer {
    batch: Vec<Entry>,
    size: usize,
    send: mpsc::Sender<Vec<Entry>>,
}

impl Gatherer {
    fn add(&mut self, line: u64, document: Document) -> Result<()> {
        let entry = Entry::of(line, document)?;
        if self.size + entry.bytes.len() > BYTES || self.batch.len() == DOCUMENTS {
            self.flush()?;
        }
        self.size += entry.bytes.len();
        self.batch.push(entry);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.size = 0;
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        self.send.blocking_send(batch).map_err(|_| Error::new(codes::UNAVAILABLE, "the import has ended"))
    }
}

/// Parses a file. Its documents come in batches; the handle says why there are no more.
pub fn parse(file_type: FileType, reader: Reader) -> (mpsc::Receiver<Vec<Entry>>, JoinHandle<Result<()>>) {
    let (send, receive) = mpsc::channel(WAITING);
    let parser = tokio::task::spawn_blocking(move || {
        let mut gatherer = Gatherer { batch: Vec::new(), size: 0, send };
        let mut add = |line, document| gatherer.add(line, document);
        let read = match file_type {
            FileType::Json => lines::read(reader, &mut add),
            FileType::Csv => table::read(reader, &mut add),
        };
        // What is right before the first wrong line is stored.
        gatherer.flush().and(read)
    });
    (receive, parser)
}
