//! Ending: why a connection is of no more use, and what that means for what was due on it.

use std::io::{self, ErrorKind};

use super::{Connection, Stage};
use crate::bench::ear::Heard;
use crate::bench::engine::desk::Desk;
use crate::bench::{Fault, FaultKind};
use crate::net::Reason;

/// Why a connection is of no more use.
#[derive(Debug)]
pub(in crate::bench::engine) enum End {
    /// All that was to be said on it was answered.
    Done,
    PeerClosed,
    Failed(io::Error),
    /// Nothing came for too long.
    Silent,
    /// We went, and more would have come.
    Left,
    /// What came cannot be made out any more.
    Lost,
}

impl Connection {
    /// Nothing will be heard any more: what that means for what was due. Its socket is let go.
    pub(in crate::bench::engine) fn conclude(&mut self, end: End, desk: &mut Desk, now: u64) {
        let (busy, patience) = (self.is_busy(), desk.patience);
        let Desk { messages, tally, .. } = &mut *desk;
        let (number, faults) = (self.number, &mut tally.faults);
        let oldest = self.ear.next();
        // Half an answer is no fault of whoever was going on with it.
        if !matches!(end, End::Left) {
            self.ear.end(messages, &mut |heard| {
                if let Heard::Fault(fault) = heard {
                    faults.note(now, number, fault);
                }
            });
        }
        let fault = |kind, what| Some(Fault { kind, count: 1, what });
        let due = if busy {
            format!("while the answer to message {oldest} was due")
        } else {
            "although nothing was due".into()
        };
        let is_unheard = matches!(end, End::Left | End::Silent);
        let fault = match end {
            End::Done | End::Left | End::Lost => None,
            End::PeerClosed => fault(FaultKind::ClosedEarly, format!("it was closed {due}")),
            End::Failed(e) if is_reset(&e) => fault(FaultKind::Reset, format!("it was reset {due}")),
            End::Failed(e) => fault(FaultKind::Reset, format!("it failed {due}: {}", Reason(&e))),
            End::Silent if self.writing < self.flights.next() => fault(
                FaultKind::Stalled,
                format!("message {}: nothing more was taken, and nothing came, for {patience:?}", self.writing),
            ),
            End::Silent => {
                fault(FaultKind::Stalled, format!("message {oldest}: no answer, nothing came for {patience:?}"))
            }
        };
        if let Some(fault) = fault {
            desk.tally.faults.note(now, number, fault);
        }
        if is_unheard {
            // Left out, the worst would be missing: it took at least so long.
            let late = self.flights.unanswered().filter(|flight| desk.window.holds(flight.intended));
            late.for_each(|flight| desk.tally.response.record(now.saturating_sub(flight.intended)));
        }
        desk.under_way -= self.flights.under_way();
        self.flights.give_up();
        (self.socket, self.stage) = (None, Stage::Gone);
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)
}
