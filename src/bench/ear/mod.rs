//! Ear: judges what comes back on one connection. Right answers cost a comparison and no memory; from the first wrong
//! byte on, what comes is gathered until it is clear what happened, and then everything behind it is judged as before.
//! Pure.

/// What wrong bytes mean.
mod doubt;
/// Answers to the rows of a script.
mod script;

use self::doubt::Doubt;
use self::script::Answers;
use super::Fault;
use super::messages::Messages;

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The right answer to the message of this number.
    Answer(u64),
    Fault(Fault),
    /// Nobody needs to wait any more for messages below this number; those that were not answered will not be.
    Past(u64),
    /// Where the next answer begins cannot be told any more.
    Lost,
}

/// The judge of one connection.
#[derive(Debug)]
pub(super) struct Ear(Kind);

#[derive(Debug)]
enum Kind {
    Echo(Echo),
    Script(Box<Answers>),
}

/// Of answers that are their messages.
#[derive(Debug)]
struct Echo {
    connection: u32,
    /// The message whose answer comes next, and how much of it has come.
    expected: u64,
    heard: usize,
    /// Messages below this number were sent.
    sent: u64,
    doubt: Option<Box<Doubt>>,
}

impl Ear {
    pub(super) fn new(messages: &Messages, connection: u32) -> Self {
        Self(match messages.script() {
            Some((_, framing)) => Kind::Script(Box::new(Answers::new(framing))),
            None => Kind::Echo(Echo { connection, expected: 0, heard: 0, sent: 0, doubt: None }),
        })
    }

    /// All messages below `number` may be answered from now on.
    pub(super) fn sent_up_to(&mut self, number: u64) {
        match &mut self.0 {
            Kind::Echo(echo) => echo.sent = number,
            Kind::Script(answers) => answers.sent = number,
        }
    }

    /// The next bytes that came.
    pub(super) fn take(&mut self, messages: &Messages, bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        match &mut self.0 {
            Kind::Echo(echo) => echo.take(messages, bytes, hear),
            Kind::Script(answers) => answers.take(messages, bytes, hear),
        }
    }

    /// Nothing more will come. What is simply unanswered is no fault here.
    pub(super) fn end(&mut self, messages: &Messages, hear: &mut impl FnMut(Heard)) {
        match &mut self.0 {
            Kind::Echo(echo) => echo.end(messages, hear),
            Kind::Script(answers) => answers.end(messages, hear),
        }
    }
}

impl Echo {
    fn take(&mut self, messages: &Messages, mut bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        if self.doubt.is_none() {
            bytes = self.follow(messages, bytes, hear);
            if bytes.is_empty() {
                return;
            }
        }
        let mut doubt = self.doubt.take().unwrap_or_default();
        if self.heard > 0 {
            doubt.begin_with(messages.wire(self.connection, self.expected), self.heard);
            self.heard = 0;
        }
        doubt.hold(bytes);
        self.doubt = doubt.explain(self, messages, hear);
    }

    /// Goes along as long as all is as expected; gives the rest.
    fn follow<'b>(&mut self, messages: &Messages, mut bytes: &'b [u8], hear: &mut impl FnMut(Heard)) -> &'b [u8] {
        while !bytes.is_empty() && self.expected < self.sent {
            let wire = messages.wire(self.connection, self.expected);
            let right = match messages.checking {
                crate::bench::Checking::EveryByte => wire.agree(self.heard, bytes),
                crate::bench::Checking::Lengths => bytes.len().min(wire.len() - self.heard),
            };
            self.heard += right;
            bytes = &bytes[right..];
            if self.heard < wire.len() {
                return bytes;
            }
            hear(Heard::Answer(self.expected));
            (self.expected, self.heard) = (self.expected + 1, 0);
        }
        bytes
    }

    fn end(&mut self, messages: &Messages, hear: &mut impl FnMut(Heard)) {
        let mut doubt = self.doubt.take().unwrap_or_default();
        if self.heard > 0 {
            doubt.begin_with(messages.wire(self.connection, self.expected), self.heard);
            self.heard = 0;
        }
        doubt.end(self, messages, hear);
    }
}

#[cfg(test)]
mod tests;
