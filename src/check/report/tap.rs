//! Tap: the Test Anything Protocol, version 14, for `prove` and shells. What is told for interest is a `TODO` where it
//! fails, so that it fails nothing else; what was skipped and what waits is a `SKIP`; what could not be judged is not ok,
//! since nobody may take it for a pass.

use crate::check::document::{Document, Finding, Graded, Level, Verdict};

use super::gist;
use super::words::printable;

/// All of it, up to `Bail out!` where the program could not be talked to at all.
pub(super) fn write(document: &Document) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", document.cases.len());
    text += &format!("# {} lab: {}\n", printable(&document.lab), printable(&document.subject));
    for (number, graded) in document.cases.iter().enumerate() {
        text += &point(document, number + 1, graded);
        if let Some(why) = hopeless(document, graded) {
            return text + &format!("Bail out! {}\n", one_line(&why));
        }
    }
    text + &format!("# {}; {}\n", gist::counts(document), gist::points(document))
}

fn point(document: &Document, number: usize, graded: &Graded) -> String {
    let why = one_line(&gist::why(document, graded));
    let (ok, directive) = match (graded.verdict, graded.level) {
        (Verdict::Pass, _) => ("ok", String::new()),
        (Verdict::Fail | Verdict::Unjudged, Level::Extra) => ("not ok", " # TODO told for interest only".to_owned()),
        (Verdict::Fail | Verdict::Unjudged, _) => ("not ok", String::new()),
        (Verdict::Skip | Verdict::Blocked, _) => ("ok", format!(" # SKIP {why}")),
    };
    format!("{ok} {number} - {}{directive}\n{}", one_line(&printable(&graded.id)), diagnosis(document, graded))
}

/// The block of YAML behind a test point that has more to say.
fn diagnosis(document: &Document, graded: &Graded) -> String {
    let mut rows = vec![("message", gist::why(document, graded))];
    match (&graded.finding, graded.verdict) {
        (Some(finding), Verdict::Fail) => {
            rows[0].1 = format!("want: {}; got: {}", printable(&finding.want), printable(&finding.got));
            rows.push(("severity", if graded.level == Level::Extra { "todo" } else { "fail" }.to_owned()));
            rows.extend(found(finding));
        }
        (None, Verdict::Fail) => rows[0].1 = "it failed".to_owned(),
        (_, Verdict::Unjudged) => rows.push(("severity", "error".to_owned())),
        (_, Verdict::Pass) if graded.flaky => {
            rows[0].1 = "flaky: it failed once, and passed when it was tried again".to_owned();
        }
        // That has been said behind `SKIP`.
        (_, Verdict::Skip | Verdict::Blocked) => rows.clear(),
        (_, Verdict::Pass) => {}
    }
    let said = rows.iter().filter(|(_, value)| !value.is_empty());
    let text: String = said.map(|(key, value)| format!("  {key}: {}\n", quoted(value))).collect();
    if text.is_empty() { text } else { format!("  ---\n{text}  ...\n") }
}

fn found(finding: &Finding) -> impl Iterator<Item = (&'static str, String)> {
    // One text, since the reader of Perl's `prove` takes an entry of a list with a colon in it for a key.
    let stderr = finding.stderr.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n");
    let texts = [
        ("did", Some(&finding.did)),
        ("want", Some(&finding.want)),
        ("got", Some(&finding.got)),
        ("so", finding.so.as_ref()),
        ("try", finding.attempt.as_ref()),
        ("again", Some(&finding.again)),
    ];
    let texts = texts.into_iter().filter_map(|(key, text)| Some((key, printable(text?))));
    texts.chain(std::iter::once(("stderr", stderr)))
}

/// Why nobody needs to read on: the program did not get as far as talking, and nothing behind that was tried.
fn hopeless(document: &Document, graded: &Graded) -> Option<String> {
    let finding = graded.finding.as_ref().filter(|_| graded.verdict == Verdict::Fail)?;
    let starts = |id: &str| ["start/runs", "start/listens"].contains(&id);
    let tried = |other: &&Graded| !matches!(other.verdict, Verdict::Skip | Verdict::Blocked);
    let alone = starts(&graded.id) && document.cases.iter().filter(tried).all(|other| starts(&other.id));
    alone.then(|| format!("could not start: {}", printable(&finding.got)))
}

/// A description or a reason, in which a number sign would begin something else.
fn one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}

/// A string of JSON is one of YAML.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}
