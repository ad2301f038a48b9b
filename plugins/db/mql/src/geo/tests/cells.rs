use bson::{Bson, bson, doc};

use super::*;
use crate::geo::{GeoNear, Geometry, cells};

/// A document that matches is found through its cells; those that are not there are rarely read.
#[test]
fn what_matches_is_covered() {
    let mut random = Random::new();
    let (mut matched, mut read, mut others) = (0, 0, 0);
    for _ in 0..3_000 {
        let center = random.position();
        let stored = random.geometry(center);
        let Ok(geometry) = Geometry::parse(&stored) else { continue };
        let size = random.size();
        let around = random.around(center, size);
        let query = match random.below(3) {
            0 => doc! {"$geoIntersects": {"$geometry": random.geometry(around)}},
            1 => doc! {"$geoWithin": {"$geometry": {"type": "Polygon", "coordinates": [ring(random.ring(around, size))]}}},
            _ => doc! {"$geoWithin": {"$centerSphere": [pair(around), random.size() / 50.0]}},
        };
        let Ok(filter) = Filter::parse(&doc! {"g": &query}) else { continue };
        let regions = filter.regions();
        let [(path, condition)] = regions.as_slice() else { panic!("one region") };
        assert_eq!(*path, "g");
        let ranges = condition.cells().unwrap();
        assert!(ranges.len() < 24 * 30, "{}", ranges.len());
        assert!(ranges.iter().zip(ranges.iter().skip(1)).all(|(a, b)| a.end() < b.start()));
        let ids = cells(&geometry);
        assert!(!ids.is_empty() && ids.len() <= 64);
        let found = ids.iter().any(|id| ranges.iter().any(|range| range.contains(id)));
        if filter.matches(&doc! {"g": &stored}) {
            assert!(found, "{query} of {stored}");
            matched += 1;
        }
        others += 1;
        let far = Geometry::parse(&pair(random.position())).unwrap();
        read += usize::from(cells(&far).iter().any(|id| ranges.iter().any(|range| range.contains(id))));
    }
    assert!(matched > 300, "{matched}");
    assert!(read * 3 < others, "{read} of {others}");
}

/// Rings leave out nothing, and each finds what is in it.
#[test]
fn rings_find_everything_in_order() {
    let mut random = Random::new();
    for _ in 0..60 {
        let center = random.position();
        let docs: Vec<(Bson, Vec<u64>)> = (0..60)
            .filter_map(|_| {
                let size = random.size();
                let around = random.around(center, size);
                let stored = random.geometry(around);
                let ids = cells(&Geometry::parse(&stored).ok()?);
                Some((stored, ids))
            })
            .collect();
        let (least, most) = (random.below(3) as f64 * 1_000.0, 10_f64.powf(random.between(4.0, 8.0)));
        let stage = bson!({"near": {"type": "Point", "coordinates": pair(center)}, "distanceField": "d", "minDistance": least, "maxDistance": most});
        let near = GeoNear::parse(&stage).unwrap().near("g");
        let mut expected: Vec<f64> = docs.iter().filter_map(|(stored, _)| near.distance(&doc! {"g": stored})).collect();
        expected.sort_by(f64::total_cmp);
        let mut found = Vec::new();
        let mut before = None;
        for ring in near.rings(500.0) {
            if let Some(before) = before {
                assert_eq!(ring.from, before);
            }
            before = Some(ring.to);
            let read = docs.iter().filter(|(_, ids)| ids.iter().any(|id| ring.cells.iter().any(|range| range.contains(id))));
            let mut here: Vec<f64> = read
                .filter_map(|(stored, _)| near.distance(&doc! {"g": stored}))
                .filter(|distance| ring.from <= *distance && *distance < ring.to)
                .collect();
            here.sort_by(f64::total_cmp);
            found.extend(here);
        }
        assert_eq!(found, expected);
    }
}

#[test]
fn a_near_search_reads_little() {
    let mut random = Random::new();
    let filter =
        Filter::parse(&read(r#"{"g":{"$nearSphere":{"$geometry":{"type":"Point","coordinates":[116.4,39.9]},"$maxDistance":1000}}}"#));
    let ranges = filter.unwrap().near().unwrap().rings(1000.0).next().unwrap().cells;
    let mut found = 0;
    for _ in 0..1_000 {
        let (lng, lat) = random.around((116.4, 39.9), 1.0);
        let ids = cells(&Geometry::parse(&pair((lng, lat))).unwrap());
        found += usize::from(ids.iter().any(|id| ranges.iter().any(|range| range.contains(id))));
    }
    // 4 of 170 × 220 square kilometres.
    assert!(found < 5, "{found}");
}
