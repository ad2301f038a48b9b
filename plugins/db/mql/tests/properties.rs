//! Laws that hold for all documents, tried on random ones. A failure prints the seed.

#![allow(clippy::unwrap_used)]

use std::cmp::Ordering;

use bson::{Bson, Document, RawDocument, doc};
use mql::{Filter, Sort, Update, compare, equal, json};

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
