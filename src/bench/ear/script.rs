//! Script ear: answers are what a script wants of them. Where the framing tells messages apart, each is decoded and
//! compared; where it does not, the answers are exact, and their bytes are counted off.

use super::{Heard, Turn, counted, fault};
use crate::bench::fault::FaultKind;
use crate::bench::messages::{Messages, common};
use crate::bench::script::Expect;
use crate::bench::workload::Checking;
use crate::event::Untrusted;
use crate::framing::{Codec, Framing};

/// The answers of one connection.
#[derive(Debug)]
pub(super) struct ScriptEar {
    pub(super) turn: Turn,
    held: Held,
}

/// What has come of an answer that is not whole.
#[derive(Debug)]
enum Held {
    Framed(Box<Codec>),
    Bytes(Piece),
    /// Nothing is taken any more.
    Lost,
}

/// The beginning of an exact answer without framing.
#[derive(Debug, Default)]
struct Piece {
    came: usize,
    /// What came from the first wrong byte on, as much as is shown, and where that was.
    wrong: Option<(usize, Vec<u8>)>,
}

impl ScriptEar {
    pub(super) fn new(messages: &Messages, first: u64) -> Self {
        let held = match messages.framing {
            Framing::Burst => Held::Bytes(Piece::default()),
            framing => Held::Framed(Box::new(Codec::new(framing))),
        };
        Self { turn: Turn::new(first), held }
    }

    pub(super) fn take(&mut self, messages: &Messages, bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        match &mut self.held {
            Held::Framed(_) => self.take_framed(messages, bytes, hear),
            Held::Bytes(_) => self.take_bytes(messages, bytes, hear),
            Held::Lost => {}
        }
    }

    /// Half an answer is a cut one.
    pub(super) fn end(&mut self, hear: &mut impl FnMut(Heard)) {
        let next = self.turn.next;
        let heard = match std::mem::replace(&mut self.held, Held::Lost) {
            Held::Framed(codec) if codec.held() > 0 => {
                let received = Untrusted::cut(codec.unread(), SHOWN).quoted();
                fault(FaultKind::Cut, 1, format!("message {next}: the answer has no end, received {received}"))
            }
            Held::Bytes(Piece { wrong: Some((at, received)), .. }) => {
                let received = Untrusted::cut(&received, SHOWN).quoted();
                fault(FaultKind::Unexpected, 1, format!("message {next}, byte {at}: received {received}"))
            }
            Held::Bytes(Piece { came, .. }) if came > 0 => {
                fault(FaultKind::Cut, 1, format!("message {next}, byte {came}: the answer ends"))
            }
            Held::Framed(_) | Held::Bytes(_) | Held::Lost => return,
        };
        if self.turn.is_due() {
            self.turn.pass();
        }
        hear(heard);
    }

    fn take_framed(&mut self, messages: &Messages, mut bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        loop {
            let Held::Framed(codec) = &mut self.held else { return };
            bytes = &bytes[codec.push(bytes)..];
            match codec.decode() {
                Ok(Some(message)) => hear(self.judge(messages, &message.bytes)),
                // With room for a byte at least, `push` has taken all, or there is more to try.
                Ok(None) if bytes.is_empty() => return,
                Ok(None) => {}
                Err(error) => {
                    let what = format!("message {}: the answer breaks the framing: {error}", self.turn.next);
                    hear(fault(FaultKind::Unexpected, 1, what));
                    hear(Heard::Lost);
                    self.held = Held::Lost;
                }
            }
        }
    }

    /// One whole message.
    fn judge(&mut self, messages: &Messages, answer: &[u8]) -> Heard {
        let received = || Untrusted::cut(answer, SHOWN).quoted();
        if !self.turn.is_due() {
            let what = format!("message {}: before it was sent, received {}", self.turn.next, received());
            return fault(FaultKind::Surplus, answer.len() as u64, what);
        }
        let number = self.turn.pass();
        let Some(expect) = messages.expected(number) else { return Heard::Answer(number) };
        if messages.checking == Checking::Lengths || expect.allows(answer) {
            return Heard::Answer(number);
        }
        let what = format!("{}: expected {}, received {}", messages.title(number), expect.shown(), received());
        fault(FaultKind::Unexpected, 1, what)
    }

    fn take_bytes(&mut self, messages: &Messages, mut bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        while let Held::Bytes(piece) = &mut self.held
            && !bytes.is_empty()
        {
            let next = self.turn.next;
            if !self.turn.is_due() {
                let count = bytes.len() as u64;
                let received = Untrusted::cut(bytes, SHOWN).quoted();
                let what =
                    format!("message {next}: {} before it was sent, received {received}", counted(count, "byte"));
                return hear(fault(FaultKind::Surplus, count, what));
            }
            let Some(Expect::Exactly(expected)) = messages.expected(next) else { return };
            let (now, rest) = bytes.split_at(bytes.len().min(expected.len() - piece.came));
            bytes = rest;
            piece.take(expected, now);
            if piece.came < expected.len() {
                return;
            }
            let piece = std::mem::take(piece);
            self.turn.pass();
            match piece.wrong {
                Some((at, received)) if messages.checking == Checking::EveryByte => {
                    let expected = Untrusted::cut(&expected[at..], SHOWN).quoted();
                    let received = Untrusted::cut(&received, SHOWN).quoted();
                    let what = format!("{}, byte {at}: expected {expected}, received {received}", messages.title(next));
                    hear(fault(FaultKind::Unexpected, 1, what));
                    // Its length was a guess: with more under way, nobody knows where the next answer begins.
                    if self.turn.is_due() {
                        hear(Heard::Lost);
                        self.held = Held::Lost;
                    }
                }
                _ => hear(Heard::Answer(next)),
            }
        }
    }
}

impl Piece {
    fn take(&mut self, expected: &[u8], bytes: &[u8]) {
        let due = &expected[self.came..self.came + bytes.len()];
        match &mut self.wrong {
            Some((_, received)) => received.extend(bytes.iter().take(SHOWN.saturating_sub(received.len()))),
            None if due != bytes => {
                let same = common(due, bytes);
                let received = bytes[same..].iter().take(SHOWN).copied().collect();
                self.wrong = Some((self.came + same, received));
            }
            None => {}
        }
        self.came += bytes.len();
    }
}

impl Expect {
    fn allows(&self, answer: &[u8]) -> bool {
        match self {
            Self::Anything => true,
            Self::Exactly(expected) => answer == expected,
            Self::Matching(regex) => regex.is_match(answer),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Anything => "any answer".to_owned(),
            Self::Exactly(expected) => Untrusted::cut(expected, SHOWN).quoted(),
            Self::Matching(regex) => {
                format!("what matches {}", Untrusted::cut(regex.as_str().as_bytes(), SHOWN).quoted())
            }
        }
    }
}

/// Bytes of an answer that a report shows: a line of text is to be recognised.
const SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::ear::Ear;
    use crate::bench::{Connecting, Fault, Saying, Script, Workload};

    const TEXT: &str = r#"
        [[begin]]
        matches = "^Welcome"
        [[exchange]]
        send = "TIME"
        matches = '^\d{4}-\d\d'
        [[exchange]]
        send = "hello"
        expect = "Hello from server"
    "#;
    const EXACT: &str = "[[exchange]]\nsend = 'ping'\nexpect = 'pong'";

    fn messages(text: &str, framing: Framing) -> Messages {
        Messages::new(&Workload {
            saying: Saying::Script(Script::parse("greet.toml", text).unwrap()),
            framing,
            connecting: Connecting::Once,
            checking: Checking::EveryByte,
            seed: 0,
        })
    }

    /// What is heard of these reads, so many messages having been sent before.
    fn hear(messages: &Messages, sent: u64, reads: &[&[u8]]) -> Vec<Heard> {
        let (mut ear, mut heard) = (Ear::new(messages, 0, 0), Vec::new());
        ear.sent_up_to(sent);
        for read in reads {
            ear.take(messages, read, &mut |h| heard.push(h));
        }
        ear.end(messages, &mut |h| heard.push(h));
        heard
    }

    fn faults(heard: &[Heard]) -> Vec<(FaultKind, u64, &str)> {
        heard.iter().filter_map(fault_of).collect()
    }

    fn fault_of(heard: &Heard) -> Option<(FaultKind, u64, &str)> {
        if let Heard::Fault(f) = heard { Some((f.kind, f.count, &f.what[..])) } else { None }
    }

    #[test]
    fn requests_are_framed_and_a_row_that_only_waits_has_no_bytes() {
        for (framing, wire) in [(Framing::Lines, &b"TIME\n"[..]), (Framing::U16Be, b"\0\x04TIME")] {
            let messages = messages(TEXT, framing);
            let lengths: Vec<usize> = (0..4).map(|number| messages.length(9, number)).collect();
            assert_eq!(lengths, [0, wire.len(), wire.len() + 1, wire.len()]);
            assert_eq!(messages.wire(9, 3).agree(0, wire), wire.len());
        }
    }

    #[test]
    fn answers_that_the_script_allows_are_answers_however_they_are_cut() {
        let messages = messages(TEXT, Framing::Lines);
        let text = b"Welcome!\r\n2026-11-28\nHello from server\n2027-01-01\n";
        for read in [1, 3, 1000] {
            let reads: Vec<&[u8]> = text.chunks(read).collect();
            assert_eq!(hear(&messages, 4, &reads), [0, 1, 2, 3].map(Heard::Answer));
        }
    }

    #[test]
    fn other_answers_are_unexpected_and_those_that_nobody_asked_for_are_surplus() {
        let messages = messages(TEXT, Framing::Lines);
        let heard = hear(&messages, 3, &[b"Welcome\nnoon\nHello from \x1b\nmore\nhal"]);
        assert_eq!(
            faults(&heard),
            [
                (
                    FaultKind::Unexpected,
                    1,
                    r#"message 1 (exchange 1): expected what matches "^\\d{4}-\\d\\d", received "noon""#
                ),
                (
                    FaultKind::Unexpected,
                    1,
                    r#"message 2 (exchange 2): expected "Hello from server", received "Hello from \u{1b}""#
                ),
                (FaultKind::Surplus, 4, r#"message 3: before it was sent, received "more""#),
                (FaultKind::Cut, 1, r#"message 3: the answer has no end, received "hal""#),
            ]
        );
    }

    #[test]
    fn a_broken_framing_is_unexpected_and_the_connection_is_lost() {
        let messages = messages(TEXT, Framing::Ascii10);
        let heard = hear(&messages, 3, &[b"Welcome to the server\n", b"more"]);
        assert!(
            matches!(&heard[..], [Heard::Fault(Fault { kind: FaultKind::Unexpected, .. }), Heard::Lost]),
            "{heard:?}"
        );
    }

    #[test]
    fn without_framing_exact_answers_are_counted_off() {
        let messages = messages(EXACT, Framing::Burst);
        assert_eq!(hear(&messages, 2, &[b"po", b"ngpo", b"ng"]), [Heard::Answer(0), Heard::Answer(1)]);
        let heard = hear(&messages, 1, &[b"po", b"st", b"!"]);
        let unexpected = r#"message 0 (exchange 1), byte 2: expected "ng", received "st""#;
        let surplus = r#"message 1: 1 byte before it was sent, received "!""#;
        assert_eq!(faults(&heard), [(FaultKind::Unexpected, 1, unexpected), (FaultKind::Surplus, 1, surplus)]);
        let heard = hear(&messages, 2, &[b"postpong"]);
        assert!(matches!(heard[..], [Heard::Fault(_), Heard::Lost]), "{heard:?}");
    }

    #[test]
    fn without_framing_half_an_answer_is_cut_or_wrong_at_the_end() {
        let messages = messages(EXACT, Framing::Burst);
        assert_eq!(faults(&hear(&messages, 1, &[b"po"])), [(FaultKind::Cut, 1, "message 0, byte 2: the answer ends")]);
        let unexpected = r#"message 0, byte 0: received "no""#;
        assert_eq!(faults(&hear(&messages, 1, &[b"n", b"o"])), [(FaultKind::Unexpected, 1, unexpected)]);
    }
}
