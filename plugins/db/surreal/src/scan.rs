//! Going through the documents that a filter matches, in bounded memory.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use bson::Document;
use bytes::Bytes;
use mql::{Fields, Filter, Matched};
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
    /// The same, or the fields that were [asked for](Scan::reading), where they are decoded already.
    pub decoded: Option<Document>,
    /// Whether that has all fields.
    pub whole: bool,
    /// Where in an array the filter was met: what the positional `$` stands for.
    pub position: Option<usize>,
}

impl Match {
    /// A document of which nothing else is known.
    pub fn of(bytes: Bytes) -> Self {
        Self { bytes, decoded: None, whole: false, position: None }
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
            Some(document) if self.whole => Ok(document),
            _ => decode(&self.bytes),
        }
    }

    /// The fields that the scan was [asked for](Scan::reading).
    ///
    /// # Errors
    /// `InternalError` when the document is not BSON.
    pub fn fields(&mut self, fields: &Fields) -> Result<Document> {
        match self.decoded.take() {
            Some(document) => Ok(document),
            None => fields.decode(&self.bytes).map_err(|e| Error::internal(e).with_operation("decode a stored document")),
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
    /// What is decoded to check the filter, and for the caller.
    fields: Fields,
    /// Whether the caller finds what it asked for among what is decoded.
    keeps: bool,
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
    /// The documents of an index, and the keys of those that come next.
    Index(Entries, Vec<String>),
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
            Access::Index(access) => Source::Index(Entries::new(access.index, access.ranges, access.reverse, access.repeats), Vec::new()),
            Access::Near(near) => Source::Near(near, Outwards::default()),
        };
        let fields = Fields::of_filter(&filter);
        Ok(Self {
            records,
            keeps: fields == Fields::All,
            fields,
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
            && let Source::Index(entries, _) = &mut self.source
        {
            entries.once();
        }
        self
    }

    /// Says which fields of the matches the caller looks at: [`Match::fields`] has them.
    #[must_use]
    pub fn reading(mut self, fields: &Fields) -> Self {
        self.fields = self.fields.and(fields);
        self.keeps = true;
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
        if self.filter.is_empty() || matches!(self.source, Source::Index(..)) {
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
                let (documents, taken) = match keys.as_slice() {
                    [] => return Ok(None),
                    [key] => (self.records.get(key).await?.into_iter().collect(), 1),
                    _ => {
                        let some: Vec<&str> = keys.iter().rev().take(KEYS_AT_ONCE).map(String::as_str).collect();
                        self.records.get_some(&some).await?
                    }
                };
                keys.truncate(keys.len().saturating_sub(taken));
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
                let part = Part { range, reverse: *reverse, skip, limit: self.page as u64 };
                let documents = self.records.page(&part).await?;
                match documents.last() {
                    Some(last) if !part.is_over(&documents) => {
                        let last = Bound::Excluded(layout::key_of(last)?);
                        *(if *reverse { &mut range.end } else { &mut range.start }) = last;
                        self.page = next_page(self.page, &documents);
                    }
                    _ => self.source = Source::Finished,
                }
                documents
            }
            Source::Index(entries, found) => {
                if self.examined.keys > 0 {
                    tokio::task::yield_now().await;
                }
                if found.is_empty() {
                    let next = entries.next(&self.records.database, self.records.snapshot.as_ref(), self.page).await?;
                    self.examined.keys = entries.read;
                    let Some(next) = next else { return Ok(None) };
                    *found = next;
                }
                let keys: Vec<&str> = found.iter().map(String::as_str).collect();
                let (documents, taken) = self.records.get_some(&keys).await?;
                found.drain(..taken.min(found.len()));
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
            return Ok(Some(Match::of(bytes)));
        }
        let document = self.fields.decode(&bytes).map_err(|e| Error::internal(e).with_operation("decode a stored document"))?;
        let matched = self.filter.test(&document, &self.variables).map_err(language)?;
        Ok(matched.map(|matched| Match {
            bytes,
            decoded: self.keeps.then_some(document),
            whole: self.fields == Fields::All,
            position: matched.position,
        }))
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
