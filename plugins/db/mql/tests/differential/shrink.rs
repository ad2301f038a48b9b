//! Smaller cases.

use bson::{Bson, Document, doc};

use crate::case::{Case, Kind};
use crate::generate::EXPRESSIONS;

/// The case without the fields that it does not name.
fn bare(mut case: Case) -> Case {
    let text = Bson::Document(case.command.clone()).to_string();
    if !text.contains("$$ROOT") && !text.contains("$$CURRENT") {
        for doc in &mut case.docs {
            *doc = std::mem::take(doc).into_iter().filter(|(name, _)| text.contains(name.as_str())).collect();
        }
    }
    case
}

/// The cases that are one step smaller, the largest steps first.
pub fn smaller(case: &Case) -> Vec<Case> {
    let mut found = Vec::new();
    let bare = bare(case.clone());
    if bare.size() < case.size() {
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

/// The cases of one document and one part of the command, the smallest first: most differences
/// are in one of them.
pub fn leaps(case: &Case) -> Vec<Case> {
    let mut parts = Parts::default();
    case.command.iter().filter(|(name, _)| *name != "from").for_each(|(name, value)| match (name.as_str(), value) {
        ("filter", Bson::Document(filter)) => parts.filter(filter),
        (_, value) => parts.walk(value),
    });
    let expressions = parts.expressions.into_iter().map(|expression| (Kind::Expression, doc! {"expression": expression}));
    let filters = parts.filters.into_iter().map(|filter| (Kind::Filter, doc! {"filter": filter}));
    let commands: Vec<(Kind, Document)> = expressions.chain(filters).collect();
    let all = case.docs.iter().flat_map(|doc| {
        commands.iter().map(|(kind, command)| bare(Case { kind: *kind, docs: vec![doc.clone()], command: command.clone() }))
    });
    let mut found: Vec<Case> = all.filter(|leap| leap.size() < case.size()).collect();
    found.sort_by_key(Case::size);
    found
}

#[derive(Default)]
struct Parts {
    expressions: Vec<Bson>,
    filters: Vec<Document>,
}

impl Parts {
    fn walk(&mut self, value: &Bson) {
        match value {
            Bson::Document(doc) => {
                if let (1, Some((name, inner))) = (doc.len(), doc.iter().next()) {
                    match (name.as_str(), inner) {
                        ("$match", Bson::Document(filter)) => return self.filter(filter),
                        (name, _) if EXPRESSIONS.iter().any(|operator| operator.name == name) => self.expressions.push(value.clone()),
                        _ => {}
                    }
                }
                doc.values().for_each(|inner| self.walk(inner));
            }
            Bson::Array(items) => items.iter().for_each(|item| self.walk(item)),
            _ => {}
        }
    }

    fn filter(&mut self, filter: &Document) {
        for (name, value) in filter {
            match (name.as_str(), value) {
                ("$and" | "$or" | "$nor", Bson::Array(items)) => {
                    items.iter().filter_map(Bson::as_document).for_each(|part| self.filter(part))
                }
                ("$expr", value) => self.walk(value),
                (path, Bson::Document(tests))
                    if tests.len() > 1 && tests.keys().all(|name| name.starts_with('$') && name != "$options") =>
                {
                    tests.iter().for_each(|(test, operand)| self.filters.push(doc! {path: {test: operand.clone()}}));
                }
                (path, test) => self.filters.push(doc! {path: test.clone()}),
            }
        }
    }
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
