//! What was acknowledged is there after the process is killed.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use db_surreal::{Config, Service};
use sdk_plugin::Call;
use sdk_plugin::contract::db::EXECUTE;
use serde_json::{Value, json};

const FOLDER: &str = "DB_SURREAL_DURABILITY_FOLDER";
const ROUND: &str = "DB_SURREAL_DURABILITY_ROUND";

async fn run(service: &Service, params: Value) -> Value {
    service.execute(&Call::json("space", EXECUTE, &params).unwrap()).await.unwrap().decode().unwrap()
}

/// The process that is killed: writes, and prints what was acknowledged. Does nothing by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writer() {
    let (Ok(folder), Ok(round)) = (std::env::var(FOLDER), std::env::var(ROUND)) else {
        return;
    };
    let service = std::sync::Arc::new(Service::open(&Config::default(), folder.as_ref()).await.unwrap());
    let writers = (0..4).map(|writer| {
        let (service, round) = (service.clone(), round.clone());
        tokio::spawn(async move {
            for n in 0..100_000 {
                let id = format!("{round}-{writer}-{n}");
                run(&service, json!({"collection": "c", "command": "insertOne", "doc": {"_id": id, "n": 0}})).await;
                run(&service, json!({"collection": "c", "command": "updateOne", "filter": {"_id": id}, "update": {"$inc": {"n": 1}}}))
                    .await;
                let mut out = std::io::stdout().lock();
                writeln!(out, "\nacknowledged {id}").unwrap();
                out.flush().unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["writer", "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ids = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned));
        let before = acknowledged.len();
        for (count, id) in ids.enumerate() {
            acknowledged.push(id);
            // SIGKILL; what is still in the pipe after it was acknowledged as well.
            if count == 40 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() > before + 40, "the writer ended by itself");
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let service = Service::open(&Config::default(), folder.path()).await.unwrap();
        for id in &acknowledged {
            let found = run(&service, json!({"collection": "c", "command": "findOne", "query": {"_id": id}})).await;
            assert_eq!(found["result"]["n"], 1, "{id} was acknowledged");
        }
        // The last document may have been inserted and not updated: that one was not acknowledged.
        let halves = run(&service, json!({"collection": "c", "command": "count", "query": {"n": {"$nin": [0, 1]}}})).await;
        assert_eq!(halves["result"], 0);
    });
}
