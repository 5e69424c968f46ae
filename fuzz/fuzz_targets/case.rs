#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| endspec::fuzz::targets::case::check(data));
