//! What was acknowledged is there after the process is killed.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use db_surreal::{Config, Service, Size};
use sdk_plugin::Call;
use sdk_plugin::contract::db::EXECUTE;
use serde_json::{Value, json};

const FOLDER: &str = "DB_SURREAL_DURABILITY_FOLDER";
const ROUND: &str = "DB_SURREAL_DURABILITY_ROUND";

/// A large document, of which a dozen fill a memtable.
const LARGE: usize = 2_700_000;
/// Small ones, inserted together.
const TOGETHER: usize = 100;

/// The smallest memtable, so that it is soon full.
fn config() -> Config {
    Config { memtable: Size(32 << 20), ..Config::default() }
}

async fn run(service: &Service, params: Value) -> Value {
    service.execute(&Call::json("space", EXECUTE, &params).unwrap()).await.unwrap().decode().unwrap()
}

/// Writes in the process that is killed, and prints what was acknowledged. Does nothing by itself.
async fn write<F: Future<Output = ()> + Send + 'static>(writers: u64, one: fn(Arc<Service>, String) -> F) {
    let (Ok(folder), Ok(round)) = (std::env::var(FOLDER), std::env::var(ROUND)) else {
        return;
    };
    let service = Arc::new(Service::open(&config(), folder.as_ref()).await.unwrap());
    let writers = (0..writers).map(|writer| {
        let (service, round) = (service.clone(), round.clone());
        tokio::spawn(async move {
            for n in 0..100_000 {
                let id = format!("{round}-{writer}-{n}");
                one(service.clone(), id.clone()).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writer() {
    write(4, |service, id| async move {
        run(&service, json!({"collection": "c", "command": "insertOne", "doc": {"_id": id, "n": 0}})).await;
        run(&service, json!({"collection": "c", "command": "updateOne", "filter": {"_id": id}, "update": {"$inc": {"n": 1}}})).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writer_of_small_documents() {
    write(2, |service, id| async move {
        let docs: Vec<_> = (0..TOGETHER).map(|n| json!({"batch": id, "n": n, "text": "x".repeat(2000)})).collect();
        run(&service, json!({"collection": "c", "command": "insertMany", "docs": docs})).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writer_of_large_documents() {
    write(2, |service, id| async move {
        run(&service, json!({"collection": "c", "command": "insertOne", "doc": {"_id": id, "text": "x".repeat(LARGE)}})).await;
    })
    .await;
}

/// Lets a writer write in several rounds, each of which ends as by `kill -9` once so many writes were
/// acknowledged, wherever it is then. Gives what was acknowledged.
fn killed(writer: &str, folder: &Path, rounds: &[usize]) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for (round, &enough) in rounds.iter().enumerate() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([writer, "--exact", "--nocapture"])
            .env(FOLDER, folder)
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
            // What is still in the pipe after it was acknowledged as well.
            if count == enough {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() > before + enough, "the writer ended by itself in round {round}");
    }
    acknowledged
}

/// What a writer's process left behind, reduced by a pipeline to one number for each `_id`.
fn stored(folder: &Path, pipeline: &Value) -> BTreeMap<String, u64> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let service = Service::open(&config(), folder).await.unwrap();
        let answer = run(&service, json!({"collection": "c", "command": "aggregate", "pipeline": pipeline})).await;
        let found = answer["result"].as_array().unwrap();
        found.iter().map(|one| (one["_id"].as_str().unwrap().to_owned(), one["n"].as_u64().unwrap())).collect()
    })
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = killed("writer", folder.path(), &[40; 5]);
    let stored = stored(folder.path(), &json!([{"$project": {"n": 1}}]));
    for id in &acknowledged {
        assert_eq!(stored.get(id), Some(&1), "{id} was acknowledged");
    }
    // The last document may have been inserted and not updated: that one was not acknowledged.
    assert!(stored.values().all(|n| [0, 1].contains(n)));
}

#[test]
fn no_small_document_is_lost_when_memtables_fill() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = killed("writer_of_small_documents", folder.path(), &[90, 230, 170]);
    let stored = stored(folder.path(), &json!([{"$group": {"_id": "$batch", "n": {"$sum": 1}}}]));
    let lost: Vec<_> = acknowledged.iter().filter(|id| stored.get(*id) != Some(&(TOGETHER as u64))).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged writes are lost: {lost:?}", lost.len(), acknowledged.len());
}

#[test]
fn no_large_document_is_lost_when_memtables_fill() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = killed("writer_of_large_documents", folder.path(), &[5, 32, 19, 26]);
    let stored = stored(folder.path(), &json!([{"$project": {"n": {"$strLenBytes": "$text"}}}]));
    let lost: Vec<_> = acknowledged.iter().filter(|id| stored.get(*id) != Some(&(LARGE as u64))).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged writes are lost: {lost:?}", lost.len(), acknowledged.len());
}
