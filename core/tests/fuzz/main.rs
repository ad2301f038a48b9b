//! The fuzz target `host`, fed with mutations of the seeds in `fuzz/corpus` for a moment in every
//! test run. `FUZZ_SEED` repeats a run, `FUZZ_MS` makes it longer.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod targets;

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

/// What is written into inputs as it is.
const WORDS: &[&str] = &[
    "0\n",
    "1\n",
    "2\n",
    "\n",
    "/",
    "//",
    "*",
    "http://",
    "https://",
    "@",
    ":",
    ":80",
    ":99999",
    ".",
    "..",
    "[::1]",
    "[",
    "]",
    "127.0.0.1",
    "0x7f",
    "localhost",
    "example.com",
    "cloud.example.com",
    "xn--",
    "-",
    "_",
    "%2e",
    "%00",
    "?",
    "#",
    ",",
    " ",
    "\t",
    "\r",
    "\0",
    "é",
    "A",
];

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

fn mutated(random: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = seeds.choose(random).unwrap().clone();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=input.len());
        match random.random_range(0..5) {
            0 => drop(input.splice(at..at, WORDS.choose(random).unwrap().bytes())),
            1 => drop(input.splice(at..at, [random.random::<u8>()])),
            2 => input.truncate(at),
            3 => drop(input.drain(at..(at + 3).min(input.len()))),
            _ => {
                let other = seeds.choose(random).unwrap();
                input.extend_from_slice(&other[random.random_range(0..=other.len())..]);
            }
        }
    }
    input
}

#[test]
fn host_and_path() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = setting("FUZZ_SEED").unwrap_or(now.as_secs());
    println!("FUZZ_SEED={seed}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/host");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(seeds.len() > 3, "there are seeds");
    let mut random = StdRng::seed_from_u64(seed);
    let end = Instant::now() + Duration::from_millis(setting("FUZZ_MS").unwrap_or(1_500));
    let mut count = 0;
    let mutations = std::iter::from_fn(|| (Instant::now() < end).then(|| mutated(&mut random, &seeds)));
    for input in seeds.iter().cloned().chain(mutations) {
        if let Err(cause) = panic::catch_unwind(AssertUnwindSafe(|| targets::request(&input))) {
            println!("host failed with {:?}", String::from_utf8_lossy(&input));
            panic::resume_unwind(cause);
        }
        count += 1;
    }
    println!("{count} inputs");
    assert!(count > seeds.len(), "inputs were mutated");
}
