//! `connect login` at a terminal, against `serve login`: a person gets in by name and password, and back in by token.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/peers.rs"]
mod peers;
#[path = "support/pty.rs"]
mod pty;
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use peers::Peer;
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
    person.reads("No such name, or a wrong password. Register Łukasz as a new name? [y/N] ");
    person.types("\r");
    person.sees(|screen| screen.matches("Name: ").count() == 2);
    person.types("\x04");
    assert_eq!(person.leaves(), 0);
}

#[test]
fn what_is_no_name_and_no_password_is_told_before_it_is_said() {
    let server = server();
    let mut person = Person::connect(&["login", &server.addr().to_string()]);
    for (question, typed, told) in [
        ("Name:", "", "type a name, or Ctrl-D to leave"),
        ("Name:", "Anna Maria", "a name has no spaces"),
        ("Name:", "anna", ""),
        ("Password:", "", "type a password, or Ctrl-D to leave"),
        ("Password:", "correct horse", "a password has no spaces"),
    ] {
        person.sees(|screen| screen.trim_end().ends_with(question));
        person.types(&format!("{typed}\r"));
        person.reads(told);
    }
    person.sees(|screen| screen.trim_end().ends_with("Password:"));
    person.types("\x04");
    assert_eq!(person.leaves(), 0);
    person.sees(|screen| screen.matches("connected to").count() == 1 && !screen.contains("horse"));
}

#[test]
fn a_person_is_asked_before_a_secret_goes_to_another_machine() {
    // An address of this machine that is not loopback; nothing is sent. Where there is none, there is nothing to see.
    let way = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let Ok(here) = way.connect("192.0.2.1:9").and_then(|()| way.local_addr()) else { return };
    let server = Served::start(&[&format!("login={}:0", here.ip()), "--insecure-login", "--data", ":memory:"]);
    let addr = server.addr().to_string();
    let mut person = Person::connect(&["login", &addr]);
    person.reads("can read your password");
    person.sees(|screen| screen.trim_end().ends_with("Log in all the same? [y/N]"));
    person.types("\r");
    assert_eq!(person.leaves(), 0);
    let mut person = Person::connect(&["login", &addr]);
    person.reads("Log in all the same? [y/N] ");
    person.types("y\r");
    person.reads("Name: ");
    person.types("ada\r");
    person.reads("Password: ");
    person.types(&format!("{PASSWORD}\r"));
    person.reads("Register ada as a new name? [y/N] ");
    person.types("y\r");
    person.reads("Password again: ");
    person.types(&format!("{PASSWORD}\r"));
    person.reads("logged in as ada until ");
    person.sees(|screen| screen.matches("all the same?").count() == 1);
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
    // The token is a secret too.
    let mut person = Person::connect_again(&["login", &addr], person.data);
    person.reads("Log in all the same? [y/N] ");
    person.types("y\r");
    person.reads("logged in as ada until ");
    person.types("exit\r");
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
    for flags in [&["--hex"][..], &["--payload", "100"], &["--data", ":memory:"]] {
        let ended = sockeye(&[&["connect", "login", "5562"], flags].concat(), "");
        assert_eq!(ended.status.code(), Some(2));
        assert!(ended.stderr.contains(flags[0]) && ended.stderr.contains("login"), "{ended:?}");
    }
}

// Against servers that the tests speak for.

/// A server that says `script`'s lines, one for each line that it hears, on one connection after another, and then
/// waits until the client hangs up.
fn scripted(script: &'static [&'static [&'static str]]) -> Peer {
    Peer::in_turn(script.iter().map(|answers| {
        move |stream: TcpStream| {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            for (number, answer) in answers.iter().enumerate() {
                if number > 0 {
                    assert_ne!(reader.read_line(&mut String::new()).unwrap(), 0, "nothing asked for {answer}");
                }
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
            let mut rest = String::new();
            let _ = reader.read_to_string(&mut rest);
            assert_eq!(rest, "");
        }
    }))
}

const HELLO: &str = "OK LOGIN NAME PASSWORD\n";
const DENIED: &str = "ERR denied wrong name or password\n";
const TOKEN: &str = "OK token sky1_x expires 2026-11-21T19:20:00Z\n";

#[test]
fn no_connection_is_open_while_a_person_types_and_each_try_has_its_own() {
    let tries: &[&[&str]] = &[&[HELLO], &[HELLO, DENIED], &[HELLO, DENIED], &[HELLO, DENIED], &[HELLO, DENIED]];
    let peer = scripted(tries);
    let mut person = Person::connect(&["login", &peer.port, "--events", "bytes"]);
    for number in 0..4 {
        // The prompt stands behind the end of the connection before it.
        person.sees(|screen| {
            screen.trim_end().ends_with("\nName:") && screen.matches("disconnected (we closed)").count() == number + 1
        });
        person.types("ada\r");
        person.sees(|screen| screen.matches("Password:").count() == number + 1);
        person.types("wrong-horse-9\r");
        person.sees(|screen| screen.matches("Register ada").count() == number + 1);
        person.types("\r");
    }
    person.sees(|screen| screen.trim_end().ends_with("\nName:"));
    person.types("\x04");
    assert_eq!(person.leaves(), 0);
    // How much was sent would tell how long a password is.
    person.sees(|screen| screen.matches("connected to").count() == 5 && !screen.contains("sent "));
    peer.done();
}

#[test]
fn nothing_is_told_between_a_question_and_its_answer() {
    for _ in 0..6 {
        let peer = scripted(&[&[HELLO], &[HELLO, DENIED]]);
        let mut person = Person::connect(&["login", &peer.port]);
        person.reads("Name: ");
        person.types("ada\r");
        person.reads("Password: ");
        person.types("wrong-horse-9\r");
        person.reads("[y/N] ");
        person.types("n\r");
        person.sees(|screen| screen.matches("Name: ").count() == 2);
        person.types("\x04");
        assert_eq!(person.leaves(), 0);
        let raw = String::from_utf8(person.raw()).unwrap();
        assert!(raw.contains("Name: ada\r\nPassword: \r\n") && raw.contains("new name? [y/N] n\r\n"), "{raw}");
        peer.done();
    }
}

#[test]
fn a_server_that_does_not_greet_as_login_is_left_and_hears_nothing() {
    const SILENT: &[&[&str]] = &[&[""]];
    const OTHER: &[&[&str]] = &[&["220 mail.example.org\n"]];
    const FRAMED: &[&[&str]] = &[&["\0\0\0\u{2}OK"]];
    for script in [SILENT, OTHER, FRAMED] {
        let peer = scripted(script);
        let mut person = Person::connect(&["login", &peer.port]);
        person.reads("does not greet as login does; check the port and --framing");
        assert_eq!(person.leaves(), 1);
        peer.done();
    }
}

#[test]
fn what_is_typed_ahead_is_not_taken_for_a_password() {
    let (came, greet) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    let hello = move |stream: TcpStream| {
        came.0.send(()).unwrap();
        greet.1.recv().unwrap();
        (&stream).write_all(HELLO.as_bytes()).unwrap();
    };
    let next = |stream: TcpStream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        (&stream).write_all(HELLO.as_bytes()).unwrap();
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, "LOGIN hist right-horse-9\n");
    };
    let visits: [Box<dyn FnOnce(TcpStream) + Send>; 2] = [Box::new(hello), Box::new(next)];
    let peer = Peer::in_turn(visits);
    let mut person = Person::connect(&["login", &peer.port]);
    came.1.recv_timeout(pty::PATIENCE).unwrap();
    person.types("hist\rbetter-horse-9\r");
    person.reads("better-horse-9");
    greet.0.send(()).unwrap();
    person.reads("Password: ");
    person.types("right-horse-9\r");
    assert_eq!(person.leaves(), 1);
    peer.done();
}

#[test]
fn what_comes_right_behind_the_last_answer_is_shown() {
    let peer = scripted(&[&[HELLO], &[HELLO, TOKEN, "OK ada\nERR revoked this session was ended\nand more\n"]]);
    let mut person = Person::connect(&["login", &peer.port]);
    person.reads("Name: ");
    person.types("ada\r");
    person.reads("Password: ");
    person.types("right-horse-9\r");
    person.reads("logged in as ada until ");
    person.reads("ERR revoked this session was ended\nand more");
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
    peer.done();
}

#[test]
fn whoever_the_server_takes_nothing_from_is_not_asked_again() {
    const LATE: &[&[&str]] = &[&[HELLO], &[HELLO, "ERR limit at most 4096 bytes and 30 s\n"]];
    const PLAIN: &[&[&str]] = &[&["ERR insecure names can be read on their way\n"]];
    for (script, why) in
        [(LATE, "did not let us in: at most 4096 bytes"), (PLAIN, "did not let us in: names can be read on their way")]
    {
        let peer = scripted(script);
        let mut person = Person::connect(&["login", &peer.port]);
        if script.len() > 1 {
            person.reads("Name: ");
            person.types("ada\r");
            person.reads("Password: ");
            person.types("right-horse-9\r");
        }
        person.reads(why);
        assert_eq!(person.leaves(), 1);
        person.sees(|screen| screen.matches("Name: ").count() == script.len() - 1);
        peer.done();
    }
}

#[test]
fn a_server_that_is_gone_when_the_password_is_typed_is_told_of() {
    let peer = scripted(&[&[HELLO]]);
    let mut person = Person::connect(&["login", &peer.port]);
    person.reads("Name: ");
    person.types("ada\r");
    person.reads("Password: ");
    peer.done();
    person.types("right-horse-9\r");
    assert_eq!(person.leaves(), 1);
    person.reads("nothing listens there");
}

#[test]
fn a_signal_while_a_password_is_asked_ends_it_with_its_code_and_a_restored_terminal() {
    use rustix::process::Signal;
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let peer = scripted(&[&[HELLO]]);
        let mut person = Person::connect(&["login", &peer.port]);
        person.reads("Name: ");
        person.types("ada\r");
        person.reads("Password: ");
        person.signals(signal);
        assert_eq!(person.leaves(), code);
        peer.done();
        let mut person = Person::start(&["accounts", "add", "ada"], tempfile::tempdir().unwrap());
        person.reads("Password: ");
        person.signals(signal);
        person.reads("nothing was changed");
        assert_eq!(person.leaves(), code);
    }
}

#[test]
fn an_operator_is_asked_until_a_password_is_one_and_only_for_a_name_that_is_free() {
    let mut person = Person::start(&["accounts", "add", "ada"], tempfile::tempdir().unwrap());
    for (number, (first, again, told)) in [
        ("short", None, "a password has 8 to 1024 bytes"),
        (PASSWORD, Some("correct-horse-8"), "the two passwords differ"),
        (PASSWORD, Some(PASSWORD), "ada has an account"),
    ]
    .into_iter()
    .enumerate()
    {
        person.sees(|screen| screen.matches("Password: ").count() == number + 1);
        person.types(&format!("{first}\r"));
        if let Some(again) = again {
            person.sees(|screen| screen.matches("Again: ").count() == number);
            person.types(&format!("{again}\r"));
        }
        person.reads(told);
    }
    assert_eq!(person.leaves(), 0);
    let mut person = Person::start(&["accounts", "add", "ada"], person.data);
    person.reads("there is an account called ada already");
    assert_eq!(person.leaves(), 1);
    person.sees(|screen| !screen.contains("Password"));
    for (answer, told, code) in [("\r", "nothing was changed", 1), ("y\r", "ada has no account any more", 0)] {
        person = Person::start(&["accounts", "delete", "ada"], person.data);
        person.reads("Delete the account of ada and end its sessions? [y/N] ");
        person.types(answer);
        person.reads(told);
        assert_eq!(person.leaves(), code);
    }
}

#[test]
fn ctrl_c_ends_it_while_the_server_is_waited_for() {
    let (silent, heard) = std::sync::mpsc::channel();
    let hello = |stream: TcpStream| (&stream).write_all(HELLO.as_bytes()).unwrap();
    let wait = move |stream: TcpStream| {
        hello(stream.try_clone().unwrap());
        let mut reader = BufReader::new(stream);
        reader.read_line(&mut String::new()).unwrap();
        silent.send(()).unwrap();
        let _ = reader.read_line(&mut String::new());
    };
    let visits: [Box<dyn FnOnce(TcpStream) + Send>; 2] = [Box::new(hello), Box::new(wait)];
    let peer = Peer::in_turn(visits);
    let mut person = Person::connect(&["login", &peer.port]);
    person.reads("Name: ");
    person.types("ada\r");
    person.reads("Password: ");
    person.types("right-horse-9\r");
    heard.recv_timeout(pty::PATIENCE).unwrap();
    person.types("\x03");
    assert_ne!(person.leaves(), 0);
    peer.done();
}

#[test]
fn a_client_that_holds_secrets_leaves_no_core() {
    // Where the system makes no cores at all, there is nothing to see.
    let dies = |words: &str| {
        let here = tempfile::tempdir().unwrap();
        let mut command = std::process::Command::new("sh");
        let script = format!("ulimit -c unlimited; cd {}; exec {words}", here.path().display());
        let mut child = command.args(["-c", &script]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"half a line").unwrap();
        let unread = || rustix::io::ioctl_fionread(&stdin).unwrap();
        support::eventually("it waits for the rest of the line", || unread() == 0);
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::ABORT).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(6), "{status:?}");
        status.core_dumped()
    };
    let dies_at_a_terminal = |words: &str, question: &str| {
        let data = tempfile::tempdir().unwrap();
        let here = data.path().display();
        let script = format!("ulimit -c unlimited; cd {here}; sh -c 'echo $$ >pid; exec {words}'; echo over");
        let person = Person::shell(&script, data);
        person.reads(question);
        let id = fs::read_to_string(person.data.path().join("pid")).unwrap().trim().parse().unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::ABORT).unwrap();
        person.reads("over");
        person.sees(|screen| screen.contains("Aborted"));
        String::from_utf8_lossy(&person.raw()).contains("core dumped")
    };
    if dies_at_a_terminal("sh -c \"echo ready; exec cat\"", "ready") {
        let peer = scripted(&[&[HELLO]]);
        let words = format!("{} connect login {}", env!("CARGO_BIN_EXE_sockeye"), peer.port);
        assert!(!dies_at_a_terminal(&words, "Name: "));
        peer.done();
    }
    if dies("cat") {
        assert!(!dies(&format!("{} accounts add ada", env!("CARGO_BIN_EXE_sockeye"))));
    }
}
