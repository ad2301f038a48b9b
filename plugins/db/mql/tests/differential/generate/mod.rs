//! Random cases.

mod expressions;
mod filters;
mod paths;
mod pipelines;
mod projections;
mod updates;
mod values;

use std::collections::BTreeSet;

use bson::{Bson, doc};

use crate::case::{Case, Kind};
use crate::evaluate::knows_expression;
use crate::random::Random;

pub use expressions::OPERATORS as EXPRESSIONS;

/// What generators need to know.
pub struct Generator {
    /// The operators of expressions that mql does not know. They are not used.
    pub unknown: BTreeSet<&'static str>,
}

impl Generator {
    pub fn new() -> Self {
        let names = EXPRESSIONS.iter().map(|operator| operator.name);
        Self { unknown: names.filter(|name| !knows_expression(name)).collect() }
    }

    /// The case of a number under a seed.
    pub fn case(&self, seed: u64, number: u64) -> Case {
        let mut random = Random::of(seed, number);
        let random = &mut random;
        match random.below(100) {
            0..30 => {
                let docs = random.some(1, 4, values::document);
                let filter = filters::filter(random, &docs, self, 2);
                Case { kind: Kind::Filter, docs, command: doc! {"filter": filter} }
            }
            30..42 => self.find(random),
            42..62 => updates::case(random, self),
            62..80 => pipelines::case(random, self),
            _ => {
                let docs = vec![values::record(random, 1)];
                let expression = expressions::Expressions::new(self).any(random, 2);
                Case { kind: Kind::Expression, docs, command: doc! {"expression": expression} }
            }
        }
    }

    fn find(&self, random: &mut Random) -> Case {
        let count = i32::try_from(2 + random.below(5)).unwrap_or(2);
        let docs: Vec<_> =
            (0..count).map(|id| if random.chance(50) { values::record(random, id) } else { values::document_of(random, id) }).collect();
        let mut command = doc! {"filter": if random.chance(70) { doc! {} } else { filters::filter(random, &docs, self, 1) }};
        if random.chance(70) {
            command.insert("projection", projections::projection(random));
        }
        if random.chance(70) {
            command.insert("sort", paths::sort(random));
        }
        if random.chance(25) {
            command.insert("skip", random.between(0, 3));
        }
        if random.chance(25) {
            command.insert("limit", random.between(1, 4));
        }
        Case { kind: Kind::Find, docs, command }
    }
}

/// A field of a record: mostly there, seldom null or of another type.
fn field(random: &mut Random, doc: &mut bson::Document, name: &str, value: impl FnOnce(&mut Random) -> Bson) {
    match random.below(100) {
        0..8 => {}
        8..11 => _ = doc.insert(name, Bson::Null),
        11..13 => _ = doc.insert(name, values::value(random, 1)),
        _ => {
            let value = value(random);
            doc.insert(name, value);
        }
    }
}
