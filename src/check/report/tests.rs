//! Tests of the reports: what each writes of the same check, and what holds whatever a document says.

use proptest::prelude::*;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::terminal::{Looks, Passes};
use super::*;
use crate::check::document::Verdict;
use crate::event::sinks::Colour;

fn looks(columns: usize) -> Looks {
    Looks { colour: Colour::Plain, columns, passes: Passes::Counted }
}

#[test]
fn a_check_is_told_to_people() {
    let text = terminal::text(&sample::document(), looks(80));
    same!(&text, "terminal.txt");
    let long: Vec<&str> = text.lines().filter(|line| line.width() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn a_check_is_told_with_every_pass_and_no_hint_on_a_wide_terminal() {
    let looks = Looks { passes: Passes::Listed, ..looks(120) };
    let text = terminal::text(&without_hints(sample::document()), looks);
    same!(&text, "terminal-exam.txt");
    for hint in ["recv() cuts", "check explain", "\n  so ", "\n  try "] {
        assert!(!text.contains(hint), "{hint}");
    }
}

#[test]
fn a_program_that_is_right_and_one_that_never_starts_are_told_shortly() {
    let both = [sample::perfect(), sample::dead()].map(|document| terminal::text(&document, looks(80)));
    same!(both.join("\n"), "terminal-short.txt");
}

#[test]
fn who_only_waits_has_not_failed() {
    let mut document = sample::dead();
    document.elapsed_ms = 0;
    for graded in document.cases.iter_mut().filter(|graded| graded.verdict == Verdict::Fail) {
        (graded.verdict, graded.finding) = (Verdict::Unjudged, None);
    }
    document.totals = sample::totals(&document.cases);
    let text = terminal::text(&document, looks(120));
    assert!(text.contains("2 musts wait, 1 could not be judged; what could not be judged says nothing"), "{text}");
    assert!(!text.contains(" us, seed"), "{text}");
    assert_eq!(gist::tone(&document), gist::Tone::Open);
}

#[test]
fn a_transcript_says_each_number_once() {
    for (text, said) in [
        ("3000 bytes that begin with \"x\"", "sent 3000 bytes that begin with \"x\""),
        ("3000×\"x\"", "sent 3000 bytes: 3000×\"x\""),
        ("", "sent 3000 bytes"),
    ] {
        let deed = crate::check::document::Deed::Sent { bytes: 3000, text: text.to_owned() };
        assert_eq!(transcript::words(&deed), said);
    }
}

#[test]
fn json() {
    same!(Form::Json.write(&sample::document()), "check.json");
}

#[test]
fn junit() {
    same!(Form::Junit.write(&sample::document()), "junit.xml");
}

#[test]
fn tap() {
    same!(Form::Tap.write(&sample::document()), "check.tap");
}

#[test]
fn tap_of_a_program_that_never_starts() {
    same!(Form::Tap.write(&sample::dead()), "dead.tap");
}

#[test]
fn ctrf() {
    same!(Form::Ctrf.write(&sample::document()), "ctrf.json");
}

#[test]
fn classroom() {
    let text = Form::Classroom.write(&sample::document());
    same!(&text, "classroom.json");
    let report: Value = serde_json::from_str(&text).unwrap();
    let scores = report["tests"].as_array().unwrap().iter().map(|test| test["score"].as_u64().unwrap());
    assert_eq!(scores.sum::<u64>(), u64::from(sample::document().totals.points));
}

#[test]
fn html() {
    let page = Form::Html.write(&sample::document());
    same!(&page, "check.html");
    for word in ["http://", "https://", "<script", "<link", "src=", "url(", "@import"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("42 moments left out here"));
}

#[test]
fn colour_changes_no_word() {
    for columns in [45, 80, usize::MAX] {
        let coloured = terminal::text(&sample::document(), Looks { colour: Colour::Coloured, ..looks(columns) });
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(uncoloured(&coloured), terminal::text(&sample::document(), looks(columns)));
    }
}

#[test]
fn no_failure_has_more_than_fourteen_lines() {
    for columns in [40, 60, 80, 200] {
        let text = terminal::text(&sample::document(), looks(columns));
        let failures = text.split("\n\n").filter(|block| block.starts_with("FAIL"));
        let most = failures.map(|block| block.lines().count()).max();
        assert!(most <= Some(14), "{columns}: {most:?}\n{text}");
    }
}

#[test]
fn every_form_has_its_own_name() {
    let mut names = Form::ALL.map(Form::name).to_vec();
    names.dedup();
    assert_eq!(names.len(), Form::ALL.len());
}

#[test]
fn junit_counts_what_it_holds() {
    let xml = Form::Junit.write(&sample::document());
    let document = roxmltree::Document::parse(&xml).unwrap();
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    for (attribute, element) in
        [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    {
        let there = suite.descendants().filter(|node| node.has_tag_name(element)).count();
        assert_eq!(suite.attribute(attribute), Some(&*there.to_string()), "{attribute}");
    }
}

#[test]
fn a_document_without_hints_keeps_everything_else() {
    let document = without_hints(sample::document());
    for form in Form::ALL {
        let text = form.write(&document);
        assert!(!text.contains("recv() cuts") && text.contains("UnicodeDecodeError"), "{}", form.name());
        let shape = text.contains("more    sockeye check explain") || text.contains("<dt>more</dt>");
        assert!(!shape, "{}", form.name());
    }
}

/// What a program may say, if nobody escapes it: controls, markup, quotes, marks that turn text, and long lines.
fn texts() -> impl Strategy<Value = String> {
    let evil = prop::sample::select(vec![
        "<script>",
        "]]>",
        "&amp;",
        "\x1b[2J",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\x7f",
        "\u{85}",
        "\u{9b}31m",
        "\"",
        "'",
        "#",
        "\\",
        " ",
        "\u{202e}",
        "\u{feff}",
        "\u{fffe}",
        "\u{301}",
        "\u{200d}",
        "---",
        "\n  ...\n",
        "Bail out!",
        "日本",
        "ok 1",
        "=1+1",
        ",",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ]);
    let evils = prop::collection::vec(evil, 0..8).prop_map(|parts| parts.concat());
    prop_oneof![evils, "\\PC{0,40}", any::<String>()]
}

proptest! {
    // A case is a whole check in every form: 64 of them take as long as 256 of others.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_form(text in texts()) {
        let document = sample::hostile(&text);
        let xml = Form::Junit.write(&document);
        let parsed = roxmltree::Document::parse(&xml).unwrap();
        let name = parsed.descendants().find(|node| node.has_tag_name("testcase")).unwrap().attribute("name");
        prop_assert_eq!(name, Some(&*words::printable(&text)));
        for form in [Form::Json, Form::Ctrf, Form::Classroom] {
            serde_json::from_str::<Value>(&form.write(&document)).unwrap();
        }
        let html = Form::Html.write(&document);
        prop_assert!(!html.contains("<script"));
        for form in Form::ALL.into_iter().filter(|form| *form != Form::Json) {
            assert_tame(form.name(), &form.write(&document))?;
        }
        for columns in [40, 80, usize::MAX] {
            assert_tame("terminal", &terminal::text(&document, looks(columns)))?;
        }
    }

    #[test]
    fn no_text_changes_what_tap_counts(text in texts()) {
        let document = sample::hostile(&text);
        let tap = Form::Tap.write(&document);
        let points = tap.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).count();
        prop_assert_eq!(points, document.cases.len());
        let skips = tap.lines().filter(|line| line.contains(" # SKIP ")).count();
        let skipped = |verdict: &Verdict| matches!(verdict, Verdict::Skip | Verdict::Blocked);
        prop_assert_eq!(skips, document.cases.iter().filter(|graded| skipped(&graded.verdict)).count());
        let blocks = [tap.matches("\n  ---\n").count(), tap.matches("\n  ...\n").count()];
        prop_assert_eq!(blocks[0], blocks[1]);
    }

    #[test]
    fn no_text_makes_a_line_of_the_terminal_too_long(text in texts(), columns in 40usize..140) {
        let mut document = sample::hostile(&text);
        // Ids are ours, and a command line that would have to be broken too often is left whole.
        for graded in &mut document.cases {
            graded.id = "echo/basic/one".to_owned();
            let finding = graded.finding.as_mut().unwrap();
            finding.again = "sockeye check echo".to_owned();
            finding.more = Some("sockeye check explain echo/basic/one".to_owned());
        }
        let written = terminal::text(&document, looks(columns));
        let long = written.lines().filter(|line| line.width() > columns);
        prop_assert_eq!(long.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

fn assert_tame(name: &str, text: &str) -> Result<(), TestCaseError> {
    let control = text.chars().find(|c| c.is_control() && *c != '\n');
    prop_assert_eq!(control, None, "{}", name);
    Ok(())
}

/// Without the sequences that colour it.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.map(|part| part.split_once('m').unwrap().1).collect::<String>()
}
