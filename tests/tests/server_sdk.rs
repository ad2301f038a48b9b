//! The server SDK from npm, unmodified, with its RSA key.

use e2e::{Server, function, node};
use serde_json::{Value, json};

#[test]
fn it_uses_the_database_and_functions_with_its_rsa_key() {
    let server = Server::start();
    let space = server.space("app");
    for name in ["hello", "throws", "whoami"] {
        server.deploy(&function(name), &space, name);
    }
    let result = node("server.cjs", &server.sdk_config(&space));

    let is_id = |value: &Value| value.as_str().is_some_and(|id| id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(result["inserted"]["affectedDocs"], 1, "{result}");
    assert!(is_id(&result["inserted"]["result"]["insertedId"]), "{result}");
    assert_eq!(result["inserted"]["result"]["ok"], 1, "{result}");
    assert_eq!(result["many"]["affectedDocs"], 2, "{result}");
    assert!(is_id(&result["many"]["result"]["0"]) && is_id(&result["many"]["result"]["1"]), "{result}");
    assert_eq!(result["found"]["affectedDocs"], 3, "{result}");
    let numbers: Vec<&Value> = result["found"]["result"].as_array().into_iter().flatten().map(|note| &note["n"]).collect();
    assert_eq!(numbers, [1, 2, 3], "{result}");
    assert_eq!(result["found"]["result"][0]["title"], "标题", "{result}");
    assert_eq!(result["found"]["result"][0]["_id"], result["inserted"]["result"]["insertedId"], "{result}");
    assert_eq!(result["dateSurvives"], true, "{result}");
    assert_eq!(result["updated"]["affectedDocs"], 2, "{result}");
    assert_eq!(result["one"]["result"]["n"], 1, "{result}");
    assert_eq!(result["counted"]["result"], 2, "{result}");
    assert_eq!(result["deleted"]["affectedDocs"], 1, "{result}");
    assert_eq!(result["left"]["result"], 2, "{result}");

    assert_eq!(result["invoked"]["ok"]["result"], json!({"message": "hi server"}), "{result}");
    assert_eq!(result["threw"]["error"]["code"], "FunctionBizError", "{result}");
    assert_eq!(result["anybody"]["ok"]["result"]["env"]["MP_SOURCE"], "server", "{result}");
    assert!(result["user"]["ok"]["result"]["profile"].to_string().contains("user-1"), "setUserId acts for that user: {result}");
    assert_eq!(result["userReads"]["ok"]["result"], 2, "{result}");
    assert_eq!(result["pkcs1"]["ok"]["result"], 2, "the key works as PKCS#1 too: {result}");
    assert_eq!(result["foreignKey"]["error"]["code"], "SignatureNotMatch", "{result}");
    assert_eq!(result["traced"]["ok"]["result"], 2, "{result}");
}

#[test]
fn it_reads_gzip_replies_and_its_billing_report_is_taken() {
    let server = Server::start();
    let space = server.space("app");
    server.deploy(&function("hello"), &space, "hello");
    let result = node("gzip.cjs", &server.sdk_config(&space));
    assert_eq!(result["length"], "hi ".len() + 20_000, "{result}");
    assert!(result["report"]["error"].is_null(), "{result}");
}

#[test]
fn a_client_signature_does_not_open_the_server_path() {
    let server = Server::start();
    let space = server.space("app");
    let client = server.wire(&space);
    let request = client.request("serverless.db.default.execute", &json!({"collection": "x", "command": "count", "options": {}}));
    let headers = [("content-type", "application/json"), ("x-serverless-sign", request.signature.as_str())];
    let answer = e2e::post(client.agent(), &format!("{}/server", server.http()), &headers, request.body.to_string().as_bytes());
    assert_eq!(answer.code(), "SignatureNotMatch");
}
