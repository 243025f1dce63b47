//! Tests of the reports for people and plotters: what each writes of the same run.

use super::document::{Document, Latency};
use super::summary::Looks;
use super::*;
use crate::event::sinks::Colour;

fn told(document: &Document, colour: Colour, columns: Option<usize>) -> String {
    let mut out = Vec::new();
    summary::write(document, Looks { colour, columns }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// With `GOLDEN` in the environment, what was found is what is expected from now on.
fn golden(name: &str, found: &str) {
    let path = format!("{}/src/bench/report/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap(), "{name}");
}

#[test]
fn a_run_is_told_to_people() {
    golden("summary.txt", &told(&sample::document(), Colour::Plain, None));
    golden("summary-closed.txt", &told(&sample::closed(), Colour::Plain, None));
}

#[test]
fn a_run_is_told_on_a_narrow_terminal() {
    let text = told(&sample::document(), Colour::Plain, Some(80));
    golden("summary-narrow.txt", &text);
    let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn colour_changes_no_word() {
    let coloured = told(&sample::document(), Colour::Coloured, Some(200));
    assert!(coloured.contains("\u{1b}["));
    let plain = anstyle_free(&coloured);
    assert_eq!(plain, told(&sample::document(), Colour::Plain, Some(200)));
}

#[test]
fn a_run_without_an_answer_is_told_too() {
    let mut document = sample::closed();
    (document.latency, document.rate, document.counts) = (Latency::default(), Default::default(), Default::default());
    let text = told(&document, Colour::Plain, None);
    assert!(text.contains("none, but nothing was answered either"), "{text}");
    assert!(!text.contains("response times") && !text.contains("NaN") && !text.contains("inf"), "{text}");
}

#[test]
fn plotters_get_what_they_know() {
    let (mut seconds, mut percentiles) = (Vec::new(), Vec::new());
    csv::write(&sample::document(), &mut seconds).unwrap();
    hgrm::write(&sample::document(), &mut percentiles).unwrap();
    golden("seconds.csv", &String::from_utf8(seconds).unwrap());
    golden("response.hgrm", &String::from_utf8(percentiles).unwrap());
}

/// Without the sequences that colour it.
fn anstyle_free(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.map(|part| part.split_once('m').unwrap().1).collect::<String>()
}
