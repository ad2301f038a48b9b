//! A loop on an embedded SurrealDB, in this process: no wire, no signature, no MongoDB's language.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::future::BoxFuture;
use surrealdb::Surreal;
use surrealdb::engine::any::{Any, connect};
use surrealdb::types::{Geometry, RecordId, Value, object};
use tempfile::TempDir;

use super::document::{Document, NEW};
use super::operations::{Operation, PAGE};
use super::{Contender, bytes_in};
use crate::Result;
use crate::rounds::Turn;

const TABLE: &str = "documents";
const BATCH: usize = 1000;
/// How often a transaction is tried that was in conflict with another.
const TRIES: u32 = 16;

pub struct Bare {
    session: Session,
    size: u64,
    folder: TempDir,
}

/// What the tasks of a turn share.
#[derive(Clone)]
struct Session {
    db: Surreal<Any>,
    next: Arc<AtomicU64>,
}

impl Bare {
    pub async fn open() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_str().ok_or("the temporary folder's path is not UTF-8")?;
        // As the db plugin opens it: an insert is done when it is on the disk.
        let db = connect(format!("surrealkv://{path}?sync=every")).await?;
        db.use_ns("bench").use_db("bench").await?;
        // SurrealDB has no index for distances.
        let tables = format!("DEFINE TABLE inserted; DEFINE TABLE {TABLE}; DEFINE INDEX n_1 ON {TABLE} FIELDS n;");
        db.query(tables).await?.check()?;
        Ok(Self { session: Session { db, next: Arc::new(AtomicU64::new(0)) }, size: 0, folder })
    }
}

impl Session {
    /// Does an operation, and gives what SurrealDB answers.
    async fn work(&self, operation: Operation, variant: u64, size: u64) -> Result<Value> {
        let number = operation.number(variant, size);
        let record = || RecordId::new(TABLE, number.cast_signed());
        let query = match operation {
            Operation::InsertOne | Operation::InsertIndexed => {
                let table = if operation == Operation::InsertOne { "inserted" } else { TABLE };
                // Below zero is where no other document is.
                let id = RecordId::new(table, -1 - self.next.fetch_add(1, Ordering::Relaxed).cast_signed());
                return self.create(id).await;
            }
            Operation::FindOne => {
                let found: Option<Value> = self.db.select(record()).await?;
                return found.ok_or_else(|| "a document is missing".into());
            }
            Operation::UpdateOne => return self.update(record()).await,
            Operation::FindIndexed => self
                .db
                .query(format!("SELECT * FROM {TABLE} WHERE n >= $first AND n < $end ORDER BY n LIMIT {PAGE}"))
                .bind(("first", number))
                .bind(("end", number + PAGE)),
            Operation::Scan => {
                let title = Document(number).title();
                self.db.query(format!("SELECT * FROM {TABLE} WHERE title = $title LIMIT {PAGE}")).bind(("title", title))
            }
            Operation::Group => {
                self.db.query(format!("SELECT category, count() AS count, math::sum(n) AS total FROM {TABLE} GROUP BY category"))
            }
            Operation::Near => {
                let statement =
                    format!("SELECT *, geo::distance(location, $place) AS distance FROM {TABLE} ORDER BY distance LIMIT {PAGE}");
                self.db.query(statement).bind(("place", Value::Geometry(Geometry::Point(Operation::place(variant)))))
            }
        };
        Ok(query.await?.check()?.take(0)?)
    }

    async fn create(&self, id: RecordId) -> Result<Value> {
        let mut tries = 0;
        loop {
            let created: Result<Option<Value>, _> = self.db.create(id.clone()).content(new()).await;
            match created {
                Err(error) if tries < TRIES && retried(&error) => tries += 1,
                created => return created?.ok_or_else(|| "nothing was created".into()),
            }
        }
    }

    async fn update(&self, id: RecordId) -> Result<Value> {
        let mut tries = 0;
        loop {
            let updated = self.db.query("UPDATE $id SET views += 1 RETURN NONE").bind(("id", id.clone())).await?.check();
            match updated {
                Err(error) if tries < TRIES && retried(&error) => tries += 1,
                updated => return Ok(updated?.take(0)?),
            }
        }
    }
}

/// SurrealDB asks to retry a transaction that was in conflict with another.
fn retried(error: &surrealdb::Error) -> bool {
    error.to_string().contains("can be retried")
}

fn document(number: u64) -> Value {
    let document = Document(number);
    Value::Object(object! {
        id: number.cast_signed(),
        title: document.title(),
        text: Document::text().to_owned(),
        n: number.cast_signed(),
        category: document.category(),
        views: 0,
        done: false,
        tags: vec!["a".to_owned(), "b".to_owned()],
        location: Value::Geometry(Geometry::Point(document.place())),
    })
}

fn new() -> Value {
    Value::Object(object! {
        title: "new".to_owned(),
        text: Document::text().to_owned(),
        n: -1,
        category: NEW.to_owned(),
        views: 0,
        done: false,
        tags: vec!["a".to_owned(), "b".to_owned()],
        location: Value::Geometry(Geometry::Point(geo::Point::new(0.0, 0.0))),
    })
}

impl Contender for Bare {
    fn name(&self) -> &'static str {
        "embedded SurrealDB"
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn load(&mut self, documents: Range<u64>) -> BoxFuture<'_, Result> {
        Box::pin(async move {
            self.size = documents.end;
            let mut documents = documents.peekable();
            while documents.peek().is_some() {
                let rows: Vec<Value> = documents.by_ref().take(BATCH).map(document).collect();
                self.session.db.query(format!("INSERT INTO {TABLE} $rows RETURN NONE")).bind(("rows", rows)).await?.check()?;
            }
            Ok(())
        })
    }

    fn ask(&self, operation: Operation, variant: u64) -> BoxFuture<'_, Result<Vec<serde_json::Value>>> {
        Box::pin(async move {
            Ok(match self.session.work(operation, variant, self.size).await?.into_json_value() {
                serde_json::Value::Array(all) => all,
                one => vec![one],
            })
        })
    }

    fn measure(&self, operation: Operation, turn: Turn) -> BoxFuture<'_, Result<f64>> {
        Box::pin(async move {
            let begun = Instant::now();
            let size = self.size;
            let tasks: Vec<_> = (0..turn.connections as u64)
                .map(|task| {
                    let session = self.session.clone();
                    tokio::spawn(async move {
                        let mut done = 0u32;
                        while !turn.is_over(begun, done) {
                            // Tasks begin at different variants, as connections do.
                            session.work(operation, task * 7919 + u64::from(done), size).await?;
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
        })
    }

    fn bytes(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async { bytes_in(self.folder.path()) })
    }
}
