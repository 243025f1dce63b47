//! Utc: the time server of sheet P2: `TIME` is answered with the time in UTC. The program runs on the other side of the
//! world, where local time is another day's.

use std::path::Path;
use std::time::Duration;

use jiff::tz::Offset;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::clock::{Reading, Span};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::echo::SEEN_APART;
use crate::check::labs::start;
use crate::check::say;
use crate::check::setting::Subject;
use crate::check::stage::Stage;
use crate::check::wire::Wire;

pub(crate) const LAB: Lab = Lab {
    name: "utc",
    role: Role::Server,
    summary: "a TCP server that answers `TIME` with the time in UTC",
    sheet: "sheet P2, task 5",
    parts: &[start::SERVER, Part { prefix: "utc", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "trigger",
        level: Level::Must,
        needs: &[],
        title: "`TIME` is answered with a time",
        why: "the sheet asks for it",
        bug: "the server waits for a line end, knows the word in other letters only, or sends what nobody can read",
        fix: "if data == b\"TIME\": conn.sendall(str(datetime.now(timezone.utc)).encode())",
        play: |stage| {
            let mut wire = stage.connect()?;
            let told = ask(&mut wire)?;
            Ok(Some(told.text))
        },
    },
    Row {
        name: "zone",
        level: Level::Must,
        needs: &["trigger"],
        title: "where local time is 14 hours ahead, it is the time in UTC",
        why: "who asks for UTC counts on it, wherever the server stands",
        bug: "datetime.now() is local time, even with a `Z` behind it",
        fix: "datetime.now(timezone.utc); in C, gmtime()",
        play: |stage| {
            let told = far_away(stage, &[])?;
            Ok(Some(told.text))
        },
    },
    Row {
        name: "other",
        level: Level::Must,
        needs: &["trigger"],
        title: "another word is answered with anything but the time, or not at all, and `TIME` with the time",
        why: "a server that answers to everything has not read what was asked",
        bug: "the time is sent to whoever connects or says something",
        fix: "compare what came with `TIME`",
        play: other,
    },
    Row {
        name: "fresh",
        level: Level::Should,
        needs: &["trigger"],
        title: "asked again after 1.2 s, it answers a later time",
        why: "a time is right only once",
        bug: "the time is taken when the program starts or the client connects",
        fix: "take the time for each question",
        play: fresh,
    },
    Row {
        name: "locale",
        level: Level::Should,
        needs: &["trigger"],
        title: "where the machine speaks Polish, the time can be read as before",
        why: "names of days and months change with the language of the machine",
        bug: "strftime(\"%c\") or \"%x\", which everybody's machine writes in another way",
        fix: "isoformat(), or strftime with numbers only",
        play: |stage| {
            if !knows_polish() {
                return Err(Miss::skip("this machine has no Polish locale (pl_PL.UTF-8)"));
            }
            let told = far_away(stage, &[("LC_ALL", "pl_PL.UTF-8"), ("LANG", "pl_PL.UTF-8")])?;
            Ok(Some(told.text))
        },
    },
    Row {
        name: "split",
        level: Level::Should,
        needs: &["trigger"],
        title: "`TI` and `ME` in two segments are taken for one word or for two, and do no harm",
        why: "TCP cuts where it likes",
        bug: "an answer that was not expected, or the end of the program",
        fix: "collect what comes until it is a command, or answer what came; survive both",
        play: split,
    },
];

/// A time that was told.
struct Told {
    text: String,
    reading: Reading,
    span: Span,
}

/// Asks for the time, and is told one: which is not looked at.
fn ask(wire: &mut Wire) -> Result<Told, Miss> {
    let (heard, span) = Span::of(|| wire.send(b"TIME").map(|()| wire.hear()));
    let heard = heard?;
    let text = String::from_utf8_lossy(&heard).into_owned();
    match Reading::find(&text) {
        Some(reading) => Ok(Told { text: say::escaped(text.trim().as_bytes()), reading, span }),
        None if heard.is_empty() => Err(wire.silence(want(span))),
        None => Err(wire.fault(Transport::Answered, want(span), format!("{}, no time", say::amount(&heard)))),
    }
}

fn want(span: Span) -> String {
    format!("the time in UTC, {}", span.told(Offset::UTC))
}

/// Asks where it is another day; what is told has to be right.
fn far_away(stage: &mut Stage, more: &[(&str, &str)]) -> Result<Told, Miss> {
    if matches!(stage.setting.subject, Subject::Address(_)) {
        return Err(Miss::skip("this needs a program that we start, in another zone; give it behind --"));
    }
    let zone = [("TZ", zone_name())];
    let environment = zone.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into()));
    stage.environment.extend(environment);
    let mut wire = stage.connect()?;
    let told = ask(&mut wire)?;
    judged(&wire, told)
}

fn judged(wire: &Wire, told: Told) -> Result<Told, Miss> {
    let Told { text, reading, span } = &told;
    let is_right = reading.is_of(*span, Offset::UTC);
    let zone = reading.zone().unwrap_or(Offset::UTC);
    if is_right && zone == Offset::UTC {
        return Ok(told);
    }
    let why = match () {
        () if is_right => format!("which is right, and in the zone {zone}"),
        () if reading.shows(*span, AHEAD) && reading.zone().is_some() => "which is local time, called UTC".to_owned(),
        () if reading.shows(*span, AHEAD) => "which is local time".to_owned(),
        () => "which is another time".to_owned(),
    };
    let fault = wire.fault(Transport::Answered, want(*span), format!("\"{text}\", {why}"));
    Err(fault.with_did("started it with TZ=Pacific/Kiritimati, 14 hours ahead of UTC, and sent \"TIME\""))
}

fn other(stage: &mut Stage) -> Played {
    let word = stage.letters(6);
    let did = format!("sent {}", say::quoted(&word));
    let mut wire = stage.connect()?;
    wire.send(&word)?;
    let heard = wire.hear();
    if Reading::find(&String::from_utf8_lossy(&heard)).is_some() {
        return Err(wire.fault(Transport::Answered, "anything but a time, or nothing", say::amount(&heard)));
    }
    let note = format!("it answers {}", say::bytes(heard.trim_ascii_end()));
    asked_again(stage, wire, &did)?;
    Ok(Some(note))
}

/// The time is told on the same connection, or on another where it has ended.
fn asked_again(stage: &mut Stage, mut wire: Wire, did: &str) -> Result<(), Miss> {
    if wire.end().is_none() {
        return ask(&mut wire).map(drop).map_err(|m| m.with_did(&format!("{did}, and then \"TIME\"")));
    }
    stage.still_alive_for(did, "sent \"TIME\"", |stage| {
        let mut wire = stage.connect()?;
        ask(&mut wire).map(drop)
    })
}

fn fresh(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    let first = ask(&mut wire)?;
    stage.scene.pause(Duration::from_millis(1200));
    wire.listen_for(Duration::from_millis(1));
    // Who ends the conversation behind the first answer is asked by another client.
    let mut wire = if wire.end().is_some() { stage.connect()? } else { wire };
    let did = "sent \"TIME\", and after 1.2 s again";
    let second = ask(&mut wire).map_err(|m| m.with_did(did))?;
    if first.reading == second.reading && first.reading.has_seconds() {
        let fault = wire.fault(Transport::Answered, format!("a later time than {}", first.text), second.text);
        return Err(fault.with_did(did));
    }
    Ok((!first.reading.has_seconds()).then(|| "it says no seconds".to_owned()))
}

fn split(stage: &mut Stage) -> Played {
    let did = "sent \"TI\" and \"ME\" with 120 ms between them";
    let mut wire = stage.connect()?;
    wire.send(b"TI")?;
    wire.listen_for(SEEN_APART);
    if wire.end().is_none() {
        wire.send(b"ME").map_err(|m| m.with_did(did))?;
    }
    let heard = wire.hear();
    asked_again(stage, wire, did)?;
    Ok(Some(format!("it answers {}", say::bytes(heard.trim_ascii_end()))))
}

/// By name, which every language knows where the system does; else by the rule, which only C libraries read.
fn zone_name() -> &'static str {
    let zone = "Pacific/Kiritimati";
    if Path::new("/usr/share/zoneinfo").join(zone).exists() { zone } else { "<+14>-14" }
}

/// Whether programs that ask for the Polish locale get it; the others would fail for our sake.
fn knows_polish() -> bool {
    let folder = Path::new("/usr/lib/locale");
    let in_archive = || {
        let archive = std::fs::read(folder.join("locale-archive")).unwrap_or_default();
        archive.windows(POLISH.len()).any(|name| name == POLISH.as_bytes())
    };
    folder.join(POLISH).exists() || in_archive()
}

const POLISH: &str = "pl_PL.utf8";
/// Of the Line Islands.
const AHEAD: Offset = Offset::constant(14);
