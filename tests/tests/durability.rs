//! What was acknowledged survives `kill -9` and a stop by signal.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Finished, Server, Space, Wire, mpcloud};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

const WRITERS: u64 = 4;

/// Inserts until the server is gone; gives the `n` of every insert that was acknowledged.
fn write_until_gone(client: Wire, round: u64, writer: u64, gone: &AtomicBool) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    for count in 0.. {
        let n = (round * WRITERS + writer) * 1_000_000 + count;
        let params =
            json!({"collection": "log", "command": "insertOne", "options": {}, "doc": {"n": n, "round": round, "filler": "x".repeat(200)}});
        match client.try_send(&client.request("serverless.db.default.execute", &params)) {
            Ok(answer) => {
                assert_eq!(answer.data()["affectedDocs"], 1);
                acknowledged.push(n);
            }
            Err(_) if gone.load(Ordering::SeqCst) => break,
            Err(e) => panic!("an insert failed before the server was killed: {e}"),
        }
    }
    acknowledged
}

fn stored(server: &Server, space: &Space, round: u64) -> Vec<u64> {
    let client = server.wire(space).authorized();
    let mut stored = Vec::new();
    loop {
        let page = client.db("log", "find", json!({"query": {"round": round}, "options": {"sort": {"n": 1}, "skip": stored.len(), "limit": 500, "projection": {"n": 1}}})).data();
        let page = page["result"].as_array().expect("find gives a list").clone();
        if page.is_empty() {
            return stored;
        }
        stored.extend(page.iter().filter_map(|doc| doc["n"].as_u64()));
    }
}

#[test]
fn every_acknowledged_insert_survives_kill_9() {
    let rounds: u64 = std::env::var("MPCLOUD_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    let seed: u64 = std::env::var("MPCLOUD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed} (MPCLOUD_SEED repeats it)");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = Server::with_config("[policy]\ndata_write = true\n");
    let space = server.space("app");
    let mut kept = 0;
    for round in 0..rounds {
        let gone = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (client, gone) = (server.wire(&space).authorized(), gone.clone());
                thread::spawn(move || write_until_gone(client, round, writer, &gone))
            })
            .collect();
        // The moment of death is what the test varies, not something it waits for.
        let life = Duration::from_millis(random.random_range(20..400));
        let born = Instant::now();
        while born.elapsed() < life {
            thread::sleep(Duration::from_millis(1));
        }
        gone.store(true, Ordering::SeqCst);
        server.kill();
        let acknowledged: Vec<u64> = writers.into_iter().flat_map(|writer| writer.join().expect("the writer ended well")).collect();

        server.restart();
        let stored = stored(&server, &space, round);
        let lost: Vec<u64> = acknowledged.iter().copied().filter(|n| stored.binary_search(n).is_err()).collect();
        assert!(
            lost.is_empty(),
            "seed {seed}, round {round}: {} of {} acknowledged inserts are lost: {lost:?}",
            lost.len(),
            acknowledged.len()
        );
        assert!(stored.len() as u64 <= acknowledged.len() as u64 + WRITERS, "no more than one unacknowledged insert for each writer");
        println!("round {round}: {} acknowledged in {life:?}, {} stored", acknowledged.len(), stored.len());
        kept += stored.len() as u64;
    }
    let counted = server.wire(&space).authorized().db("log", "count", json!({})).data();
    assert_eq!(counted["result"], kept, "the rounds before are there too");
    assert!(kept > 0, "nothing was written, so nothing was shown");
    println!("{kept} documents after {rounds} kills, seed {seed}");
}

/// A document is grown in the server to this many copies of a text that a request can have.
const COPIES: usize = 30;
const TEXT: usize = 90_000;

/// Runs a command of the database with the command line, as an administrator.
fn execute(data: &str, space: &str, params: &Value) -> Finished {
    mpcloud(["call", "serverless.db.default.execute", &params.to_string(), "--space", space, "--json", "--data", data])
}

/// Writes documents of 2.7 MB until the server is gone; gives the `_id` of every one that was
/// acknowledged, and counts them.
fn fill_until_gone(data: &str, space: &str, first: u64, written: &AtomicU64, gone: &AtomicBool) -> Vec<u64> {
    let text = json!({"$reduce": {"input": {"$range": [0, COPIES]}, "initialValue": "", "in": {"$concat": ["$$value", "x".repeat(TEXT)]}}});
    let mut acknowledged = Vec::new();
    for id in first.. {
        let (filter, update) = (json!({"_id": id}), json!([{"$set": {"text": text}}]));
        let params =
            json!({"collection": "large", "command": "updateOne", "filter": filter, "update": update, "options": {"upsert": true}});
        let finished = execute(data, space, &params);
        if finished.code == Some(0) {
            acknowledged.push(id);
            written.fetch_add(1, Ordering::SeqCst);
        } else if gone.load(Ordering::SeqCst) {
            break;
        } else {
            panic!("a write failed before the server was ended: {finished:?}");
        }
    }
    acknowledged
}

#[test]
fn full_memtables_survive_stops_and_kill_9() {
    let seed: u64 = std::env::var("MPCLOUD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed} (MPCLOUD_SEED repeats it)");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = Server::with_config("[plugins.db]\nconfig = { memtable = \"32MiB\" }\n");
    let space = server.space("app").id;
    let data = server.data().to_str().expect("a temporary path is UTF-8").to_owned();
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        let (written, gone) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (data, space, written, gone) = (data.clone(), space.clone(), written.clone(), gone.clone());
                thread::spawn(move || fill_until_gone(&data, &space, (round * 2 + writer) * 1000, &written, &gone))
            })
            .collect();
        // A dozen fill a memtable.
        let enough = random.random_range(14..30);
        while written.load(Ordering::SeqCst) < enough && !writers.iter().any(thread::JoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(1));
        }
        gone.store(true, Ordering::SeqCst);
        let segments = if round % 2 == 0 {
            assert!(server.stop().success(), "round {round}");
            let log = server.data().join("db/documents/wal");
            fs::read_dir(&log).unwrap_or_else(|e| panic!("{}: {e}", log.display())).count()
        } else {
            server.kill();
            0
        };
        acknowledged.extend(writers.into_iter().flat_map(|writer| writer.join().expect("the writer ended well")));

        server.restart();
        let sizes = json!([{"$project": {"n": {"$strLenBytes": "$text"}}}]);
        let answer = execute(&data, &space, &json!({"collection": "large", "command": "aggregate", "pipeline": sizes})).succeeded().json();
        let whole: Vec<_> =
            answer["result"].as_array().expect("aggregate gives a list").iter().filter(|doc| doc["n"] == COPIES * TEXT).collect();
        let lost: Vec<u64> = acknowledged.iter().copied().filter(|id| !whole.iter().any(|doc| doc["_id"] == *id)).collect();
        assert!(lost.is_empty(), "seed {seed}, round {round}: of {} acknowledged documents, {lost:?} are lost", acknowledged.len());
        assert_eq!(segments, 0, "round {round}: a stop leaves nothing in the log alone");
    }
}
