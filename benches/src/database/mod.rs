//! The database over the wire, beside a loop on an embedded SurrealDB and beside Parse Server on
//! PostgreSQL. All hold the same documents and answer the same questions; who answers wrongly is
//! not measured.

mod document;
pub mod growth;
mod mpcloud;
mod operations;
mod parse;
mod postgres;
mod surreal;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use e2e::{Server, Space, Wire};
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::Result;
use crate::rounds::{Series, Turn};

pub use document::scattered;
use mpcloud::Mpcloud;
pub use operations::Operation;
use parse::Parse;
use surreal::Bare;

/// How many documents there are.
pub const DOCUMENTS: u64 = 100_000;
/// How long a turn is at the most, so that all of it takes five minutes.
const LONGEST_TURN: Duration = Duration::from_secs(2);

/// A space of a server, and a mini program that is signed in to it.
pub struct Cloud<'a> {
    pub server: &'a Server,
    pub space: &'a Space,
    pub wire: &'a Wire,
}

/// What is compared.
trait Contender: Send + Sync {
    fn name(&self) -> &'static str;

    /// How many documents it holds, besides those that were inserted while it was measured.
    fn size(&self) -> u64;

    /// Adds documents to the collection that has an index on `n` and, where there is such a
    /// thing, on `location`.
    fn load(&mut self, documents: Range<u64>) -> BoxFuture<'_, Result>;

    /// Does a variant of an operation once; gives the documents or groups that it answers.
    fn ask(&self, operation: Operation, variant: u64) -> BoxFuture<'_, Result<Vec<Value>>>;

    /// How often a second it does an operation.
    fn measure(&self, operation: Operation, turn: Turn) -> BoxFuture<'_, Result<f64>>;

    /// The bytes that it takes on the disk.
    fn bytes(&self) -> BoxFuture<'_, Result<u64>>;
}

/// Rates of each operation: mpcloud, then the bare loop, then Parse Server.
pub async fn measure(cloud: &Cloud<'_>, turn: Turn, rounds: usize) -> Result<Vec<(Operation, Vec<Series>)>> {
    let mut contenders: [Box<dyn Contender>; 3] =
        [Box::new(Mpcloud::prepare(cloud, false).await?), Box::new(Bare::open().await?), Box::new(Parse::start().await?)];
    for contender in &mut contenders {
        println!("loading {DOCUMENTS} documents into {}", contender.name());
        contender.load(0..DOCUMENTS).await?;
    }
    let mut measured = Vec::new();
    for operation in Operation::COMPARED {
        println!("{}", operation.title());
        let connections = if operation.looks_at_all() { 1 } else { turn.connections };
        let turn = Turn { connections, ..turn.at_most(LONGEST_TURN) };
        measured.push((operation, by_turns(&contenders, operation, turn, rounds).await));
    }
    Ok(measured)
}

async fn by_turns(contenders: &[Box<dyn Contender>], operation: Operation, turn: Turn, rounds: usize) -> Vec<Series> {
    let mut series: Vec<Series> = contenders.iter().map(|contender| Series::new(contender.name())).collect();
    for (contender, series) in contenders.iter().zip(&mut series) {
        let warm = async {
            check(&**contender, operation).await?;
            contender.measure(operation, turn.at_most(Duration::from_secs(1))).await
        };
        series.failure = warm.await.err().map(|e| e.to_string());
    }
    for _ in 0..rounds {
        for (contender, series) in contenders.iter().zip(&mut series).filter(|(_, series)| series.failure.is_none()) {
            match contender.measure(operation, turn).await {
                Ok(figure) => series.figures.push(figure),
                Err(e) => series.failure = Some(e.to_string()),
            }
        }
    }
    for series in &series {
        if let Some(failure) = &series.failure {
            println!("{}: {failure}", series.name);
        }
    }
    series
}

/// Whether an operation does what it should.
async fn check(contender: &dyn Contender, operation: Operation) -> Result {
    // Any variant will do.
    let variant = 7;
    if operation.inserts() {
        contender.ask(operation, variant).await?;
        return Ok(());
    }
    if operation == Operation::UpdateOne {
        let before = views(contender, variant).await?;
        contender.ask(operation, variant).await?;
        let after = views(contender, variant).await?;
        return if after - before == 1.0 { Ok(()) } else { Err(format!("$inc makes {after} of {before}").into()) };
    }
    let (shown, expected) = (operation.shown(&contender.ask(operation, variant).await?), operation.expected(variant, contender.size()));
    if shown == expected {
        return Ok(());
    }
    Err(format!("it answers {} instead of {}", Value::Array(shown), Value::Array(expected)).into())
}

async fn views(contender: &dyn Contender, variant: u64) -> Result<f64> {
    let found = contender.ask(Operation::FindOne, variant).await?;
    found.first().and_then(|document| document["views"].as_f64()).ok_or_else(|| "a document has no views".into())
}

/// The sizes of all files in a folder.
fn bytes_in(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(found) if found.is_dir() => bytes += bytes_in(&entry.path())?,
            Ok(found) => bytes += found.len(),
            // The database removes files while it runs.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(bytes)
}
