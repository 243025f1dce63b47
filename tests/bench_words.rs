//! `sockeye bench`: what its words mean, before the first connection is made.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::fs;

use support::{Ended, sockeye};

/// `sockeye bench WORDS`, which ends by itself.
fn bench(words: &[&str]) -> Ended {
    sockeye(&[&["bench"], words].concat(), "")
}

/// One sentence that has all of these, and 2.
#[track_caller]
fn refused(ended: &Ended, wanted: &[&str]) {
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.stderr.starts_with("sockeye: ") && ended.stderr.lines().count() == 1, "{ended:?}");
    for word in wanted {
        assert!(ended.stderr.contains(word), "no {word} in {}", ended.stderr);
    }
}

/// Each of these is refused so.
#[track_caller]
fn all_refused(table: &[(&[&str], &[&str])]) {
    for (words, wanted) in table {
        refused(&bench(words), wanted);
    }
}

#[test]
fn a_load_that_makes_no_sense_is_refused_with_the_way_out() {
    all_refused(&[
        (&[], &["no address", "HOST:PORT", "--serve"]),
        (&["-q"], &["no address"]),
        (&["localhost"], &["`localhost` has no port", "localhost:PORT"]),
        (&["localhost", "5555"], &["`5555` is one word too many", "HOST:PORT"]),
        (&["comprae", "a.json", "b.json"], &["`a.json` is one word too many"]),
        (&["0"], &["port 0", "name the server's port"]),
        (&["5555", "-c", "0"], &["--connections 0", "1 to 262143"]),
        (&["5555", "-c", "300k"], &["--connections 300k", "1 to 262143"]),
        (&["5555", "-c", "many"], &["--connections many", "10k"]),
        (&["5555", "--workers", "0"], &["--workers 0", "1 to 256"]),
        (&["5555", "--depth", "65537"], &["--depth 65537", "1 to 65536"]),
        (&["5555", "--rate", "0"], &["--rate 0", "more than 0", "10M"]),
        (&["5555", "--rate", "11M"], &["--rate 11M", "at most 10M"]),
        (&["5555", "--rate", "-5"], &["--rate -5", "50k"]),
        (&["5555", "--rate", "fast"], &["--rate fast", "50k"]),
        (&["5555", "--poisson"], &["--poisson", "--rate"]),
        (&["5555", "--stream", "--rate", "5"], &["--stream", "--rate"]),
        (&["5555", "--stream", "--depth", "5"], &["--stream", "--depth"]),
        (&["5555", "--stream", "--churn"], &["--stream", "--churn"]),
        (&["5555", "--churn", "--depth", "5"], &["--churn", "--depth"]),
        (&["5555", "-s", "0"], &["--size 0", "1 byte to 64MiB"]),
        (&["5555", "-s", "65MiB"], &["--size 65MiB", "1 byte to 64MiB"]),
        (&["5555", "-s", "1400-64"], &["--size 1400-64", "backwards", "64-1400"]),
        (&["5555", "-s", "64,1400"], &["--size 64,1400", "`64` does not say how many", "64:90"]),
        (&["5555", "-s", "64:0"], &["`64:0`", "1 to 1000000"]),
        (&["5555", "-s", "64", "--file", "a"], &["--size", "--file"]),
        (&["5555", "-s", "64", "--script", "a"], &["--size", "--script"]),
        (&["5555", "--file", "a", "--script", "a"], &["--file", "--script"]),
        (&["5555", "--file", "/missing/file"], &["--file /missing/file", "check the path"]),
        (&["5555", "--file", "/"], &["--file /", "check the path"]),
        (&["5555", "--file", "/dev/null"], &["--file /dev/null", "it is empty"]),
        (&["5555", "--file", "/dev/zero"], &["--file /dev/zero", "longer than 64MiB"]),
        (&["5555", "--script", "/missing/file"], &["--script /missing/file", "check the path"]),
        (&["5555", "--framing", "frames"], &["frames", "u32be"]),
        (&["5555", "-d", "0"], &["--duration 0", "longer than nothing"]),
        (&["5555", "-d", "soon"], &["--duration soon", "10s"]),
        (&["5555", "-n", "0"], &["--messages 0", "at least 1"]),
        (&["5555", "--bytes", "0"], &["--bytes 0", "at least 1 byte"]),
        (&["5555", "--warmup", "-1"], &["--warmup -1"]),
        (&["5555", "--connect-rate", "0"], &["--connect-rate 0", "more than 0"]),
        (&["5555", "--hold", "300k"], &["--hold 300k", "0 to 262143"]),
        (&["5555", "--source", "localhost"], &["--source localhost", "192.0.2.1"]),
        (&["5555", "--source", "::1", "-4"], &["--source ::1", "other family"]),
        (&["unix:/a", "--source", "127.0.0.1"], &["--source", "Unix socket"]),
        (&["5555", "-4", "-6"], &["--ipv4", "--ipv6"]),
        (&["5555", "--idle-timeout", "0"], &["--idle-timeout 0"]),
        (&["5555", "--connect-timeout", "0"], &["--connect-timeout 0"]),
    ]);
}

#[test]
fn what_is_started_found_judged_or_written_is_refused_where_it_makes_no_sense() {
    all_refused(&[
        (&["5555", "--server-pid", "0"], &["--server-pid 0", "pidof"]),
        (&["5555", "--server-pid", "echo"], &["--server-pid echo", "pidof"]),
        (&["--server-pid", "1", "--serve", "a {port}"], &["--server-pid", "--serve"]),
        (&["--serve", "./echo 5555"], &["`./echo 5555`", "{port}", "ADDR"]),
        (&["--serve", ""], &["--serve", "no command"]),
        (&["--serve", "a '{port}"], &["--serve a '{port}", "close each quote"]),
        (&["--serve", "a {port}", "-6"], &["-6", "[::1]:5555"]),
        (&["unix:/a", "--serve", "a {port}"], &["`a {port}`", "Unix socket"]),
        (&["5555", "--vs", "a {port}"], &["--serve", "missing"]),
        (&["--serve", "a {port}", "--vs", "b"], &["`b`", "{port}"]),
        (&["--serve", "a {port}", "--rounds", "5"], &["--vs", "missing"]),
        (&["--serve", "a {port}", "--vs", "b {port}", "--rounds", "2"], &["--rounds 2", "3 to 1000"]),
        (&["--serve", "a {port}", "--vs", "b {port}", "--fail-if", "p99>1s"], &["--vs", "--fail-if"]),
        (&["--serve", "a {port}", "--vs", "b {port}", "--find-rate", "p99<1s"], &["--vs", "--find-rate"]),
        (&["--serve", "a {port}", "--vs", "b {port}", "--csv", "a"], &["--vs", "--csv"]),
        (&["5555", "--find-rate", "p99<2ms", "--rate", "5"], &["--find-rate", "--rate"]),
        (&["5555", "--find-rate", "p99<2ms", "--stream"], &["--find-rate", "--stream"]),
        (&["5555", "--find-rate", "p99>2ms"], &["--find-rate p99>2ms", "no highest rate", "p99<2ms"]),
        (&["5555", "--find-rate", "p99"], &["--find-rate p99", "compares nothing"]),
        (&["5555", "--fail-if", "p95>2ms"], &["--fail-if p95>2ms", "no metric is called `p95`", "p99.99"]),
        (&["5555", "--fail-if", "p99>2"], &["--fail-if p99>2", "`2` has no unit", "2ms"]),
        (&["--fail-if", "p99>2ms", "5555"], &["--fail-if 5555", "address goes in front"]),
        (&["5555", "--fail-if", "rate<0.99"], &["--fail-if rate<0.99", "add --rate"]),
        (
            &["5555", "--fail-if", "errors>0", "server-cpu>5us"],
            &["--fail-if server-cpu>5us", "--server-pid or --serve"],
        ),
        (&["5555", "--csv", "a", "--html", "a"], &["--csv and --html", "one place, a"]),
        (&["5555", "--hgrm", "-"], &["--hgrm -", "name a file"]),
        (&["5555", "compare", "a", "b"], &["`compare` goes in front", "compare A.json B.json"]),
        (&["--json", "compare", "a", "b"], &["`compare` goes in front"]),
        (&["compare", "a"], &["B.json", "missing"]),
        (&["compare", "a", "b", "c"], &["'c'"]),
        (&["compare", "a", "b", "--html", "b"], &["--html", "overwrite"]),
        (&["5555", "--config", "/missing/file"], &["/missing/file", "check the path"]),
    ]);
}

#[test]
fn a_configuration_has_the_same_names_and_gives_way_to_what_is_typed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bench.toml");
    let config = |text: &str, words: &[&str]| {
        fs::write(&path, text).unwrap();
        bench(&[&["--config", path.to_str().unwrap()], words].concat())
    };
    for (text, words, wanted) in [
        ("rate = 'fast'", &["5555"][..], "bench.toml: rate fast: it is no rate"),
        ("depht = 3", &["5555"], "there is no key `depht`"),
        ("address = 'localhost'", &[], "`localhost` has no port"),
        ("fail-if = ['errors>0', 'p99>2']", &["5555"], "`2` has no unit"),
        ("stream = true\nrate = 5", &["5555"], "cannot be used with"),
        ("find-rate = 'p99>1s'", &["5555"], "no highest rate"),
        // What stands in for a key is judged alone.
        ("rate = 5\nfind-rate = 'p99<1s'", &["5555", "--find-rate", "p99>1s"], "no highest rate"),
        ("address = 5555", &["localhost"], "`localhost` has no port"),
    ] {
        let ended = config(text, words);
        println!("{text}: {}", ended.stderr.trim_end());
        assert_eq!(ended.status.code(), Some(2), "{text}: {ended:?}");
        assert!(ended.stderr.contains(wanted) && ended.stderr.lines().count() == 1, "{text}: {}", ended.stderr);
    }
}

#[test]
fn help_shows_both_forms_and_every_metric_and_fits_a_terminal() {
    let help = bench(&["--help"]);
    assert_eq!((help.status.code(), help.stderr.as_str()), (Some(0), ""));
    for word in ["--serve 'COMMAND {port}'", "compare A.json B.json", "p99.99", "first-byte.", "server-cpu", "Examples"]
    {
        assert!(help.stdout.contains(word), "no {word} in {}", help.stdout);
    }
    let widest = help.stdout.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= 100, "{widest}");
    let compare = bench(&["compare", "--help"]);
    assert!(compare.stdout.contains("A.json") && compare.stdout.contains("--html"), "{}", compare.stdout);
    for verb in ["bench", "bench-compare"] {
        assert_eq!(sockeye(&["man", verb], "").status.code(), Some(0), "{verb}");
    }
}
