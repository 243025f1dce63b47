//! Turns: what is typed, sent, answered and shown.

use std::time::Duration;

use crate::check::actor::Actor;
use crate::check::case::Played;
use crate::check::document::Transport;
use crate::check::door::{Guest, Next, eol};
use crate::check::fault::{Fault, Miss};
use crate::check::say;
use crate::check::scene::until;
use crate::check::stage::Stage;
use crate::check::wire::ANSWER;

pub(super) fn connects(stage: &mut Stage) -> Played {
    let line = words(stage, 6);
    let guest = Guest::meet(stage, &line)?;
    let told = stage.doors()?.told;
    let is_told = stage.command()?.takes_port();
    let program = stage.program()?;
    let typed = program.prompter.log.iter().any(|asked| asked.answer == told.to_string());
    if (is_told || typed) && guest.came_to.port() != told {
        let got = format!("it went to {}", guest.came_to);
        return Err(program.fault(Transport::Answered, format!("it goes to port {told}, as it was told"), got));
    }
    Ok(Some(format!("to {}", guest.came_to)))
}

pub(super) fn sends(stage: &mut Stage) -> Played {
    let line = words(stage, 9);
    let guest = Guest::arrive(stage, &line)?;
    if guest.is_unasked {
        return Ok(Some(format!("it asks for nothing, and sends {} by itself", say::bytes(&guest.said))));
    }
    expect_said(&guest, &line)?;
    let end = match eol(&guest.said) {
        b"" => "no line end",
        b"\n" => "LF",
        _ => "CR LF",
    };
    Ok(Some(format!("with {end} behind it")))
}

pub(super) fn prints(stage: &mut Stage) -> Played {
    let (line, answer) = (words(stage, 9), reply(stage, 9));
    let mut guest = Guest::arrive(stage, &line)?;
    turn(stage, &mut guest, &answer).map(|()| None)
}

pub(super) fn again(stage: &mut Stage) -> Played {
    let mut guest = arrive_asked(stage)?;
    for round in 1..=TURNS {
        let answer = reply(stage, 9);
        turn(stage, &mut guest, &answer).map_err(|miss| numbered(miss, round))?;
        if round < TURNS {
            let line = words(stage, 9);
            guest
                .say(stage, &line)
                .and_then(|()| expect_said(&guest, &line))
                .map_err(|miss| numbered(miss, round + 1))?;
        }
    }
    Ok(None)
}

fn numbered(miss: Miss, round: usize) -> Miss {
    match miss {
        Miss::Fail(fault) => {
            let did = fault.did.clone().unwrap_or_default();
            Miss::Fail(Box::new(fault.did(format!("in turn {round} of {TURNS}: {did}"))))
        }
        other => other,
    }
}

pub(super) fn late(stage: &mut Stage) -> Played {
    let (line, answer) = (words(stage, 9), reply(stage, 9));
    let mut guest = Guest::arrive(stage, &line)?;
    let scene = stage.scene.clone();
    scene.pause(LATE);
    let mark = stage.program()?.printed_bytes();
    let did = format!("it sent {}; 2 s later we answered {}", say::bytes(&guest.said), say::bytes(&answer));
    guest.answer(&answer).map_err(|miss| miss.with_did(&did))?;
    shows(stage, mark, &answer).map_err(|miss| miss.with_did(&did))?;
    Ok(None)
}

pub(super) fn pieces(stage: &mut Stage) -> Played {
    let (line, answer) = (words(stage, 9), reply(stage, 9));
    let mut guest = Guest::arrive(stage, &line)?;
    let did = format!("answered {} in three pieces, 100 ms apart", say::bytes(&answer));
    let mark = stage.program()?.printed_bytes();
    let scene = stage.scene.clone();
    for piece in [&answer[..2], &answer[2..6]] {
        guest.wire.send(piece)?;
        scene.pause(GAP);
    }
    guest.answer(&answer[6..]).map_err(|miss| miss.with_did(&did))?;
    this_turn_or_next(stage, &mut guest, (mark, &answer)).map_err(|miss| miss.with_did(&did))
}

pub(super) fn merged(stage: &mut Stage) -> Played {
    let line = words(stage, 9);
    let (first, second) = (reply(stage, 9), reply(stage, 9));
    let mut guest = Guest::arrive(stage, &line)?;
    let end = eol(&guest.said).to_vec();
    let did = format!("answered {} and {} in one segment", say::bytes(&first), say::bytes(&second));
    let mark = stage.program()?.printed_bytes();
    let both = [&first[..], &end, &second].concat();
    guest.answer(&both).map_err(|miss| miss.with_did(&did))?;
    let both = [first, second].concat();
    this_turn_or_next(stage, &mut guest, (mark, &both)).map_err(|miss| miss.with_did(&did))
}

/// Whether all of an answer is shown; who shows a part of it and asks is given one more turn, and who waits for the end
/// of the connection is given that.
fn this_turn_or_next(stage: &mut Stage, guest: &mut Guest, (mark, answer): (u64, &[u8])) -> Played {
    let Err(miss) = shows(stage, mark, answer) else { return Ok(None) };
    match guest.next(stage, Duration::from_millis(100))? {
        Next::Asks => {
            let line = words(stage, 9);
            let other = reply(stage, 9);
            guest.say(stage, &line)?;
            guest.answer(&other)?;
            shows(stage, mark, answer).map_err(|_| miss)?;
            Ok(Some("a part of it only in the next turn".to_owned()))
        }
        Next::Ended(_) => Err(miss),
        Next::Speaks | Next::Nothing => {
            guest.wire.fin();
            shows(stage, mark, answer).map_err(|_| miss)?;
            Ok(Some("only when the connection had ended".to_owned()))
        }
    }
}

pub(super) fn big(stage: &mut Stage) -> Played {
    let (line, answer) = (words(stage, BIG), reply(stage, BIG));
    let mut guest = Guest::arrive(stage, &line)?;
    let mark = stage.program()?.printed_bytes();
    let did = format!("answered {}", say::amount(&answer));
    guest.answer(&answer).map_err(|miss| miss.with_did(&did))?;
    shows(stage, mark, &answer).map_err(|miss| miss.with_did(&did))?;
    let Next::Asks = guest.next(stage, Duration::from_millis(200))? else { return Ok(None) };
    let (line, answer) = (words(stage, 9), reply(stage, 9));
    guest.say(stage, &line)?;
    turn(stage, &mut guest, &answer).map(|()| None)
}

pub(super) fn utf8_split(stage: &mut Stage) -> Played {
    let line = words(stage, 10);
    let mut guest = Guest::arrive(stage, &line)?;
    // As many bytes as were typed.
    let answer = [&reply(stage, 4)[..], "ż".as_bytes(), &reply(stage, 4)].concat();
    let did = "answered 4 letters and half of ż, and 150 ms later the other half and 4 letters";
    let scene = stage.scene.clone();
    guest.wire.send(&answer[..5])?;
    scene.pause(HALF);
    guest.answer(&answer[5..]).map_err(|miss| miss.with_did(did))?;
    let next = guest.next(stage, ANSWER)?;
    let program = stage.program()?;
    let uncaught = program.uncaught();
    match (next, uncaught) {
        (_, Some(_)) => {
            let got = "an error that it did not catch";
            Err(program.fault(Transport::Died, "it goes on", got).with_did(did))
        }
        (Next::Ended(ended), None) if !matches!(ended, crate::subject::Ended::Exit(_)) => {
            let got = format!("it ended: {}", crate::check::actor::how(ended));
            Err(program.fault(Transport::Died, "it goes on", got).with_did(did))
        }
        _ => Ok(None),
    }
}

pub(super) fn empty_line(stage: &mut Stage) -> Played {
    let mut guest = arrive_asked(stage)?;
    let answer = reply(stage, 9);
    turn(stage, &mut guest, &answer)?;
    let Next::Asks = guest.next(stage, ANSWER)? else { return Err(Miss::skip("it asks for one line only")) };
    stage.program()?.tell("");
    let mut next = guest.next_but_asking(stage, EMPTY)?;
    if next == Next::Speaks {
        // A line end is a message too; it gets its like.
        let said = guest.wire.hear();
        guest.wire.send(&said)?;
        next = Next::Nothing;
    }
    if next == Next::Nothing {
        next = guest.next(stage, ANSWER)?;
    }
    let line = words(stage, 9);
    let did = format!("pressed Enter, and then typed {}", say::amount(line.as_bytes()));
    match next {
        Next::Ended(crate::subject::Ended::Exit(0)) => Ok(Some("Enter alone ends it".to_owned())),
        Next::Asks => {
            guest.say(stage, &line).and_then(|()| expect_said(&guest, &line)).map_err(|miss| miss.with_did(&did))?;
            Ok(None)
        }
        Next::Speaks => Ok(None),
        Next::Ended(ended) => {
            let got = format!("it ended: {}", crate::check::actor::how(ended));
            Err(stage.program()?.fault(Transport::Died, "it goes on", got).with_did("pressed Enter"))
        }
        Next::Nothing => {
            let got = "it asks for nothing more, and waits";
            Err(stage.program()?.fault(Transport::Timeout, "the next line gets through", got).with_did(&did))
        }
    }
}

pub(super) fn long_line(stage: &mut Stage) -> Played {
    let line = words(stage, LONG);
    let guest = arrive_with(stage, &line)?;
    expect_said(&guest, &line).map(|()| None)
}

pub(super) fn national(stage: &mut Stage) -> Played {
    let line = format!("{} zażółć привет ß", words(stage, 5));
    let guest = arrive_with(stage, &line)?;
    expect_said(&guest, &line).map(|()| None)
}

pub(super) fn banner_first(stage: &mut Stage) -> Played {
    let (line, banner, answer) = (words(stage, 9), reply(stage, 9), reply(stage, 9));
    let mut guest = Guest::meet(stage, &line)?;
    let mark = stage.program()?.printed_bytes();
    guest.wire.send(&[&banner[..], b"\n"].concat())?;
    guest.say(stage, &line)?;
    guest.answer(&answer)?;
    let did = format!("greeted with {}, and answered {}", say::bytes(&banner), say::bytes(&answer));
    let greeted = shows(stage, mark, &banner);
    let answered = shows(stage, mark, &answer);
    match (greeted, answered) {
        (Ok(()), Ok(())) => Ok(None),
        (Ok(()), Err(_)) => Ok(Some("the answer would come a turn late".to_owned())),
        (Err(_), Ok(())) => Ok(Some("the greeting is not shown".to_owned())),
        (Err(miss), Err(_)) => Err(miss.with_did(&did)),
    }
}

/// Answers, and has it shown.
pub(super) fn turn(stage: &mut Stage, guest: &mut Guest, answer: &[u8]) -> Result<(), Miss> {
    let mark = stage.program()?.printed_bytes();
    let did = format!("it sent {}; we answered {}", say::bytes(&guest.said), say::bytes(answer));
    guest.answer(answer).map_err(|miss| miss.with_did(&did))?;
    shows(stage, mark, answer).map_err(|miss| miss.with_did(&did))
}

/// Whether `answer` appears on its terminal, in one piece or with other things between.
pub(super) fn shows(stage: &mut Stage, mark: u64, answer: &[u8]) -> Result<(), Miss> {
    let scene = stage.scene.clone();
    let program = stage.program()?;
    let shown = until(scene.wait(ANSWER), || {
        // Its end is looked at first, so that its last words count.
        let ended = program.ending();
        let shown = shown_by(program, mark, answer);
        (shown == answer.len() || ended.is_some()).then_some(shown)
    });
    let shown = shown.unwrap_or_else(|| shown_by(program, mark, answer));
    if shown == answer.len() {
        return Ok(());
    }
    let printed = program.printed_since(mark);
    let ended = program.ending().map(|ended| format!("; it ended: {}", crate::check::actor::how(ended)));
    let what = match shown {
        0 if printed.is_empty() => "it prints nothing".to_owned(),
        0 => format!("it prints {}", say::bytes(&printed)),
        n => format!("{n} of {} bytes of it", answer.len()),
    };
    let transport = match (program.ending(), printed.is_empty()) {
        (Some(_), _) => Transport::Died,
        (None, true) => Transport::Timeout,
        (None, false) => Transport::Answered,
    };
    let want = format!("{} on its terminal", say::bytes(answer));
    let fault = Fault::new(transport, want, format!("{what}{}", ended.unwrap_or_default()));
    Err(if printed.is_empty() { fault.into() } else { fault.at(&printed, printed.len()).into() })
}

/// How much of `answer` a person has seen. Who logs what came does so on stderr.
fn shown_by(program: &Actor, mark: u64, answer: &[u8]) -> usize {
    let logged = shown_of(program.stderr().as_bytes(), answer);
    if logged == answer.len() { logged } else { shown_of(&program.printed_since(mark), answer) }
}

/// How much of `answer` was printed, in its order.
fn shown_of(printed: &[u8], answer: &[u8]) -> usize {
    let mut shown = 0;
    for byte in printed {
        if answer.get(shown) == Some(byte) {
            shown += 1;
        }
    }
    shown
}

/// What it said is what was typed, but for a line end.
fn expect_said(guest: &Guest, line: &str) -> Result<(), Miss> {
    let said = &guest.said[..guest.said.len() - eol(&guest.said).len()];
    if said == line.as_bytes() {
        return Ok(());
    }
    let at = said.iter().zip(line.as_bytes()).take_while(|(a, b)| a == b).count();
    let (want, got) = (say::amount(line.as_bytes()), say::amount(&guest.said));
    let fault = Fault::new(Transport::Answered, want, got).did(format!("typed {}", say::amount(line.as_bytes())));
    Err(fault.at(&guest.said, at).into())
}

/// A client that asks, and has said a first line.
pub(super) fn arrive_asked(stage: &mut Stage) -> Result<Guest, Miss> {
    let line = words(stage, 9);
    arrive_with(stage, &line)
}

fn arrive_with(stage: &mut Stage, line: &str) -> Result<Guest, Miss> {
    let guest = Guest::arrive(stage, line)?;
    if guest.is_unasked {
        return Err(Miss::skip("it asks for nothing, and sends what it has to say by itself"));
    }
    Ok(guest)
}

/// What is typed: small letters.
pub(super) fn words(stage: &mut Stage, n: usize) -> String {
    String::from_utf8_lossy(&stage.letters(n)).into_owned()
}

/// What is answered: capital letters, which nobody has typed.
pub(super) fn reply(stage: &mut Stage, n: usize) -> Vec<u8> {
    stage.letters(n).to_ascii_uppercase()
}

const TURNS: usize = 5;
const LATE: Duration = Duration::from_secs(2);
const GAP: Duration = Duration::from_millis(100);
const HALF: Duration = Duration::from_millis(150);
/// A line end on its own is on its way by then.
const EMPTY: Duration = Duration::from_millis(300);
const BIG: usize = 3000;
/// A terminal takes no more than 4095 bytes as a line.
const LONG: usize = 4000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_in_pieces_and_in_order() {
        assert_eq!(shown_of(b"Received: ABC\r\nand DE", b"ABCDE"), 5);
        assert_eq!(shown_of(b"DEABC", b"ABCDE"), 3);
        assert_eq!(shown_of(b"abcde", b"ABCDE"), 0);
    }
}
