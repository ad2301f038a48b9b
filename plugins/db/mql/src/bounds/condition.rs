//! The values that a filter lets a field of an index have.
//!
//! Every rule here gives at least the keys that a matching document has in the index; more do no
//! harm, because each document is checked with the filter again. A document has one key for each
//! element of an array, so that of two conditions on such a field each may be met by another
//! element: they are not combined then (MongoDB: "Multikey Index Bounds").

use bson::Bson;

use super::intervals::Intervals;
use crate::collation::Collation;
use crate::compare::{REGEX, rank};
use crate::filter::{Comparison, Expr, Pattern, Test};
use crate::key;

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    /// The path of the field.
    pub(super) path: &'a str,
    /// Whether it leads through an array, or to one, in some document.
    pub(super) multikey: bool,
    /// How strings compare in the filter.
    pub(super) filter: &'a Collation,
    /// How strings compare in the index.
    pub(super) index: &'a Collation,
    /// Whether it is kept as cells of geometries.
    pub(super) sphere: bool,
}

/// What an `$elemMatch` asks of the elements of an array, if every matching document has to have
/// such an element.
pub(super) fn element<'a>(expr: &'a Expr, path: &str) -> Option<&'a Expr> {
    match expr {
        Expr::And(all) => all.iter().find_map(|expr| element(expr, path)),
        Expr::Field(field, test) if field.text() == path => of_element(test),
        _ => None,
    }
}

fn of_element(test: &Test) -> Option<&Expr> {
    match test {
        Test::ElementMatches(inner) => Some(inner),
        Test::Every(tests) => tests.iter().find_map(of_element),
        _ => None,
    }
}

impl Field<'_> {
    pub(super) fn of(self, expr: &Expr) -> Intervals {
        match expr {
            Expr::And(all) => self.every(all.iter().map(|expr| self.of(expr))),
            Expr::Or(any) => any.iter().map(|expr| self.of(expr)).fold(Intervals::none(), Intervals::union),
            Expr::Always(false) => Intervals::none(),
            Expr::Field(path, test) if path.text() == self.path => self.test(test),
            Expr::Field(path, Test::ElementMatches(inner)) => {
                match self.path.strip_prefix(path.text()).and_then(|rest| rest.strip_prefix('.')) {
                    Some(rest) => Field { path: rest, ..self }.of(inner),
                    None => Intervals::all(),
                }
            }
            _ => Intervals::all(),
        }
    }

    /// What several conditions leave together.
    fn every(self, all: impl Iterator<Item = Intervals>) -> Intervals {
        all.reduce(|a, b| match self.multikey {
            false => a.intersection(&b),
            true if b.width() < a.width() => b,
            true => a,
        })
        .unwrap_or_else(Intervals::all)
    }

    fn test(self, test: &Test) -> Intervals {
        if self.sphere {
            return match test {
                Test::Every(tests) => self.every(tests.iter().map(|test| self.test(test))),
                Test::Geo(area) => match area.cells() {
                    Some(cells) => {
                        let cell = |cell: u64| key::encode(&Bson::Int64(i64::try_from(cell).unwrap_or(i64::MAX)), false);
                        let ranges = cells.iter().map(|range| Intervals::range(cell(*range.start()), key::above(&cell(*range.end()))));
                        ranges.fold(Intervals::none(), Intervals::union)
                    }
                    None => Intervals::all(),
                },
                _ => Intervals::all(),
            };
        }
        match test {
            Test::Compare(comparison, value) => self.compare(*comparison, value),
            Test::In(values, patterns) => {
                let values = values.iter().map(|value| self.compare(Comparison::Equal, value));
                values.chain(patterns.iter().map(|pattern| self.pattern(pattern))).fold(Intervals::none(), Intervals::union)
            }
            Test::Regex(pattern) => self.pattern(pattern),
            Test::Mod { .. } => Intervals::bracket(key::tag(&Bson::Int32(0))),
            Test::Every(tests) => self.every(tests.iter().map(|test| self.test(test))),
            Test::ElementPasses(tests) => {
                // One element passes all of them, but one that is an array has another key.
                let arrays = Intervals::bracket(key::tag(&Bson::Array(Vec::new())));
                let within = Field { multikey: false, ..self };
                within.every(tests.iter().map(|test| within.test(test))).union(arrays)
            }
            Test::Not(test) if matches!(**test, Test::Exists) => nothing(),
            Test::Never => Intervals::none(),
            _ => Intervals::all(),
        }
    }

    fn compare(self, comparison: Comparison, value: &Bson) -> Intervals {
        if matches!(value, Bson::Null | Bson::Undefined) {
            return nothing();
        }
        let Some(kept) = self.kept(value) else { return Intervals::all() };
        let key = || key::encode(&kept, false);
        if comparison == Comparison::Equal {
            return match value {
                Bson::Array(items) => {
                    let first = items.first().map_or(Bson::Undefined, |first| self.kept(first).unwrap_or(Bson::Null));
                    let first = match items.first() {
                        Some(Bson::Null | Bson::Undefined) | None => nothing(),
                        Some(_) => Intervals::point(&first),
                    };
                    first.union(Intervals::point(&kept))
                }
                _ => Intervals::point(&kept),
            };
        }
        if matches!(value, Bson::Array(_) | Bson::MinKey | Bson::MaxKey) {
            return Intervals::all();
        }
        let tag = rank(value) + 1;
        match comparison {
            Comparison::Equal => Intervals::point(&kept),
            Comparison::Greater => Intervals::range(key::above(&key()), vec![tag + 1]),
            Comparison::GreaterOrEqual => Intervals::range(key(), vec![tag + 1]),
            Comparison::Less => Intervals::range(vec![tag], key()),
            Comparison::LessOrEqual => Intervals::range(vec![tag], key::above(&key())),
        }
    }

    /// A value as the index keeps it; `None` when it compares otherwise there.
    fn kept(self, value: &Bson) -> Option<Bson> {
        if self.filter == self.index {
            return Some(self.index.key_value(value));
        }
        (self.filter.keeps(value) && self.index.keeps(value)).then(|| value.clone())
    }

    fn pattern(self, pattern: &Pattern) -> Intervals {
        if !self.index.is_simple() {
            return Intervals::all();
        }
        let mut start = vec![key::tag(&Bson::String(String::new()))];
        if let Some(prefix) = pattern.prefix() {
            key::text_start(&prefix, &mut start);
        }
        // An expression that is stored matches itself.
        let same = Intervals::bracket(REGEX + 1);
        Intervals::prefix(start).union(same)
    }
}

/// The keys of what is missing, null or without elements.
fn nothing() -> Intervals {
    Intervals::point(&Bson::Null).union(Intervals::point(&Bson::Undefined))
}
