//! Random projections of `find`.

use bson::{Bson, Document, bson};

use super::paths;
use crate::random::Random;

pub fn projection(random: &mut Random) -> Document {
    let include = random.chance(60);
    let mut projection = Document::new();
    for _ in 0..1 + random.below(3) {
        let path = paths::field(random).to_owned();
        // Paths may not collide, nor have the positions of elements.
        if projection.keys().any(|other| collide(other, &path)) || path.contains(['0', '1']) {
            continue;
        }
        let value = match random.below(12) {
            // By itself it would be an exclusion, which mingo does not see.
            0 if !path.contains('.') && (include && !projection.is_empty() || random.chance(3)) => slice(random),
            1 if include && !path.contains('.') => element_match(random, &path),
            2 => Bson::Boolean(include),
            _ => Bson::Int32(i32::from(include)),
        };
        projection.insert(path, value);
    }
    match random.below(10) {
        0 | 1 => _ = projection.insert("_id", 0),
        // Beside a `$slice` alone, mingo sees an inclusion in it.
        2 if include && projection.values().any(|value| value.as_document().is_none()) => _ = projection.insert("_id", 1),
        _ => {}
    }
    if projection.is_empty() {
        projection.insert("a", 1);
    }
    projection
}

pub fn collide(a: &str, b: &str) -> bool {
    a == b || a.starts_with(&format!("{b}.")) || b.starts_with(&format!("{a}."))
}

fn slice(random: &mut Random) -> Bson {
    match random.chance(60) {
        true => bson!({"$slice": random.between(-2, 3)}),
        false => bson!({"$slice": [random.between(-2, 2), random.between(1, 3)]}),
    }
}

fn element_match(random: &mut Random, path: &str) -> Bson {
    let n = random.between(-1, 4);
    match path {
        "v" => bson!({"$elemMatch": {"n": {"$gte": n}}}),
        "x" if random.chance(10) => bson!({"$elemMatch": {"$gte": n}}),
        _ => bson!({"$elemMatch": {"a": {"$exists": true}}}),
    }
}
