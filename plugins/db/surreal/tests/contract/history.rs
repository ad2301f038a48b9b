//! Many clients on few documents, in transactions and outside; the checker looks over what they saw.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sdk_plugin::contract::db::WRITE_CONFLICT;
use sdk_plugin::{CallerKind, Error, Result};
use serde_json::{Value, json};

use crate::backend::Surreal;
use crate::checker::{Event, Seen, check};
use crate::random::Random;
use crate::server::Server;

const DOCUMENTS: usize = 4;
const CLIENTS: u64 = 8;

struct Clients {
    db: Surreal,
    clock: AtomicU64,
    marks: AtomicU64,
}

impl Clients {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    async fn call(&self, command: &str, params: Value) -> Result<Value> {
        self.db.call(CallerKind::Function, "history", "c", command, params).await
    }

    async fn read(&self, document: usize, transaction: Option<&Value>) -> Result<Seen> {
        let mut params = json!({"query": {"_id": document}});
        if let Some(transaction) = transaction {
            params["transactionId"] = transaction.clone();
        }
        Ok(seen(&self.call("findOne", params).await?["result"]))
    }

    /// A read of a few documents, some of which are written back with a mark, in a transaction.
    async fn transaction(&self, random: &mut Random) -> Event {
        let (mut event, documents) = (self.event(true), some(random));
        let id = self.call("startTransaction", json!({})).await.unwrap()["transactionId"].clone();
        let rolls_back = random.once_in(6);
        let work = async {
            for document in &documents {
                let list = self.read(*document, Some(&id)).await?;
                if event.reads.is_empty() {
                    event.first_read = self.now();
                }
                event.reads.insert(*document, list);
            }
            // A second look sees the same.
            let again = self.read(documents[0], Some(&id)).await?;
            assert_eq!(again, event.reads[&documents[0]], "a document changed within a transaction");
            for document in documents.iter().filter(|_| random.once_in(2)).copied().collect::<Vec<_>>() {
                let mut list = event.reads[&document].clone();
                list.push(event.mark);
                event.writes.insert(document);
                let params = match random.below(3) {
                    0 => json!({"filter": {"_id": document}, "update": {"$push": {"list": event.mark}}}),
                    1 => json!({"filter": {"_id": document}, "update": {"$set": {"list": list}}}),
                    _ => json!({"filter": {"_id": document}, "doc": {"list": list}}),
                };
                let command = if params.get("doc").is_some() { "replaceOne" } else { "updateOne" };
                self.within(&id, command, params).await?;
                assert_eq!(self.read(document, Some(&id)).await?, list, "a transaction does not read what it wrote");
            }
            event.asked = self.now();
            let end = if rolls_back { "abortTransaction" } else { "commitTransaction" };
            self.within(&id, end, json!({})).await
        };
        let outcome = work.await;
        event.answered = self.now();
        match outcome {
            Ok(_) => event.committed = !rolls_back,
            Err(error) => only_conflict(&error),
        }
        event
    }

    async fn within(&self, id: &Value, command: &str, mut params: Value) -> Result<Value> {
        params["transactionId"] = id.clone();
        self.call(command, params).await
    }

    /// A single command that appends a mark, or only reads.
    async fn alone(&self, random: &mut Random) -> Event {
        let (mut event, document) = (self.event(false), random.below(DOCUMENTS));
        event.asked = event.began;
        if random.once_in(3) {
            event.reads.insert(document, self.read(document, None).await.unwrap());
        } else {
            let params = json!({"filter": {"_id": document}, "update": {"$push": {"list": event.mark}}});
            let answer = self.call("findOneAndUpdate", params).await.unwrap();
            event.reads.insert(document, seen(&answer["result"]["value"]));
            event.writes.insert(document);
        }
        event.committed = true;
        event.answered = self.now();
        event
    }

    fn event(&self, transaction: bool) -> Event {
        Event {
            mark: self.marks.fetch_add(1, Ordering::SeqCst),
            transaction,
            committed: false,
            reads: BTreeMap::new(),
            writes: BTreeSet::new(),
            began: self.now(),
            first_read: 0,
            asked: 0,
            answered: 0,
        }
    }
}

fn seen(document: &Value) -> Seen {
    document["list"].as_array().unwrap().iter().map(|mark| mark.as_u64().unwrap()).collect()
}

/// Some of the documents, in any order.
fn some(random: &mut Random) -> Vec<usize> {
    let mut all: Vec<usize> = (0..DOCUMENTS).collect();
    let count = 1 + random.below(DOCUMENTS);
    (0..count).map(|_| all.swap_remove(random.below(all.len()))).collect()
}

fn only_conflict(error: &Error) {
    assert_eq!(error.code(), WRITE_CONFLICT, "{error:?}");
}

async fn run(db: Surreal, rounds: usize) {
    let seed = Random::seed("DB_HISTORY_SEED");
    let clients = Arc::new(Clients { db, clock: AtomicU64::new(0), marks: AtomicU64::new(1) });
    let docs: Vec<Value> = (0..DOCUMENTS).map(|document| json!({"_id": document, "list": []})).collect();
    clients.call("insertMany", json!({"docs": docs})).await.unwrap();
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (clients, mut random) = (clients.clone(), Random::new(seed + client));
            tokio::spawn(async move {
                let mut events = Vec::new();
                for _ in 0..rounds {
                    let event = if random.once_in(3) { clients.alone(&mut random).await } else { clients.transaction(&mut random).await };
                    events.push(event);
                }
                events
            })
        })
        .collect();
    let mut history = Vec::new();
    for task in tasks {
        history.extend(task.await.unwrap());
    }
    let mut finals = Vec::new();
    for document in 0..DOCUMENTS {
        finals.push(clients.read(document, None).await.unwrap());
    }
    let (committed, writers) =
        (history.iter().filter(|e| e.committed && e.transaction).count(), finals.iter().map(Vec::len).sum::<usize>());
    println!("{} events, {committed} transactions committed, {writers} writes", history.len());
    assert!(committed > history.len() / 10, "hardly any transaction could be committed");
    let wrong = check(&history, &finals);
    assert!(
        wrong.is_empty(),
        "DB_HISTORY_SEED={seed}: {} faults, the first of them:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(3)].join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_memory() {
    run(Surreal::at("mem://").await, 60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_disk() {
    run(Surreal::at("").await, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_surrealql() {
    run(Surreal::at("surrealql+mem://").await, 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_a_server() {
    let server = Server::start().await;
    run(server.connect().await, 30).await;
}

/// A connection to a server has at most 64 transactions. All of them have to be open within the ten
/// seconds of the first, on a slow machine too.
const OPEN: u32 = 66;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_transactions_are_open_at_once_on_a_server() {
    let server = Server::start().await;
    let db = server.connect().await;
    let call = async |command: &str, params: Value| db.call(CallerKind::Function, "many", "c", command, params).await.unwrap();
    call("insertMany", json!({"docs": (0..OPEN).map(|n| json!({"_id": n, "n": 0})).collect::<Vec<_>>()})).await;
    // Twice, as those of the first round must leave nothing on the server.
    for round in 1..=2 {
        let mut open = Vec::new();
        for n in 0..OPEN {
            let id = call("startTransaction", json!({})).await["transactionId"].clone();
            call("updateOne", json!({"filter": {"_id": n}, "update": {"$inc": {"n": 1}}, "transactionId": id})).await;
            open.push(id);
        }
        for id in open {
            call("commitTransaction", json!({"transactionId": id})).await;
        }
        assert_eq!(call("count", json!({"query": {"n": round}})).await["result"], OPEN);
    }
}
