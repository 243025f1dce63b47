//! Report: what came of a payload, one line a client and one for all.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::event::Untrusted;
use crate::net::{NetError, Reason};

/// What one client did and found.
#[derive(Debug)]
pub(crate) struct Report {
    /// Counted from 1.
    pub(super) client: usize,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// From the first byte sent to the end.
    pub(super) lasted: Duration,
    pub(super) verdict: Result<(), Fault>,
}

/// What is wrong. Offsets count from the first byte of the payload.
#[derive(Debug)]
pub(super) enum Fault {
    /// There was no connection.
    Unreached(NetError),
    /// Bytes are missing, and the data goes on behind them.
    Loss { at: u64, bytes: u64 },
    /// Bytes came that were not sent, or came twice.
    Surplus { at: u64, bytes: u64 },
    /// Other bytes came, at least one.
    Changed { at: u64, expected: Untrusted, received: Untrusted },
    /// The end came too early.
    Short { received: u64, of: u64 },
    /// More came behind the end.
    Excess { after: u64, bytes: u64 },
    /// Nothing moved for so long.
    Idle { received: u64, of: u64, idle: Duration },
    /// The connection broke.
    Broken { received: u64, of: u64, error: std::io::Error },
}

impl Report {
    pub(crate) fn is_good(&self) -> bool {
        self.verdict.is_ok()
    }

    fn amounts(&self) -> Amounts {
        Amounts { sent: self.sent, received: self.received, lasted: self.lasted }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "client {}: ", self.client)?;
        match &self.verdict {
            Err(fault @ Fault::Unreached(_)) => write!(f, "{fault}"),
            Err(fault) => write!(f, "{}: {fault}", self.amounts()),
            Ok(()) => write!(f, "{}, every byte verified", self.amounts()),
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreached(error) => write!(f, "{error}"),
            Self::Loss { at, bytes } => write!(f, "{bytes} bytes lost at byte {at}"),
            Self::Surplus { at, bytes } => write!(f, "{bytes} bytes too many at byte {at}"),
            Self::Changed { at, expected, received } => {
                let (expected, received) = (expected.quoted(), received.quoted());
                write!(f, "first difference at byte {at}: expected {expected}, received {received}")
            }
            Self::Short { received, of } => write!(f, "the peer ended after {received} of {of} bytes"),
            Self::Excess { after, bytes } => write!(f, "{bytes} bytes too many after the end at byte {after}"),
            Self::Idle { received, of, idle } => {
                write!(f, "nothing moved for {idle:?} after {received} of {of} bytes; allow more with --idle-timeout")
            }
            Self::Broken { received, of, error } => {
                write!(f, "the connection broke after {received} of {of} bytes: {}", Reason(error))
            }
        }
    }
}

/// All clients together.
#[derive(Debug)]
pub(crate) struct Sum {
    clients: usize,
    bad: usize,
    amounts: Amounts,
}

impl Sum {
    /// `lasted` is how long all of it took.
    pub(crate) fn of(reports: &[Report], lasted: Duration) -> Self {
        let sum = |amount: fn(&Report) -> u64| reports.iter().map(amount).sum();
        let amounts = Amounts { sent: sum(|r| r.sent), received: sum(|r| r.received), lasted };
        let bad = reports.iter().filter(|report| !report.is_good()).count();
        Self { clients: reports.len(), bad, amounts }
    }

    /// How many clients failed.
    pub(crate) fn bad(&self) -> usize {
        self.bad
    }
}

impl Display for Sum {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "all {} clients: {}", self.clients, self.amounts)?;
        match self.bad {
            0 => f.write_str(", every byte verified"),
            bad => write!(f, ": {bad} failed"),
        }
    }
}

/// Bytes, time and rate; the rate is that of the way back.
#[derive(Debug)]
struct Amounts {
    sent: u64,
    received: u64,
    lasted: Duration,
}

impl Display for Amounts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = self.lasted.as_secs_f64();
        let rate = if seconds > 0.0 { self.received as f64 / seconds / 1e6 } else { 0.0 };
        write!(f, "Sent {} bytes, Received {} bytes in ", self.sent, self.received)?;
        match seconds {
            s if s < 1.0 => write!(f, "{:.1} ms", s * 1e3)?,
            s => write!(f, "{s:.2} s")?,
        }
        write!(f, " ({rate:.1} MB/s)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_fast_and_how_right() {
        let lasted = Duration::from_micros(1230);
        let good = Report { client: 1, sent: 102_400, received: 102_400, lasted, verdict: Ok(()) };
        let line = "client 1: Sent 102400 bytes, Received 102400 bytes in 1.2 ms (83.3 MB/s), every byte verified";
        assert_eq!(good.to_string(), line);
        let bad = Report { client: 2, verdict: Err(Fault::Loss { at: 7, bytes: 3 }), ..good };
        assert!(bad.to_string().ends_with("(83.3 MB/s): 3 bytes lost at byte 7"), "{bad}");
        let sum = Sum::of(&[bad], Duration::from_secs(2));
        assert!(sum.to_string().ends_with("in 2.00 s (0.1 MB/s): 1 failed"), "{sum}");
    }
}
