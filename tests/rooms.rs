//! The walls of the house: who may use whom, and what every file owes its reader. The table is the dependency plan;
//! the text of every source file is held against it, tests included. See ARCHITECTURE.md, "Doors".

use std::fs;
use std::path::{Path, PathBuf};

/// A room and the rooms it may use. `src/lib.rs` and `src/main.rs` are in no room and free.
const DOORS: &[(&str, &[&str])] = &[
    (
        "cli",
        &["commands", "server", "services", "client", "bench", "scan", "check", "event", "framing", "store", "net"],
    ),
    (
        "commands",
        &["server", "services", "client", "bench", "scan", "check", "subject", "event", "framing", "store", "net"],
    ),
    ("server", &["services", "event", "net"]),
    ("client", &["event", "framing", "seeded", "net"]),
    ("bench", &["subject", "event", "framing", "seeded", "net"]),
    ("scan", &["event", "seeded", "net"]),
    ("check", &["subject", "event", "framing", "seeded", "net"]),
    ("services", &["event", "framing", "seeded", "store", "net"]),
    ("event", &["net"]),
    ("framing", &[]),
    ("seeded", &[]),
    ("subject", &[]),
    ("store", &[]),
    ("net", &[]),
];

#[test]
fn rooms_use_only_the_rooms_the_table_opens_to_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(room) = room_of(&path) else { continue };
        let open = DOORS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, open)| open);
        let used = doors(&text, depth_of(&path)).into_iter().filter(|(_, used)| *used != room);
        let closed = used.filter(|(_, used)| !open.contains(&used.as_str()));
        wrong.extend(closed.map(|(line, used)| format!("src/{}:{line}: {room} -> {used}", path.display())));
    }
    assert!(wrong.is_empty(), "doors that DOORS does not have:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_has_a_row_and_every_row_a_room() {
    let mut rooms: Vec<String> = sources().iter().filter_map(|(path, _)| room_of(path)).collect();
    rooms.sort();
    rooms.dedup();
    let mut rows: Vec<&str> = DOORS.iter().map(|(room, _)| *room).collect();
    rows.sort_unstable();
    assert_eq!(rooms, rows);
}

#[test]
fn every_file_opens_with_what_it_is() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//! "));
    let silent: Vec<String> = silent.map(|(path, _)| format!("src/{}", path.display())).collect();
    assert!(silent.is_empty(), "files that do not open with `//!`:\n{}", silent.join("\n"));
}

#[test]
fn every_module_is_declared_with_its_purpose() {
    let mut silent = Vec::new();
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| module_of(line).is_some_and(|m| m != "tests")) {
            let above = lines[..at].iter().rev().find(|above| !above.starts_with("#["));
            if !above.is_some_and(|above| above.starts_with("/// ")) {
                silent.push(format!("src/{}:{}: {line}", path.display(), at + 1));
            }
        }
    }
    assert!(silent.is_empty(), "modules without a `///` line above them:\n{}", silent.join("\n"));
}

#[test]
fn no_file_has_more_than_400_lines_above_its_tests() {
    let stories = sources().into_iter().filter(|(path, _)| !path.ends_with("tests.rs"));
    let long = stories.map(|(path, text)| {
        let story = text.find("#[cfg(test)]\nmod ").map_or(text.as_str(), |tests| &text[..tests]);
        (path, story.lines().count())
    });
    let long: Vec<_> = long.filter(|(_, lines)| *lines > 400).collect();
    assert!(long.is_empty(), "too long for one noun: {long:?}");
}

#[test]
fn every_way_to_name_another_room_is_seen() {
    for (text, seen) in [
        ("use crate::net::Conn;", &["net"][..]),
        ("use crate::{event, net::{Conn, dial}, services::*};", &["event", "net", "services"]),
        ("use crate::{\n    event::Level,\n    net,\n};", &["event", "net"]),
        ("fn f(a: crate::net::Address) -> crate::event::Level {}", &["net", "event"]),
        ("pub(crate) use pace::Pace;", &[]),
        ("//! of [`crate::cli`]\n/// and `crate::cli`", &[]),
        ("use super::Conn;", &[]),
        ("use super::super::net;", &["super"]),
        // What cannot be read is closed.
        ("use crate::*;", &["*"]),
        ("use crate::{self};", &["self"]),
        ("use crate as house;", &["crate"]),
        ("use crate::r#net::Conn;", &["r#net"]),
    ] {
        let found: Vec<String> = doors(text, 2).into_iter().map(|(_, room)| room).collect();
        assert_eq!(found, seen, "{text}");
    }
    let tests = "use super::Up;\n\nmod tests {\n    use super::*;\n    use super::super::Up;\n}\n";
    assert_eq!(doors(tests, 1), [(1, "super".to_owned()), (5, "super".to_owned())]);
}

/// The rooms that `text` names, and where. `depth` is how many modules lie between it and the crate, itself included.
fn doors(text: &str, depth: usize) -> Vec<(usize, String)> {
    let blank = |line: &str| if line.trim_start().starts_with("//") { String::new() } else { line.to_owned() };
    let text = text.lines().map(blank).collect::<Vec<_>>().join("\n");
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate").filter(|(at, _)| !text[..*at].ends_with(in_word)) {
        let rest = &text[at + "crate".len()..];
        let named = match rest.strip_prefix("::") {
            Some(path) => first_words(path),
            None if rest.starts_with(in_word) || text[..at].ends_with("pub(") && rest.starts_with(')') => Vec::new(),
            None => vec!["crate".to_owned()],
        };
        found.extend(named.into_iter().map(|room| (line_of(at), room)));
    }
    for (at, _) in text.match_indices("super::").filter(|(at, _)| !text[..*at].ends_with("super::")) {
        let steps = text[at..].split("super::").take_while(|between| between.is_empty()).count();
        // Tests stand at the bottom, one module deeper.
        let inside = usize::from(text[..at].contains("\nmod tests {\n"));
        if steps >= depth + inside {
            found.push((line_of(at), "super".to_owned()));
        }
    }
    found
}

/// The first word of a path, or of each path in its braces.
fn first_words(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else { return vec![first_word(path)] };
    let (mut depth, mut start, mut words) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        if depth == 0 && matches!(c, ',' | '}') {
            words.push(first_word(&group[start..at]));
            start = at + 1;
        }
        match c {
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            '{' => depth += 1,
            _ => {}
        }
    }
    // A comma may stand behind the last one.
    words.retain(|word| !word.is_empty());
    words
}

fn first_word(path: &str) -> String {
    let ends = |c: char| matches!(c, ':' | ';' | ',' | '(' | ')' | '<' | '>' | '{' | '}') || c.is_whitespace();
    path.trim().split(ends).next().unwrap_or_default().to_owned()
}

/// The name in `mod name;` or `mod name {`, whoever may see it.
fn module_of(line: &str) -> Option<&str> {
    let shared = line.strip_prefix("pub").map(|rest| rest.split_once(") ").map_or(rest, |(_, rest)| rest).trim_start());
    let name = shared.unwrap_or(line).strip_prefix("mod ")?;
    name.strip_suffix(';').or_else(|| name.strip_suffix(" {"))
}

/// `net` for `net/dial.rs` and for `net.rs`; nothing for the two files that are in no room.
fn room_of(path: &Path) -> Option<String> {
    let first = path.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs");
    (!matches!(first, "lib" | "main")).then(|| first.to_owned())
}

/// 1 for `net/mod.rs`, 2 for `net/dial.rs` and `net/byteloop/mod.rs`.
fn depth_of(path: &Path) -> usize {
    path.components().count() - usize::from(path.ends_with("mod.rs"))
}

/// Every file under `src`, with its path below it.
fn sources() -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![src.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                files.push((path.strip_prefix(&src).expect("it was found there").to_owned(), text));
            }
        }
    }
    files.sort();
    files
}
