//! What the predicates of differences ask of a case.

use std::cmp::Ordering;

use bson::{Bson, Document};
use mql::expression::{Expression, Variables};

use crate::agree::same;
use crate::case::{Case, Kind, Outcome};

/// A case on which both sides differ, mostly as small as it can be.
pub struct Seen<'a> {
    pub case: &'a Case,
    pub ours: &'a Outcome,
    pub theirs: &'a Outcome,
}

/// Whether a value is null or missing.
pub fn nullish(value: &Bson) -> bool {
    matches!(value, Bson::Null | Bson::Undefined)
}

pub fn is_number(value: &Bson) -> bool {
    crate::agree::number(value).is_some()
}

/// The places of types in MongoDB's order of comparison.
pub fn rank(value: &Bson) -> u8 {
    match value {
        Bson::Undefined => 0,
        Bson::Null => 1,
        Bson::String(_) => 3,
        Bson::Document(_) => 4,
        Bson::Array(_) => 5,
        Bson::ObjectId(_) => 7,
        Bson::Boolean(_) => 8,
        Bson::DateTime(_) => 9,
        Bson::RegularExpression(_) => 11,
        _ => 2,
    }
}

/// Whether any value in it, itself included, is one that `test` is looking for.
pub fn within(value: &Bson, test: &dyn Fn(&Bson) -> bool) -> bool {
    test(value)
        || match value {
            Bson::Document(doc) => doc.values().any(|inner| within(inner, test)),
            Bson::Array(items) => items.iter().any(|inner| within(inner, test)),
            _ => false,
        }
}

pub fn has_list(value: &Bson) -> bool {
    within(value, &|value| matches!(value, Bson::Array(_)))
}

pub fn has_document(value: &Bson) -> bool {
    within(value, &|value| matches!(value, Bson::Document(_)))
}

pub fn has_id(value: &Bson) -> bool {
    within(value, &|value| matches!(value, Bson::ObjectId(_)))
}

/// Whether two values are the same but for the order of what is in their arrays.
pub fn permuted(a: &Bson, b: &Bson) -> bool {
    match (a, b) {
        (Bson::Array(a), Bson::Array(b)) => {
            let mut left: Vec<&Bson> = b.iter().collect();
            a.len() == b.len()
                && a.iter().all(|item| match left.iter().position(|other| permuted(item, other)) {
                    Some(place) => {
                        left.swap_remove(place);
                        true
                    }
                    None => false,
                })
        }
        (Bson::Document(a), Bson::Document(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| permuted(value, other)))
        }
        _ => same(a, b),
    }
}

impl Seen<'_> {
    pub fn kind(&self) -> Kind {
        self.case.kind
    }

    /// The number of mql's error.
    pub fn our_error(&self) -> Option<i32> {
        if let Outcome::Error(number, _) = self.ours { Some(*number) } else { None }
    }

    /// The message of mingo's error.
    pub fn their_error(&self) -> Option<&str> {
        if let Outcome::Error(_, message) = self.theirs { Some(message) } else { None }
    }

    /// The values, if both sides have one.
    pub fn values(&self) -> Option<(&Bson, &Bson)> {
        match (self.ours, self.theirs) {
            (Outcome::Value(ours), Outcome::Value(theirs)) => Some((ours, theirs)),
            _ => None,
        }
    }

    pub fn their_value(&self) -> Option<&Bson> {
        if let Outcome::Value(value) = self.theirs { Some(value) } else { None }
    }

    pub fn our_value(&self) -> Option<&Bson> {
        if let Outcome::Value(value) = self.ours { Some(value) } else { None }
    }

    pub fn has(&self, operator: &str) -> bool {
        self.case.has(operator)
    }

    pub fn has_any(&self, operators: &[&str]) -> bool {
        operators.iter().any(|operator| self.has(operator))
    }

    /// What the command gives to an operator, wherever it stands.
    pub fn arguments(&self, operator: &str) -> Vec<&Bson> {
        fn walk<'a>(value: &'a Bson, operator: &str, found: &mut Vec<&'a Bson>) {
            match value {
                Bson::Document(doc) => doc.iter().for_each(|(name, value)| {
                    if name == operator {
                        found.push(value);
                    }
                    walk(value, operator, found);
                }),
                Bson::Array(items) => items.iter().for_each(|item| walk(item, operator, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        self.case.command.iter().filter(|(name, _)| *name != "from").for_each(|(_, value)| walk(value, operator, &mut found));
        found
    }

    /// The value of an operand for the first document, by mql. One that uses a variable is
    /// taken as missing.
    pub fn operand(&self, operand: &Bson) -> Bson {
        let none = Document::new();
        let doc = self.case.docs.first().unwrap_or(&none);
        Expression::parse(operand).and_then(|parsed| parsed.evaluate(doc, &Variables::new())).unwrap_or(Bson::Undefined)
    }

    /// The values of an operator's operands, those with names included.
    pub fn operands(&self, operator: &str) -> Vec<Bson> {
        let mut found = Vec::new();
        for argument in self.arguments(operator) {
            match argument {
                Bson::Array(items) => found.extend(items.iter().map(|item| self.operand(item))),
                Bson::Document(doc) if !doc.keys().next().is_some_and(|name| name.starts_with('$')) => {
                    found.extend(doc.values().map(|value| self.operand(value)));
                }
                single => found.push(self.operand(single)),
            }
        }
        found
    }

    /// Whether there is an operand of one of the operators, at any depth, that mql cannot
    /// evaluate by itself.
    pub fn fails_below(&self, operators: &[&str]) -> bool {
        let fails = |value: &Bson| {
            let is_call = value.as_document().is_some_and(|doc| doc.len() == 1 && doc.keys().all(|name| name.starts_with('$')));
            is_call
                && Expression::parse(value)
                    .is_ok_and(|parsed| self.case.docs.iter().any(|doc| parsed.evaluate(doc, &Variables::new()).is_err()))
        };
        operators.iter().flat_map(|operator| self.arguments(operator)).any(|argument| within(argument, &fails))
    }

    /// Whether an operand of one of the operators is null or missing.
    pub fn null_operand(&self, operators: &[&str]) -> bool {
        operators.iter().any(|operator| self.operands(operator).iter().any(nullish))
    }

    /// Whether a comparison of two operands was asked for that differ in type, or are of a type
    /// that mingo orders in another way.
    pub fn compares(&self, operators: &[&str], test: &dyn Fn(&Bson, &Bson) -> bool) -> bool {
        operators.iter().flat_map(|operator| self.arguments(operator)).any(|argument| match argument {
            Bson::Array(pair) if pair.len() == 2 => test(&self.operand(&pair[0]), &self.operand(&pair[1])),
            _ => false,
        })
    }

    /// The values of the documents at the fields of an order.
    pub fn sorted_by(&self) -> Vec<&Bson> {
        let mut orders: Vec<&Bson> = self.arguments("$sort");
        orders.extend(self.case.command.get("sort"));
        let names: Vec<&str> =
            orders.iter().filter_map(|order| order.as_document()).flat_map(Document::keys).map(|path| first(path)).collect();
        self.case.docs.iter().flat_map(|doc| names.iter().filter_map(|name| doc.get(name))).collect()
    }
}

/// The first part of a path.
pub fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or_default()
}

/// Whether values compare as MongoDB's order of types says, whatever they are.
pub fn by_rank(a: &Bson, b: &Bson) -> Option<Ordering> {
    Some(rank(a).cmp(&rank(b))).filter(|order| order.is_ne())
}
