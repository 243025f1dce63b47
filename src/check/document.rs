//! Document: a finished check as plain data. Every form of report is made of it, and `check class` keeps it between
//! runs. `docs/check-json.md` says what its fields mean.
//!
//! Texts that came from a program are escaped already; a form has its own escapes to add and nothing to take away.

use serde::{Deserialize, Serialize};

/// What was found out about one program in one lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) schema: u32,
    /// The version of sockeye that judged.
    pub(crate) sockeye: String,
    pub(crate) lab: String,
    /// The command line or the address, as it was typed.
    pub(crate) subject: String,
    /// RFC 3339, in UTC.
    pub(crate) started: String,
    pub(crate) elapsed_ms: u64,
    pub(crate) seed: u64,
    /// What stood between the program and the rest of the machine, in a sentence.
    pub(crate) isolation: String,
    pub(crate) totals: Totals,
    /// In the order of the lab.
    pub(crate) cases: Vec<Graded>,
}

/// How many cases came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) pass: usize,
    pub(crate) fail: usize,
    pub(crate) skip: usize,
    pub(crate) unjudged: usize,
    pub(crate) blocked: usize,
    /// Cases of level `must` that did not pass, whatever came instead but a skip.
    pub(crate) musts_missed: usize,
    /// Cases of level `must` that nobody can tell about.
    pub(crate) musts_unjudged: usize,
    pub(crate) points: u32,
    /// What could have been had, skipped and unjudged cases left out.
    pub(crate) max_points: u32,
}

/// A case and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Graded {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) level: Level,
    pub(crate) verdict: Verdict,
    pub(crate) points: u32,
    pub(crate) max_points: u32,
    pub(crate) duration_ms: u64,
    /// It failed once, and passed when it was tried again.
    pub(crate) flaky: bool,
    /// What a pass remarks, why it was skipped, why it could not be judged.
    pub(crate) note: Option<String>,
    /// The case that has to pass first, and did not.
    pub(crate) blocked_by: Option<String>,
    pub(crate) finding: Option<Finding>,
    /// What the program was asked, printed and used; nothing where it was not started by us.
    pub(crate) program: Option<Program>,
    pub(crate) transcript: Vec<Moment>,
}

/// How much a case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// The sheet asks for it.
    Must,
    /// Whoever uses the program will meet it.
    Should,
    /// Told for interest.
    Extra,
}

impl Level {
    pub(crate) const ALL: [Self; 3] = [Self::Must, Self::Should, Self::Extra];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Extra => "extra",
        }
    }

    /// What a pass is worth.
    pub(crate) const fn points(self) -> u32 {
        match self {
            Self::Must => 2,
            Self::Should => 1,
            Self::Extra => 0,
        }
    }
}

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Pass,
    Fail,
    /// It does not apply here: nothing is said about the program.
    Skip,
    /// We could not find out.
    Unjudged,
    /// A case that has to pass first did not.
    Blocked,
}

impl Verdict {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Unjudged => "could not judge",
            Self::Blocked => "blocked",
        }
    }
}

/// What was wrong, in a shape that is always the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// How the conversation went, before anybody looks at what was said.
    pub(crate) transport: Transport,
    pub(crate) did: String,
    pub(crate) want: String,
    pub(crate) got: String,
    /// The place in what came where it went wrong.
    pub(crate) shown: Option<Shown>,
    /// The error that the program wrote to stderr, or its last line.
    pub(crate) stderr: Vec<String>,
    /// What this usually means. Nothing where nothing is known.
    pub(crate) so: Option<String>,
    /// What to do about it.
    #[serde(rename = "try")]
    pub(crate) attempt: Option<String>,
    /// The command line that does exactly this again.
    pub(crate) again: String,
    /// The command line that tells what the case is about.
    pub(crate) more: Option<String>,
}

/// How a conversation went on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Transport {
    /// It did not start, or did not come to where it can be talked to.
    NotReady,
    Refused,
    /// Nothing came in time.
    Timeout,
    /// It closed its side.
    Fin,
    /// It reset the connection.
    Rst,
    /// It ended.
    Died,
    /// It used a processor and did nothing with it.
    Spun,
    /// Something came, and it was not what was wanted.
    Answered,
}

/// A piece of what came, escaped, and where in it to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) text: String,
    /// The column of `text`, in characters from 0, that is the first wrong one.
    pub(crate) caret: usize,
    /// Its place in everything that came, in bytes from 0.
    pub(crate) at: u64,
}

/// A program that was started for a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Program {
    /// What it asked on its terminal, and what it was told.
    pub(crate) prompts: Vec<Prompted>,
    /// What it printed, its beginning and its end.
    pub(crate) output: String,
    pub(crate) stderr: String,
    /// How it ended by itself, where it did: `exit status 1`, `signal 9 (KILL)`.
    pub(crate) ended: Option<String>,
    pub(crate) cpu_ms: u64,
    pub(crate) memory_bytes: u64,
}

/// A question of a program on its terminal, and our answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prompted {
    pub(crate) prompt: String,
    pub(crate) answer: String,
}

/// Something that happened, in the order of the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    /// Since the case began.
    pub(crate) at_us: u64,
    /// The connection, from 1 in the order they were made; 0 is the program itself: its start, its terminal, its end.
    pub(crate) connection: u32,
    #[serde(flatten)]
    pub(crate) deed: Deed,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "kebab-case")]
pub(crate) enum Deed {
    /// We reached it, or it reached us.
    Connected {
        from: String,
        to: String,
    },
    /// We tried, and were not let in.
    NotConnected {
        to: String,
        why: String,
    },
    /// We sent; `text` is a description, `bytes` how many.
    Sent {
        bytes: u64,
        text: String,
    },
    Received {
        bytes: u64,
        text: String,
    },
    /// We shut down our side.
    FinSent,
    FinReceived,
    ResetSent,
    ResetReceived,
    /// We waited on purpose, or in vain.
    Waited {
        ms: u64,
    },
    Started {
        command: String,
    },
    /// We typed this on its terminal.
    Typed {
        text: String,
    },
    /// We sent it a signal.
    Signalled {
        name: String,
    },
    Ended {
        how: String,
    },
}
