//! What is said to the server: the words about sizes, files and scripts.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::bench::{Checking, Connecting, LARGEST_SIZE, Saying, Script, Sizes, Workload};
use crate::cli::{one_of, quantity, seed};
use crate::commands::Failure;
use crate::framing::Framing;
use crate::net::Reason;

#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub(super) struct SayingWords {
    /// How long a message is: 512, 64-1400 (as likely each), or 64:90,1400:9,64KiB:1 (so many of each)
    #[arg(short, long, value_name = "SIZES", default_value = "512", value_parser = sizes)]
    #[arg(conflicts_with_all = ["file", "script"])]
    size: Sizes,
    /// Each message is what this file holds, at most 64 MiB
    #[arg(long, value_name = "FILE", conflicts_with = "script")]
    file: Option<PathBuf>,
    /// Requests and the answers they are to get, from a TOML file
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// How a message is told from the next; burst adds nothing
    #[arg(long, value_name = "FRAMING", default_value = "burst", value_parser = one_of(&Framing::ALL, Framing::name))]
    framing: Framing,
    /// Count what comes back, and do not compare it
    #[arg(long)]
    no_verify: bool,
    /// Send the same bytes at the same instants as the run that printed this seed
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

impl SayingWords {
    pub(super) fn workload(self, connecting: Connecting) -> Result<Workload, Failure> {
        let workload = Workload {
            framing: self.framing,
            connecting,
            checking: if self.no_verify { Checking::Lengths } else { Checking::EveryByte },
            seed: self.seed.unwrap_or_else(seed::of_the_clock),
            saying: self.saying()?,
        };
        workload.check().map_err(Failure::bad_words)?;
        Ok(workload)
    }

    fn saying(self) -> Result<Saying, Failure> {
        match (self.file, self.script) {
            (Some(name), _) => Ok(Saying::Same { bytes: read(&name, "--file")?, name }),
            (None, Some(path)) => script(&path).map(Saying::Script),
            (None, None) => Ok(Saying::Numbered(self.size)),
        }
    }
}

fn script(path: &Path) -> Result<Script, Failure> {
    let name = path.display().to_string();
    let bytes = read(path, "--script")?;
    match String::from_utf8(bytes) {
        Ok(text) => Script::parse(&name, &text).map_err(|e| Failure::bad_words(format!("--script {e}"))),
        Err(_) => Err(Failure::bad_words(format!("--script {name}: it is no UTF-8; write TOML"))),
    }
}

/// All of a file that is no longer than a message may be.
fn read(path: &Path, flag: &str) -> Result<Vec<u8>, Failure> {
    let wrong = |why: String| Failure::bad_words(format!("{flag} {}: {why}", path.display()));
    let cannot = |e: std::io::Error| wrong(format!("cannot read it: {}; check the path", Reason(&e)));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(u64::from(LARGEST_SIZE) + 1).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() {
        0 => Err(wrong("it is empty; name one that has something to say".into())),
        length if length > LARGEST_SIZE as usize => {
            Err(wrong("it is longer than 64MiB; name a shorter one, or press with --stream and --size".into()))
        }
        _ => Ok(bytes),
    }
}

/// `512`, `64-1400` or `64:90,1400:9,64KiB:1`
fn sizes(word: &str) -> Result<Sizes, String> {
    if word.contains([':', ',']) {
        return word.split(',').map(weighted).collect::<Result<_, _>>().map(Sizes::Weighted);
    }
    let range = word.split_once('-').filter(|(least, _)| !least.is_empty());
    let Some((least, most)) = range else { return size(word).map(Sizes::Fixed) };
    match (size(least)?, size(most)?) {
        (least, most) if least > most => Err(format!("it runs backwards; write {most}-{least}")),
        (least, most) if least == most => Ok(Sizes::Fixed(least)),
        (least, most) => Ok(Sizes::Between(least, most)),
    }
}

fn weighted(part: &str) -> Result<(u32, u32), String> {
    let no_weight = || format!("`{part}` does not say how many; write SIZE:N in each place, such as 64:90,1400:10");
    let (bytes, weight) = part.split_once(':').ok_or_else(no_weight)?;
    let weight = quantity::count(weight).ok().and_then(|weight| u32::try_from(weight).ok());
    let weight = weight.filter(|weight| (1..=MOST_WEIGHT).contains(weight));
    let weight = weight.ok_or_else(|| format!("`{part}`: how many must be from 1 to {MOST_WEIGHT}"))?;
    Ok((size(bytes)?, weight))
}

fn size(word: &str) -> Result<u32, String> {
    let bytes = quantity::size(word).map_err(|_| format!("`{word}` is no size; write 512, 100kB, 64KiB or 1MiB"))?;
    let bytes = u32::try_from(bytes).ok().filter(|bytes| (1..=LARGEST_SIZE).contains(bytes));
    bytes.ok_or_else(|| format!("`{word}` is no size of a message; it must be from 1 byte to 64MiB"))
}

/// One in a million is as rare as a run can show, and the sum of thousands of them is still a `u32`.
const MOST_WEIGHT: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_one_or_a_range_or_a_list_with_weights() {
        for (word, meant) in [
            ("512", Sizes::Fixed(512)),
            ("64KiB", Sizes::Fixed(65_536)),
            ("64MiB", Sizes::Fixed(LARGEST_SIZE)),
            ("64-1400", Sizes::Between(64, 1400)),
            ("1kB-1KiB", Sizes::Between(1000, 1024)),
            ("7-7", Sizes::Fixed(7)),
            ("64:90,1400:9,64KiB:1", Sizes::Weighted(vec![(64, 90), (1400, 9), (65_536, 1)])),
            ("64:1k", Sizes::Weighted(vec![(64, 1000)])),
        ] {
            assert_eq!(sizes(word), Ok(meant), "{word}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_the_place_and_the_way_out() {
        for (word, wanted) in [
            ("", "`` is no size"),
            ("0", "`0` is no size of a message; it must be from 1 byte to 64MiB"),
            ("64.5MiB", "`64.5MiB` is no size of a message"),
            ("64MiB-1GiB", "`1GiB` is no size of a message"),
            ("1400-64", "it runs backwards; write 64-1400"),
            ("64-", "`` is no size"),
            ("-5", "`-5` is no size"),
            ("64,1400", "`64` does not say how many"),
            ("64:1,,", "`` does not say how many"),
            ("64:0", "`64:0`: how many must be from 1 to 1000000"),
            ("64:2M", "`64:2M`: how many"),
            ("64:1.5", "`64:1.5`: how many"),
            ("0:1", "`0` is no size of a message"),
            ("64-128:1", "`64-128` is no size"),
        ] {
            let refused = sizes(word).unwrap_err();
            assert!(refused.starts_with(wanted), "{word}: {refused}");
        }
    }
}
