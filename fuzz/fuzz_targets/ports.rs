//! Ports and their ranges, as people write them.

#![no_main]
#![expect(dead_code, unused_imports, reason = "each target uses its part of the grammars")]

#[path = "../../tests/support/grammars.rs"]
mod grammars;

libfuzzer_sys::fuzz_target!(|input: &[u8]| grammars::ports(input));
