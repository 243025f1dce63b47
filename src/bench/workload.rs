//! Workload: what is said, and what is to come back. Pure.

use std::fmt;
use std::path::PathBuf;

use super::script::{Expect, Row};
use crate::framing::{Codec, Delimiter, Framing, FramingError};

/// What is said.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) saying: Saying,
    /// How messages are told apart on the wire; `Burst` leaves them as they are.
    pub(crate) framing: Framing,
    /// Whether each exchange has a connection of its own.
    pub(crate) connecting: Connecting,
    /// Whether answers are compared.
    pub(crate) checking: Checking,
    pub(crate) seed: u64,
}

impl Workload {
    /// Whether it can be said at all.
    ///
    /// # Errors
    /// One sentence: a size that the framing cannot say, a text that it would cut in two, an answer that nothing tells
    /// from the next.
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.saying {
            Saying::Numbered(sizes) => self.check_length(sizes.largest()),
            Saying::Same { bytes, name } => {
                self.check_same(bytes).map_err(|what| format!("{}: {what}", name.display()))
            }
            Saying::Script(script) => {
                let wrong = script.rows().enumerate().find_map(|(at, row)| Some((at, self.check_row(row).err()?)));
                wrong.map_or(Ok(()), |(at, what)| Err(format!("{}: {}: {what}", script.name, script.title(at))))
            }
        }
    }

    /// How many messages a connection is for, where it is not for all.
    pub(crate) fn in_one_connection(&self) -> Option<u64> {
        let all = match &self.saying {
            Saying::Script(script) => script.rows().count() as u64,
            _ => 1,
        };
        (self.connecting == Connecting::Anew).then_some(all)
    }

    fn check_same(&self, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() {
            return Err("nothing to say, it is empty".to_owned());
        }
        let message = if self.framing == Framing::Lines { without_end(bytes) } else { bytes };
        self.check_text(message)
    }

    fn check_row(&self, row: &Row) -> Result<(), String> {
        self.check_text(row.send.as_deref().unwrap_or_default()).map_err(|what| format!("`send`: {what}"))?;
        match &row.expect {
            Expect::Exactly(bytes) if self.framing == Framing::Burst && bytes.is_empty() => {
                Err("no bytes are no answer without --framing".to_owned())
            }
            Expect::Exactly(bytes) => self.check_text(bytes).map_err(|what| format!("`expect`: {what}")),
            Expect::Matching(_) if self.framing == Framing::Burst => Err(format!("`matches` {NEEDS_FRAMING}")),
            Expect::Anything if self.framing == Framing::Burst => Err(format!("an answer of any kind {NEEDS_FRAMING}")),
            Expect::Matching(_) | Expect::Anything => Ok(()),
        }
    }

    fn check_text(&self, message: &[u8]) -> Result<(), String> {
        self.check_length(message.len())?;
        if self.framing == Framing::Burst {
            return Ok(());
        }
        match Codec::new(self.framing).encode(message, Delimiter::Lf, &mut Vec::new()) {
            Err(FramingError::HoldsDelimiter) => Err("a line end within a message of --framing lines".to_owned()),
            _ => Ok(()),
        }
    }

    /// A framed message is read whole by whoever gets it, so there is a bound even where the header could say more.
    fn check_length(&self, length: usize) -> Result<(), String> {
        let most = Codec::new(self.framing).bound();
        if self.framing == Framing::Burst || length <= most {
            return Ok(());
        }
        let framing = self.framing;
        Err(format!("{length} bytes are too long a message for --framing {framing}, which takes at most {most}"))
    }
}

/// A line of a file without what ends it.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[derive(Clone, Debug)]
pub(crate) enum Saying {
    /// Numbered messages, which are to come back.
    Numbered(Sizes),
    /// The bytes of a file, again and again, which are to come back.
    Same { bytes: Vec<u8>, name: PathBuf },
    /// Requests and their answers.
    Script(super::script::Script),
}

/// How long messages are, in bytes, before framing. Never empty, each from 1 to [`LARGEST_SIZE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sizes {
    Fixed(u32),
    /// Each as likely as the next, both ends included.
    Between(u32, u32),
    /// Sizes and how often each comes: `64:90,1400:10`.
    Weighted(Vec<(u32, u32)>),
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.saying {
            Saying::Numbered(sizes) => sizes.fmt(f)?,
            Saying::Same { bytes, name } => {
                write!(f, "{} B of {}", bytes.len(), name.display().to_string().escape_debug())?;
            }
            Saying::Script(script) => write!(f, "script {}", script.name.escape_debug())?,
        }
        f.write_str(if self.connecting == Connecting::Anew { ", a connection each" } else { "" })
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size} B"),
            Self::Between(least, most) => write!(f, "{least}-{most} B"),
            Self::Weighted(sizes) => {
                let rows: Vec<String> = sizes.iter().map(|(size, weight)| format!("{size} B x {weight}")).collect();
                f.write_str(&rows.join(", "))
            }
        }
    }
}

impl Sizes {
    pub(crate) fn largest(&self) -> usize {
        self.each().max().unwrap_or(0) as usize
    }

    pub(crate) fn least(&self) -> usize {
        self.each().min().unwrap_or(0) as usize
    }

    /// The size that `chance`, any number, falls on.
    pub(super) fn pick(&self, chance: u64) -> usize {
        let size = match self {
            Self::Fixed(size) => *size,
            Self::Between(least, most) => least + (chance % (u64::from(most.saturating_sub(*least)) + 1)) as u32,
            Self::Weighted(rows) => pick_weighted(rows, chance),
        };
        size as usize
    }

    fn each(&self) -> impl Iterator<Item = u32> {
        let (ends, rows) = match self {
            Self::Fixed(size) => ([*size, *size], &[][..]),
            Self::Between(least, most) => ([*least, *most], &[][..]),
            Self::Weighted(rows) => ([0, 0], &rows[..]),
        };
        let ends = ends.into_iter().filter(|_| rows.is_empty());
        ends.chain(rows.iter().map(|(size, _)| *size))
    }
}

fn pick_weighted(rows: &[(u32, u32)], chance: u64) -> u32 {
    let all: u64 = rows.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut place = chance % all.max(1);
    for (size, weight) in rows {
        match place.checked_sub(u64::from(*weight)) {
            Some(behind) => place = behind,
            None => return *size,
        }
    }
    rows.first().map_or(0, |(size, _)| *size)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connecting {
    Once,
    /// Anew for each exchange.
    Anew,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checking {
    EveryByte,
    /// Only how many bytes there are.
    Lengths,
}

/// 64 MiB; a longer message is a stream.
pub(crate) const LARGEST_SIZE: u32 = 64 << 20;
const NEEDS_FRAMING: &str = "needs --framing lines or another that tells messages apart";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Script;

    fn check(saying: Saying, framing: Framing) -> Result<(), String> {
        let (connecting, checking) = (Connecting::Once, Checking::EveryByte);
        Workload { saying, framing, connecting, checking, seed: 0 }.check()
    }

    fn numbered(size: u32) -> Saying {
        Saying::Numbered(Sizes::Between(1, size))
    }

    fn same(bytes: &[u8]) -> Saying {
        Saying::Same { bytes: bytes.to_vec(), name: "said.txt".into() }
    }

    fn script(text: &str) -> Saying {
        Saying::Script(Script::parse("greet.toml", text).unwrap())
    }

    #[test]
    fn what_can_be_said_is_right() {
        for (saying, framing) in [
            (numbered(LARGEST_SIZE), Framing::Burst),
            (numbered(65_535), Framing::U16Be),
            (numbered(65_536), Framing::Lines),
            (same(b"a\nb\n"), Framing::Burst),
            (same(b"a b\r\n"), Framing::Lines),
            (same(b"a\nb\n"), Framing::U32Be),
            (script("[[exchange]]\nsend = 'a'\nexpect = 'b'"), Framing::Burst),
            (script("[[exchange]]\nsend = 'a'\n[[begin]]\nmatches = 'b'"), Framing::Lines),
        ] {
            assert_eq!(check(saying, framing), Ok(()));
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused_in_one_sentence() {
        for (saying, framing, what) in [
            (
                numbered(100_000),
                Framing::U16Be,
                "100000 bytes are too long a message for --framing u16be, which takes at most 65535",
            ),
            (
                numbered(65_537),
                Framing::U64Be,
                "65537 bytes are too long a message for --framing u64be, which takes at most 65536",
            ),
            (same(b""), Framing::Burst, "said.txt: nothing to say, it is empty"),
            (same(b"a\nb\n"), Framing::Lines, "said.txt: a line end within a message of --framing lines"),
            (
                script("[[exchange]]\n[[exchange]]\nsend = \"a\\n\""),
                Framing::Lines,
                "greet.toml: exchange 2: `send`: a line end within a message of --framing lines",
            ),
            (
                script("[[exchange]]\nexpect = \"a\\n\""),
                Framing::Lines,
                "greet.toml: exchange 1: `expect`: a line end within a message of --framing lines",
            ),
            (
                script("[[exchange]]\nmatches = 'a'"),
                Framing::Burst,
                "greet.toml: exchange 1: `matches` needs --framing lines or another that tells messages apart",
            ),
            (
                script("[[exchange]]\nexpect = 'a'\n[[begin]]\nsend = 'a'"),
                Framing::Burst,
                "greet.toml: begin 1: an answer of any kind needs --framing lines or another that tells messages apart",
            ),
        ] {
            assert_eq!(check(saying, framing), Err(what.to_owned()));
        }
    }
}
