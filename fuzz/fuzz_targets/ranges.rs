#![no_main]

#[allow(dead_code)]
#[path = "../../plugins/storage/files/tests/fuzz/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::ranges(data));
