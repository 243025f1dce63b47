//! Outputs: reports of runs, to stdout and files.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::{Form, Reports};
use crate::bench::compare::{self, Compared};
use crate::bench::report::document::Document;
use crate::bench::report::summary::{self, Looks};
use crate::bench::report::{csv, hgrm, html, json};
use crate::commands::{Failure, Talk, print};
use crate::net::Reason;

/// Writes what is asked for of one run.
///
/// # Errors
/// Where a report cannot be written; those before it are.
pub(super) fn tell(document: &Document, reports: &Reports, talk: Talk) -> Result<(), Failure> {
    print::to_stdout(|out| match reports.stdout {
        Form::Json => json::write(document, out),
        Form::Text => summary::write(document, looks(talk), out),
    })?;
    print::to_file(reports.csv.as_deref(), |out| csv::write(document, out))?;
    print::to_file(reports.hgrm.as_deref(), |out| hgrm::write(document, out))?;
    page(reports.html.as_deref(), &[(document.setup.address.clone(), document)])
}

/// One page with a run or several, if it is asked for.
pub(super) fn page(path: Option<&Path>, runs: &[(String, &Document)]) -> Result<(), Failure> {
    print::to_file(path, |out| html::write(runs, out))
}

/// Writes a comparison to stdout.
pub(super) fn tell_compared(compared: &Compared, names: [&str; 2], form: Form) -> Result<(), Failure> {
    print::to_stdout(|out| match form {
        Form::Json => {
            serde_json::to_writer(&mut *out, &Named { names, compared })?;
            out.write_all(b"\n")
        }
        Form::Text => compare::write(compared, names, out),
    })
}

/// A comparison as a program reads it: who A is, and who B.
#[derive(Serialize)]
struct Named<'a> {
    names: [&'a str; 2],
    #[serde(flatten)]
    compared: &'a Compared,
}

/// A run that `--json` wrote.
///
/// # Errors
/// Where there is none.
pub(super) fn read(path: &Path) -> Result<Document, Failure> {
    let wrong = |why: String| Failure::bad_words(format!("cannot read the run {}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|e| wrong(format!("{}; check the path", Reason(&e))))?;
    json::read(&text).map_err(|e| wrong(e.to_string()))
}

fn looks(talk: Talk) -> Looks {
    Looks { colour: talk.paint.on(&io::stdout()), columns: print::columns() }
}
