//! Random pipelines over records.

use bson::{Bson, Document, bson, doc};

use super::expressions::{Expressions, Type};
use super::{Generator, filters, paths, projections, values};
use crate::case::{Case, Kind};
use crate::random::Random;

pub fn case(random: &mut Random, generator: &Generator) -> Case {
    let count = i32::try_from(1 + random.below(5)).unwrap_or(1);
    let docs: Vec<Document> = (0..count).map(|id| values::record(random, id)).collect();
    let make = Expressions::new(generator);
    let mut command = Document::new();
    let mut stages = Vec::new();
    for _ in 0..1 + random.below(4) {
        let stage = stage(random, &make, &docs, generator);
        let emptied = stage.contains_key("$bucket") && random.chance(95);
        if stage.contains_key("$limit") {
            // MongoDB evaluates no more documents than it needs, mingo all: here all are needed.
            stages.push(bson!({"$sort": {"_id": 1}}));
        }
        let unordered = stage.contains_key("$group") || stage.contains_key("$sortByCount");
        stages.push(Bson::Document(stage));
        if emptied {
            // Mingo keeps empty buckets.
            stages.push(bson!({"$match": {"count": {"$gt": 0}}}));
        }
        if unordered {
            // MongoDB says nothing of the order of groups.
            stages.push(bson!({"$sort": {"_id": if random.chance(50) { 1 } else { -1 }}}));
        }
    }
    let reads = |stages: &[Bson]| {
        let text = Bson::Array(stages.to_vec()).to_string();
        ["$lookup", "$graphLookup", "$out", "$merge"].iter().any(|name| text.contains(name))
    };
    // MongoDB refuses a pipeline that reads what it writes to.
    // Nor may it write an _id twice.
    let unwound = Bson::Array(stages.clone()).to_string().contains("$unwind");
    if random.chance(6) && !unwound && (!reads(&stages) || random.chance(3)) {
        stages.push(Bson::Document(output(random, &make)));
    }
    if reads(&stages) {
        let count = i32::try_from(random.below(5)).unwrap_or_default();
        command.insert("from", (0..count).map(|id| Bson::Document(other(random, id))).collect::<Vec<_>>());
    }
    command.insert("pipeline", stages);
    Case { kind: Kind::Aggregate, docs, command }
}

/// A document of the other collection; `up` leads to others.
fn other(random: &mut Random, id: i32) -> Document {
    doc! {"_id": id, "n": values::number(random), "s": values::string(random), "up": random.between(0, 5)}
}

fn stage(random: &mut Random, make: &Expressions<'_>, docs: &[Document], generator: &Generator) -> Document {
    match random.below(30) {
        0..8 => change(random, make).as_document().cloned().unwrap_or_default(),
        8..11 => doc! {"$match": filter(random, docs, generator)},
        11..14 => doc! {"$sort": paths::sort(random)},
        14 => doc! {"$limit": random.between(1, 4)},
        15 => doc! {"$skip": random.between(0, 2)},
        16 => doc! {"$count": "count"},
        17..20 => group(random, make),
        20 => doc! {"$sortByCount": key(random, make)},
        21 | 22 => unwind(random),
        23 => bucket(random, make),
        24 => bucket_auto(random, make),
        25 => redact(random, make),
        26 => facet(random, make),
        27 => graph_lookup(random),
        _ => lookup(random, make),
    }
}

fn filter(random: &mut Random, docs: &[Document], generator: &Generator) -> Document {
    match random.below(5) {
        0 => filters::filter(random, docs, generator, 1),
        1 => doc! {"n": {"$gte": values::number(random)}},
        2 => doc! {"x": values::number(random)},
        3 => doc! {"$expr": Expressions::new(generator).of(random, Type::Boolean, 2)},
        _ => doc! {"o.n": {"$lt": values::number(random)}},
    }
}

/// A stage that an update may have.
pub fn change(random: &mut Random, make: &Expressions<'_>) -> Bson {
    match random.below(8) {
        0..3 => bson!({"$project": project(random, make)}),
        3 => bson!({"$unset": unset(random)}),
        4 | 5 => bson!({random.pick(&["$addFields", "$set"]): computed(random, make)}),
        6 => bson!({"$replaceRoot": {"newRoot": root(random, make)}}),
        _ => bson!({"$replaceWith": root(random, make)}),
    }
}

fn root(random: &mut Random, make: &Expressions<'_>) -> Bson {
    match random.below(3) {
        0 => bson!({"_id": "$_id", "n": make.of(random, Type::Number, 1), "s": "$s", "x": "$x"}),
        1 => bson!({"$mergeObjects": ["$o", "$$ROOT"]}),
        _ => make.of(random, Type::Document, 1),
    }
}

fn project(random: &mut Random, make: &Expressions<'_>) -> Document {
    let include = random.chance(75);
    let mut spec = Document::new();
    for _ in 0..1 + random.below(3) {
        let path = random.pick(&["n", "m", "s", "o", "o.n", "o.p.n", "v", "v.n", "x", "y", "k", "d"]);
        let top = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
        if spec.keys().any(|other| top(other) == top(path)) {
            continue;
        }
        let value = match include && random.chance(45) {
            true => make.of(random, Type::Any, 1),
            false => Bson::Int32(i32::from(include)),
        };
        // A number or a boolean would mean inclusion or exclusion.
        let plain = matches!(value, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Boolean(_));
        match plain || matches!(&value, Bson::Document(doc) if !doc.keys().next().is_some_and(|key| key.starts_with('$'))) {
            true => _ = spec.insert(path, i32::from(include)),
            false => _ = spec.insert(path, value),
        }
    }
    if random.chance(20) {
        spec.insert("_id", 0);
    }
    spec
}

fn computed(random: &mut Random, make: &Expressions<'_>) -> Document {
    let mut spec = Document::new();
    for _ in 0..1 + random.below(2) {
        let path = random.pick(&["n", "m", "z", "o.n", "o.z", "z.w", "x", "k", "t"]);
        if !spec.keys().any(|other| projections::collide(other, path)) {
            spec.insert(path, make.of(random, Type::Any, 2));
        }
    }
    spec
}

fn unset(random: &mut Random) -> Bson {
    match random.chance(50) {
        true => Bson::String(random.pick(&["n", "o", "o.n", "v.n", "x", "q"]).to_owned()),
        false => bson!([random.pick(&["n", "o.n", "o.p.n"]), random.pick(&["m", "v.n", "v", "q.r"])]),
    }
}

fn accumulator(random: &mut Random, make: &Expressions<'_>) -> Bson {
    match random.below(11) {
        0 | 1 => bson!({"$sum": if random.chance(40) { Bson::Int32(1) } else { make.alone(random, Type::Number, 1) }}),
        2 => bson!({"$avg": make.alone(random, Type::Number, 1)}),
        3 => bson!({"$min": make.alone(random, Type::Number, 1)}),
        4 => bson!({"$max": make.alone(random, Type::Number, 1)}),
        5 => bson!({"$first": make.alone(random, Type::Any, 1)}),
        6 => bson!({"$last": make.alone(random, Type::Any, 1)}),
        7 => bson!({"$push": there(random, make, Type::Any)}),
        8 => bson!({"$addToSet": there(random, make, Type::Number)}),
        9 => bson!({random.pick(&["$stdDevPop", "$stdDevSamp"]): make.alone(random, Type::Number, 1)}),
        _ => bson!({"$mergeObjects": make.computed(random, Type::Document, 0)}),
    }
}

/// Mingo adds null for what is missing.
fn there(random: &mut Random, make: &Expressions<'_>, of: Type) -> Bson {
    let value = make.alone(random, of, 1);
    if random.chance(5) { value } else { bson!({"$ifNull": [value, 0]}) }
}

/// What groups are made by: seldom something that mingo sorts in another way.
fn key(random: &mut Random, make: &Expressions<'_>) -> Bson {
    let of = match random.chance(3) {
        true => Type::Any,
        false => [Type::Number, Type::Number, Type::String, Type::Boolean, Type::Date][random.below(5)],
    };
    make.computed(random, of, 1)
}

fn group(random: &mut Random, make: &Expressions<'_>) -> Document {
    let id = match random.below(6) {
        0 => Bson::Null,
        1 => bson!({"p": key(random, make), "q": key(random, make)}),
        2 => Bson::String("$b".to_owned()),
        _ => key(random, make),
    };
    let mut spec = doc! {"_id": id};
    for name in ["n", "s", "x"] {
        if random.chance(50) {
            spec.insert(name, accumulator(random, make));
        }
    }
    doc! {"$group": spec}
}

fn unwind(random: &mut Random) -> Document {
    let path = random.pick(&["$x", "$y", "$v", "$v.x", "$o.n", "$k", "$q"]);
    if random.chance(40) {
        return doc! {"$unwind": path};
    }
    let mut spec = doc! {"path": path};
    if random.chance(50) {
        spec.insert("preserveNullAndEmptyArrays", random.chance(80));
    }
    if random.chance(50) {
        spec.insert("includeArrayIndex", random.pick(&["index", "m"]));
    }
    doc! {"$unwind": spec}
}

fn bucket(random: &mut Random, make: &Expressions<'_>) -> Document {
    let mut spec = doc! {"groupBy": make.computed(random, Type::Number, 0), "boundaries": [-2, 0, 2.5, 7]};
    if random.chance(80) {
        spec.insert("default", "other");
    }
    if random.chance(50) {
        spec.insert("output", doc! {"n": accumulator(random, make), "count": {"$sum": 1}});
    }
    doc! {"$bucket": spec}
}

fn bucket_auto(random: &mut Random, make: &Expressions<'_>) -> Document {
    let mut spec = doc! {"groupBy": make.computed(random, Type::Number, 0), "buckets": random.between(1, 4)};
    if random.chance(30) {
        spec.insert("output", doc! {"n": accumulator(random, make)});
    }
    doc! {"$bucketAuto": spec}
}

fn redact(random: &mut Random, make: &Expressions<'_>) -> Document {
    let mut action = || random.pick(&["$$DESCEND", "$$PRUNE", "$$KEEP"]);
    let (no, other) = (action(), action());
    let test = make.of(random, Type::Boolean, 1);
    match random.chance(95) {
        // The document itself stays: mingo leaves a hole for one that is pruned.
        true => doc! {"$redact": {"$cond": [{"$or": [{"$gte": [{"$ifNull": ["$_id", -1]}, 0]}, test]}, "$$DESCEND", no]}},
        false => doc! {"$redact": {"$cond": [test, other, no]}},
    }
}

fn facet(random: &mut Random, make: &Expressions<'_>) -> Document {
    doc! {"$facet": {
        "one": [group(random, make), {"$sort": {"_id": 1}}],
        "two": [change(random, make), {"$sort": {"_id": -1}}],
        "three": [{"$match": {"_id": {"$gte": i32::from(random.chance(10))}}}, {"$count": "count"}],
    }}
}

fn lookup(random: &mut Random, make: &Expressions<'_>) -> Document {
    if random.chance(65) {
        let local = if random.chance(4) { "x" } else { random.pick(&["n", "_id", "s", "o.n", "q"]) };
        let foreign = random.pick(&["_id", "n", "s", "up", "none"]);
        return doc! {"$lookup": {"from": "other", "localField": local, "foreignField": foreign, "as": "found"}};
    }
    let inner: Bson = match random.below(3) {
        0 => bson!([{"$match": {"$expr": {"$gte": ["$n", "$$one"]}}}]),
        1 => bson!([{"$match": {"n": {"$gt": 1}}}, {"$project": {"n": 1, "two": "$$one"}}]),
        _ => bson!([{"$group": {"_id": Bson::Null, "n": {"$sum": "$n"}}}]),
    };
    doc! {"$lookup": {"from": "other", "let": {"one": make.of(random, Type::Number, 0)}, "pipeline": inner, "as": "found"}}
}

fn graph_lookup(random: &mut Random) -> Document {
    let mut spec = doc! {
        "from": "other",
        "startWith": if random.chance(4) { "$x" } else { random.pick(&["$_id", "$n"]) },
        "connectFromField": "up",
        "connectToField": "_id",
        "as": "found",
    };
    if random.chance(40) {
        spec.insert("maxDepth", random.between(0, 2));
    }
    if random.chance(40) {
        spec.insert("depthField", "depth");
    }
    if random.chance(25) {
        spec.insert("restrictSearchWithMatch", doc! {"n": {"$gte": values::number(random)}});
    }
    doc! {"$graphLookup": spec}
}

fn output(random: &mut Random, make: &Expressions<'_>) -> Document {
    if random.chance(30) {
        return doc! {"$out": "other"};
    }
    let mut spec = doc! {"into": "other"};
    if random.chance(70) {
        match random.chance(25) {
            true => _ = spec.insert("whenMatched", vec![bson!({"$set": {"n": "$$new.n", "z": make.of(random, Type::Number, 0)}})]),
            false => _ = spec.insert("whenMatched", random.pick(&["replace", "keepExisting", "merge", "fail"])),
        }
    }
    // The other modes do not go together with keepExisting and fail.
    let free = !matches!(spec.get_str("whenMatched"), Ok("keepExisting" | "fail"));
    if random.chance(50) && (free || random.chance(5)) {
        spec.insert("whenNotMatched", random.pick(&["insert", "discard", "fail"]));
    }
    doc! {"$merge": spec}
}
