#![no_main]

#[allow(dead_code)]
#[path = "../../core/tests/fuzz_rules/targets.rs"]
mod targets;

use targets::{object, rule};

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::file_rules(data));
