//! Evaluates a case with mql.

use std::collections::BTreeMap;

use bson::{Bson, DateTime, Document, bson, doc};
use mql::aggregate::{Context, CursorId, Opening, Options, Output, Pipeline, Step, WhenNotMatched};
use mql::expression::{Expression, Variables};
use mql::{Code, Error, Filter, Projection, Result, Sort, Update, UpdateOptions};

use crate::agree::identical;
use crate::case::{Case, Kind, Outcome};

/// The time of mingo's process, 2020-05-17T10:20:30.456Z.
fn now() -> DateTime {
    DateTime::from_millis(1_589_710_830_456)
}

pub fn evaluate(case: &Case) -> Outcome {
    let result = match case.kind {
        Kind::Filter => filter(case),
        Kind::Find => find(case),
        Kind::Update => update(case),
        Kind::Aggregate => aggregate(case),
        Kind::Expression => expression(case),
    };
    match result {
        Ok(value) => Outcome::Value(value),
        Err(error) => Outcome::Error(error.code().number(), error.message().to_owned()),
    }
}

fn malformed() -> Error {
    Error::new(Code::FailedToParse, "malformed case")
}

fn document<'a>(command: &'a Document, name: &str) -> Result<&'a Document> {
    command.get_document(name).map_err(|_| malformed())
}

fn filter(case: &Case) -> Result<Bson> {
    let filter = Filter::parse(document(&case.command, "filter")?)?;
    let none = Document::new();
    let matches = |doc: &Document| filter.test(doc, &none).map(|matched| Bson::Boolean(matched.is_some()));
    Ok(Bson::Array(case.docs.iter().map(matches).collect::<Result<_>>()?))
}

fn find(case: &Case) -> Result<Bson> {
    let command = &case.command;
    let filter = Filter::parse(document(command, "filter")?)?;
    let part = |name| command.contains_key(name).then(|| document(command, name)).transpose();
    let sort = part("sort")?.map(Sort::parse).transpose()?;
    let projection = part("projection")?.map(Projection::parse).transpose()?;
    let number = |name| command.get_i32(name).ok().and_then(|n| usize::try_from(n).ok());
    let none = Document::new();
    let mut found = Vec::new();
    for doc in &case.docs {
        if filter.test(doc, &none)?.is_some() {
            found.push(doc.clone());
        }
    }
    if let Some(sort) = sort {
        let mut keyed = found.into_iter().map(|doc| Ok((sort.try_key(&doc)?, doc))).collect::<Result<Vec<_>>>()?;
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        found = keyed.into_iter().map(|(_, doc)| doc).collect();
    }
    // As with MongoDB, a limit of 0 is none.
    let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let page = found.into_iter().skip(number("skip").unwrap_or(0)).take(limit);
    Ok(Bson::Array(page.map(|doc| Bson::Document(projection.as_ref().map_or(doc.clone(), |p| p.apply(doc)))).collect()))
}

fn update(case: &Case) -> Result<Bson> {
    let command = &case.command;
    let filter = Filter::parse(document(command, "filter")?)?;
    let filters = command.get_array("arrayFilters").map(Vec::as_slice).unwrap_or_default();
    let options = UpdateOptions {
        array_filters: filters.iter().filter_map(Bson::as_document).cloned().collect(),
        now: Some(now()),
        ..UpdateOptions::default()
    };
    let update = Update::parse_with(command.get("update").ok_or_else(malformed)?, &options)?;
    let before = case.docs.first().ok_or_else(malformed)?;
    let mut doc = before.clone();
    Ok(match filter.test(&doc, &Document::new())? {
        Some(matched) => {
            let modified = update.apply_matched(&mut doc, matched)?;
            // Documents compare without the order of their fields.
            let changed = format!("{doc:?}") != format!("{before:?}");
            assert!(modified == changed, "modified: {modified}, of {before} to {doc}");
            // Mingo does not see that the type of a number changed, nor the order of fields.
            let visible = !identical(&Bson::Document(doc.clone()), &Bson::Document(before.clone()));
            bson!({"doc": doc, "matched": 1, "modified": i32::from(visible)})
        }
        None => bson!({"doc": doc, "matched": 0, "modified": 0}),
    })
}

fn expression(case: &Case) -> Result<Bson> {
    let expression = Expression::parse(case.command.get("expression").ok_or_else(malformed)?)?;
    expression.evaluate(case.docs.first().ok_or_else(malformed)?, &Variables::at(now()))
}

fn aggregate(case: &Case) -> Result<Bson> {
    let stages = case.command.get_array("pipeline").map_err(|_| malformed())?;
    let from = case.command.get_array("from").map(Vec::as_slice).unwrap_or_default();
    let from: Vec<Document> = from.iter().map(|doc| doc.as_document().cloned().ok_or_else(malformed)).collect::<Result<_>>()?;
    let pipeline = Pipeline::parse(stages, &Options::default())?;
    let results = run(&pipeline, &case.docs, &from)?;
    let written = match pipeline.output() {
        None => results,
        // Mingo's collection is a list that `$out` adds to.
        Some(Output::Out(_)) => from.into_iter().chain(results).collect(),
        Some(Output::Merge(merge)) => {
            let mut written = from;
            for doc in results {
                // MongoDB makes an `_id` where there is none, which no other document has.
                let key = doc.contains_key("_id").then(|| merge.key(&doc).and_then(|key| Filter::parse(&key))).transpose()?;
                let target = key.and_then(|key| written.iter_mut().find(|old| key.matches(old)));
                match target {
                    Some(target) => {
                        if let Some(merged) = merge.merged(target, &doc, &Variables::at(now()))? {
                            *target = merged;
                        }
                    }
                    None => match merge.when_not_matched() {
                        WhenNotMatched::Insert => written.push(doc),
                        WhenNotMatched::Discard => {}
                        WhenNotMatched::Fail => return Err(Error::new(Code::Location(13113), "no matching document")),
                    },
                }
            }
            written
        }
    };
    Ok(Bson::Array(written.into_iter().map(Bson::Document).collect()))
}

fn run(pipeline: &Pipeline, docs: &[Document], from: &[Document]) -> Result<Vec<Document>> {
    let mut execution = pipeline.start(Context { variables: Variables::at(now()), ..Context::default() });
    let mut cursors: BTreeMap<CursorId, Vec<Document>> = BTreeMap::new();
    let mut results = Vec::new();
    loop {
        match execution.step()? {
            Step::Open(cursor, query) => {
                let mut found = Vec::new();
                for doc in if query.collection.is_some() { from } else { docs } {
                    if query.matches(doc)? {
                        found.push(doc.clone());
                    }
                }
                cursors.insert(cursor, found);
                execution.opened(Opening::default())?;
            }
            Step::Fetch(cursor) => {
                let found = cursors.get_mut(&cursor).map(std::mem::take).unwrap_or_default();
                execution.supply((!found.is_empty()).then_some(found))?;
            }
            Step::Close(cursor) => _ = cursors.remove(&cursor),
            Step::Document(doc) => results.push(doc),
            Step::Done => return Ok(results),
            Step::Yield => {}
            other => panic!("an unknown step {other:?}"),
        }
    }
}

/// Whether mql knows an operator of expressions.
pub fn knows_expression(operator: &str) -> bool {
    match Expression::parse(&Bson::Document(doc! {operator: {}})) {
        Err(error) => error.code() != Code::InvalidPipelineOperator && error.code() != Code::CommandNotSupported,
        Ok(_) => true,
    }
}
