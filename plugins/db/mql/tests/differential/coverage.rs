//! How many cases used each operator.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Case, Kind};
use crate::generate::EXPRESSIONS;

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

#[derive(Default)]
pub struct Coverage {
    cases: BTreeMap<Kind, u64>,
    operators: BTreeMap<(Kind, String), u64>,
    pub matched: u64,
    pub tested: u64,
    /// Cases that both sides refuse.
    pub refused: BTreeMap<Kind, u64>,
}

impl Coverage {
    pub fn count(&mut self, case: &Case) {
        *self.cases.entry(case.kind).or_default() += 1;
        let mut names = BTreeSet::new();
        case.operators(&mut |name| _ = names.insert(name.to_owned()));
        for name in names {
            *self.operators.entry((case.kind, name)).or_default() += 1;
        }
    }

    pub fn add(&mut self, other: Self) {
        other.cases.into_iter().for_each(|(kind, count)| *self.cases.entry(kind).or_default() += count);
        other.operators.into_iter().for_each(|(name, count)| *self.operators.entry(name).or_default() += count);
        other.refused.into_iter().for_each(|(kind, count)| *self.refused.entry(kind).or_default() += count);
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

    /// The operators that should have been used and were not.
    pub fn missing(&self, unknown: &BTreeSet<&'static str>) -> Vec<String> {
        let expressions = EXPRESSIONS.iter().map(|operator| (Kind::Expression, operator.name));
        let required = REQUIRED.iter().flat_map(|(kind, names)| names.iter().map(|name| (*kind, *name)));
        let unused = |(kind, name): &(Kind, &str)| !unknown.contains(name) && !self.operators.contains_key(&(*kind, (*name).to_owned()));
        required.chain(expressions).filter(unused).map(|(kind, name)| format!("{} {name}", kind.name())).collect()
    }
}
