//! Documents over the wire, against a loop on an embedded SurrealDB.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use e2e::Wire;
use serde_json::{Value, json};
use surrealdb::Surreal;
use surrealdb::engine::any::{Any, connect};

use crate::Result;
use crate::load::{Target, measure as measure_target};
use crate::rounds::Series;

/// How many documents are there to be found.
const DOCUMENTS: usize = 1000;
const DB: &str = "serverless.db.default.execute";

/// What is inserted on both sides.
fn document() -> Value {
    json!({"title": "a note", "text": "Lorem ipsum dolor sit amet, consectetur adipiscing elit.", "n": 42, "done": false, "tags": ["a", "b"]})
}

/// Operations a second: inserts, and finds by id; mpcloud first, then the bare loop.
pub async fn measure(
    wire: &Wire,
    address: SocketAddr,
    connections: usize,
    turn: Duration,
    rounds: usize,
) -> Result<(Vec<Series>, Vec<Series>)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().ok_or("the temporary folder's path is not UTF-8")?;
    // As the db plugin opens it: an insert is done when it is on the disk.
    let bare = Bare::open(&format!("surrealkv://{path}?sync=every")).await?;

    let insert = Target::signed("mpcloud, signed `insertOne`", address, wire, &[wire.request(DB, &insert_params("inserted"))])?;
    let finds = {
        let wire = wire.clone();
        tokio::task::spawn_blocking(move || prepare(&wire)).await?
    };
    let find = Target::signed("mpcloud, signed `findOne`", address, wire, &finds)?;
    bare.prepare().await?;

    let mut inserts = vec![Series::new("mpcloud, signed `insertOne`"), Series::new("embedded SurrealDB, `create`")];
    let mut found = vec![Series::new("mpcloud, signed `findOne`"), Series::new("embedded SurrealDB, `select`")];
    for round in 0..=rounds {
        let turn = if round == 0 { turn.min(Duration::from_secs(1)) } else { turn };
        let figures = [
            (&mut inserts, [measure_target(&insert, connections, turn).await?, bare.inserts(connections, turn).await?]),
            (&mut found, [measure_target(&find, connections, turn).await?, bare.finds(connections, turn).await?]),
        ];
        for (series, figures) in figures.into_iter().filter(|_| round > 0) {
            for (series, figure) in series.iter_mut().zip(figures) {
                series.figures.push(figure);
            }
        }
    }
    Ok((inserts, found))
}

fn insert_params(collection: &str) -> Value {
    json!({"collection": collection, "command": "insertOne", "doc": document(), "options": {}})
}

/// Inserts the documents to be found, and signs a request for each.
fn prepare(wire: &Wire) -> Vec<e2e::Signed> {
    let mut requests = Vec::with_capacity(DOCUMENTS);
    for _ in 0..DOCUMENTS {
        let data = wire.call(DB, insert_params("found")).data();
        let query = json!({"collection": "found", "command": "findOne", "query": {"_id": data["result"]["insertedId"]}, "options": {}});
        requests.push(wire.request(DB, &query));
    }
    requests
}

struct Bare {
    db: Surreal<Any>,
    next: Arc<AtomicU64>,
}

impl Bare {
    async fn open(url: &str) -> Result<Self> {
        let db = connect(url).await?;
        db.use_ns("bench").use_db("bench").await?;
        Ok(Self { db, next: Arc::new(AtomicU64::new(0)) })
    }

    async fn prepare(&self) -> Result {
        // The first document defines the table; many that did so at once would be in conflict.
        create(&self.db, "inserted", "first".to_owned()).await?;
        for n in 0..DOCUMENTS {
            create(&self.db, "found", n.to_string()).await?;
        }
        Ok(())
    }

    async fn inserts(&self, tasks: usize, turn: Duration) -> Result<f64> {
        let next = self.next.clone();
        self.repeat(tasks, turn, move |db, _| {
            let id = next.fetch_add(1, Ordering::Relaxed).to_string();
            async move { create(&db, "inserted", id).await }
        })
        .await
    }

    async fn finds(&self, tasks: usize, turn: Duration) -> Result<f64> {
        self.repeat(tasks, turn, |db, n| async move {
            let found: Option<Value> = db.select(("found", (n * 7919 % DOCUMENTS).to_string())).await?;
            found.map(drop).ok_or_else(|| "a document is missing".into())
        })
        .await
    }

    async fn repeat<F, Fut>(&self, tasks: usize, turn: Duration, work: F) -> Result<f64>
    where
        F: Fn(Surreal<Any>, usize) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Result> + Send,
    {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..tasks)
            .map(|task| {
                let (db, work) = (self.db.clone(), work.clone());
                tokio::spawn(async move {
                    let mut done = 0u32;
                    while begun.elapsed() < turn {
                        work(db.clone(), task + usize::try_from(done)?).await?;
                        done += 1;
                    }
                    Ok::<_, crate::Failure>(done)
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await??;
        }
        Ok(f64::from(done) / begun.elapsed().as_secs_f64())
    }
}

/// Creates a document. SurrealDB asks to retry a transaction that was in conflict with another.
async fn create(db: &Surreal<Any>, table: &str, id: String) -> Result {
    let mut left = 16;
    loop {
        match db.create((table, id.clone())).content(document()).await {
            Err(error) if left > 0 && error.to_string().contains("can be retried") => left -= 1,
            made => return made?.map(|_: Value| ()).ok_or_else(|| "nothing was created".into()),
        }
    }
}
