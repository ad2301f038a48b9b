use super::*;
use crate::geo::Geometry;
use crate::geo::geometry::Shape;
use crate::geo::polygon::Polygon;
use crate::geo::vector::Vector;

fn polygon(rings: &str) -> String {
    format!(r#"{{"type":"Polygon","coordinates":{rings}}}"#)
}

fn within(area: &str, stored: &str) -> bool {
    matches(&format!(r#"{{"g":{{"$geoWithin":{{"$geometry":{area}}}}}}}"#), &format!(r#"{{"g":{stored}}}"#))
}

fn intersects(area: &str, stored: &str) -> bool {
    let there = matches(&format!(r#"{{"g":{{"$geoIntersects":{{"$geometry":{area}}}}}}}"#), &format!(r#"{{"g":{stored}}}"#));
    let back = matches(&format!(r#"{{"g":{{"$geoIntersects":{{"$geometry":{stored}}}}}}}"#), &format!(r#"{{"g":{area}}}"#));
    assert_eq!(there, back, "{area} {stored}");
    there
}

const SQUARE: &str = "[[[0,0],[10,0],[10,10],[0,10],[0,0]]]";
const WITH_HOLE: &str = "[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[3,3],[7,3],[7,7],[3,7],[3,3]]]";

#[test]
fn points_in_polygons() {
    let (square, holed) = (polygon(SQUARE), polygon(WITH_HOLE));
    for (point, in_square, in_holed) in [
        ("[5,5]", true, false),
        ("[1,1]", true, true),
        ("[11,5]", false, false),
        ("[0,0]", true, true),
        ("[0,5]", true, true),
        ("[3,5]", true, true),
        ("[-175,-5]", false, false),
        ("[5,90]", false, false),
    ] {
        for stored in [point.to_owned(), format!(r#"{{"type":"Point","coordinates":{point}}}"#)] {
            assert_eq!(within(&square, &stored), in_square, "{stored}");
            assert_eq!(within(&holed, &stored), in_holed, "{stored}");
            assert_eq!(intersects(&holed, &format!(r#"{{"type":"Point","coordinates":{point}}}"#)), in_holed, "{stored}");
        }
    }
    // Great circles: the way from 60° east to 60° west at 60° north leads over 73.9° north, where
    // the tangent of the latitude is tan 60° / cos 60°.
    let arctic = polygon("[[[-60,60],[60,60],[0,0],[-60,60]]]");
    assert!(within(&arctic, "[0,73]") && !within(&arctic, "[0,75]"));
}

#[test]
fn lines_and_polygons_in_polygons() {
    let (square, holed) = (polygon(SQUARE), polygon(WITH_HOLE));
    let line = |positions: &str| format!(r#"{{"type":"LineString","coordinates":{positions}}}"#);
    for (stored, in_square, in_holed) in [
        (line("[[1,1],[9,1],[9,9]]"), true, true),
        (line("[[1,1],[9,9]]"), true, false),
        (line("[[1,5],[12,5]]"), false, false),
        (line("[[0,0],[10,0]]"), true, true),
        (line("[[3,3],[7,3]]"), true, true),
        (line("[[20,20],[21,21]]"), false, false),
        (polygon("[[[1,1],[2,1],[2,2],[1,1]]]"), true, true),
        (polygon("[[[4,4],[5,4],[5,5],[4,4]]]"), true, false),
        (polygon("[[[2,2],[8,2],[8,8],[2,8],[2,2]]]"), true, false),
        (polygon("[[[3,3],[7,3],[7,7],[3,7],[3,3]]]"), true, false),
        (polygon("[[[2,2],[8,2],[8,8],[2,8],[2,2]],[[2.5,2.5],[7.5,2.5],[7.5,7.5],[2.5,7.5],[2.5,2.5]]]"), true, true),
        (square.clone(), true, false),
        (holed.clone(), true, true),
        (polygon("[[[-1,-1],[11,-1],[11,11],[-1,11],[-1,-1]]]"), false, false),
        (polygon("[[[5,5],[15,5],[15,6],[5,5]]]"), false, false),
    ] {
        assert_eq!(within(&square, &stored), in_square, "{stored}");
        assert_eq!(within(&holed, &stored), in_holed, "{stored}");
    }
}

#[test]
fn each_part_may_be_in_another_polygon() {
    let two = r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[50,50],[51,50],[51,51],[50,50]]]]}"#;
    assert!(within(two, r#"{"type":"MultiPoint","coordinates":[[0.5,0.2],[50.5,50.2]]}"#));
    assert!(!within(two, r#"{"type":"MultiPoint","coordinates":[[0.5,0.2],[30,30]]}"#));
    assert!(within(
        two,
        r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,1]},{"type":"Point","coordinates":[50.5,50.2]}]}"#
    ));
}

#[test]
fn intersections() {
    let (square, holed) = (polygon(SQUARE), polygon(WITH_HOLE));
    let line = |positions: &str| format!(r#"{{"type":"LineString","coordinates":{positions}}}"#);
    for (other, with_square, with_holed) in [
        (line("[[-1,5],[11,5]]"), true, true),
        (line("[[4,4],[6,6]]"), true, false),
        (line("[[10,5],[20,5]]"), true, true),
        (line("[[11,5],[20,5]]"), false, false),
        (polygon("[[[4,4],[5,4],[5,5],[4,4]]]"), true, false),
        (polygon("[[[-5,-5],[20,-5],[20,20],[-5,20],[-5,-5]]]"), true, true),
        (polygon("[[[20,20],[21,20],[21,21],[20,20]]]"), false, false),
    ] {
        assert_eq!(intersects(&square, &other), with_square, "{other}");
        assert_eq!(intersects(&holed, &other), with_holed, "{other}");
    }
    assert!(intersects(&line("[[0,0],[2,2]]"), &line("[[0,2],[2,0]]")));
    assert!(!intersects(&line("[[0,0],[2,2]]"), &line("[[5,2],[2.1,2]]")));
    assert!(intersects(&line("[[170,10],[-170,10]]"), &line("[[180,0],[180,20]]")), "over the date line");
    assert!(intersects(r#"{"type":"Point","coordinates":[1,0]}"#, &line("[[0,0],[2,0]]")));
    assert!(intersects(r#"{"type":"Point","coordinates":[180,7]}"#, r#"{"type":"Point","coordinates":[-180,7]}"#));
}

/// MongoDB's page "$geoIntersects", section "Intersects a Big Polygon".
#[test]
fn big_polygons() {
    let ring = "[[[-100,60],[-100,0],[-100,-60],[100,-60],[100,60],[-100,60]]]";
    let strict = format!(
        r#"{{"type":"Polygon","coordinates":{ring},"crs":{{"type":"name","properties":{{"name":"urn:x-mongodb:crs:strictwinding:EPSG:4326"}}}}}}"#
    );
    let small = polygon(ring);
    for (point, in_strict) in [("[0,0]", true), ("[90,10]", true), ("[179,0]", false), ("[-120,40]", false)] {
        assert_eq!(within(&strict, point), in_strict, "{point}");
        assert_eq!(within(&small, point), !in_strict, "{point}");
    }
    let octant = polygon("[[[0,0],[90,0],[0,90],[0,0]]]");
    assert!(within(&octant, "[45,35]") && !within(&octant, "[-45,35]") && !within(&octant, "[-135,-35]"));
}

/// Whether a place is inside, as counted by the borders on the way to a place that is not.
fn counted(polygon: &Polygon, place: Vector, outside: Vector) -> bool {
    let way = crate::geo::edge::Edge::new(place, outside);
    let borders = polygon.rings().flat_map(|ring| ring.tree().edges()).filter(|edge| edge.crossing(&way).is_some()).count();
    borders % 2 == 1
}

#[test]
fn containment_agrees_with_counting_borders() {
    let mut random = Random::new();
    let mut inside = 0;
    for _ in 0..3_000 {
        let center = random.position();
        let size = random.size().min(60.0);
        let rings = bson::bson!({"type": "Polygon", "coordinates": [ring(random.ring(center, size))]});
        let Ok(geometry) = Geometry::parse(&rings) else { continue };
        let [Shape::Polygon(polygon)] = geometry.shapes.as_slice() else { panic!("a polygon") };
        let Some(within) = polygon.some_place_inside() else { continue };
        // A way of half of the earth has no certain direction.
        let (lng, lat) = center;
        let outside = if size < 20.0 { Vector::from_degrees(lng, if lat > 0.0 { lat - 60.0 } else { lat + 60.0 }) } else { -within };
        for _ in 0..5 {
            let (lng, lat) = random.around(center, size * 1.5);
            let place = Vector::from_degrees(lng, lat);
            if polygon.border_distance(place) < 1e-8 || polygon.contains(outside) || place.angle(outside) > 3.0 {
                continue;
            }
            let contains = polygon.contains(place);
            assert_eq!(contains, counted(polygon, place, outside), "{lng} {lat} in {rings}");
            inside += usize::from(contains);
        }
    }
    assert!(inside > 1_000, "{inside}");
}

#[test]
fn what_is_within_intersects_and_parts_are_within() {
    let mut random = Random::new();
    let (mut met, mut held) = (0, 0);
    for _ in 0..4_000 {
        let center = random.position();
        let (a, b) = (random.geometry(center), random.geometry(center));
        let (Ok(x), Ok(y)) = (Geometry::parse(&a), Geometry::parse(&b)) else { continue };
        assert!(x.intersects(&x), "{a}");
        assert_eq!(x.intersects(&y), y.intersects(&x), "{a} {b}");
        met += usize::from(x.intersects(&y));
        let polygons: Vec<Polygon> =
            x.shapes.iter().filter_map(|shape| if let Shape::Polygon(polygon) = shape { Some(polygon.clone()) } else { None }).collect();
        if polygons.len() == x.shapes.len() {
            assert!(x.is_within(&polygons), "{a} in itself");
        }
        if y.is_within(&polygons) {
            held += 1;
            assert!(x.intersects(&y), "{b} in {a}");
            for shape in &y.shapes {
                let places: Vec<Vector> = match shape {
                    Shape::Point(spot) => vec![spot.vector],
                    Shape::Line(tree) => tree.edges().iter().map(|edge| edge.middle()).collect(),
                    Shape::Polygon(polygon) => polygon.some_place_inside().into_iter().collect(),
                };
                assert!(places.into_iter().all(|place| polygons.iter().any(|polygon| polygon.contains(place))), "{b} in {a}");
            }
        }
    }
    assert!(met > 100 && held > 50, "{met} {held}");
}
