//! What the tests have instead of a host: a database, a storage and the core's rules in memory,
//! behind the same calls. Filters and updates are `mql`'s own; the real ones are behind them in
//! `tests/`.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bson::{Bson, Document};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mql::{Filter, Update, json};
use sdk_plugin::contract::db::{DUPLICATE_KEY, EXECUTE};
use sdk_plugin::contract::files::{ALLOWS, Question, Resolve, Verdict};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE, storage};
use sdk_plugin::{Body, Call, Caller, CallerKind, Error, HttpRequest, HttpResponse, Reply, Result, codes};
use serde_json::{Value, json as json_value};

use crate::config::Config;
use crate::service::Service;

pub const ENDPOINT: &str = "http://cloud.test:8520";
pub const BOUNDARY: &str = "boundary-of-the-form";

type Fault = Box<dyn Fn(&str, &str) -> Option<Error> + Send>;
type Rule = Box<dyn Fn(&Question) -> bool + Send>;

#[derive(Default)]
struct State {
    collections: Mutex<BTreeMap<String, Vec<Document>>>,
    objects: Mutex<BTreeMap<(String, String), Bytes>>,
    deleted: Mutex<BTreeSet<String>>,
    fault: Mutex<Option<Fault>>,
    rule: Mutex<Option<Rule>>,
}

/// The calls of a host. Clones share what they keep.
#[derive(Clone, Default)]
pub struct Memory(Arc<State>);

impl Memory {
    pub fn records(&self, collection: &str) -> Vec<Document> {
        self.0.collections.lock().unwrap().get(collection).cloned().unwrap_or_default()
    }

    pub fn collections(&self) -> Vec<String> {
        self.0.collections.lock().unwrap().iter().filter(|(_, documents)| !documents.is_empty()).map(|(name, _)| name.clone()).collect()
    }

    /// The keys of a space's objects.
    pub fn objects(&self, space: &str) -> Vec<String> {
        self.0.objects.lock().unwrap().keys().filter(|(of, _)| of == space).map(|(_, key)| key.clone()).collect()
    }

    pub fn delete_space(&self, space: &str) {
        self.0.deleted.lock().unwrap().insert(space.to_owned());
    }

    /// Has calls fail: `fault` sees the command of the database or the method, and the collection or key.
    pub fn on_call(&self, fault: impl Fn(&str, &str) -> Option<Error> + Send + 'static) {
        *self.0.fault.lock().unwrap() = Some(Box::new(fault));
    }

    /// The rules of the space. Without any, everybody may read.
    pub fn rule(&self, rule: impl Fn(&Question) -> bool + Send + 'static) {
        *self.0.rule.lock().unwrap() = Some(Box::new(rule));
    }

    fn fault(&self, what: &str, of: &str) -> Result<()> {
        self.0.fault.lock().unwrap().as_ref().and_then(|fault| fault(what, of)).map_or(Ok(()), Err)
    }

    fn execute(&self, call: &Call) -> Result<Reply> {
        assert_eq!((call.caller.kind, call.space.as_str()), (CallerKind::System, SYSTEM_SPACE));
        let params = json::document(&call.params).unwrap();
        let (command, name) = (params.get_str("command").unwrap(), params.get_str("collection").unwrap().to_owned());
        self.fault(command, &name)?;
        let mut collections = self.0.collections.lock().unwrap();
        let documents = collections.entry(name).or_default();
        let options = params.get_document("options").cloned().unwrap_or_default();
        let query = params.get_document("query").or_else(|_| params.get_document("filter")).cloned().unwrap_or_default();
        let filter = Filter::parse(&query).unwrap();
        let number = |name: &str| options.get(name).and_then(|n| n.as_i64().or_else(|| n.as_i32().map(i64::from)));
        let (affected, result): (u64, String) = match command {
            "createIndexes" => (0, r#"{"ok":1}"#.to_owned()),
            "insertOne" => {
                let document = params.get_document("doc").unwrap().clone();
                if documents.iter().any(|other| other.get("_id") == document.get("_id")) {
                    return Err(Error::new(DUPLICATE_KEY, "E11000"));
                }
                documents.push(document);
                (1, "{}".to_owned())
            }
            "findOne" => {
                let found = documents.iter().find(|document| filter.matches(document));
                (1, found.map_or("null".to_owned(), |found| json::to_string(&Bson::Document(found.clone()))))
            }
            "find" => {
                let mut found: Vec<Document> = documents.iter().filter(|document| filter.matches(document)).cloned().collect();
                if let Ok(sort) = options.get_document("sort") {
                    let key = sort.keys().next().unwrap();
                    found.sort_by(|a, b| mql::compare(a.get(key).unwrap(), b.get(key).unwrap()));
                }
                found.truncate(number("limit").map_or(usize::MAX, |limit| usize::try_from(limit).unwrap()));
                (1, json::to_string(&Bson::Array(found.into_iter().map(Bson::Document).collect())))
            }
            "updateOne" => {
                let update = params.get_document("update").unwrap();
                let found = documents.iter_mut().find(|document| filter.matches(document));
                let upsert = options.get_bool("upsert").unwrap_or(false);
                match found {
                    Some(document) => {
                        Update::parse(update).unwrap().apply(document).unwrap();
                        (1, "{}".to_owned())
                    }
                    None if upsert => {
                        documents.push(Update::parse(update).unwrap().upsert(&filter).unwrap());
                        (1, "{}".to_owned())
                    }
                    None => (0, "{}".to_owned()),
                }
            }
            "deleteMany" => {
                let before = documents.len();
                documents.retain(|document| !filter.matches(document));
                ((before - documents.len()) as u64, "{}".to_owned())
            }
            other => panic!("no command {other}"),
        };
        Ok(Reply::raw(format!(r#"{{"affectedDocs":{affected},"result":{result}}}"#)))
    }

    async fn store(&self, call: Call) -> Result<Reply> {
        let params: Value = call.decode()?;
        let key = params["key"].as_str().unwrap_or_default().to_owned();
        storage::check_key(&key).unwrap();
        self.fault(&call.method, &key)?;
        let place = (call.space.clone(), key);
        match call.method.as_str() {
            storage::PUT => {
                let body = call.body.unwrap();
                let expected = body.length();
                let bytes = body.collect(usize::MAX).await?;
                if expected.is_some_and(|expected| expected != bytes.len() as u64) {
                    return Err(Error::new(codes::INVALID_BODY, "too short"));
                }
                self.0.objects.lock().unwrap().insert(place, bytes);
            }
            storage::GET => {
                let get: storage::Get = call.decode()?;
                let bytes = self.0.objects.lock().unwrap().get(&place).cloned().ok_or_else(|| Error::new(codes::NOT_FOUND, "no object"))?;
                let first = usize::try_from(get.offset).unwrap();
                let end = get.length.map_or(bytes.len(), |length| first + usize::try_from(length).unwrap());
                let bytes = bytes.slice(first..end);
                let chunks: Vec<_> = bytes.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
                return Ok(Reply::raw("{}").with_body(Body::from_stream(stream::iter(chunks)).with_length(bytes.len() as u64)));
            }
            storage::DELETE => drop(self.0.objects.lock().unwrap().remove(&place)),
            method => panic!("no method {method}"),
        }
        Ok(Reply::raw("{}"))
    }
}

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        match call.method.as_str() {
            EXECUTE => self.execute(&call),
            "core.endpoint" => Reply::json(&json_value!({"http": ENDPOINT})),
            "core.checkSpace" if self.0.deleted.lock().unwrap().contains(&call.space) => Err(Error::new(codes::SPACE_DELETED, "gone")),
            "core.checkSpace" => Ok(Reply::raw("null")),
            ALLOWS => {
                let question: Question = call.decode()?;
                let allowed = self.0.rule.lock().unwrap().as_ref().is_none_or(|rule| rule(&question));
                Reply::json(&Verdict { allowed })
            }
            _ => self.store(call).await,
        }
    }
}

/// A service over memory.
pub struct Cloud {
    pub memory: Memory,
    pub service: Arc<Service<Memory>>,
}

pub fn params<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

impl Cloud {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let memory = Memory::default();
        Self { service: Service::new(config, memory.clone(), b"secret".to_vec()), memory }
    }

    /// Another instance over the same database and storage.
    pub fn another(&self) -> Self {
        Self { service: Service::new(self.service.config.clone(), self.memory.clone(), b"secret".to_vec()), memory: self.memory.clone() }
    }

    pub fn call(kind: CallerKind, user: &str) -> Call {
        let mut call = Call::new("s", "", "");
        call.caller = Caller { user: user.to_owned(), ..Caller::of(kind) };
        call
    }

    /// A call of a mini program, as the core lets it pass when every rule allows it.
    pub async fn client(&self, method: &str, user: &str, mut asked: Value) -> Result<Value> {
        let resolve = Resolve { method: method.to_owned(), user: user.to_owned(), params: asked.to_string() };
        asked["resolved"] = serde_json::to_value(self.service.resolve("s", &resolve).await?.targets).unwrap();
        self.make(method, CallerKind::Client, user, asked).await
    }

    pub async fn server(&self, method: &str, asked: Value) -> Result<Value> {
        self.make(method, CallerKind::Server, "", asked).await
    }

    pub async fn make(&self, method: &str, kind: CallerKind, user: &str, asked: Value) -> Result<Value> {
        use sdk_plugin::contract::files::{DELETE, INFO, REPORT, SIGN};
        let call = Self::call(kind, user);
        Ok(match method {
            SIGN => serde_json::to_value(self.service.sign(&call, params(asked)).await?).unwrap(),
            REPORT => self.service.report(&call, params(asked)).await?,
            INFO => self.service.info(&call, params(asked)).await?.into(),
            DELETE => self.service.delete(&call, params(asked)).await?,
            other => panic!("no method {other}"),
        })
    }

    pub async fn http(&self, method: Method, uri: &str, headers: &[(&str, &str)], body: Body) -> HttpResponse {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let request = HttpRequest {
            method,
            uri: uri.strip_prefix(ENDPOINT).unwrap_or(uri).to_owned(),
            host: "cloud.test".to_owned(),
            space: String::new(),
            secure: false,
            headers: map,
            body,
            caller: Caller { ip: "10.0.0.1".to_owned(), ..Caller::default() },
            request_id: String::new(),
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), self.service.transfer(request)).await.expect("it ends in time")
    }

    /// Posts a form with what a signature gave, and further fields before the file.
    pub async fn post(&self, signed: &Value, more: &[(&str, &str)], file: &[u8]) -> HttpResponse {
        let text = |key: &str| signed[key].as_str().unwrap();
        let mut fields = vec![("key", text("ossPath")), ("policy", text("policy")), ("Signature", text("signature"))];
        fields.extend(more);
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let body = pieces(&form(&fields, file));
        self.http(Method::POST, "/files/upload", &[("content-type", &content_type)], body).await
    }

    /// Uploads a file as the server SDK does; gives its id.
    pub async fn upload(&self, path: &str, more: &[(&str, &str)], contents: &[u8]) -> String {
        use sdk_plugin::contract::files::{REPORT, SIGN};
        let signed = self.server(SIGN, json_value!({"env": "public", "filename": path, "fileId": path})).await.unwrap();
        let response = self.post(&signed, more, contents).await;
        assert!(response.status.is_success(), "{:?}", read(response).await);
        self.server(REPORT, json_value!({"id": signed["id"]})).await.unwrap();
        signed["id"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, uri: &str, headers: &[(&str, &str)]) -> HttpResponse {
        self.http(Method::GET, uri, headers, Body::empty()).await
    }
}

/// A body in pieces that end anywhere.
pub fn pieces(bytes: &[u8]) -> Body {
    let pieces: Vec<_> = bytes.chunks(997).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Body::from_stream(stream::iter(pieces)).with_length(bytes.len() as u64)
}

/// A form as the SDKs post it.
pub fn form(fields: &[(&str, &str)], file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: application/octet-stream";
    body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
    body.extend(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    body
}

/// Status and whole body of an answer.
pub async fn read(response: HttpResponse) -> (u16, Vec<u8>) {
    (response.status.as_u16(), response.body.collect(1 << 30).await.unwrap().to_vec())
}

/// Status and error code of an answer.
pub async fn refusal(response: HttpResponse) -> (u16, String) {
    let (status, body) = read(response).await;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}
