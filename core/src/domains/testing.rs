//! What the tests of domains have instead of a database.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use mql::bson::{Bson, Document};
use mql::json::{self, Json};
use mql::{Filter, Update};
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, Error, Reply, Result};
use serde::Deserialize;

/// A database in memory with the few commands that domains need, by the library `mql`. It can be
/// away.
#[derive(Clone, Default)]
pub struct Database(Arc<State>);

#[derive(Default)]
struct State {
    /// By collection and `_id`.
    records: Mutex<BTreeMap<(String, String), Document>>,
    reads: AtomicU64,
    down: AtomicBool,
}

#[derive(Deserialize)]
struct Command {
    command: String,
    collection: String,
    options: Json,
    query: Option<Json>,
    filter: Option<Json>,
    update: Option<Json>,
}

fn document(json: Option<Json>) -> Document {
    match json {
        Some(Json(Bson::Document(document))) => document,
        _ => Document::new(),
    }
}

impl Database {
    fn run(&self, command: Command) -> Result<(usize, Bson)> {
        let asked = document(command.query.or(command.filter));
        let filter = Filter::parse(&asked).unwrap();
        let options = document(Some(command.options));
        let mut records = self.0.records.lock().unwrap();
        let key = |id: &str| (command.collection.clone(), id.to_owned());
        // A record that is named is looked up, so that ten thousand of them do not take minutes.
        let candidates: Vec<_> = match asked.get_str("_id") {
            Ok(id) => Vec::from_iter(records.contains_key(&key(id)).then(|| key(id))),
            Err(_) => records.keys().filter(|(collection, _)| *collection == command.collection).cloned().collect(),
        };
        let matching: Vec<_> = candidates.into_iter().filter(|key| filter.matches(&records[key])).collect();
        match command.command.as_str() {
            "updateOne" => {
                let update = Update::parse(&document(command.update)).unwrap();
                if let Some(key) = matching.first() {
                    update.apply(records.get_mut(key).unwrap()).unwrap();
                    return Ok((1, Bson::Null));
                }
                if !options.get_bool("upsert").unwrap_or(false) {
                    return Ok((0, Bson::Null));
                }
                let new = update.upsert(&filter).unwrap();
                let key = key(new.get_str("_id").unwrap());
                if records.contains_key(&key) {
                    return Err(Error::new(DUPLICATE_KEY, "there is such an `_id`"));
                }
                records.insert(key, new);
                Ok((1, Bson::Null))
            }
            "deleteMany" => {
                matching.iter().for_each(|key| drop(records.remove(key)));
                Ok((matching.len(), Bson::Null))
            }
            "count" => Ok((0, Bson::Int64(i64::try_from(matching.len()).unwrap()))),
            "findOne" => {
                self.0.reads.fetch_add(1, Ordering::SeqCst);
                Ok((0, matching.first().map_or(Bson::Null, |key| Bson::Document(records[key].clone()))))
            }
            "find" => {
                let limit = usize::try_from(options.get_i32("limit").unwrap()).unwrap();
                let found = matching.iter().take(limit).map(|key| Bson::Document(records[key].clone()));
                Ok((0, Bson::Array(found.collect())))
            }
            other => panic!("no command {other}"),
        }
    }

    /// How often a record was read by its `_id`.
    pub fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::SeqCst)
    }

    /// Has all calls fail, or no longer.
    pub fn fail(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
    }

    /// How many records there are.
    pub fn count(&self) -> usize {
        self.0.records.lock().unwrap().len()
    }

    /// All that is stored, as text.
    pub fn text(&self) -> String {
        format!("{:?}", self.0.records.lock().unwrap())
    }
}

impl Calls for Database {
    async fn make(&self, call: Call) -> Result<Reply> {
        assert_eq!(call.space, SYSTEM_SPACE);
        if self.0.down.load(Ordering::SeqCst) {
            return Err(Error::new("Anything", "down"));
        }
        let (affected, result) = self.run(call.decode()?)?;
        Ok(Reply::raw(format!(r#"{{"affectedDocs":{affected},"result":{}}}"#, json::to_string(&result))))
    }
}
