//! From paths with positional parts to the places of one document.

use std::collections::BTreeSet;
use std::ops::Bound;

use bson::{Bson, Document};

use super::array_filters::{ArrayFilter, ArrayFilters};
use super::path::{Step, UpdatePath, conflict};
use crate::error::{Code, Error, Result};
use crate::json;
use crate::path::index;
use crate::watch::Watch;

/// How many places one update may lead to in a document. A document of 16 MiB has fewer values
/// than that, but an update could go through all of them again and again.
const MAX_PLACES: usize = 10_000_000;

/// What the places may take that are kept to find out whether two paths led to one, in bytes.
const MAX_TAKEN: usize = 128 * 1024 * 1024;

/// The places that an update's paths lead to in one document.
pub(super) struct Places<'a> {
    filters: &'a ArrayFilters,
    /// The position that the filter met.
    matched: Option<usize>,
    count: usize,
    watch: &'a Watch,
    /// The places so far, when two paths may lead to one.
    taken: Option<BTreeSet<Vec<String>>>,
    /// About how many bytes they take.
    bytes: usize,
}

/// The places that one path leads to. Only what differs between them is kept: positions in arrays.
pub(super) struct Found<'p> {
    steps: &'p [Step],
    /// How many positions there are in each place.
    each: usize,
    positions: Vec<usize>,
    count: usize,
}

impl<'p> Found<'p> {
    fn new(path: &'p UpdatePath) -> Self {
        let steps = path.steps();
        Self { steps, each: steps.iter().filter(|step| step.is_positional()).count(), positions: Vec::new(), count: 0 }
    }

    /// Each place as the fields and positions that lead to it.
    pub(super) fn iter(&self) -> impl Iterator<Item = Vec<String>> {
        (0..self.count).map(|place| {
            let mut positions = self.positions.iter().skip(place * self.each);
            let part = |step: &Step| match step {
                Step::Field(name) => name.clone(),
                Step::Matched | Step::Every | Step::Filtered(_) => positions.next().map_or_else(String::new, usize::to_string),
            };
            self.steps.iter().map(part).collect()
        })
    }
}

/// How far a path was followed.
#[derive(Default)]
struct Way {
    parts: Vec<String>,
    positions: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(filters: &'a ArrayFilters, matched: Option<usize>, may_meet: bool, watch: &'a Watch) -> Self {
        Self { filters, matched, count: 0, watch, taken: may_meet.then(BTreeSet::new), bytes: 0 }
    }

    /// The places of a path.
    ///
    /// # Errors
    /// `BadValue` where an array is missing that the path goes through, or the filter met no
    /// position; `ConflictingUpdateOperators` when an earlier path led to one of the places;
    /// `Overflow` and `ExceededMemoryLimit` for too many, `MaxTimeMSExpired`.
    pub(super) fn of<'p>(&mut self, path: &'p UpdatePath, doc: &Document) -> Result<Found<'p>> {
        let mut found = Found::new(path);
        let mut way = Way::default();
        match path.fixed() {
            Some(parts) => {
                way.parts = parts.to_vec();
                self.found(&way, &mut found)?;
            }
            None => self.follow(At::Document(doc), path.steps(), &mut way, &mut found)?,
        }
        Ok(found)
    }

    fn found(&mut self, way: &Way, found: &mut Found<'_>) -> Result<()> {
        let place = &way.parts;
        self.count += 1;
        if self.count > MAX_PLACES {
            return Err(Error::new(Code::Overflow, format!("an update may lead to at most {MAX_PLACES} places in a document")));
        }
        if let Some(taken) = &mut self.taken {
            let before = taken.range::<Vec<String>, _>((Bound::Unbounded, Bound::Included(place))).next_back();
            let after = taken.range::<Vec<String>, _>((Bound::Excluded(place), Bound::Unbounded)).next();
            if let Some(above) = before.filter(|before| place.starts_with(before)) {
                return Err(conflict(&place.join("."), &above.join(".")));
            }
            if after.is_some_and(|after| after.starts_with(place)) {
                return Err(conflict(&place.join("."), &place.join(".")));
            }
            self.bytes += 64 + 48 * place.len();
            if self.bytes > MAX_TAKEN {
                return Err(Error::new(
                    Code::ExceededMemoryLimit,
                    format!("an update whose paths may meet leads to too many places in a document. Memory limit: {MAX_TAKEN} bytes"),
                ));
            }
            taken.insert(place.clone());
        }
        found.positions.extend_from_slice(&way.positions);
        found.count += 1;
        Ok(())
    }

    fn follow(&mut self, at: At<'_>, steps: &[Step], way: &mut Way, found: &mut Found<'_>) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else {
            return self.found(way, found);
        };
        match step {
            Step::Field(name) => {
                way.parts.push(name.clone());
                let done = self.follow(at.get(name), rest, way, found);
                way.parts.pop();
                done
            }
            Step::Matched => {
                let position =
                    self.matched.ok_or_else(|| Error::bad("The positional operator did not find the match needed from the query."))?;
                self.position(position, at.get(&position.to_string()), rest, way, found)
            }
            Step::Every => self.elements(at, None, rest, way, found),
            Step::Filtered(id) => self.elements(at, self.filters.get(id), rest, way, found),
        }
    }

    fn position(&mut self, position: usize, at: At<'_>, rest: &[Step], way: &mut Way, found: &mut Found<'_>) -> Result<()> {
        way.parts.push(position.to_string());
        way.positions.push(position);
        let done = self.follow(at, rest, way, found);
        way.positions.pop();
        way.parts.pop();
        done
    }

    fn elements(&mut self, at: At<'_>, filter: Option<ArrayFilter<'_>>, rest: &[Step], way: &mut Way, found: &mut Found<'_>) -> Result<()> {
        let items = match at {
            At::Value(Bson::Array(items)) => items,
            At::Missing | At::Document(_) => {
                let path = way.parts.join(".");
                return Err(Error::bad(format!("The path '{path}' must exist in the document in order to apply array updates.")));
            }
            At::Value(other) => {
                let shown: String = json::to_string(other).chars().take(200).collect();
                let name = way.parts.last().map_or("", String::as_str);
                return Err(Error::bad(format!("Cannot apply array updates to non-array element {name}: {shown}")));
            }
        };
        for (i, item) in items.iter().enumerate() {
            self.watch.spend(16)?;
            if filter.is_none_or(|filter| filter.matches(item, self.watch)) {
                self.position(i, At::Value(item), rest, way, found)?;
            }
        }
        // A filter that is out of time matches nothing.
        self.watch.spend(1)
    }
}

/// Where a path has come to.
#[derive(Clone, Copy)]
enum At<'d> {
    Document(&'d Document),
    Value(&'d Bson),
    Missing,
}

impl<'d> At<'d> {
    fn get(self, name: &str) -> Self {
        let value = match self {
            Self::Document(doc) | Self::Value(Bson::Document(doc)) => doc.get(name),
            Self::Value(Bson::Array(items)) => index(name).and_then(|i| items.get(i)),
            Self::Value(_) | Self::Missing => None,
        };
        value.map_or(Self::Missing, Self::Value)
    }
}
