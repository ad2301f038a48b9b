//! Running cases.

use super::list::CASES;
use crate::conformance::{Backend, case};

/// The names of all cases, such as `objects::parts`.
pub fn cases() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|case| case.name)
}

/// Runs all cases against one backend.
///
/// # Panics
/// When a case fails, after all have run; the message has all failures.
pub async fn run(backend: impl Backend) {
    run_some(backend, |_| true).await;
}

/// Runs the cases whose names are wanted.
///
/// # Panics
/// As [`run`], and when no case is wanted.
pub async fn run_some(backend: impl Backend, wanted: impl Fn(&str) -> bool) {
    case::run_some(CASES, backend, wanted).await;
}

/// Runs one case in a runtime of its own, against a backend that `open` makes.
///
/// # Panics
/// When the case fails, or there is none of this name.
pub fn run_case<B: Backend, F: Future<Output = B>>(name: &str, open: impl FnOnce() -> F) {
    case::run_case(CASES, name, open);
}
