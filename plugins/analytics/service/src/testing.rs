//! What the tests have instead of a host: a database and a storage in memory, behind the same calls.
//! Filters and updates are `mql`'s own. Each process has a handle of its own, and can be killed.
#![allow(clippy::unwrap_used)]

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bson::{Bson, Document};
use bytes::Bytes;
use futures_util::stream;
use mql::{Filter, Update, json};
use sdk_plugin::contract::db::operations::DUPLICATE_KEY_NUMBER;
use sdk_plugin::contract::db::{DUPLICATE_KEY, EXECUTE};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE, storage};
use sdk_plugin::{Body, Call, CallerKind, Error, Reply, Result, codes};
use serde_json::{Value, json as json_value};
use tokio::sync::Notify;

use crate::clock::Clock;

/// The name of the count of bytes that were written.
const WRITTEN: &str = "bytes written";

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The process is killed before it is done.
    KilledBefore,
    /// The process is killed after it is done.
    KilledAfter,
    /// It is refused.
    Refused,
    /// It is done, and the answer is lost.
    Unanswered,
    /// It waits until it is let go.
    Held,
}

struct Plan {
    /// Of which method; none for every one.
    method: Option<&'static str>,
    calls_left: u32,
    fate: Fate,
}

#[derive(Default)]
struct Process {
    plan: Mutex<Option<Plan>>,
    dead: Mutex<bool>,
    died: Notify,
    held: Notify,
    go: Notify,
    calls: AtomicU64,
}

struct Kept {
    clock: Clock,
    collections: Mutex<BTreeMap<String, BTreeMap<String, Document>>>,
    objects: Mutex<BTreeMap<String, (Bytes, i64)>>,
    counts: Mutex<HashMap<String, u64>>,
}

/// The calls of a process. Handles share what is kept.
#[derive(Clone)]
pub struct Memory {
    kept: Arc<Kept>,
    process: Arc<Process>,
}

fn id_of(document: &Document) -> String {
    document.get_str("_id").unwrap().to_owned()
}

fn number(options: &Document, name: &str) -> Option<usize> {
    let value = options.get(name)?;
    let value = value.as_i64().or(value.as_i32().map(i64::from)).unwrap();
    Some(usize::try_from(value).unwrap())
}

impl Memory {
    pub fn new(clock: Clock) -> Self {
        let kept = Kept { clock, collections: Mutex::default(), objects: Mutex::default(), counts: Mutex::default() };
        Self { kept: Arc::new(kept), process: Arc::default() }
    }

    /// The calls of another process.
    pub fn process(&self) -> Self {
        Self { kept: self.kept.clone(), process: Arc::default() }
    }

    pub fn documents(&self, collection: &str) -> Vec<Document> {
        self.kept.collections.lock().unwrap().get(collection).map(|all| all.values().cloned().collect()).unwrap_or_default()
    }

    pub fn objects(&self) -> Vec<String> {
        self.kept.objects.lock().unwrap().keys().cloned().collect()
    }

    pub fn object(&self, key: &str) -> Bytes {
        self.kept.objects.lock().unwrap().get(key).unwrap().0.clone()
    }

    /// How often a command of the database, or a method, was called by all processes.
    pub fn count(&self, name: &str) -> u64 {
        self.kept.counts.lock().unwrap().get(name).copied().unwrap_or_default()
    }

    /// How many bytes all processes have written to the storage.
    pub fn written(&self) -> u64 {
        self.count(WRITTEN)
    }

    /// Loses all that is in the storage.
    pub fn lose_objects(&self) {
        self.kept.objects.lock().unwrap().clear();
    }

    /// How many calls this process has made.
    pub fn calls(&self) -> u64 {
        self.process.calls.load(Ordering::SeqCst)
    }

    /// Has the `nth` call from now on end so.
    pub fn plan(&self, nth: u32, fate: Fate) {
        *self.process.plan.lock().unwrap() = Some(Plan { method: None, calls_left: nth, fate });
    }

    /// Has the `nth` call of a method from now on end so.
    pub fn plan_of(&self, method: &'static str, nth: u32, fate: Fate) {
        *self.process.plan.lock().unwrap() = Some(Plan { method: Some(method), calls_left: nth, fate });
    }

    /// Whether what was planned has happened; if not, it will not.
    pub fn has_happened(&self) -> bool {
        self.process.plan.lock().unwrap().take().is_none()
    }

    /// Does work until the process is killed.
    pub async fn alive<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            ended = work => Some(ended),
            () = self.process.died.notified() => None,
        }
    }

    /// Waits for a call to be held.
    pub async fn held(&self) {
        self.process.held.notified().await;
    }

    /// Lets the held call go.
    pub fn go(&self) {
        self.process.go.notify_one();
    }

    fn fate(&self, method: &str) -> Option<Fate> {
        self.process.calls.fetch_add(1, Ordering::SeqCst);
        let mut plan = self.process.plan.lock().unwrap();
        let left = plan.as_mut().filter(|plan| plan.method.is_none_or(|planned| planned == method))?;
        left.calls_left -= 1;
        if left.calls_left > 0 {
            return None;
        }
        plan.take().map(|plan| plan.fate)
    }

    fn die(&self) {
        *self.process.dead.lock().unwrap() = true;
        self.process.died.notify_one();
    }

    async fn answer(&self, call: Call) -> Result<Reply> {
        match call.method.as_str() {
            EXECUTE => self.execute(call).await,
            "core.endpoint" => Reply::json(&json_value!({"http": "http://cloud.test/"})),
            _ => self.store(call).await,
        }
    }

    fn counted(&self, name: &str) {
        self.add_up(name, 1);
    }

    fn add_up(&self, name: &str, more: u64) {
        *self.kept.counts.lock().unwrap().entry(name.to_owned()).or_default() += more;
    }

    async fn execute(&self, mut call: Call) -> Result<Reply> {
        assert_eq!((call.caller.kind, call.space.as_str()), (CallerKind::System, SYSTEM_SPACE));
        let body = match call.body.take() {
            Some(body) => body.collect(usize::MAX).await?,
            None => Bytes::new(),
        };
        let params = json::document(&call.params).unwrap();
        let (command, name) = (params.get_str("command").unwrap(), params.get_str("collection").unwrap());
        self.counted(command);
        let options = params.get_document("options").cloned().unwrap_or_default();
        let query = params.get_document("query").or_else(|_| params.get_document("filter")).cloned().unwrap_or_default();
        let filter = Filter::parse(&query).unwrap();
        let mut collections = self.kept.collections.lock().unwrap();
        let documents = collections.entry(name.to_owned()).or_default();
        let (affected, result): (usize, String) = match command {
            "createIndexes" => (0, "{}".to_owned()),
            "load" => {
                let (mut rest, mut index, mut inserted, mut errors) = (&body[..], 0, 0, Vec::new());
                assert!(!options.get_bool("ordered").unwrap());
                while !rest.is_empty() {
                    let length = usize::try_from(i32::from_le_bytes(rest[..4].try_into().unwrap())).unwrap();
                    let document = Document::from_reader(&rest[..length]).unwrap();
                    rest = &rest[length..];
                    match documents.entry(id_of(&document)) {
                        Entry::Occupied(_) => errors.push(json_value!({"index": index, "code": DUPLICATE_KEY_NUMBER, "errmsg": "E11000"})),
                        Entry::Vacant(place) => {
                            place.insert(document);
                            inserted += 1;
                        }
                    }
                    index += 1;
                }
                (inserted, json_value!({"writeErrors": errors}).to_string())
            }
            "insertOne" => {
                let document = params.get_document("doc").unwrap().clone();
                if documents.contains_key(&id_of(&document)) {
                    return Err(Error::new(DUPLICATE_KEY, "E11000"));
                }
                documents.insert(id_of(&document), document);
                (1, "{}".to_owned())
            }
            "findOne" => {
                let found = documents.values().find(|document| filter.matches(document));
                (1, found.map_or("null".to_owned(), |found| json::to_string(&Bson::Document(found.clone()))))
            }
            "find" => {
                let mut found: Vec<Document> = documents.values().filter(|document| filter.matches(document)).cloned().collect();
                if let Ok(sort) = options.get_document("sort") {
                    let field = sort.keys().next().unwrap();
                    found.sort_by(|a, b| mql::compare(a.get(field).unwrap(), b.get(field).unwrap()));
                }
                let limit = number(&options, "limit").unwrap();
                assert!(limit <= 1000);
                let found = found.into_iter().skip(number(&options, "skip").unwrap_or_default()).take(limit);
                (1, json::to_string(&Bson::Array(found.map(Bson::Document).collect())))
            }
            "count" => {
                let count = documents.values().filter(|document| filter.matches(document)).count();
                (count, count.to_string())
            }
            "updateOne" => {
                let update = Update::parse(params.get_document("update").unwrap()).unwrap();
                let found = documents.values_mut().find(|document| filter.matches(document));
                let affected = usize::from(found.is_some());
                if let Some(document) = found {
                    update.apply(document).unwrap();
                } else if options.get_bool("upsert").unwrap_or_default() {
                    let document = update.upsert(&filter).unwrap();
                    documents.insert(id_of(&document), document);
                }
                (affected, "{}".to_owned())
            }
            "deleteMany" => {
                let before = documents.len();
                documents.retain(|_, document| !filter.matches(document));
                (before - documents.len(), "{}".to_owned())
            }
            other => panic!("no command {other}"),
        };
        Ok(Reply::raw(format!(r#"{{"affectedDocs":{affected},"result":{result}}}"#)))
    }

    async fn store(&self, call: Call) -> Result<Reply> {
        assert_eq!(call.space, SYSTEM_SPACE);
        self.counted(&call.method);
        let params: Value = call.decode()?;
        let key = params["key"].as_str().unwrap_or_default().to_owned();
        match call.method.as_str() {
            storage::PUT => {
                storage::check_key(&key)?;
                let bytes = call.body.unwrap().collect(usize::MAX).await?;
                self.add_up(WRITTEN, bytes.len() as u64);
                let before = self.kept.objects.lock().unwrap().insert(key, (bytes, self.kept.clock.now()));
                assert!(before.is_none(), "a file is never replaced");
            }
            storage::GET => {
                let found = self.kept.objects.lock().unwrap().get(&key).cloned();
                let (bytes, _) = found.ok_or_else(|| Error::new(codes::NOT_FOUND, format!("no object {key}")))?;
                let chunks: Vec<_> = bytes.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
                return Ok(Reply::raw("{}").with_body(Body::from_stream(stream::iter(chunks)).with_length(bytes.len() as u64)));
            }
            storage::LIST => {
                let list: storage::List = call.decode()?;
                let objects = self.kept.objects.lock().unwrap();
                let after = |key: &String| list.after.as_ref().is_none_or(|after| key > after);
                let mut found: Vec<storage::Object> = objects
                    .iter()
                    .filter(|(key, _)| key.starts_with(&list.prefix) && after(key))
                    .map(|(key, (bytes, modified))| storage::Object {
                        key: key.clone(),
                        size: bytes.len() as u64,
                        modified: *modified,
                        etag: String::new(),
                    })
                    .collect();
                let more = found.len() > list.limit;
                found.truncate(list.limit);
                let next = found.last().filter(|_| more).map(|object| object.key.clone());
                return Reply::json(&storage::Listing { objects: found, next });
            }
            storage::DELETE => drop(self.kept.objects.lock().unwrap().remove(&key)),
            storage::DELETE_FOLDER => self.kept.objects.lock().unwrap().retain(|other, _| !other.starts_with(&format!("{key}/"))),
            method => panic!("no method {method}"),
        }
        Ok(Reply::raw("{}"))
    }
}

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        tokio::task::yield_now().await;
        if *self.process.dead.lock().unwrap() {
            return std::future::pending().await;
        }
        let refused = || Err(Error::new(codes::UNAVAILABLE, "refused by the test").retryable());
        match self.fate(&call.method) {
            None => self.answer(call).await,
            Some(Fate::Refused) => refused(),
            Some(Fate::Unanswered) => {
                drop(self.answer(call).await);
                refused()
            }
            Some(Fate::Held) => {
                self.process.held.notify_one();
                self.process.go.notified().await;
                self.answer(call).await
            }
            Some(fate) => {
                if fate == Fate::KilledAfter {
                    drop(self.answer(call).await);
                }
                self.die();
                std::future::pending().await
            }
        }
    }
}
