//! Three calls of the database in one function, beside the same three as signed requests: what a
//! mini program saves when it lets a function do them.

use std::net::SocketAddr;

use e2e::Signed;
use http::HeaderValue;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Comparison, INVOKE, folder, node};
use crate::database::Cloud;
use crate::load::{Target, compare, post};
use crate::rounds::Turn;
use crate::{ROUNDS, Result};

const DB: &str = "serverless.db.default.execute";
const COLLECTION: &str = "documents";
const FUNCTION: &str = "documents";
const DOCUMENTS: u64 = 1000;
/// How many of them are asked for, so that no two connections often update the same.
const VARIANTS: u64 = 128;
/// How many documents `find` answers.
const PAGE: u64 = 5;
/// How many calls are one.
const CALLS: f64 = 3.0;

pub fn measure(runtime: &Runtime, cloud: &Cloud<'_>, turn: Turn) -> Result<Comparison> {
    println!("three calls of the database");
    cloud.server.deploy(&folder(FUNCTION), cloud.space, FUNCTION);
    let ids = load(cloud)?;
    let (mut invokes, mut requests) = (Vec::new(), Vec::new());
    for (n, id) in (0u64..).zip(&ids) {
        let arguments = json!({"id": id, "n": n});
        invokes.push(cloud.wire.request(INVOKE, &json!({"functionTarget": FUNCTION, "functionArgs": arguments})));
        requests.extend(calls(id, n));
    }
    let signed: Vec<Signed> = requests.iter().map(|params| cloud.wire.request(DB, params)).collect();
    let address = cloud.server.address().parse()?;
    let targets = [
        Target::signed("one signed invoke of a function that makes them", address, cloud.wire, &invokes, r#""count":5"#)?,
        Target::signed("three requests, signed as the client SDK does", address, cloud.wire, &signed, r#""success":true"#)?,
        as_server(cloud, address, &requests)?,
    ];
    let mut series = runtime.block_on(compare(&targets, turn, ROUNDS));
    for figure in series.iter_mut().skip(1).flat_map(|series| &mut series.figures) {
        *figure /= CALLS;
    }
    let title = "`findOne`, `updateOne` and `find`, one after the other".to_owned();
    Ok(Comparison { title, unit: "times all three/s", series, goal: None })
}

/// Makes the documents, and gives the `_id`s of those that are asked for.
fn load(cloud: &Cloud<'_>) -> Result<Vec<String>> {
    let index = json!({"field": {"n": 1}, "options": {"name": "n_1", "unique": false}});
    cloud.server.management().db(cloud.space, COLLECTION, "createIndex", index);
    let documents: Vec<Value> = (0..DOCUMENTS).map(|n| json!({"n": n, "title": format!("note {n}"), "views": 0})).collect();
    let data = cloud.wire.db(COLLECTION, "insertMany", json!({"docs": documents})).data();
    let ids: Option<_> = (0..VARIANTS).map(|n| data["result"][n.to_string()].as_str().map(str::to_owned)).collect();
    Ok(ids.ok_or("insertMany answers no `_id`s")?)
}

/// What the function calls.
fn calls(id: &str, n: u64) -> [Value; 3] {
    let page = json!({"n": {"$gte": n, "$lt": n + PAGE}});
    [
        json!({"collection": COLLECTION, "command": "findOne", "query": {"_id": id}, "options": {}}),
        json!({"collection": COLLECTION, "command": "updateOne", "filter": {"_id": id}, "update": {"$inc": {"views": 1}}, "options": {}}),
        json!({"collection": COLLECTION, "command": "find", "query": page, "options": {"sort": {"n": 1}, "limit": PAGE}}),
    ]
}

/// The requests of the server SDK, signed before the measurement.
fn as_server(cloud: &Cloud<'_>, address: SocketAddr, requests: &[Value]) -> Result<Target> {
    let wire = cloud.wire.with_token(None);
    let bodies: Vec<Value> = requests.iter().map(|params| wire.request(DB, params).body).collect();
    let texts: Vec<String> = bodies.iter().map(e2e::string_to_sign).collect();
    let mut signed = Vec::new();
    for (body, signature) in bodies.iter().zip(node::sign(&cloud.space.server_secret, &texts)?) {
        let mut request = post(address, "/server", body)?;
        request.headers_mut().insert("x-serverless-sign", HeaderValue::from_str(&signature)?);
        signed.push(request);
    }
    Ok(Target::new("three requests, signed as the server SDK does", address, signed, r#""success":true"#))
}
