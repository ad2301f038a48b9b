//! The fuzz target, fed with mutations of the seeds in `fuzz/corpus` for a moment in every test
//! run, and with what is made to take long. `FUZZ_SEED` repeats a run, `FUZZ_MS` makes it longer.

#![allow(clippy::unwrap_used, clippy::panic)]

mod hostile;
#[path = "../../../plugins/functions/tests/fuzz/mutate.rs"]
mod mutate;
#[allow(dead_code)]
mod targets;

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::{Duration, Instant};

use mutate::Mutator;
// Where the parts under test look for each other.
use targets::{object, rule};

/// As much stack as threads have by default: what runs on more is not known to be bounded.
const STACK: usize = 2 << 20;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// Runs on a thread with a small stack.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap();
    if let Err(cause) = thread.join() {
        panic::resume_unwind(cause);
    }
}

#[test]
fn file_rules() {
    let seed = setting("FUZZ_SEED").unwrap_or_else(|| rand::random::<u64>() | 1);
    let time = Duration::from_millis(setting("FUZZ_MS").unwrap_or(1_500));
    println!("FUZZ_SEED={seed}");
    on_small_stack(move || {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/file_rules");
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
        assert!(seeds.len() > 3, "there are seeds");
        let mut mutator = Mutator::new(seed, &seeds);
        let end = Instant::now() + time;
        let mut count = 0;
        let mutated = std::iter::from_fn(|| (Instant::now() < end).then(|| mutator.input()));
        for input in seeds.iter().cloned().chain(mutated) {
            if let Err(cause) = panic::catch_unwind(AssertUnwindSafe(|| targets::file_rules(&input))) {
                println!("file_rules failed with {:?}", String::from_utf8_lossy(&input));
                panic::resume_unwind(cause);
            }
            count += 1;
        }
        println!("{count} inputs");
        assert!(count > seeds.len(), "inputs were mutated");
    });
}
