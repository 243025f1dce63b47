//! The grammars of the command line: on random words, and on the corpora of the fuzzer.
#![allow(dead_code, unused_imports, clippy::allow_attributes, reason = "the grammars are those of the program, whole")]

#[path = "support/grammars.rs"]
mod grammars;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[test]
fn every_input_of_the_corpora_keeps_what_holds_for_grammars() {
    type Target = fn(&[u8]);
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    if !corpora.exists() {
        // A package of the library alone carries no fuzzer.
        return;
    }
    for (name, target) in [("address", grammars::address as Target), ("ports", grammars::ports)] {
        let inputs: Vec<_> = fs::read_dir(corpora.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(inputs.len() >= 10, "{name} has {} inputs", inputs.len());
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            if std::panic::catch_unwind(|| target(&bytes)).is_err() {
                panic!("{} fails, as told above", input.display());
            }
        }
    }
}

proptest! {
    #[test]
    fn any_words_keep_what_holds_for_grammars(word: String) {
        grammars::address(word.as_bytes());
        grammars::ports(word.as_bytes());
    }

    #[test]
    fn words_that_look_like_addresses_do_too(word in r"\[?[0-9a-f:.]{0,20}(%[0-9a-z]{0,3})?\]?[-/:]?[0-9.]{0,6}") {
        grammars::address(word.as_bytes());
    }

    #[test]
    fn words_that_look_like_ports_do_too(words in r"([0-9]{0,5}-?[0-9]{0,5}|h?\*?t?p?\??s?)(,([0-9]{1,5}|[a-z]{2}\*)){0,3}") {
        grammars::ports(words.as_bytes());
    }
}
