//! Random updates of one record.

use std::collections::BTreeSet;

use bson::{Bson, Document, bson, doc};

use super::{Generator, expressions, pipelines, projections, values};
use crate::case::{Case, Kind};
use crate::random::Random;

pub fn case(random: &mut Random, generator: &Generator) -> Case {
    let mut docs = vec![values::record(random, 1)];
    let mut command = doc! {"filter": filter(random)};
    if random.chance(12) {
        let mut stages = random.some(1, 2, |random| pipelines::change(random, &expressions::Expressions::new(generator)));
        if random.chance(90) {
            // Mingo lets go of the _id.
            stages.push(bson!({"$set": {"_id": 1}}));
        }
        command.insert("update", stages);
        return Case { kind: Kind::Update, docs, command };
    }
    let mut update = Document::new();
    let mut taken: Vec<String> = Vec::new();
    let mut filters = Vec::new();
    for _ in 0..1 + random.below(3) {
        let (operator, path, value) = change(random, &mut command, &mut filters);
        if operator == "$bit" {
            // Mingo cannot tell an integer from a double, and has 32 bits.
            integer(&mut docs[0], &path);
        }
        let mut paths = vec![path.clone()];
        paths.extend(value.as_str().filter(|_| operator == "$rename").map(str::to_owned));
        let top = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
        // Two operators on one array would conflict, or depend on which comes first.
        if paths.iter().any(|path| taken.iter().any(|other| projections::collide(&top(other), &top(path))))
            && (paths.iter().chain(&taken).any(|path| path.contains('$')) || !random.chance(3))
        {
            continue;
        }
        taken.extend(paths);
        match update.get_document_mut(operator) {
            Ok(fields) => _ = fields.insert(path, value),
            Err(_) => _ = update.insert(operator, doc! {path: value}),
        }
    }
    // An identifier has one filter.
    let mut named = BTreeSet::new();
    filters.retain(|(id, _)| named.insert(*id));
    let used: Vec<Bson> = filters
        .into_iter()
        .filter(|(id, _)| taken.iter().any(|path| path.contains(&format!("[{id}]"))))
        .map(|(_, filter)| filter)
        .collect();
    command.insert("update", update);
    if !used.is_empty() {
        command.insert("arrayFilters", used);
    }
    Case { kind: Kind::Update, docs, command }
}

/// Makes the number at a path an integer of 32 bits.
fn integer(doc: &mut Document, path: &str) {
    match doc.get(path) {
        Some(Bson::Double(n)) => _ = doc.insert(path, *n as i32),
        Some(Bson::Int64(_)) => _ = doc.insert(path, Bson::Int64(3)),
        _ => {}
    }
}

fn filter(random: &mut Random) -> Document {
    match random.below(8) {
        0 => doc! {"n": {"$gte": values::number(random)}},
        1 => doc! {"s": {"$ne": values::string(random)}},
        2 => doc! {"_id": 1},
        _ => doc! {},
    }
}

type Filters = Vec<(&'static str, Bson)>;

fn change(random: &mut Random, command: &mut Document, filters: &mut Filters) -> (&'static str, String, Bson) {
    match random.below(20) {
        0 | 1 => ("$set", target(random), values::value(random, 1)),
        2 => ("$unset", target(random), Bson::String(String::new())),
        3 | 4 => ("$inc", number_target(random), operand(random)),
        5 => ("$mul", number_target(random), operand(random)),
        6 => ("$min", any_target(random), values::scalar(random)),
        7 => ("$max", any_target(random), values::scalar(random)),
        8 => (
            "$rename",
            if random.chance(90) { random.pick(&["n", "s", "k", "o.n", "o.q", "q", "b", "x"]).to_owned() } else { target(random) },
            Bson::String(random.pick(&["z", "w", "o.z", "q.r", "k"]).to_owned()),
        ),
        9 => ("$currentDate", any_target(random), [bson!(true), bson!({"$type": "date"})][random.below(2)].clone()),
        10 => ("$bit", random.pick(&["n", "m", "q", "s"]).to_owned(), bson!({random.pick(&["and", "or", "xor"]): random.between(0, 7)})),
        11 | 12 => ("$push", array_target(random), push(random)),
        13 => ("$addToSet", array_target(random), add_to_set(random)),
        14 => ("$pop", array_target(random), Bson::Int32(if random.chance(50) { 1 } else { -1 })),
        15 => pull(random),
        16 => {
            let array = array_target(random);
            let items = if array == "y" { random.some(0, 3, values::string) } else { random.some(0, 3, values::number) };
            ("$pullAll", array, Bson::Array(items))
        }
        17 => positional(random, command),
        18 if random.chance(15) => ("$setOnInsert", target(random), values::scalar(random)),
        18 => ("$set", target(random), values::value(random, 1)),
        _ => elements(random, filters),
    }
}

fn operand(random: &mut Random) -> Bson {
    if random.chance(96) { values::number(random) } else { values::scalar(random) }
}

fn target(random: &mut Random) -> String {
    random.pick(&["n", "s", "k", "o", "o.n", "o.q", "o.p.n", "q", "q.r", "v.0.n", "x.1", "v.1", "b", "q.r"]).to_owned()
}

fn number_target(random: &mut Random) -> String {
    random.pick(&["n", "m", "o.n", "o.p.n", "q", "x.0", "v.0.n", "n", "m"]).to_owned()
}

fn any_target(random: &mut Random) -> String {
    random.pick(&["n", "s", "d", "k", "q", "o.n", "x.0"]).to_owned()
}

fn array_target(random: &mut Random) -> String {
    random.pick(&["x", "x", "y", "v.0.x", "q", "x", "y"]).to_owned()
}

fn push(random: &mut Random) -> Bson {
    if random.chance(35) {
        return values::scalar(random);
    }
    let mut spec = doc! {"$each": random.some(0, 3, values::number)};
    if random.chance(40) {
        spec.insert("$position", random.between(-2, 3));
    }
    if random.chance(40) {
        spec.insert("$slice", random.between(-3, 4));
    }
    if random.chance(40) {
        spec.insert("$sort", if random.chance(50) { 1 } else { -1 });
    }
    Bson::Document(spec)
}

fn add_to_set(random: &mut Random) -> Bson {
    match random.chance(50) {
        true => values::number(random),
        false => bson!({"$each": random.some(0, 3, values::scalar)}),
    }
}

fn pull(random: &mut Random) -> (&'static str, String, Bson) {
    match random.below(5) {
        0 => ("$pull", "x".to_owned(), values::number(random)),
        1 => ("$pull", "x".to_owned(), bson!({"$gte": values::number(random)})),
        2 => ("$pull", "y".to_owned(), bson!({"$in": random.some(0, 3, values::string)})),
        3 => ("$pull", "v".to_owned(), bson!({"n": {"$lt": values::number(random)}})),
        _ => ("$pull", "v".to_owned(), bson!({"s": values::string(random)})),
    }
}

/// `$`, with the condition on the array in the filter.
fn positional(random: &mut Random, command: &mut Document) -> (&'static str, String, Bson) {
    // With mingo the condition has to be on the same array.
    if command.get_document("filter").is_ok_and(|filter| ["x", "v", "v.n"].iter().any(|path| filter.contains_key(path))) {
        return ("$set", target(random), values::value(random, 1));
    }
    let (condition, path) = match random.below(3) {
        0 => (doc! {"x": {"$gte": values::number(random)}}, "x.$"),
        1 => (doc! {"v.n": {"$lte": values::number(random)}}, "v.$.n"),
        _ => (doc! {"v": {"$elemMatch": {"n": {"$gte": values::number(random)}}}}, "v.$.q"),
    };
    command.insert("filter", condition);
    match random.below(3) {
        0 => ("$inc", path.to_owned(), values::number(random)),
        1 => ("$unset", path.to_owned(), Bson::Int32(1)),
        _ => ("$set", path.to_owned(), values::scalar(random)),
    }
}

/// `$[]` and `$[identifier]`.
fn elements(random: &mut Random, filters: &mut Filters) -> (&'static str, String, Bson) {
    let path = match random.below(4) {
        0 => random.pick(&["x.$[]", "v.$[].n"]),
        1 => {
            filters.push(("e", bson!({"e": {"$gte": values::number(random)}})));
            "x.$[e]"
        }
        2 => {
            filters.push(("f", bson!({"f.n": {"$lt": values::number(random)}})));
            random.pick(&["v.$[f].n", "v.$[f].q"])
        }
        _ => {
            filters.push(("g", bson!({"g.s": values::string(random)})));
            "v.$[g].s"
        }
    };
    match random.below(4) {
        0 => ("$mul", path.to_owned(), values::int(random)),
        1 => ("$inc", path.to_owned(), values::int(random)),
        2 => ("$min", path.to_owned(), values::number(random)),
        _ => ("$set", path.to_owned(), values::scalar(random)),
    }
}
