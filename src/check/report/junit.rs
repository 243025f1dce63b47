//! Junit: the XML that every CI reads. A failure is a program that is wrong, an error is a case that nobody can tell
//! about, and what was skipped or waits is skipped. quick-xml closes what was opened and escapes what is in the way of
//! XML; controls, which XML cannot hold at all, are escaped before, with everything else that somebody else said.
//!
//! What was flaky is told as Maven's Surefire tells it: the case passed, and a `flakyFailure` in it says what it was like
//! before. A `rerunFailure` it has not, since a document does not keep the failures before the last.

use std::io;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::check::document::{Document, Graded, Program, Verdict};

use super::transcript::outcome;
use super::words::{lines, printable};
use super::{failure, gist, transcript};

/// One document.
pub(super) fn write(document: &Document) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    suites(document, &mut xml).expect("a vector takes everything");
    let mut text = String::from_utf8(xml.into_inner()).expect("only strings were written");
    text.push('\n');
    text
}

type Xmler = Writer<Vec<u8>>;

fn suites(document: &Document, xml: &mut Xmler) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let attributes = counts(document);
    xml.create_element("testsuites").with_attributes(pairs(&attributes)).write_inner_content(|xml| {
        let mut attributes = attributes.clone();
        attributes.extend(timestamp(document).map(|timestamp| ("timestamp", timestamp)));
        xml.create_element("testsuite").with_attributes(pairs(&attributes)).write_inner_content(|xml| {
            properties(document, xml)?;
            document.cases.iter().try_for_each(|graded| case(document, graded, xml))
        })?;
        Ok(())
    })?;
    Ok(())
}

fn counts(document: &Document) -> Vec<(&'static str, String)> {
    let totals = &document.totals;
    vec![
        ("name", printable(&document.lab)),
        ("tests", document.cases.len().to_string()),
        ("failures", totals.fail.to_string()),
        ("errors", totals.unjudged.to_string()),
        ("skipped", (totals.skip + totals.blocked).to_string()),
        ("time", seconds(document.elapsed_ms)),
    ]
}

/// As its schema has it: without a zone, and we write UTC.
fn timestamp(document: &Document) -> Option<String> {
    let started: Timestamp = document.started.parse().ok()?;
    Some(started.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

fn properties(document: &Document, xml: &mut Xmler) -> io::Result<()> {
    let properties = [
        ("subject", printable(&document.subject)),
        ("isolation", printable(&document.isolation)),
        ("seed", document.seed.to_string()),
        ("points", document.totals.points.to_string()),
        ("max_points", document.totals.max_points.to_string()),
        ("sockeye", printable(&document.sockeye)),
    ];
    xml.create_element("properties").write_inner_content(|xml| {
        properties.iter().try_for_each(|(name, value)| {
            let attributes = [("name", *name), ("value", value.as_str())];
            xml.create_element("property").with_attributes(attributes).write_empty().map(drop)
        })
    })?;
    Ok(())
}

fn case(document: &Document, graded: &Graded, xml: &mut Xmler) -> io::Result<()> {
    let attributes = [
        ("name", printable(&graded.id)),
        ("classname", printable(&document.lab)),
        ("time", seconds(graded.duration_ms)),
    ];
    let element = xml.create_element("testcase").with_attributes(pairs(&attributes));
    let quiet = graded.verdict == Verdict::Pass && !graded.flaky;
    let program = graded.program.as_ref();
    if quiet && graded.transcript.is_empty() && program.is_none_or(|program| program.stderr.is_empty()) {
        return element.write_empty().map(drop);
    }
    element.write_inner_content(|xml| {
        verdict(document, graded, xml)?;
        if !graded.transcript.is_empty() {
            text("system-out", transcript::text(&graded.transcript).trim_end(), xml)?;
        }
        program.map_or(Ok(()), |program| stderr(program, xml))
    })?;
    Ok(())
}

fn verdict(document: &Document, graded: &Graded, xml: &mut Xmler) -> io::Result<()> {
    let why = gist::why(document, graded);
    match graded.verdict {
        Verdict::Pass if graded.flaky => flaky(document, graded, xml),
        Verdict::Pass => Ok(()),
        Verdict::Fail => {
            let text = failure::text(document, graded);
            let element = xml.create_element("failure").with_attributes(pairs(&what(graded)));
            element.write_text_content(BytesText::new(&text)).map(drop)
        }
        Verdict::Unjudged => {
            let element = xml.create_element("error").with_attributes([("message", &*why), ("type", "unjudged")]);
            element.write_text_content(BytesText::new(&why)).map(drop)
        }
        Verdict::Skip | Verdict::Blocked => {
            xml.create_element("skipped").with_attribute(("message", &*why)).write_empty().map(drop)
        }
    }
}

fn flaky(document: &Document, graded: &Graded, xml: &mut Xmler) -> io::Result<()> {
    let (attributes, before) = (what(graded), failure::text(document, graded));
    let element = xml.create_element("flakyFailure").with_attributes(pairs(&attributes));
    element.write_inner_content(|xml| text("stackTrace", &before, xml))?;
    Ok(())
}

/// The message and the type of a failure.
fn what(graded: &Graded) -> [(&'static str, String); 2] {
    match &graded.finding {
        Some(finding) => {
            let message = format!("want: {}; got: {}", printable(&finding.want), printable(&finding.got));
            [("message", message), ("type", outcome(finding.transport).to_owned())]
        }
        None => {
            [("message", "it failed once, and passed when it was tried again".to_owned()), ("type", "flaky".to_owned())]
        }
    }
}

fn stderr(program: &Program, xml: &mut Xmler) -> io::Result<()> {
    match lines(&program.stderr).collect::<Vec<_>>().join("\n") {
        stderr if stderr.is_empty() => Ok(()),
        stderr => text("system-err", &stderr, xml),
    }
}

fn text(name: &str, text: &str, xml: &mut Xmler) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(text)).map(drop)
}

fn pairs<'a>(attributes: &'a [(&'a str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes.iter().map(|(name, value)| (*name, value.as_str()))
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}
