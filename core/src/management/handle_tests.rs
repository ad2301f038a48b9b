//! Whole requests through [`handle`], with a router whose methods are made up here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use http::{HeaderMap, Method};
use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::{Call, CallerKind, Error, Reply, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use super::access_keys::{AccessKey, AccessKeys};
use super::{Management, ManagementRequest, VERSION, canonical, handle, timestamp};
use crate::config::Config;
use crate::identity::spaces::Spaces;
use crate::policy::Policy;
use crate::router::{Core, CoreMethod, Router};

/// A cloud with the space `s1` and a few methods.
struct Cloud {
    management: Management,
    key: AccessKey,
    _data: tempfile::TempDir,
}

fn method(answer: fn(&Call) -> Result<Value>) -> CoreMethod {
    Arc::new(move |call| {
        assert!(call.space == SYSTEM_SPACE || call.caller.kind == CallerKind::Admin);
        let answer = answer(&call).and_then(|value| Reply::json(&value));
        async move { answer }.boxed()
    })
}

/// The records that the core keeps in the database.
static RULES: Mutex<BTreeMap<String, Value>> = Mutex::new(BTreeMap::new());

fn rules(params: &Value) -> Value {
    let mut rules = RULES.lock().unwrap();
    let (id, set) = (&params["filter"]["_id"], &params["update"]["$set"]);
    match params["command"].as_str() {
        Some("updateOne") => drop(rules.insert(id.as_str().unwrap().to_owned(), set.clone())),
        _ => return json!({"affectedDocs": 1, "result": rules.get(params["query"]["_id"].as_str().unwrap())}),
    }
    json!({"affectedDocs": 1, "result": null})
}

fn database(call: &Call) -> Result<Value> {
    let params: Value = call.decode()?;
    if params["collection"] == "rules" {
        return Ok(rules(&params));
    }
    if call.space != SYSTEM_SPACE {
        return Ok(json!({"affectedDocs": 1, "result": {"space": call.space, "asked": params}}));
    }
    let record = json!({"_id": "s1", "name": "demo", "status": "active", "createdAt": 0, "updatedAt": 0});
    Ok(json!({"affectedDocs": 1, "result": if params["query"]["_id"] == "s1" { record } else { Value::Null }}))
}

impl Cloud {
    fn new() -> Self {
        let router = Router::new(Policy::new(Config::default().policy));
        let echo = |call: &Call| Ok(json!({"Space": call.space, "Asked": call.decode::<Value>()?}));
        let methods = [
            ("serverless.db.default.execute", method(database)),
            ("admin.Echo", method(echo)),
            ("admin.ListExtensions", method(echo)),
            ("admin.Nothing", method(|_| Ok(Value::Null))),
            ("admin.Fails", method(|_| Err(Error::internal("secret cause")))),
            ("core.plugins", method(|_| Ok(json!({"plugins": [{"id": "db"}]})))),
            ("demo.hello", method(|call| Ok(json!({"space": call.space, "asked": call.decode::<Value>()?})))),
        ];
        router.set_core(Core { methods: methods.into_iter().collect(), listeners: Vec::new() });
        let data = tempfile::tempdir().unwrap();
        let keys = AccessKeys::open(data.path(), "http://h").unwrap();
        let key = keys.administrator().clone();
        let management = Management::new(router.clone(), Arc::new(Spaces::new(router)), keys, "http://h/");
        Self { management, key, _data: data }
    }

    /// Signs and sends an action by the RPC scheme, with everything in the query as `GET` has it.
    async fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
        let timestamp = timestamp::format(timestamp::now_ms());
        let nonce = Uuid::new_v4().to_string();
        let common = [
            ("Action", action),
            ("Version", VERSION),
            ("Timestamp", &timestamp),
            ("SignatureNonce", &nonce),
            ("AccessKeyId", &self.key.id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
        ];
        let mut all: BTreeMap<String, String> = common.iter().chain(parameters).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let signature = canonical::rpc_signature(&self.key.secret, &canonical::rpc_string_to_sign("GET", &all));
        all.insert("Signature".into(), STANDARD.encode(signature));
        let request = ManagementRequest {
            method: Method::GET,
            path: "/".into(),
            query: canonical::form(all.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
            ip: String::new(),
            request_id: "67e55044-10b1-426f-9247-bb680e5fe0c8".into(),
        };
        let reply = handle(&self.management, request).await;
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["RequestId"], "67E55044-10B1-426F-9247-BB680E5FE0C8");
        (reply.status.as_u16(), body)
    }

    async fn refused(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
        let (status, body) = self.ask(action, parameters).await;
        (status, body["Code"].as_str().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn a_plugins_action_gets_its_space_and_parameters() {
    let cloud = Cloud::new();
    let (status, body) = cloud.ask("Echo", &[("SpaceId", "s1"), ("N", "1")]).await;
    assert_eq!(status, 200);
    assert_eq!(body["Space"], "s1");
    assert_eq!(body["Asked"], json!({"SpaceId": "s1", "N": "1"}));
    let (status, body) = cloud.ask("Nothing", &[("SpaceId", "s1")]).await;
    assert_eq!((status, body.as_object().unwrap().len()), (200, 1));
    assert_eq!(cloud.ask("ListExtensions", &[]).await.1["Space"], "");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_vendors_codes() {
    let cloud = Cloud::new();
    let expect = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(cloud.refused("NoSuchAction", &[]).await, expect(404, "InvalidAction.NotFound"));
    assert_eq!(cloud.refused("Echo", &[]).await, expect(400, "MissingParameter"));
    assert_eq!(cloud.refused("Echo", &[("SpaceId", "other")]).await, expect(404, "InvalidSpaceId.NotFound"));
    assert_eq!(cloud.refused("RunDBCommand", &[("SpaceId", "other"), ("Body", "{}")]).await, expect(404, "InvalidSpaceId.NotFound"));
    assert_eq!(cloud.refused("UpdateSpace", &[("SpaceId", "s1"), ("Status", "x")]).await, expect(400, "InvalidParameter"));
    assert_eq!(cloud.refused("CallMethod", &[("Method", "no.such")]).await, expect(400, "InvalidMethod.Format"));
    assert_eq!(cloud.refused("CallMethod", &[("Method", "demo.hello"), ("Params", "{")]).await, expect(400, "InvalidParameter"));
    let (status, body) = cloud.ask("Fails", &[("SpaceId", "s1")]).await;
    assert_eq!((status, &body["Code"]), (500, &json!("InternalError")));
    assert!(!body.to_string().contains("secret"));
}

#[tokio::test]
async fn the_cores_own_actions_answer() {
    let cloud = Cloud::new();
    assert_eq!(cloud.ask("CheckMpServerlessRoleExists", &[]).await.1["Exists"], true);
    assert_eq!(cloud.ask("ListPlugins", &[]).await.1["Plugins"], json!([{"Id": "db"}]));

    let (_, body) = cloud.ask("CallMethod", &[("Method", "demo.hello"), ("Params", r#"{"a":1}"#), ("SpaceId", "s1")]).await;
    assert_eq!(body["Result"], r#"{"asked":{"a":1},"space":"s1"}"#);

    let (_, body) = cloud.ask("RunDBCommand", &[("SpaceId", "s1"), ("Body", r#"{"command":"find","collection":"c"}"#)]).await;
    assert_eq!(body["AffectedDocs"], 1);
    let result: Value = serde_json::from_str(body["Result"].as_str().unwrap()).unwrap();
    assert_eq!(result, json!({"space": "s1", "asked": {"command": "find", "collection": "c", "options": {}}}));

    let (_, body) = cloud.ask("DescribeSpaceClientConfig", &[("SpaceId", "s1"), ("Detail", "false")]).await;
    assert_eq!((&body["Endpoint"], body.get("PrivateKey")), (&json!("http://h"), None));
}

#[tokio::test]
async fn rules_of_collections_are_set_and_described() {
    let cloud = Cloud::new();
    let of = |collection: &'static str| [("SpaceId", "s1"), ("ServiceName", "db"), ("CollectionName", collection)];
    let (_, body) = cloud.ask("DescribeServicePolicy", &of("new")).await;
    assert_eq!((&body["PolicyName"], &body["Policy"]), (&json!("ADMINWRITEONLY"), &json!(r#"{".read":true,".write":false}"#)));

    let (status, body) = cloud.ask("UpdateServicePolicy", &[&of("orders")[..], &[("PolicyName", "PRIVATE")]].concat()).await;
    assert_eq!((status, &body["PolicyName"]), (200, &json!("PRIVATE")));
    assert_eq!((&body["CollectionName"], &body["ServiceName"], &body["SpaceId"]), (&json!("orders"), &json!("db"), &json!("s1")));
    let own = r#"{ "*" : true }"#;
    let (_, body) = cloud.ask("UpdateServicePolicy", &[&of("news")[..], &[("PolicyName", "EXTENDED"), ("Policy", own)]].concat()).await;
    assert_eq!((&body["PolicyName"], &body["Policy"]), (&json!("EXTENDED"), &json!(own)));
    let (_, body) = cloud.ask("DescribeServicePolicy", &of("news")).await;
    assert_eq!((&body["PolicyName"], &body["Policy"]), (&json!("EXTENDED"), &json!(own)));
    let (_, body) = cloud.ask("DescribeServicePolicy", &of("orders")).await;
    assert_eq!(body["PolicyName"], "PRIVATE");
    assert_eq!(cloud.ask("DescribeServicePolicy", &of("orders")[..2]).await.1["PolicyName"], "ADMINWRITEONLY");

    let refused = |more: &'static [(&str, &str)]| [&of("orders")[..], more].concat();
    for (more, code) in [
        (&[("PolicyName", "EXTENDED"), ("Policy", r#"{".read":true}"#)][..], "InvalidParameter"),
        (&[("PolicyName", "NONE")], "InvalidParameter"),
        (&[], "MissingParameter"),
    ] {
        assert_eq!(cloud.refused("UpdateServicePolicy", &refused(more)).await, (400, code.to_owned()), "{more:?}");
    }
    for service in ["file", "function"] {
        let parameters = [("SpaceId", "s1"), ("ServiceName", service), ("CollectionName", "c"), ("PolicyName", "PRIVATE")];
        assert_eq!(cloud.refused("UpdateServicePolicy", &parameters).await, (400, "InvalidParameter".to_owned()));
    }
    assert_eq!(cloud.ask("DescribeServicePolicy", &of("orders")).await.1["PolicyName"], "PRIVATE", "a refusal changes nothing");
}
