use bson::{Bson, bson, doc};
use geo::{Distance, HaversineMeasure, Point};

use super::*;
use crate::Code;
use crate::geo::{EARTH_RADIUS, GeoNear};

fn distance(operator: &str, doc: &str) -> Option<f64> {
    Filter::parse(&read(operator)).unwrap().near().unwrap().distance(&read(doc))
}

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() <= expected * 1e-3, "{found} is not {expected}");
}

/// Distances that MongoDB's manual shows, and a quarter of the way around its earth.
#[test]
fn distances_as_mongodb_has_them() {
    let query = |lng: f64, lat: f64| format!(r#"{{"g":{{"$nearSphere":{{"$geometry":{{"type":"Point","coordinates":[{lng},{lat}]}}}}}}}}"#);
    near(distance(&query(0.0, 0.0), r#"{"g":[90,0]}"#), std::f64::consts::FRAC_PI_2 * 6_378_100.0);
    // The example of `$geoNear`: Sara D. Roosevelt Park from [-73.99279, 40.719296].
    near(distance(&query(-73.99279, 40.719296), r#"{"g":{"type":"Point","coordinates":[-73.9928,40.7193]}}"#), 0.9539931676365992);
    let mut random = Random::new();
    for _ in 0..2_000 {
        let (a, b) = (random.position(), random.position());
        let expected = HaversineMeasure::new(EARTH_RADIUS).distance(Point::from(a), Point::from(b));
        let found = distance(&query(a.0, a.1), &format!(r#"{{"g":[{},{}]}}"#, b.0, b.1)).unwrap();
        assert!((found - expected).abs() <= expected.max(1.0) * 1e-6, "{a:?} {b:?}");
    }
}

#[test]
fn forms_and_units() {
    let kilometre = 1000.0 / EARTH_RADIUS;
    let at = r#"{"g":{"type":"Point","coordinates":[116.4,39.908983]}}"#; // 1000 m to the north
    for (query, unit) in [
        (
            r#"{"g":{"$nearSphere":{"$geometry":{"type":"Point","coordinates":[116.4,39.9]},"$maxDistance":1001,"$minDistance":999}}}"#
                .to_owned(),
            1000.0,
        ),
        (r#"{"g":{"$near":{"$geometry":{"type":"Point","coordinates":[116.4,39.9]},"$maxDistance":1001}}}"#.to_owned(), 1000.0),
        (r#"{"g":{"$nearSphere":{"type":"Point","coordinates":[116.4,39.9]},"$maxDistance":1001}}"#.to_owned(), 1000.0),
        (
            format!(r#"{{"g":{{"$nearSphere":[116.4,39.9],"$maxDistance":{},"$minDistance":{}}}}}"#, kilometre * 1.001, kilometre * 0.999),
            kilometre,
        ),
        (format!(r#"{{"g":{{"$nearSphere":[116.4,39.9,{}]}}}}"#, kilometre * 1.001), kilometre),
        (r#"{"g":{"$near":[116.4,39.9],"$maxDistance":0.01}}"#.to_owned(), 0.008983),
        (r#"{"$and":[{"x":1},{"g":{"$nearSphere":{"x":116.4,"y":39.9}}}]}"#.to_owned(), kilometre),
    ] {
        let found = distance(&query, at);
        near(found, unit);
        let bound = query
            .replace("1001", "999")
            .replace(&format!("{}", kilometre * 1.001), &format!("{}", kilometre * 0.9995))
            .replace("0.01}", "0.001}");
        if bound != query {
            assert_eq!(distance(&bound, at), None, "{bound}");
            assert!(!matches(&bound, at), "{bound}");
        }
    }
}

#[test]
fn the_nearest_geometry_counts() {
    let query = r#"{"a.g":{"$nearSphere":{"$geometry":{"type":"Point","coordinates":[0,0]}}}}"#;
    let degree = 1_f64.to_radians() * EARTH_RADIUS;
    near(distance(query, r#"{"a":[{"g":[5,0]},{"g":[2,0]},{"g":"x"}]}"#), 2.0 * degree);
    near(distance(query, r#"{"a":{"g":{"type":"LineString","coordinates":[[-10,3],[10,3]]}}}"#), 3.045_f64.to_radians() * EARTH_RADIUS);
    assert_eq!(distance(query, r#"{"a":{"g":{"type":"Polygon","coordinates":[[[-1,-1],[1,-1],[0,1],[-1,-1]]]}}}"#), Some(0.0));
    near(distance(query, r#"{"a":{"g":{"type":"Polygon","coordinates":[[[1,-1],[2,0],[1,1],[1,-1]]]}}}"#), degree);
    assert_eq!(distance(query, r#"{"a":5}"#), None);
    let filter = Filter::parse(&read(query)).unwrap();
    assert!(!filter.matches(&read("{}")) && filter.matches(&read(r#"{"a":{"g":[1,1]}}"#)));
    assert!(filter.near().unwrap().is_spherical());
    assert_eq!(filter.near().unwrap().path(), "a.g");
}

#[test]
fn what_near_refuses() {
    let refused = |text: &str, message: &str| {
        let error = Filter::parse(&read(text)).unwrap_err();
        assert!(error.message().contains(message), "{text}: {error}");
    };
    let point = r#"{"type":"Point","coordinates":[1,2]}"#;
    refused(
        r#"{"g":{"$nearSphere":{"$geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}}}}"#,
        "$nearSphere requires geojson point",
    );
    refused(r#"{"g":{"$nearSphere":{"$geometry":{"type":"Point","coordinates":[1,200]}}}}"#, "out of bounds");
    refused(&format!(r#"{{"g":{{"$nearSphere":{{"$geometry":{point},"$maxDistance":-1}}}}}}"#), "$maxDistance must be non-negative");
    refused(&format!(r#"{{"g":{{"$nearSphere":{{"$geometry":{point},"$minDistance":"x"}}}}}}"#), "$minDistance must be a number");
    refused(&format!(r#"{{"g":{{"$nearSphere":{{"$geometry":{point},"$limit":1}}}}}}"#), "invalid argument in geo near query: $limit");
    refused(&format!(r#"{{"$or":[{{"g":{{"$nearSphere":{{"$geometry":{point}}}}}}},{{"a":1}}]}}"#), "must be top-level expr");
    refused(&format!(r#"{{"g":{{"$not":{{"$near":{{"$geometry":{point}}}}}}}}}"#), "must be top-level expr");
    refused(
        &format!(r#"{{"g":{{"$near":{{"$geometry":{point}}}}},"h":{{"$near":{{"$geometry":{point}}}}}}}"#),
        "Too many geoNear expressions",
    );
    refused(r#"{"g":{"$maxDistance":1}}"#, "unknown operator: $maxDistance");
}

#[test]
fn the_stage() {
    let stage = GeoNear::parse(&value(
        r#"{"near":{"type":"Point","coordinates":[-73.99279,40.719296]},"spherical":true,"distanceField":"dist.calculated","maxDistance":2,
            "query":{"category":"Parks"},"includeLocs":"dist.location","key":"location","distanceMultiplier":0.001}"#,
    ))
    .unwrap();
    assert_eq!(stage.key(), Some("location"));
    let mut doc = read(
        r#"{"name":"Sara D. Roosevelt Park","location":{"type":"Point","coordinates":[-73.9928,40.7193]},"category":"Parks","dist":5}"#,
    );
    assert!(stage.filter(&crate::Collation::simple()).unwrap().matches(&doc));
    let located = stage.near("location").locate(&doc).unwrap();
    let metres = located.distance;
    stage.annotate(&mut doc, located);
    let dist = doc.get_document("dist").unwrap();
    assert_eq!(dist.get_f64("calculated").unwrap(), metres * 0.001);
    assert_eq!(dist.get("location"), doc.get("location"));
    assert_eq!(stage.near("location").distance(&doc! {"location": [-73.0, 40.0]}), None);
}

#[test]
fn what_the_stage_refuses() {
    let good = bson!({"near": [1, 2], "distanceField": "d", "spherical": true});
    assert!(GeoNear::parse(&good).is_ok());
    let with = |name: &str, value: Bson| {
        let mut options = good.as_document().unwrap().clone();
        options.insert(name, value);
        GeoNear::parse(&options.into()).map(|stage| stage.filter(&crate::Collation::simple()).map(drop))
    };
    for (name, value, code) in [
        ("near", Bson::Null, Code::Location(16605)),
        ("near", bson!([500, 2]), Code::BadValue),
        ("near", bson!({"type": "LineString", "coordinates": [[1, 2], [3, 4]]}), Code::BadValue),
        ("distanceField", bson!(5), Code::Location(16606)),
        ("distanceField", bson!("a..b"), Code::Location(15998)),
        ("distanceField", bson!("$a"), Code::Location(16410)),
        ("includeLocs", bson!(true), Code::Location(16607)),
        ("maxDistance", bson!("x"), Code::TypeMismatch),
        ("minDistance", bson!(-1), Code::BadValue),
        ("distanceMultiplier", bson!(-1), Code::BadValue),
        ("query", bson!(5), Code::TypeMismatch),
        ("key", bson!(5), Code::TypeMismatch),
        ("key", bson!(""), Code::BadValue),
        ("limit", bson!(5), Code::Location(50858)),
        ("num", bson!(5), Code::Location(50857)),
    ] {
        assert_eq!(with(name, value.clone()).unwrap_err().code(), code, "{name}: {value}");
    }
    let nested = bson!({"g": {"$nearSphere": {"$geometry": {"type": "Point", "coordinates": [1, 2]}}}});
    assert!(with("query", nested).unwrap().is_err());
}
