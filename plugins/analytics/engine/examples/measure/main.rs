//! Measures the engine for `benches/analytics/compare.py`, one step a process, so that the memory of
//! each is known:
//!
//! - `write EVENTS FILE` writes calm traffic as Parquet, which databases read too.
//! - `ingest FILE FOLDER` takes it in and saves the state as segments; `ingest EVENTS FOLDER` takes in
//!   as many events that are made in memory, outside of the clock.
//! - `reports FOLDER` loads the state and answers all questions; `reports FOLDER warm` does not load it
//!   anew for each of them as well.
//!
//! Each prints one line of JSON.

mod events;
mod questions;
mod reports;
mod state;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

type Failure = Box<dyn std::error::Error>;
type Result<T = (), E = Failure> = std::result::Result<T, E>;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = match *arguments.as_slice() {
        ["write", events, file] => {
            let events = events::write(events.parse()?, Path::new(file))?;
            json!({"events": events, "bytes": std::fs::metadata(file)?.len()})
        }
        ["ingest", source, folder] => match source.parse::<u64>() {
            Ok(events) => state::ingest(|| Ok(events::made(events)), folder.as_ref(), false)?,
            Err(_) => state::ingest(|| events::read(source.as_ref()), folder.as_ref(), true)?,
        },
        ["reports", folder] => reports::measure(folder.as_ref(), true)?,
        ["reports", folder, "warm"] => reports::measure(folder.as_ref(), false)?,
        _ => return Err("write EVENTS FILE | ingest FILE FOLDER | ingest EVENTS FOLDER | reports FOLDER [warm]".into()),
    };
    println!("{told}");
    Ok(())
}

/// Adds how long some work takes.
fn timed<T>(spent: &mut Duration, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    *spent += begun.elapsed();
    done
}

/// The memory of this process in bytes, resident: now, and at most.
fn memory() -> Result<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()).ok_or("no such line in /proc/self/status")?;
        Ok(number.parse::<u64>()? * 1024)
    };
    Ok((kilobytes("VmRSS:")?, kilobytes("VmHWM:")?))
}
