//! Accumulators: what `$group` and its kind make of the values of many documents.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bson::{Bson, Document};

use super::bounds::value_memory;
use super::operator::Env;
use super::ordered::Ordered;
use crate::check::type_name;
use crate::error::{Code, Error, Result};
use crate::expression::summation::{Deviation, Summation};
use crate::expression::{Expression, Scope, nullish};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AddToSet,
    Average,
    First,
    Last,
    Maximum,
    MergeObjects,
    Minimum,
    Push,
    DeviationOfAll,
    DeviationOfSample,
    Sum,
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "$addToSet" => Kind::AddToSet,
        "$avg" => Kind::Average,
        "$first" => Kind::First,
        "$last" => Kind::Last,
        "$max" => Kind::Maximum,
        "$mergeObjects" => Kind::MergeObjects,
        "$min" => Kind::Minimum,
        "$push" => Kind::Push,
        "$stdDevPop" => Kind::DeviationOfAll,
        "$stdDevSamp" => Kind::DeviationOfSample,
        "$sum" => Kind::Sum,
        _ => return None,
    })
}

/// A field of a group's result.
#[derive(Clone, Debug)]
pub(super) struct Accumulated {
    field: String,
    kind: Kind,
    expression: Expression,
}

impl Accumulated {
    /// Parses `{field: {$accumulator: expression}}`.
    pub(super) fn parse(field: &str, value: &Bson, scope: &mut Scope) -> Result<Self> {
        if field.contains('.') {
            return Err(Error::at(40235, format!("The field name '{field}' cannot contain '.'")));
        }
        if field.starts_with('$') {
            return Err(Error::at(40236, format!("The field name '{field}' cannot be an operator name")));
        }
        let Bson::Document(doc) = value else {
            return Err(Error::at(40234, format!("The field '{field}' must be an accumulator object")));
        };
        let (name, argument) = match doc.iter().next() {
            Some(one) if doc.len() == 1 => one,
            _ => return Err(Error::at(40238, format!("The field '{field}' must specify one accumulator"))),
        };
        let kind = kind(name).ok_or_else(|| Error::at(15952, format!("unknown group operator '{name}'")))?;
        if matches!(argument, Bson::Array(_)) {
            return Err(Error::at(40237, format!("The {name} accumulator is a unary operator")));
        }
        Ok(Self { field: field.to_owned(), kind, expression: Expression::parse_in(argument, scope)? })
    }

    /// `{field: {$sum: 1}}`.
    pub(super) fn count(field: &str) -> Result<Self> {
        Ok(Self { field: field.to_owned(), kind: Kind::Sum, expression: Expression::parse(&Bson::Int32(1))? })
    }

    /// Parses all fields of a specification but the given one.
    pub(super) fn parse_all(spec: &Document, but: &str, scope: &mut Scope) -> Result<Vec<Self>> {
        spec.iter().filter(|(field, _)| *field != but).map(|(field, value)| Self::parse(field, value, scope)).collect()
    }

    pub(super) fn field(&self) -> &str {
        &self.field
    }

    /// The accumulator before any document.
    pub(super) fn start(&self) -> Accumulator {
        match self.kind {
            Kind::AddToSet => Accumulator::Set(BTreeMap::new()),
            Kind::Average => Accumulator::Average(Summation::new()),
            Kind::First => Accumulator::First(None),
            Kind::Last => Accumulator::Last(Bson::Null),
            Kind::Maximum => Accumulator::Extreme(None, Ordering::Greater),
            Kind::Minimum => Accumulator::Extreme(None, Ordering::Less),
            Kind::MergeObjects => Accumulator::Merged(Document::new()),
            Kind::Push => Accumulator::List(Vec::new()),
            Kind::DeviationOfAll => Accumulator::DeviationOfAll(Deviation::new()),
            Kind::DeviationOfSample => Accumulator::DeviationOfSample(Deviation::new()),
            Kind::Sum => Accumulator::Sum(Summation::new()),
        }
    }

    /// Adds a document. Says how many bytes of memory that takes.
    pub(super) fn add(&self, to: &mut Accumulator, doc: &Document, env: &Env) -> Result<usize> {
        to.add(self.expression.evaluate(doc, &env.variables)?, env)
    }
}

/// The state of an accumulator.
#[derive(Debug)]
pub(super) enum Accumulator {
    /// By what the collation compares.
    Set(BTreeMap<Ordered, Bson>),
    Average(Summation),
    First(Option<Bson>),
    Last(Bson),
    Extreme(Option<Bson>, Ordering),
    Merged(Document),
    List(Vec<Bson>),
    DeviationOfAll(Deviation),
    DeviationOfSample(Deviation),
    Sum(Summation),
}

/// About what an accumulator takes without its values, in bytes.
pub(super) const SIZE: usize = size_of::<Accumulator>();

impl Accumulator {
    fn add(&mut self, value: Bson, env: &Env) -> Result<usize> {
        let missing = value == Bson::Undefined;
        match self {
            Self::Set(set) if !missing => {
                let key = Ordered(env.collation.key_value(&value));
                let size = value_memory(&key.0) + value_memory(&value);
                if let Entry::Vacant(place) = set.entry(key) {
                    place.insert(value);
                    return Ok(size);
                }
            }
            Self::List(list) if !missing => {
                let size = value_memory(&value);
                list.push(value);
                return Ok(size);
            }
            Self::Set(_) | Self::List(_) => {}
            Self::Average(sum) | Self::Sum(sum) => sum.push(&value),
            Self::First(first) => {
                if first.is_none() {
                    let size = value_memory(&value);
                    *first = Some(value);
                    return Ok(size);
                }
            }
            Self::Last(last) => {
                let grown = value_memory(&value).saturating_sub(value_memory(last));
                *last = value;
                return Ok(grown);
            }
            Self::Extreme(best, wanted) => {
                let better = |best: &Bson| env.collation.compare(&value, best) == *wanted;
                if !nullish(&value) && best.as_ref().is_none_or(better) {
                    let grown = value_memory(&value).saturating_sub(best.as_ref().map_or(0, value_memory));
                    *best = Some(value);
                    return Ok(grown);
                }
            }
            Self::Merged(merged) => match value {
                value if nullish(&value) => {}
                Bson::Document(doc) => {
                    let mut grown = 0;
                    for (name, value) in doc {
                        grown += name.len() + value_memory(&value);
                        merged.insert(name, value);
                    }
                    return Ok(grown);
                }
                other => {
                    return Err(Error::at(
                        40400,
                        format!("$mergeObjects requires object inputs, but input {other} is of type {}", type_name(&other)),
                    ));
                }
            },
            Self::DeviationOfAll(deviation) | Self::DeviationOfSample(deviation) => deviation.push(&value),
        }
        Ok(0)
    }

    /// What the accumulator comes to.
    pub(super) fn result(self) -> Bson {
        match self {
            Self::Set(set) => Bson::Array(set.into_values().collect()),
            Self::List(list) => Bson::Array(list),
            Self::Sum(sum) => sum.sum(),
            Self::Average(sum) => sum.average(),
            Self::First(value) | Self::Extreme(value, _) => some(value.unwrap_or(Bson::Null)),
            Self::Last(value) => some(value),
            Self::Merged(doc) => Bson::Document(doc),
            Self::DeviationOfAll(deviation) => deviation.population(),
            Self::DeviationOfSample(deviation) => deviation.sample(),
        }
    }

    /// The state as a value, to be put aside.
    pub(super) fn save(self) -> Bson {
        match self {
            Self::Set(set) => Bson::Array(set.into_values().collect()),
            Self::List(list) => Bson::Array(list),
            Self::Sum(sum) | Self::Average(sum) => sum.save(),
            Self::First(value) | Self::Extreme(value, _) => Bson::Array(value.into_iter().collect()),
            Self::Last(value) => value,
            Self::Merged(doc) => Bson::Document(doc),
            Self::DeviationOfAll(deviation) | Self::DeviationOfSample(deviation) => deviation.save(),
        }
    }

    /// Adds what was put aside of later documents. Says how many bytes of memory that takes.
    pub(super) fn load(&mut self, saved: Bson, env: &Env) -> Result<usize> {
        match (self, saved) {
            (Self::Sum(sum) | Self::Average(sum), saved) => sum.load(&saved).ok_or_else(damaged)?,
            (Self::DeviationOfAll(deviation) | Self::DeviationOfSample(deviation), saved) => deviation.load(&saved).ok_or_else(damaged)?,
            (state @ (Self::Last(_) | Self::Merged(_)), saved) => return state.add(saved, env),
            (state, Bson::Array(values)) => {
                let mut grown = 0;
                for value in values {
                    grown += state.add(value, env)?;
                }
                return Ok(grown);
            }
            _ => return Err(damaged()),
        }
        Ok(0)
    }
}

fn some(value: Bson) -> Bson {
    if value == Bson::Undefined { Bson::Null } else { value }
}

fn damaged() -> Error {
    Error::new(Code::OperationFailed, "a temporary file does not hold what was written")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
