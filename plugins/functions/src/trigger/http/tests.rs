//! Requests over a service whose records are kept in memory.
#![allow(clippy::unwrap_used)]

use http::{HeaderMap, HeaderName, Method};
use sdk_plugin::Caller;
use sdk_plugin::contract::management::INVALID_PARAMETER;
use serde_json::Value;

use super::*;
use crate::config::Config;
use crate::service::testing::{Cloud, params};

const ECHO: &str = "module.exports = (ctx) => ({ args: ctx.args, env: ctx.env })";

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn code(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap().to_owned())
    }
}

async fn send(cloud: &Cloud, method: &str, host: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let headers = headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
    let request = HttpRequest {
        method: method.parse::<Method>().unwrap(),
        uri: uri.to_owned(),
        host: host.to_owned(),
        space: String::new(),
        secure: false,
        headers,
        body: Body::full(body.to_vec()),
        caller: Caller { ip: "1.2.3.4".to_owned(), ..Caller::of(CallerKind::Http) },
        request_id: "r-1".to_owned(),
    };
    let response = cloud.service.trigger(request).await;
    let (status, headers) = (response.status.as_u16(), response.headers);
    Answer { status, headers, body: response.body.collect(1 << 24).await.unwrap().to_vec() }
}

async fn get(cloud: &Cloud, uri: &str) -> Answer {
    send(cloud, "GET", "localhost", uri, &[], b"").await
}

async fn switch(cloud: &Cloud, on: bool) -> Value {
    cloud.service.update_http_trigger("s", params(json!({"EnableService": on.to_string()}))).await.unwrap()
}

/// A cloud whose space takes requests, with one function at `/http/f`.
async fn open(code: &str) -> Cloud {
    let cloud = Cloud::new();
    cloud.function("f", code).await;
    cloud.update("f", json!({"HttpTriggerPath": "/http/f"})).await.unwrap();
    switch(&cloud, true).await;
    cloud
}

#[tokio::test]
async fn a_request_runs_the_function_and_its_value_is_the_response() {
    let cloud = open(ECHO).await;
    let headers = [("content-type", "application/json"), ("x-mine", "1")];
    let answer = send(&cloud, "POST", "localhost", "/trigger/s/http/f?a=1&a=2", &headers, br#"{"n":1}"#).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json; charset=utf-8")));
    assert_eq!(answer.header("content-disposition"), Some("attachment"));
    assert_eq!(
        answer.json(),
        json!({
            "args": {
                "path": "/http/f",
                "httpMethod": "POST",
                "headers": {"content-type": "application/json", "x-mine": "1"},
                "queryStringParameters": {"a": "2"},
                "body": "{\"n\":1}",
                "isBase64Encoded": false,
            },
            "env": {"MP_SPACE_ID": "s", "MP_SOURCE": "http"},
        })
    );
    let log = cloud.log("f").await;
    assert_eq!((log.len(), log[0]["RequestId"].as_str()), (1, Some("r-1")));
}

#[tokio::test]
async fn what_is_switched_off_is_not_there() {
    let cloud = Cloud::new();
    cloud.function("f", ECHO).await;
    let uri = "/trigger/s/http/f";
    assert_eq!(get(&cloud, uri).await.code(), (404, "NotFound".to_owned()), "neither is on");
    switch(&cloud, true).await;
    assert_eq!(get(&cloud, uri).await.status, 404, "the function has no path");
    cloud.update("f", json!({"HttpTriggerPath": "/http/f"})).await.unwrap();
    assert_eq!(get(&cloud, uri).await.status, 200);
    for other in ["/trigger/s/http/f/", "/trigger/s/http/F", "/trigger/s/http", "/trigger/t/http/f", "/http/f", "/trigger/s/http/f%20"] {
        assert_eq!(get(&cloud, other).await.status, 404, "{other}");
    }
    switch(&cloud, false).await;
    assert_eq!(get(&cloud, uri).await.status, 404, "at once");
    switch(&cloud, true).await;
    assert_eq!(get(&cloud, uri).await.status, 200);
    cloud.update("f", json!({"HttpTriggerPath": ""})).await.unwrap();
    assert_eq!(get(&cloud, uri).await.status, 404, "at once, too");
    assert_eq!(cloud.update("f", json!({"Desc": "d"})).await.unwrap()["HttpTriggerPath"], "");
    let missing = get(&cloud, uri).await;
    assert_eq!(missing.header("content-disposition"), Some("attachment"), "on every response");
}

#[tokio::test]
async fn a_space_that_is_switched_off_answers_no_requests() {
    let cloud = open(ECHO).await;
    assert_eq!(get(&cloud, "/trigger/s/http/f").await.status, 200);
    cloud.memory.0.suspended.lock().unwrap().push("s".to_owned());
    assert_eq!(get(&cloud, "/trigger/s/http/f").await.status, 404);
}

#[tokio::test]
async fn a_path_belongs_to_one_function_of_a_space() {
    let cloud = open(ECHO).await;
    cloud.function("g", ECHO).await;
    let taken = cloud.update("g", json!({"HttpTriggerPath": "/http/f"})).await.unwrap_err();
    assert_eq!(taken.code(), INVALID_PARAMETER);
    assert!(taken.message().contains("belongs to the function `f`"), "{taken}");
    assert_eq!(cloud.update("f", json!({"HttpTriggerPath": "/http/f"})).await.unwrap()["HttpTriggerPath"], "/http/f", "it has it already");
    assert!(cloud.update("f", json!({"HttpTriggerPath": "/other"})).await.is_err());
    assert!(cloud.update("nobody", json!({"HttpTriggerPath": "/http/n"})).await.is_err());

    cloud.update("f", json!({"HttpTriggerPath": "/http/f2"})).await.unwrap();
    cloud.update("g", json!({"HttpTriggerPath": "/http/f"})).await.unwrap();
    assert_eq!(get(&cloud, "/trigger/s/http/f").await.json()["args"]["path"], "/http/f");
    cloud.service.delete_function("s", params(json!({"Name": "g"}))).await.unwrap();
    assert_eq!(get(&cloud, "/trigger/s/http/f").await.status, 404);
    cloud.update("f", json!({"HttpTriggerPath": "/http/f"})).await.unwrap();
    assert_eq!(get(&cloud, "/trigger/s/http/f").await.status, 200);

    // A change that broke off after it had taken the path.
    cloud.service.take_path("s", "f", "/http/left").await.unwrap();
    assert_eq!(get(&cloud, "/trigger/s/http/left").await.status, 404);
    cloud.function("h", ECHO).await;
    cloud.update("h", json!({"HttpTriggerPath": "/http/left"})).await.unwrap();
    assert_eq!(get(&cloud, "/trigger/s/http/left").await.status, 200);
}

#[tokio::test]
async fn requests_that_no_trigger_takes() {
    let cloud = open("module.exports = (ctx) => ctx.args.body.length").await;
    let uri = "/trigger/s/http/f";
    for method in ["HEAD", "OPTIONS", "PATCH", "TRACE"] {
        let answer = send(&cloud, method, "", uri, &[], b"").await;
        assert_eq!(
            (answer.code(), answer.header("allow")),
            ((405, "InvalidHttpMethod".to_owned()), Some("GET, POST, PUT, DELETE")),
            "{method}"
        );
    }
    for method in ["GET", "POST", "PUT", "DELETE"] {
        assert_eq!(send(&cloud, method, "", uri, &[], b"abc").await.body, b"3", "{method}");
    }
    let multipart = send(&cloud, "POST", "", uri, &[("content-type", "multipart/form-data; boundary=x")], b"").await;
    assert_eq!(multipart.code(), (415, "InvalidContentType".to_owned()));
    let large = vec![b'x'; request::MAX_BODY + 1];
    assert_eq!(send(&cloud, "POST", "", uri, &[], &large).await.code(), (413, "RequestBodyTooLarge".to_owned()));
    assert_eq!(send(&cloud, "POST", "", uri, &[], &large[1..]).await.body, b"1048576");
    let chunked = HttpRequest {
        method: Method::POST,
        uri: uri.to_owned(),
        host: String::new(),
        space: String::new(),
        secure: false,
        headers: HeaderMap::new(),
        body: Body::from_stream(futures_util::stream::iter([0, 1].map(|_| Ok(bytes::Bytes::from(vec![b'x'; 600_000]))))),
        caller: Caller::default(),
        request_id: String::new(),
    };
    assert_eq!(cloud.service.trigger(chunked).await.status.as_u16(), 413, "of unknown length");
}

#[tokio::test]
async fn errors_have_a_code_and_a_message_and_no_stack() {
    let cloud = open(
        "module.exports = (ctx) => {
            const q = ctx.args.queryStringParameters;
            if (q.throw) throw new Error('out of stock');
            if (q.spin) for (;;) {}
            if (q.large) return 'x'.repeat(1048577);
            return { mpserverlessComposedResponse: true, headers: { 'a': 'b\\r\\nc: d' } };
        }",
    )
    .await;
    cloud.update("f", json!({"Timeout": 1})).await.unwrap();
    let thrown = get(&cloud, "/trigger/s/http/f?throw=1").await;
    assert_eq!(thrown.code(), (500, codes::FUNCTION.to_owned()));
    assert_eq!(thrown.json(), json!({"code": codes::FUNCTION, "message": "out of stock", "requestId": "r-1"}));
    assert_eq!(get(&cloud, "/trigger/s/http/f?spin=1").await.code(), (500, codes::FUNCTION_RESOURCE.to_owned()));
    assert_eq!(get(&cloud, "/trigger/s/http/f?large=1").await.code(), (502, "ResponseBodyTooLarge".to_owned()));
    assert_eq!(get(&cloud, "/trigger/s/http/f").await.code(), (502, "InvalidFunctionResponse".to_owned()));
}

#[tokio::test]
async fn too_much_at_once_is_told_as_that() {
    let cloud = Cloud::with(Config { max_instances: 1, instance_concurrency: 1, ..Config::default() });
    cloud.function("f", "module.exports = () => new Promise((resolve) => setTimeout(resolve, 1000, 'slow'))").await;
    cloud.update("f", json!({"HttpTriggerPath": "/http/f"})).await.unwrap();
    switch(&cloud, true).await;
    let (one, two) = tokio::join!(get(&cloud, "/trigger/s/http/f"), get(&cloud, "/trigger/s/http/f"));
    let refused = if one.status == 200 { two } else { one };
    assert_eq!(refused.code(), (429, codes::THROTTLED_CONCURRENCY.to_owned()));
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_warm_request_asks_no_database() {
    let cloud = open("module.exports = () => 'hi'").await;
    assert_eq!(get(&cloud, "/trigger/s/http/f").await.body, b"hi");
    cloud.memory.0.down.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(get(&cloud, "/trigger/s/http/f").await.body, b"hi");
    assert_eq!(get(&cloud, "/trigger/s/http/new").await.code(), (503, codes::UNAVAILABLE.to_owned()));
}

#[tokio::test]
async fn the_switch_tells_where_the_triggers_are() {
    let cloud = Cloud::new();
    let off = cloud.service.describe_http_trigger("s").await.unwrap();
    assert_eq!((&off["EnableService"], &off["DefaultEndpoint"]), (&json!(false), &json!("127.0.0.1:1/trigger/s")));
    for (sent, on) in [("True", true), ("False", false), ("true", true)] {
        let switched = cloud.service.update_http_trigger("s", params(json!({"EnableService": sent}))).await.unwrap();
        assert_eq!(switched["EnableService"], on, "{sent}");
    }
    assert!(serde_json::from_value::<SwitchParams>(json!({"EnableService": "yes"})).is_err());
    let same = cloud.service.update_http_trigger("s", params(json!({"CustomDomain": ""}))).await.unwrap();
    assert_eq!(same["EnableService"], true, "what is absent stays");
    assert_eq!(cloud.service.describe_http_trigger("s").await.unwrap()["EnableService"], true);
}

#[tokio::test]
async fn a_domain_tells_spaces_apart_by_host() {
    let cloud = Cloud::with(Config { trigger_domain: Some("fn.example.com".to_owned()), ..Config::default() });
    cloud.function("f", ECHO).await;
    cloud.update("f", json!({"HttpTriggerPath": "/http/f"})).await.unwrap();
    assert_eq!(switch(&cloud, true).await["DefaultEndpoint"], "s.fn.example.com");
    assert_eq!(send(&cloud, "GET", "s.fn.example.com", "/http/f", &[], b"").await.json()["args"]["path"], "/http/f");
    for host in ["t.fn.example.com", "fn.example.com", "localhost"] {
        assert_eq!(send(&cloud, "GET", host, "/http/f", &[], b"").await.status, 404, "{host}");
    }
}

#[tokio::test]
async fn a_function_does_not_speak_for_the_servers_origin() {
    let code = "module.exports = () => ({ mpserverlessComposedResponse: true, body: 'x', headers: { 'Strict-Transport-Security': 'max-age=9', 'alt-svc': 'clear', 'clear-site-data': '*', 'x-own': '1' } })";
    let cloud = open(code).await;
    let answer = send(&cloud, "GET", "localhost", "/trigger/s/http/f", &[], b"").await;
    assert_eq!(answer.header("x-own"), Some("1"));
    for name in ["strict-transport-security", "alt-svc", "clear-site-data"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_space_can_have_a_domain_of_its_own() {
    let cloud = open(ECHO).await;
    let update = async |fields: Value| cloud.service.update_http_trigger("s", params(fields)).await;
    let bound = update(json!({"CustomDomain": "a.example.com"})).await.unwrap();
    assert_eq!((&bound["CustomDomain"], &bound["CustomDomainCname"]), (&json!("a.example.com"), &json!("s.sites.test")));
    assert_eq!(bound["EnableService"], true, "what is absent stays");
    let moved = update(json!({"CustomDomain": "b.example.com", "CustomDomainCertificate": "chain", "CustomDomainPrivateKey": "key"}));
    assert_eq!(moved.await.unwrap()["CustomDomain"], "b.example.com");
    assert_eq!(*cloud.memory.0.domains.lock().unwrap(), ["b.example.com"], "in place of the other");
    let refused = update(json!({"CustomDomain": "other.com", "EnableService": "false"})).await.unwrap_err();
    assert_eq!(refused.code(), "InvalidDomain.NotVerified");
    assert_eq!(update(json!({})).await.unwrap()["EnableService"], true, "nothing of a refused change is made");
    assert_eq!(update(json!({"CustomDomainCertificate": "chain"})).await.unwrap_err().code(), INVALID_PARAMETER, "without a key");
    assert_eq!(update(json!({"CustomDomain": ""})).await.unwrap()["CustomDomain"], "");
    let alone = json!({"CustomDomainCertificate": "chain", "CustomDomainPrivateKey": "key"});
    assert_eq!(update(alone).await.unwrap_err().code(), INVALID_PARAMETER, "without a domain");
}

#[tokio::test]
async fn requests_for_a_domain_of_its_own_are_the_spaces() {
    let code =
        "module.exports = () => ({ mpserverlessComposedResponse: true, body: 'x', headers: { 'Strict-Transport-Security': 'max-age=9' } })";
    let cloud = open(code).await;
    let send = async |uri: &str, space: &str| {
        let request = HttpRequest {
            method: Method::GET,
            uri: uri.to_owned(),
            host: "a.example.com".to_owned(),
            space: space.to_owned(),
            secure: true,
            headers: HeaderMap::new(),
            body: Body::empty(),
            caller: Caller::default(),
            request_id: String::new(),
        };
        cloud.service.trigger(request).await
    };
    let answer = send("/http/f", "s").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(answer.headers.contains_key("strict-transport-security"), "the origin is the space's");
    for (uri, space) in [("/http/f", "t"), ("/trigger/s/http/f", "s"), ("/f", "s"), ("/http/f", "")] {
        assert_eq!(send(uri, space).await.status.as_u16(), 404, "{uri} {space}");
    }
}
