//! Messages that end at a line end or at silence.

#![no_main]
#![expect(dead_code, reason = "each target uses its part of the checks")]

#[path = "../../tests/support/codecs.rs"]
mod codecs;

libfuzzer_sys::fuzz_target!(|input: &[u8]| codecs::burst(input));
