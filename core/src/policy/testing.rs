//! What tests of the core have instead of a database.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, Error, Reply, Result};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub const PRIVATE: &str = r#"{"*":"request.auth.userId==resource.auth.userId"}"#;

/// A database with the few commands that records of the core need, which can fail, and wait.
#[derive(Clone, Default)]
pub struct Database(Arc<State>);

#[derive(Default)]
struct State {
    /// By collection and `_id`.
    records: Mutex<BTreeMap<String, Value>>,
    reads: AtomicU64,
    down: AtomicBool,
    /// Reads wait for it once they have read.
    hold: Mutex<Option<Arc<Notify>>>,
}

impl Calls for Database {
    async fn make(&self, call: Call) -> Result<Reply> {
        assert_eq!(call.space, SYSTEM_SPACE);
        if self.0.down.load(Ordering::SeqCst) {
            return Err(Error::new("Anything", "down"));
        }
        let params: Value = call.decode()?;
        let filter = &params["filter"];
        let place = |id: &Value| format!("{} {}", params["collection"], id);
        // A filter has an `_id` or a space, and sometimes the text of the rule.
        let matches = |at: &str, record: &Value| {
            (at == place(&filter["_id"]) || (filter["space"] == record["space"] && at.starts_with(&params["collection"].to_string())))
                && (filter["policy"].is_null() || filter["policy"] == record["policy"])
        };
        let result = {
            let mut records = self.0.records.lock().unwrap();
            match params["command"].as_str().unwrap() {
                "updateOne" => {
                    let at = place(&filter["_id"]);
                    let upsert = params["options"]["upsert"] == true;
                    if upsert || records.get(&at).is_some_and(|record| matches(&at, record)) {
                        let first = || {
                            let mut first = json!({"_id": filter["_id"]});
                            set(&mut first, &params["update"]["$setOnInsert"]);
                            first
                        };
                        let record = records.entry(at).or_insert_with(first);
                        set(record, &params["update"]["$set"]);
                    }
                    Value::Null
                }
                "insertOne" => {
                    records.insert(place(&params["doc"]["_id"]), params["doc"].clone());
                    Value::Null
                }
                "deleteMany" => {
                    records.retain(|at, record| !matches(at, record));
                    Value::Null
                }
                _ => {
                    self.0.reads.fetch_add(1, Ordering::SeqCst);
                    records.get(&place(&params["query"]["_id"])).cloned().unwrap_or_default()
                }
            }
        };
        let hold = self.0.hold.lock().unwrap().clone();
        if let Some(hold) = hold.filter(|_| params["command"] == "findOne") {
            hold.notified().await;
        }
        Reply::json(&json!({"affectedDocs": 1, "result": result}))
    }
}

fn set(record: &mut Value, fields: &Value) {
    for (name, value) in fields.as_object().into_iter().flatten() {
        record[name] = value.clone();
    }
}

impl Database {
    /// All that is stored, as text.
    pub fn stored(&self) -> String {
        serde_json::to_string(&*self.0.records.lock().unwrap()).unwrap()
    }

    /// How many reads there were.
    pub fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::SeqCst)
    }

    /// Has all calls fail, or no longer.
    pub fn fail(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
    }

    /// Has reads wait once they have read, or no longer.
    pub fn hold(&self, until: Option<Arc<Notify>>) {
        *self.0.hold.lock().unwrap() = until;
    }
}
