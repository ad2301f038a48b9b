//! Random cases, evaluated here and by npm `mingo`. See `README.md`.

#![allow(clippy::unwrap_used)]

mod agree;
mod case;
mod coverage;
mod differences;
mod evaluate;
mod generate;
mod process;
mod random;
mod settle;
mod shrink;
mod wire;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use agree::agree;
use bson::Bson;
use case::{Case, Kind, Outcome};
use coverage::Coverage;
use differences::Difference;
use generate::Generator;
use process::Mingo;
use settle::{Settled, evaluate_both, settle};

/// Without `MPCLOUD_DIFFERENTIAL_CASES`.
const CASES: u64 = 100_000;
const BATCH: u64 = 500;
/// How many differences that nothing explains are printed.
const SHOWN: usize = 400;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|e| panic!("{name}={text}: {e}")))
}

#[test]
#[ignore = "not all differences are listed yet: see README.md"]
fn mql_answers_as_mingo_does() {
    let cases = number("MPCLOUD_DIFFERENTIAL_CASES").unwrap_or(CASES);
    let seed = number("MPCLOUD_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::try_from(now.as_nanos() % u128::from(u64::MAX)).unwrap()
    });
    println!("MPCLOUD_SEED={seed} MPCLOUD_DIFFERENTIAL_CASES={cases}");
    let modules = process::install();
    let generator = Generator::new();
    if !generator.unknown.is_empty() {
        println!("operators that mql does not know, left out: {:?}", generator.unknown);
    }
    let all = differences::all();
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let run = Run { seed, cases, next: &next, generator: &generator, all: &all, modules: &modules };
    // Node and mql take turns in a thread, so that two threads leave both cores idle at times.
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| run.work())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut coverage = Coverage::default();
    let mut settled = Vec::new();
    for (part, differing) in parts {
        coverage.add(part);
        settled.extend(differing);
    }
    coverage.print();
    println!("{cases} cases in {:.1} s", started.elapsed().as_secs_f64());
    let problems = report(&all, &settled, cases);
    let missing = coverage.missing(&generator.unknown);
    assert!(missing.is_empty(), "operators that no case used: {missing:?}");
    assert!(problems == 0, "{problems} problems, see above; MPCLOUD_SEED={seed}");
}

/// Prints what was found; answers how many problems there are.
fn report(all: &[&Difference], settled: &[Settled], cases: u64) -> usize {
    let mut counts = vec![0_u64; all.len()];
    let mut unexplained: BTreeMap<String, Vec<&Settled>> = BTreeMap::new();
    for item in settled {
        match item.explained {
            Some(place) => counts[place] += 1,
            None => unexplained.entry(signature(item)).or_default().push(item),
        }
    }
    println!("differences explained, of {} differing cases:", settled.len());
    let mut unused = 0;
    for (difference, count) in all.iter().zip(counts) {
        println!("{count:8}  {}: {}", difference.name, difference.because);
        // A short run may not meet all of them.
        if count == 0 && cases >= CASES {
            println!("          never applied: is it stale?");
            unused += 1;
        }
    }
    let total: usize = unexplained.values().map(Vec::len).sum();
    let mut groups: Vec<_> = unexplained.into_iter().collect();
    groups.sort_by_key(|(_, items)| std::cmp::Reverse(items.len()));
    if total > 0 {
        println!("{total} differences are not explained, of {} forms:", groups.len());
    }
    for (signature, items) in groups.iter().take(SHOWN) {
        println!("\n{} times {signature}", items.len());
        let mut items = items.clone();
        items.sort_by_key(|item| item.case.line().len());
        for item in items.iter().take(1) {
            println!("  case {}: {}", item.number, item.case.line());
            println!("    mql   {}", item.ours.line());
            println!("    mingo {}", item.theirs.line());
        }
    }
    unused + total
}

/// What differences of one form have in common.
fn signature(item: &Settled) -> String {
    let mut names = std::collections::BTreeSet::new();
    item.case.operators(&mut |name| _ = names.insert(name.to_owned()));
    let side = |outcome: &Outcome| match outcome {
        Outcome::Value(_) => "value".to_owned(),
        Outcome::Error(number, _) => format!("error {number}"),
    };
    format!("{} {names:?}: {} here, {} there", item.case.kind.name(), side(&item.ours), side(&item.theirs))
}

struct Run<'a> {
    seed: u64,
    cases: u64,
    next: &'a AtomicU64,
    generator: &'a Generator,
    all: &'a [&'static Difference],
    modules: &'a Path,
}

impl Run<'_> {
    /// Takes batches until there are no more.
    fn work(&self) -> (Coverage, Vec<Settled>) {
        let mut mingo = Mingo::start(self.modules);
        let (mut coverage, mut settled) = (Coverage::default(), Vec::new());
        loop {
            let first = self.next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= self.cases {
                return (coverage, settled);
            }
            let numbers: Vec<u64> = (first..(first + BATCH).min(self.cases)).collect();
            let cases: Vec<Case> = numbers.iter().map(|number| self.generator.case(self.seed, *number)).collect();
            let outcomes = evaluate_both(&mut mingo, &cases);
            let mut differing = Vec::new();
            for ((case, number), (ours, theirs)) in cases.into_iter().zip(numbers).zip(outcomes) {
                coverage.count(&case);
                if let (Kind::Filter, Outcome::Value(Bson::Array(matches))) = (case.kind, &ours) {
                    coverage.tested += matches.len() as u64;
                    coverage.matched += matches.iter().filter(|matched| **matched == Bson::Boolean(true)).count() as u64;
                }
                if matches!((&ours, &theirs), (Outcome::Error(..), Outcome::Error(..))) {
                    *coverage.refused.entry(case.kind).or_default() += 1;
                }
                if !agree(&ours, &theirs) {
                    differing.push(Settled { case, ours, theirs, number, explained: None });
                }
            }
            settled.extend(settle(&mut mingo, self.all, differing));
        }
    }
}
