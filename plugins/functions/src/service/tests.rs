//! From the upload of a package to its calls.
#![allow(clippy::unwrap_used)]

mod leaks;

use http::{Method, StatusCode};
use serde_json::Value;

use super::testing::{Cloud, params, zip};
use super::*;
use crate::manage;

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
    cloud.update("other", json!({"HttpTriggerPath": "/http/other", "TimingTriggerConfig": "cron:0 0 * * * *"})).await.unwrap();
    cloud.service.update_http_trigger("s", params(json!({"EnableService": "true"}))).await.unwrap();
    for _ in 0..2 {
        cloud.service.remove_space("s").await.unwrap();
    }
    assert!(cloud.memory.0.objects.lock().unwrap().is_empty());
    assert!(cloud.memory.0.docs.lock().unwrap().values().flatten().all(|doc| doc["spaceId"] != "s"));
    assert_eq!(cloud.invoke("other", json!(0)).await.unwrap_err().code(), codes::FUNCTION_SERVER);
}

#[tokio::test]
async fn a_slow_upload_never_replaces_a_package_that_was_deployed() {
    let cloud = Cloud::new();
    cloud.create("hello").await;
    let created = cloud.service.create_deployment("s", params(json!({"Name": "hello"}))).await.unwrap();
    let url = created["UploadSignedUrl"].as_str().unwrap();
    let (finish, finished) = tokio::sync::oneshot::channel();
    let rest = async move {
        finished.await.unwrap();
        Ok(Bytes::from(zip("module.exports = () => 'slow'")))
    };
    let slow = cloud.stream(url, sdk_plugin::Body::from_stream(futures_util::stream::once(rest)));
    let others = async {
        assert_eq!(cloud.put(url, zip("module.exports = () => 'first'")).await, StatusCode::OK);
        assert_eq!(cloud.put(url, zip("module.exports = () => 'second'")).await, StatusCode::OK);
        assert_eq!(cloud.memory.0.objects.lock().unwrap().len(), 1, "what was replaced is gone");
        cloud.deploy(created["DeploymentId"].as_str().unwrap()).await.unwrap();
        finish.send(()).unwrap();
    };
    let (slow, ()) = tokio::join!(slow, others);
    assert_eq!(slow, StatusCode::CONFLICT);
    assert_eq!(cloud.memory.0.objects.lock().unwrap().len(), 1, "so is what came too late");
    assert_eq!(cloud.invoke("hello", json!(0)).await.unwrap(), "second");
    cloud.node().deploy(created["DeploymentId"].as_str().unwrap()).await.unwrap();
    assert_eq!(cloud.node().invoke("hello", json!(0)).await.unwrap(), "second");
}
