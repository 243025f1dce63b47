//! `connect login` at a terminal, against `serve login`: a person gets in by name and password, and back in by token.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/pty.rs"]
mod pty;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use pty::Person;
use support::{Served, sockeye};

const PASSWORD: &str = "correct-horse-9";

fn server() -> Served {
    Served::start(&["login=127.0.0.1:0", "--data", ":memory:"])
}

/// A person who has just registered, and is at the prompt for lines.
fn registered(server: &Served, words: &[&str]) -> Person {
    let addr = server.addr().to_string();
    let mut person = Person::connect(&[&["login", &addr], words].concat());
    person.reads("Name: ");
    person.types("Łukasz\r");
    person.reads("Password: ");
    person.types(&format!("{PASSWORD}\r"));
    person.reads("Register Łukasz as a new name? [y/N] ");
    person.types("y\r");
    person.reads("Password again: ");
    person.types(&format!("{PASSWORD}\r"));
    person.reads("logged in as Łukasz until ");
    person
}

fn token_of(person: &Person) -> PathBuf {
    let mut files = fs::read_dir(person.data.path().join("sockeye/tokens")).unwrap();
    files.next().unwrap().unwrap().path()
}

#[test]
fn a_new_person_registers_unseen_and_comes_back_by_token() {
    for framing in ["burst", "u32be"] {
        let server = Served::start(&["login=127.0.0.1:0", "--data", ":memory:", "--framing", framing]);
        let addr = server.addr().to_string();
        let words = ["--framing", framing];
        let mut person = registered(&server, &words);
        person.types("whoami\r");
        person.reads("OK Łukasz");
        person.types("exit\r");
        assert_eq!(person.leaves(), 0);
        let raw = String::from_utf8(person.raw()).unwrap();
        assert!(!raw.contains(PASSWORD), "the password was on the terminal");
        let file = token_of(&person);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let token = fs::read_to_string(&file).unwrap();
        assert!(token.starts_with("sky1_") && !raw.contains(&token), "{token}");

        let mut person = Person::connect_again(&[&["login", &addr][..], &words].concat(), person.data);
        person.reads("logged in as Łukasz until ");
        person.types("LOGOUT\r");
        person.reads("OK logged out");
        person.types("exit\r");
        assert_eq!(person.leaves(), 0);
        assert_ne!(fs::read_to_string(&file).unwrap(), token, "the token is another after each use");

        // The session has ended, so the token is of no use.
        let mut person = Person::connect_again(&[&["login", &addr][..], &words].concat(), person.data);
        person.reads("not resumed: ");
        person.reads("Name: ");
        assert!(!file.exists());
        person.types("Łukasz\r");
        person.reads("Password: ");
        person.types(&format!("{PASSWORD}\r"));
        person.reads("logged in as Łukasz until ");
        person.types("exit\r");
        assert_eq!(person.leaves(), 0);
    }
}

#[test]
fn whoever_types_a_wrong_password_is_asked_again_and_then_turned_away() {
    let server = server();
    let addr = server.addr().to_string();
    let mut person = registered(&server, &[]);
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
    let mut person = Person::connect(&["login", &addr]);
    person.reads("Name: ");
    person.types("Łukasz\r");
    person.reads("Password: ");
    person.types("wrong-horse-9\r");
    person.reads("wrong name or password");
    person.reads("Register Łukasz as a new name? [y/N] ");
    person.types("\r");
    person.sees(|screen| screen.matches("Name: ").count() == 2);
    person.types("\x04");
    assert_eq!(person.leaves(), 0);
}

#[test]
fn ctrl_c_at_the_password_restores_the_terminal() {
    let server = server();
    let mut person = Person::connect(&["login", &server.addr().to_string()]);
    person.reads("Name: ");
    person.types("ada\r");
    person.reads("Password: ");
    person.types("\x03");
    assert_eq!(person.leaves(), 130);
}

#[test]
fn a_session_that_is_revoked_is_told_to_whoever_sits_at_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let server = Served::start(&["login=127.0.0.1:0", "--data", data]);
    let mut person = registered(&server, &[]);
    let revoked = sockeye(&["accounts", "revoke", "Łukasz", "--data", data], "");
    assert_eq!(revoked.status.code(), Some(0), "{revoked:?}");
    person.reads("ERR revoked");
    person.leaves();
}

#[test]
fn a_script_is_told_to_use_plain_connect() {
    let ended = sockeye(&["connect", "login", "5562"], "");
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.contains("no terminal") && ended.stderr.lines().count() == 1, "{ended:?}");
    let ended = sockeye(&["connect", "login", "5562", "--hex"], "");
    assert_eq!(ended.status.code(), Some(2));
}
