//! From paths with positional parts to the places of one document.

use std::collections::BTreeSet;
use std::ops::Bound;

use bson::{Bson, Document};

use super::array_filters::ArrayFilters;
use super::path::{Step, UpdatePath, conflict};
use crate::error::{Code, Error, Result};
use crate::json;
use crate::path::index;

/// How many places one update may lead to in a document. A document of 16 MiB has fewer values
/// than that, but an update could go through all of them again and again.
const MAX_PLACES: usize = 10_000_000;

/// The places that an update's paths lead to in one document.
pub(super) struct Places<'a> {
    filters: &'a ArrayFilters,
    /// The position that the filter met.
    matched: Option<usize>,
    count: usize,
    /// The places so far, when two paths may lead to one.
    taken: Option<BTreeSet<Vec<String>>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(filters: &'a ArrayFilters, matched: Option<usize>, may_meet: bool) -> Self {
        Self { filters, matched, count: 0, taken: may_meet.then(BTreeSet::new) }
    }

    /// The places of a path, each as the fields and positions that lead to it.
    ///
    /// # Errors
    /// `BadValue` where an array is missing that the path goes through, or the filter met no
    /// position; `ConflictingUpdateOperators` when an earlier path led to one of the places.
    pub(super) fn of(&mut self, path: &UpdatePath, doc: &Document) -> Result<Vec<Vec<String>>> {
        let mut found = Vec::new();
        match path.fixed() {
            Some(parts) => self.found(parts.to_vec(), &mut found)?,
            None => self.follow(At::Document(doc), path.steps(), &mut Vec::new(), &mut found)?,
        }
        Ok(found)
    }

    fn found(&mut self, place: Vec<String>, found: &mut Vec<Vec<String>>) -> Result<()> {
        self.count += 1;
        if self.count > MAX_PLACES {
            return Err(Error::new(Code::Overflow, format!("an update may lead to at most {MAX_PLACES} places in a document")));
        }
        if let Some(taken) = &mut self.taken {
            let before = taken.range::<Vec<String>, _>((Bound::Unbounded, Bound::Included(&place))).next_back();
            let after = taken.range::<Vec<String>, _>((Bound::Excluded(&place), Bound::Unbounded)).next();
            if let Some(above) = before.filter(|before| place.starts_with(before)) {
                return Err(conflict(&place.join("."), &above.join(".")));
            }
            if after.is_some_and(|after| after.starts_with(&place)) {
                return Err(conflict(&place.join("."), &place.join(".")));
            }
            taken.insert(place.clone());
        }
        found.push(place);
        Ok(())
    }

    fn follow(&mut self, at: At<'_>, steps: &[Step], place: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else {
            return self.found(place.clone(), found);
        };
        match step {
            Step::Field(name) => self.below(name.clone(), at.get(name), rest, place, found),
            Step::Matched => {
                let position = self
                    .matched
                    .ok_or_else(|| Error::bad("The positional operator did not find the match needed from the query."))?
                    .to_string();
                self.below(position.clone(), at.get(&position), rest, place, found)
            }
            Step::Every => self.elements(at, None, rest, place, found),
            Step::Filtered(id) => self.elements(at, Some(id), rest, place, found),
        }
    }

    fn below(&mut self, name: String, at: At<'_>, rest: &[Step], place: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> Result<()> {
        place.push(name);
        let done = self.follow(at, rest, place, found);
        place.pop();
        done
    }

    fn elements(
        &mut self,
        at: At<'_>,
        filter: Option<&str>,
        rest: &[Step],
        place: &mut Vec<String>,
        found: &mut Vec<Vec<String>>,
    ) -> Result<()> {
        let items = match at {
            At::Value(Bson::Array(items)) => items,
            At::Missing | At::Document(_) => {
                let path = place.join(".");
                return Err(Error::bad(format!("The path '{path}' must exist in the document in order to apply array updates.")));
            }
            At::Value(other) => {
                let shown: String = json::to_string(other).chars().take(200).collect();
                let name = place.last().map_or("", String::as_str);
                return Err(Error::bad(format!("Cannot apply array updates to non-array element {name}: {shown}")));
            }
        };
        for (i, item) in items.iter().enumerate() {
            if filter.is_none_or(|id| self.filters.matches(id, item)) {
                self.below(i.to_string(), At::Value(item), rest, place, found)?;
            }
        }
        Ok(())
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
