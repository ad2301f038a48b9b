//! `$geoNear`.

use super::{Store, pipeline, refused};
use crate::aggregate::Context;

const PLACES: &str = r#"[{"_id":1,"name":"far","loc":{"type":"Point","coordinates":[-73.9,40.9]},"open":true},
    {"_id":2,"name":"near","loc":{"type":"Point","coordinates":[-73.99279,40.719297]},"open":true},
    {"_id":3,"name":"nowhere"},{"_id":4,"name":"nearer","loc":{"type":"Point","coordinates":[-73.99280,40.719296]},"open":false}]"#;

fn stages(more: &str) -> String {
    format!(
        r#"[{{"$geoNear":{{"near":{{"type":"Point","coordinates":[-73.99280,40.719296]}},"spherical":true,"distanceField":"dist.calculated"{more}}}}}]"#
    )
}

fn names(stages: &str, key: Option<&str>) -> crate::Result<Vec<String>> {
    let mut store = Store::of(PLACES);
    store.near = key.map(str::to_owned);
    let results = store.run(&pipeline(stages)?, Context::default())?;
    Ok(results.iter().map(|doc| doc.get_str("name").unwrap().to_owned()).collect())
}

#[test]
fn from_near_to_far() {
    assert_eq!(names(&stages(""), Some("loc")).unwrap(), ["nearer", "near", "far"]);
    assert_eq!(names(&stages(r#","key":"loc","maxDistance":2"#), None).unwrap(), ["nearer", "near"]);
    assert_eq!(names(&stages(r#","key":"loc","query":{"open":true}"#), None).unwrap(), ["near", "far"]);
    assert_eq!(names(&stages(r#","key":"loc","minDistance":2"#), None).unwrap(), ["far"]);
    let mut store = Store::of(PLACES);
    let docs = store.run(&pipeline(&stages(r#","key":"loc","maxDistance":2,"includeLocs":"at""#)).unwrap(), Context::default()).unwrap();
    assert_eq!(docs.first().unwrap().get_document("dist").unwrap().get_f64("calculated").unwrap(), 0.0);
    assert!(docs.last().unwrap().get_document("dist").unwrap().get_f64("calculated").unwrap() > 0.5);
    assert_eq!(docs.last().unwrap().get("at"), docs.last().unwrap().get("loc"));
}

#[test]
fn an_index_is_needed() {
    assert_eq!(names(&stages(""), None).unwrap_err().code().number(), 27);
}

#[test]
fn first_only() {
    let near = stages(r#","key":"loc""#);
    let inner = near.trim_start_matches('[').trim_end_matches(']');
    refused(&format!(r#"[{{"$limit":1}},{inner}]"#), 40602);
    refused(r#"[{"$geoNear":{"near":1}}]"#, 16605);
    refused(&stages(r#","query":{"loc":{"$near":{"$geometry":{"type":"Point","coordinates":[1,2]}}}}"#), 2);
}
