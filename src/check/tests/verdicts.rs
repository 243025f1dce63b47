//! Right and wrong echo servers, and which cases find them out.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use super::super::case::{Case, Lab, Part, Role, Row};
use super::super::document::{Level, Verdict};
use super::super::labs::{LABS, find};
use super::super::schedule::{Schedule, Step};
use super::servers::{Accepts, Server, pieces, right, stub};
use super::{graded, ids, judged, setting};

/// A server with one bug, and what finds it.
struct Wrong {
    name: &'static str,
    accepts: Accepts,
    serve: fn(TcpStream),
    lab: &'static str,
    /// This case has to fail.
    own: &'static str,
    /// And these must not, because they are about something else.
    others: &'static [&'static str],
}

const WRONG: &[Wrong] = &[
    Wrong {
        name: "adds a line end",
        accepts: Accepts::AtOnce,
        serve: |mut guest| pieces(&mut guest, |guest, piece| guest.write_all(&[piece, b"\n"].concat()).is_ok()),
        lab: "echo",
        own: "echo/basic/one",
        others: &[],
    },
    Wrong {
        name: "answers in upper case",
        accepts: Accepts::AtOnce,
        serve: |mut guest| pieces(&mut guest, |guest, piece| guest.write_all(&piece.to_ascii_uppercase()).is_ok()),
        lab: "echo",
        own: "echo/basic/one",
        others: &[],
    },
    Wrong {
        name: "closes after one answer",
        accepts: Accepts::AtOnce,
        serve: |mut guest| {
            pieces(&mut guest, |guest, piece| {
                let _ = guest.write_all(piece);
                false
            });
        },
        lab: "echo",
        own: "echo/basic/again",
        others: &["echo/basic/one", "echo/life/next", "echo/frag/merged"],
    },
    Wrong {
        name: "serves one after another",
        accepts: Accepts::OneAfterAnother,
        serve: right,
        lab: "many",
        own: "many/second-while-first-idle",
        others: &["many/first-thread", "many/life/next"],
    },
    Wrong {
        name: "loses the end of what is long",
        accepts: Accepts::AtOnce,
        serve: |mut guest| pieces(&mut guest, |guest, piece| guest.write_all(&piece[..piece.len().min(2000)]).is_ok()),
        lab: "echo",
        own: "echo/size/edges",
        others: &["echo/basic/one", "echo/basic/again", "echo/bytes/all256", "echo/life/next"],
    },
    Wrong {
        name: "stops at NUL",
        accepts: Accepts::AtOnce,
        serve: |mut guest| {
            pieces(&mut guest, |guest, piece| {
                let text = piece.split(|byte| *byte == 0).next().unwrap_or_default();
                guest.write_all(text).is_ok()
            });
        },
        lab: "echo",
        own: "echo/bytes/all256",
        others: &["echo/basic/one", "echo/size/edges", "echo/bytes/crlf", "echo/utf8/split", "echo/eof/half-close"],
    },
    Wrong {
        name: "does not end when the other side does",
        accepts: Accepts::AtOnce,
        serve: |mut guest| {
            pieces(&mut guest, |guest, piece| guest.write_all(piece).is_ok());
            // Until we reset it.
            while guest.write_all(b"").is_ok() && guest.take_error().is_ok_and(|error| error.is_none()) {
                thread::sleep(Duration::from_millis(50));
                if guest.peer_addr().is_err() {
                    return;
                }
            }
        },
        lab: "echo",
        own: "echo/eof/half-close",
        others: &["echo/basic/one", "echo/size/edges", "echo/life/next", "echo/bytes/all256"],
    },
    Wrong {
        name: "decodes each piece",
        accepts: Accepts::AtOnce,
        serve: |mut guest| {
            pieces(&mut guest, |guest, piece| match std::str::from_utf8(piece) {
                Ok(text) => guest.write_all(text.as_bytes()).is_ok(),
                Err(_) => false,
            });
        },
        lab: "echo",
        own: "echo/utf8/split",
        others: &["echo/basic/one", "echo/size/edges", "echo/bytes/crlf", "echo/eof/half-close"],
    },
    Wrong {
        name: "answers whoever came last",
        accepts: Accepts::AtOnce,
        serve: crosstalk,
        lab: "many",
        own: "many/no-crosstalk",
        others: &["many/first-thread"],
    },
    Wrong {
        name: "strips blanks",
        accepts: Accepts::AtOnce,
        serve: |mut guest| pieces(&mut guest, |guest, piece| guest.write_all(piece.trim_ascii()).is_ok()),
        lab: "echo",
        own: "echo/bytes/crlf",
        others: &["echo/basic/one", "echo/size/edges", "echo/utf8/split", "echo/eof/half-close"],
    },
    Wrong {
        name: "takes a full buffer for half a message",
        accepts: Accepts::AtOnce,
        serve: waits_for_a_short_read,
        lab: "echo",
        own: "echo/size/edges",
        others: &["echo/basic/one", "echo/basic/again", "echo/life/next"],
    },
    Wrong {
        name: "serves one client and ends",
        accepts: Accepts::Once,
        serve: right,
        lab: "echo",
        own: "echo/life/next",
        others: &[],
    },
];

fn crosstalk(guest: TcpStream) {
    static LAST: Mutex<Option<TcpStream>> = Mutex::new(None);
    *LAST.lock().unwrap() = guest.try_clone().ok();
    let mut guest = guest;
    pieces(&mut guest, |_, piece| {
        let last = LAST.lock().unwrap();
        last.as_ref().is_some_and(|mut last| last.write_all(piece).is_ok())
    });
}

fn waits_for_a_short_read(mut guest: TcpStream) {
    let mut buffer = [0; 1024];
    let mut message = Vec::new();
    while let Ok(n @ 1..) = guest.read(&mut buffer) {
        message.extend_from_slice(&buffer[..n]);
        if n < buffer.len() && guest.write_all(&std::mem::take(&mut message)).is_err() {
            return;
        }
    }
}

fn of(lab: &str, names: &[&str]) -> Vec<Case> {
    let cases: Vec<Case> = find(lab).unwrap().cases().filter(|case| names.contains(&case.id().as_str())).collect();
    assert_eq!(cases.len(), names.len(), "{names:?}");
    cases
}

#[test]
fn a_right_server_passes() {
    let server = Server::start(Accepts::AtOnce, right);
    for lab in ["echo", "many"] {
        let long = ["leak/200", "life/idle", "flow/no-reader", "fifty", "five-hundred"];
        let cases: Vec<Case> = find(lab).unwrap().cases().filter(|case| !long.contains(&case.row.name)).collect();
        let grades = judged(&cases, &setting(server.address, 4.0));
        for verdict in [Verdict::Fail, Verdict::Unjudged, Verdict::Blocked] {
            assert_eq!(ids(&grades, verdict), [""; 0], "{verdict:?}: {grades:#?}");
        }
        assert!(ids(&grades, Verdict::Pass).len() > 12);
    }
}

#[test]
fn a_wrong_server_is_failed_by_its_own_case_and_by_no_unrelated_one() {
    thread::scope(|scope| {
        for wrong in WRONG {
            scope.spawn(|| wrong.is_found_out());
        }
    });
}

impl Wrong {
    fn is_found_out(&self) {
        let server = Server::start(self.accepts, self.serve);
        // One at a time, because not all of them can serve more.
        let patient = setting(server.address, 2.0);
        for id in self.others {
            let grades = judged(&of(self.lab, &[id]), &patient);
            assert_eq!(ids(&grades, Verdict::Pass), [*id], "a server that {}: {grades:#?}", self.name);
        }
        let grades = judged(&of(self.lab, &[self.own]), &setting(server.address, 0.25));
        assert_eq!(ids(&grades, Verdict::Fail), [self.own], "a server that {}: {grades:#?}", self.name);
        let finding = grades[0].finding.as_ref().unwrap();
        assert!(!finding.did.is_empty() && finding.want != finding.got, "{finding:#?}");
    }
}

#[test]
fn a_stub_passes_nothing() {
    let server = Server::start(Accepts::AtOnce, stub);
    let servers = LABS.iter().filter(|lab| lab.role == Role::Server);
    let cases: Vec<Case> = servers.flat_map(|lab| lab.cases()).filter(|case| case.prefix != "start").collect();
    // Each by itself: none is to be saved by another one that comes first.
    let passed: Vec<String> = thread::scope(|scope| {
        let each = |chunk: &[Case]| {
            let judge_one = |case: &Case| judged(&[*case], &setting(server.address, 0.05));
            let grades = chunk.iter().flat_map(judge_one);
            grades.filter(|g| g.verdict == Verdict::Pass).map(|g| g.id).collect::<Vec<_>>()
        };
        let threads: Vec<_> =
            cases.chunks(cases.len().div_ceil(16)).map(|chunk| scope.spawn(move || each(chunk))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(passed, [""; 0]);
}

static CUT: Lab = Lab {
    name: "cut",
    role: Role::Server,
    summary: "",
    sheet: "",
    parts: &[Part {
        prefix: "start",
        rows: &[Row {
            name: "cut",
            level: Level::Must,
            needs: &[],
            title: "a text in pieces comes back whole",
            why: "",
            bug: "",
            fix: "",
            play: |stage| {
                let text = stage.letters(1500);
                let pieces = [&text[..1023], &text[1023..1063], &text[1063..1400], &text[1400..]];
                stage.perform(Schedule::pieces(&pieces, Duration::from_millis(100))).map(|_| None)
            },
        }],
    }],
    answers: |bytes| vec![bytes.to_vec()],
};

/// What follows a piece of just 1023 bytes is lost.
fn loses_what_follows_1023(mut guest: TcpStream) {
    let mut is_due = false;
    pieces(&mut guest, |guest, piece| {
        let lost = usize::from(std::mem::replace(&mut is_due, piece.len() == 1023));
        guest.write_all(&piece[lost..]).is_ok()
    });
}

#[test]
fn a_failing_schedule_is_shrunk_to_what_it_takes() {
    let server = Server::start(Accepts::AtOnce, loses_what_follows_1023);
    let cases: Vec<Case> = CUT.cases().collect();
    // Shortening has its time, of which a busy machine takes a part.
    let grades = judged(&cases, &setting(server.address, 12.0));
    let again = &graded(&grades, "start/cut").finding.as_ref().unwrap().again;
    let shortest: Schedule = again.parse().unwrap();
    let writes: Vec<&[u8]> = shortest
        .0
        .iter()
        .filter_map(|step| if let Step::Write(bytes) = step { Some(&bytes[..]) } else { None })
        .collect();
    let [before, behind] = writes[..] else { panic!("there is more in it than it takes: {again}") };
    assert_eq!(before.len(), 1023);
    // Which of the pieces behind it is left, and how much of that, is a matter of the tries that there are.
    assert!(behind.len() <= 100, "{again}");
}
