//! What updates may take: time and memory.

use std::time::{Duration, Instant};

use super::*;
use crate::update::UpdateOptions;

fn parse(update: &Document, filters: &[&str], deadline: Option<Instant>) -> Update {
    let array_filters = filters.iter().map(|filter| read(filter)).collect();
    Update::parse_with(&Bson::Document(update.clone()), &UpdateOptions { array_filters, deadline, ..UpdateOptions::default() }).unwrap()
}

#[test]
fn operators_on_long_arrays_end_in_time() {
    let ints: Vec<i32> = (0..20_000).rev().collect();
    let ten: Vec<i32> = (0..10).collect();
    let doc = doc! {"a": ints};
    for (update, filters) in [
        (doc! {"$pull": {"a": -1}}, vec![]),
        (doc! {"$pull": {"a": {"$in": [-1]}}}, vec![]),
        (doc! {"$pull": {"a": {"b": 1}}}, vec![]),
        (doc! {"$pullAll": {"a": &ten}}, vec![]),
        (doc! {"$pullAll": {"a": [1]}}, vec![]),
        (doc! {"$addToSet": {"a": -1}}, vec![]),
        (doc! {"$addToSet": {"a": {"$each": &ten}}}, vec![]),
        (doc! {"$push": {"a": {"$each": [-1], "$sort": 1}}}, vec![]),
        (doc! {"$inc": {"a.$[]": 1}}, vec![]),
        (doc! {"$inc": {"a.$[x]": 1}}, vec![r#"{"x":{"$lt":0}}"#]),
    ] {
        let error = parse(&update, &filters, Some(Instant::now())).apply(&mut doc.clone()).unwrap_err();
        assert_eq!(error.code(), Code::MaxTimeMSExpired, "{update}: {error}");
        let (mut timed, mut free) = (doc.clone(), doc.clone());
        let later = Some(Instant::now() + Duration::from_secs(600));
        assert_eq!(parse(&update, &filters, later).apply(&mut timed).unwrap(), parse(&update, &filters, None).apply(&mut free).unwrap());
        assert_eq!(timed, free, "{update}");
    }
}

#[test]
fn values_are_prepared_once_for_all_places() {
    let (arrays, values): (Vec<Vec<i32>>, Vec<i32>) = (0..20_000).map(|n| (vec![n, -1], n)).unzip();
    let mut doc = doc! {"a": arrays};
    let begin = Instant::now();
    assert!(parse(&doc! {"$pullAll": {"a.$[]": values}}, &[], None).apply(&mut doc).unwrap());
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(doc.get_array("a").unwrap().iter().all(|items| *items == bson::bson!([-1])));
}

#[test]
fn places_are_bounded_where_paths_may_meet() {
    let below = ["b"; 90].join(".");
    let items: Vec<Document> = vec![Document::new(); 40_000];
    let (x, y) = (format!("a.$[x].{below}"), format!("a.$[y].{below}"));
    let filters = [r#"{"x.c":null}"#, r#"{"y.c":1}"#];
    let error = parse(&doc! {"$unset": {x: 1, y: 1}}, &filters, None).apply(&mut doc! {"a": items}).unwrap_err();
    assert_eq!(error.code(), Code::ExceededMemoryLimit, "{error}");
}

#[test]
fn a_document_may_have_as_many_places_as_it_has_values() {
    let mut doc = doc! {"a": vec![vec![1; 3]; 100_000]};
    assert!(parse(&doc! {"$inc": {"a.$[].$[]": 1}}, &[], None).apply(&mut doc).unwrap());
    assert_eq!(doc, doc! {"a": vec![vec![2; 3]; 100_000]});
}
