//! Fault: why a case did not pass, as the case itself knows it. The judge adds what the program was doing meanwhile.

use super::document::{Program, Shown, Transport};
use super::say;
use super::schedule::Schedule;

/// Why a case did not come to a pass.
#[derive(Debug)]
pub(crate) enum Miss {
    /// The program was wrong.
    Fail(Box<Fault>),
    /// It does not apply.
    Skip(String),
    /// We could not find out, for a reason that is ours or the machine's.
    Unjudged(String),
}

/// What was wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) transport: Transport,
    /// Nothing where the transcript tells it.
    pub(crate) did: Option<String>,
    pub(crate) want: String,
    pub(crate) got: String,
    pub(crate) shown: Option<Shown>,
    /// What was sent, where less of it may show the same.
    pub(crate) schedule: Option<Schedule>,
    /// What the program was like when it went wrong, before anything that we did next.
    pub(crate) program: Option<Program>,
}

impl Fault {
    pub(crate) fn new(transport: Transport, want: impl Into<String>, got: impl Into<String>) -> Self {
        Self { transport, did: None, want: want.into(), got: got.into(), shown: None, schedule: None, program: None }
    }

    pub(crate) fn did(self, did: impl Into<String>) -> Self {
        Self { did: Some(did.into()), ..self }
    }

    pub(crate) fn seen(self, program: Option<Program>) -> Self {
        Self { program, ..self }
    }

    /// Shows the place of `got` where it stops being what was wanted.
    pub(crate) fn at(self, got: &[u8], at: usize) -> Self {
        Self { shown: Some(say::window(got, at)), ..self }
    }
}

impl From<Fault> for Miss {
    fn from(fault: Fault) -> Self {
        Self::Fail(Box::new(fault))
    }
}

impl Miss {
    /// For what the program answered where it should have answered otherwise.
    pub(crate) fn answer(want: impl Into<String>, got: impl Into<String>) -> Self {
        Fault::new(Transport::Answered, want, got).into()
    }

    pub(crate) fn skip(why: impl Into<String>) -> Self {
        Self::Skip(why.into())
    }

    /// Says what was wanted, where the case knows better words than the bytes themselves.
    pub(crate) fn with_want(self, want: &str) -> Self {
        match self {
            Self::Fail(fault) => Self::Fail(Box::new(Fault { want: want.to_owned(), ..*fault })),
            other => other,
        }
    }

    /// Says what was done, where the case knows it better than the wire it was done on.
    pub(crate) fn with_did(self, did: &str) -> Self {
        match self {
            Self::Fail(fault) => Self::Fail(Box::new(fault.did(did))),
            other => other,
        }
    }
}
