//! The documents that all databases get, and what is known of them without asking any.

use geo::{Distance, Haversine, Point};
use serde_json::{Value, json};

/// How many categories there are; each has as many documents as any other.
pub const CATEGORIES: u64 = 100;
/// The category of documents that are inserted while it is measured.
pub const NEW: &str = "new";

/// A document, by its number.
#[derive(Clone, Copy, Debug)]
pub struct Document(pub u64);

impl Document {
    pub fn title(self) -> String {
        format!("note {}", self.0)
    }

    pub fn text() -> &'static str {
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit."
    }

    pub fn category(self) -> String {
        format!("c{}", self.0 % CATEGORIES)
    }

    /// Somewhere in a rectangle of 62° by 36°, with the 6 digits that GPS devices give.
    pub fn place(self) -> Point {
        let part = |salt: u64, size: u64| (scattered(self.0.wrapping_mul(2) + salt) % (size * 1_000_000)) as f64 / 1e6;
        Point::new(73.0 + part(0, 62), 18.0 + part(1, 36))
    }

    /// As MongoDB's language has it.
    pub fn mongodb(self) -> Value {
        with_place(json!({"title": self.title(), "n": self.0, "category": self.category()}), self.place())
    }

    /// One that is inserted while it is measured. No search for the others finds it.
    pub fn new_mongodb() -> Value {
        with_place(json!({"title": "new", "n": -1, "category": NEW}), Point::new(0.0, 0.0))
    }
}

fn with_place(mut document: Value, place: Point) -> Value {
    document["text"] = Document::text().into();
    document["views"] = 0.into();
    document["done"] = false.into();
    document["tags"] = json!(["a", "b"]);
    document["location"] = json!({"type": "Point", "coordinates": [place.x(), place.y()]});
    document
}

/// The numbers of the documents nearest to a place, the nearest first.
pub fn nearest(place: Point, size: u64, count: usize) -> Vec<u64> {
    let mut all: Vec<(f64, u64)> = (0..size).map(|n| (Haversine.distance(place, Document(n).place()), n)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().take(count).map(|(_, n)| n).collect()
}

/// A number that has no order to it (splitmix64).
pub fn scattered(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}
