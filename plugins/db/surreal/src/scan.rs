//! Going through the documents that a filter matches, in bounded memory.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use bson::Document;
use bytes::Bytes;
use mql::{Filter, Matched};
use sdk_plugin::{Error, Result};

use crate::error::language;
use crate::index::Entries;
use crate::layout::{self, Part, Range};
use crate::near::Outwards;
use crate::plan::{Access, Nearest, Plan};
use crate::records::Records;

/// How many bytes of documents a page should have.
const PAGE_BYTES: usize = 1024 * 1024;
/// The most documents in a page.
const PAGE_LIMIT: usize = 512;
/// How many documents the first page has when nothing is known of their size.
const FIRST_PAGE: usize = 64;
/// How many keys are looked up at once.
const KEYS_AT_ONCE: usize = 64;

/// A document that matches.
pub struct Match {
    /// Its BSON.
    pub bytes: Bytes,
    /// The same, decoded, where the filter needed it.
    pub decoded: Option<Document>,
    /// Where in an array the filter was met: what the positional `$` stands for.
    pub position: Option<usize>,
}

impl Match {
    /// A document of which nothing else is known.
    pub fn of(bytes: Bytes) -> Self {
        Self { bytes, decoded: None, position: None }
    }

    /// What the filter said of it beside matching.
    pub fn matched(&self) -> Matched {
        Matched { position: self.position }
    }

    /// The document, decoded.
    ///
    /// # Errors
    /// `InternalError` when it is not BSON.
    pub fn document(self) -> Result<Document> {
        match self.decoded {
            Some(document) => Ok(document),
            None => decode(&self.bytes),
        }
    }
}

/// Decodes a document.
///
/// # Errors
/// `InternalError` when it is not BSON.
pub fn decode(bytes: &Bytes) -> Result<Document> {
    Document::from_reader(&**bytes).map_err(|e| Error::internal(e).with_operation("decode a stored document"))
}

/// The documents that a filter matches, in the order of a plan, page by page.
pub struct Scan {
    records: Records,
    filter: Arc<Filter>,
    /// The values of the variables that expressions of the filter may use.
    variables: Document,
    source: Source,
    /// Whether the documents are those with the `_id`s of the filter.
    by_id: bool,
    page: usize,
    /// How many matches are still to be left out.
    skip: u64,
    /// The keys of documents that do not count.
    without: BTreeSet<String>,
    examined: Examined,
}

enum Source {
    /// The documents with these keys, last first.
    Keys(Vec<String>),
    Collection {
        range: Range,
        reverse: bool,
        begun: bool,
    },
    Index(Entries),
    Near(Nearest, Outwards),
    Finished,
}

/// How much was read.
#[derive(Clone, Copy, Default)]
pub struct Examined {
    /// Entries of indexes.
    pub keys: u64,
    /// Documents.
    pub documents: u64,
}

impl Scan {
    /// Reads what a plan says.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn new(records: &Records, filter: Arc<Filter>, plan: Plan) -> Result<Self> {
        let mut records = records.clone();
        if !records.database.is_shared() && records.snapshot.is_none() && matches!(plan.access, Access::Index(_) | Access::Near(_)) {
            // An entry and its document are read one after the other.
            records.snapshot = Some(records.database.snapshot().await?);
        }
        let by_id = matches!(plan.access, Access::Keys(_));
        let source = match plan.access {
            Access::Keys(mut keys) => {
                keys.reverse();
                Source::Keys(keys)
            }
            Access::Collection { range, reverse } => Source::Collection { range, reverse, begun: false },
            Access::Index(access) => Source::Index(Entries::new(access.index, access.ranges, access.reverse, access.repeats)),
            Access::Near(near) => Source::Near(near, Outwards::default()),
        };
        Ok(Self {
            records,
            filter,
            variables: Document::new(),
            source,
            by_id,
            page: FIRST_PAGE,
            skip: 0,
            without: BTreeSet::new(),
            examined: Examined::default(),
        })
    }

    /// Leaves the first matches out.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Passes over the documents with these keys.
    #[must_use]
    pub fn without(mut self, keys: Option<&BTreeSet<String>>) -> Self {
        self.without = keys.cloned().unwrap_or_default();
        self
    }

    /// Finds each document once, even when it is changed meanwhile and moves within an index.
    #[must_use]
    pub fn once(mut self) -> Self {
        // A snapshot does not change.
        if self.records.snapshot.is_none()
            && let Source::Index(entries) = &mut self.source
        {
            entries.once();
        }
        self
    }

    /// Gives variables to the filter's expressions.
    #[must_use]
    pub fn with(mut self, variables: Document) -> Self {
        self.variables = variables;
        self
    }

    /// Says how many documents the caller wants, so that no more are read than that.
    #[must_use]
    pub fn expect(mut self, wanted: u64) -> Self {
        if self.filter.is_empty() || matches!(self.source, Source::Index(_)) {
            self.page = usize::try_from(wanted).unwrap_or(PAGE_LIMIT).clamp(1, FIRST_PAGE);
        }
        self
    }

    /// How much was read so far.
    pub fn examined(&self) -> Examined {
        self.examined
    }

    /// The matches of the next page, `None` after the last page.
    ///
    /// # Errors
    /// `InvalidParams.Format` when an expression of the filter fails; otherwise what the database answers.
    pub async fn next(&mut self) -> Result<Option<Vec<Match>>> {
        let documents = match &mut self.source {
            Source::Finished => return Ok(None),
            Source::Collection { range, .. } if range.is_empty() => return Ok(None),
            Source::Keys(keys) => {
                let documents = match keys.as_slice() {
                    [] => return Ok(None),
                    [key] => self.records.get(key).await?.into_iter().collect(),
                    _ => {
                        let some: Vec<&str> = keys.iter().rev().take(KEYS_AT_ONCE).map(String::as_str).collect();
                        self.records.get_all(&some).await?
                    }
                };
                keys.truncate(keys.len().saturating_sub(KEYS_AT_ONCE));
                documents
            }
            Source::Collection { range, reverse, begun } => {
                // An embedded database answers at once: without this a long scan would neither see its
                // deadline nor let others in.
                if std::mem::replace(begun, true) {
                    tokio::task::yield_now().await;
                }
                // Without a filter the database itself can leave out what is to be skipped.
                let skip = if self.filter.is_empty() && self.without.is_empty() { std::mem::take(&mut self.skip) } else { 0 };
                let documents = self.records.page(&Part { range, reverse: *reverse, skip, limit: self.page as u64 }).await?;
                match documents.last() {
                    Some(last) if documents.len() >= self.page => {
                        let last = Bound::Excluded(layout::key_of(last)?);
                        *(if *reverse { &mut range.end } else { &mut range.start }) = last;
                        self.page = next_page(self.page, &documents);
                    }
                    _ => self.source = Source::Finished,
                }
                documents
            }
            Source::Index(entries) => {
                if self.examined.keys > 0 {
                    tokio::task::yield_now().await;
                }
                let found = entries.next(&self.records.database, self.records.snapshot.as_ref(), self.page).await?;
                self.examined.keys = entries.read;
                let Some(keys) = found else { return Ok(None) };
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                let documents = self.records.get_all(&keys).await?;
                self.page = next_page(self.page, &documents);
                documents
            }
            Source::Near(near, outwards) => {
                let documents = outwards.next(near, &self.records, &mut self.examined).await?;
                let Some(documents) = documents else { return Ok(None) };
                documents
            }
        };
        self.examined.documents += documents.len() as u64;
        let mut matches = Vec::with_capacity(documents.len());
        for bytes in documents {
            if let Some(found) = self.check(bytes)? {
                if self.skip > 0 {
                    self.skip -= 1;
                } else {
                    matches.push(found);
                }
            }
        }
        Ok(Some(matches))
    }

    fn check(&self, bytes: Bytes) -> Result<Option<Match>> {
        if !self.without.is_empty() && self.without.contains(&layout::key_of(&bytes)?) {
            return Ok(None);
        }
        if self.filter.is_empty() || self.by_id && self.filter.is_id_equality() {
            return Ok(Some(Match { bytes, decoded: None, position: None }));
        }
        let document = decode(&bytes)?;
        let matched = self.filter.test(&document, &self.variables).map_err(language)?;
        Ok(matched.map(|matched| Match { bytes, decoded: Some(document), position: matched.position }))
    }
}

/// How many documents to read next, so that a page has about [`PAGE_BYTES`].
fn next_page(page: usize, documents: &[Bytes]) -> usize {
    let bytes = documents.iter().map(Bytes::len).sum::<usize>().max(1);
    (documents.len().saturating_mul(PAGE_BYTES) / bytes).clamp(1, (page * 4).min(PAGE_LIMIT))
}

/// Encodes a document that is to be stored.
///
/// # Errors
/// `InvalidParams.Format` when it is too large.
pub fn encode(document: &Document) -> Result<Bytes> {
    let bytes = document.to_vec().map_err(|e| Error::invalid_params("the document cannot be stored").with_source(e))?;
    mql::check::size(bytes.len()).map_err(language)?;
    Ok(bytes.into())
}
