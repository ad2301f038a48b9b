//! The fuzz targets, fed with mutations of their seeds in every test run.

#![allow(clippy::unwrap_used)]

#[path = "../../../../../fuzz/in_tests/mod.rs"]
mod in_tests;
#[allow(dead_code)]
mod targets;

use in_tests::fuzz;
// Where the parts under test look for it.
#[allow(unused_imports)]
use targets::clock;

#[test]
fn site() {
    fuzz("site", targets::site);
}
