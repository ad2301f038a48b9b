//! Random cases, evaluated here and by npm `mingo`. See `README.md`.

#![allow(clippy::unwrap_used)]

mod agree;
mod case;
mod coverage;
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
use std::time::Instant;

use agree::agree;
use case::{Case, Outcome};
use coverage::Coverage;
use generate::Generator;
use process::{Correction, Mingo};
use settle::{Differing, evaluate_both, settle};

/// Without `MPCLOUD_DIFFERENTIAL_CASES`.
const CASES: u64 = 100_000;
/// Without `MPCLOUD_SEED`. Always the same cases: a difference so rare that nobody has met it must
/// not fail a change that has nothing to do with it. Long runs take other seeds.
const SEED: u64 = 20_261_126;
/// From here on each correction has to make a difference.
const LONG: u64 = 1_000_000;
const BATCH: u64 = 500;
/// Each has a process of mingo beside it.
const THREADS: usize = 2;
/// How many differences are made small and printed.
const SHOWN: usize = 100;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|e| panic!("{name}={text}: {e}")))
}

#[test]
fn mql_answers_as_mingo_does() {
    let cases = number("MPCLOUD_DIFFERENTIAL_CASES").unwrap_or(CASES);
    let seed = number("MPCLOUD_SEED").unwrap_or(SEED);
    println!("MPCLOUD_SEED={seed} MPCLOUD_DIFFERENTIAL_CASES={cases}");
    let modules = process::install();
    let generator = Generator::new();
    if !generator.unknown.is_empty() {
        println!("operators that mql does not know, left out: {:?}", generator.unknown);
    }
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let run = Run { seed, cases, next: &next, generator: &generator, modules: &modules };
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| run.work())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut coverage = Coverage::default();
    let mut differing = Vec::new();
    for (part, found) in parts {
        coverage.add(part);
        differing.extend(found);
    }
    coverage.print();
    println!("{cases} cases in {:.1} s, {} differ", started.elapsed().as_secs_f64(), differing.len());
    let mut mingo = Mingo::start(&modules);
    let corrections = std::mem::take(&mut mingo.corrections);
    let stale = corrected(&corrections, &coverage, cases);
    let total = differing.len();
    report(&mut mingo, differing);
    let missing = coverage.missing(&generator.unknown, cases);
    assert!(missing.is_empty(), "operators on which both sides agreed too seldom: {missing:?}");
    assert!(stale.is_empty(), "corrections that changed nothing: {stale:?}");
    assert!(total == 0, "{total} cases differ, see above; MPCLOUD_SEED={seed}");
}

/// Prints in how many cases each correction made a difference; answers those that made none.
fn corrected<'a>(corrections: &'a [Correction], coverage: &Coverage, cases: u64) -> Vec<&'a str> {
    println!("corrections of mingo, in {} cases:", coverage.corrected);
    let mut stale = Vec::new();
    for (place, Correction { name, page, says }) in corrections.iter().enumerate() {
        let count = coverage.corrections.get(&place).copied().unwrap_or_default();
        println!("{count:8}  {name}: {says} ({page})");
        // A short run may not meet the rarest.
        if count == 0 && cases >= LONG {
            stale.push(name.as_str());
        }
    }
    stale
}

/// Makes differences small and prints them by their forms.
fn report(mingo: &mut Mingo, mut differing: Vec<Differing>) {
    differing.sort_by_key(|item| item.case.size());
    let mut forms: BTreeMap<String, Vec<Differing>> = BTreeMap::new();
    for item in differing.into_iter().take(SHOWN) {
        let item = settle(mingo, item);
        forms.entry(signature(&item)).or_default().push(item);
    }
    let mut forms: Vec<_> = forms.into_iter().collect();
    forms.sort_by_key(|(_, items)| std::cmp::Reverse(items.len()));
    for (signature, items) in &forms {
        println!("\n{} times {signature}", items.len());
        if let Some(item) = items.iter().min_by_key(|item| item.case.size()) {
            println!("  case {}: {}", item.number, item.case.line());
            println!("    mql   {}", item.ours.line());
            println!("    mingo {}", item.theirs.line());
        }
    }
}

/// What differences of one form have in common.
fn signature(item: &Differing) -> String {
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
    modules: &'a Path,
}

impl Run<'_> {
    /// Takes batches until there are no more.
    fn work(&self) -> (Coverage, Vec<Differing>) {
        let mut mingo = Mingo::start(self.modules);
        let (mut coverage, mut differing) = (Coverage::default(), Vec::new());
        loop {
            let first = self.next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= self.cases {
                return (coverage, differing);
            }
            let numbers = first..(first + BATCH).min(self.cases);
            let cases: Vec<Case> = numbers.clone().map(|number| self.generator.case(self.seed, number)).collect();
            let outcomes = evaluate_both(&mut mingo, &cases);
            for ((case, number), (ours, answer)) in cases.into_iter().zip(numbers).zip(outcomes) {
                coverage.count(&case, &ours, &answer);
                if !agree(&ours, &answer.outcome) {
                    differing.push(Differing { case, ours, theirs: answer.outcome, number });
                }
            }
        }
    }
}
