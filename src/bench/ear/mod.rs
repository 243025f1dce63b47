//! Ear: listens to the answers of one connection and says which message each of them answers, and what is wrong with the
//! others. Pure: it sees bytes in the order in which they came, cut anywhere, and knows no socket and no clock. Used by
//! the loop of each worker.

/// Answers that are only counted.
mod count;
/// Bytes of which is not known yet what they are.
mod doubt;
/// Answers that are to be what was said.
mod echo;
/// What is wrong with them.
mod explain;
/// What happens from the first wrong byte on.
mod inquiry;
/// Messages that later ones have overtaken.
mod overdue;
/// Answers as a script wants them.
mod script;

use super::fault::{Fault, FaultKind};
use super::messages::Messages;
use super::workload::Checking;
use count::Count;
use echo::Echo;
use script::ScriptEar;

/// What came of one connection. The numbers of its messages rise by one; the lowest is told at the start.
///
/// A message is *settled* as soon as it is known what became of it: its answer came, or something took its place. A
/// message that later ones have overtaken is settled too, though its answer may still come: so
/// `unanswered` falls with each message whose turn has passed, and a closed loop of any depth goes on
/// whatever was wrong.
///
/// What cannot be told apart: answers of messages of less than eight bytes hold no whole block, and the same bytes of a
/// file no number at all, so these are known by their place only. A loss looks like a change or a later loss there, as far
/// as the bytes allow it; but no byte is accepted that is not the one that is due. 2^30 messages later numbers begin again.
#[derive(Debug)]
pub(crate) struct Ear {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Echo(Echo),
    Count(Count),
    Script(ScriptEar),
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The answer to this message, and nothing but it. Also behind [`FaultKind::Reordered`].
    Answer(u64),
    /// What is wrong. No `Answer` comes for an answer that is corrupt, cut or unexpected.
    Fault(Fault),
    /// It is not known any more where answers begin: the connection is of no more use, and says nothing more.
    Lost,
}

impl Ear {
    /// Of a new connection, whose first message has the number `first`.
    pub(crate) fn new(messages: &Messages, connection: u32, first: u64) -> Self {
        let kind = if messages.is_script() {
            Kind::Script(ScriptEar::new(messages, first))
        } else if messages.checking == Checking::Lengths {
            Kind::Count(Count::new(connection, first))
        } else {
            Kind::Echo(Echo::new(connection, first))
        };
        Self { kind }
    }

    /// All messages below `number` have been sent, or begun to be: their answers may come.
    pub(crate) fn sent_up_to(&mut self, number: u64) {
        match &mut self.kind {
            Kind::Echo(echo) => echo.place.turn.sent_up_to(number),
            Kind::Count(count) => count.turn.sent_up_to(number),
            Kind::Script(script) => script.turn.sent_up_to(number),
        }
    }

    /// The next bytes that came.
    pub(crate) fn take(&mut self, messages: &Messages, bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        match &mut self.kind {
            Kind::Echo(echo) => echo.take(messages, bytes, hear),
            Kind::Count(count) => count.take(messages, bytes, hear),
            Kind::Script(script) => script.take(messages, bytes, hear),
        }
    }

    /// Nothing more will come: the stream has ended, or patience has. Says what is still in doubt and what is missing;
    /// messages that just were not answered yet are no fault here, see `unanswered`.
    pub(crate) fn end(&mut self, messages: &Messages, hear: &mut impl FnMut(Heard)) {
        match &mut self.kind {
            Kind::Echo(echo) => echo.end(messages, hear),
            Kind::Count(count) => count.end(messages, hear),
            Kind::Script(script) => script.end(hear),
        }
    }

    /// How many messages were sent and are not settled.
    #[cfg(test)]
    pub(crate) fn unanswered(&self) -> u64 {
        self.turn().unanswered()
    }

    /// The lowest number that is not settled: the one whose answer is due.
    pub(crate) fn next(&self) -> u64 {
        self.turn().next
    }

    /// No `Answer` comes any more for a lower number: what is kept of those can be forgotten.
    pub(crate) fn oldest(&self) -> u64 {
        match &self.kind {
            Kind::Echo(echo) => echo.oldest(),
            Kind::Count(_) | Kind::Script(_) => self.next(),
        }
    }

    fn turn(&self) -> &Turn {
        match &self.kind {
            Kind::Echo(echo) => &echo.place.turn,
            Kind::Count(count) => &count.turn,
            Kind::Script(script) => &script.turn,
        }
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// The lowest number that is not settled.
    next: u64,
    /// Lower numbers have been sent.
    sent: u64,
}

impl Turn {
    fn new(first: u64) -> Self {
        Self { next: first, sent: first }
    }

    fn sent_up_to(&mut self, number: u64) {
        self.sent = self.sent.max(number);
    }

    fn is_due(self) -> bool {
        self.next < self.sent
    }

    #[cfg(test)]
    fn unanswered(self) -> u64 {
        self.sent.saturating_sub(self.next)
    }

    /// The number whose turn it was; now it is the next one's.
    fn pass(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

/// `one` or `many`, as `count` asks for it, behind it.
fn counted(count: u64, noun: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{end}")
}

fn fault(kind: FaultKind, count: u64, what: String) -> Heard {
    Heard::Fault(Fault { kind, count, what })
}

/// Bytes shown of a difference.
const SHOWN: usize = 16;

#[cfg(test)]
mod tests;
