#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ges_tests::fuzz::create_body(data));
