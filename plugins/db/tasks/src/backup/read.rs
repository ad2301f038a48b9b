//! Reading a collection out of a backup.

use std::io::{ErrorKind, Read};

use bytes::Bytes;
use flate2::read::GzDecoder;
use mql::check::MAX_SIZE;
use sdk_plugin::{Body, Error, Result, codes};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::pipe::{Reader, cause, pipe};

/// How many documents are loaded at once.
const DOCUMENTS: u64 = 1000;
/// How many bytes are loaded at once, but for a larger document.
const BYTES: usize = 2 << 20;
/// How many batches wait for the database.
const WAITING: usize = 2;
/// The largest document, in bytes, with room for what a database allows itself.
const MAX_DOCUMENT: usize = MAX_SIZE + (16 << 10);

/// Documents in BSON, one after another, and how many they are.
type Batch = (Bytes, u64);

/// The documents of a collection, batch by batch.
pub struct Batches {
    receive: mpsc::Receiver<Batch>,
    parser: Option<JoinHandle<Result<u64>>>,
    expected: u64,
}

impl Batches {
    /// Those of an object, which must have so many documents.
    pub fn of(body: Body, expected: u64) -> Self {
        let (send, receive) = mpsc::channel(WAITING);
        let (writer, reader) = pipe();
        tokio::spawn(writer.fill(body, |_| {}));
        let parser = tokio::task::spawn_blocking(move || split(GzDecoder::new(reader), &send));
        Self { receive, parser: Some(parser), expected }
    }

    /// The next batch; none at the end.
    ///
    /// # Errors
    /// What the storage answers, or that the object is not what was written.
    pub async fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(batch) = self.receive.recv().await {
            return Ok(Some(batch));
        }
        let Some(parser) = self.parser.take() else { return Ok(None) };
        let read = parser.await.map_err(Error::internal)??;
        if read != self.expected {
            return Err(Error::internal(format!("an object of a backup has {read} documents, and should have {}", self.expected)));
        }
        Ok(None)
    }
}

fn split(mut reader: GzDecoder<Reader>, send: &mpsc::Sender<Batch>) -> Result<u64> {
    let broken = |error: std::io::Error| cause(error, |error| Error::internal(error).with_operation("read a backup"));
    let gone = || Error::new(codes::UNAVAILABLE, "nobody reads the backup any more");
    let (mut batch, mut count, mut all) = (Vec::new(), 0, 0);
    let mut length = [0; 4];
    while fill(&mut reader, &mut length).map_err(broken)? {
        let size = usize::try_from(i32::from_le_bytes(length)).unwrap_or(0);
        if !(5..=MAX_DOCUMENT).contains(&size) {
            return Err(Error::internal("an object of a backup is not BSON"));
        }
        let begins = batch.len();
        batch.extend_from_slice(&length);
        batch.resize(begins + size, 0);
        let rest = batch.get_mut(begins + length.len()..).unwrap_or_default();
        reader.read_exact(rest).map_err(broken)?;
        (count, all) = (count + 1, all + 1);
        if batch.len() >= BYTES || count == DOCUMENTS {
            send.blocking_send((Bytes::from(std::mem::take(&mut batch)), count)).map_err(|_| gone())?;
            count = 0;
        }
    }
    if count > 0 {
        send.blocking_send((Bytes::from(batch), count)).map_err(|_| gone())?;
    }
    Ok(all)
}

/// Fills a buffer, unless the end is reached right before it.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
