//! Keys compare as their values do, tried on random values. A failure prints the seed.

#![allow(clippy::unwrap_used)]

use std::cmp::Ordering;

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Decimal128, Document, Regex, Timestamp, oid::ObjectId};
use mql::{compare, key};

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

    fn of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize].clone()
    }

    fn text(&mut self) -> String {
        (0..self.below(4)).map(|_| self.of(&['\0', '\u{1}', 'a', 'b', '小', '\u{10FFFF}'])).collect()
    }

    fn number(&mut self) -> Bson {
        let near = self.of(&[0_i64, 1, 2, 1 << 31, 1 << 53, (1 << 53) + 1, (1 << 60) + 7, i64::MAX, i64::MIN, i64::MIN + 1]);
        let integer = near.wrapping_add(self.below(5) as i64 - 2);
        match self.below(8) {
            0 => Bson::Int32(integer as i32),
            1 => Bson::Int64(integer),
            2 => Bson::Double(integer as f64 + self.of(&[0.0, 0.5, -0.25])),
            3 => Bson::Double(f64::from_bits(self.next())),
            4 => Bson::Double(self.of(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX, f64::MIN_POSITIVE, 0.1])),
            5 => Bson::Decimal128(format!("{integer}.{}", self.below(3)).parse().unwrap()),
            6 => Bson::Decimal128(self.of(&["NaN", "Infinity", "-Infinity", "0.1", "-0.1", "1E+6000", "-1E-6000", "-0"]).parse().unwrap()),
            _ => {
                let digits = self.below(1000) as i64 - 500;
                let exponent = self.below(800) as i64 - 400;
                Bson::Decimal128(format!("{digits}E{exponent:+}").parse::<Decimal128>().unwrap())
            }
        }
    }

    fn value(&mut self, depth: u64) -> Bson {
        match self.below(if depth == 0 { 12 } else { 16 }) {
            0 => self.of(&[Bson::MinKey, Bson::MaxKey, Bson::Null, Bson::Undefined]),
            1..=4 => self.number(),
            5 => Bson::String(self.text()),
            6 => Bson::Symbol(self.text()),
            7 => {
                let subtype = self.of(&[BinarySubtype::Generic, BinarySubtype::Uuid]);
                Bson::Binary(Binary { subtype, bytes: self.text().into_bytes() })
            }
            8 => Bson::ObjectId(ObjectId::from_bytes([self.below(3) as u8; 12])),
            9 => self.of(&[Bson::Boolean(false), Bson::Boolean(true), Bson::DateTime(bson::DateTime::from_millis(-1))]),
            10 => Bson::Timestamp(Timestamp { time: self.below(2) as u32, increment: self.below(2) as u32 }),
            11 => {
                let pattern = self.text().replace('\0', "x");
                Bson::RegularExpression(Regex {
                    pattern: pattern.try_into().unwrap(),
                    options: self.of(&["", "i"]).to_owned().try_into().unwrap(),
                })
            }
            12 | 13 => Bson::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => Bson::Document((0..self.below(4)).map(|_| (self.text(), self.value(depth - 1))).collect::<Document>()),
        }
    }
}

fn random() -> Random {
    let seed = std::env::var("MQL_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        now.as_nanos() as u64 | 1
    });
    println!("MQL_SEED={seed}");
    Random(seed)
}

#[test]
fn keys_compare_as_values() {
    let mut random = random();
    for _ in 0..300_000 {
        let (a, b) = (random.value(2), random.value(2));
        let order = compare(&a, &b);
        assert_eq!(key::encode(&a, false).cmp(&key::encode(&b, false)), order, "{a:?} and {b:?}");
        assert_eq!(key::encode(&a, true).cmp(&key::encode(&b, true)), order.reverse(), "{a:?} and {b:?} descending");
    }
}

#[test]
fn several_fields_in_one_key() {
    let mut random = random();
    for _ in 0..100_000 {
        let directions = [random.below(2) == 0, random.below(2) == 0];
        let pair = |random: &mut Random| [random.value(1), random.value(1)];
        let (a, mut b) = (pair(&mut random), pair(&mut random));
        if random.below(2) == 0 {
            b[0] = a[0].clone();
        }
        let key = |values: &[Bson; 2]| {
            let mut key = Vec::new();
            values.iter().zip(directions).for_each(|(value, descending)| key::append(value, descending, &mut key));
            key
        };
        let directed = |order: Ordering, descending: bool| if descending { order.reverse() } else { order };
        let order = directed(compare(&a[0], &b[0]), directions[0]).then_with(|| directed(compare(&a[1], &b[1]), directions[1]));
        assert_eq!(key(&a).cmp(&key(&b)), order, "{a:?} and {b:?}, descending {directions:?}");
        let first = key::encode(&a[0], directions[0]);
        assert!(key(&a) >= first && key(&a) < key::above(&first));
    }
}
