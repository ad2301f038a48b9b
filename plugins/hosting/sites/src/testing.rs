//! A cloud for tests: the service over records and objects kept in memory. The real database and
//! storage are behind the same calls in the end-to-end tests.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE, db, storage};
use sdk_plugin::{Body, Call, Caller, CallerKind, Error, HttpRequest, HttpResponse, Reply, Result, codes};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::service::Service;

/// How long nodes of tests trust what they have read.
const TRUST: Duration = Duration::from_millis(40);
/// The space of tests.
pub const SPACE: &str = "s1";

#[derive(Default)]
struct Kept {
    docs: Mutex<HashMap<String, Vec<Value>>>,
    objects: Mutex<BTreeMap<String, Bytes>>,
    calls: Mutex<Vec<String>>,
}

/// The calls of a host. Clones share what they keep.
#[derive(Clone, Default)]
pub struct Memory(Arc<Kept>);

fn matches(doc: &Value, query: &Value) -> bool {
    query.as_object().unwrap().iter().all(|(key, wanted)| match wanted.get("$lt").and_then(Value::as_u64) {
        Some(limit) if key == "open.expires" => {
            doc["open"].as_array().is_some_and(|open| open.iter().any(|open| open["expires"].as_u64().unwrap() < limit))
        }
        Some(limit) => doc[key].as_u64().is_some_and(|number| number < limit),
        None => &doc[key] == wanted,
    })
}

impl Memory {
    /// The keys in the storage.
    pub fn keys(&self) -> Vec<String> {
        self.0.objects.lock().unwrap().keys().cloned().collect()
    }

    /// Puts an object into the storage.
    pub fn put_object(&self, key: &str, bytes: &'static str) {
        self.0.objects.lock().unwrap().insert(key.to_owned(), Bytes::from(bytes));
    }

    /// How many documents a collection has.
    pub fn count(&self, collection: &str) -> usize {
        self.0.docs.lock().unwrap().get(collection).map_or(0, Vec::len)
    }

    /// The methods that were called since this was last asked.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.calls.lock().unwrap())
    }

    fn execute(&self, params: &Value) -> Result<Value> {
        let mut all = self.0.docs.lock().unwrap();
        let docs = all.entry(params["collection"].as_str().unwrap().to_owned()).or_default();
        let query = if params["filter"].is_null() { &params["query"] } else { &params["filter"] };
        Ok(match params["command"].as_str().unwrap() {
            "insertOne" => {
                if docs.iter().any(|other| other["_id"] == params["doc"]["_id"]) {
                    return Err(Error::new(db::DUPLICATE_KEY, "duplicate"));
                }
                docs.push(params["doc"].clone());
                json!({"affectedDocs": 1})
            }
            "findOne" => json!({"affectedDocs": 1, "result": docs.iter().find(|doc| matches(doc, query))}),
            "find" => json!({"affectedDocs": 1, "result": docs.iter().filter(|doc| matches(doc, query)).collect::<Vec<_>>()}),
            "updateOne" => {
                if params["options"]["upsert"] == true && !docs.iter().any(|doc| matches(doc, query)) {
                    docs.push(query.clone());
                }
                let found = docs.iter_mut().find(|doc| matches(doc, query));
                let affected = u64::from(found.is_some());
                if let Some(doc) = found {
                    for (key, value) in params["update"]["$set"].as_object().unwrap() {
                        doc[key] = value.clone();
                    }
                    for (key, value) in params["update"]["$inc"].as_object().into_iter().flatten() {
                        doc[key] = (doc[key].as_u64().unwrap_or(0) + value.as_u64().unwrap()).into();
                    }
                }
                json!({"affectedDocs": affected})
            }
            "deleteMany" => {
                docs.retain(|doc| !matches(doc, query));
                json!({"affectedDocs": 0})
            }
            other => panic!("no command {other}"),
        })
    }

    async fn store(&self, call: Call, params: &Value) -> Result<Reply> {
        let key = params["key"].as_str().unwrap_or_default().to_owned();
        if call.method != storage::LIST {
            storage::check_key(&key).unwrap();
        }
        match call.method.as_str() {
            storage::PUT => {
                let body = call.body.unwrap();
                let expected = body.length();
                let bytes = body.collect(1 << 30).await?;
                assert!(expected.is_none_or(|expected| expected == bytes.len() as u64), "{key}");
                self.0.objects.lock().unwrap().insert(key, bytes);
            }
            storage::GET => {
                let get: storage::Get = call.decode()?;
                let bytes = self.0.objects.lock().unwrap().get(&key).cloned().ok_or_else(|| Error::new(codes::NOT_FOUND, "no object"))?;
                let from = usize::try_from(get.offset).unwrap();
                let length = get.length.map_or(bytes.len() - from, |length| usize::try_from(length).unwrap().min(bytes.len() - from));
                return Ok(Reply::raw("{}").with_body(Body::full(bytes.slice(from..from + length))));
            }
            storage::LIST => {
                let list: storage::List = call.decode()?;
                let keys = self.keys().into_iter().filter(|key| key.starts_with(&list.prefix));
                let mut keys: Vec<String> = keys.filter(|key| list.after.as_ref().is_none_or(|after| key > after)).collect();
                // Few, so that small tests have several pages.
                let more = keys.len() > 3;
                keys.truncate(3);
                let next = keys.last().filter(|_| more).cloned();
                let objects = self.0.objects.lock().unwrap();
                let size = |key: &String| objects.get(key).map_or(0, |bytes| bytes.len() as u64);
                let object = |key: String| storage::Object { size: size(&key), key, modified: 0, etag: String::new() };
                return Reply::json(&storage::Listing { objects: keys.into_iter().map(object).collect(), next });
            }
            storage::DELETE => drop(self.0.objects.lock().unwrap().remove(&key)),
            storage::DELETE_FOLDER => self.0.objects.lock().unwrap().retain(|other, _| !other.starts_with(&format!("{key}/"))),
            method => panic!("no method {method}"),
        }
        Ok(Reply::raw("{}"))
    }
}

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        self.0.calls.lock().unwrap().push(call.method.clone());
        // Lets others go first, as a real call does.
        tokio::task::yield_now().await;
        let params: Value = call.decode()?;
        match call.method.as_str() {
            "core.endpoint" => return Reply::json(&json!({"http": "http://cloud.test/", "sites": "sites.test:81"})),
            "core.domains.get" => {
                let bound = json!({"space": SPACE, "host": "www.example.com", "service": "hosting"});
                return Reply::json(&if params["host"] == "www.example.com" { bound } else { Value::Null });
            }
            "core.checkSpace" => return Reply::json(&Value::Null),
            _ => {}
        }
        assert_eq!(call.space, SYSTEM_SPACE);
        if call.method == db::EXECUTE { Reply::json(&self.execute(&params)?) } else { self.store(call, &params).await }
    }
}

/// The service that tests use.
pub type TestService = Arc<Service<Memory>>;

/// A service with a site.
pub async fn opened(config: Value) -> (TestService, Memory) {
    let memory = Memory::default();
    let config = serde_json::from_value::<Config>(config).unwrap();
    let service = Service::trusting(config, memory.clone(), b"secret".to_vec(), TRUST);
    service.records.open(SPACE).await.unwrap();
    service.renew(SPACE).await;
    (service, memory)
}

/// Another node with the same records and objects.
pub fn other_node(memory: &Memory) -> TestService {
    Service::trusting(Config::default(), memory.clone(), b"secret".to_vec(), TRUST)
}

/// A request.
pub fn request(method: Method, uri: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> HttpRequest {
    let headers = headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
    HttpRequest {
        method,
        uri: uri.to_owned(),
        host: "s1.sites.test".to_owned(),
        space: SPACE.to_owned(),
        secure: false,
        headers: HeaderMap::from_iter(headers),
        body: Body::full(body),
        caller: Caller { ip: "10.1.1.1".to_owned(), ..Caller::of(CallerKind::Http) },
        request_id: String::new(),
    }
}

/// What a site answers.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub async fn of(response: HttpResponse) -> Self {
        let (status, headers) = (response.status.as_u16(), response.headers);
        Self { status, headers, body: response.body.collect(1 << 30).await.unwrap() }
    }

    /// A header as text; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Asks a site.
pub async fn get(service: &TestService, uri: &str, headers: &[(&str, &str)]) -> Answer {
    Answer::of(service.serve(&request(Method::GET, uri, headers, "")).await).await
}

/// Uploads a file, or makes a folder, as a console does.
pub async fn upload(service: &TestService, path: &str, contents: &str) -> Answer {
    let credential = service.upload_credential(SPACE, serde_json::from_value(json!({"FilePath": path})).unwrap()).await.unwrap();
    let data = &credential["Data"];
    assert_eq!(data["Endpoint"], "http://cloud.test/hosting/upload");
    post(service, &[("key", &data["FilePath"]), ("policy", &data["Policy"]), ("Signature", &data["Signature"])], contents).await
}

/// Posts a form.
pub async fn post(service: &TestService, fields: &[(&str, &Value)], contents: &str) -> Answer {
    let mut body = String::new();
    for (name, value) in fields {
        let value = value.as_str().unwrap();
        body.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n{contents}\r\n--b--\r\n"));
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    Answer::of(service.transfer(request(Method::POST, "/hosting/upload", &headers, body)).await).await
}

/// A line of a deployment's list.
pub fn line(path: &str, contents: &str) -> String {
    json!({"path": path, "sha256": hex::encode(Sha256::digest(contents)), "size": contents.len()}).to_string() + "\n"
}

/// Puts something to an address of the server's.
pub async fn put(service: &TestService, address: &str, body: impl Into<Bytes>) -> Answer {
    let address = address.trim_start_matches("http://cloud.test");
    Answer::of(service.transfer(request(Method::PUT, address, &[], body)).await).await
}

/// Brings a deployment, up to its commit. Gives its id and how many contents were missing.
pub async fn bring(service: &TestService, files: &[(&str, &str)]) -> (String, usize) {
    let begun = service.begin_deployment(SPACE).await.unwrap();
    let list: String = files.iter().map(|(path, contents)| line(path, contents)).collect();
    let answer = put(service, begun["ListUrl"].as_str().unwrap(), list).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let missing: Value = serde_json::from_slice(&answer.body).unwrap();
    let missing = missing["missing"].as_array().unwrap();
    for item in missing {
        let wanted = |contents: &str| hex::encode(Sha256::digest(contents)) == item["sha256"].as_str().unwrap();
        let (_, contents) = files.iter().find(|(_, contents)| wanted(contents)).unwrap();
        let answer = put(service, item["address"].as_str().unwrap(), contents.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    (begun["DeploymentId"].as_str().unwrap().to_owned(), missing.len())
}

/// Deploys. Gives how many contents were missing.
pub async fn deploy(service: &TestService, files: &[(&str, &str)]) -> usize {
    let (id, missing) = bring(service, files).await;
    service.commit(SPACE, &id).await.unwrap();
    missing
}
