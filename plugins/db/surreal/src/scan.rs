//! Going through the documents that a filter matches, in bounded memory.

use std::collections::BTreeSet;
use std::ops::Bound;

use bson::Document;
use bytes::Bytes;
use mql::Filter;
use sdk_plugin::{Error, Result};

use crate::error::language;
use crate::layout::{self, Part, Range};
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
}

impl Match {
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

enum Source {
    /// The documents with these keys, last first.
    Keys(Vec<String>),
    /// A range of keys.
    Range(Range),
    Finished,
}

/// The documents that a filter matches, in the order of their `_id`s, page by page.
pub struct Scan<'a> {
    records: &'a Records,
    filter: &'a Filter,
    source: Source,
    page: usize,
    /// How many matches are still to be left out.
    skip: u64,
    /// The keys of documents that do not count.
    without: Option<&'a BTreeSet<String>>,
}

impl<'a> Scan<'a> {
    /// Looks keys up when the filter names the `_id`s, and reads the range that it leaves otherwise.
    ///
    /// # Errors
    /// `InvalidParams.Format` when an `_id` cannot be one.
    pub fn new(records: &'a Records, filter: &'a Filter) -> Result<Self> {
        let source = match filter.ids() {
            Some(ids) => {
                let keys: BTreeSet<String> = ids.into_iter().filter_map(|id| layout::key(id).ok()).collect();
                Source::Keys(keys.into_iter().rev().collect())
            }
            None => Source::Range(Range::of(filter.id_bounds())?),
        };
        Ok(Self { records, filter, source, page: FIRST_PAGE, skip: 0, without: None })
    }

    /// Leaves the first matches out.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Passes over the documents with these keys.
    #[must_use]
    pub fn without(mut self, keys: Option<&'a BTreeSet<String>>) -> Self {
        self.without = keys.filter(|keys| !keys.is_empty());
        self
    }

    /// Says how many documents the caller wants, so that no more are read than that.
    #[must_use]
    pub fn expect(mut self, wanted: u64) -> Self {
        if self.filter.is_empty() {
            self.page = usize::try_from(wanted).unwrap_or(PAGE_LIMIT).clamp(1, FIRST_PAGE);
        }
        self
    }

    /// The matches of the next page, `None` after the last page.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn next(&mut self) -> Result<Option<Vec<Match>>> {
        let documents = match &mut self.source {
            Source::Finished => return Ok(None),
            Source::Range(range) if range.is_empty() => return Ok(None),
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
            Source::Range(range) => {
                // An embedded database answers at once: without this a long scan would neither see its
                // deadline nor let others in.
                if matches!(range.start, Bound::Excluded(_)) {
                    tokio::task::yield_now().await;
                }
                // Without a filter the database itself can leave out what is to be skipped.
                let skip = if self.filter.is_empty() && self.without.is_none() { std::mem::take(&mut self.skip) } else { 0 };
                let documents = self.records.page(&Part { range, reverse: false, skip, limit: self.page as u64 }).await?;
                match documents.last() {
                    Some(last) if documents.len() >= self.page => {
                        range.start = Bound::Excluded(layout::key_of(last)?);
                        let bytes = documents.iter().map(Bytes::len).sum::<usize>().max(1);
                        self.page = (documents.len().saturating_mul(PAGE_BYTES) / bytes).clamp(1, (self.page * 4).min(PAGE_LIMIT));
                    }
                    _ => self.source = Source::Finished,
                }
                documents
            }
        };
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
        if let Some(without) = self.without
            && without.contains(&layout::key_of(&bytes)?)
        {
            return Ok(None);
        }
        if self.filter.is_empty() || self.filter.is_id_equality() {
            return Ok(Some(Match { bytes, decoded: None }));
        }
        let document = decode(&bytes)?;
        Ok(self.filter.matches(&document).then(|| Match { bytes, decoded: Some(document) }))
    }
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
