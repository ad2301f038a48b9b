//! What the tests have instead of a host: a database and a storage in memory, behind the same
//! calls. Filters and updates are `mql`'s own; the real database is behind them in `tests/`.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bson::{Bson, Document, doc};
use bytes::Bytes;
use futures_util::stream;
use mql::{Filter, Update, json};
use sdk_plugin::contract::db::operations::{DUPLICATE_KEY_NUMBER, NAMESPACE_EXISTS, NAMESPACE_NOT_FOUND};
use sdk_plugin::contract::db::{DUPLICATE_KEY, EXECUTE};
use sdk_plugin::contract::{Calls, storage};
use sdk_plugin::{Body, Call, CallerKind, Error, Reply, Result, codes};
use serde_json::{Value, json as json_value};

/// How many documents a page of a dump has: few, so that small tests have several.
const PAGE: usize = 7;

#[derive(Clone, Debug, Default)]
pub struct Kept {
    pub documents: Vec<Document>,
    pub indexes: Vec<Document>,
}

type Fault = Box<dyn Fn(&str, &str) -> Option<Error> + Send>;

#[derive(Default)]
struct State {
    collections: Mutex<BTreeMap<(String, String), Kept>>,
    objects: Mutex<BTreeMap<String, Bytes>>,
    spaces: Mutex<BTreeSet<String>>,
    fault: Mutex<Option<Fault>>,
}

/// The calls of a host. Clones share what they keep.
#[derive(Clone, Default)]
pub struct Memory(Arc<State>);

impl Memory {
    /// A collection of a space.
    pub fn collection(&self, space: &str, name: &str) -> Option<Kept> {
        self.0.collections.lock().unwrap().get(&(space.to_owned(), name.to_owned())).cloned()
    }

    /// Puts documents into a collection, with indexes beside that of `_id`.
    pub fn fill(&self, space: &str, name: &str, documents: Vec<Document>, indexes: Vec<Document>) {
        self.0.spaces.lock().unwrap().insert(space.to_owned());
        self.0.collections.lock().unwrap().insert((space.to_owned(), name.to_owned()), Kept { documents, indexes });
    }

    /// The names of a space's collections.
    pub fn names(&self, space: &str) -> Vec<String> {
        self.0.collections.lock().unwrap().keys().filter(|(of, _)| of == space).map(|(_, name)| name.clone()).collect()
    }

    /// The keys in the storage.
    pub fn keys(&self) -> Vec<String> {
        self.0.objects.lock().unwrap().keys().cloned().collect()
    }

    pub fn object(&self, key: &str) -> Option<Bytes> {
        self.0.objects.lock().unwrap().get(key).cloned()
    }

    pub fn put_object(&self, key: &str, bytes: impl Into<Bytes>) {
        self.0.objects.lock().unwrap().insert(key.to_owned(), bytes.into());
    }

    /// Has calls fail: `fault` sees the command of the database or the method, and the collection or key.
    pub fn on_call(&self, fault: impl Fn(&str, &str) -> Option<Error> + Send + 'static) {
        *self.0.fault.lock().unwrap() = Some(Box::new(fault));
    }

    fn fault(&self, what: &str, of: &str) -> Result<()> {
        self.0.fault.lock().unwrap().as_ref().and_then(|fault| fault(what, of)).map_or(Ok(()), Err)
    }

    async fn execute(&self, call: Call) -> Result<Reply> {
        assert_eq!(call.caller.kind, CallerKind::System);
        let params = json::document(&call.params).unwrap();
        let (command, name) = (params.get_str("command").unwrap(), params.get_str("collection").unwrap_or_default());
        self.fault(command, name)?;
        let body = match call.body {
            Some(body) => body.collect(usize::MAX).await?,
            None => Bytes::new(),
        };
        let mut collections = self.0.collections.lock().unwrap();
        let key = (call.space.clone(), name.to_owned());
        let options = params.get_document("options").cloned().unwrap_or_default();
        let query = params.get_document("query").or_else(|_| params.get_document("filter")).cloned().unwrap_or_default();
        let filter = Filter::parse(&query).unwrap();
        let missing = || Error::new(NAMESPACE_NOT_FOUND, "ns not found");
        if name.contains('$') {
            return Err(Error::invalid_params("a collection name may not contain `$` or U+0000"));
        }
        let (affected, result): (u64, String) = match command {
            "listCollections" => {
                let names = collections.keys().filter(|(space, _)| *space == call.space).map(|(_, name)| json_value!({"name": name}));
                (0, Value::from(names.collect::<Vec<_>>()).to_string())
            }
            "create" => {
                if collections.contains_key(&key) {
                    return Err(Error::new(NAMESPACE_EXISTS, "a collection already exists"));
                }
                collections.insert(key, Kept::default());
                (0, r#"{"ok":1}"#.to_owned())
            }
            "drop" => {
                collections.remove(&key).ok_or_else(missing)?;
                (0, r#"{"ok":1}"#.to_owned())
            }
            "renameCollection" => {
                let to = (call.space.clone(), params.get_str("to").unwrap().to_owned());
                if !collections.contains_key(&key) {
                    return Err(missing());
                }
                if collections.contains_key(&to) {
                    return Err(Error::new(NAMESPACE_EXISTS, "target namespace exists"));
                }
                let kept = collections.remove(&key).unwrap();
                collections.insert(to, kept);
                (0, r#"{"ok":1}"#.to_owned())
            }
            "listIndexes" => {
                let kept = collections.get(&key).ok_or_else(missing)?;
                let all = std::iter::once(doc! {"v": 2, "key": {"_id": 1}, "name": "_id_"}).chain(kept.indexes.iter().cloned());
                (0, json::to_string(&Bson::Array(all.map(Bson::Document).collect())))
            }
            "createIndexes" => {
                let specs = params.get_array("indexes").unwrap().iter().map(|spec| spec.as_document().unwrap().clone());
                let kept = collections.entry(key).or_default();
                kept.indexes.extend(specs.filter(|spec| spec.get_str("name").is_ok_and(|name| name != "_id_")));
                (0, r#"{"ok":1}"#.to_owned())
            }
            "dump" => {
                let mut documents = collections.get(&key).map(|kept| kept.documents.clone()).unwrap_or_default();
                documents.sort_by(|a, b| mql::compare(a.get("_id").unwrap(), b.get("_id").unwrap()));
                let from: usize = options.get_str("after").map_or(0, |after| after.parse().unwrap());
                let page: Vec<u8> = documents.iter().skip(from).take(PAGE).flat_map(|document| document.to_vec().unwrap()).collect();
                let next = (documents.len() > from + PAGE).then(|| (from + PAGE).to_string());
                let answer = json_value!({"affectedDocs": 0, "result": if let Some(next) = next { json_value!({"next": next}) } else { json_value!({}) }});
                return Ok(Reply::json(&answer)?.with_body(Body::full(page)));
            }
            "load" => {
                let kept = collections.entry(key).or_default();
                let (mut rest, mut index, mut inserted, mut errors) = (&body[..], 0, 0, Vec::new());
                while !rest.is_empty() {
                    let length = i32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
                    let document = Document::from_reader(&rest[..length]).unwrap();
                    rest = &rest[length..];
                    let broken = document.contains_key("refused");
                    match kept.conflict(&document) {
                        _ if broken => errors.push(json_value!({"index": index, "code": 2, "errmsg": "refused"})),
                        Some(what) => errors.push(json_value!({"index": index, "code": DUPLICATE_KEY_NUMBER, "errmsg": what})),
                        None => {
                            kept.documents.push(document);
                            inserted += 1;
                        }
                    }
                    if !errors.is_empty() && options.get_bool("ordered").unwrap() {
                        break;
                    }
                    index += 1;
                }
                (inserted, json_value!({"writeErrors": errors}).to_string())
            }
            "insertOne" => {
                let kept = collections.entry(key).or_default();
                let document = params.get_document("doc").unwrap().clone();
                if let Some(what) = kept.conflict(&document) {
                    return Err(Error::new(DUPLICATE_KEY, what));
                }
                kept.documents.push(document);
                (1, "{}".to_owned())
            }
            "findOne" => {
                let found = collections.get(&key).and_then(|kept| kept.documents.iter().find(|document| filter.matches(document)));
                (1, found.map_or("null".to_owned(), |found| json::to_string(&Bson::Document(found.clone()))))
            }
            "find" => {
                let found =
                    collections.get(&key).into_iter().flat_map(|kept| kept.documents.iter()).filter(|document| filter.matches(document));
                (1, json::to_string(&Bson::Array(found.cloned().map(Bson::Document).collect())))
            }
            "count" => {
                let count =
                    collections.get(&key).map_or(0, |kept| kept.documents.iter().filter(|document| filter.matches(document)).count());
                (count as u64, count.to_string())
            }
            "updateOne" => {
                let update = Update::parse(params.get_document("update").unwrap()).unwrap();
                let found = collections.get_mut(&key).and_then(|kept| kept.documents.iter_mut().find(|document| filter.matches(document)));
                let affected = u64::from(found.is_some());
                if let Some(document) = found {
                    update.apply(document).unwrap();
                }
                (affected, "{}".to_owned())
            }
            "deleteMany" => {
                if let Some(kept) = collections.get_mut(&key) {
                    kept.documents.retain(|document| !filter.matches(document));
                }
                (0, "{}".to_owned())
            }
            "replaceOne" => {
                let kept = collections.entry(key).or_default();
                let document = params.get_document("doc").unwrap().clone();
                let old = kept.documents.iter().position(|document| filter.matches(document)).map(|place| kept.documents.remove(place));
                if let Some(what) = kept.conflict(&document) {
                    kept.documents.extend(old);
                    return Err(Error::new(DUPLICATE_KEY, what));
                }
                kept.documents.push(document);
                (1, if old.is_some() { "{}".to_owned() } else { r#"{"upserted":[{"index":0}]}"#.to_owned() })
            }
            other => panic!("no command {other}"),
        };
        Ok(Reply::raw(format!(r#"{{"affectedDocs":{affected},"result":{result}}}"#)))
    }

    async fn store(&self, call: Call) -> Result<Reply> {
        let params: Value = call.decode()?;
        let key = params["key"].as_str().unwrap_or_default().to_owned();
        self.fault(&call.method, &key)?;
        match call.method.as_str() {
            storage::PUT => {
                let body = call.body.unwrap();
                let expected = body.length();
                let bytes = body.collect(usize::MAX).await?;
                assert!(expected.is_none_or(|expected| expected == bytes.len() as u64));
                self.put_object(&key, bytes);
            }
            storage::GET => {
                let bytes = self.object(&key).ok_or_else(|| Error::new(codes::NOT_FOUND, "no object"))?;
                let chunks: Vec<_> = bytes.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
                return Ok(Reply::raw("{}").with_body(Body::from_stream(stream::iter(chunks)).with_length(bytes.len() as u64)));
            }
            storage::LIST => {
                let list: storage::List = call.decode()?;
                let keys = self.keys().into_iter().filter(|key| key.starts_with(&list.prefix));
                let mut keys: Vec<String> = keys.filter(|key| list.after.as_ref().is_none_or(|after| key > after)).collect();
                let more = keys.len() > list.limit;
                keys.truncate(list.limit);
                let next = keys.last().filter(|_| more).cloned();
                let object = |key| storage::Object { key, size: 0, modified: 0, etag: String::new() };
                return Reply::json(&storage::Listing { objects: keys.into_iter().map(object).collect(), next });
            }
            storage::DELETE => drop(self.0.objects.lock().unwrap().remove(&key)),
            storage::DELETE_FOLDER => self.0.objects.lock().unwrap().retain(|other, _| !other.starts_with(&format!("{key}/"))),
            method => panic!("no method {method}"),
        }
        Ok(Reply::raw("{}"))
    }
}

impl Kept {
    /// Why a document cannot be stored beside the others.
    fn conflict(&self, document: &Document) -> Option<String> {
        let fields = self
            .indexes
            .iter()
            .filter(|index| index.get_bool("unique").unwrap_or(false))
            .map(|index| index.get_document("key").unwrap().keys().next().unwrap().clone());
        let unique: Vec<String> = std::iter::once("_id".to_owned()).chain(fields).collect();
        let taken = unique.into_iter().find(|field| self.documents.iter().any(|other| other.get(field) == document.get(field)));
        taken.map(|field| format!("E11000 duplicate key error index: {field}"))
    }
}

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        match call.method.as_str() {
            EXECUTE => self.execute(call).await,
            "core.endpoint" => Reply::json(&json_value!({"http": "http://cloud.test/"})),
            "core.spaces" => {
                let after = call.decode::<Value>()?["after"].as_str().unwrap_or_default().to_owned();
                let spaces: Vec<String> = self.0.spaces.lock().unwrap().iter().filter(|id| **id > after).take(2).cloned().collect();
                Reply::json(&json_value!({"spaces": spaces}))
            }
            _ => self.store(call).await,
        }
    }
}
