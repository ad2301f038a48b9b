#![no_main]

#[allow(dead_code)]
#[path = "../../plugins/functions/tests/fuzz/targets.rs"]
mod targets;

use targets::config;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::cron_text(data));
