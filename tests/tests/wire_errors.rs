//! What `/client` answers to requests that no SDK would send: the codes of wire-protocol.md.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use e2e::{Answer, Server, Wire, function, post, signature, string_to_sign, tests_folder};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

const AUTHORIZE: &str = "serverless.auth.user.anonymousAuthorize";

/// Sends a body that may be anything, with a signature over what can be read of it.
fn send_body(client: &Wire, body: &[u8]) -> Answer {
    let sign = serde_json::from_slice(body).map(|body| client.sign(body).signature).unwrap_or_default();
    post(client.agent(), &client.url(), &[("content-type", "application/json"), ("x-serverless-sign", &sign)], body)
}

/// An authorize request, spoilt and then signed.
fn spoilt(client: &Wire, spoil: impl FnOnce(&mut Value)) -> String {
    let mut body = client.request(AUTHORIZE, &json!({"clientIdentifier": "test-app"})).body;
    spoil(&mut body);
    client.send(&client.sign(body)).code()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("compress");
    encoder.finish().expect("compress")
}

#[test]
fn the_recorded_vectors_are_signed_alike() {
    let file = std::fs::read(tests_folder().join("fixtures/wire-protocol-vectors.json")).expect("read the vectors");
    let vectors: Vec<Value> = serde_json::from_slice(&file).expect("the vectors are JSON");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let text = |key: &str| vector[key].as_str().unwrap_or_else(|| panic!("no `{key}`")).to_owned();
        let body: Value = serde_json::from_str(&text("body")).expect("the body is JSON");
        assert_eq!(string_to_sign(&body), text("stringToSign"));
        assert_eq!(signature(&text("clientSecret"), &text("stringToSign")), text("x-serverless-sign"));
    }
}

#[test]
fn requests_that_are_not_signed_or_not_whole() {
    let server = Server::start();
    let space = server.space("app");
    let client = server.wire(&space);

    // Before anything else: the very request that is spoilt below is a good one.
    client.call(AUTHORIZE, json!({"clientIdentifier": "test-app"})).data();

    let mut request = client.request(AUTHORIZE, &json!({"clientIdentifier": "test-app"}));
    request.body["params"] = json!("{\"clientIdentifier\":\"another\"}");
    assert_eq!(client.send(&request).code(), "SignatureNotMatch", "params were changed");
    request.signature = "0".repeat(32);
    assert_eq!(client.send(&request).code(), "SignatureNotMatch");
    request.signature = String::new();
    assert_eq!(client.send(&request).code(), "SignatureNotMatch");
    let unsigned = post(client.agent(), &client.url(), &[("content-type", "application/json")], request.body.to_string().as_bytes());
    assert_eq!(unsigned.code(), "SignatureNotMatch", "no signature at all");

    // `params` counts as it was written, not as what it means.
    let mut spaced = client.request(AUTHORIZE, &Value::Null).body;
    spaced["params"] = json!("{ \"clientIdentifier\" : \"test-app\",\"b\":1,\"a\":\"\\u5c0f\" }");
    client.send(&client.sign(spaced)).data();

    assert_eq!(spoilt(&client, |body| body["spaceId"] = json!("no-such-space")), "InvalidSpaceId.NotFound");
    assert_eq!(spoilt(&client, |body| body["spaceId"] = Value::Null), "InvalidSpaceId.NotFound");
    assert_eq!(
        spoilt(&client, |body| body["spaceId"] = json!("mpcloud-system")),
        "InvalidSpaceId.NotFound",
        "no client reaches the system space"
    );
    let client = client.authorized();
    assert_eq!(spoilt(&client, |body| body["method"] = json!("no.such.method")), "InvalidMethod.Format");
    assert_eq!(spoilt(&client, |body| body["method"] = Value::Null), "MissingMethod");
    assert_eq!(spoilt(&client, |body| body["method"] = json!("")), "MissingMethod");
    let long = "x".repeat(100_000);
    for name in ["method", "spaceId"] {
        assert_eq!(spoilt(&client, |body| body[name] = json!(long)), "InvalidBody.Format", "a {name} that would fill the log");
    }
    for method in ["serverless.function.runtime.invoke", "serverless.db.default.execute"] {
        let without = |body: &mut Value| {
            body["method"] = json!(method);
            body["params"] = Value::Null;
        };
        assert_eq!(spoilt(&client, without), "MissingParams", "{method}");
    }
    for params in ["{", "", "[]", "\"{}\"", "{} {}"] {
        assert_eq!(spoilt(&client, |body| body["params"] = json!(params)), "InvalidParams.Format", "{params}");
    }
    assert_eq!(spoilt(&client, |body| body["params"] = json!({"clientIdentifier": "x"})), "InvalidParams.Format", "not a text");
}

#[test]
fn bodies_that_cannot_be_read() {
    let server = Server::with_config("[limits]\nbody = \"64KiB\"\n");
    let space = server.space("app");
    let client = server.wire(&space).authorized();

    for body in [&b""[..], b"{", b"[]", b"null", b"\"text\"", b"<html></html>", b"\xff\xfe{}", b"{\"spaceId\":1}"] {
        assert_eq!(send_body(&client, body).code(), "InvalidBody.Format", "{}", String::from_utf8_lossy(body));
    }
    let deep = [b"[".repeat(20_000), b"]".repeat(20_000)].concat();
    assert_eq!(send_body(&client, &deep).code(), "InvalidBody.Format");

    let long = client.request("serverless.auth.user.getProfileInfo", &json!({"filler": "x".repeat(70_000)}));
    assert_eq!(client.send(&long).code(), "InvalidBody.Format", "longer than the limit");
    let bomb = gzip(&vec![b' '; 8 << 20]);
    assert!(bomb.len() < 64 << 10);
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    assert_eq!(post(client.agent(), &client.url(), &headers, &bomb).code(), "InvalidBody.Format", "the limit counts after decompression");
    assert_eq!(post(client.agent(), &client.url(), &headers, b"not gzip").code(), "InvalidBody.Format");

    client.call("serverless.auth.user.getProfileInfo", json!({})).data();
}

#[test]
fn tokens() {
    let server = Server::start();
    let space = server.space("app");
    let other = server.space("other");
    let client = server.wire(&space).authorized();
    let count = |client: &Wire| client.db("tasks", "count", json!({}));

    assert_eq!(count(&client).data(), json!({"affectedDocs": 0, "result": 0}));
    assert_eq!(count(&client.with_token(Some("no-such-token"))).code(), "GATEWAY_INVALID_TOKEN");
    assert_eq!(count(&client.with_token(None)).code(), "GATEWAY_INVALID_TOKEN");
    let stranger = server.wire(&other).with_token(Some(client.token()));
    assert_eq!(count(&stranger).code(), "GATEWAY_INVALID_TOKEN", "a token is good in its own space only");
    // A broken token must not reach the function: the SDK repeats the call.
    server.deploy(&function("hello"), &space, "hello");
    assert_eq!(client.with_token(Some("no-such-token")).invoke("hello", json!({})).code(), "GATEWAY_INVALID_TOKEN");
}

#[test]
fn what_a_client_may_not_call_and_do() {
    let server = Server::start();
    let space = server.space("app");
    let client = server.wire(&space).authorized();

    for method in
        ["admin.DeleteSpace", "admin.RunDBCommand", "admin.CreateFunction", "storage.get", "storage.put", "storage.list", "nothing.here"]
    {
        let answer = client.call(method, json!({"SpaceId": space.id, "key": "x", "prefix": ""}));
        assert_eq!(answer.code(), "InvalidMethod.Format", "{method}");
    }
    for (command, params) in [
        ("insertOne", json!({"doc": {"n": 1}})),
        ("insertMany", json!({"docs": [{"n": 1}]})),
        ("updateOne", json!({"filter": {}, "update": {"$set": {"n": 2}}})),
        ("updateMany", json!({"filter": {}, "update": {"$set": {"n": 2}}})),
        ("deleteOne", json!({"filter": {}})),
        ("deleteMany", json!({"filter": {}})),
    ] {
        assert_eq!(client.db("tasks", command, params).code(), "InvalidParameter.PermissionDenied", "{command}");
    }
    server.management().db(&space, "tasks", "insertOne", json!({"doc": {"n": 1}}));
    assert_eq!(client.db("tasks", "count", json!({})).data(), json!({"affectedDocs": 1, "result": 1}));
    assert_eq!(
        client.db("tasks", "find", json!({"query": {"n": 1}, "options": {"projection": {"_id": 0}}})).data(),
        json!({"affectedDocs": 1, "result": [{"n": 1}]})
    );
    assert_eq!(client.db("tasks", "dropEverything", json!({})).envelope()["success"], false);

    // Transactions are for cloud functions.
    assert_eq!(client.db("tasks", "startTransaction", json!({})).envelope()["success"], false);
}

#[test]
fn writing_can_be_allowed_by_configuration() {
    let server = Server::with_config("[policy]\ndata_write = true\n");
    let space = server.space("app");
    let client = server.wire(&space).authorized();
    let inserted = client.db("tasks", "insertOne", json!({"doc": {"n": 1}})).data();
    assert_eq!(inserted["affectedDocs"], 1, "{inserted}");
    assert_eq!(client.db("tasks", "count", json!({})).data()["result"], 1);
}

#[test]
fn the_database_repeats_the_checks_of_the_sdk() {
    let server = Server::with_config("[policy]\ndata_write = true\n");
    let space = server.space("app");
    let client = server.wire(&space).authorized();
    for (command, params) in [
        ("insertOne", json!({})),
        ("insertOne", json!({"doc": []})),
        ("insertOne", json!({"doc": {"$set": 1}})),
        ("insertMany", json!({"docs": []})),
        ("find", json!({"query": []})),
        ("find", json!({"query": {"n": {"$noSuchOperator": 1}}})),
        ("find", json!({"query": {"name": {"$regex": {}}}})),
        ("find", json!({"query": {}, "options": {"limit": -1}})),
        ("find", json!({"query": {}, "options": {"sort": {"n": 2}}})),
        ("updateOne", json!({"filter": {}, "update": {}})),
        ("updateOne", json!({"filter": {}, "update": {"$noSuchOperator": {"n": 1}}})),
        ("deleteMany", json!({})),
        ("commitTransaction", json!({})),
        ("noSuchCommand", json!({})),
    ] {
        let answer = client.db("tasks", command, params.clone());
        let code = answer.code();
        assert!(!code.is_empty() && code != "InternalError", "{command} {params}: {code}");
    }
    assert_eq!(client.db("tasks", "count", json!({})).data()["result"], 0, "none of them changed anything");
}

#[test]
fn a_deleted_space_is_told_apart_from_an_unknown_one() {
    let server = Server::start();
    let space = server.space("app");
    let client = server.wire(&space).authorized();
    server.run(&["space", "delete", &space.id]).succeeded();
    assert_eq!(client.db("tasks", "count", json!({})).code(), "InvalidSpace.Deleted");
    assert_eq!(client.call(AUTHORIZE, json!({"clientIdentifier": "test-app"})).code(), "InvalidSpace.Deleted");
}

#[test]
fn gzip_both_ways() {
    let server = Server::start();
    let space = server.space("app");
    server.deploy(&function("hello"), &space, "hello");
    let client = server.wire(&space).authorized();
    let name = "小明".repeat(2000);
    let request = client.request("serverless.function.runtime.invoke", &json!({"functionTarget": "hello", "functionArgs": {"name": name}}));
    let body = gzip(request.body.to_string().as_bytes());
    let mut headers =
        vec![("content-type", "application/json"), ("x-serverless-sign", request.signature.as_str()), ("content-encoding", "gzip")];

    let plain = post(client.agent(), &client.url(), &headers, &body);
    assert_eq!(plain.header("content-encoding"), None, "nobody asked for gzip");
    assert_eq!(plain.data(), json!({"message": format!("hi {name}")}));

    headers.push(("accept-encoding", "gzip, deflate"));
    let mut packed = post(client.agent(), &client.url(), &headers, &body);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).expect("the reply is gzip");
    assert!(packed.body.len() < unpacked.len() / 4, "it got smaller");
    packed.body = unpacked;
    assert_eq!(packed.data(), json!({"message": format!("hi {name}")}));
}

#[test]
fn a_double_slash_and_unknown_paths() {
    let server = Server::start();
    let space = server.space("app");
    let client = server.wire(&space);
    let request = client.request(AUTHORIZE, &json!({"clientIdentifier": "test-app"}));
    let headers = [("content-type", "application/json"), ("x-serverless-sign", request.signature.as_str())];
    let answer = post(client.agent(), &format!("{}//client", server.http()), &headers, request.body.to_string().as_bytes());
    assert!(answer.data()["accessToken"].is_string());

    let unknown = client.agent().get(format!("{}/no/such/path", server.http())).call().expect("an answer");
    assert_eq!(unknown.status(), 404);
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = client.agent().get(format!("{}{path}", server.http())).call().expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[test]
fn the_request_id_is_lower_case_on_the_wire() {
    let server = Server::start();
    let space = server.space("app");
    let request = server.wire(&space).request(AUTHORIZE, &json!({"clientIdentifier": "test-app"}));
    let body = request.body.to_string();
    let mut connection = TcpStream::connect(server.address()).expect("connect");
    connection.set_read_timeout(Some(Duration::from_secs(20))).expect("set a deadline");
    write!(
        connection,
        "POST /client HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nx-serverless-sign: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        server.address(),
        request.signature,
        body.len()
    )
    .expect("send");
    let mut reply = String::new();
    connection.read_to_string(&mut reply).expect("read the reply");
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    assert!(reply.contains("\r\nrequest-id: "), "{reply}");
}

#[test]
fn http_2_without_an_upgrade() {
    let server = Server::start();
    let space = server.space("app");
    let client = server.wire(&space);
    let bodies: Vec<_> = (0..8)
        .map(|n| {
            let request = client.request(AUTHORIZE, &json!({"clientIdentifier": format!("app-{n}")}));
            (request.signature, request.body.to_string())
        })
        .collect();
    let address = server.address().to_owned();
    let replies = tokio::runtime::Runtime::new().expect("a runtime").block_on(many_over_http_2(&address, bodies));
    assert_eq!(replies.len(), 8);
    for reply in replies {
        assert_eq!(reply["success"], true, "{reply}");
    }
}

/// Sends requests at once over one connection that speaks HTTP/2 from its first byte.
async fn many_over_http_2(address: &str, bodies: Vec<(String, String)>) -> Vec<Value> {
    use http_body_util::{BodyExt, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let stream = tokio::net::TcpStream::connect(address).await.expect("connect");
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("handshake");
    let connection = tokio::spawn(connection);
    let mut calls = tokio::task::JoinSet::new();
    for (signature, body) in bodies {
        let mut sender = sender.clone();
        let request = hyper::Request::post(format!("http://{address}/client"))
            .header("content-type", "application/json")
            .header("x-serverless-sign", signature)
            .body(Full::new(bytes::Bytes::from(body)))
            .expect("a valid request");
        calls.spawn(async move {
            let reply = sender.send_request(request).await.expect("a reply");
            assert_eq!(reply.version(), hyper::Version::HTTP_2);
            assert!(reply.headers().contains_key("request-id"));
            let body = reply.into_body().collect().await.expect("a body").to_bytes();
            serde_json::from_slice(&body).expect("a JSON body")
        });
    }
    let replies = calls.join_all().await;
    connection.abort();
    replies
}
