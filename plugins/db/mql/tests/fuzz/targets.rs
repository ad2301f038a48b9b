//! What the fuzz targets do with their bytes. `fuzz/` runs them with libFuzzer, `main.rs` beside
//! this file with mutated seeds in every test run.
//!
//! The first line of an input is JSON of the language, each further one a document.

use std::time::{Duration, Instant};

use mql::aggregate::{Context, Opening, Options, Pipeline, Step};
use mql::bounds::{self, MultikeyPaths};
use mql::bson::{Bson, Document, RawDocument, bson, doc};
use mql::expression::{Expression, Variables};
use mql::index::IndexSpec;
use mql::{Collation, Filter, Projection, Sort, Update, UpdateOptions, check, json, key};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("filter", filter),
    ("update", update),
    ("projection", projection),
    ("pipeline", pipeline),
    ("expression", expression),
    ("extended_json", extended_json),
];

/// How long one evaluation may take.
const TIME: Duration = Duration::from_millis(200);
/// How many steps a pipeline is followed.
const STEPS: usize = 5_000;

struct Input {
    value: Bson,
    docs: Vec<Document>,
}

fn input(data: &[u8]) -> Option<Input> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let value = json::value(lines.next()?).ok()?;
    let docs = lines.filter_map(|line| json::document(line).ok()).take(8).collect();
    Some(Input { value, docs })
}

fn variables() -> Variables {
    let mut variables = Variables::new();
    variables.stop_at(Instant::now() + TIME);
    variables
}

fn collations() -> [Collation; 2] {
    let folding = Collation::parse(&doc! {"locale": "en", "strength": 1, "numericOrdering": true});
    [Collation::simple(), folding.expect("a collation")]
}

/// A filter says the same however it is asked, and an index hides nothing that it matches.
pub fn filter(data: &[u8]) {
    let Some(Input { value: Bson::Document(spec), docs }) = input(data) else { return };
    let index = IndexSpec::parse(&doc! {"key": {"a": 1, "b": -1}}).expect("an index");
    for collation in collations() {
        let Ok(filter) = Filter::parse_with(&spec, &collation) else { continue };
        let _ = (filter.ids(), filter.id_bounds(), filter.regions().len(), filter.near().is_some());
        let _ = (filter.equalities().is_ok(), filter.id_equality().is_ok(), filter.check_upsert().is_ok());
        for doc in &docs {
            let Ok(matched) = filter.test_with(doc, &variables()) else { continue };
            let Ok(keys) = index.encoded_keys(doc) else { continue };
            let multikey: MultikeyPaths = index.arrays(doc).into_iter().collect();
            if let (Some(_), Some(scan)) = (matched, bounds::plan(&filter, None, &index, &multikey)) {
                let inside = |key: &Vec<u8>| scan.ranges.iter().any(|range| range.from <= *key && *key < range.to);
                assert!(keys.iter().any(inside), "{doc} matches {spec}, but is not in {scan:?}");
            }
        }
    }
}

/// What an update makes can be stored, and whether it says that it changed something is true.
pub fn update(data: &[u8]) {
    let Some(Input { value, docs }) = input(data) else { return };
    let filters = docs.first().cloned().into_iter().collect();
    let all = [UpdateOptions::default(), UpdateOptions { array_filters: filters, ..UpdateOptions::default() }];
    for options in all {
        let Ok(update) = Update::parse_with(&value, &options) else { continue };
        for doc in &docs {
            let mut new = doc.clone();
            let Ok(changed) = update.apply(&mut new) else { continue };
            let (before, after) = (doc.to_vec().expect("bytes"), new.to_vec().expect("bytes"));
            assert!(changed || before == after, "{doc} became {new}, but is said to be the same");
            assert!(after.len() <= check::MAX_SIZE);
            let again = Document::from_reader(after.as_slice()).expect("a document");
            assert_eq!(again.to_vec().expect("bytes"), after);
            // Without an `_id` nothing is stored, and what is given one is checked then.
            if doc.contains_key("_id") && check::document(doc).is_ok() {
                assert_eq!(check::document(&new), Ok(()), "{doc} became {new}");
            }
        }
        if let Some(Ok(filter)) = docs.last().map(Filter::parse)
            && let Ok(inserted) = update.upsert(&filter)
        {
            assert_eq!(check::document(&inserted), Ok(()), "{inserted}");
        }
    }
}

/// A projection answers fields of the document only.
pub fn projection(data: &[u8]) {
    let Some(Input { value: Bson::Document(spec), docs }) = input(data) else { return };
    let filter = docs.first().and_then(|first| Filter::parse(first).ok()).unwrap_or(Filter::parse(&Document::new()).expect("a filter"));
    let _ = Sort::parse(&spec).map(|sort| docs.iter().map(|doc| sort.key(doc)).max());
    let Ok(projection) = Projection::parse_for(&spec, &filter) else { return };
    for doc in docs {
        let names: Vec<String> = doc.keys().cloned().collect();
        let answered = match filter.test(&doc, &Document::new()) {
            Ok(Some(matched)) => projection.apply_matched(doc, matched).unwrap_or_default(),
            _ => projection.apply(doc),
        };
        assert!(answered.keys().all(|name| names.contains(name)), "{answered}");
    }
}

/// A pipeline ends, and closes what it opened.
pub fn pipeline(data: &[u8]) {
    let Some(Input { value: Bson::Array(stages), docs }) = input(data) else { return };
    for collation in collations() {
        let Ok(pipeline) = Pipeline::parse(&stages, &Options { collation, ..Options::default() }) else { continue };
        let _ = (pipeline.collections(), pipeline.count_only().is_some());
        let context = Context { variables: variables(), memory: 1 << 20, seed: Some(1), ..Context::default() };
        let mut execution = pipeline.start(context);
        let mut open = Vec::new();
        for _ in 0..STEPS {
            let Ok(step) = execution.step() else { break };
            match step {
                Step::Open(cursor, query) => {
                    let found: Vec<Document> = docs.iter().filter(|doc| query.matches(doc).unwrap_or(false)).cloned().collect();
                    open.push((cursor, Some(found)));
                    execution.opened(Opening { near: Some("p".to_owned()), ..Opening::default() }).expect("it was asked");
                }
                Step::Fetch(cursor) => {
                    let found = open.iter_mut().find(|(known, _)| *known == cursor).and_then(|(_, found)| found.take());
                    execution.supply(found).expect("it was asked");
                }
                Step::Close(cursor) => open.retain(|(known, _)| *known != cursor),
                Step::Document(doc) => assert!(doc.to_vec().is_ok()),
                Step::Done => {
                    assert!(open.is_empty(), "every query is closed");
                    break;
                }
                _ => break,
            }
        }
    }
}

/// An expression ends.
pub fn expression(data: &[u8]) {
    let Some(Input { value, docs }) = input(data) else { return };
    let Ok(expression) = Expression::parse(&value) else { return };
    for doc in &docs {
        let mut variables = variables();
        for collation in collations() {
            variables.collate(&collation);
            let _ = expression.evaluate(doc, &variables);
        }
    }
}

/// What was read can be written and read again; the writers agree.
pub fn extended_json(data: &[u8]) {
    let Ok(value) = json::value(data) else { return };
    // What cannot be stored may be too deep for JSON, in which some types take several levels.
    if check::depth(&doc! {"v": value.clone()}).is_err() {
        return;
    }
    let mut text = Vec::new();
    json::write_canonical(&value, &mut text);
    let again = json::value(&text).unwrap_or_else(|error| panic!("{value} is written as {}: {error}", String::from_utf8_lossy(&text)));
    let bytes = |value: &Bson| bson!({ "v": value.clone() }).as_document().expect("a document").to_vec().expect("bytes");
    assert_eq!(bytes(&value), bytes(&again), "{value} became {again}");
    assert_eq!(key::encode(&value, false), key::encode(&again, false));
    let mut text = Vec::new();
    json::write(&value, &mut text);
    json::value(&text).unwrap_or_else(|error| panic!("{value} is written as {}: {error}", String::from_utf8_lossy(&text)));
    if let Bson::Document(doc) = &value {
        let mut raw = Vec::new();
        let bytes = doc.to_vec().expect("bytes");
        json::write_raw(RawDocument::from_bytes(&bytes).expect("a document"), &mut raw).expect("it is BSON");
        assert_eq!(text, raw, "the raw writer agrees");
    }
}
