//! Sample: checks as they might have been.

use crate::check::document::*;

/// One that has every verdict, a flaky case, cases that wait for each other, and a program that tries to break reports.
pub(crate) fn document() -> Document {
    let mut document = Document {
        schema: super::json::SCHEMA,
        sockeye: "0.1.0".to_owned(),
        lab: "echo".to_owned(),
        subject: "python3 server.py".to_owned(),
        started: "2026-11-21T10:00:00.250Z".to_owned(),
        elapsed_ms: 12_430,
        seed: 7,
        isolation: "every case in its own user, network and pid namespace; files outside the copy are hidden"
            .to_owned(),
        totals: Totals::default(),
        cases: vec![
            passed("start/listens", Level::Must),
            passed("echo/basic/one", Level::Must),
            utf8(),
            hostile_case(),
            spun(),
            Graded { flaky: true, ..passed("echo/many/ten", Level::Should) },
            Graded { note: Some("it answers in one piece".to_owned()), ..passed("echo/pieces", Level::Extra) },
            open("echo/ipv6", Verdict::Skip, "this machine has no IPv6"),
            open("echo/idle/cpu", Verdict::Unjudged, "the machine was too busy to tell, three times in a row"),
            waiting("echo/many/idle-first", "echo/basic/half-close"),
            waiting("echo/many/thousand", "echo/many/idle-first"),
            waiting("echo/many/leavers", "echo/basic/half-close"),
            waiting("echo/exit/word", "echo/utf8/at-1024"),
            extra(),
        ],
    };
    document.totals = totals(&document.cases);
    document
}

/// One of a program that is right.
pub(crate) fn perfect() -> Document {
    let cases = vec![passed("start/listens", Level::Must), passed("echo/basic/one", Level::Must)];
    Document { totals: totals(&cases), cases, elapsed_ms: 840, ..document() }
}

/// One of a program that did not come to where it can be talked to.
pub(crate) fn dead() -> Document {
    let start = Graded {
        finding: Some(Finding {
            transport: Transport::NotReady,
            did: "started python3 server.py and waited 10 s for it to listen".to_owned(),
            want: "a listening socket".to_owned(),
            got: "exit status 1 after 60 ms".to_owned(),
            shown: None,
            stderr: vec!["SyntaxError: '(' was never closed".to_owned()],
            so: None,
            attempt: None,
            again: "sockeye check echo --only start/listens --seed 7 -- python3 server.py".to_owned(),
            more: Some("sockeye check explain start/listens".to_owned()),
        }),
        ..failed("start/listens", Level::Must)
    };
    let cases = vec![start, waiting("echo/basic/one", "start/listens"), waiting("echo/many/ten", "start/listens")];
    Document { totals: totals(&cases), cases, elapsed_ms: 10_100, ..document() }
}

/// One in which every text says `text`.
pub(crate) fn hostile(text: &str) -> Document {
    let own = || text.to_owned();
    let full = |verdict, deed| Graded {
        id: own(),
        title: own(),
        level: Level::Must,
        verdict,
        points: 0,
        max_points: 2,
        duration_ms: 3,
        flaky: verdict == Verdict::Pass,
        note: Some(own()),
        blocked_by: Some(own()),
        finding: Some(Finding {
            transport: Transport::Answered,
            did: own(),
            want: own(),
            got: own(),
            shown: Some(Shown { text: own(), caret: text.chars().count() / 2, at: 9 }),
            stderr: vec![own(), own()],
            so: Some(own()),
            attempt: Some(own()),
            again: own(),
            more: Some(own()),
        }),
        program: Some(Program {
            prompts: vec![Prompted { prompt: own(), answer: own() }],
            output: own(),
            stderr: own(),
            ended: Some(own()),
            cpu_ms: 1,
            memory_bytes: 2,
        }),
        transcript: vec![Moment { at_us: 5, connection: 1, deed }],
    };
    let mut cases = vec![
        full(Verdict::Pass, Deed::Connected { from: own(), to: own() }),
        full(Verdict::Fail, Deed::NotConnected { to: own(), why: own() }),
        full(Verdict::Skip, Deed::Sent { bytes: 1, text: own() }),
        full(Verdict::Unjudged, Deed::Received { bytes: 2, text: own() }),
        full(Verdict::Blocked, Deed::Started { command: own() }),
        full(Verdict::Fail, Deed::Typed { text: own() }),
        full(Verdict::Fail, Deed::Signalled { name: own() }),
        full(Verdict::Fail, Deed::Ended { how: own() }),
    ];
    cases[1].level = Level::Extra;
    Document {
        sockeye: own(),
        lab: own(),
        subject: own(),
        started: own(),
        isolation: own(),
        totals: totals(&cases),
        cases,
        ..document()
    }
}

/// As whoever judges counts them.
pub(crate) fn totals(cases: &[Graded]) -> Totals {
    let count = |verdict| cases.iter().filter(|graded| graded.verdict == verdict).count();
    let musts = || cases.iter().filter(|graded| graded.level == Level::Must);
    Totals {
        pass: count(Verdict::Pass),
        fail: count(Verdict::Fail),
        skip: count(Verdict::Skip),
        unjudged: count(Verdict::Unjudged),
        blocked: count(Verdict::Blocked),
        musts_missed: musts().filter(|graded| !matches!(graded.verdict, Verdict::Pass | Verdict::Skip)).count(),
        musts_unjudged: musts().filter(|graded| graded.verdict == Verdict::Unjudged).count(),
        points: cases.iter().map(|graded| graded.points).sum(),
        max_points: cases.iter().map(|graded| graded.max_points).sum(),
    }
}

pub(crate) fn passed(id: &str, level: Level) -> Graded {
    Graded { verdict: Verdict::Pass, points: level.points(), ..failed(id, level) }
}

fn failed(id: &str, level: Level) -> Graded {
    Graded {
        id: id.to_owned(),
        title: format!("what {} is about", id.rsplit('/').next().unwrap_or(id)),
        level,
        verdict: Verdict::Fail,
        points: 0,
        max_points: level.points(),
        duration_ms: 140,
        flaky: false,
        note: None,
        blocked_by: None,
        finding: None,
        program: None,
        transcript: Vec::new(),
    }
}

fn waiting(id: &str, cause: &str) -> Graded {
    let duration_ms = 0;
    Graded { verdict: Verdict::Blocked, blocked_by: Some(cause.to_owned()), duration_ms, ..failed(id, Level::Must) }
}

fn open(id: &str, verdict: Verdict, why: &str) -> Graded {
    Graded { verdict, note: Some(why.to_owned()), max_points: 0, ..failed(id, Level::Should) }
}

pub(crate) fn utf8() -> Graded {
    let at = |at_us, connection, deed| Moment { at_us, connection, deed };
    let text = "1023×\"a\" + d0 9f".to_owned();
    Graded {
        title: "a character across the edge of a recv".to_owned(),
        finding: Some(Finding {
            transport: Transport::Died,
            did: "sent 1025 bytes: 1023×'a' + D0 9F ('П') (one character across the 1 KB recv edge)".to_owned(),
            want: "the same 1025 bytes back, connection open".to_owned(),
            got: "1023 bytes, then FIN 4 ms later; process exited 1".to_owned(),
            shown: Some(Shown { text: "…aaaaaaaa".to_owned(), caret: 9, at: 1023 }),
            stderr: vec![
                "  File \"server.py\", line 14, in serve".to_owned(),
                "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xd0 in position 1023".to_owned(),
            ],
            so: Some("recv() cuts where it likes; decoding each piece dies on half a letter.".to_owned()),
            attempt: Some(
                "echo the bytes as they came; decode only for printing, or use an incremental decoder.".to_owned(),
            ),
            again: "sockeye check echo --only echo/utf8/at-1024 --seed 7 -- python3 server.py".to_owned(),
            more: Some("sockeye check explain echo/utf8/at-1024".to_owned()),
        }),
        program: Some(Program {
            prompts: vec![Prompted { prompt: "Port: ".to_owned(), answer: "5555".to_owned() }],
            output: "Port: 5555\nlistening on 127.0.0.1:5555\nconnected: ('127.0.0.1', 41002)\n".to_owned(),
            stderr: "Traceback (most recent call last):\n  File \"server.py\", line 14, in serve\n    text = data.decode()\nUnicodeDecodeError: 'utf-8' codec can't decode byte 0xd0 in position 1023\n".to_owned(),
            ended: Some("exit status 1".to_owned()),
            cpu_ms: 31,
            memory_bytes: 11 << 20,
        }),
        transcript: vec![
            at(0, 0, Deed::Started { command: "python3 server.py".to_owned() }),
            at(41_000, 0, Deed::Typed { text: "5555".to_owned() }),
            at(60_200, 1, Deed::Connected { from: "127.0.0.1:41002".to_owned(), to: "127.0.0.1:5555".to_owned() }),
            at(60_340, 1, Deed::Sent { bytes: 1025, text }),
            at(60_900, 1, Deed::Received { bytes: 1023, text: "1023×\"a\"".to_owned() }),
            at(61_000, 1, Deed::Waited { ms: 3 }),
            at(64_900, 1, Deed::FinReceived),
            at(65_000, 0, Deed::Ended { how: "exit status 1".to_owned() }),
            at(65_400, 1, Deed::ResetSent),
        ],
        ..failed("echo/utf8/at-1024", Level::Must)
    }
}

/// Its program prints what would break a report, and its texts are as long as they get.
fn hostile_case() -> Graded {
    let evil = "<script>alert(1)</script> ]]> & \"q\" 'q' \\u{1b}[2J";
    let raw = format!("{evil} \u{1b}[31mPASS\u{0}\u{202e}");
    let long = "x".repeat(200);
    Graded {
        finding: Some(Finding {
            transport: Transport::Rst,
            did: format!("sent 200 bytes: \"{long}\""),
            want:
                "the same 200 bytes back, then FIN from the program since we sent ours, and neither earlier nor later \
                   than what it still had to say to us"
                    .to_owned(),
            got: format!("{raw} {long}"),
            shown: Some(Shown { text: format!("{long}{raw}"), caret: 200, at: 4_294_967_296 }),
            stderr: vec![raw.clone(), long.clone(), format!("RuntimeError: {evil}")],
            so: Some("A reset throws away what was still on its way: close() with unread data sends one.".repeat(3)),
            attempt: Some("read until recv() gives nothing, then close.".to_owned()),
            again: "sockeye check echo --only echo/basic/half-close --seed 7 --schedule 1,2,3,4,5,6,7,8,9,10 -- \
                    sh -c 'exec python3 \"my server.py\" --port {port}'"
                .to_owned(),
            more: Some("sockeye check explain echo/basic/half-close".to_owned()),
        }),
        program: Some(Program { output: raw.clone(), stderr: format!("{raw}\n{long}\n"), ..Program::default() }),
        transcript: vec![
            Moment { at_us: 0, connection: 0, deed: Deed::Started { command: raw.clone() } },
            Moment { at_us: 10, connection: 1, deed: Deed::Sent { bytes: 200, text: long } },
            Moment { at_us: 1_200_000, connection: 1, deed: Deed::Received { bytes: 80, text: raw } },
            Moment { at_us: 1_200_100, connection: 1, deed: Deed::ResetReceived },
        ],
        ..failed("echo/basic/half-close", Level::Must)
    }
}

/// One with more moments than a diagram has room for.
fn spun() -> Graded {
    let mut transcript = Vec::new();
    for round in 0..50u64 {
        let at_us = round * 2_000;
        let sent = Deed::Sent { bytes: 1, text: "\"a\"".to_owned() };
        transcript.push(Moment { at_us, connection: 1 + (round % 12) as u32, deed: sent });
        let received = Deed::Received { bytes: 1, text: "\"a\"".to_owned() };
        transcript.push(Moment { at_us: at_us + 400, connection: 1 + (round % 12) as u32, deed: received });
    }
    transcript.push(Moment { at_us: 101_000, connection: 1, deed: Deed::FinSent });
    transcript.push(Moment { at_us: 5_200_000, connection: 0, deed: Deed::Signalled { name: "KILL".to_owned() } });
    Graded {
        level: Level::Should,
        max_points: 1,
        finding: Some(Finding {
            transport: Transport::Spun,
            did: "left, and watched the program for 2 s".to_owned(),
            want: "at most 5 % of a processor".to_owned(),
            got: "98 % of a processor, since we sent FIN".to_owned(),
            shown: None,
            stderr: Vec::new(),
            so: None,
            attempt: None,
            again: "sockeye check echo --only echo/after/quiet --seed 7 -- python3 server.py".to_owned(),
            more: Some("sockeye check explain echo/after/quiet".to_owned()),
        }),
        transcript,
        ..failed("echo/after/quiet", Level::Should)
    }
}

fn extra() -> Graded {
    Graded {
        finding: Some(Finding {
            transport: Transport::Refused,
            did: "connected to [::1]:5555".to_owned(),
            want: "to be let in".to_owned(),
            got: "refused".to_owned(),
            shown: None,
            stderr: Vec::new(),
            so: None,
            attempt: None,
            again: "sockeye check echo --only echo/dual-stack --seed 7 -- python3 server.py".to_owned(),
            more: Some("sockeye check explain echo/dual-stack".to_owned()),
        }),
        transcript: vec![Moment {
            at_us: 300,
            connection: 1,
            deed: Deed::NotConnected { to: "[::1]:5555".to_owned(), why: "refused".to_owned() },
        }],
        ..failed("echo/dual-stack", Level::Extra)
    }
}
