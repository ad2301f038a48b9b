//! Smaller cases.

use bson::{Bson, Document};

use crate::case::{Case, Kind};

/// The cases that are one step smaller, the largest steps first.
pub fn smaller(case: &Case) -> Vec<Case> {
    let mut found = Vec::new();
    let text = Bson::Document(case.command.clone()).to_string();
    let mut bare = case.clone();
    for doc in &mut bare.docs {
        *doc = doc.iter().filter(|(name, _)| text.contains(name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    if bare.docs.iter().map(Document::len).sum::<usize>() < case.docs.iter().map(Document::len).sum() {
        found.push(bare);
    }
    if case.docs.len() > 1 {
        for i in 0..case.docs.len() {
            let mut docs = case.docs.clone();
            docs.remove(i);
            found.push(Case { docs, ..case.clone() });
        }
    }
    for (name, value) in &case.command {
        let required = matches!(
            (case.kind, name.as_str()),
            (_, "filter") | (Kind::Update, "update") | (Kind::Aggregate, "pipeline") | (Kind::Expression, "expression")
        );
        if !required {
            let mut command = case.command.clone();
            command.remove(name);
            found.push(Case { command, ..case.clone() });
        }
        each(value, &mut |smaller| {
            let mut command = case.command.clone();
            command.insert(name.clone(), smaller);
            found.push(Case { command, ..case.clone() });
        });
    }
    for (i, doc) in case.docs.iter().enumerate() {
        inside(doc, &mut |smaller| {
            let mut docs = case.docs.clone();
            docs[i] = smaller;
            found.push(Case { docs, ..case.clone() });
        });
    }
    found
}

/// The values that are one step smaller: a part of this one, or one with a part less.
fn each(value: &Bson, found: &mut dyn FnMut(Bson)) {
    match value {
        Bson::Document(doc) => {
            doc.values().for_each(|inner| found(inner.clone()));
            inside(doc, &mut |smaller| found(Bson::Document(smaller)));
        }
        Bson::Array(items) => {
            items.iter().for_each(|inner| found(inner.clone()));
            for i in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(i);
                found(Bson::Array(fewer));
            }
            for (i, item) in items.iter().enumerate() {
                each(item, &mut |smaller| {
                    let mut items = items.clone();
                    items[i] = smaller;
                    found(Bson::Array(items));
                });
            }
        }
        _ => {}
    }
}

fn inside(doc: &Document, found: &mut dyn FnMut(Document)) {
    for name in doc.keys() {
        let mut fewer = doc.clone();
        fewer.remove(name);
        found(fewer);
    }
    for (name, value) in doc {
        each(value, &mut |smaller| {
            let mut doc = doc.clone();
            doc.insert(name.clone(), smaller);
            found(doc);
        });
    }
}
