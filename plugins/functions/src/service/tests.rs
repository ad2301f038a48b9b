//! From the upload of a package to its calls, over records and objects kept in memory. The real
//! database and storage are behind the same calls in the end-to-end tests.
#![allow(clippy::unwrap_used)]

mod leaks;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;

use http::{HeaderMap, Method, StatusCode};
use sdk_plugin::contract::db;
use sdk_plugin::{Body, Caller, HttpRequest};
use serde_json::Value;

use super::*;
use crate::manage;

#[derive(Default)]
struct Kept {
    docs: Mutex<BTreeMap<String, Vec<Value>>>,
    objects: Mutex<BTreeMap<String, Bytes>>,
    events: Mutex<Vec<(String, String)>>,
    /// Calls of the database, for reads of function records.
    look_ups: Mutex<usize>,
}

#[derive(Clone, Default)]
struct Memory(Arc<Kept>);

fn matches(doc: &Value, query: &Value) -> bool {
    query.as_object().is_none_or(|query| {
        query.iter().all(|(key, wanted)| match wanted.as_object().and_then(|operators| operators.iter().next()) {
            Some((operator, value)) if operator == "$ne" => &doc[key] != value,
            Some((operator, value)) if operator == "$lte" => doc[key].as_u64() <= value.as_u64(),
            Some((operator, value)) if operator == "$regex" => doc[key].as_str().unwrap().contains(value.as_str().unwrap()),
            _ => &doc[key] == wanted,
        })
    })
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
                let found = docs.iter_mut().find(|doc| matches(doc, query));
                let affected = usize::from(found.is_some());
                if let Some(doc) = found {
                    for (key, value) in params["update"]["$set"].as_object().unwrap() {
                        doc[key] = value.clone();
                    }
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

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        let params: Value = call.decode()?;
        if call.method == "core.endpoint" {
            return Reply::json(&json!({"http": "http://127.0.0.1:1"}));
        }
        assert_eq!(call.space, SYSTEM_SPACE);
        let key = params["key"].as_str().unwrap_or("").to_owned();
        match call.method.as_str() {
            db::EXECUTE => Reply::json(&self.execute(&params)?),
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

fn zip(code: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("index.js", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(code.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

struct Cloud {
    memory: Memory,
    service: Service<Memory>,
}

fn params<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

impl Cloud {
    fn new() -> Self {
        let memory = Memory::default();
        let config = Config { max_package_bytes: 100_000, ..Config::default() };
        Self { service: Service::new(config, memory.clone(), b"secret".to_vec()), memory }
    }

    async fn create(&self, name: &str) -> Value {
        self.service.create_function("s", params(json!({"Name": name, "Memory": "128"}))).await.unwrap()
    }

    async fn put(&self, url: &str, bytes: Vec<u8>) -> StatusCode {
        self.request(Method::PUT, url, bytes).await.status
    }

    async fn request(&self, method: Method, url: &str, bytes: Vec<u8>) -> sdk_plugin::HttpResponse {
        let request = HttpRequest {
            method,
            uri: url.strip_prefix("http://127.0.0.1:1").unwrap().to_owned(),
            host: String::new(),
            headers: HeaderMap::new(),
            body: Body::full(bytes),
            caller: Caller::default(),
            request_id: String::new(),
        };
        self.service.transfer(request).await
    }

    /// Uploads; the deployment's id.
    async fn upload(&self, name: &str, bytes: Vec<u8>) -> String {
        let created = self.service.create_deployment("s", params(json!({"Name": name}))).await.unwrap();
        assert_eq!(self.put(created["UploadSignedUrl"].as_str().unwrap(), bytes).await, StatusCode::OK);
        created["DeploymentId"].as_str().unwrap().to_owned()
    }

    async fn deploy(&self, id: &str) -> Result<Value> {
        self.service.deploy("s", params(json!({"DeploymentId": id}))).await
    }

    async fn invoke(&self, name: &str, args: Value) -> Result<Value> {
        let mut call = Call::json("s", crate::plugin::INVOKE, &json!({"functionTarget": name, "functionArgs": args}))?;
        call.caller = Caller::of(CallerKind::Client);
        call.request_id = "r1".to_owned();
        self.service.invoke(call).await?.decode()
    }

    async fn version(&self, name: &str) -> Value {
        self.service.describe_function("s", params(json!({"Name": name}))).await.unwrap()["Deployment"]["VersionNo"].clone()
    }
}

#[tokio::test]
async fn a_function_is_deployed_called_replaced_and_rolled_back() {
    let cloud = Cloud::new();
    let created = cloud.create("hello").await;
    assert_eq!(created["Spec"]["Memory"], "128");
    assert_eq!(cloud.invoke("hello", json!(1)).await.unwrap_err().message(), "the function `hello` has not been deployed");
    let first = cloud.upload("hello", zip("module.exports = (ctx) => ['one', ctx.args]")).await;
    cloud.deploy(&first).await.unwrap();
    assert_eq!(cloud.invoke("hello", json!({"a": 1})).await.unwrap(), json!(["one", {"a": 1}]));
    let second = cloud.upload("hello", zip("module.exports = () => 'two'")).await;
    assert_eq!(cloud.invoke("hello", json!(1)).await.unwrap()[0], "one", "an upload alone changes nothing");
    cloud.deploy(&second).await.unwrap();
    assert_eq!(cloud.invoke("hello", json!(1)).await.unwrap(), "two");
    assert_eq!(cloud.version("hello").await, "2");
    cloud.deploy(&first).await.unwrap();
    assert_eq!(cloud.invoke("hello", json!(1)).await.unwrap()[0], "one");
    assert_eq!(cloud.version("hello").await, "1");
    let listed = cloud.service.list_deployments("s", params(json!({"Name": "hello"}))).await.unwrap();
    assert_eq!(listed["Paginator"]["Total"], 2);
    assert_eq!(cloud.memory.0.events.lock().unwrap()[0], ("function.deployed".to_owned(), "s".to_owned()));
}

#[tokio::test]
async fn a_bad_package_changes_nothing() {
    let cloud = Cloud::new();
    cloud.create("hello").await;
    let good = cloud.upload("hello", zip("module.exports = () => 'good'")).await;
    cloud.deploy(&good).await.unwrap();
    let bad = cloud.upload("hello", b"this is not a zip".to_vec()).await;
    assert_eq!(cloud.deploy(&bad).await.unwrap_err().code(), "InvalidPackage.Format");
    assert_eq!(cloud.invoke("hello", json!(1)).await.unwrap(), "good");
    assert_eq!(cloud.version("hello").await, "1");
    let empty = cloud.service.create_deployment("s", params(json!({"Name": "hello"}))).await.unwrap();
    let empty = empty["DeploymentId"].as_str().unwrap();
    assert_eq!(cloud.deploy(empty).await.unwrap_err().code(), manage::NOT_UPLOADED);
    assert_eq!(cloud.deploy("no-such").await.unwrap_err().code(), manage::DEPLOYMENT_NOT_FOUND);
    let elsewhere = cloud.service.deploy("other", params(json!({"DeploymentId": good}))).await;
    assert_eq!(elsewhere.unwrap_err().code(), manage::DEPLOYMENT_NOT_FOUND, "a deployment belongs to its space");
}

#[tokio::test]
async fn uploads_are_signed_bounded_and_final_once_deployed() {
    let cloud = Cloud::new();
    cloud.create("hello").await;
    let created = cloud.service.create_deployment("s", params(json!({"Name": "hello"}))).await.unwrap();
    let url = created["UploadSignedUrl"].as_str().unwrap();
    assert_eq!(cloud.put(&url.replace("signature=", "signature=0"), zip("1")).await, StatusCode::FORBIDDEN);
    assert_eq!(cloud.put(url, vec![0; 100_001]).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(cloud.request(Method::GET, url, Vec::new()).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let package = zip("module.exports = () => 1");
    assert_eq!(cloud.put(url, package.clone()).await, StatusCode::OK);
    cloud.deploy(created["DeploymentId"].as_str().unwrap()).await.unwrap();
    assert_eq!(cloud.put(url, zip("2")).await, StatusCode::CONFLICT);
    let described = cloud.service.describe_function("s", params(json!({"Name": "hello"}))).await.unwrap();
    let download = described["Deployment"]["DownloadSignedUrl"].as_str().unwrap();
    let response = cloud.request(Method::GET, download, Vec::new()).await;
    assert_eq!(response.body.collect(100_000).await.unwrap(), package);
}

#[tokio::test]
async fn a_warm_call_asks_no_database() {
    let cloud = Cloud::new();
    cloud.create("hello").await;
    let id = cloud.upload("hello", zip("module.exports = () => 1")).await;
    cloud.deploy(&id).await.unwrap();
    cloud.invoke("hello", json!(0)).await.unwrap();
    let before = *cloud.memory.0.look_ups.lock().unwrap();
    for _ in 0..20 {
        cloud.invoke("hello", json!(0)).await.unwrap();
    }
    assert_eq!(*cloud.memory.0.look_ups.lock().unwrap(), before);
}

#[tokio::test]
async fn running_from_the_console_tells_what_it_took_and_is_logged() {
    let cloud = Cloud::new();
    cloud.create("hello").await;
    let id = cloud.upload("hello", zip("module.exports = (ctx) => { console.log('n is', ctx.args.n); if (!ctx.args.n) throw new Error('no n'); return { n: ctx.args.n } }")).await;
    cloud.deploy(&id).await.unwrap();
    for body in [json!({"functionTarget": "hello", "functionArgs": {"n": 2}}), json!({"name": "hello", "args": {"n": 2}})] {
        let mut call = Call::new("s", "admin.RunFunction", "");
        call.request_id = "r2".to_owned();
        let ran = cloud.service.run_function(call, params(json!({"Body": body.to_string()}))).await.unwrap();
        assert_eq!(ran["Result"], r#"{"n":2}"#);
        assert!(ran["RuntimeMeta"]["BillingDuration"].as_u64() >= ran["RuntimeMeta"]["InvocationDuration"].as_u64());
    }
    assert_eq!(cloud.invoke("hello", json!({})).await.unwrap_err().code(), codes::FUNCTION);
    cloud.service.logs.flush().await.unwrap();
    let list = |filter: Value| {
        let mut all = json!({"Name": "hello"});
        all.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        let all: crate::logs::ListParams = params(all);
        let memory = cloud.memory.clone();
        async move { crate::logs::list(&memory, "s", &all).await.unwrap() }
    };
    let failed = list(json!({"Status": "fail"})).await;
    assert_eq!(failed["Paginator"]["Total"], 1);
    let entry = &failed["DataList"][0];
    assert_eq!((entry["RequestId"].as_str(), entry["Contents"][0].as_str()), (Some("r1"), Some("n is undefined")));
    assert!(entry["Contents"][1].as_str().unwrap().contains("no n"));
    assert_eq!(list(json!({"LogRequestId": "r2"})).await["Paginator"]["Total"], 2);
}

#[tokio::test]
async fn settings_change_and_names_are_taken_once() {
    let cloud = Cloud::new();
    cloud.create("hello").await;
    let again = cloud.service.create_function("s", params(json!({"Name": "hello"}))).await;
    assert_eq!(again.unwrap_err().code(), manage::EXISTS);
    assert!(cloud.service.create_function("s", params(json!({"Name": "1bad"}))).await.is_err());
    let change = json!({"Name": "hello", "Memory": "64", "Timeout": 3, "Desc": "d", "InstanceConcurrency": "5"});
    let updated = cloud.service.update_function("s", params(change)).await.unwrap();
    assert_eq!(updated["Spec"], json!({"InstanceConcurrency": 5, "Memory": "64", "Runtime": "nodejs", "Timeout": "3"}));
    let missing = cloud.service.update_function("s", params(json!({"Name": "gone", "Timeout": 3}))).await;
    assert_eq!(missing.unwrap_err().code(), manage::NOT_FOUND);
    cloud.create("other").await;
    let listed = cloud.service.list_functions("s", params(json!({"FilterBy": "ell"}))).await.unwrap();
    assert_eq!((listed["DataList"][0]["Name"].as_str(), listed["Paginator"]["Total"].as_u64()), (Some("hello"), Some(1)));
}

#[tokio::test]
async fn what_is_deleted_leaves_nothing() {
    let cloud = Cloud::new();
    for name in ["hello", "other"] {
        cloud.create(name).await;
        let id = cloud.upload(name, zip("module.exports = () => 1")).await;
        cloud.deploy(&id).await.unwrap();
        cloud.invoke(name, json!(0)).await.unwrap();
    }
    cloud.service.delete_function("s", params(json!({"Name": "hello"}))).await.unwrap();
    assert_eq!(cloud.invoke("hello", json!(0)).await.unwrap_err().code(), codes::FUNCTION_SERVER);
    assert_eq!(cloud.invoke("other", json!(0)).await.unwrap(), 1);
    assert_eq!(cloud.memory.0.objects.lock().unwrap().len(), 1);
    for _ in 0..2 {
        cloud.service.remove_space("s").await.unwrap();
    }
    assert!(cloud.memory.0.objects.lock().unwrap().is_empty());
    assert!(cloud.memory.0.docs.lock().unwrap().values().all(Vec::is_empty));
    assert_eq!(cloud.invoke("other", json!(0)).await.unwrap_err().code(), codes::FUNCTION_SERVER);
}
