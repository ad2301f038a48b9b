//! How each operation's time grows with the collection.

use std::time::{Duration, Instant};

use super::mpcloud::Mpcloud;
use super::operations::Operation;
use super::parse::Parse;
use super::surreal::Bare;
use super::{Cloud, Contender, by_turns};
use crate::Result;
use crate::rounds::{Series, Turn};

/// How many documents there are, one after the other.
pub const SIZES: [u64; 3] = [1000, 100_000, 1_000_000];
/// How long a turn is, if one time of the operation is not longer.
const TURN: Duration = Duration::from_secs(1);
/// How many documents are inserted in a turn, so that the size stays what it is said to be.
const INSERTS: u32 = 20;
const ROUNDS: usize = 3;

/// What was found at one size.
pub struct Grown {
    pub size: u64,
    /// Rates of each operation, one at a time.
    pub operations: Vec<(Operation, Vec<Series>)>,
    /// Documents a second while they were loaded, by contender.
    pub loaded: Vec<f64>,
    /// Bytes on the disk, by contender.
    pub bytes: Vec<u64>,
}

/// Measures at each size; mpcloud, then the bare loop, then Parse Server.
pub async fn measure(cloud: &Cloud<'_>) -> Result<Vec<Grown>> {
    let mut contenders: [Box<dyn Contender>; 3] =
        [Box::new(Mpcloud::prepare(cloud, true).await?), Box::new(Bare::open().await?), Box::new(Parse::start().await?)];
    let mut all = Vec::new();
    for size in SIZES {
        let (mut loaded, mut bytes) = (Vec::new(), Vec::new());
        for contender in &mut contenders {
            let from = contender.size();
            println!("loading {} documents into {}", size - from, contender.name());
            let begun = Instant::now();
            contender.load(from..size).await?;
            loaded.push((size - from) as f64 / begun.elapsed().as_secs_f64());
            bytes.push(contender.bytes().await?);
        }
        let mut operations = Vec::new();
        for operation in Operation::GROWING {
            println!("{} at {size}", operation.title());
            let times = if operation.inserts() { INSERTS } else { u32::MAX };
            operations.push((operation, by_turns(&contenders, operation, Turn { times, ..Turn::new(1, TURN) }, ROUNDS).await));
        }
        all.push(Grown { size, operations, loaded, bytes });
    }
    Ok(all)
}
