//! The fuzz targets, fed with mutations of their seeds in every test run.

#![allow(clippy::unwrap_used)]

#[path = "../../../../fuzz/in_tests/mod.rs"]
mod in_tests;
#[allow(dead_code)]
mod targets;

use in_tests::fuzz;
// Where the parts under test, and their own tests, look for each other.
#[allow(unused_imports)]
use targets::{config, package};

#[test]
fn cron() {
    fuzz("cron", targets::cron_text);
}

#[test]
fn trigger() {
    fuzz("trigger", targets::trigger);
}

#[test]
fn package() {
    fuzz("package", targets::package_zip);
}
