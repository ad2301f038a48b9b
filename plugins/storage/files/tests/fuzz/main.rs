//! The fuzz targets, fed with mutations of their seeds in every test run.

#![allow(clippy::unwrap_used)]

#[path = "../../../../../fuzz/in_tests/mod.rs"]
mod in_tests;
#[allow(dead_code)]
mod targets;

use in_tests::fuzz;

#[test]
fn ranges() {
    fuzz("ranges", targets::ranges);
}

#[test]
fn form() {
    fuzz("form", targets::form);
}
