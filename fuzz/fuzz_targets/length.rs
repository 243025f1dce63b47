//! Messages behind a header that says how long they are.

#![no_main]
#![expect(dead_code, reason = "each target uses its part of the checks")]

#[path = "../../tests/support/codecs.rs"]
mod codecs;

libfuzzer_sys::fuzz_target!(|input: &[u8]| codecs::length(input));
