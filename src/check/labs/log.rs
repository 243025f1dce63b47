//! Log: a server tells what happens to it in a file instead of on its terminal. Which file that is, is found by what has
//! changed in its folder.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use super::events::life::{Ear, TELLING, speak};
use super::start;
use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::events::{Event, EventWords, Told};
use crate::check::fault::{Fault, Miss};
use crate::check::say;
use crate::check::scene::until;
use crate::check::stage::Stage;

pub(crate) const LAB: Lab = Lab {
    name: "log",
    role: Role::Server,
    summary: "a server that writes its messages to a log file instead of the console",
    sheet: "sheet R, task 5",
    parts: &[start::SERVER, Part { prefix: "log", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "file-not-console",
        level: Level::Must,
        needs: &[],
        title: "what happens is told in a file of its folder, and not on the console",
        why: "sheet R, task 5: a server runs for weeks, and nobody looks at its terminal",
        bug: "the messages are printed as before, or printed and written",
        fix: "one function that writes a line to the file, in place of each print()",
        play: file_not_console,
    },
    Row {
        name: "kill-safe",
        level: Level::Should,
        needs: &[],
        title: "when it is killed, what has happened stands in the file already",
        why: "the log matters most when the server has died",
        bug: "what is written waits in a buffer until the file is closed",
        fix: "open it with buffering=1, or flush() behind each line, or use logging",
        play: kill_safe,
    },
    Row {
        name: "append",
        level: Level::Should,
        needs: &["file-not-console"],
        title: "started again, it keeps what the file had in it",
        why: "a restart is no reason to forget",
        bug: "the file is opened with mode 'w'",
        fix: "open(name, \"a\")",
        play: append,
    },
    Row {
        name: "utf8",
        level: Level::Should,
        needs: &[],
        title: "the file is UTF-8, also where a client sends letters of other languages",
        why: "a log that cannot be read everywhere is no log",
        bug: "the file is opened with the encoding of one machine, or a letter ends the server",
        fix: "open(name, \"a\", encoding=\"utf-8\")",
        play: utf8,
    },
    Row {
        name: "concurrent",
        level: Level::Should,
        needs: &["file-not-console"],
        title: "five clients at once make whole lines, one for each thing that happened",
        why: "lines of different threads must not mix",
        bug: "a line is written in two steps and without a lock",
        fix: "write a line with its end in one write(), under a lock, or use logging",
        play: concurrent,
    },
];

/// Files of a program's folder that were not there, or not so, when it was started.
fn changed(stage: &Stage) -> Result<Vec<(PathBuf, Vec<u8>)>, Miss> {
    Ok(stage.place()?.changed().into_iter().filter(|file| !file.1.is_empty()).collect())
}

/// The file that tells most of what happens to it, with its bytes.
fn log(stage: &Stage) -> Result<Option<(PathBuf, Vec<u8>)>, Miss> {
    let words = &stage.setting.events;
    let told = |file: &(PathBuf, Vec<u8>)| told_of(&read(&file.1), words);
    let fullest = changed(stage)?.into_iter().map(|file| (told(&file), file)).max_by_key(|(told, _)| *told);
    Ok(fullest.filter(|(told, _)| *told > 0).map(|(_, file)| file))
}

/// What it says; nothing where there is none.
fn text_of_log(stage: &Stage) -> Result<String, Miss> {
    Ok(log(stage)?.map(|(_, bytes)| read(&bytes)).unwrap_or_default())
}

/// A text that is not UTF-8 is read as Russians wrote theirs before, in Windows-1251: that it should be UTF-8 is for one
/// case to say, and not for all.
fn read(bytes: &[u8]) -> String {
    let cyrillic = |byte: &u8| match byte {
        0xc0.. => char::from_u32(u32::from(*byte) - 0xc0 + u32::from('А')).unwrap_or('?'),
        0x80.. => '?',
        ascii => char::from(*ascii),
    };
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(cyrillic).collect(), ToOwned::to_owned)
}

/// How many of the seven events a text tells.
fn told_of(text: &str, words: &EventWords) -> usize {
    let mut told = Told::default();
    told.read(text);
    Event::ALL.into_iter().filter(|event| told.first(words, *event).is_some()).count()
}

/// A client that comes, sends `text`, and leaves.
fn visit(stage: &mut Stage, text: &[u8]) -> Result<(), Miss> {
    let mut wire = stage.connect()?;
    speak(Some(&mut wire), text)?;
    wire.close();
    Ok(())
}

/// Waits until the log tells so many of the events, and says how many it does.
fn until_told(stage: &Stage, most: usize) -> Result<usize, Miss> {
    let scene = stage.scene.clone();
    let words = stage.setting.events.clone();
    let mut told = Ok(0);
    until(scene.wait(TELLING), || {
        told = text_of_log(stage).map(|text| told_of(&text, &words));
        told.as_ref().map_or(true, |told| *told >= most).then_some(())
    });
    told
}

fn file_not_console(stage: &mut Stage) -> Played {
    stage.command()?;
    stage.listening()?;
    let ear = Ear::now(stage.program()?);
    let text = stage.letters(8);
    visit(stage, &text)?;
    let mut told = until_told(stage, WHOLE)?;
    let heard = ear.heard(stage.program()?);
    if told < ENOUGH {
        // Whoever writes when it closes the file is wrong in another way.
        let program = stage.program()?;
        program.signal(Signal::INT);
        program.ends_within(start::STOPPING);
        told = until_told(stage, ENOUGH)?;
    }
    let did = "connected, sent a text, and left";
    if told < ENOUGH {
        let files: Vec<String> = changed(stage)?.iter().map(|(path, _)| path.display().to_string()).collect();
        let got = match files.as_slice() {
            [] => "no file in its folder has changed".to_owned(),
            files => format!("in {} {told} of the seven events are told", files.join(", ")),
        };
        let want = "a file in its folder that tells what happened";
        return Err(stage.program()?.fault(Transport::Answered, want, got).with_did(did));
    }
    let words = stage.setting.events.clone();
    let spoken = [Event::Connect, Event::Recv, Event::Send, Event::Disconnect];
    let printed = spoken.into_iter().find_map(|event| heard.all(&words, event).first().map(|line| (*line).to_owned()));
    let lines = heard.lines().filter(|line| !line.trim().is_empty()).count();
    let got = match printed {
        Some(line) => format!("it prints {}", say::quoted(line.trim_end().as_bytes())),
        None if lines > MOST_LINES => format!("it prints {lines} lines"),
        None => return Ok(log(stage)?.map(|(path, _)| format!("in {}", path.display()))),
    };
    Err(stage.program()?.fault(Transport::Answered, "the console stays quiet", got).with_did(did))
}

fn kill_safe(stage: &mut Stage) -> Played {
    stage.command()?;
    stage.listening()?;
    let text = stage.letters(8);
    visit(stage, &text)?;
    until_told(stage, WHOLE)?;
    stage.kill();
    let words = stage.setting.events.clone();
    let mut told = Told::default();
    told.read(&text_of_log(stage)?);
    let found = [Event::Connect, Event::Recv, Event::Send, Event::Disconnect];
    let found = found.into_iter().filter(|event| told.first(&words, *event).is_some()).count();
    if found >= FOUND {
        return Ok(None);
    }
    let got = match found {
        0 => "nothing of it stands in a file",
        _ => "only a part of it stands in a file",
    };
    let fault = Fault::new(Transport::Answered, "what happened stands in the file", got);
    Err(fault.did("connected, sent a text, left, and killed it").into())
}

fn append(stage: &mut Stage) -> Played {
    stage.command()?;
    let port = stage.listening()?.port();
    let text = stage.letters(8);
    visit(stage, &text)?;
    until_told(stage, WHOLE)?;
    let program = stage.program()?;
    program.signal(Signal::INT);
    program.ends_within(start::STOPPING);
    stage.kill();
    let Some((path, before)) = log(stage)? else {
        return Err(
            Miss::answer("a file that tells what happened", "none").with_did("connected, sent a text, and left")
        );
    };
    let prompter = stage.server_prompter(port);
    stage.start(port, prompter)?;
    stage.listening()?;
    let text = stage.letters(8);
    visit(stage, &text)?;
    let scene = stage.scene.clone();
    scene.breathe(scene.stretched(SETTLING));
    let place = stage.place()?.files();
    let after = place.into_iter().find(|(file, _)| *file == path).map(|(_, bytes)| bytes).unwrap_or_default();
    if after.starts_with(&before) {
        return Ok(None);
    }
    let want = format!("{} keeps its {} bytes", path.display(), before.len());
    let got = match after.len() {
        0 => "they are gone".to_owned(),
        n => format!("it has {n} bytes, which begin otherwise"),
    };
    Err(stage.program()?.fault(Transport::Answered, want, got).with_did("stopped it, and started it again"))
}

fn utf8(stage: &mut Stage) -> Played {
    stage.command()?;
    stage.listening()?;
    let text = [&stage.letters(6)[..], " zażółć привет ß".as_bytes()].concat();
    visit(stage, &text)?;
    until_told(stage, WHOLE)?;
    let did = format!("connected, sent {}, and left", say::quoted(&text));
    // A letter that ends it ends it here.
    let more = stage.letters(8);
    visit(stage, &more).map_err(|miss| miss.with_did(&did))?;
    let files = changed(stage)?;
    let program = stage.program()?;
    if files.is_empty() {
        let fault = program.fault(Transport::Answered, "a file in its folder that has grown", "none");
        return Err(fault.with_did(&did));
    }
    for (path, bytes) in files.iter().filter(|(_, bytes)| !bytes.contains(&0)) {
        if let Err(error) = std::str::from_utf8(bytes) {
            let at = error.valid_up_to();
            let got = format!("{} is not UTF-8 from byte {at} on", path.display());
            return Err(Fault::new(Transport::Answered, "UTF-8", got).did(did).at(bytes, at).into());
        }
    }
    Ok(None)
}

fn concurrent(stage: &mut Stage) -> Played {
    stage.command()?;
    stage.listening()?;
    // How its lines look where there is one client only.
    let text = stage.letters(8);
    visit(stage, &text)?;
    until_told(stage, WHOLE)?;
    let words = stage.setting.events.clone();
    let lone = text_of_log(stage)?;
    let usual = lone.lines().map(|line| events_in(line, &words)).max().unwrap_or_default();
    let is_spaced = lone.lines().any(|line| line.trim().is_empty());
    crowd(stage)?;
    let scene = stage.scene.clone();
    let left = |text: &str| text.lines().map(|line| words.count(Event::Disconnect, line)).sum::<usize>();
    let all = until(scene.wait(TELLING), || {
        let text = text_of_log(stage).unwrap_or_default();
        (left(&text) > CROWD).then_some(text)
    });
    let text = match all {
        Some(text) => text,
        None => text_of_log(stage)?,
    };
    // It may have begun anew, or elsewhere.
    let fresh = text.strip_prefix(&lone).unwrap_or(&text);
    let torn = fresh.lines().find(|line| events_in(line, &words) > usual || !is_spaced && line.trim().is_empty());
    let got = match torn {
        Some(line) if line.trim().is_empty() => "an empty line, as there is none with one client".to_owned(),
        Some(line) => format!("a line that is two: {}", say::escaped(line.as_bytes())),
        None if left(fresh) < CROWD => format!("{} of {CROWD} clients are said to have left", left(fresh)),
        None => return Ok(None),
    };
    let fault = stage.program()?.fault(Transport::Answered, "a whole line for each thing that happened", got);
    Err(fault.with_did("five clients came at once, sent a text each, and left"))
}

fn crowd(stage: &mut Stage) -> Result<(), Miss> {
    let mut wires = Vec::new();
    for _ in 0..CROWD {
        wires.push(stage.connect()?);
    }
    let texts: Vec<Vec<u8>> = (0..CROWD).map(|_| stage.letters(8)).collect();
    for (wire, text) in wires.iter_mut().zip(&texts) {
        wire.send(text)?;
    }
    // In the order in which they came, as some serve one after the other.
    for mut wire in wires {
        wire.hear();
        wire.close();
    }
    Ok(())
}

/// How many events a line tells.
fn events_in(line: &str, words: &EventWords) -> usize {
    Event::ALL.into_iter().map(|event| words.count(event, line)).sum()
}

/// Of a life that has not ended, all seven but the last.
const WHOLE: usize = 6;
/// Whoever leaves out more does not keep a log.
const ENOUGH: usize = 3;
const FOUND: usize = 2;
/// The port, and a word of greeting.
const MOST_LINES: usize = 2;
const CROWD: usize = 5;
const SETTLING: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_an_old_encoding_is_read_all_the_same() {
        assert_eq!(read("Сервер".as_bytes()), "Сервер");
        assert_eq!(read(&[0xd1, 0xe5, 0xf0, 0xe2, 0xe5, 0xf0, b' ', b'1']), "Сервер 1");
    }

    #[test]
    fn two_lines_that_became_one_tell_more_than_one() {
        let words = EventWords::default();
        assert_eq!(events_in("12:00:01 Klient połączony: 127.0.0.1:5", &words), 1);
        assert!(events_in("12:00:01 Klient połączony: 1 12:00:01 Odebrano dane: 2 5", &words) > 1);
    }
}
