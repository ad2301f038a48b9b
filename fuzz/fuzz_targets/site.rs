#![no_main]

#[allow(dead_code)]
#[path = "../../plugins/hosting/sites/tests/fuzz/targets.rs"]
mod targets;

use targets::clock;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::site(data));
