//! `sockeye check` and programs that mean harm, or are hard to hold. The zoo has more of them; these need a shell only.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What came of a shell script that was judged as a server: only whether it runs, and what it printed meanwhile.
struct Judged {
    report: String,
    document: Value,
}

impl Judged {
    #[track_caller]
    fn of(script: &str, seed: &str) -> Self {
        Self::by("start/runs", script, seed)
    }

    #[track_caller]
    fn by(case: &str, script: &str, seed: &str) -> Self {
        let run = |form: &[&str]| {
            let mut check = Command::new(env!("CARGO_BIN_EXE_sockeye"));
            check.args(["check", "start", "-q", "--only", case, "--seed", seed]).args(form);
            check.args(["--", "bash", "-c", script]).env("JUDGE_TOKEN", CANARY).stdin(Stdio::null());
            String::from_utf8(check.output().unwrap().stdout).unwrap()
        };
        let begun = Instant::now();
        let (report, json) = (run(&[]), run(&["--json"]));
        assert!(begun.elapsed() < Duration::from_secs(60), "it ends within its time");
        Self { report, document: serde_json::from_str(&json).unwrap() }
    }

    fn printed(&self) -> &str {
        self.document["cases"][0]["program"]["output"].as_str().unwrap_or_default()
    }

    /// Whether this wall stands, which the kernel of a container may not allow.
    fn has(&self, wall: &str) -> bool {
        self.document["isolation"].as_str().unwrap().contains(wall)
    }
}

/// In our environment and our words, and not in those of the script.
const CANARY: &str = "900719925474099";

#[test]
fn a_program_cannot_see_what_the_checker_knows() {
    // The number is put together, so that the script does not find itself, nor anybody whom it starts.
    let script = r#"words=$(cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' ' ')
        [[ $words == *90071"9925474099"* ]] && echo found; sleep 3"#;
    let judged = Judged::of(script, CANARY);
    if judged.has("its own processes") {
        assert!(!judged.printed().contains("found"), "{:#}", judged.document);
    }
}

#[test]
fn a_program_does_not_see_the_folder_that_it_was_copied_from() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("answers.txt"), "").unwrap();
    let path = folder.path().display();
    // Nor is it named in the words of those who hid it.
    let script = format!(
        r#"ls {path}; words=$(cat /proc/[0-9]*/cmdline | tr '\0' ' '); [[ $words == *{path}* ]] && echo named; sleep 3"#
    );
    fs::write(folder.path().join("server.sh"), script).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    check.args(["check", "start", "-q", "--only", "start/runs", "--json", "--", "bash", "server.sh"]);
    let ended = check.current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
    let document: Value = serde_json::from_slice(&ended.stdout).unwrap();
    if document["isolation"].as_str().unwrap().contains("hidden") {
        let printed = document["cases"][0]["program"]["output"].as_str().unwrap_or_default();
        assert!(!printed.contains("answers.txt") && !printed.contains("named"), "{document:#}");
    }
}

#[test]
fn a_program_reaches_nobody_outside() {
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    outside.set_nonblocking(true).unwrap();
    let port = outside.local_addr().unwrap().port();
    let judged = Judged::of(&format!("(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo in; sleep 3"), "1");
    if judged.has("its own network") {
        assert!(outside.accept().is_err() && !judged.printed().contains("in"), "{:#}", judged.document);
    }
}

#[test]
fn a_program_writes_to_its_own_folder_alone() {
    let outside = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (file, kept) = (outside.path().join("written"), outside.path().join("kept"));
    fs::write(&kept, "").unwrap();
    let mode = || fs::metadata(&kept).unwrap().permissions();
    let before = mode();
    let script = format!(
        "{{ echo x >{}; chmod 123 {}; for terminal in /dev/pts/[0-9]*; do echo x >$terminal && echo there; done; }} \
        2>/dev/null; echo x >own && echo own; sleep 3",
        file.display(),
        kept.display()
    );
    let judged = Judged::of(&script, "1");
    if judged.has("read-only") {
        assert!(!file.exists() && !judged.printed().contains("there"), "{:#}", judged.document);
        assert!(mode() == before || !judged.has("its own processes"), "{:?}", mode());
        assert!(judged.printed().contains("own"), "{:#}", judged.document);
    }
}

#[test]
fn nothing_that_it_started_is_left_behind() {
    Judged::of("setsid sleep 4711.25 & sleep 4711.25 & (sleep 4711.25 &) ; exit 0", "1");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    assert_eq!(lines.filter(|line| String::from_utf8_lossy(line).contains("4711.25\0")).count(), 0);
}

#[test]
fn one_that_prints_without_end_is_stopped_and_told_so() {
    let judged = Judged::by("start/listens", "yes", "1");
    let got = judged.document["cases"][0]["finding"]["got"].as_str().unwrap();
    assert!(got.contains("printing too much"), "{:#}", judged.document);
}

#[test]
fn one_that_prints_verdicts_convinces_nobody_and_moves_no_cursor() {
    let script = r#"printf '\033[2J\033[32mok    28 cases passed\033[0m\n{"verdict":"pass"}\n';
        printf '\033[2Jok 1 - everything\n' >&2; exit 1"#;
    let judged = Judged::of(script, "1");
    assert!(judged.report.contains("FAIL  start/runs"), "{}", judged.report);
    assert!(!judged.report.contains('\u{1b}'), "{:?}", judged.report);
    assert_eq!(judged.document["cases"][0]["verdict"], "fail");
}
