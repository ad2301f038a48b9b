//! How an index answers a query: the ranges of its keys that every matching document has one in,
//! and whether they come in the order that is asked for.
//!
//! ```
//! use mql::bounds::{self, Direction, MultikeyPaths};
//! use mql::bson::doc;
//! use mql::index::IndexSpec;
//! use mql::{Filter, Sort};
//!
//! let index = IndexSpec::parse(&doc! {"key": {"city": 1, "age": -1}})?;
//! let filter = Filter::parse(&doc! {"city": "Hangzhou", "age": {"$gte": 18}})?;
//! let sort = Sort::parse(&doc! {"age": 1})?;
//! let scan = bounds::plan(&filter, Some(&sort), &index, &MultikeyPaths::new()).ok_or("not answered")?;
//! assert_eq!((scan.ranges.len(), scan.prefix, scan.used), (1, 1, 2));
//! assert_eq!(scan.sorted, Some(Direction::Backward));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod condition;
mod intervals;
mod order;

use std::collections::BTreeSet;

use bson::{Bson, Document};

use crate::filter::Filter;
use crate::index::{FieldKind, IndexSpec};
use crate::sort::Sort;
use condition::Field;
use intervals::Intervals;

/// How many ranges a scan has at most. With more combinations fewer fields are bounded.
pub const MAX_RANGES: usize = 4096;

/// The numbers of the fields of an index that were arrays in some document, as
/// [`IndexSpec::arrays`] says.
pub type MultikeyPaths = BTreeSet<usize>;

/// In which direction an index is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the first key to the last.
    Forward,
    /// From the last key to the first.
    Backward,
}

/// The keys that begin at or after `from` and before `to`, as [`IndexSpec::encoded_keys`] writes
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key.
    pub from: Vec<u8>,
    /// What all keys are before.
    pub to: Vec<u8>,
}

/// The part of an index that answers a query.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The ranges of keys, in the order of the index, apart from each other.
    pub ranges: Vec<KeyRange>,
    /// How many leading fields have one value only.
    pub prefix: usize,
    /// How many fields have bounds.
    pub used: usize,
    /// The direction in which documents come in the order that is asked for, if there is one.
    pub sorted: Option<Direction>,
    /// The bounds of each field, to be shown by `explain`.
    pub bounds: Document,
}

/// How an index answers a query; `None` when some matching document may not be in it.
///
/// Each document still has to be checked with the filter. One with several keys in the ranges is
/// found several times.
pub fn plan(filter: &Filter, sort: Option<&Sort>, index: &IndexSpec, multikey: &MultikeyPaths) -> Option<Scan> {
    if !index.covers(filter) || index.fields().iter().any(|field| has_position(field.path())) {
        return None;
    }
    let mut fields = Vec::with_capacity(index.fields().len());
    for (number, field) in index.fields().iter().enumerate() {
        let sphere = field.kind() == FieldKind::Sphere;
        let wanted = Field {
            path: field.path(),
            multikey: sphere || multikey.contains(&number),
            filter: filter.collation(),
            index: index.collation(),
            sphere,
        };
        let found = wanted.of(&filter.root);
        // What has no geometry is not in the index.
        if sphere && found.is_all() {
            return None;
        }
        fields.push(found);
    }
    apart(filter, index, multikey, &mut fields);
    let finds_missing = |intervals: &Intervals| intervals.has(&Bson::Null);
    if index.is_sparse() && !index.has_sphere() && fields.iter().all(finds_missing) {
        return None;
    }
    let prefix = fields.iter().take_while(|field| field.len() == 1 && field.is_points()).count();
    let sorted = sort.and_then(|sort| order::direction(index, sort, &fields, multikey));
    let bounds = index.fields().iter().zip(&fields).map(|(field, found)| (field.path().to_owned(), shown(found))).collect();
    let (ranges, used) = ranges(index, &fields);
    Some(Scan { ranges, prefix, used, sorted, bounds })
}

/// Loosens the bounds of fields below one array. Each element has its own key, and of conditions on
/// two fields each may be met by another element, unless one `$elemMatch` asks for both (MongoDB:
/// "Multikey Index Bounds", compound bounds of fields that share a prefix).
fn apart(filter: &Filter, index: &IndexSpec, multikey: &MultikeyPaths, fields: &mut [Intervals]) {
    let paths: Vec<&str> = index.fields().iter().map(|field| field.path()).collect();
    let root = |number: usize| paths.get(number).and_then(|path| path.split('.').next());
    let in_arrays: Vec<usize> = (0..paths.len())
        .filter(|number| multikey.contains(number) && index.fields().get(*number).is_some_and(|field| field.kind() != FieldKind::Sphere))
        .collect();
    for first in in_arrays.iter().copied() {
        let below: Vec<usize> = in_arrays
            .iter()
            .copied()
            .filter(|number| root(*number) == root(first) && fields.get(*number).is_some_and(|found| !found.is_all()))
            .collect();
        if below.first() != Some(&first) || below.len() < 2 {
            continue;
        }
        let of_element = of_element(filter, index, &below);
        for (number, found) in below.into_iter().zip(of_element) {
            if let Some(field) = fields.get_mut(number) {
                match found {
                    Some(found) => *field = found,
                    None if number != first => *field = Intervals::all(),
                    None => {}
                }
            }
        }
    }
}

/// What one `$elemMatch` leaves some fields of its array; nothing for all of them when none asks
/// for the first.
fn of_element(filter: &Filter, index: &IndexSpec, fields: &[usize]) -> Vec<Option<Intervals>> {
    let paths: Vec<&str> = fields.iter().filter_map(|number| index.fields().get(*number)).map(|field| field.path()).collect();
    let bounds = || {
        let array = fork(&paths)?;
        let inner = condition::element(&filter.root, array)?;
        let below = |path: &&'_ str| path.strip_prefix(array)?.strip_prefix('.').map(str::to_owned);
        let rests: Vec<String> = paths.iter().map(below).collect::<Option<_>>()?;
        let of =
            |path: &String| Field { path, multikey: true, filter: filter.collation(), index: index.collation(), sphere: false }.of(inner);
        let found: Vec<Intervals> = rests.iter().map(of).collect();
        found.first().is_some_and(|first| !first.is_all()).then_some(found)
    };
    match bounds() {
        Some(found) => found.into_iter().map(Some).collect(),
        None => vec![None; fields.len()],
    }
}

/// The path after which all of these differ; none when some go on together.
fn fork<'a>(paths: &[&'a str]) -> Option<&'a str> {
    let shared = |a: &'a str, b: &str| {
        let parts = a.split('.').zip(b.split('.')).take_while(|(a, b)| a == b);
        let length = parts.map(|(part, _)| part.len() + 1).sum::<usize>();
        a.get(..length.checked_sub(1)?)
    };
    let mut pairs = paths.iter().enumerate().flat_map(|(n, a)| paths.iter().skip(n + 1).map(move |b| shared(a, b)));
    let first = pairs.next()??;
    pairs.all(|other| other == Some(first)).then_some(first)
}

/// Whether a part of a path may stand for a position in an array.
fn has_position(path: &str) -> bool {
    path.split('.').any(|part| crate::path::index(part).is_some())
}

/// The ranges of whole keys, and how many fields they bound.
fn ranges(index: &IndexSpec, fields: &[Intervals]) -> (Vec<KeyRange>, usize) {
    let mut ranges = vec![KeyRange { from: Vec::new(), to: vec![0xFF] }];
    let mut used = 0;
    let mut points: Vec<Vec<u8>> = vec![Vec::new()];
    for (field, found) in index.fields().iter().zip(fields) {
        if found.is_all() || points.len().saturating_mul(found.len()) > MAX_RANGES {
            break;
        }
        used += 1;
        let both = |start: &Vec<u8>, end: &[u8]| [start.as_slice(), end].concat();
        let kept = if field.is_descending() { found.reversed() } else { found.clone() };
        ranges = points
            .iter()
            .flat_map(|point| kept.iter().map(|interval| KeyRange { from: both(point, &interval.from), to: both(point, &interval.to) }))
            .collect();
        if !found.is_points() {
            break;
        }
        let mut values: Vec<Vec<u8>> = found.iter().map(|interval| interval.from.clone()).collect();
        if field.is_descending() {
            values.iter_mut().flatten().for_each(|byte| *byte = !*byte);
            values.reverse();
        }
        points = points.iter().flat_map(|point| values.iter().map(|value| both(point, value))).collect();
    }
    (ranges, used)
}

/// About what the bounds are: keys cannot be read back, so that their bytes are shown.
fn shown(found: &Intervals) -> Bson {
    const MOST: usize = 10;
    let hex = |bytes: &[u8]| bytes.iter().take(24).map(|byte| format!("{byte:02x}")).collect::<String>();
    let one = |interval: &intervals::Interval| match () {
        () if interval.from.is_empty() => Bson::String("[MinKey, MaxKey]".to_owned()),
        () => Bson::String(format!("[{}, {})", hex(&interval.from), hex(&interval.to))),
    };
    Bson::Array(found.iter().take(MOST).map(one).collect())
}
