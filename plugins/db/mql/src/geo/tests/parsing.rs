use super::*;
use crate::geo::{Geometry, index_cells};

#[track_caller]
fn refused(text: &str, message: &str) {
    let error = Geometry::parse(&value(text)).unwrap_err();
    assert!(error.message().contains(message), "{text}: {error}");
    assert_eq!(error.code(), crate::Code::BadValue);
}

/// The examples of the manual, section 3.10.6, and of MongoDB's page "GeoJSON Objects".
#[test]
fn all_types() {
    for text in [
        r#"{"type":"Point","coordinates":[40,5]}"#,
        r#"{"type":"Point","coordinates":[40,5,812.5]}"#,
        r#"{"type":"LineString","coordinates":[[40,5],[41,6]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[3,6],[6,1],[0,0]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[3,6],[6,1],[0,0]],[[2,2],[3,3],[4,2],[2,2]]]}"#,
        r#"{"type":"MultiPoint","coordinates":[[-73.9580,40.8003],[-73.9498,40.7968],[-73.9737,40.7648],[-73.9814,40.7681]]}"#,
        r#"{"type":"MultiLineString","coordinates":[[[-73.96943,40.78519],[-73.96082,40.78095]],[[-73.96415,40.79229],[-73.95544,40.78854]]]}"#,
        r#"{"type":"MultiPolygon","coordinates":[
            [[[-73.958,40.8003],[-73.9498,40.7968],[-73.9737,40.7648],[-73.9814,40.7681],[-73.958,40.8003]]],
            [[[-73.958,40.8003],[-73.9498,40.7968],[-73.9737,40.7648],[-73.958,40.8003]]]]}"#,
        r#"{"type":"GeometryCollection","geometries":[
            {"type":"MultiPoint","coordinates":[[-73.9580,40.8003],[-73.9498,40.7968]]},
            {"type":"LineString","coordinates":[[-73.96943,40.78519],[-73.96082,40.78095]]}]}"#,
        r#"{"type":"Point","coordinates":[40,5],"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}}"#,
        "[40,5]",
        "[180,-90]",
        r#"{"lng":40,"lat":5}"#,
        r#"{"lng":{"$numberDecimal":"40.5"},"lat":{"$numberLong":"5"}}"#,
    ] {
        assert!(Geometry::parse(&value(text)).is_ok(), "{text}");
    }
}

#[test]
fn what_is_no_geometry() {
    refused(r#"{"type":"Point","coordinates":[181,5]}"#, "longitude/latitude is out of bounds, lng: 181 lat: 5");
    refused(r#"{"type":"Point","coordinates":[18,-90.5]}"#, "longitude/latitude is out of bounds");
    refused("[200,5]", "longitude/latitude is out of bounds");
    refused(r#"{"type":"Point","coordinates":["a",5]}"#, "Point must only contain numeric elements");
    refused(r#"{"type":"Point","coordinates":[5]}"#, "Point must only contain numeric elements");
    refused(r#"{"type":"Point","coordinates":5}"#, "GeoJSON coordinates must be an array");
    refused(r#"{"type":"Point","coordinates":[{"$numberDouble":"NaN"},5]}"#, "finite");
    refused(r#"{"type":"Circle","coordinates":[1,2]}"#, "unknown GeoJSON type");
    refused(r#"{"type":"LineString","coordinates":[[1,2]]}"#, "at least 2 vertices");
    refused(r#"{"type":"LineString","coordinates":[[1,2],[1,2]]}"#, "at least 2 vertices");
    refused(r#"{"type":"LineString","coordinates":[[10,0],[-170,0]]}"#, "antipodal");
    refused(r#"{"type":"Polygon","coordinates":[]}"#, "Polygon has no loops.");
    refused(r#"{"type":"Polygon","coordinates":[[]]}"#, "Loop has no vertices");
    refused(r#"{"type":"Polygon","coordinates":[[[0,0],[3,6],[6,1]]]}"#, "Loop is not closed");
    refused(r#"{"type":"Polygon","coordinates":[[[0,0],[3,6],[0,0]]]}"#, "at least 3 different vertices");
    refused(r#"{"type":"Polygon","coordinates":[[[0,0],[4,4],[4,0],[0,4],[0,0]]]}"#, "edges cross");
    refused(r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[2,2],[4,4],[0,4],[2,2],[0,0]]]}"#, "duplicate vertices");
    let outer = "[[0,0],[9,0],[9,9],[0,9],[0,0]]";
    refused(&format!(r#"{{"type":"Polygon","coordinates":[{outer},[[20,0],[21,0],[21,1],[20,0]]]}}"#), "secondary loops must be holes");
    refused(&format!(r#"{{"type":"Polygon","coordinates":[{outer},[[8,8],[12,8],[8,7],[8,8]]]}}"#), "secondary loops must be holes");
    refused(&format!(r#"{{"type":"Polygon","coordinates":[{outer},{outer}]}}"#), "secondary loops must be holes");
    let hole = "[[1,1],[5,1],[5,5],[1,1]]";
    refused(&format!(r#"{{"type":"Polygon","coordinates":[{outer},{hole},[[3,2],[4,2],[4,3],[3,2]]]}}"#), "holes overlap");
    refused(&format!(r#"{{"type":"Polygon","coordinates":[{outer},{hole},{hole}]}}"#), "holes overlap");
    refused(r#"{"type":"MultiPoint","coordinates":[]}"#, "MultiPoint coordinates must have at least 1 element");
    refused(r#"{"type":"GeometryCollection","geometries":[]}"#, "at least 1 element");
    refused(
        r#"{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}]}"#,
        "cannot be nested",
    );
    let crs = |name: &str| format!(r#""crs":{{"type":"name","properties":{{"name":"{name}"}}}}"#);
    refused(&format!(r#"{{"type":"Point","coordinates":[1,2],{}}}"#, crs("EPSG:3857")), "Unknown CRS name: EPSG:3857");
    let strict = crs("urn:x-mongodb:crs:strictwinding:EPSG:4326");
    refused(&format!(r#"{{"type":"Point","coordinates":[1,2],{strict}}}"#), "Strict winding order is only supported by Polygon");
    refused(
        &format!(r#"{{"type":"Polygon","coordinates":[{outer},{hole}],{strict}}}"#),
        "Only one simple loop is allowed in a big polygon",
    );
    refused("5", "Point must be an array or object, instead got type int");
    refused(r#"{"a":"b"}"#, "numeric");
}

#[test]
fn documents_of_an_index() {
    let cells = |doc: &str| index_cells(&read(doc), "a.loc").map(|cells| cells.len());
    assert_eq!(cells("{}"), Ok(0));
    assert_eq!(cells(r#"{"a":{"loc":null}}"#), Ok(0));
    assert_eq!(cells(r#"{"a":{"loc":[]}}"#), Ok(0));
    assert_eq!(cells(r#"{"a":{"loc":[1,2]}}"#), Ok(1));
    assert_eq!(cells(r#"{"a":{"loc":[[1,2],[3,4]]}}"#), Ok(2));
    assert_eq!(cells(r#"{"a":[{"loc":[1,2]},{"loc":{"type":"Point","coordinates":[3,4]}},{}]}"#), Ok(2));
    let error = index_cells(&read(r#"{"a":{"loc":"here"}}"#), "a.loc").unwrap_err();
    assert_eq!(error.code(), crate::Code::Location(16755));
    assert!(error.message().starts_with("Can't extract geo keys: {"), "{error}");
}

#[test]
fn a_border_of_many_vertices_is_quickly_checked() {
    let star = |vertices: u32| {
        let corner = |i: u32| {
            let angle = f64::from(i) / f64::from(vertices) * std::f64::consts::TAU;
            let radius = if i.is_multiple_of(2) { 10.0 } else { 9.9 };
            pair((radius * angle.cos(), radius * angle.sin()))
        };
        let corners: Vec<Bson> = (0..vertices).chain([0]).map(corner).collect();
        bson::bson!({"type": "Polygon", "coordinates": [corners]})
    };
    let started = std::time::Instant::now();
    assert!(Geometry::parse(&star(20_000)).is_ok());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
