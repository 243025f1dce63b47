//! Talk: a client and a server that exchange several messages, one in reply to another. Messages and answers are those of
//! the frame lab.

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::Level;
use crate::check::labs::framed::{exchange, hear, shape};
use crate::check::labs::start;
use crate::check::stage::Stage;

pub(crate) const LAB: Lab = Lab {
    name: "talk",
    role: Role::Server,
    summary: "a TCP server that answers many messages of one client, each by one with the same text or with it in upper \
              case, behind headers with their lengths",
    sheet: "sheet R, task 10",
    parts: &[start::SERVER, Part { prefix: "talk", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "turns20",
        level: Level::Must,
        needs: &[],
        title: "20 messages, each sent after the answer to the last, are answered in order",
        why: "a conversation is more than one question",
        bug: "the connection is closed behind the first answer, or something of one message stays for the next",
        fix: "loop until the client ends, and begin each message with an empty buffer",
        play: |stage| {
            let shape = shape(stage)?;
            let mut wire = stage.connect()?;
            for turn in 1..=20 {
                let length = 1 + stage.dice.below(60);
                let text = stage.letters(length);
                exchange(&mut wire, shape, &text)
                    .map_err(|m| m.with_did(&format!("sent 20 messages in turn; this is number {turn}")))?;
            }
            wire.expect_no_more().map(|()| None)
        },
    },
    Row {
        name: "pipelined5",
        level: Level::Should,
        needs: &["turns20"],
        title: "5 messages that are sent without waiting are answered in order",
        why: "nobody has to wait for an answer before asking again",
        bug: "what is read behind the first message is thrown away",
        fix: "read as many bytes as the header says and no more, or keep the rest for the next message",
        play: |stage| {
            let shape = shape(stage)?;
            let mut wire = stage.connect()?;
            let texts: Vec<Vec<u8>> = (0..5).map(|at| stage.letters(3 + 7 * at)).collect();
            // In one piece, so that whoever reads as much as there is has all of them.
            wire.send(&texts.iter().flat_map(|text| shape.wrap(text)).collect::<Vec<u8>>())?;
            for (at, text) in texts.iter().enumerate() {
                let did = format!("sent 5 messages without waiting; this is the answer to number {}", at + 1);
                hear(&mut wire, shape, text).map_err(|m| m.with_did(&did))?;
            }
            wire.expect_no_more().map(|()| None)
        },
    },
    Row {
        name: "both-speak",
        level: Level::Extra,
        needs: &["turns20"],
        title: "two messages of 32 KiB are sent before anything is read, and both are answered",
        why: "while both sides speak at once, nobody may wait for the other for ever",
        bug: "an answer is sent before the message was read to its end",
        fix: "read the whole message, and then answer",
        play: both_speak,
    },
];

fn both_speak(stage: &mut Stage) -> Played {
    let shape = shape(stage)?;
    let mut wire = stage.connect()?;
    let most = usize::try_from(shape.most()).unwrap_or(usize::MAX);
    let texts = [stage.letters(most.min(32 * 1024)), stage.letters(most.min(32 * 1024))];
    for text in &texts {
        let message = shape.wrap(text);
        let taken = wire.push(&message, Duration::from_secs(2));
        // Who takes no more until somebody listens may do so.
        wire.send(&message[taken..])?;
    }
    for text in &texts {
        hear(&mut wire, shape, text).map_err(|m| m.with_did("sent two messages of 32 KiB, and then listened"))?;
    }
    wire.expect_no_more().map(|()| None)
}
