//! Updates of operators.

use std::time::Instant;

use bson::{Bson, DateTime, Document};

use super::array::{Push, Values};
use super::array_filters::ArrayFilters;
use super::expand::Places;
use super::path::{Step, UpdatePath};
use super::place::Room;
use super::pull::Pull;
use super::{UpdateOptions, apply, parse, path};
use crate::collation::Collation;
use crate::error::Result;
use crate::known::Known;
use crate::watch::Watch;

/// An update of operators.
#[derive(Clone, Debug)]
pub(super) struct Operators {
    /// In the order of their paths, which is the order in which new fields are added.
    pub(super) changes: Vec<Change>,
    filters: ArrayFilters,
    pub(super) collation: Collation,
    pub(super) now: Option<DateTime>,
    deadline: Option<Instant>,
    /// Whether two paths may lead to the same place of a document.
    may_meet: bool,
}

/// What one operator does to one path.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) path: UpdatePath,
    pub(super) operation: Operation,
    /// The size of what it may add, in bytes of BSON.
    pub(super) bytes: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Operation {
    Set(Bson),
    SetOnInsert(Bson),
    Unset,
    Increment(Bson),
    Multiply(Bson),
    Minimum(Bson),
    Maximum(Bson),
    /// The path is the target.
    RenameFrom(UpdatePath),
    CurrentDate {
        timestamp: bool,
    },
    Push(Push),
    AddToSet(Vec<Bson>),
    Pop {
        first: bool,
    },
    Pull(Pull),
    PullAll(Values),
    Bit(Vec<(BitOperation, Bson)>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum BitOperation {
    And,
    Or,
    Xor,
}

impl Operators {
    pub(super) fn parse(update: &Document, options: &UpdateOptions) -> Result<Self> {
        let known = Known::new(Vec::new(), options.deadline);
        let filters = ArrayFilters::parse(&options.array_filters, &options.collation, &known)?;
        let mut changes = parse::update(update, &filters, &options.collation, &known)?;
        let paths: Vec<&UpdatePath> = changes.iter().flat_map(Change::paths).collect();
        path::refuse_conflicts(&paths)?;
        let may_meet = path::may_meet(&paths);
        changes.sort_by(|a, b| a.path.steps().cmp(b.path.steps()));
        Ok(Self { changes, filters, collation: options.collation.clone(), now: options.now, deadline: options.deadline, may_meet })
    }

    pub(super) fn is_positional(&self) -> bool {
        self.changes.iter().any(|change| change.path.steps().contains(&Step::Matched))
    }

    /// Changes a document; `matched` is the position that `$` stands for. Says whether it is
    /// different now.
    pub(super) fn apply(&self, doc: &mut Document, matched: Option<usize>, inserting: bool) -> Result<bool> {
        let is_filtered = |change: &&Change| change.path.steps().iter().any(|step| matches!(step, Step::Filtered(_)));
        // Array filters look at the elements as they were before the update.
        let original = (self.changes.iter().filter(is_filtered).count() > 1).then(|| doc.clone());
        let watch = Watch::until(self.deadline);
        let mut places = Places::new(&self.filters, matched, self.may_meet, &watch);
        let run = apply::Run { operators: self, room: Room::default(), id: doc.get("_id").cloned(), watch: &watch };
        let mut changed = false;
        for change in &self.changes {
            if matches!(change.operation, Operation::SetOnInsert(_)) && !inserting {
                continue;
            }
            let found = places.of(&change.path, original.as_ref().unwrap_or(doc))?;
            for place in found.iter() {
                // Where a field is removed the fields after it move.
                watch.spend(16 + doc.len() / 8)?;
                changed |= run.one(change, &place, doc)?;
            }
        }
        Ok(changed)
    }
}

impl Change {
    /// The paths that it touches.
    fn paths(&self) -> impl Iterator<Item = &UpdatePath> {
        let source = match &self.operation {
            Operation::RenameFrom(source) => Some(source),
            _ => None,
        };
        source.into_iter().chain([&self.path])
    }
}
