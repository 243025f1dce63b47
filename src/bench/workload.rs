//! Workload: what is said, and what is to come back. Pure.

use std::fmt;
use std::path::PathBuf;

use crate::framing::Framing;

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

/// 64 MiB; a longer message is a stream.
pub(crate) const LARGEST_SIZE: u32 = 64 << 20;
