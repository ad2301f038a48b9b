//! The fuzz target, fed with mutations of the seeds in `fuzz/corpus` for a moment in every test
//! run. `FUZZ_SEED` repeats a run, `FUZZ_MS` makes it longer.

#![allow(clippy::unwrap_used)]

// The mutations are those of the other targets.
#[path = "../../../../functions/tests/fuzz/mutate.rs"]
mod mutate;
#[allow(dead_code)]
mod targets;

use std::path::Path;
use std::time::{Duration, Instant};

use mutate::Mutator;
// Where the parts under test look for it.
use targets::clock;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

#[test]
fn site() {
    let seed = setting("FUZZ_SEED").unwrap_or_else(|| clock::now() | 1);
    let time = Duration::from_millis(setting("FUZZ_MS").unwrap_or(1_500));
    println!("FUZZ_SEED={seed}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/site");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(seeds.len() > 3, "there are seeds");
    let mut mutator = Mutator::new(seed, &seeds);
    let end = Instant::now() + time;
    let mutated = std::iter::from_fn(|| (Instant::now() < end).then(|| mutator.input()));
    let mut count = 0;
    for input in seeds.iter().cloned().chain(mutated) {
        if let Err(cause) = std::panic::catch_unwind(|| targets::site(&input)) {
            println!("site failed with {:?}", String::from_utf8_lossy(&input));
            std::panic::resume_unwind(cause);
        }
        count += 1;
    }
    println!("{count} inputs");
    assert!(count > seeds.len(), "inputs were mutated");
}
