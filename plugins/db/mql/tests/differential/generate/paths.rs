//! Random paths and orders.

use bson::{Bson, Document};

use crate::random::Random;

/// A path into a document of any shape.
pub fn path(random: &mut Random) -> &'static str {
    random.pick(&["a", "b", "c", "a", "b", "a.b", "b.a", "c.b", "a.0", "b.1", "a.b.c", "b.0.a", "a.a"])
}

/// A path into a document of any shape or a record.
pub fn field(random: &mut Random) -> &'static str {
    match random.chance(40) {
        true => path(random),
        false => random.pick(&["n", "m", "s", "t", "b", "d", "k", "o", "o.n", "o.s", "o.p", "o.p.n", "v", "v.n", "v.s", "x", "y"]),
    }
}

pub fn sort(random: &mut Random) -> Document {
    let fields = random.some(1, 2, |random| {
        let direction = if random.chance(50) { 1 } else { -1 };
        let field = match random.chance(8) {
            true => field(random),
            false => random.pick(&["_id", "n", "m", "s", "t", "d", "b", "o.n", "o.s", "o.p.n"]),
        };
        (field.to_owned(), Bson::Int32(direction))
    });
    let top = |path: &str| path.split('.').next().map(str::to_owned);
    let mut order = Document::new();
    for (field, direction) in fields {
        // Of two fields in one array the least pair counts; there are tests of that by itself.
        if !order.keys().any(|other| top(other) == top(&field)) {
            order.insert(field, direction);
        }
    }
    order
}

/// The values at a path: what conditions are made of so that they match.
pub fn values_at<'a>(value: &'a Bson, path: &str, found: &mut Vec<&'a Bson>) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let mut go = |inner: &'a Bson| match rest {
        Some(rest) => values_at(inner, rest, found),
        None => {
            found.push(inner);
            if let Bson::Array(items) = inner {
                found.extend(items);
            }
        }
    };
    match value {
        Bson::Document(doc) => doc.get(name).into_iter().for_each(&mut go),
        Bson::Array(items) => {
            if let Some(item) = name.parse().ok().and_then(|index: usize| items.get(index)) {
                go(item);
            }
            items.iter().filter_map(Bson::as_document).filter_map(|doc| doc.get(name)).for_each(&mut go);
        }
        _ => {}
    }
}
