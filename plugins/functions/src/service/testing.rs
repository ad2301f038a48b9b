//! A cloud for tests: the service over records and objects kept in memory. The real database and
//! storage are behind the same calls in the end-to-end tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::{HeaderMap, Method, StatusCode};
use sdk_plugin::contract::db;
use sdk_plugin::{Body, Caller, HttpRequest};
use serde_json::Value;

use super::*;

#[derive(Default)]
pub struct Kept {
    pub docs: Mutex<BTreeMap<String, Vec<Value>>>,
    pub objects: Mutex<BTreeMap<String, Bytes>>,
    pub events: Mutex<Vec<(String, String)>>,
    /// Calls of the database, for reads of function records.
    pub look_ups: Mutex<usize>,
    /// Hosts of the space's own for its triggers.
    pub domains: Mutex<Vec<String>>,
    /// Spaces that are switched off.
    pub suspended: Mutex<Vec<String>>,
    /// How many answers about records of timers get lost, after what was asked is done.
    pub lost_replies: AtomicUsize,
    /// Whether neither database nor storage answer.
    pub down: AtomicBool,
}

#[derive(Clone, Default)]
pub struct Memory(pub Arc<Kept>);

fn matches(doc: &Value, query: &Value) -> bool {
    query.as_object().is_none_or(|query| {
        query.iter().all(|(key, wanted)| match wanted.as_object().and_then(|operators| operators.iter().next()) {
            Some((operator, value)) if operator == "$ne" => &doc[key] != value,
            Some((operator, value)) if operator == "$lt" => doc[key].as_u64().is_some_and(|number| Some(number) < value.as_u64()),
            Some((operator, value)) if operator == "$lte" => doc[key].as_u64() <= value.as_u64(),
            Some((operator, value)) if operator == "$gte" => doc[key].as_u64() >= value.as_u64(),
            Some((operator, value)) if operator == "$gt" => doc[key].as_str().is_some_and(|text| Some(text) > value.as_str()),
            Some((operator, value)) if operator == "$regex" => doc[key].as_str().unwrap().contains(value.as_str().unwrap()),
            _ => &doc[key] == wanted,
        })
    })
}

fn update(doc: &mut Value, update: &Value) {
    for (operator, fields) in update.as_object().unwrap() {
        for (key, value) in fields.as_object().unwrap() {
            match operator.as_str() {
                "$set" => doc[key] = value.clone(),
                "$max" if doc[key].as_u64() < value.as_u64() => doc[key] = value.clone(),
                "$max" => {}
                other => panic!("no operator {other}"),
            }
        }
    }
}

impl Memory {
    fn execute(&self, params: &Value) -> Result<Value> {
        let mut docs = self.0.docs.lock().unwrap();
        let collection = params["collection"].as_str().unwrap();
        let docs = docs.entry(collection.to_owned()).or_default();
        let query = if params["filter"].is_null() { &params["query"] } else { &params["filter"] };
        Ok(match params["command"].as_str().unwrap() {
            "insertOne" => {
                let doc = &params["doc"];
                if docs.iter().any(|other| other["_id"] == doc["_id"]) {
                    return Err(Error::new(db::DUPLICATE_KEY, "duplicate"));
                }
                docs.push(doc.clone());
                json!({"affectedDocs": 1})
            }
            "insertMany" => {
                docs.extend(params["docs"].as_array().unwrap().iter().cloned());
                json!({"affectedDocs": 1})
            }
            "findOne" => {
                *self.0.look_ups.lock().unwrap() += usize::from(collection == "functions");
                let found = docs.iter().find(|doc| matches(doc, query));
                json!({"affectedDocs": 1, "result": found})
            }
            "find" => {
                let skip = params["options"]["skip"].as_u64().unwrap_or(0) as usize;
                let found: Vec<&Value> = docs.iter().filter(|doc| matches(doc, query)).skip(skip).collect();
                json!({"affectedDocs": found.len(), "result": found})
            }
            "count" => json!({"affectedDocs": 1, "result": docs.iter().filter(|doc| matches(doc, query)).count()}),
            "updateOne" => {
                if params["options"]["upsert"] == true && !docs.iter().any(|doc| matches(doc, query)) {
                    docs.push(query.clone());
                }
                let found = docs.iter_mut().find(|doc| matches(doc, query));
                let affected = usize::from(found.is_some());
                if let Some(doc) = found {
                    update(doc, &params["update"]);
                }
                json!({"affectedDocs": affected, "result": {}})
            }
            "deleteMany" => {
                docs.retain(|doc| !matches(doc, query));
                json!({"affectedDocs": 0, "result": {}})
            }
            other => panic!("no command {other}"),
        })
    }
}

impl Memory {
    /// What the plugin of domains answers.
    fn domains(&self, method: &str, params: &Value) -> Result<Reply> {
        assert_eq!(params["service"], "functions");
        let mut domains = self.0.domains.lock().unwrap();
        let host = params["host"].as_str().unwrap_or_default().to_owned();
        let described = |host: &String| json!({"host": host, "cname": "s.sites.test", "certificate": null});
        match method {
            "describe" => Reply::json(&domains.iter().map(described).collect::<Vec<_>>()),
            "bind" if host.starts_with("other") => Err(Error::new("InvalidDomain.NotVerified", "not yours")),
            "bind" => {
                domains.retain(|known| *known != host);
                domains.push(host.clone());
                Reply::json(&described(&host))
            }
            "unbind" => {
                domains.retain(|known| *known != host);
                Reply::json(&json!(null))
            }
            "attach" if params["chain"] == "chain" && params["key"] == "key" && domains.contains(&host) => Reply::json(&json!({})),
            _ => panic!("domains.{method} {params}"),
        }
    }
}

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        let params: Value = call.decode()?;
        if call.method == "core.endpoint" {
            return Reply::json(&json!({"http": "http://127.0.0.1:1"}));
        }
        if call.method == "core.checkSpace" {
            let suspended = self.0.suspended.lock().unwrap().contains(&call.space);
            return if suspended { Err(Error::new("InvalidSpace.Suspended", "off")) } else { Reply::json(&json!(null)) };
        }
        if let Some(method) = call.method.strip_prefix("domains.") {
            return self.domains(method, &params);
        }
        if self.0.down.load(Ordering::Relaxed) {
            return Err(Error::new(codes::UNAVAILABLE, "the database is down"));
        }
        assert_eq!(call.space, SYSTEM_SPACE);
        let key = params["key"].as_str().unwrap_or("").to_owned();
        match call.method.as_str() {
            db::EXECUTE => {
                let reply = self.execute(&params)?;
                let lose = |left: usize| if params["collection"] == "function_timers" { left.checked_sub(1) } else { None };
                match self.0.lost_replies.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lose) {
                    Ok(_) => Err(Error::new(codes::UNAVAILABLE, "the answer was lost")),
                    Err(_) => Reply::json(&reply),
                }
            }
            storage::PUT => {
                let bytes = call.body.unwrap().collect(1 << 30).await?;
                self.0.objects.lock().unwrap().insert(key, bytes);
                Reply::json(&json!({}))
            }
            storage::GET => {
                let object = self.0.objects.lock().unwrap().get(&key).cloned();
                let object = object.ok_or_else(|| Error::new(codes::NOT_FOUND, "no object"))?;
                Ok(Reply::json(&json!({}))?.with_body(Body::full(object)))
            }
            storage::DELETE => {
                self.0.objects.lock().unwrap().remove(&key);
                Reply::json(&json!(null))
            }
            storage::DELETE_FOLDER => {
                self.0.objects.lock().unwrap().retain(|other, _| !other.starts_with(&format!("{key}/")));
                Reply::json(&json!(null))
            }
            method => panic!("no method {method}"),
        }
    }
}

impl Edge for Memory {
    async fn emit(&self, event: Event) -> Result<()> {
        self.0.events.lock().unwrap().push((event.name, event.space));
        Ok(())
    }
}

pub fn zip(code: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("index.js", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(code.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

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
        Self::over(Memory::default(), config)
    }

    /// Another node on the same records.
    pub fn node(&self) -> Self {
        Self::over(self.memory.clone(), self.service.config.clone())
    }

    fn over(memory: Memory, config: Config) -> Self {
        let config = Config { max_package_bytes: 100_000, ..config };
        Self { service: Arc::new(Service::new(config, memory.clone(), b"secret".to_vec(), Arc::default())), memory }
    }

    /// A function that runs a piece of code.
    pub async fn function(&self, name: &str, code: &str) {
        self.create(name).await;
        let id = self.upload(name, zip(code)).await;
        self.deploy(&id).await.unwrap();
    }

    /// Changes settings of a function.
    pub async fn update(&self, name: &str, mut changes: Value) -> Result<Value> {
        changes["Name"] = name.into();
        self.service.update_function("s", params(changes)).await
    }

    /// The log of a function, newest call first.
    pub async fn log(&self, name: &str) -> Vec<Value> {
        self.service.logs.flush().await.unwrap();
        let listed = crate::logs::list(&self.memory, "s", &params(json!({"Name": name, "PageSize": 100}))).await.unwrap();
        listed["DataList"].as_array().unwrap().clone()
    }

    pub async fn create(&self, name: &str) -> Value {
        self.service.create_function("s", params(json!({"Name": name, "Memory": "128"}))).await.unwrap()
    }

    pub async fn put(&self, url: &str, bytes: Vec<u8>) -> StatusCode {
        self.request(Method::PUT, url, bytes).await.status
    }

    pub async fn request(&self, method: Method, url: &str, bytes: Vec<u8>) -> sdk_plugin::HttpResponse {
        self.transfer(method, url, Body::full(bytes)).await
    }

    /// Uploads a body that comes slowly.
    pub async fn stream(&self, url: &str, body: Body) -> StatusCode {
        self.transfer(Method::PUT, url, body).await.status
    }

    async fn transfer(&self, method: Method, url: &str, body: Body) -> sdk_plugin::HttpResponse {
        let request = HttpRequest {
            method,
            uri: url.strip_prefix("http://127.0.0.1:1").unwrap().to_owned(),
            host: String::new(),
            space: String::new(),
            secure: false,
            headers: HeaderMap::new(),
            body,
            caller: Caller::default(),
            request_id: String::new(),
        };
        self.service.transfer(request).await
    }

    /// Uploads; the deployment's id.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> String {
        let created = self.service.create_deployment("s", params(json!({"Name": name}))).await.unwrap();
        assert_eq!(self.put(created["UploadSignedUrl"].as_str().unwrap(), bytes).await, StatusCode::OK);
        created["DeploymentId"].as_str().unwrap().to_owned()
    }

    pub async fn deploy(&self, id: &str) -> Result<Value> {
        self.service.deploy("s", params(json!({"DeploymentId": id}))).await
    }

    pub async fn invoke(&self, name: &str, args: Value) -> Result<Value> {
        let mut call = Call::json("s", crate::plugin::INVOKE, &json!({"functionTarget": name, "functionArgs": args}))?;
        call.caller = Caller::of(CallerKind::Client);
        call.request_id = "r1".to_owned();
        self.service.invoke(call).await?.decode()
    }

    pub async fn version(&self, name: &str) -> Value {
        self.service.describe_function("s", params(json!({"Name": name}))).await.unwrap()["Deployment"]["VersionNo"].clone()
    }
}
