//! Answers: those to the rows of a script, one message each.

use super::Heard;
use crate::bench::messages::Messages;
use crate::bench::script::{Expect, SHOWN};
use crate::bench::{Fault, FaultKind};
use crate::event::Untrusted;
use crate::framing::{Codec, Framing};

#[derive(Debug)]
pub(super) struct Answers {
    /// Takes the answers apart; where nothing does, they are as long as they should be.
    codec: Option<Codec>,
    held: Vec<u8>,
    expected: u64,
    /// Rows below this number were sent, or begun to be waited for.
    pub(super) sent: u64,
    is_lost: bool,
}

impl Answers {
    pub(super) fn new(framing: Framing) -> Self {
        let codec = (framing != Framing::Burst).then(|| Codec::new(framing));
        Self { codec, held: Vec::new(), expected: 0, sent: 0, is_lost: false }
    }

    pub(super) fn take(&mut self, messages: &Messages, mut bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        let Some(mut codec) = self.codec.take() else { return self.take_bare(messages, bytes, hear) };
        while !bytes.is_empty() && !self.is_lost {
            let taken = codec.push(bytes);
            bytes = &bytes[taken..];
            loop {
                match codec.decode() {
                    Ok(Some(message)) => self.judge(messages, &message.bytes, hear),
                    Ok(None) => break,
                    Err(e) => {
                        hear(fault(
                            FaultKind::Unexpected,
                            1,
                            format!("message {}: its answer breaks the framing: {e}", self.expected),
                        ));
                        hear(Heard::Lost);
                        self.is_lost = true;
                        break;
                    }
                }
            }
        }
        self.codec = Some(codec);
    }

    /// Without framing an answer ends where the right one would.
    fn take_bare(&mut self, messages: &Messages, bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        self.held.extend_from_slice(bytes);
        while !self.held.is_empty() {
            let length = match self.due(messages) {
                Some(Expect::Exactly(exact)) => exact.len(),
                _ => self.held.len(),
            };
            if self.held.len() < length {
                return;
            }
            let answer: Vec<u8> = self.held.drain(..length).collect();
            self.judge(messages, &answer, hear);
        }
    }

    fn due<'m>(&self, messages: &'m Messages) -> Option<&'m Expect> {
        let (script, _) = messages.script()?;
        (self.expected < self.sent).then(|| &script.row(self.expected).expect)
    }

    fn judge(&mut self, messages: &Messages, answer: &[u8], hear: &mut impl FnMut(Heard)) {
        let shown = || Untrusted::cut(answer, SHOWN).quoted();
        match self.due(messages) {
            None => {
                hear(fault(FaultKind::Surplus, answer.len() as u64, format!("nothing was due, and {} came", shown())))
            }
            Some(expect) => {
                let number = self.expected;
                self.expected += 1;
                if expect.allows(answer) {
                    return hear(Heard::Answer(number));
                }
                let what = format!("message {number}: expected {}, received {}", expect.words(), shown());
                hear(fault(FaultKind::Unexpected, 1, what));
                hear(Heard::Past(number + 1));
            }
        }
    }

    pub(super) fn end(&mut self, messages: &Messages, hear: &mut impl FnMut(Heard)) {
        let held = self.codec.as_ref().map_or(self.held.len(), Codec::held);
        if held > 0 && self.due(messages).is_some() {
            hear(fault(FaultKind::Cut, 1, format!("message {}: its answer ends after {held} bytes", self.expected)));
        }
    }
}

fn fault(kind: FaultKind, count: u64, what: String) -> Heard {
    Heard::Fault(Fault { kind, count, what })
}
