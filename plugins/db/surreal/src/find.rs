//! The commands that read.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use bson::{Bson, Document, RawDocument};
use mql::{Filter, Projection, Sort, SortKey, json};
use sdk_plugin::{Error, Result};

use crate::error::language;
use crate::plan::{self, Plan, Wanted};
use crate::records::Records;
use crate::scan::{Examined, Match, Scan};

/// How much memory a sort may take, in bytes. MongoDB's own limit.
const SORT_MEMORY: usize = 32 * 1024 * 1024;
/// How large the documents of one answer may be together, in bytes.
const ANSWER_SIZE: usize = 64 * 1024 * 1024;
/// How large the values of `distinct` may be together, in bytes. MongoDB's own limit.
const DISTINCT_SIZE: usize = 16 * 1024 * 1024;

/// What is asked for.
pub struct Query {
    /// Which documents.
    pub filter: Arc<Filter>,
    /// In which order; by `_id` without one.
    pub sort: Option<Sort>,
    /// How many of the first to leave out.
    pub skip: u64,
    /// How many at most.
    pub limit: u64,
    /// The index to use.
    pub hint: Option<Bson>,
}

impl Query {
    /// What a plan is chosen for.
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted { filter: &self.filter, sort: self.sort.as_ref(), hint: self.hint.as_ref() }
    }
}

/// The documents that a query asks for.
///
/// # Errors
/// `InvalidParams.Format` when sorting takes more than 32 MiB, or the documents are larger than
/// 64 MiB together; otherwise what the database answers.
pub async fn find(records: &Records, query: &Query) -> Result<Vec<Match>> {
    find_without(records, query, None).await
}

/// As [`find`], passing over the documents with some keys.
///
/// # Errors
/// As [`find`].
pub async fn find_without(records: &Records, query: &Query, without: Option<&BTreeSet<String>>) -> Result<Vec<Match>> {
    let plan = plan::choose(records, &query.wanted()).await?;
    run(records, query, plan, without).await.map(|(found, _)| found)
}

/// What `explain` answers of a query, which is run for it.
///
/// # Errors
/// As [`find`].
pub async fn explain(records: &Records, query: &Query, filter: &Document) -> Result<Document> {
    let plan = plan::choose(records, &query.wanted()).await?;
    let shown = plan::explain(&records.collection.name, filter, &plan);
    let (found, examined) = run(records, query, plan, None).await?;
    Ok(plan::executed(shown, found.len() as u64, examined))
}

async fn run(records: &Records, query: &Query, plan: Plan, without: Option<&BTreeSet<String>>) -> Result<(Vec<Match>, Examined)> {
    let in_order = plan.sorted;
    let scan = Scan::new(records, query.filter.clone(), plan).await?.without(without);
    match &query.sort {
        Some(sort) if !in_order => sorted(scan, query, sort).await,
        _ => unsorted(scan, query).await,
    }
}

async fn unsorted(scan: Scan, query: &Query) -> Result<(Vec<Match>, Examined)> {
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut scan = scan.skip(query.skip).expect(query.limit);
    let (mut found, mut size) = (Vec::new(), 0);
    while found.len() < limit
        && let Some(page) = scan.next().await?
    {
        for one in page.into_iter().take(limit - found.len()) {
            size += one.bytes.len();
            if size > ANSWER_SIZE {
                return Err(Error::invalid_params(format!(
                    "the documents are larger than {ANSWER_SIZE} bytes together; use a smaller limit"
                )));
            }
            found.push(one);
        }
    }
    Ok((found, scan.examined()))
}

/// The first documents of a sort order, of which the heap keeps the last on top.
async fn sorted(mut scan: Scan, query: &Query, sort: &Sort) -> Result<(Vec<Match>, Examined)> {
    let wanted = usize::try_from(query.skip.saturating_add(query.limit)).unwrap_or(usize::MAX);
    let mut first: BinaryHeap<Ranked> = BinaryHeap::new();
    let (mut size, mut number) = (0, 0);
    while let Some(page) = scan.next().await? {
        for one in page {
            let (position, bytes) = (one.position, one.bytes.clone());
            let document = one.document()?;
            let ranked =
                Ranked { key: sort.try_key(&document).map_err(language)?, number, found: Match { bytes, decoded: None, position } };
            number += 1;
            if first.len() >= wanted && first.peek().is_none_or(|last| ranked >= *last) {
                continue;
            }
            size += ranked.size();
            first.push(ranked);
            if first.len() > wanted
                && let Some(last) = first.pop()
            {
                size -= last.size();
            }
            if size > SORT_MEMORY {
                return Err(Error::invalid_params(format!(
                    "Executor error during find command: OperationFailed: Sort operation used more than the maximum {SORT_MEMORY} bytes of RAM. \
                     Add an index, or specify a smaller limit."
                )));
            }
        }
    }
    let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
    Ok((first.into_sorted_vec().into_iter().skip(skip).map(|ranked| ranked.found).collect(), scan.examined()))
}

/// A document in its place; of equal ones the one that was found first comes first.
struct Ranked {
    key: SortKey,
    number: u64,
    found: Match,
}

impl Ranked {
    fn size(&self) -> usize {
        self.key.size() + self.found.bytes.len() + size_of::<Self>()
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key).then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// All documents of a query, in no order.
///
/// # Errors
/// As [`find`].
pub async fn open(records: &Records, query: &Query) -> Result<Scan> {
    let plan = plan::choose(records, &Wanted { sort: None, ..query.wanted() }).await?;
    Scan::new(records, query.filter.clone(), plan).await
}

/// How many documents match, between `skip` and `limit`.
///
/// # Errors
/// What the database answers.
pub async fn count(records: &Records, query: &Query, limit: Option<u64>) -> Result<u64> {
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(u64::MAX);
    let wanted = query.skip.saturating_add(limit);
    let mut counted = 0;
    if query.filter.is_empty() {
        counted = records.count().await?;
    } else {
        let mut scan = open(records, query).await?;
        while counted < wanted
            && let Some(page) = scan.next().await?
        {
            counted += page.len() as u64;
        }
    }
    Ok(counted.min(wanted).saturating_sub(query.skip))
}

/// The different values of a field, in MongoDB's order of values.
///
/// # Errors
/// `InvalidParams.Format` when they are larger than 16 MiB together; otherwise what the database answers.
pub async fn distinct(records: &Records, query: &Query, key: &str) -> Result<Vec<Bson>> {
    let mut scan = open(records, query).await?;
    let (mut values, mut size) = (BTreeSet::new(), 0);
    while let Some(page) = scan.next().await? {
        for one in page {
            let document = one.document()?;
            for value in mql::distinct_values(&document, key) {
                let value = Ordered(value.clone());
                if !values.contains(&value) {
                    size += json::to_string(&value.0).len();
                    values.insert(value);
                }
                if size > DISTINCT_SIZE {
                    return Err(Error::invalid_params("distinct too big, 16mb cap"));
                }
            }
        }
    }
    Ok(values.into_iter().map(|value| value.0).collect())
}

struct Ordered(Bson);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        mql::compare(&self.0, &other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

/// Writes a document as the SDK expects it, or the part of it that a projection leaves.
///
/// # Errors
/// `InvalidParams.Format` when the positional `$` of the projection stands for nothing;
/// `InternalError` when it is not BSON.
pub fn write(found: Match, projection: Option<&Projection>, out: &mut Vec<u8>) -> Result<()> {
    match projection {
        Some(projection) => {
            let matched = found.matched();
            json::write_document(&projection.apply_matched(found.document()?, matched).map_err(language)?, out);
        }
        None => {
            let raw = RawDocument::from_bytes(&found.bytes).map_err(Error::internal)?;
            json::write_raw(raw, out).map_err(Error::internal)?;
        }
    }
    Ok(())
}
