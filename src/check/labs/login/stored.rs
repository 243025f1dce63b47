//! Stored: what a login server has written, and what somebody who finds it can read there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Files with what is in them.
pub(super) type Files = Vec<(PathBuf, Vec<u8>)>;

/// A secret that somebody can read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading<'a> {
    pub(super) file: &'a Path,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) form: &'static str,
}

/// Those that are new or were changed.
pub(super) fn written(files: Files, before: &Files) -> Files {
    files.into_iter().filter(|file| !before.contains(file)).collect()
}

/// Where `secret` can be read, as it is or in a form that anybody can undo.
pub(super) fn readable<'a>(files: &'a Files, secret: &str) -> Option<Reading<'a>> {
    let forms = forms(secret);
    files.iter().find_map(|(file, bytes)| {
        forms.iter().find_map(|(form, needle)| find(bytes, needle).map(|at| Reading { file, bytes, at, form }))
    })
}

fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        ("as it is", secret.as_bytes().to_vec()),
        ("backwards", secret.bytes().rev().collect()),
        ("as UTF-16", secret.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("in hexadecimal", hex.to_uppercase().into_bytes()),
        ("in hexadecimal", hex.into_bytes()),
    ];
    // What stands before it shifts the letters that it becomes.
    for shift in 0..3 {
        let shifted = [&vec![0; shift][..], secret.as_bytes()].concat();
        let (from, to) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
        for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            forms.push(("in base64", text.as_bytes()[from..to].to_vec()));
        }
    }
    forms
}

/// Something like a hash that is stored for the first two of three people, who have the same password, and not for the
/// third: what stands at every name says nothing about passwords.
pub(super) fn shared(files: &Files, people: [&str; 3]) -> Option<String> {
    let [one, other, third] =
        people.map(|name| records(files, name, &people.map(|one| if one == name { "" } else { one })));
    let of =
        |records: &[&[u8]]| -> HashSet<(usize, Vec<u8>)> { records.iter().flat_map(|record| hashes(record)).collect() };
    let (mine, common) = (of(&one), of(&third));
    let (_, hash) = of(&other).into_iter().find(|hash| mine.contains(hash) && !common.contains(hash))?;
    Some(match std::str::from_utf8(&hash) {
        Ok(text) => text.to_owned(),
        Err(_) => hash.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

/// Whether something is kept under this name.
pub(super) fn keeps(files: &Files, name: &str) -> bool {
    !records(files, name, &[]).is_empty()
}

/// What stands behind `name`, up to the next of `others`; all of a file that is called after it.
fn records<'a>(files: &'a Files, name: &str, others: &[&str]) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    for (file, bytes) in files {
        if file.to_string_lossy().contains(name) {
            found.push(&bytes[..]);
        }
        let mut from = 0;
        while let Some(at) = find(&bytes[from..], name.as_bytes()) {
            from += at + name.len();
            let behind = &bytes[from..(from + RECORD).min(bytes.len())];
            let others = others.iter().filter(|other| !other.is_empty());
            let to = others.filter_map(|other| find(behind, other.as_bytes())).min().unwrap_or(behind.len());
            found.push(&behind[..to]);
        }
    }
    found
}

/// What may be a hash. Where it is no word, its place behind the name goes with it: what is kept for others may stand
/// near, but not there.
fn hashes(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    let blobs = bytes.windows(16).enumerate().filter(|(_, blob)| is_blob(blob));
    words(bytes).map(|word| (0, word)).chain(blobs.map(|(at, blob)| (at, blob.to_vec())))
}

/// Long words of the letters of hexadecimal and base64: hashes, salts, tokens.
fn words(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(byte);
    let is_hash = |word: &&[u8]| {
        let distinct: HashSet<u8> = word.iter().copied().collect();
        word.len() >= SHORTEST && distinct.len() >= 8 && word.iter().any(u8::is_ascii_digit)
    };
    bytes.split(move |byte| !is_letter(byte)).filter(is_hash).map(<[u8]>::to_vec)
}

/// Whether these are no text.
fn is_blob(blob: &[u8]) -> bool {
    let distinct: HashSet<u8> = blob.iter().copied().collect();
    distinct.len() >= 10 && blob.iter().filter(|byte| **byte >= 0x80).count() >= 4
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len().max(1)).position(|window| window == needle)
}

/// A name, a hash and a salt fit into it many times.
const RECORD: usize = 400;
/// MD5 in base64 without its padding.
const SHORTEST: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &[u8]) -> Files {
        vec![(PathBuf::from("users"), text.to_vec())]
    }

    #[test]
    fn a_password_is_found_in_every_form_that_hides_nothing() {
        let secret = "K7abcdefgh";
        let encoded: Vec<String> =
            ["", "x:", "ala:"].map(|front| STANDARD_NO_PAD.encode(format!("{front}{secret}"))).into();
        for (text, form) in [
            (format!("ala;{secret}\n"), "as it is"),
            ("hgfedcba7K".to_owned(), "backwards"),
            ("4b37616263646566676".to_owned() + "8", "in hexadecimal"),
            (encoded[0].clone(), "in base64"),
            (encoded[1].clone(), "in base64"),
            (encoded[2].clone(), "in base64"),
        ] {
            let files = file(text.as_bytes());
            assert_eq!(readable(&files, secret).map(|reading| reading.form), Some(form), "{text}");
        }
        assert_eq!(readable(&file(b"$argon2id$v=19$m=1$c2FsdA$aGFzaA"), secret), None);
    }

    #[test]
    fn the_same_hash_for_two_people_is_found_and_salted_ones_are_not() {
        let (hash, third) = ("5f4dcc3b5aa765d61d8327deb882cf99", "a3bf4f1b2b0b822cd15d6c15b0f00a08");
        let salt = "global-salt-0123456789";
        let stored =
            |other: &str| file(format!("ala:{salt}:{hash}\nola:{salt}:{other}\neva:{salt}:{third}\n").as_bytes());
        let people = ["ala", "ola", "eva"];
        let plain = stored(hash);
        assert_eq!(shared(&plain, people).as_deref(), Some(hash));
        assert_eq!(shared(&stored(&hash.replace('5', "6")), people), None);
        let raw: Vec<u8> = (0..16).map(|n| 0x71 + n * 7).collect();
        let binary = file(&[b"ala\0", &raw[..], b"\0ola\0", &raw[..], b"\0eva\0"].concat());
        assert!(shared(&binary, people).is_some());
        assert!(keeps(&plain, "ala") && !keeps(&plain, "iza"));
    }
}
