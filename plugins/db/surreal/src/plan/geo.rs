//! Places: the cells of a `2dsphere` index.

use std::ops::RangeInclusive;
use std::sync::Arc;

use bson::{Bson, Document};
use mql::geo::{EARTH_RADIUS, Near, Ring};
use mql::index::{FieldKind, IndexSpec};
use mql::key;
use sdk_plugin::{Error, Result};

use super::{IndexAccess, Wanted};
use crate::index::Index;
use crate::layout::{self, Range};
use crate::records::Records;

/// How wide the first ring of a search outwards is, in metres; each further one is twice as wide.
const FIRST_RING: f64 = 500.0;

/// The documents near a place, the nearest first.
pub struct Nearest {
    /// The place and the bounds of distance.
    pub near: Near,
    index: Option<Arc<Index>>,
    /// Where the next ring begins, and how wide it is, in metres.
    next: Option<(f64, f64)>,
}

impl Nearest {
    /// The documents of a collection near a place, by a `2dsphere` index if there is one.
    pub fn new(records: &Records, near: Near) -> Self {
        let fits = |index: &&Arc<Index>| index.ready && leads(&index.spec, near.path()) && index.spec.partial().is_none();
        let index = records.collection.indexes.iter().find(fits).filter(|_| near.bounds().is_some()).cloned();
        let next = index.as_ref().and_then(|_| near.bounds()).map(|(least, _)| (least, FIRST_RING));
        Self { near, index, next }
    }

    /// The index that is searched; without one the collection is gone through.
    pub fn index(&self) -> Option<&Arc<Index>> {
        self.index.as_ref()
    }

    /// The next ring, with the ranges of the index that hold its documents.
    pub fn ring(&mut self) -> Option<(Ring, Vec<Range>)> {
        let (from, width) = self.next?;
        let (_, most) = self.near.bounds()?;
        // Nothing is farther away than the other side of the earth.
        let end = most.min(std::f64::consts::PI * EARTH_RADIUS);
        if from > end {
            return None;
        }
        let last = from + width >= end;
        // What is exactly as far away as the end belongs to the last ring.
        let to = if last { end * (1.0 + f64::EPSILON * 4.0) + 1.0 } else { from + width };
        self.next = (!last).then_some((to, width * 2.0));
        let ring = self.near.ring(from, to)?;
        let ranges = ring.cells.iter().map(cells).collect();
        Some((ring, ranges))
    }
}

/// The entries of an index whose first field is in some cells.
fn cells(cells: &RangeInclusive<u64>) -> Range {
    let encoded = |cell: u64| key::encode(&Bson::Int64(i64::try_from(cell).unwrap_or(i64::MAX)), false);
    layout::entries(&encoded(*cells.start()), &key::above(&encoded(*cells.end())))
}

/// Whether an index begins with the geometries of a path.
fn leads(spec: &IndexSpec, path: &str) -> bool {
    spec.fields().first().is_some_and(|field| field.kind() == FieldKind::Sphere && field.path() == path)
}

/// Refuses to look for the nearest documents where no index has their places (manual 3.10.6).
///
/// # Errors
/// `InvalidParams.Format`, MongoDB's `NoQueryExecutionPlans`.
pub fn require_sphere(records: &Records, path: &str) -> Result<()> {
    let is_there =
        |index: &Arc<Index>| index.ready && index.spec.fields().iter().any(|f| f.kind() == FieldKind::Sphere && f.path() == path);
    if records.collection.indexes.iter().any(is_there) {
        return Ok(());
    }
    let message = "error processing query: planner returned error: unable to find index for $geoNear query";
    Err(Error::invalid_params(message).with_context("mongodb", "NoQueryExecutionPlans (291)"))
}

/// How an index answers a filter that asks for an area.
pub(super) fn access(wanted: &Wanted<'_>, index: &Arc<Index>) -> Option<IndexAccess> {
    if index.spec.partial().is_some() {
        return None;
    }
    let regions = wanted.filter.regions();
    let (path, found) =
        regions.into_iter().filter(|(path, _)| leads(&index.spec, path)).find_map(|(path, area)| Some((path, area.cells()?)))?;
    let mut shown = Document::new();
    shown.insert(path, found.iter().map(|range| Bson::String(format!("[{}, {}]", range.start(), range.end()))).collect::<Vec<_>>());
    Some(IndexAccess {
        index: index.clone(),
        ranges: found.iter().map(cells).collect(),
        reverse: false,
        repeats: true,
        shown,
        equalities: 0,
        bounded: 1,
        sorted: false,
    })
}
