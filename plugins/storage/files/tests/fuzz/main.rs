//! The fuzz targets, fed with mutations of the seeds in `fuzz/corpus` for a moment in every test
//! run. `FUZZ_SEED` repeats a run, `FUZZ_MS` makes it longer.

#![allow(clippy::unwrap_used)]

#[path = "../../../../functions/tests/fuzz/mutate.rs"]
mod mutate;
#[allow(dead_code)]
mod targets;

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::{Duration, Instant};

use mutate::Mutator;

/// As much stack as threads have by default: what runs on more is not known to be bounded.
const STACK: usize = 2 << 20;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn fuzz(name: &'static str) {
    let seed = setting("FUZZ_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::try_from(now.as_nanos() & u128::from(u64::MAX)).unwrap() | 1
    });
    let time = Duration::from_millis(setting("FUZZ_MS").unwrap_or(1_500));
    println!("FUZZ_SEED={seed}");
    let work = move || {
        let (_, target) = targets::TARGETS.iter().find(|(known, _)| *known == name).unwrap();
        let seeds = seeds(name);
        assert!(seeds.len() > 3, "there are seeds");
        let mut mutator = Mutator::new(seed, &seeds);
        let end = Instant::now() + time;
        let mut count = 0;
        let mutated = std::iter::from_fn(|| (Instant::now() < end).then(|| mutator.input()));
        for input in seeds.iter().cloned().chain(mutated) {
            if let Err(cause) = panic::catch_unwind(AssertUnwindSafe(|| target(&input))) {
                println!("{name} failed with {:?}", String::from_utf8_lossy(&input));
                panic::resume_unwind(cause);
            }
            count += 1;
        }
        println!("{count} inputs");
        assert!(count > seeds.len(), "inputs were mutated");
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap();
    if let Err(cause) = thread.join() {
        panic::resume_unwind(cause);
    }
}

#[test]
fn ranges() {
    fuzz("ranges");
}

#[test]
fn form() {
    fuzz("form");
}
