//! The codecs of the library, as anybody may use them: on random streams, and on the corpora of the fuzzer.

#[path = "support/codecs.rs"]
mod codecs;

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use sockeye::framing::{Codec, Delimiter, Framing};

#[test]
fn every_input_of_the_corpora_keeps_what_holds_for_codecs() {
    type Target = fn(&[u8]);
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    if !corpora.exists() {
        // A package of the library alone carries no fuzzer.
        return;
    }
    for (name, target) in [("burst", codecs::burst as Target), ("lines", codecs::lines), ("length", codecs::length)] {
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

/// Text with many line ends, whole and broken.
fn text() -> impl Strategy<Value = Vec<u8>> {
    "[a-cż\r\n]{0,60}".prop_map(String::into_bytes)
}

/// Messages in a framing, some of them spoilt.
fn frames(framing: Framing) -> impl Strategy<Value = Vec<u8>> {
    let frame = vec(any::<u8>(), 0..12).prop_map(move |message| {
        let mut bytes = Vec::new();
        // What cannot be sent is a fine stream too.
        let encoded = Codec::new(framing).encode(&message, Delimiter::CrLf, &mut bytes);
        if encoded.is_ok() { bytes } else { message }
    });
    let spoilt = prop_oneof![9 => Just(Vec::new()), 1 => vec(any::<u8>(), 1..4)];
    vec((frame, spoilt), 0..6)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(frame, spoilt)| [frame, spoilt]).flatten().collect())
}

fn any_framing() -> impl Strategy<Value = Framing> {
    prop::sample::select(&Framing::ALL[..])
}

proptest! {
    #[test]
    fn any_bytes_keep_what_holds_for_codecs(framing in any_framing(), how: u8, bytes: Vec<u8>) {
        codecs::check(framing, how, &bytes);
    }

    #[test]
    fn any_lines_keep_what_holds_for_codecs(how: u8, text in text()) {
        codecs::lines(&[&[how], &text[..]].concat());
        codecs::burst(&[&[how], &text[..]].concat());
    }

    #[test]
    fn any_frames_keep_what_holds_for_codecs(
        how: u8,
        (framing, bytes) in any_framing().prop_flat_map(|framing| (Just(framing), frames(framing))),
    ) {
        codecs::check(framing, how, &bytes);
    }
}
