//! How the documents of a filter are found: by `_id`, through an index, or by going through the
//! collection.
//!
//! Whatever is chosen finds every document that matches; each is checked with the filter again.
//! Of several indexes that fit, the one with the fewest entries in its bounds is taken, as far as
//! reading [`TRIAL`] entries of each tells, as MongoDB's planner lets plans race.

mod geo;
mod hint;
mod shown;

use std::sync::Arc;

use bson::{Bson, Document};
use mql::bounds::{self, Direction};
use mql::{Filter, Sort};
use sdk_plugin::Result;

use crate::index::Index;
use crate::layout::{self, Part, Range};
use crate::records::Records;

pub use geo::{Nearest, require_sphere};
pub use shown::{executed, explain};

/// How many entries of each index are read to choose one. MongoDB lets plans race for 101 results.
const TRIAL: u64 = 101;

/// A plan.
pub struct Plan {
    /// Where the documents come from.
    pub access: Access,
    /// Whether they come in the order that was asked for.
    pub sorted: bool,
}

/// Where documents come from.
pub enum Access {
    /// Those with these keys, in the order of the keys.
    Keys(Vec<String>),
    /// A range of the collection.
    Collection {
        /// Which keys.
        range: Range,
        /// Whether from the last to the first.
        reverse: bool,
    },
    /// Some ranges of an index.
    Index(IndexAccess),
    /// Those near a place, the nearest first.
    Near(Nearest),
}

/// Some ranges of an index.
#[derive(Clone)]
pub struct IndexAccess {
    /// The index.
    pub index: Arc<Index>,
    /// Which entries.
    pub ranges: Vec<Range>,
    /// Whether from the last to the first.
    pub reverse: bool,
    /// Whether a document may have several entries in the ranges.
    pub repeats: bool,
    /// The bounds of each field, as `explain` shows them.
    pub shown: Document,
    /// How many leading fields are compared with single values.
    equalities: usize,
    /// How many fields have bounds.
    bounded: usize,
    sorted: bool,
}

/// What a command asks for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Which documents.
    pub filter: &'a Filter,
    /// In which order.
    pub sort: Option<&'a Sort>,
    /// The index to use: its name, its key, or `{"$natural": ±1}`.
    pub hint: Option<&'a Bson>,
}

/// Chooses a plan.
///
/// # Errors
/// `InvalidParams.Format` when the hint names no index, an `_id` cannot be one, or a place is asked
/// for without a `2dsphere` index; otherwise what the database answers.
pub async fn choose(records: &Records, wanted: &Wanted<'_>) -> Result<Plan> {
    if let Some(near) = wanted.filter.near() {
        require_sphere(records, near.path())?;
    }
    if let Some(hint) = wanted.hint {
        return hint::plan(records, wanted, hint).await;
    }
    if let Some(near) = wanted.filter.near()
        && wanted.sort.is_none()
    {
        return Ok(Plan { access: Access::Near(Nearest::new(records, near.clone())), sorted: true });
    }
    if let Some(ids) = wanted.filter.ids() {
        let mut keys: Vec<String> = ids.into_iter().filter_map(|id| layout::key(id).ok()).collect();
        keys.sort_unstable();
        keys.dedup();
        return Ok(Plan { sorted: sorts(wanted, &keys), access: Access::Keys(keys) });
    }
    let mut candidates = Vec::new();
    for index in records.collection.indexes.iter().filter(|index| index.ready) {
        if let Some(access) = access(records, wanted, index).await?
            && (access.bounded > 0 || access.sorted && wanted.sort.is_some())
        {
            candidates.push(access);
        }
    }
    let by_id = collection(wanted)?;
    let best = match candidates.len() {
        0 => None,
        1 if !is_bounded(&by_id) => candidates.pop(),
        _ => race(records, candidates, &by_id).await?,
    };
    Ok(match best {
        Some(access) => Plan { sorted: wanted.sort.is_none() || access.sorted, access: Access::Index(access) },
        None => by_id,
    })
}

/// Whether at most one document is asked for by its `_id`, or none.
fn sorts(wanted: &Wanted<'_>, keys: &[String]) -> bool {
    wanted.sort.is_none_or(|sort| keys.len() < 2 || sort.by_id() == Some(false))
}

/// The plan that goes through the collection.
fn collection(wanted: &Wanted<'_>) -> Result<Plan> {
    let range = Range::of(wanted.filter.id_bounds())?;
    let by_id = wanted.sort.and_then(Sort::by_id);
    Ok(Plan { sorted: wanted.sort.is_none() || by_id.is_some(), access: Access::Collection { range, reverse: by_id == Some(true) } })
}

fn is_bounded(plan: &Plan) -> bool {
    matches!(&plan.access, Access::Collection { range, .. } if *range != Range::ALL)
}

/// How an index answers what is wanted, if it does.
async fn access(records: &Records, wanted: &Wanted<'_>, index: &Arc<Index>) -> Result<Option<IndexAccess>> {
    if let Some(access) = geo::access(wanted, index) {
        return Ok(Some(access));
    }
    let multikey = index.multikey.paths(index, &records.database, records.snapshot.as_ref()).await?;
    let Some(scan) = bounds::plan(wanted.filter, wanted.sort, &index.spec, &multikey) else {
        return Ok(None);
    };
    let ranges: Vec<Range> = scan.ranges.iter().map(|range| layout::entries(&range.from, &range.to)).collect();
    Ok(Some(IndexAccess {
        index: index.clone(),
        repeats: !multikey.is_empty(),
        ranges,
        reverse: scan.sorted == Some(Direction::Backward),
        shown: scan.bounds,
        equalities: scan.prefix,
        bounded: scan.used,
        sorted: scan.sorted.is_some(),
    }))
}

/// The access with the fewest entries; `None` when the collection itself has fewer documents in
/// its range.
async fn race(records: &Records, candidates: Vec<IndexAccess>, by_id: &Plan) -> Result<Option<IndexAccess>> {
    let mut least = TRIAL;
    let mut best: Option<IndexAccess> = None;
    if let (true, Access::Collection { range, .. }) = (is_bounded(by_id), &by_id.access) {
        let part = Part { range, reverse: false, skip: 0, limit: TRIAL };
        least = records.page(&part).await?.len() as u64;
        if least < TRIAL / 10 {
            return Ok(None);
        }
    }
    for access in candidates {
        let count = entries(records, &access).await?;
        // Of those with many, the one with more equalities, then with a useful order.
        let rank = |access: &IndexAccess| (access.equalities, access.sorted, access.bounded);
        let better = match &best {
            None => count < least || count >= TRIAL,
            Some(best) if count >= TRIAL && least >= TRIAL => rank(&access) > rank(best),
            Some(_) => count < least,
        };
        if better {
            least = count;
            best = Some(access);
        }
    }
    Ok(best)
}

/// How many entries an access has, counted up to [`TRIAL`].
async fn entries(records: &Records, access: &IndexAccess) -> Result<u64> {
    let mut count = 0;
    for range in &access.ranges {
        if count >= TRIAL {
            break;
        }
        let part = Part { range, reverse: access.reverse, skip: 0, limit: TRIAL - count };
        count += records.database.entries(&access.index.table, &part, records.snapshot.as_ref()).await?.len() as u64;
    }
    Ok(count)
}
