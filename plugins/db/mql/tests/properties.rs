//! Laws that hold for all documents, tried on random ones. A failure prints the seed.

#![allow(clippy::unwrap_used)]

use std::cmp::Ordering;

use bson::{Bson, Document, RawDocument, doc};
use mql::aggregate::{Options, Pipeline};
use mql::expression::{Expression, Variables};
use mql::index::IndexSpec;
use mql::{Collation, Filter, Projection, Sort, Update, UpdateOptions, check, compare, equal, json};

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn value(&mut self, depth: u64) -> Bson {
        match self.below(if depth == 0 { 9 } else { 11 }) {
            0 => Bson::Null,
            1 => Bson::Int32(i32::try_from(self.below(5)).unwrap() - 2),
            2 => Bson::Int64(i64::try_from(self.below(5)).unwrap() + i64::from(i32::MAX)),
            3 => Bson::Double(self.below(9) as f64 / 2.0 - 2.0),
            4 => Bson::String(["", "a", "ab", "b\"\n"][self.below(4) as usize].to_owned()),
            5 => Bson::Boolean(self.below(2) == 0),
            6 => Bson::DateTime(bson::DateTime::from_millis(self.below(3) as i64)),
            7 => Bson::Decimal128(["1.0", "-2", "0.50", "2147483647"][self.below(4) as usize].parse().unwrap()),
            8 => [Bson::MinKey, Bson::MaxKey][self.below(2) as usize].clone(),
            9 => Bson::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => Bson::Document(self.document(depth - 1)),
        }
    }

    fn document(&mut self, depth: u64) -> Document {
        (0..self.below(4)).map(|_| (["a", "b", "c"][self.below(3) as usize].to_owned(), self.value(depth))).collect()
    }

    /// A value as a part of the language may look.
    fn language(&mut self, depth: u64) -> Bson {
        const NAMES: &[&str] = &[
            "a",
            "b.c",
            "_id",
            "$and",
            "$or",
            "$nor",
            "$not",
            "$elemMatch",
            "$all",
            "$in",
            "$expr",
            "$gt",
            "$eq",
            "$regex",
            "$options",
            "$mod",
            "$size",
            "$type",
            "$exists",
            "$bitsAllSet",
            "$geoWithin",
            "$near",
            "$set",
            "$unset",
            "$inc",
            "$push",
            "$each",
            "$slice",
            "$sort",
            "$pull",
            "$rename",
            "$bit",
            "$currentDate",
            "$match",
            "$project",
            "$group",
            "$unwind",
            "$lookup",
            "from",
            "as",
            "pipeline",
            "let",
            "$facet",
            "$bucket",
            "$limit",
            "$sample",
            "$out",
            "$merge",
            "into",
            "$add",
            "$cond",
            "$map",
            "input",
            "in",
            "$let",
            "vars",
            "$switch",
            "$filter",
            "$reduce",
            "$dateToString",
            "date",
            "$convert",
            "to",
            "locale",
            "strength",
            "key",
            "name",
            "unique",
            "near",
            "distanceField",
            "a.$",
            "a.$[]",
            "a.$[x]",
            "",
        ];
        match self.below(if depth == 0 { 3 } else { 8 }) {
            0 => self.value(1),
            1 => Bson::String(["$a", "$$ROOT", "$$x", "", "a.b", "$"][self.below(6) as usize].to_owned()),
            2 => Bson::Int32(1),
            3 | 4 => Bson::Array((0..self.below(3)).map(|_| self.language(depth - 1)).collect()),
            _ => Bson::Document(
                (0..=self.below(2))
                    .map(|_| (NAMES[self.below(NAMES.len() as u64) as usize].to_owned(), self.language(depth - 1)))
                    .collect(),
            ),
        }
    }

    fn path(&mut self) -> String {
        ["a", "b", "a.b", "a.0", "b.c.a"][self.below(5) as usize].to_owned()
    }
}

fn each(cases: u64, mut law: impl FnMut(&mut Random)) {
    let seed = std::env::var("MQL_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        now.as_nanos() as u64 | 1
    });
    println!("MQL_SEED={seed}");
    let mut random = Random(seed);
    (0..cases).for_each(|_| law(&mut random));
}

#[test]
fn comparison_is_a_total_order() {
    each(100_000, |random| {
        let (a, b, c) = (random.value(2), random.value(2), random.value(2));
        assert_eq!(compare(&a, &a), Ordering::Equal);
        assert_eq!(compare(&a, &b), compare(&b, &a).reverse(), "{a} {b}");
        if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
            assert!(compare(&a, &c).is_le(), "{a} <= {b} <= {c}");
        }
    });
}

#[test]
fn json_keeps_values_and_both_writers_agree() {
    each(50_000, |random| {
        let doc = random.document(3);
        let mut out = Vec::new();
        json::write_document(&doc, &mut out);
        let back = json::document(&out).unwrap();
        assert!(equal(&back.clone().into(), &doc.clone().into()), "{doc} became {back}");
        let bytes = doc.to_vec().unwrap();
        let mut raw = Vec::new();
        json::write_raw(RawDocument::from_bytes(&bytes).unwrap(), &mut raw).unwrap();
        assert_eq!(out, raw);
    });
}

#[test]
fn negations_and_combinations_agree() {
    each(50_000, |random| {
        let (doc, path, value) = (random.document(3), random.path(), random.value(1));
        let matches = |filter: Document| Filter::parse(&filter).unwrap().matches(&doc);
        let operator = ["$eq", "$gt", "$gte", "$lt", "$lte"][random.below(5) as usize];
        let plain = matches(doc! {&path: {operator: &value}});
        let shown = format!("{doc}: {path} {operator} {value}");
        assert_eq!(matches(doc! {&path: {"$not": {operator: &value}}}), !plain, "{shown}");
        assert_eq!(matches(doc! {"$nor": [{&path: {operator: &value}}]}), !plain, "{shown}");
        assert_eq!(matches(doc! {"$or": [{&path: {operator: &value}}, {"zz": 1}]}), plain, "{shown}");
        let equals = matches(doc! {&path: {"$eq": &value}});
        assert_eq!(matches(doc! {&path: {"$ne": &value}}), !equals, "{shown}");
        assert_eq!(matches(doc! {&path: {"$in": [&value]}}), equals, "{shown}");
        assert_eq!(matches(doc! {&path: {"$nin": [&value]}}), !equals, "{shown}");
    });
}

#[test]
fn what_was_set_is_found_and_nothing_panics() {
    each(50_000, |random| {
        let (mut doc, path, value) = (random.document(3), random.path(), random.value(2));
        let found = Update::parse(&doc! {"$set": {&path: &value}}).and_then(|update| update.apply(&mut doc));
        if found.is_ok() && path == "a" {
            assert!(equal(doc.get("a").unwrap(), &value));
        }
        let operator = ["$unset", "$inc", "$mul", "$min", "$max", "$push", "$addToSet", "$pop", "$pull", "$bit"][random.below(10) as usize];
        if let Ok(update) = Update::parse(&doc! {operator: {random.path(): random.value(2)}}) {
            let mut twice = doc.clone();
            let first = update.apply(&mut doc);
            assert_eq!(first, update.apply(&mut twice));
            if first.is_ok() {
                assert_eq!(doc.to_vec().unwrap(), twice.to_vec().unwrap());
            }
        }
    });
}

#[test]
fn descending_is_ascending_reversed() {
    each(10_000, |random| {
        let (a, b) = (doc! {"a": random.value(0)}, doc! {"a": random.value(0)});
        let (up, down) = (Sort::parse(&doc! {"a": 1}).unwrap(), Sort::parse(&doc! {"a": -1}).unwrap());
        assert_eq!(up.key(&a).cmp(&up.key(&b)), down.key(&b).cmp(&down.key(&a)), "{a} {b}");
    });
}

#[test]
fn whatever_is_parsed_and_evaluated_nothing_panics() {
    let mut parsed = [0; 8];
    each(200_000, |random| {
        let (spec, doc) = (random.language(4), random.document(3));
        let mut count = |what: usize, ok: bool| parsed[what] += u64::from(ok);
        let variables = Variables::new();
        count(0, Expression::parse(&spec).map(|expression| drop(expression.evaluate(&doc, &variables))).is_ok());
        count(1, Update::parse_with(&spec, &UpdateOptions::default()).map(|update| drop(update.apply(&mut doc.clone()))).is_ok());
        match &spec {
            Bson::Document(spec) => {
                count(2, Filter::parse(spec).map(|filter| drop(filter.test(&doc, &Document::new()))).is_ok());
                count(3, Projection::parse(spec).map(|projection| drop(projection.apply(doc.clone()))).is_ok());
                count(4, Sort::parse(spec).map(|sort| drop(sort.key(&doc))).is_ok());
                count(5, Collation::parse(spec).is_ok());
                count(6, IndexSpec::parse(spec).map(|index| drop(index.encoded_keys(&doc))).is_ok());
            }
            Bson::Array(stages) => count(7, Pipeline::parse(stages, &Options::default()).is_ok()),
            _ => {}
        }
    });
    println!("{parsed:?} were parsed");
    assert!(parsed[..4].iter().all(|count| *count > 100), "{parsed:?}");
}

#[test]
fn what_an_update_makes_is_bson_that_can_be_stored() {
    let mut changed = 0;
    each(50_000, |random| {
        let mut doc = doc! {"_id": 1};
        doc.extend(random.document(3));
        let operator = ["$set", "$push", "$addToSet", "$min", "$max", "$rename", "$pull"][random.below(7) as usize];
        let value = if operator == "$rename" { Bson::String(random.path()) } else { random.value(2) };
        let Ok(update) = Update::parse(&doc! {operator: {random.path(): value}}) else { return };
        if update.apply(&mut doc).is_ok() {
            changed += 1;
            let bytes = doc.to_vec().unwrap();
            assert_eq!(Document::from_reader(bytes.as_slice()).unwrap().to_vec().unwrap(), bytes);
            assert_eq!(check::document(&doc), Ok(()), "{doc}");
            assert_eq!(doc.get("_id"), Some(&Bson::Int32(1)));
        }
    });
    assert!(changed > 10_000, "{changed}");
}

#[test]
fn canonical_extended_json_keeps_types() {
    each(50_000, |random| {
        let mut doc = random.document(3);
        let extra = match random.below(8) {
            0 => Bson::ObjectId(bson::oid::ObjectId::from_bytes([random.below(256) as u8; 12])),
            1 => Bson::Binary(bson::Binary { subtype: (random.below(8) as u8).into(), bytes: random.next().to_le_bytes().to_vec() }),
            2 => Bson::Timestamp(bson::Timestamp { time: random.next() as u32, increment: random.next() as u32 }),
            3 => Bson::Double(f64::from_bits(random.next())),
            4 => Bson::DateTime(bson::DateTime::from_millis(random.next() as i64)),
            5 => Bson::Int64(random.next() as i64),
            6 => Bson::Symbol("s".to_owned()),
            _ => Bson::Undefined,
        };
        // All that is no number is one.
        let nan = matches!(extra, Bson::Double(n) if n.is_nan());
        doc.insert("z", if nan { Bson::Double(f64::NAN) } else { extra });
        let mut text = Vec::new();
        json::write_canonical(&Bson::Document(doc.clone()), &mut text);
        let back = json::document(&text).unwrap();
        assert_eq!(back.to_vec().unwrap(), doc.to_vec().unwrap(), "{}", String::from_utf8_lossy(&text));
    });
}
