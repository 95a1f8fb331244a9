//! [`fuzzed::container`].
#![no_main]

#[path = "../../tests/craft/mod.rs"]
mod craft;
#[path = "../../tests/fuzzed/mod.rs"]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzed::container(bytes));
