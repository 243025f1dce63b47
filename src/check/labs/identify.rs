//! Identify: a server that knows its visitors by their IP address. Its words are its own; what counts is whether the
//! name that a stranger gave is in what it says to them when they come again.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use regex::Regex;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::dialogue::{Exchange, NAME_ASKED, Pattern, Talk, Words, line_end};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::start;
use crate::check::say;
use crate::check::setting::Subject;
use crate::check::stage::Stage;
use crate::check::wire::{End, Reach, Wire};

pub(crate) const LAB: Lab = Lab {
    name: "identify",
    role: Role::Server,
    summary: "a server that asks strangers for their name, and greets who comes again by it, told apart by IP address",
    sheet: "sheet R, task 7",
    parts: &[start::SERVER, Part { prefix: "ident", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "asks-unknown",
        level: Level::Must,
        needs: &[],
        title: "who comes for the first time is asked for a name",
        why: "the server cannot know it otherwise",
        bug: "it waits for the client to speak first, or greets everybody in the same way",
        fix: "look the address up right after accept(), and send the question where it is not there",
        play: asks_unknown,
    },
    Row {
        name: "greets-known",
        level: Level::Must,
        needs: &["asks-unknown"],
        title: "who has given a name, and comes again from the same address and port, is greeted by it",
        why: "this is what the server is for",
        bug: "the name is read and not kept",
        fix: "keep names[address] = name, and look there before asking",
        play: |stage| {
            let name = a_name(stage);
            let first = introduce(stage, Caller::default(), &name)?;
            let (caller, met) = (first.caller, first.met(name));
            greeted(stage, caller, &met)
        },
    },
    Row {
        name: "same-ip-new-port",
        level: Level::Must,
        needs: &["greets-known"],
        title: "the same address from another port is the same visitor",
        why: "the system gives each connection a port of its own",
        bug: "the key is the whole of what accept() returned: (ip, port)",
        fix: "use addr[0] as the key",
        play: |stage| {
            let name = a_name(stage);
            // Our side stays, so that its port is not to be had again.
            let mut first = introduce(stage, Caller::default(), &name)?;
            first.talk.wire.fin();
            greeted(stage, Caller { port: 0, ..first.caller }, &Met { question: first.first.clone(), name })
        },
    },
    Row {
        name: "other-ip",
        level: Level::Must,
        needs: &["asks-unknown"],
        title: "a visitor from another address is asked anew",
        why: "it is somebody else",
        bug: "one name is kept for all, or the address is not looked at",
        fix: "use addr[0] as the key",
        play: other_ip,
    },
    Row {
        name: "restart",
        level: Level::Must,
        needs: &["same-ip-new-port"],
        title: "the server is killed right after the greeting and started again, and still knows the name",
        why: "the sheet asks for a file so that names outlive the program",
        bug: "names are kept in memory only, or the file is written when the program ends well",
        fix: "write the file as soon as a name is given, and close or flush it; read it at the start",
        play: |stage| {
            stage.command()?;
            let name = a_name(stage);
            let met = introduce(stage, Caller::default(), &name)?.met(name);
            stage.kill();
            greeted(stage, Caller::default(), &met).map_err(|m| {
                m.with_did(&format!("gave the name {}, killed the server, started it again, and came back", met.name))
            })
        },
    },
    Row {
        name: "name-odd",
        level: Level::Should,
        needs: &["restart", "other-ip"],
        title: "names with other letters, with commas and quotes, and very long ones are kept as they are or refused",
        why: "people have them, and files have separators",
        bug: "names are written between commas or quotes without escaping, or read with recv(20), or in ASCII",
        fix: "write JSON or use the csv module, with encoding=\"utf-8\"",
        play: name_odd,
    },
    Row {
        name: "leaves-at-prompt",
        level: Level::Should,
        needs: &["same-ip-new-port"],
        title: "who leaves instead of giving a name is asked again the next time, and others are served",
        why: "recv() returns nothing then, which is no name",
        bug: "the empty text is kept as a name, or ends the server",
        fix: "`if not name: close, and keep nothing`",
        play: leaves_at_prompt,
    },
    Row {
        name: "two-register",
        level: Level::Should,
        needs: &["restart", "other-ip"],
        title: "two strangers from two addresses who are there at the same time are both kept",
        why: "each thread that reads the file, adds a line and writes it all can undo the other's",
        bug: "the file is read at the beginning of a visit and written at its end",
        fix: "append, or read and write under one lock",
        play: two_register,
    },
];

/// Where a visitor comes from; the port matters where it is not 0.
#[derive(Clone, Copy, Default)]
struct Caller {
    ip: Option<IpAddr>,
    port: u16,
}

/// Somebody who has come, and what was said to them before they said anything.
struct Visit {
    talk: Talk,
    caller: Caller,
    first: String,
}

/// A visitor who was here.
struct Met {
    name: String,
    /// What they were asked.
    question: String,
}

fn asks_unknown(stage: &mut Stage) -> Played {
    let mut visit = visit(stage, Caller::default())?;
    if visit.first.is_empty() {
        return Err(says_nothing(stage, visit)?);
    }
    if asks(stage, &visit.first) {
        let name = a_name(stage);
        let reply = visit.tell(stage, &name)?;
        if reply.trim() == visit.first.trim() {
            return Err(visit.miss("something else than the same question, after a name was given", &reply));
        }
        return Ok(None);
    }
    // What it says is no question that we know. If it learns a name by it, it was one.
    let name = a_name(stage);
    visit.tell(stage, &name)?;
    let again = self::visit(stage, Caller::default())?;
    if mentions(&again.first, &name) {
        return Ok(Some(format!("it asks with the words {}", say::quoted(visit.first.trim().as_bytes()))));
    }
    Err(not_understood(&visit.first))
}

/// What to make of a server that does not speak first.
fn says_nothing(stage: &mut Stage, mut visit: Visit) -> Result<Miss, Miss> {
    if !visit.talk.is_over() {
        let nudge = String::from_utf8_lossy(&stage.letters(6)).into_owned();
        let reply = visit.talk.ask(&nudge)?;
        if !reply.trim().is_empty() && reply.trim() != nudge {
            return Ok(Miss::skip(format!(
                "it says nothing until it is spoken to, and then {}; tell how to speak to it by --dialogue FILE",
                say::quoted(reply.trim().as_bytes())
            )));
        }
    }
    Ok(visit.miss("a question for the name", ""))
}

fn other_ip(stage: &mut Stage) -> Played {
    let name = a_name(stage);
    let first = introduce(stage, Caller::default(), &name)?;
    let question = first.met(name.clone()).question;
    let is_question = asks(stage, &question);
    if !is_question && matches!(stage.setting.subject, Subject::Address(_)) {
        return Err(not_understood(&question));
    }
    let other = visit(stage, other_caller(2))?;
    if !mentions(&other.first, &name) && (asks(stage, &other.first) || alike(&other.first, &question)) {
        return Ok(None);
    }
    if !mentions(&other.first, &name) && !is_question {
        return Err(not_understood(&question));
    }
    let did = format!("gave the name {name} from {}, and came from {OTHERS}.2", Ipv4Addr::LOCALHOST);
    Err(other.miss("a question for the name", &other.first).with_did(&did))
}

fn name_odd(stage: &mut Stage) -> Played {
    stage.command()?;
    let plain = a_name(stage);
    let long = String::from_utf8_lossy(&stage.letters(300)).into_owned();
    let names = [format!("Łukasz{plain}"), format!("{plain},b;\"c"), format!("Юля {plain}"), long];
    let mut question = String::new();
    for (at, name) in names.iter().enumerate() {
        let visit = introduce(stage, other_caller(10 + at as u8), name)?;
        question = visit.first;
    }
    // A file with a name in it that breaks it shows that when it is read.
    stage.kill();
    let mut refused = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let again = visit(stage, other_caller(10 + at as u8))?;
        if mentions(&again.first, name) {
            continue;
        }
        let asked_anew = !again.first.is_empty() && (alike(&again.first, &question) || asks(stage, &again.first));
        if !asked_anew || at == 0 {
            let short = say::bytes(name.as_bytes());
            let did = format!("gave the name {short}, started the server again, and came back");
            return Err(again.miss(&format!("a greeting with {short}"), &again.first).with_did(&did));
        }
        refused.push(say::bytes(name.as_bytes()));
    }
    Ok((!refused.is_empty()).then(|| format!("it does not keep {}", refused.join(", "))))
}

fn leaves_at_prompt(stage: &mut Stage) -> Played {
    let first = visit(stage, Caller::default())?;
    let question = first.first;
    let mut wire = first.talk.wire;
    wire.fin();
    // Until it has noticed.
    wire.listen_for(NOTICING);
    wire.close();
    let did = "left at the question, and came back";
    let name = a_name(stage);
    let again = introduce(stage, Caller::default(), &name).map_err(|m| m.with_did(did))?;
    if !alike(&again.first, &question) && !asks(stage, &again.first) {
        return Err(again.miss("the same question again", &again.first).with_did(did));
    }
    greeted(stage, Caller::default(), &again.met(name))
}

fn two_register(stage: &mut Stage) -> Played {
    stage.command()?;
    let names = [a_name(stage), a_name(stage)];
    let mut first = visit(stage, other_caller(2))?;
    let question = first.first.clone();
    // A server for one at a time speaks to the second when the first has gone.
    let mut second = Talk::new(dial(stage, other_caller(3))?, first.talk.line_end());
    let asked = second.hear_within(MOMENT);
    first.tell(stage, &names[0])?;
    first.talk.wire.close();
    let text = if asked.is_empty() { second.hear() } else { asked };
    let mut second = Visit { talk: second, caller: other_caller(3), first: text };
    second.tell(stage, &names[1])?;
    drop(second);
    stage.kill();
    let did = format!("{OTHERS}.2 and {OTHERS}.3 came at the same time and gave names; the server was started again");
    for (last, name) in [2, 3].into_iter().zip(names) {
        let met = Met { name, question: question.clone() };
        greeted(stage, other_caller(last), &met)
            .map_err(|m| m.with_did(&format!("{did}; {OTHERS}.{last} came back")))?;
    }
    Ok(None)
}

impl Visit {
    /// Gives the name, and hears what is said to it.
    fn tell(&mut self, stage: &Stage, name: &str) -> Result<String, Miss> {
        let reply = match exchange(stage) {
            Some(exchange) => {
                let words = Words { name: name.to_owned(), ..Words::default() };
                let before = self.talk.heard.len();
                self.talk.hold_on(exchange, &words, self.first.clone())?;
                self.talk.heard[before..].to_owned()
            }
            None => self.talk.ask_and_confirm(name)?,
        };
        self.talk.remember(stage);
        // It may keep the name only after it has said so.
        self.talk.wire.listen_for(MOMENT);
        Ok(reply)
    }

    /// They leave.
    fn met(self, name: String) -> Met {
        Met { name, question: self.first }
    }

    fn miss(&self, want: &str, got: &str) -> Miss {
        let said = say::amount(got.as_bytes());
        let (transport, got) = match (got.is_empty(), self.talk.wire.end()) {
            (true, Some(End::Fin)) => (Transport::Fin, "FIN, and not a word".to_owned()),
            (true, Some(End::Rst)) => (Transport::Rst, "RST, and not a word".to_owned()),
            (true, None) => (Transport::Timeout, "not a word".to_owned()),
            (false, _) => (Transport::Answered, said),
        };
        self.talk.wire.fault(transport, want, got)
    }
}

fn dial(stage: &mut Stage, caller: Caller) -> Result<Wire, Miss> {
    match caller {
        Caller { ip: Some(ip), port: 0 } => stage.dial_from(ip),
        Caller { ip, port } => stage.dial(Reach { source: ip, source_port: port, ..Reach::default() }),
    }
}

/// Comes, and hears what is said to whoever comes.
fn visit(stage: &mut Stage, caller: Caller) -> Result<Visit, Miss> {
    let wire = dial(stage, caller)?;
    let local = wire.local()?;
    let mut talk = Talk::new(wire, line_end(stage));
    let opening = exchange(stage).and_then(|exchange| exchange.steps.first());
    if let Some(send) = opening.filter(|step| step.expect.is_none()).and_then(|step| step.send.as_deref()) {
        talk.hear_within(MOMENT);
        talk.say(send)?;
    }
    let first = talk.hear();
    Ok(Visit { talk, caller: Caller { ip: Some(local.ip()), port: local.port() }, first })
}

fn introduce(stage: &mut Stage, caller: Caller, name: &str) -> Result<Visit, Miss> {
    let mut visit = visit(stage, caller)?;
    if visit.first.is_empty() {
        return Err(visit.miss("a question for the name", ""));
    }
    visit.tell(stage, name)?;
    Ok(visit)
}

fn greeted(stage: &mut Stage, caller: Caller, met: &Met) -> Played {
    let name = &met.name;
    let again = visit(stage, caller)?;
    if mentions(&again.first, name) {
        return Ok(None);
    }
    let from = again.caller.ip.map_or_else(String::new, |ip| ip.to_string());
    let did = format!("gave the name {name}, and came again from {from}");
    // Who is not understood is not blamed.
    if !again.first.is_empty() && !asks(stage, &met.question) {
        return Err(not_understood(&met.question));
    }
    Err(again.miss(&format!("a greeting with the name {name}"), &again.first).with_did(&did))
}

fn exchange<'a>(stage: &Stage<'a>) -> Option<&'a Exchange> {
    stage.setting.dialogue.as_ref()?.introduce.as_ref()
}

/// Whether this is a question for a name.
fn asks(stage: &Stage, text: &str) -> bool {
    match exchange(stage) {
        Some(exchange) => exchange.steps.iter().filter_map(|step| step.expect.as_ref()).any(|expect| expect.fits(text)),
        None => Pattern::known(NAME_ASKED).fits(text),
    }
}

fn mentions(text: &str, name: &str) -> bool {
    Regex::new(&format!("(?i){}", regex::escape(name))).is_ok_and(|name| name.is_match(text))
}

/// Whether both are the same question, which may have an address and a port in it.
fn alike(one: &str, other: &str) -> bool {
    let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    words(one) == words(other)
}

fn not_understood(text: &str) -> Miss {
    let said = say::escaped(text.trim().as_bytes());
    Miss::skip(format!(
        "it says {said:?} to a stranger, which we do not understand; tell how to speak to it by --dialogue FILE"
    ))
}

fn a_name(stage: &mut Stage) -> String {
    let letters = String::from_utf8_lossy(&stage.letters(8)).into_owned();
    format!("A{letters}")
}

fn other_caller(last: u8) -> Caller {
    Caller { ip: Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))), port: 0 }
}

const OTHERS: &str = "127.0.0";
/// How long a server may take to see that somebody has gone.
const NOTICING: Duration = Duration::from_millis(500);
const MOMENT: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_the_same_whatever_the_port_in_it() {
        assert!(alike("You at 127.0.0.1:48810, who?", "You at 127.0.0.2:4881, who?"));
        assert!(!alike("Welcome back, Ala", "Who?"));
        assert!(mentions("С возвращением, ЮЛЯ\n", "Юля"));
    }
}
