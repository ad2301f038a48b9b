//! Feeds fuzz targets in test runs, without libFuzzer: with the seeds in `fuzz/corpus`, and for a moment
//! with mutations of them. `FUZZ_SEED` repeats a run, `FUZZ_MS` makes it longer.

mod mutate;

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mutate::Mutator;

/// As much stack as threads have by default: what runs on more is not known to be bounded.
const STACK: usize = 2 << 20;

/// Runs on a thread with a small stack.
pub fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap();
    if let Err(cause) = thread.join() {
        panic::resume_unwind(cause);
    }
}

/// Feeds a target, whose seeds are in the folder of its name.
pub fn fuzz(name: &'static str, target: fn(&[u8])) {
    let seed = setting("FUZZ_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::try_from(now.as_nanos() & u128::from(u64::MAX)).unwrap() | 1
    });
    let time = Duration::from_millis(setting("FUZZ_MS").unwrap_or(1_500));
    println!("FUZZ_SEED={seed}");
    on_small_stack(move || {
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
    });
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let folder = above.map(|folder| folder.join("fuzz/corpus").join(target)).find(|folder| folder.is_dir()).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}
