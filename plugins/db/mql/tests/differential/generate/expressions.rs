//! Random expressions, mostly with operands of the right types.

mod table;

use bson::{Bson, Document, bson};

use super::{Generator, values};
use crate::random::Random;
pub use table::OPERATORS;
use table::Takes;

/// What an expression is to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Number,
    Integer,
    String,
    Boolean,
    Date,
    Numbers,
    Strings,
    Documents,
    Document,
    Any,
}

const TYPES: [Type; 9] =
    [Type::Number, Type::Integer, Type::String, Type::Boolean, Type::Date, Type::Numbers, Type::Strings, Type::Documents, Type::Document];

/// Which fields the documents have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// Those of [`values::record`].
    Record,
    /// Those of [`values::document`].
    Any,
}

pub struct Expressions<'a> {
    generator: &'a Generator,
    fields: Fields,
    /// Variables that hold, with their types.
    bound: Vec<(&'static str, Type)>,
}

impl<'a> Expressions<'a> {
    pub fn new(generator: &'a Generator) -> Self {
        Self { generator, fields: Fields::Record, bound: Vec::new() }
    }

    pub fn over(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// The same with a variable more.
    pub fn with(&self, name: &'static str, of: Type) -> Self {
        let mut bound = self.bound.clone();
        bound.push((name, of));
        Self { generator: self.generator, fields: self.fields, bound }
    }

    /// An expression of any type with an operator in front.
    pub fn any(&self, random: &mut Random, depth: usize) -> Bson {
        // All operators alike, whatever they give.
        loop {
            let operator = &OPERATORS[random.below(OPERATORS.len())];
            if !self.generator.unknown.contains(operator.name) {
                return self.call(random, operator, depth);
            }
        }
    }

    pub fn of(&self, random: &mut Random, wanted: Type, depth: usize) -> Bson {
        let wanted = match random.below(100) {
            0..2 => TYPES[random.below(TYPES.len())],
            2 if depth == 0 => return Bson::Null,
            3..50 if depth > 0 => {
                let fits = |operator: &&table::Operator| {
                    (operator.gives == wanted || wanted == Type::Any || (wanted == Type::Number && operator.gives == Type::Integer))
                        && !self.generator.unknown.contains(operator.name)
                };
                let fitting: Vec<&table::Operator> = OPERATORS.iter().filter(fits).collect();
                if !fitting.is_empty() {
                    let operator = fitting[random.below(fitting.len())];
                    return self.call(random, operator, depth - 1);
                }
                wanted
            }
            _ => wanted,
        };
        match random.chance(55) {
            true => self.path(random, wanted),
            false => self.literal(random, wanted),
        }
    }

    fn call(&self, random: &mut Random, operator: &table::Operator, depth: usize) -> Bson {
        let argument = match operator.takes {
            Takes::Each([single]) if random.chance(98) => self.alone(random, *single, depth),
            Takes::Each(types) => Bson::Array(types.iter().map(|wanted| self.of(random, *wanted, depth)).collect()),
            Takes::Several(wanted, least, most) => Bson::Array(random.some(least, most, |random| self.of(random, wanted, depth))),
            Takes::Built(build) => build(self, random, depth),
        };
        if operator.name == "$type" {
            // Mingo has one type of numbers.
            let number = bson!({"$in": ["$$type", ["int", "long", "double"]]});
            return bson!({"$let": {"vars": {"type": {"$type": argument}}, "in": {"$cond": [number, "number", "$$type"]}}});
        }
        bson!({operator.name: argument})
    }

    /// An expression that can be an argument without a list around it: no array.
    pub fn alone(&self, random: &mut Random, wanted: Type, depth: usize) -> Bson {
        match self.of(random, wanted, depth) {
            Bson::Array(_) => self.path(random, wanted),
            other => other,
        }
    }

    /// An expression that is no constant.
    pub fn computed(&self, random: &mut Random, wanted: Type, depth: usize) -> Bson {
        match self.of(random, wanted, depth) {
            Bson::Document(doc) if doc.keys().next().is_some_and(|key| key.starts_with('$')) => Bson::Document(doc),
            _ => self.path(random, wanted),
        }
    }

    fn path(&self, random: &mut Random, wanted: Type) -> Bson {
        let bound: Vec<&str> = self.bound.iter().filter(|(_, of)| *of == wanted || wanted == Type::Any).map(|(name, _)| *name).collect();
        if !bound.is_empty() && random.chance(60) {
            return Bson::String(format!("$${}", random.pick(&bound)));
        }
        if self.bound.iter().any(|(_, of)| *of == Type::Document) && random.chance(20) {
            let name = self.bound.iter().find(|(_, of)| *of == Type::Document).map_or("ROOT", |(name, _)| *name);
            return Bson::String(format!("$${name}.{}", random.pick(&["n", "s", "x"])));
        }
        if self.fields == Fields::Any {
            return Bson::String(format!("${}", random.pick(&["a", "b", "c", "a.b", "b.a", "c.b"])));
        }
        let path = match wanted {
            Type::Number | Type::Integer => random.pick(&["$n", "$m", "$o.n", "$o.p.n", "$n", "$m", "$k"]),
            Type::String => random.pick(&["$s", "$t", "$o.s", "$s", "$k"]),
            Type::Boolean => random.pick(&["$b", "$b", "$k"]),
            Type::Date => random.pick(&["$d", "$d", "$d", "$k"]),
            Type::Numbers => random.pick(&["$x", "$x", "$v.n"]),
            Type::Strings => random.pick(&["$y", "$y", "$v.s"]),
            Type::Documents => "$v",
            Type::Document => random.pick(&["$o", "$o.p", "$o", "$$ROOT", "$$CURRENT"]),
            Type::Any => {
                random.pick(&["$n", "$s", "$b", "$d", "$k", "$o", "$x", "$v", "$v.n", "$v.x", "$q", "$o.p.n", "$$NOW", "$$REMOVE"])
            }
        };
        Bson::String(path.to_owned())
    }

    pub fn literal(&self, random: &mut Random, wanted: Type) -> Bson {
        match wanted {
            Type::Number => values::number(random),
            Type::Integer => values::int(random),
            Type::String => values::string(random),
            Type::Boolean => values::boolean(random),
            Type::Date => values::date(random),
            Type::Numbers => Bson::Array(random.some(0, 3, values::number)),
            Type::Strings => Bson::Array(random.some(0, 3, values::string)),
            Type::Documents => Bson::Array(random.some(0, 2, |random| bson!({"n": values::number(random)}))),
            Type::Document => {
                let mut doc = Document::new();
                doc.insert("n", values::number(random));
                if random.chance(50) {
                    doc.insert("s", values::string(random));
                }
                Bson::Document(doc)
            }
            Type::Any => values::value(random, 1),
        }
    }
}
