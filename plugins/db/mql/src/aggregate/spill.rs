//! Documents put aside in temporary files, sorted, and merged from there.

use std::fmt;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bson::Document;

use super::operator::Env;
use crate::error::{Code, Error, Result};

/// How many runs of one level there may be before they are merged into one of the next: what
/// bounds the files that are open and the documents that are held while merging.
const FAN_IN: usize = 16;

/// Where stages that may use the disk put what does not fit into memory. Files are written once,
/// from start to end, then read once; they are blocking, and gone when they are dropped.
pub trait Spill: fmt::Debug + Send + Sync {
    /// A new, empty file.
    ///
    /// # Errors
    /// What the file system reports.
    fn create(&self) -> io::Result<Box<dyn SpillFile>>;
}

/// A file for [`Spill`]: whatever can be written, rewound and read.
pub trait SpillFile: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> SpillFile for T {}

/// A [`Spill`] that takes its files from a function.
///
/// ```
/// use mql::aggregate::{Spill, SpillWith};
///
/// let in_memory = SpillWith(|| Ok(std::io::Cursor::new(Vec::new())));
/// in_memory.create()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct SpillWith<F>(pub F);

impl<F> fmt::Debug for SpillWith<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpillWith")
    }
}

impl<F, T> Spill for SpillWith<F>
where
    F: Fn() -> io::Result<T> + Send + Sync,
    T: SpillFile + 'static,
{
    fn create(&self) -> io::Result<Box<dyn SpillFile>> {
        Ok(Box::new((self.0)()?))
    }
}

/// How much of a disk the temporary files of a pipeline take together.
#[derive(Debug)]
pub(super) struct Disk {
    limit: u64,
    taken: AtomicU64,
}

impl Disk {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, taken: AtomicU64::new(0) }
    }
}

/// What one file takes of a disk, until it is gone.
struct Share {
    disk: Arc<Disk>,
    bytes: u64,
}

impl Share {
    fn take(&mut self, bytes: usize) -> Result<()> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let limit = self.disk.limit;
        if self.disk.taken.fetch_add(bytes, Relaxed).saturating_add(bytes) > limit {
            self.disk.taken.fetch_sub(bytes, Relaxed);
            return Err(Error::new(
                Code::OutOfDiskSpace,
                format!("the temporary files of the pipeline exceed the limit of {limit} bytes that allowDiskUse gives them"),
            ));
        }
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.disk.taken.fetch_sub(self.bytes, Relaxed);
    }
}

/// An order of documents.
pub(super) trait Order: Send {
    type Key: Ord + Send;

    fn key(&self, doc: &Document, env: &Env) -> Result<Self::Key>;
}

/// Sorted runs of documents.
#[derive(Default)]
pub(super) struct Runs {
    levels: Vec<Vec<Run>>,
}

struct Run {
    file: BufReader<Box<dyn SpillFile>>,
    left: u64,
    _share: Share,
}

impl Runs {
    pub(super) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Writes a run of documents that are in order already.
    pub(super) fn write<O: Order>(&mut self, spill: &dyn Spill, docs: impl Iterator<Item = Document>, order: &O, env: &Env) -> Result<()> {
        let mut run = write(spill, docs.map(Ok), env)?;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(runs) = self.levels.get_mut(level) else {
                break;
            };
            runs.push(run);
            if runs.len() < FAN_IN {
                break;
            }
            let mut merge = Merge::new(std::mem::take(runs), order, env)?;
            let merged = std::iter::from_fn(|| merge.next(order, env).map(|next| next.map(|(_, doc)| doc)).transpose());
            run = write(spill, merged, env)?;
        }
        Ok(())
    }

    /// All documents of all runs in order; equal ones in the order in which they were written.
    pub(super) fn merge<O: Order>(self, order: &O, env: &Env) -> Result<Merge<O::Key>> {
        // Higher levels hold what was written earlier.
        Merge::new(self.levels.into_iter().rev().flatten().collect(), order, env)
    }
}

fn write(spill: &dyn Spill, docs: impl Iterator<Item = Result<Document>>, env: &Env) -> Result<Run> {
    let mut file = BufWriter::new(spill.create().map_err(|error| failed(&error))?);
    let mut left = 0;
    let mut share = Share { disk: Arc::clone(&env.disk), bytes: 0 };
    for doc in docs {
        env.variables.watch.spend(64)?;
        let bytes = doc?.to_vec().map_err(|error| failed(&error))?;
        share.take(bytes.len())?;
        file.write_all(&bytes).map_err(|error| failed(&error))?;
        left += 1;
    }
    let mut file = file.into_inner().map_err(|error| failed(error.error()))?;
    file.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
    Ok(Run { file: BufReader::new(file), left, _share: share })
}

fn failed(error: &dyn fmt::Display) -> Error {
    Error::new(Code::OperationFailed, format!("writing or reading a temporary file failed: {error}"))
}

impl Run {
    fn next(&mut self) -> Result<Option<Document>> {
        match self.left.checked_sub(1) {
            None => Ok(None),
            Some(left) => {
                self.left = left;
                Document::from_reader(&mut self.file).map(Some).map_err(|error| failed(&error))
            }
        }
    }
}

/// The documents of several runs, in order.
pub(super) struct Merge<K> {
    runs: Vec<Run>,
    heads: Vec<Option<(K, Document)>>,
}

impl<K: Ord> Merge<K> {
    fn new<O: Order<Key = K>>(mut runs: Vec<Run>, order: &O, env: &Env) -> Result<Self> {
        let heads = runs.iter_mut().map(|run| head(run, order, env)).collect::<Result<_>>()?;
        Ok(Self { runs, heads })
    }

    pub(super) fn next<O: Order<Key = K>>(&mut self, order: &O, env: &Env) -> Result<Option<(K, Document)>> {
        env.variables.watch.spend(64)?;
        let keyed = self.heads.iter().enumerate().filter_map(|(at, head)| head.as_ref().map(|(key, _)| (key, at)));
        let Some((_, least)) = keyed.min() else {
            return Ok(None);
        };
        match (self.runs.get_mut(least), self.heads.get_mut(least)) {
            (Some(run), Some(place)) => Ok(std::mem::replace(place, head(run, order, env)?)),
            _ => Ok(None),
        }
    }
}

fn head<O: Order>(run: &mut Run, order: &O, env: &Env) -> Result<Option<(O::Key, Document)>> {
    run.next()?.map(|doc| Ok((order.key(&doc, env)?, doc))).transpose()
}
