//! Pipelines over documents in memory, for tests.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use bson::{Bson, Document};

use super::{Context, Execution, Opening, Options, Pipeline, Step};
use crate::error::{Error, Result};
use crate::json;

/// Collections in memory; the one without a name is that of the pipeline.
#[derive(Default)]
pub(super) struct Store {
    collections: BTreeMap<String, Vec<Document>>,
    /// How many documents were handed out.
    pub(super) read: usize,
    pub(super) opened: usize,
    pub(super) closed: usize,
    /// How often it was the turn of others.
    pub(super) yielded: usize,
    /// Whether to sort as the pipeline asks.
    pub(super) sorts: bool,
    pub(super) near: Option<String>,
}

pub(super) fn parsed(value: &str) -> Bson {
    json::document(format!(r#"{{"v":{value}}}"#).as_bytes()).unwrap().remove("v").unwrap()
}

fn documents(list: &str) -> Vec<Document> {
    match parsed(list) {
        Bson::Array(items) => items.into_iter().map(|item| item.as_document().unwrap().clone()).collect(),
        other => panic!("{other} is no list"),
    }
}

pub(super) fn pipeline(stages: &str) -> Result<Pipeline> {
    Pipeline::parse(parsed(stages).as_array().unwrap(), &Options::default())
}

impl Store {
    pub(super) fn of(docs: &str) -> Self {
        Self::default().with("", docs)
    }

    pub(super) fn with(mut self, collection: &str, docs: &str) -> Self {
        self.collections.insert(collection.to_owned(), documents(docs));
        self
    }

    pub(super) fn put(mut self, docs: Vec<Document>) -> Self {
        self.collections.insert(String::new(), docs);
        self
    }

    pub(super) fn run(&mut self, pipeline: &Pipeline, context: Context) -> Result<Vec<Document>> {
        let mut execution = pipeline.start(context);
        self.drive(&mut execution)
    }

    pub(super) fn drive(&mut self, execution: &mut Execution) -> Result<Vec<Document>> {
        let mut cursors = BTreeMap::new();
        let mut results = Vec::new();
        loop {
            match execution.step()? {
                Step::Open(cursor, query) => {
                    let name = query.collection.clone().unwrap_or_default();
                    let docs = self.collections.get(&name).cloned().unwrap_or_default();
                    let mut found = Vec::new();
                    for doc in docs {
                        if query.matches(&doc)? {
                            found.push(doc);
                        }
                    }
                    if let (true, Some(sort)) = (self.sorts, &query.sort) {
                        found.sort_by_cached_key(|doc| sort.key(doc));
                    }
                    self.opened += 1;
                    cursors.insert(cursor, found.into_iter());
                    execution.opened(Opening { sorted: self.sorts && query.sort.is_some(), near: self.near.clone() })?;
                }
                Step::Fetch(cursor) => {
                    // Batches of two, so that pipelines wait in between.
                    let docs: Vec<Document> = cursors.get_mut(&cursor).unwrap().by_ref().take(2).collect();
                    self.read += docs.len();
                    execution.supply((!docs.is_empty()).then_some(docs))?;
                }
                Step::Close(cursor) => {
                    cursors.remove(&cursor).unwrap();
                    self.closed += 1;
                }
                Step::Yield => self.yielded += 1,
                Step::Document(doc) => results.push(doc),
                Step::Done => {
                    assert!(cursors.is_empty(), "every query is closed");
                    return Ok(results);
                }
            }
        }
    }

    /// Runs stages and compares the results with a list.
    #[track_caller]
    pub(super) fn check(mut self, stages: &str, expected: &str) {
        let results = self.run(&pipeline(stages).unwrap(), Context::default()).unwrap();
        let shown = |docs: Vec<Document>| docs.into_iter().map(|doc| json::to_string(&doc.into())).collect::<Vec<_>>();
        assert_eq!(shown(results), shown(documents(expected)));
    }

    #[track_caller]
    pub(super) fn fails(mut self, stages: &str, number: i32) {
        let error = self.run(&pipeline(stages).unwrap(), Context::default()).unwrap_err();
        assert_eq!(error.code().number(), number, "{error}");
    }
}

/// The error of stages that cannot be parsed.
#[track_caller]
pub(super) fn refused(stages: &str, number: i32) {
    let error: Error = pipeline(stages).unwrap_err();
    assert_eq!(error.code().number(), number, "{stages}: {error}");
}
