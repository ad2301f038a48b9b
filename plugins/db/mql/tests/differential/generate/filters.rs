//! Random filters.

use bson::{Bson, Document, Regex, bson, doc};

use super::{Generator, expressions, paths, values};
use crate::random::Random;

/// A filter that matches some of the documents, if it can be had.
pub fn filter(random: &mut Random, docs: &[Document], generator: &Generator, depth: usize) -> Document {
    let mut filter = Document::new();
    for _ in 0..if random.chance(25) { 2 } else { 1 } {
        match random.below(12) {
            0 | 1 if depth > 0 => {
                let operator = random.pick(&["$and", "$or", "$nor", "$or"]);
                let parts = random.some(1, 3, |random| Bson::Document(self::filter(random, docs, generator, depth - 1)));
                filter.insert(operator, parts);
            }
            2 if depth > 1 && random.chance(40) => {
                let expression = expressions::Expressions::new(generator).over(expressions::Fields::Any);
                filter.insert("$expr", expression.any(random, 1));
            }
            _ => {
                let path = path(random, docs);
                let condition = condition(random, docs, path, depth);
                filter.insert(path, condition);
            }
        }
    }
    filter
}

/// A path, mostly one that leads to something in a document.
fn path(random: &mut Random, docs: &[Document]) -> &'static str {
    for _ in 0..3 {
        let path = paths::path(random);
        if !found(docs, path).is_empty() {
            return path;
        }
    }
    paths::path(random)
}

fn found(docs: &[Document], path: &str) -> Vec<Bson> {
    let whole: Vec<Bson> = docs.iter().cloned().map(Bson::Document).collect();
    let mut found = Vec::new();
    whole.iter().for_each(|doc| paths::values_at(doc, path, &mut found));
    found.into_iter().cloned().collect()
}

fn operand(random: &mut Random, docs: &[Document], path: &str) -> Bson {
    let found = found(docs, path);
    match found.is_empty() || random.chance(12) {
        true => values::value(random, 1),
        false => found[random.below(found.len())].clone(),
    }
}

fn condition(random: &mut Random, docs: &[Document], path: &str, depth: usize) -> Bson {
    match random.below(20) {
        0..4 => operand(random, docs, path),
        4 => Bson::RegularExpression(pattern(random)),
        5 => {
            let mut both = operator(random, docs, path, depth);
            both.extend(operator(random, docs, path, depth));
            Bson::Document(both)
        }
        _ => Bson::Document(operator(random, docs, path, depth)),
    }
}

fn operator(random: &mut Random, docs: &[Document], path: &str, depth: usize) -> Document {
    match random.below(26) {
        0 => doc! {"$eq": operand(random, docs, path)},
        1 | 2 => doc! {"$ne": operand(random, docs, path)},
        3..8 => {
            let name = random.pick(&["$gt", "$gte", "$lt", "$lte"]);
            doc! {name: operand(random, docs, path)}
        }
        8 | 9 => doc! {"$in": random.some(0, 3, |random| list_item(random, docs, path))},
        10 | 11 => doc! {"$nin": random.some(0, 3, |random| list_item(random, docs, path))},
        12 => doc! {"$exists": random.chance(60)},
        13 | 14 => {
            let kind = random.pick(&["number", "string", "object", "array", "bool", "date", "null", "regex"]);
            match random.below(3) {
                0 => doc! {"$type": [kind, "string"]},
                // Mingo has one type of numbers.
                1 if random.chance(30) => doc! {"$type": ["int", "long", "double"]},
                1 => doc! {"$type": ([2, 3, 4, 8, 9, 10][random.below(6)])},
                _ => doc! {"$type": kind},
            }
        }
        15 => doc! {"$mod": [random.between(1, 4), random.between(0, 2)]},
        16 => {
            let Regex { pattern, options } = pattern(random);
            match random.chance(60) {
                true => doc! {"$regex": pattern.as_str(), "$options": options.as_str()},
                false => doc! {"$regex": pattern.as_str()},
            }
        }
        17 => doc! {"$size": random.between(0, 3)},
        18 => doc! {"$all": random.some(1, 2, |random| operand(random, docs, path))},
        19 if depth > 0 => {
            let parts = random.some(1, 2, |random| bson!({"$elemMatch": element(random, docs, path, depth - 1)}));
            doc! {"$all": parts}
        }
        20 | 21 if depth > 0 => doc! {"$elemMatch": element(random, docs, path, depth - 1)},
        22 | 23 if depth > 0 => {
            let inner = match random.chance(15) {
                true => Bson::RegularExpression(pattern(random)),
                false => Bson::Document(operator(random, docs, path, depth - 1)),
            };
            doc! {"$not": inner}
        }
        24 if random.chance(30) => {
            let name = random.pick(&["$bitsAllSet", "$bitsAllClear", "$bitsAnySet", "$bitsAnyClear"]);
            match random.chance(50) {
                true => doc! {name: random.between(0, 7)},
                false => doc! {name: random.some(1, 2, |random| random.between(0, 3))},
            }
        }
        _ => doc! {"$eq": operand(random, docs, path)},
    }
}

fn list_item(random: &mut Random, docs: &[Document], path: &str) -> Bson {
    match random.chance(6) {
        true => Bson::RegularExpression(pattern(random)),
        false => operand(random, docs, path),
    }
}

/// What `$elemMatch` asks: of an element itself, or of its fields.
fn element(random: &mut Random, docs: &[Document], path: &str, depth: usize) -> Document {
    match random.chance(60) {
        true => operator(random, docs, path, depth),
        false => {
            let name = random.pick(&["a", "b", "c"]);
            let inner = condition(random, docs, &format!("{path}.{name}"), depth);
            doc! {name: inner}
        }
    }
}

pub fn pattern(random: &mut Random) -> Regex {
    let pattern = random.pick(&["a", "^a", "b$", "^A", "x", ".", "^$", "[0-9]", "(a)(b)?", "a|x", "^.b"]);
    let options = if random.chance(30) { "i" } else { "" };
    Regex { pattern: pattern.to_owned().try_into().expect("no zero byte"), options: options.to_owned().try_into().expect("no zero byte") }
}
