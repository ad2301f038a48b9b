//! A database in memory that runs commands by the library `mql`, as a plugin would.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mql::aggregate::{Context, Opening, Options, Output, Pipeline, Step, WhenNotMatched};
use mql::bson::{Bson, Document, doc};
use mql::expression::Variables;
use mql::json::{self, Json};
use mql::{Collation, Filter, Projection, Replacement, Sort, Update, UpdateOptions};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Call, Error, Reply, Result};
use serde::Deserialize;

/// The collections of a space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Database {
    pub collections: BTreeMap<String, Vec<Document>>,
    /// Numbers for documents that come without `_id`.
    pub next: i32,
}

/// What a command answers.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub affected: u64,
    pub result: Bson,
}

#[derive(Deserialize)]
struct Command {
    command: String,
    collection: String,
    options: Option<Json>,
    query: Option<Json>,
    filter: Option<Json>,
    doc: Option<Json>,
    docs: Option<Json>,
    update: Option<Json>,
    replacement: Option<Json>,
    key: Option<Json>,
    pipeline: Option<Json>,
}

type Outcome<T> = std::result::Result<T, String>;

enum Change {
    Update(Update),
    Replace(Replacement),
    Delete,
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn document(value: Option<Json>) -> Outcome<Option<Document>> {
    match value {
        None | Some(Json(Bson::Null)) => Ok(None),
        Some(Json(Bson::Document(doc))) => Ok(Some(doc)),
        Some(_) => Err("not an object".into()),
    }
}

impl Database {
    pub fn docs(&mut self, collection: &str) -> &mut Vec<Document> {
        self.collections.entry(collection.to_owned()).or_default()
    }

    /// Runs a command.
    pub fn run(&mut self, params: &[u8]) -> Outcome<Answer> {
        let mut command: Command = serde_json::from_slice(params).map_err(text)?;
        let options = document(command.options.take())?.unwrap_or_default();
        let collation = match options.get_document("collation") {
            Ok(collation) => Collation::parse(collation).map_err(text)?,
            Err(_) => Collation::simple(),
        };
        match command.command.as_str() {
            "find" | "findOne" | "count" | "distinct" => self.read(command, &options, &collation),
            "insertOne" => {
                let doc = document(command.doc)?.ok_or("doc is missing")?;
                let id = self.insert(&command.collection, doc)?;
                Ok(Answer { affected: 1, result: id })
            }
            "insertMany" => {
                let Some(Json(Bson::Array(docs))) = command.docs else { return Err("docs".into()) };
                let ids = docs.into_iter().map(|doc| match doc {
                    Bson::Document(doc) => self.insert(&command.collection, doc),
                    _ => Err("docs".into()),
                });
                let ids: Vec<Bson> = ids.collect::<Outcome<_>>()?;
                Ok(Answer { affected: ids.len() as u64, result: Bson::Array(ids) })
            }
            "aggregate" => self.aggregate(command, &options),
            _ => self.change(command, &options),
        }
    }

    fn read(&mut self, command: Command, options: &Document, collation: &Collation) -> Outcome<Answer> {
        let filter = Filter::parse_with(&document(command.query)?.unwrap_or_default(), collation).map_err(text)?;
        let mut found = Vec::new();
        for doc in self.docs(&command.collection) {
            if filter.test(doc, &Document::new()).map_err(text)?.is_some() {
                found.push(doc.clone());
            }
        }
        if let Ok(order) = options.get_document("sort") {
            let sort = Sort::parse(order).map_err(text)?;
            found.sort_by_cached_key(|doc| sort.key(doc));
        }
        let number = |name: &str| options.get_i32(name).ok().and_then(|n| usize::try_from(n).ok());
        let limit = number("limit").filter(|n| *n > 0).unwrap_or(usize::MAX);
        let found = found.into_iter().skip(number("skip").unwrap_or(0)).take(limit);
        let projection = options.get_document("projection").ok().map(Projection::parse).transpose().map_err(text)?;
        let shown = |doc: Document| Bson::Document(projection.as_ref().map_or_else(|| doc.clone(), |p| p.apply(doc.clone())));
        Ok(match command.command.as_str() {
            "count" => Answer { affected: 0, result: Bson::Int64(found.count() as i64) },
            "findOne" => Answer { affected: 0, result: found.map(shown).next().unwrap_or(Bson::Null) },
            "distinct" => {
                let Some(Json(Bson::String(key))) = command.key else { return Err("key".into()) };
                let mut values: Vec<Bson> = Vec::new();
                for doc in found {
                    for value in mql::distinct_values(&doc, &key) {
                        if !values.iter().any(|known| mql::equal(known, value)) {
                            values.push(value.clone());
                        }
                    }
                }
                Answer { affected: 0, result: Bson::Array(values) }
            }
            _ => Answer { affected: 0, result: Bson::Array(found.map(shown).collect()) },
        })
    }

    fn insert(&mut self, collection: &str, mut doc: Document) -> Outcome<Bson> {
        mql::check::document(&doc).map_err(text)?;
        let id = match doc.get("_id") {
            Some(id) => id.clone(),
            None => {
                self.next += 1;
                let id = Bson::String(format!("made{}", self.next));
                let mut with_id = doc! {"_id": id.clone()};
                with_id.extend(doc);
                doc = with_id;
                id
            }
        };
        let docs = self.docs(collection);
        if docs.iter().any(|known| known.get("_id").is_some_and(|known| mql::equal(known, &id))) {
            return Err(format!("duplicate key {id}"));
        }
        docs.push(doc);
        Ok(id)
    }

    fn change(&mut self, command: Command, options: &Document) -> Outcome<Answer> {
        let name = command.command.as_str();
        let filter = Filter::parse(&document(command.filter)?.ok_or("filter is missing")?).map_err(text)?;
        let array_filters = options.get_array("arrayFilters").map_or(&[][..], Vec::as_slice);
        let parse = |update: &Bson| {
            let array_filters = array_filters.iter().filter_map(Bson::as_document).cloned().collect();
            let options = UpdateOptions { array_filters, ..UpdateOptions::default() };
            Update::parse_with(update, &options).map(Change::Update).map_err(text)
        };
        let change = match name {
            "updateOne" | "updateMany" | "findOneAndUpdate" => parse(&command.update.ok_or("update is missing")?.0)?,
            "replaceOne" | "findOneAndReplace" => match (document(command.replacement)?, document(command.doc)?) {
                (Some(new), _) if Update::is_operators(&new) => parse(&Bson::Document(new))?,
                (Some(new), _) | (None, Some(new)) => Change::Replace(Replacement::parse(new).map_err(text)?),
                (None, None) => return Err("the replacement is missing".into()),
            },
            "deleteOne" | "deleteMany" | "findOneAndDelete" => Change::Delete,
            other => return Err(format!("unknown command {other}")),
        };
        let after = options.get_bool("returnNewDocument").unwrap_or(false);
        let (mut matched, mut shown, mut at) = (0, Bson::Null, 0);
        while at < self.docs(&command.collection).len() && (matched == 0 || name.ends_with("Many")) {
            let doc = self.docs(&command.collection)[at].clone();
            let Some(position) = filter.test(&doc, &Document::new()).map_err(text)? else {
                at += 1;
                continue;
            };
            matched += 1;
            let mut new = doc.clone();
            match &change {
                Change::Delete => drop(self.docs(&command.collection).remove(at)),
                Change::Update(update) => drop(update.apply_matched(&mut new, position).map_err(text)?),
                Change::Replace(replacement) => new = replacement.apply(&doc["_id"]).map_err(text)?,
            }
            shown = Bson::Document(if after { new.clone() } else { doc });
            if !matches!(change, Change::Delete) {
                self.docs(&command.collection)[at] = new;
                at += 1;
            }
        }
        if matched == 0 && options.get_bool("upsert").unwrap_or(false) {
            let new = match &change {
                Change::Update(update) => update.upsert(&filter).map_err(text)?,
                Change::Replace(replacement) => replacement.upsert(&filter).map_err(text)?,
                Change::Delete => return Ok(Answer { affected: 0, result: Bson::Null }),
            };
            let id = self.insert(&command.collection, new)?;
            matched = 1;
            shown = if name.starts_with("findOneAnd") && !after { Bson::Null } else { id };
        }
        let result = if name.starts_with("findOneAnd") { shown } else { Bson::Null };
        Ok(Answer { affected: matched, result })
    }

    fn aggregate(&mut self, command: Command, options: &Document) -> Outcome<Answer> {
        let Some(Json(Bson::Array(stages))) = command.pipeline else { return Err("pipeline".into()) };
        let given = options.get_document("let").cloned().unwrap_or_default();
        let known = Options { variables: given.keys().cloned().collect(), ..Options::default() };
        let pipeline = Pipeline::parse(&stages, &known).map_err(text)?;
        let mut variables = Variables::new();
        for (name, value) in given {
            variables.give(name, value);
        }
        let context = Context { variables: variables.clone(), seed: Some(1), ..Context::default() };
        let (mut execution, mut cursors, mut results) = (pipeline.start(context), BTreeMap::new(), Vec::new());
        loop {
            match execution.step().map_err(text)? {
                Step::Open(cursor, query) => {
                    let name = query.collection.clone().unwrap_or_else(|| command.collection.clone());
                    let mut found = Vec::new();
                    for doc in self.docs(&name) {
                        if query.matches(doc).map_err(text)? {
                            found.push(doc.clone());
                        }
                    }
                    cursors.insert(cursor, Some(found));
                    execution.opened(Opening { sorted: false, near: Some("place".into()) }).map_err(text)?;
                }
                Step::Fetch(cursor) => {
                    let found = cursors.get_mut(&cursor).and_then(Option::take).filter(|found| !found.is_empty());
                    execution.supply(found).map_err(text)?;
                }
                Step::Close(cursor) => drop(cursors.remove(&cursor)),
                Step::Document(doc) => results.push(doc),
                Step::Done => break,
                other => return Err(format!("{other:?}")),
            }
        }
        match pipeline.output() {
            None => return Ok(Answer { affected: 0, result: Bson::Array(results.into_iter().map(Bson::Document).collect()) }),
            Some(Output::Out(target)) => {
                self.docs(target).clear();
                for result in results {
                    self.insert(target, result)?;
                }
            }
            Some(Output::Merge(merge)) => {
                for result in results {
                    let key = Filter::parse(&merge.key(&result).map_err(text)?).map_err(text)?;
                    let docs = self.docs(merge.collection());
                    match docs.iter_mut().find(|doc| key.matches(doc)) {
                        Some(doc) => {
                            if let Some(new) = merge.merged(doc, &result, &variables).map_err(text)? {
                                *doc = new;
                            }
                        }
                        None if merge.when_not_matched() == WhenNotMatched::Insert => drop(self.insert(merge.collection(), result)?),
                        None => {}
                    }
                }
            }
        }
        Ok(Answer { affected: 0, result: Bson::Array(Vec::new()) })
    }
}

/// The databases of all spaces, as the policy reaches its own records.
#[derive(Clone, Default)]
pub struct Spaces(pub Arc<Mutex<BTreeMap<String, Database>>>);

impl Calls for Spaces {
    async fn make(&self, call: Call) -> Result<Reply> {
        let mut spaces = self.0.lock().expect("no test panics while it holds the lock");
        let answer = spaces.entry(call.space).or_default().run(&call.params).map_err(Error::internal)?;
        Ok(Reply::raw(format!(r#"{{"affectedDocs":{},"result":{}}}"#, answer.affected, json::to_string(&answer.result))))
    }
}
