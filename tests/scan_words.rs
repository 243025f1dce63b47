//! `sockeye scan`: what its words mean, before the first probe leaves.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::fs;
use std::io::Write;

use support::{Ended, sockeye};

/// `sockeye scan WORDS`, which ends by itself.
fn scan(words: &[&str]) -> Ended {
    sockeye(&[&["scan"], words].concat(), "")
}

/// The plan that `--dry-run` prints.
#[track_caller]
fn plan(words: &[&str], stdin: &str) -> String {
    let ended = sockeye(&[&["scan", "--dry-run"], words].concat(), stdin);
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""), "{words:?}: {ended:?}");
    ended.stdout
}

/// The value of a row of a plan.
#[track_caller]
fn row<'p>(plan: &'p str, name: &str) -> &'p str {
    let mut rows = plan.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    rows.next().unwrap_or_else(|| panic!("no {name} in {plan}")).trim_start()
}

/// One sentence that has all of these.
#[track_caller]
fn refused(ended: &Ended, code: i32, wanted: &[&str]) {
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(code), ""), "{ended:?}");
    assert!(ended.stderr.starts_with("sockeye: ") && ended.stderr.lines().count() == 1, "{ended:?}");
    for word in wanted {
        assert!(ended.stderr.contains(word), "no {word} in {}", ended.stderr);
    }
}

#[test]
fn bad_words_end_with_2_and_one_sentence_that_knows_the_way_out() {
    for (words, wanted) in [
        (&[][..], &["TARGET", "missing"][..]),
        (&["-q"], &["TARGET", "missing"]),
        (&["::1", "-p", "80-22"], &["--ports 80-22", "runs backwards", "lower port first"]),
        (&["::1", "-p", "0"], &["`0` is no port", "1 to 65535"]),
        (&["::1", "-p", "65536"], &["`65536` is no port", "1 to 65535"]),
        (&["::1", "-p", "22,,80"], &["empty place"]),
        (&["::1", "-p", ""], &["empty place"]),
        (&["::1", "-p", "htp"], &["no service is called `htp`", "http*"]),
        (&["::1", "-p", "-v"], &["no service is called `-v`"]),
        (&["::1", "-p", "22", "--top", "10"], &["--ports", "--top"]),
        (&["::1", "--top", "0"], &["--top 0", "1 to 65535"]),
        (&["::1", "--top", "70000"], &["--top 70000", "1 to 65535"]),
        (&["::1", "-p", "22", "--exclude-ports", "-"], &["--exclude-ports", "leave some"]),
        (&["::1", "--exclude-ports", "9-1"], &["--exclude-ports 9-1", "backwards"]),
        (&["host-that-does-not-exist.invalid"], &["resolve host-that-does-not-exist.invalid", "check the name"]),
        (&["::1", "--exclude", "host-that-does-not-exist.invalid"], &["resolve host-that-does-not-exist.invalid"]),
        (&["-q", "host-that-does-not-exist.invalid"], &["check the name"]),
        (&["10.0.0.256"], &["`10.0.0.256`", "four numbers"]),
        (&["127.0.0.1:80"], &["`127.0.0.1:80`", "-p"]),
        (&["http://localhost/"], &["`http://localhost/`", "-p"]),
        (&["127.0.0.0/33"], &["`/33`", "0 to 32"]),
        (&["127.0.0.9-1"], &["runs backwards"]),
        (&["127.0.0.1,,::1"], &["a target is empty"]),
        (&["127.0.0.1", "--exclude", "127.0.0.0/8"], &["every target is excluded"]),
        (&["-6", "127.0.0.1"], &["`127.0.0.1` is of the other family"]),
        (&["-4", "-6", "::1"], &["--ipv4", "--ipv6"]),
        (&["2001:db8::/64", "--dry-run"], &["`2001:db8::/64` is 18446744073709551616 addresses", "smaller block"]),
        (&["::1", "--banner=soon"], &["--banner soon", "250ms"]),
        (&["::1", "--banner=0"], &["--banner 0", "longer than nothing"]),
        (&["::1", "--rate", "0"], &["--rate 0", "from 1"]),
        (&["::1", "--rate", "many"], &["--rate many", "10k"]),
        (&["::1", "--timeout", "1h"], &["--timeout 1h", "5m"]),
        (&["::1", "--retries", "-1"], &["--retries -1", "0 to 20"]),
        (&["::1", "--max-open", "0"], &["--max-open 0", "from 1"]),
        (&["::1", "--watch", "0"], &["--watch 0"]),
        (&["::1", "--watch", "30s", "-oX", "/missing/file"], &["-oX are for one scan", "--json"]),
        (&["::1", "--watch", "30s", "--dry-run"], &["--watch", "--dry-run"]),
        (&["::1", "--json", "-oG", "-"], &["two reports", "one place"]),
        (&["::1", "-oG", "file", "-oX", "file"], &["two reports", "one place"]),
        (&["-iL", "/missing/list"], &["/missing/list", "check the path"]),
        (&["-iL", "/dev/null"], &["there is no target"]),
    ] {
        let ended = scan(words);
        println!("{words:?}: {}", ended.stderr.trim_end());
        refused(&ended, 2, wanted);
    }
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_scan() {
    for option in ["-oG", "-oX", "--grepable", "--xml"] {
        refused(
            &scan(&["::1", "-p", "1", option, "/missing/file"]),
            1,
            &["cannot write /missing/file", "check the path"],
        );
    }
}

#[test]
fn a_list_is_read_from_a_file_or_from_stdin_and_its_mistakes_have_lines() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"# ours\n10.0.0.1 10.0.0.2\n10.0.0.2,10.0.0.4/31 # twice\n").unwrap();
    let path = file.path().to_str().unwrap();
    for (words, stdin, hosts) in [
        (&["-iL", path][..], "", "4 hosts"),
        (&["--input-list", path, "10.0.0.9"], "", "5 hosts"),
        (&["-iL", "-"], "::1\n", "1 host"),
        // As some editors begin a file.
        (&["-iL", "-"], "\u{feff}::1\n", "1 host"),
        (&["-iL", "-", "--exclude", "::1"], "::1 10.0.0.0/30\n", "4 hosts"),
    ] {
        let plan = plan(words, stdin);
        assert!(row(&plan, "targets").contains(&format!("; {hosts}, 0 of them public")), "{words:?}: {plan}");
    }
    for (list, wanted) in [
        ("::1\n\n10.0.0.256\n", "stdin: line 3: `10.0.0.256`"),
        ("::1\n10.0.0.9-1", "stdin: line 2: `10.0.0.9-1` runs backwards"),
        (&"x".repeat(5000), "stdin: line 1 is longer than 4096 bytes"),
        ("# nobody\n", "there is no target"),
        ("", "there is no target"),
    ] {
        refused(&sockeye(&["scan", "-iL", "-"], list), 2, &[wanted]);
    }
}

#[test]
fn a_list_that_cannot_be_read_says_what_it_was_for() {
    for list in ["/missing/list", "/"] {
        refused(&scan(&["-iL", list]), 2, &[&format!("cannot read targets from {list}: ")]);
    }
}

#[test]
fn a_dry_run_prints_what_would_be_done_and_says_nothing_else() {
    let plan =
        plan(&["192.0.2.0/24", "-p", "80,22,8000-8003,80", "--seed", "7", "--retries", "1", "--timeout", "2s"], "");
    for (name, value) in [
        ("targets", "192.0.2.0/24; 256 hosts, 256 of them public"),
        ("max open", "any number"),
        ("banners", "not read"),
        ("ports", "6; 22,80,8000-8003"),
        ("probes", "1536"),
        ("order", "seed 7; the same for the same seed"),
        ("rate", "at most 500 a second"),
        ("timeout", "2s"),
        ("retries", "2 probes a port that is silent"),
        ("time", "about 3s where everything answers, 6s where nothing does"),
    ] {
        assert!(row(&plan, name).starts_with(value), "{plan}");
    }
    assert!(row(&plan, "sockets").starts_with("at most "), "{plan}");
    let plan = self::plan(&["::1", "--banner=3s", "--max-open", "9"], "");
    assert_eq!(row(&plan, "max open"), "9; a host with more is left alone");
    assert_eq!(row(&plan, "banners"), "open ports are asked, 3s a question");
}

#[test]
fn only_public_addresses_are_paced_unless_a_rate_is_named() {
    for (words, rate) in [
        (&["127.0.0.1"][..], "as many as the network takes"),
        (&["10.0.0.0/8", "fd00::1", "169.254.0.1", "100.64.0.1"], "as many as the network takes"),
        (&["10.0.0.1", "192.0.2.1"], "at most 500 a second"),
        (&["192.0.2.1", "--rate", "10k"], "at most 10000 a second"),
        (&["::1", "--rate", "50"], "at most 50 a second"),
    ] {
        assert_eq!(row(&plan(words, ""), "rate"), rate, "{words:?}");
    }
}

#[test]
fn a_large_public_range_is_scanned_only_with_the_word_that_it_may_be() {
    refused(&scan(&["192.0.2.0/23"]), 2, &["512 public addresses", "--i-have-permission"]);
    // To look is free, and tells what it would need.
    for (more, public) in [
        (&[][..], "512 of them public; this needs --i-have-permission"),
        (&["--i-have-permission"], "512 of them public"),
    ] {
        let plan = plan(&[&["192.0.2.0/23", "-p", "22"], more].concat(), "");
        assert_eq!(row(&plan, "probes"), "512");
        assert!(row(&plan, "targets").ends_with(public), "{plan}");
    }
}

#[test]
fn ports_are_a_thousand_unless_they_are_named() {
    for (words, ports) in [
        (&[][..], "1000; "),
        (&["--top", "3"], "3; 22,80,443"),
        (&["--top", "10k"], "10000; "),
        (&["-p", "-"], "65535; 1-65535"),
        (&["-p-"], "65535; 1-65535"),
        (&["-p", "-1024,60000-"], "6560; 1-1024,60000-65535"),
        (&["-p", "http,www,SSH"], "2; 22,80"),
        (&["-p", "http-al*"], "3; 591,8008,8080"),
        (&["-p", "-100", "--exclude-ports", "20-,ftp"], "19; 1-19"),
    ] {
        assert!(row(&plan(&[&["::1"], words].concat(), ""), "ports").starts_with(ports), "{words:?}");
    }
}

#[test]
fn targets_are_told_as_they_were_named() {
    for (words, targets) in [
        (&["localhost"][..], "localhost (127.0.0.1); 1 host, "),
        (&["localhost", "--all-addresses"], "localhost; 2 hosts, "),
        (&["localhost", "-6"], "localhost (::1); 1 host, "),
        (&["10.0.0.1-3,10.0.0.7", "[::1]"], "10.0.0.1-10.0.0.3, 10.0.0.7, ::1; 5 hosts, "),
        (&["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"], "10.0.0.1, 10.0.0.2, 10.0.0.3 and 2 more; "),
    ] {
        let plan = plan(words, "");
        assert!(row(&plan, "targets").starts_with(targets), "{words:?}: {plan}");
    }
}

#[test]
fn outputs_are_left_alone_by_a_dry_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("found.xml");
    fs::write(&path, "kept").unwrap();
    plan(&["::1", "-oX", path.to_str().unwrap()], "");
    assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
}

#[test]
fn help_and_the_man_page_show_both_spellings() {
    for words in [&["scan", "--help"][..], &["man", "scan"]] {
        let ended = sockeye(words, "");
        assert_eq!(ended.status.code(), Some(0));
        // A man page escapes its hyphens.
        let text = ended.stdout.replace("\\-", "-");
        for word in ["-iL", "--input-list", "-oG", "--grepable", "-oX", "--xml", "--i-have-permission", "Examples"] {
            assert!(text.to_lowercase().contains(&word.to_lowercase()), "{words:?} has no {word}: {text}");
        }
    }
}
