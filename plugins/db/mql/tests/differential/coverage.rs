//! How many cases used each operator.

use std::collections::{BTreeMap, BTreeSet};

use bson::Bson;

use crate::agree::agree;
use crate::case::{Case, Kind, Outcome};
use crate::generate::EXPRESSIONS;
use crate::process::Answer;

/// Operators that cases of a kind have to use, beside those of expressions.
const REQUIRED: &[(Kind, &[&str])] = &[
    (
        Kind::Filter,
        &[
            "$eq",
            "$ne",
            "$gt",
            "$gte",
            "$lt",
            "$lte",
            "$in",
            "$nin",
            "$and",
            "$or",
            "$nor",
            "$not",
            "$exists",
            "$type",
            "$expr",
            "$mod",
            "$regex",
            "$options",
            "$all",
            "$elemMatch",
            "$size",
            "$bitsAllSet",
            "$bitsAllClear",
            "$bitsAnySet",
            "$bitsAnyClear",
        ],
    ),
    (Kind::Find, &["$slice", "$elemMatch"]),
    (
        Kind::Update,
        &[
            "$set",
            "$unset",
            "$inc",
            "$mul",
            "$min",
            "$max",
            "$rename",
            "$currentDate",
            "$setOnInsert",
            "$bit",
            "$push",
            "$addToSet",
            "$pop",
            "$pull",
            "$pullAll",
            "$each",
            "$position",
            "$slice",
            "$sort",
            "$project",
            "$addFields",
            "$replaceRoot",
            "$replaceWith",
        ],
    ),
    (
        Kind::Aggregate,
        &[
            "$match",
            "$project",
            "$addFields",
            "$set",
            "$unset",
            "$group",
            "$sort",
            "$limit",
            "$skip",
            "$count",
            "$unwind",
            "$lookup",
            "$graphLookup",
            "$facet",
            "$bucket",
            "$bucketAuto",
            "$sortByCount",
            "$replaceRoot",
            "$replaceWith",
            "$redact",
            "$out",
            "$merge",
            "$sum",
            "$avg",
            "$min",
            "$max",
            "$first",
            "$last",
            "$push",
            "$addToSet",
            "$stdDevPop",
            "$stdDevSamp",
            "$mergeObjects",
        ],
    ),
];

/// Of how many cases one has to use an operator and have a value on which both sides agree.
const SHARE: u64 = 4_000;

#[derive(Default)]
pub struct Coverage {
    cases: BTreeMap<Kind, u64>,
    /// How many cases with a value on which both sides agree used an operator.
    operators: BTreeMap<(Kind, String), u64>,
    matched: u64,
    tested: u64,
    /// Cases that both sides refuse.
    refused: BTreeMap<Kind, u64>,
    /// Cases in which a correction made a difference.
    pub corrected: u64,
    pub corrections: BTreeMap<usize, u64>,
}

impl Coverage {
    pub fn count(&mut self, case: &Case, ours: &Outcome, Answer { outcome: theirs, corrections }: &Answer) {
        *self.cases.entry(case.kind).or_default() += 1;
        self.corrected += u64::from(!corrections.is_empty());
        corrections.iter().for_each(|place| *self.corrections.entry(*place).or_default() += 1);
        let Outcome::Value(value) = ours else {
            *self.refused.entry(case.kind).or_default() += u64::from(matches!(theirs, Outcome::Error(..)));
            return;
        };
        if let (Kind::Filter, Bson::Array(matches)) = (case.kind, value) {
            self.tested += matches.len() as u64;
            self.matched += matches.iter().filter(|matched| **matched == Bson::Boolean(true)).count() as u64;
        }
        if agree(ours, theirs) {
            let mut names = BTreeSet::new();
            case.operators(&mut |name| _ = names.insert(name.to_owned()));
            names.into_iter().for_each(|name| *self.operators.entry((case.kind, name)).or_default() += 1);
        }
    }

    pub fn add(&mut self, other: Self) {
        other.cases.into_iter().for_each(|(kind, count)| *self.cases.entry(kind).or_default() += count);
        other.operators.into_iter().for_each(|(name, count)| *self.operators.entry(name).or_default() += count);
        other.refused.into_iter().for_each(|(kind, count)| *self.refused.entry(kind).or_default() += count);
        other.corrections.into_iter().for_each(|(place, count)| *self.corrections.entry(place).or_default() += count);
        self.corrected += other.corrected;
        self.matched += other.matched;
        self.tested += other.tested;
    }

    pub fn print(&self) {
        for kind in Kind::ALL {
            let cases = self.cases.get(&kind).copied().unwrap_or_default();
            let refused = self.refused.get(&kind).copied().unwrap_or_default();
            println!("{}: {cases} cases, {refused} refused by both sides", kind.name());
            let used = self.operators.iter().filter(|((of, _), _)| *of == kind);
            let names: Vec<String> = used.map(|((_, name), count)| format!("{name} {count}")).collect();
            names.chunks(10).for_each(|names| println!("    {}", names.join(", ")));
        }
        let share = 100 * self.matched / self.tested.max(1);
        println!("documents that match a filter: {share} %");
    }

    /// The operators on which both sides agreed too seldom.
    pub fn missing(&self, unknown: &BTreeSet<&'static str>, cases: u64) -> Vec<String> {
        let least = cases / SHARE;
        let expressions = EXPRESSIONS.iter().map(|operator| (Kind::Expression, operator.name));
        let required = REQUIRED.iter().flat_map(|(kind, names)| names.iter().map(|name| (*kind, *name)));
        let count = |(kind, name): &(Kind, &str)| self.operators.get(&(*kind, (*name).to_owned())).copied().unwrap_or_default();
        let seldom = |of: &(Kind, &str)| !unknown.contains(of.1) && count(of) < least;
        required.chain(expressions).filter(seldom).map(|of| format!("{} {}: {}", of.0.name(), of.1, count(&of))).collect()
    }
}
