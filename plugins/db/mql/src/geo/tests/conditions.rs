use super::*;
use crate::Code;

#[track_caller]
fn refused(filter: &str, message: &str) {
    let error = Filter::parse(&read(filter)).unwrap_err();
    assert!(error.message().contains(message), "{filter}: {error}");
    assert_eq!(error.code(), Code::BadValue);
}

#[test]
fn circles_on_the_sphere() {
    // 10 km around the Forbidden City, as the manual computes the radius.
    let query = r#"{"g":{"$geoWithin":{"$centerSphere":[[116.397,39.918],0.00156786503816497]}}}"#;
    assert!(matches(query, r#"{"g":{"type":"Point","coordinates":[116.397,40.007]}}"#), "9.9 km");
    assert!(!matches(query, r#"{"g":{"type":"Point","coordinates":[116.397,40.009]}}"#), "10.1 km");
    assert!(matches(query, r#"{"g":[116.397,39.918]}"#));
    assert!(matches(query, r#"{"g":{"type":"LineString","coordinates":[[116.39,39.91],[116.40,39.92]]}}"#));
    assert!(!matches(query, r#"{"g":{"type":"LineString","coordinates":[[116.39,39.91],[117.40,39.92]]}}"#));
    let square = |lng: f64, lat: f64| {
        format!(r#"{{"g":{{"type":"Polygon","coordinates":[[[116.39,39.91],[{lng},39.91],[{lng},{lat}],[116.39,39.91]]]}}}}"#)
    };
    assert!(matches(query, &square(116.41, 39.92)));
    assert!(!matches(query, &square(116.41, 41.0)));
    let all = r#"{"g":{"$geoWithin":{"$centerSphere":[[0,0],4]}}}"#;
    assert!(matches(all, r#"{"g":[180,0]}"#));
    assert!(!matches(all, r#"{"g":"somewhere"}"#) && !matches(all, "{}") && !matches(all, r#"{"g":null}"#));
    assert!(matches(r#"{"g":{"$geoWithin":{"$centerSphere":[{"x":10,"y":20},0]}}}"#, r#"{"g":[10,20]}"#));
}

#[test]
fn areas_of_the_plane() {
    let square = r#"{"g":{"$geoWithin":{"$box":[[0,0],[100,100]]}}}"#;
    assert!(matches(square, r#"{"g":[100,50]}"#) && matches(square, r#"{"g":{"type":"Point","coordinates":[50,50]}}"#));
    assert!(!matches(square, r#"{"g":[101,50]}"#));
    let triangle = r#"{"g":{"$geoWithin":{"$polygon":[[0,0],[3,6],[6,0]]}}}"#;
    assert!(matches(triangle, r#"{"g":[3,5]}"#) && matches(triangle, r#"{"g":[0,0]}"#) && !matches(triangle, r#"{"g":[0,5]}"#));
    let circle = r#"{"g":{"$geoWithin":{"$center":[[-74,40.74],10]}}}"#;
    assert!(matches(circle, r#"{"g":[-64,40.74]}"#) && !matches(circle, r#"{"g":[-63.9,40.74]}"#));
    let wide = r#"{"g":{"$geoWithin":{"$box":[[0,0],[1000,1000]]}}}"#;
    assert!(matches(wide, r#"{"g":[900,900]}"#), "legacy pairs need not be on the earth");
    assert_eq!(Filter::parse(&read(square)).unwrap().regions()[0].1.cells(), None);
}

#[test]
fn arrays_of_geometries() {
    let query = r#"{"a.g":{"$geoWithin":{"$centerSphere":[[10,10],0.01]}}}"#;
    assert!(matches(query, r#"{"a":[{"g":[50,50]},{"g":[10,10]}]}"#));
    assert!(matches(query, r#"{"a":{"g":[[50,50],[10,10]]}}"#));
    assert!(!matches(query, r#"{"a":{"g":[[50,50],[60,60]]}}"#));
    let not = r#"{"g":{"$not":{"$geoIntersects":{"$geometry":{"type":"Point","coordinates":[1,2]}}}}}"#;
    assert!(matches(not, r#"{"g":[1,3]}"#) && !matches(not, r#"{"g":[1,2]}"#) && matches(not, "{}"));
}

#[test]
fn what_is_refused() {
    refused(r#"{"g":{"$geoWithin":5}}"#, "needs an object");
    refused(r#"{"g":{"$geoWithin":{"$geometry":{"type":"Point","coordinates":[1,2]}}}}"#, "$within not supported with provided geometry");
    refused(r#"{"g":{"$geoWithin":{"$geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}}}}"#, "Loop is not closed");
    refused(r#"{"g":{"$geoWithin":{"$sphere":[[1,2],3]}}}"#, "unknown geo specifier: $sphere");
    refused(r#"{"g":{"$geoWithin":{}}}"#, "doesn't have any geometry");
    refused(r#"{"g":{"$geoWithin":{"$centerSphere":[[1,2],-3]}}}"#, "non-negative number");
    refused(r#"{"g":{"$geoWithin":{"$centerSphere":[[200,2],3]}}}"#, "out of bounds");
    refused(r#"{"g":{"$geoWithin":{"$centerSphere":[[1,2],3,4]}}}"#, "Only 2 fields allowed");
    refused(r#"{"g":{"$geoWithin":{"$polygon":[[1,2],[3,4]]}}}"#, "at least 3 points");
    refused(r#"{"g":{"$geoIntersects":{"$centerSphere":[[1,2],3]}}}"#, "$geoIntersect not supported");
    refused(r#"{"g":{"$geoIntersects":{"$geometry":{"type":"Blob","coordinates":[1,2]}}}}"#, "unknown GeoJSON type");
}
