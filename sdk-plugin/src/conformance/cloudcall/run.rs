//! Running cases.

use super::desk::Desk;
use super::fixture::Fixture;
use super::list::{NAMES, all};
use crate::conformance::attempt::run_alone;

/// The names of all cases, such as `orders::amounts_are_exact`.
pub fn cases() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

/// Runs one case in a runtime of its own, with a fixture that `open` makes.
///
/// # Panics
/// When the case fails, or there is none of this name.
pub fn run_case<F: Fixture, O: Future<Output = F>>(name: &str, open: impl FnOnce() -> O) {
    run_alone(&all(), name, || async { Desk::open(open().await).await });
}
