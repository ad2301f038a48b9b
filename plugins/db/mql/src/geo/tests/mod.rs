mod cells;
mod conditions;
mod nearness;
mod parsing;
mod relations;

use bson::{Bson, Document};

use crate::{Filter, json};

fn read(text: &str) -> Document {
    json::document(text.as_bytes()).unwrap()
}

fn value(text: &str) -> Bson {
    json::value(text.as_bytes()).unwrap()
}

fn matches(filter: &str, doc: &str) -> bool {
    Filter::parse(&read(filter)).unwrap().matches(&read(doc))
}

/// Marsaglia's xorshift; the seed is printed, and read from `MQL_SEED`.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = std::env::var("MQL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            now.as_nanos() as u64 | 1
        });
        println!("MQL_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// A size in degrees, each order of magnitude as likely as the others.
    fn size(&mut self) -> f64 {
        10_f64.powf(self.between(-5.0, 1.8))
    }

    fn position(&mut self) -> (f64, f64) {
        (self.between(-180.0, 180.0), self.share().mul_add(2.0, -1.0).asin().to_degrees())
    }

    /// A position not far from another.
    fn around(&mut self, (lng, lat): (f64, f64), size: f64) -> (f64, f64) {
        let lng = lng + self.between(-size, size);
        (wrapped(lng), (lat + self.between(-size, size)).clamp(-90.0, 90.0))
    }

    /// A ring around a position, which may not be valid.
    fn ring(&mut self, (lng, lat): (f64, f64), size: f64) -> Vec<[f64; 2]> {
        let corners = 3 + self.below(6);
        let mut ring: Vec<[f64; 2]> = (0..corners)
            .map(|i| {
                let angle = (i as f64 + self.share() * 0.8) / corners as f64 * std::f64::consts::TAU;
                let radius = size * self.between(0.3, 1.0);
                let stretch = lat.to_radians().cos().max(0.1);
                [wrapped(lng + radius * angle.cos() / stretch), (lat + radius * angle.sin()).clamp(-90.0, 90.0)]
            })
            .collect();
        ring.push(ring[0]);
        ring
    }

    /// GeoJSON near a position.
    fn geometry(&mut self, center: (f64, f64)) -> Bson {
        let size = self.size();
        let (kind, coordinates) = match self.below(6) {
            0 | 1 => ("Point", pair(self.around(center, size))),
            2 => ("LineString", (0..2 + self.below(4)).map(|_| pair(self.around(center, size))).collect::<Vec<_>>().into()),
            3 => ("MultiPoint", (0..1 + self.below(4)).map(|_| pair(self.around(center, size))).collect::<Vec<_>>().into()),
            4 => ("Polygon", Bson::Array(vec![ring(self.ring(center, size))])),
            _ => {
                let rings = (0..2).map(|_| {
                    let center = self.around(center, size);
                    let size = self.size();
                    Bson::Array(vec![ring(self.ring(center, size))])
                });
                ("MultiPolygon", rings.collect::<Vec<_>>().into())
            }
        };
        Bson::Document(bson::doc! {"type": kind, "coordinates": coordinates})
    }
}

fn wrapped(lng: f64) -> f64 {
    ((lng + 180.0).rem_euclid(360.0) - 180.0).clamp(-180.0, 180.0)
}

fn pair((lng, lat): (f64, f64)) -> Bson {
    bson::bson!([lng, lat])
}

fn ring(ring: Vec<[f64; 2]>) -> Bson {
    ring.into_iter().map(|[lng, lat]| pair((lng, lat))).collect::<Vec<_>>().into()
}
