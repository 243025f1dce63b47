//! `sockeye check` through the real binary: its words, its reports, and our own programs as those who are judged.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use serde_json::Value;

use support::Ended;

/// The program itself, as somebody who is judged.
const OURS: &str = env!("CARGO_BIN_EXE_sockeye");

/// A check ends by itself, however many of them share a machine.
fn check(words: &[&str]) -> Ended {
    let output = Command::new(OURS).arg("check").args(words).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// What `check --json` found out.
#[track_caller]
fn judged(words: &[&str]) -> (Ended, Value) {
    let ended = check(&[&["-q", "--json"], words].concat());
    let document = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    (ended, document)
}

/// The cases of which this came, by id.
fn cases_of(document: &Value, verdict: &str) -> Vec<String> {
    let cases = document["cases"].as_array().unwrap().iter().filter(|case| case["verdict"] == verdict);
    cases.map(|case| case["id"].as_str().unwrap().to_owned()).collect()
}

/// Every must and every should of the lab holds for our own program; what does not apply is skipped.
#[track_caller]
fn passes(lab: &str, command: &[&str]) {
    let (ended, document) = judged(&[&[lab, "--", OURS], command].concat());
    for verdict in ["fail", "unjudged", "blocked"] {
        let cases = cases_of(&document, verdict);
        assert!(cases.is_empty(), "{lab}: {verdict} {cases:?}\n{document:#}");
    }
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(cases_of(&document, "pass").len() > 4, "{document:#}");
}

#[track_caller]
fn refused(words: &[&str], wanted: &[&str]) {
    let ended = check(words);
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    for word in wanted {
        assert!(ended.stderr.contains(word), "no {word} in {}", ended.stderr);
    }
}

#[test]
fn words_that_make_no_sense_are_refused_with_the_way_out() {
    for (words, wanted) in [
        (&[][..], &["which lab", "check list"][..]),
        (&["ehco", "--", "true"], &["`ehco`", "did you mean echo?", "check list"]),
        (&["nothing", "--", "true"], &["`nothing`", "start, echo"]),
        (&["echo", "python3", "server.py"], &["write -- before", "sockeye check echo -- python3 server.py"]),
        (&["ehco", "python3", "server.py"], &["`ehco`", "sockeye check echo -- python3 server.py"]),
        (&["python3", "server.py"], &["`python3`", "sockeye check LAB -- python3 server.py", "check list"]),
        (&["echo", "5555"], &["sockeye check echo --addr 5555"]),
        (&["echo", "loudly", "--", "true"], &["`loudly`", "before --"]),
        (&["echo"], &["behind --", "--addr"]),
        (&["echo", "--addr", "5555", "--", "true"], &["--addr", "COMMAND"]),
        (&["client", "--addr", "5555"], &["--addr", "client"]),
        (&["echo", "--only", "echo/eof/no-spni", "--", "true"], &["`echo/eof/no-spni`", "echo/eof/no-spin"]),
        (&["echo", "--only", "echo/eof", "--skip", "echo/eof", "--", "true"], &["no case is left"]),
        (&["echo", "--skip", "nothing", "--", "true"], &["`nothing`"]),
        (&["echo", "--level", "most", "--", "true"], &["must", "should", "extra"]),
        (&["echo", "--patience", "0", "--", "true"], &["--patience 0", "0.1 to 100"]),
        (&["echo", "--answer", "port", "--", "true"], &["REGEX=VALUE"]),
        (&["echo", "--answer", "(=1", "--", "true"], &["regular expression"]),
        (&["echo", "--frame", "u24", "--", "true"], &["u24"]),
        (&["events", "--event", "noise=x", "--", "true"], &["noise"]),
        (&["echo", "--cwd", "/nowhere", "--", "true"], &["--cwd /nowhere"]),
        (&["echo", "--only", "echo/basic", "--schedule", "61", "--", "true"], &["--schedule", "--only"]),
        (&["echo", "--only", "echo/basic/one", "--schedule", "xyz", "--", "true"], &["`xyz`", "d09f"]),
        (&["echo", "--junit", "a", "--html", "a", "--", "true"], &["--junit", "--html"]),
        (&["echo", "--junit", "/no/such/x.xml", "--", "true"], &["--junit /no/such/x.xml", "no folder /no/such"]),
        (&["echo", "--html", "/", "--", "true"], &["--html /", "a folder"]),
        (&["class", "echo", "/", "--csv", "/no/such/x.csv"], &["--csv /no/such/x.csv", "no folder /no/such"]),
        (&["learn", "echo", "--", "true"], &["echo has no dialogue", "identify, login, rps, chat"]),
        (&["login", "--dialogue", "/nowhere", "--", "true"], &["--dialogue /nowhere"]),
        (&["echo", "--only", "echo/xx", "--", "true"], &["`echo/xx`; `check list echo`"]),
        (&["echo", "--only", "echo/oef", "--", "true"], &["`echo/oef`", "did you mean echo/eof?"]),
        (&["echo", "--only", "echo/no-spin", "--", "true"], &["did you mean echo/eof/no-spin?"]),
        (&["explain", "echo/eof"], &["`echo/eof`", "echo/eof/no-spin"]),
        (&["explain", "echo"], &["`echo` is a lab", "check list echo"]),
        (&["explain", "nothing/at-all"], &["`nothing/at-all`; `check list LAB`"]),
        (&["class", "echo", "/nowhere"], &["/nowhere"]),
    ] {
        refused(words, wanted);
    }
}

#[test]
fn labs_and_cases_can_be_read_about() {
    let labs = check(&["list"]).stdout;
    let names = ["start", "echo", "many", "upper", "oneshot", "bulk", "events", "log", "client", "prompt", "port"];
    let more = ["identify", "login", "frame", "talk", "chat", "greet", "utc", "rps", "scan"];
    for lab in names.iter().chain(&more) {
        assert!(labs.lines().any(|line| line.starts_with(&format!("{lab} "))), "no {lab} in {labs}");
        let cases = check(&["list", lab]).stdout;
        assert!(cases.lines().count() > 5, "{cases}");
    }
    let page = check(&["explain", "echo/eof/no-spin"]).stdout;
    for word in ["must", "what ", "why ", "bug ", "fix ", "if not data"] {
        assert!(page.contains(word), "no {word} in {page}");
    }
}

#[test]
fn our_echo_server_is_right() {
    passes("echo", &["serve", "echo"]);
}

#[test]
fn our_echo_server_serves_many() {
    passes("many", &["serve", "echo"]);
}

#[test]
fn our_upper_casing_server_is_right() {
    passes("upper", &["serve", "upper"]);
}

#[test]
fn our_prefixing_server_is_right() {
    passes("oneshot", &["serve", "prefix"]);
}

#[test]
fn our_collecting_server_is_right() {
    passes("bulk", &["serve", "collect"]);
}

#[test]
fn our_command_server_is_right() {
    passes("greet", &["serve", "greet"]);
}

#[test]
fn our_time_server_is_right() {
    passes("utc", &["serve", "utc"]);
}

#[test]
fn our_identifying_server_is_right() {
    passes("identify", &["serve", "identify", "--data", "{dir}"]);
}

#[test]
fn our_accounts_are_right() {
    passes("login", &["serve", "login", "--data", "{dir}"]);
}

#[test]
fn our_game_is_right() {
    passes("rps", &["serve", "rps"]);
}

/// The admin types at a terminal that can more than a dumb one.
#[test]
fn our_chat_is_right() {
    let command = ["chat", "--env", "TERM=xterm", "--", OURS, "serve", "chat", "--data", "{dir}", "--no-flood-guard"];
    let (ended, document) = judged(&command);
    assert_eq!(cases_of(&document, "fail"), Vec::<String>::new(), "{document:#}");
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}

#[test]
fn our_framed_messages_are_right() {
    passes("frame", &["serve", "echo", "--framing", "ascii10"]);
    passes("talk", &["serve", "echo", "--framing", "ascii10"]);
}

#[test]
fn our_servers_tell_what_happens() {
    passes("events", &["serve", "echo"]);
}

#[test]
fn our_server_moves_to_another_port() {
    passes("port", &["serve", "echo"]);
}

#[test]
fn our_questions_are_safe() {
    passes("prompt", &["serve", "echo", "--ask"]);
}

#[test]
fn our_scanner_is_right() {
    passes("scan", &["scan", "{host}", "-p", "{ports}"]);
}

#[test]
fn our_client_is_right() {
    passes("client", &["connect", "{host}:{port}"]);
}

#[test]
fn a_server_of_another_kind_fails_and_the_command_line_of_the_failure_does_it_again() {
    let (ended, document) = judged(&["oneshot", "--seed", "7", "--", OURS, "serve", "echo"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let failed = cases_of(&document, "fail");
    assert!(failed.contains(&"oneshot/prefix".to_owned()), "{failed:?}");
    let case = document["cases"].as_array().unwrap().iter().find(|case| case["id"] == "oneshot/prefix").unwrap();
    for part in ["did", "want", "got", "again"] {
        assert!(!case["finding"][part].as_str().unwrap().is_empty(), "{case:#}");
    }
    let again = case["finding"]["again"].as_str().unwrap();
    let words = shell_words::split(again.strip_prefix("sockeye check ").unwrap()).unwrap();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let second = check(&words);
    assert_eq!(second.status.code(), Some(1), "{again}: {second:?}");
    assert!(second.stdout.contains(case["finding"]["got"].as_str().unwrap().split(',').next().unwrap()), "{second:?}");
}

#[test]
fn what_is_not_there_is_told_before_anything_is_started() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server.py"), "").unwrap();
    let cwd = folder.path().to_str().unwrap();
    for (command, wanted) in [
        (&["no-such-program-anywhere"][..], &["`no-such-program-anywhere`", "PATH"][..]),
        (&["./server.py"], &["./server.py", "chmod +x", "python3 server.py"]),
        (&["sh", "srver.py"], &["no srver.py", cwd, "there is server.py"]),
    ] {
        let ended = check(&[&["echo", "-q", "--cwd", cwd, "--"], command].concat());
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
        for word in wanted {
            assert!(ended.stderr.contains(word), "no {word} in {}", ended.stderr);
        }
    }
}

#[test]
fn who_cannot_be_started_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("server");
    fs::write(&program, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let (ended, document) = judged(&["echo", "--", program.to_str().unwrap()]);
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert_eq!(cases_of(&document, "unjudged"), ["start/runs"]);
    assert_eq!(cases_of(&document, "fail"), Vec::<String>::new());
}

#[test]
fn who_ends_at_once_is_told_so_once_and_everything_else_waits() {
    let (ended, document) = judged(&["echo", "--", "false"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(cases_of(&document, "fail"), ["start/runs"]);
    let report = check(&["echo", "-q", "--", "false"]).stdout;
    assert!(report.contains("exit status 1") && report.contains("wait for start/runs"), "{report}");
}

#[test]
fn without_walls_the_verdicts_are_the_same() {
    let verdicts = |words: &[&str]| {
        let (_, document) = judged(words);
        let cases = document["cases"].as_array().unwrap().clone();
        cases.iter().map(|case| (case["id"].to_string(), case["verdict"].to_string())).collect::<Vec<_>>()
    };
    let command = ["--", OURS, "serve", "prefix", "--on", "127.0.0.1:{port}"];
    let walled = verdicts(&[&["oneshot"][..], &command].concat());
    assert_eq!(verdicts(&[&["oneshot", "--no-sandbox"][..], &command].concat()), walled);
}

#[test]
fn a_server_that_runs_already_is_judged_by_its_address() {
    let served = support::Served::start(&["prefix"]);
    let (ended, document) = judged(&["oneshot", "--addr", &served.addr().to_string()]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(cases_of(&document, "fail").is_empty() && cases_of(&document, "pass").len() > 4, "{document:#}");
    assert!(document["isolation"].as_str().unwrap().starts_with("none: it runs already"), "{document:#}");
}

/// Nobody can have started it.
#[test]
fn a_server_that_is_not_there_was_connected_to_and_not_started() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (ended, document) = judged(&["oneshot", "--only", "oneshot/prefix", "--addr", &free]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let did = document["cases"][0]["finding"]["did"].as_str().unwrap();
    assert_eq!(did, "connected to it", "{document:#}");
}

#[test]
fn every_report_is_written_where_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (junit, ctrf, classroom, html) = (path("j.xml"), path("c.json"), path("r.json"), path("p.html"));
    let files = ["--junit", &junit, "--ctrf", &ctrf, "--classroom", &classroom, "--html", &html];
    let ended = check(&[&["oneshot", "-q", "--tap"][..], &files, &["--", OURS, "serve", "echo"]].concat());
    assert!(ended.stdout.starts_with("TAP version"), "{ended:?}");
    let text = fs::read_to_string(&junit).unwrap();
    roxmltree::Document::parse(&text).unwrap();
    for file in [&ctrf, &classroom] {
        serde_json::from_str::<Value>(&fs::read_to_string(file).unwrap()).unwrap();
    }
    assert!(fs::read_to_string(&html).unwrap().contains("<svg"));
}

#[test]
fn a_class_is_one_table_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for student in ["ala", "bob"] {
        fs::create_dir(folder.path().join(student)).unwrap();
    }
    fs::write(folder.path().join("ala/port.txt"), "5555").unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (ala, bob, results) = (at("ala"), at("bob"), at("results"));
    let (csv, html) = (at("class.csv"), at("class.html"));
    let words = ["class", "oneshot", &ala, &bob, "-q", "--results", &results, "--csv", &csv, "--html", &html];
    let ended = check(&[&words[..], &["--only", "oneshot/prefix", "--", OURS, "serve", "prefix"]].concat());
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("ala") && ended.stdout.contains("bob"), "{ended:?}");
    assert_eq!(fs::read_to_string(&csv).unwrap().lines().count(), 3);
    assert!(fs::read_to_string(&html).unwrap().contains("href=\"results/bob.html\""));
    assert!(fs::read_to_string(Path::new(&results).join("bob.html")).unwrap().contains("bob: "));
    let kept = fs::metadata(Path::new(&results).join("ala.json")).unwrap().modified().unwrap();
    let again = check(&[&words[..], &["--only", "oneshot/prefix", "--", OURS, "serve", "prefix"]].concat());
    assert_eq!(again.stdout, ended.stdout);
    let judged = || fs::metadata(Path::new(&results).join("ala.json")).unwrap().modified().unwrap();
    assert_eq!(judged(), kept);
    // What was handed in since, be it an old file, is judged.
    fs::write(folder.path().join("ala/port.txt"), "5556").unwrap();
    fs::File::open(folder.path().join("ala/port.txt")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    check(&[&words[..], &["--only", "oneshot/prefix", "--", OURS, "serve", "prefix"]].concat());
    assert_ne!(judged(), kept);
}
