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

#[test]
fn a_run_is_told_to_people() {
    same!(told(&sample::document(), Colour::Plain, None), "summary.txt");
}

#[test]
fn a_closed_loop_without_a_fault_is_told_shortly() {
    same!(told(&sample::closed(), Colour::Plain, None), "summary-closed.txt");
}

#[test]
fn a_run_is_told_on_a_narrow_terminal() {
    let text = told(&sample::document(), Colour::Plain, Some(80));
    same!(&text, "summary-narrow.txt");
    let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn colour_changes_no_word() {
    for (document, columns) in [(sample::document(), 200), (sample::document(), 45), (sample::closed(), 80)] {
        let coloured = told(&document, Colour::Coloured, Some(columns));
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(uncoloured(&coloured), told(&document, Colour::Plain, Some(columns)));
    }
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
fn spreadsheets_get_a_second_a_line() {
    let mut seconds = Vec::new();
    csv::write(&sample::document(), &mut seconds).unwrap();
    same!(String::from_utf8(seconds).unwrap(), "seconds.csv");
}

#[test]
fn plotters_get_what_they_know() {
    let mut percentiles = Vec::new();
    hgrm::write(&sample::document(), &mut percentiles).unwrap();
    same!(String::from_utf8(percentiles).unwrap(), "response.hgrm");
}

/// Without the sequences that colour it.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.map(|part| part.split_once('m').unwrap().1).collect::<String>()
}
