//! The service against a bare loop over the same embedded database; prints ratios.
//!
//! `cargo nextest run --workspace -E 'package(db-surreal) & test(speed)' --run-ignored all --no-capture`

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Instant;

use db_surreal::{Config, Service};
use sdk_plugin::Call;
use sdk_plugin::contract::db::EXECUTE;
use serde_json::{Value, json};
use surrealdb::Surreal;
use surrealdb::engine::any::{Any, connect};

const DOCUMENTS: usize = 2000;
const ROUNDS: usize = 5;

async fn bare(url: &str) -> Surreal<Any> {
    let db = connect(url).await.unwrap();
    db.use_ns("bare").use_db("bare").await.unwrap();
    db
}

async fn call(service: &Service, params: &Value) {
    service.execute(&Call::json("space", EXECUTE, params).unwrap()).await.unwrap();
}

fn body(n: usize) -> Value {
    json!({"name": format!("user {n}"), "age": n % 90, "tags": ["a", "b", "c"], "address": {"city": "杭州", "zip": "310000"}})
}

fn rate(count: usize, started: Instant) -> f64 {
    count as f64 / started.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, for people"]
async fn speed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url, bare_url) in [
        ("memory", "mem://".to_owned(), "mem://".to_owned()),
        ("disk", String::new(), format!("surrealkv://{}/bare?sync=every", folder.path().display())),
        (
            "disk, never synced",
            format!("surrealkv://{}/never", folder.path().display()),
            format!("surrealkv://{}/bare-never?sync=never", folder.path().display()),
        ),
    ] {
        let sync = if name == "disk, never synced" { "never" } else { "every" };
        let config = Config { url, sync: sync.to_owned(), ..Config::default() };
        let service = Arc::new(Service::open(&config, folder.path()).await.unwrap());
        let db = bare(&bare_url).await;

        let (mut bare_insert, mut insert) = (0.0_f64, 0.0_f64);
        for round in 0..ROUNDS {
            let some = round * DOCUMENTS / ROUNDS..(round + 1) * DOCUMENTS / ROUNDS;
            let started = Instant::now();
            for n in some.clone() {
                let _: Option<Value> = db.create(("c", format!("id-{n}"))).content(body(n)).await.unwrap();
            }
            bare_insert = bare_insert.max(rate(some.len(), started));
            let started = Instant::now();
            for n in some.clone() {
                let mut doc = body(n);
                doc["_id"] = format!("id-{n}").into();
                call(&service, &json!({"collection": "c", "command": "insertOne", "doc": doc, "options": {}})).await;
            }
            insert = insert.max(rate(some.len(), started));
        }
        println!("{name}: insertOne {insert:.0}/s, bare create {bare_insert:.0}/s, ratio {:.2}", insert / bare_insert);
        let started = Instant::now();
        let writers = (0..32).map(|writer| {
            let service = service.clone();
            tokio::spawn(async move {
                for n in 0..DOCUMENTS / 32 {
                    let doc = json!({"_id": format!("w-{writer}-{n}"), "n": n});
                    call(&service, &json!({"collection": "w", "command": "insertOne", "doc": doc})).await;
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        println!("{name}: insertOne by 32 writers {:.0}/s", rate(DOCUMENTS, started));

        let (mut bare_find, mut find) = (0.0_f64, 0.0_f64);
        for _ in 0..ROUNDS {
            let started = Instant::now();
            for n in 0..DOCUMENTS {
                let found: Option<Value> = db.select(("c", format!("id-{n}"))).await.unwrap();
                assert!(found.is_some());
            }
            bare_find = bare_find.max(rate(DOCUMENTS, started));
            let started = Instant::now();
            for n in 0..DOCUMENTS {
                call(&service, &json!({"collection": "c", "command": "findOne", "query": {"_id": format!("id-{n}")}, "options": {}})).await;
            }
            find = find.max(rate(DOCUMENTS, started));
        }
        println!("{name}: findOne by _id {find:.0}/s, bare select {bare_find:.0}/s, ratio {:.2}", find / bare_find);

        let started = Instant::now();
        for n in 0..DOCUMENTS {
            let update = json!({"$inc": {"age": 1}});
            call(&service, &json!({"collection": "c", "command": "updateOne", "filter": {"_id": format!("id-{n}")}, "update": update}))
                .await;
        }
        println!("{name}: updateOne by _id {:.0}/s", rate(DOCUMENTS, started));
        let started = Instant::now();
        call(&service, &json!({"collection": "c", "command": "count", "query": {"age": {"$gt": 45}}})).await;
        println!("{name}: scan {:.0} documents/s", rate(DOCUMENTS, started));
        let started = Instant::now();
        call(&service, &json!({"collection": "c", "command": "count"})).await;
        println!("{name}: count of all {:?}", started.elapsed());
        let started = Instant::now();
        let docs: Vec<Value> = (0..DOCUMENTS).map(body).collect();
        call(&service, &json!({"collection": "c2", "command": "insertMany", "docs": docs})).await;
        println!("{name}: insertMany {:.0}/s", rate(DOCUMENTS, started));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().filter(|l| l.starts_with("VmRSS") || l.starts_with("VmHWM")).collect::<Vec<_>>().join(", "));
}
