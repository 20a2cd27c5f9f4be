#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bert_fuzz::shards(bytes));
