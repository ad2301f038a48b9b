//! An index never hides a document: whatever matches a filter has a key in the bounds, and where
//! an index says that it is in the order of a sort, it is.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use bson::{Bson, Document, bson, doc};
use mql::bounds::{self, Direction, MultikeyPaths};
use mql::index::IndexSpec;
use mql::{Filter, Sort};

struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % below
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.next(of.len() as u64)).unwrap()]
    }

    fn scalar(&mut self) -> Bson {
        match self.next(16) {
            0 => Bson::Null,
            1 => Bson::Boolean(self.next(2) == 0),
            2 => bson!(self.one(&[f64::NAN, 0.5, -0.0, 2.5]).to_owned()),
            3 => bson!(i64::try_from(self.next(5)).unwrap()),
            4..=7 => bson!(i32::try_from(self.next(5)).unwrap()),
            8..=10 => bson!(*self.one(&["", "a", "ab", "B", "b", "abc"])),
            11 => bson!({"b": i32::try_from(self.next(3)).unwrap()}),
            12 => Bson::DateTime(bson::DateTime::from_millis(i64::try_from(self.next(3)).unwrap())),
            13 => Bson::MinKey,
            _ => bson!(i32::try_from(self.next(3)).unwrap()),
        }
    }

    fn value(&mut self, arrays: bool, depth: u64) -> Bson {
        match self.next(8) {
            // Elements with fields of their own.
            0 if arrays && depth > 0 => Bson::Array((0..self.next(4)).map(|_| self.fields(arrays, depth - 1).into()).collect()),
            1 if arrays && depth > 0 => Bson::Array((0..self.next(4)).map(|_| self.value(arrays, depth - 1)).collect()),
            2 | 3 if depth > 0 => Bson::Document(self.fields(arrays, depth - 1)),
            _ => self.scalar(),
        }
    }

    fn fields(&mut self, arrays: bool, depth: u64) -> Document {
        let mut doc = Document::new();
        for name in ["a", "b", "c"] {
            if self.next(4) > 0 {
                doc.insert(name, self.value(arrays, depth));
            }
        }
        doc
    }

    fn path(&mut self) -> &'static str {
        self.one::<&str>(&["a", "b", "c", "a.b", "a.c", "b.a", "a.b.c"])
    }

    fn test(&mut self, depth: u64) -> Bson {
        let numbers = |this: &mut Self| bson!(i32::try_from(this.next(5)).unwrap());
        match self.next(14) {
            0..=2 => self.scalar(),
            3 => bson!({*self.one(&["$gt", "$gte", "$lt", "$lte"]): self.scalar()}),
            4 | 5 => bson!({"$gt": numbers(self), "$lte": numbers(self)}),
            6 => bson!({"$in": (0..self.next(4)).map(|_| self.scalar()).collect::<Vec<_>>()}),
            7 => bson!({"$exists": self.next(2) == 0}),
            8 => bson!({"$regex": *self.one(&["^a", "^ab", "b", "^b?", "^a|b"])}),
            9 => bson!({"$elemMatch": {"$gte": numbers(self), "$lt": numbers(self)}}),
            10 if depth > 0 => bson!({"$elemMatch": self.filter(depth - 1)}),
            11 => bson!({"$ne": self.scalar()}),
            12 => self.value(true, 1),
            _ => bson!({"$eq": self.value(true, 1)}),
        }
    }

    fn filter(&mut self, depth: u64) -> Document {
        let mut doc = Document::new();
        for _ in 0..=self.next(2) {
            match self.next(8) {
                0 if depth > 0 => doc.insert(*self.one(&["$and", "$or", "$nor"]), vec![self.filter(depth - 1), self.filter(depth - 1)]),
                _ => doc.insert(self.path(), self.test(depth)),
            };
        }
        doc
    }

    fn index(&mut self) -> Document {
        let mut key = Document::new();
        for _ in 0..=self.next(3) {
            key.insert(self.path(), *self.one(&[1, -1]));
        }
        let mut spec = doc! {"key": key};
        match self.next(8) {
            0 => _ = spec.insert("sparse", true),
            1 => _ = spec.insert("partialFilterExpression", doc! {"a": {"$gt": 1}}),
            2 => _ = spec.insert("partialFilterExpression", doc! {"b": {"$exists": true}}),
            3 => _ = spec.insert("collation", doc! {"locale": "en", "strength": 2}),
            _ => {}
        }
        spec
    }
}

fn in_ranges(scan: &bounds::Scan, key: &[u8]) -> Option<usize> {
    scan.ranges.iter().position(|range| range.from.as_slice() <= key && key < range.to.as_slice())
}

#[test]
fn fields_below_one_array_are_bounded_together_by_elem_match_only() {
    let index = IndexSpec::parse(&doc! {"key": {"a.b": 1, "a.c": 1}}).unwrap();
    let used = |filter: Document, multikey: &[usize]| {
        let filter = Filter::parse(&filter).unwrap();
        bounds::plan(&filter, None, &index, &multikey.iter().copied().collect()).unwrap().used
    };
    assert_eq!(used(doc! {"a.b": 1, "a.c": 2}, &[]), 2);
    assert_eq!(used(doc! {"a.b": 1, "a.c": 2}, &[0, 1]), 1, "each may be met by another element");
    assert_eq!(used(doc! {"a": {"$elemMatch": {"b": 1, "c": 2}}}, &[0, 1]), 2);
    assert_eq!(used(doc! {"a": {"$elemMatch": {"b": 1}}, "a.c": 2}, &[0, 1]), 1);
    let deeper = IndexSpec::parse(&doc! {"key": {"a.b.x": 1, "a.b.y": 1}}).unwrap();
    let filter = Filter::parse(&doc! {"a": {"$elemMatch": {"b.x": 1, "b.y": 2}}}).unwrap();
    let scan = bounds::plan(&filter, None, &deeper, &[0, 1].into_iter().collect()).unwrap();
    assert_eq!(scan.used, 1, "`b` may be an array too");
}

#[test]
fn what_matches_is_in_the_bounds() {
    let seed = std::env::var("MQL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand_seed);
    println!("MQL_SEED={seed}");
    let mut random = Random(seed | 1);
    let (mut planned, mut bounded, mut sorted) = (0, 0, 0);
    for _ in 0..6000 {
        let arrays = random.next(2) == 0;
        let docs: Vec<Document> = (0..12).map(|_| random.fields(arrays, 2)).collect();
        let Ok(index) = IndexSpec::parse(&random.index()) else { continue };
        let keyed: Vec<(Document, Vec<Vec<u8>>)> =
            docs.into_iter().filter_map(|doc| index.encoded_keys(&doc).ok().map(|keys| (doc, keys))).collect();
        let multikey: MultikeyPaths = keyed.iter().flat_map(|(doc, _)| index.arrays(doc)).collect();
        for _ in 0..6 {
            let written = random.filter(2);
            let Ok(filter) = Filter::parse(&written) else { continue };
            let order: Document = (0..=random.next(2)).map(|_| (random.path().to_owned(), bson!(*random.one(&[1, -1])))).collect();
            let sort = Sort::parse(&order).unwrap();
            let Some(scan) = bounds::plan(&filter, Some(&sort), &index, &multikey) else { continue };
            planned += 1;
            bounded += usize::from(scan.used > 0);
            let ends: Vec<&Vec<u8>> = scan.ranges.iter().flat_map(|range| [&range.from, &range.to]).collect();
            assert!(ends.windows(2).all(|pair| pair[0] <= pair[1]), "{written} {index:?}: ranges in order");
            let mut found: BTreeSet<(&[u8], usize)> = BTreeSet::new();
            for (number, (doc, keys)) in keyed.iter().enumerate().filter(|(_, (doc, _))| filter.matches(doc)) {
                let key = keys.iter().find(|key| in_ranges(&scan, key).is_some());
                assert!(key.is_some(), "{doc} matches {written}, but is not in the bounds of {}: {:?}", index.document(), scan);
                found.extend(key.map(|key| (key.as_slice(), number)));
            }
            if let Some(direction) = scan.sorted {
                sorted += 1;
                let mut keys: Vec<_> = found.iter().map(|(_, number)| sort.key(&keyed[*number].0)).collect();
                if direction == Direction::Backward {
                    keys.reverse();
                }
                assert!(keys.windows(2).all(|pair| pair[0] <= pair[1]), "{order} on {} for {written}", index.document());
            }
        }
    }
    println!("{planned} plans, {bounded} with bounds, {sorted} sorted");
    assert!(planned > 5000 && bounded > 2000 && sorted > 300, "{planned} {bounded} {sorted}");
}

fn rand_seed() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64
}

#[test]
fn bounds_are_narrow() {
    let plan = |key: Document, filter: Document, sort: Document, multikey: &[usize]| {
        let index = IndexSpec::parse(&doc! {"key": key}).unwrap();
        let multikey = multikey.iter().copied().collect();
        bounds::plan(&Filter::parse(&filter).unwrap(), Some(&Sort::parse(&sort).unwrap()), &index, &multikey).unwrap()
    };
    let inside = |scan: &bounds::Scan, key: Document, values: &[Bson]| {
        let index = IndexSpec::parse(&doc! {"key": key}).unwrap();
        in_ranges(scan, &index.encode(values)).is_some()
    };
    let scan = plan(doc! {"a": 1, "b": -1}, doc! {"a": {"$in": [1, 3]}, "b": {"$gte": 5}}, doc! {"b": 1}, &[]);
    assert_eq!((scan.ranges.len(), scan.used, scan.sorted), (2, 2, None));
    for (values, is) in [([1, 5], true), ([1, 4], false), ([2, 9], false), ([3, 9], true)] {
        assert_eq!(inside(&scan, doc! {"a": 1, "b": -1}, &values.map(Bson::Int32)), is, "{values:?}");
    }
    let range = doc! {"a": {"$gt": 1, "$lt": 5}};
    assert!(!inside(&plan(doc! {"a": 1}, range.clone(), doc! {"a": -1}, &[]), doc! {"a": 1}, &[bson!(7)]));
    assert_eq!(plan(doc! {"a": 1}, range.clone(), doc! {"a": -1}, &[]).sorted, Some(Direction::Backward));
    assert!(plan(doc! {"a": 1}, range, doc! {"a": 1}, &[0]).sorted.is_none(), "an array has no place of its own");
    let prefix = plan(doc! {"a": 1, "b": 1}, doc! {"a": {"$regex": "^ab"}, "b": 1}, doc! {}, &[]);
    assert_eq!((prefix.used, prefix.ranges.len()), (1, 2), "texts, and the same expression where it is stored");
    assert!(inside(&prefix, doc! {"a": 1, "b": 1}, &[bson!("abc"), bson!(1)]));
    assert!(!inside(&prefix, doc! {"a": 1, "b": 1}, &[bson!("b"), bson!(1)]));
    let by_id = plan(doc! {"a": 1}, doc! {"a": 4}, doc! {"_id": -1}, &[]);
    assert_eq!(by_id.sorted, Some(Direction::Backward));
    let many: Vec<i32> = (0..5000).collect();
    assert_eq!(plan(doc! {"a": 1}, doc! {"a": {"$in": many}}, doc! {}, &[]).used, 0);
    let sparse = IndexSpec::parse(&doc! {"key": {"a": 1}, "sparse": true}).unwrap();
    let answers = |filter| bounds::plan(&Filter::parse(&filter).unwrap(), None, &sparse, &MultikeyPaths::new()).is_some();
    assert!(answers(doc! {"a": {"$gt": 1}}) && !answers(doc! {"a": null}) && !answers(doc! {}));
}
