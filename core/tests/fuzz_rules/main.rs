//! The fuzz target `file_rules`, fed with mutations of its seeds in every test run, and with what is made
//! to take long.

#![allow(clippy::unwrap_used, clippy::panic)]

mod hostile;
#[path = "../../../fuzz/in_tests/mod.rs"]
mod in_tests;
#[allow(dead_code)]
mod targets;

use in_tests::{fuzz, on_small_stack};
// Where the parts under test look for each other.
use targets::{object, rule};

#[test]
fn file_rules() {
    fuzz("file_rules", targets::file_rules);
}
