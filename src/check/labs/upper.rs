//! Upper: an echo server that answers in upper case, as the example of sheet R does. It has to do all that an echo
//! server does.

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row, behind};
use crate::check::document::Level;
use crate::check::fault::Miss;
use crate::check::labs::{echo, start};
use crate::check::say;
use crate::check::schedule::Schedule;
use crate::check::stage::Stage;

pub(crate) const LAB: Lab = Lab {
    name: "upper",
    role: Role::Server,
    summary: "a TCP server that sends back what it receives in upper case, one client after the other",
    sheet: "sheet R, the worked example of the echo server",
    parts: &[
        start::SERVER,
        Part { prefix: "upper", rows: ROWS },
        Part { prefix: "upper", rows: &STREAM },
        Part { prefix: "upper", rows: &ENDS },
        Part { prefix: "upper", rows: &FLOW },
    ],
    answers: |bytes| {
        let (unicode, ascii) = (in_unicode(bytes), bytes.to_ascii_uppercase());
        if unicode == ascii { vec![ascii] } else { vec![unicode, ascii] }
    },
};

const STREAM: [Row; echo::STREAM.len()] = behind(&["ascii"], echo::STREAM);
const ENDS: [Row; echo::ENDS.len()] = behind(&["ascii"], echo::ENDS);
const FLOW: [Row; echo::FLOW.len()] = behind(&["ascii"], echo::FLOW);

const ROWS: &[Row] = &[
    Row {
        name: "ascii",
        level: Level::Must,
        needs: &[],
        title: "a word in lower case comes back in upper case, and nothing else",
        why: "this is what the server is for",
        bug: "the text goes back as it came, or words are added to it",
        fix: "conn.sendall(data.upper())",
        play: |stage| {
            let text = stage.letters(6);
            stage.perform(Schedule::pieces(&[&text], Duration::ZERO)).map(|_| None)
        },
    },
    Row {
        name: "mixed",
        level: Level::Must,
        needs: &["ascii"],
        title: "of `abcXYZ 123!` only the small letters change",
        why: "upper case is neither the other case nor the case of titles",
        bug: "swapcase(), title() or capitalize(); in C, 32 is subtracted from every byte",
        fix: "upper(); in C, toupper() of each byte",
        play: |stage| {
            let (small, large) = (stage.letters(4), stage.letters(4).to_ascii_uppercase());
            let text = [&small[..], &large, b" 123!"].concat();
            stage.perform(Schedule::pieces(&[&text], Duration::ZERO)).map(|_| None)
        },
    },
    Row {
        name: "again",
        level: Level::Must,
        needs: &["ascii"],
        title: "three texts in turn on one connection come back one by one",
        why: "a conversation is more than one message",
        bug: "one recv(), one send(), and then close()",
        fix: "loop until recv() returns nothing",
        play: |stage| {
            let mut wire = stage.connect()?;
            for length in [5, 12, 3] {
                let text = stage.letters(length);
                stage.exchange(&mut wire, &text)?;
            }
            wire.expect_no_more().map(|()| None)
        },
    },
    Row {
        name: "national",
        level: Level::Should,
        needs: &["ascii"],
        title: "Polish, Russian and German words come back whole, as Unicode has them or with their own letters unchanged",
        why: "`upper()` of bytes knows only English letters, and `upper()` of text knows all",
        bug: "the answer is encoded as ASCII or latin-1, or cut after as many bytes as there are letters",
        fix: "data.decode().upper().encode() for whole messages, or data.upper() for bytes",
        play: national,
    },
    Row {
        name: "sharp-s",
        level: Level::Extra,
        needs: &["ascii"],
        title: "`ß` comes back as `SS` or unchanged, and what is behind it stays in its place",
        why: "a text may change its length when it changes its case",
        bug: "an answer as long as the question is sent, whatever its length",
        fix: "take the length of what is sent, not of what was received",
        play: |stage| {
            let mut wire = stage.connect()?;
            let (before, behind) = (stage.letters(3), stage.letters(5));
            let text = [&before[..], "ß".as_bytes(), &behind].concat();
            let which = variant(stage, &mut wire, &text)?;
            Ok(Some(format!("as {}", SHARP[which.min(SHARP.len() - 1)])))
        },
    },
];

fn national(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    let mut ways = Vec::new();
    for word in ["zażółć", "привет", "grün"] {
        let text = [word.as_bytes(), b" ", &stage.letters(3)].concat();
        let way = variant(stage, &mut wire, &text)?;
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    wire.expect_no_more()?;
    let said = match ways[..] {
        [0] => "it knows all letters of Unicode",
        [_] => "it knows only English letters, and leaves others as they are",
        _ => "it knows some letters and leaves others as they are",
    };
    Ok(Some(said.to_owned()))
}

/// Which of the answers to `text` came.
fn variant(stage: &Stage, wire: &mut crate::check::wire::Wire, text: &[u8]) -> Result<usize, Miss> {
    wire.send(text)?;
    let mut answers = stage.answers(text);
    answers.extend(simple(text));
    wire.expect_any(&answers).map_err(|m| m.with_did(&format!("sent {}", say::amount(text))))
}

/// What languages answer that change each letter by itself: `ß` has no upper case of one letter.
fn simple(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.contains('ß'))?;
    let upper: Vec<String> = text.split('ß').map(str::to_uppercase).collect();
    Some(upper.join("ß").into_bytes())
}

/// As Unicode has it; bytes that are no text stay as they are.
fn in_unicode(bytes: &[u8]) -> Vec<u8> {
    let mut upper = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        upper.extend_from_slice(chunk.valid().to_uppercase().as_bytes());
        upper.extend_from_slice(chunk.invalid());
    }
    upper
}

const SHARP: [&str; 2] = ["`SS`", "`ß`"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_upper_case_are_accepted() {
        let answers = |text: &str| -> Vec<String> {
            (LAB.answers)(text.as_bytes()).into_iter().map(|answer| String::from_utf8(answer).unwrap()).collect()
        };
        assert_eq!(answers("abcXYZ 1!"), ["ABCXYZ 1!"]);
        assert_eq!(answers("zażółć"), ["ZAŻÓŁĆ", "ZAżółć"]);
        assert_eq!(answers("П😀"), ["П😀"]);
    }

    #[test]
    fn a_letter_without_a_capital_may_stay() {
        assert_eq!(simple("aßü".as_bytes()).unwrap(), "AßÜ".as_bytes());
        assert_eq!(simple(b"abc"), None);
    }

    #[test]
    fn rows_that_are_taken_over_wait_for_the_first_of_its_own() {
        let needs = |name: &str| {
            let case = LAB.cases().find(|case| case.id() == name).unwrap();
            case.needs()
        };
        assert_eq!(needs("upper/stream/64k"), ["upper/ascii", "start/listens"]);
        assert_eq!(needs("upper/life/rst"), ["upper/life/next", "start/listens"]);
    }
}
