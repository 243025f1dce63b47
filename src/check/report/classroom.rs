//! Classroom: the result that GitHub Classroom's reporter reads, version 1. A case is a test of its own with a score of
//! its own, so that half of a lab is worth half of its points. What does not apply here is left out: the reporter knows
//! neither a pass that is worth nothing nor a skip, and would tell a student that it failed.
//!
//! The reporter wants it in base64, in a variable of the environment: `base64 -w0`.

use serde_json::{Value, json};

use crate::check::document::{Document, Graded, Verdict};

use super::failure;
use super::gist;
use super::words::printable;

/// One object.
pub(super) fn write(document: &Document) -> String {
    let tests: Vec<Value> = document
        .cases
        .iter()
        .filter(|graded| graded.verdict != Verdict::Skip)
        .map(|graded| test(document, graded))
        .collect();
    let report = json!({
        "version": 1,
        "status": overall(&tests),
        "max_score": document.totals.max_points,
        "tests": tests,
    });
    format!("{report:#}\n")
}

fn test(document: &Document, graded: &Graded) -> Value {
    let again = graded.finding.as_ref().map(|finding| printable(&finding.again));
    let explain = || format!("sockeye check explain {}", printable(&graded.id));
    json!({
        "name": format!("{}: {}", printable(&graded.id), printable(&graded.title)),
        "status": status(graded.verdict),
        "score": graded.points,
        "message": message(document, graded),
        "test_code": again.unwrap_or_else(explain),
        "filename": "",
        "line_no": 0,
        "duration": graded.duration_ms,
    })
}

const fn status(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass | Verdict::Skip => "pass",
        Verdict::Fail | Verdict::Blocked => "fail",
        Verdict::Unjudged => "error",
    }
}

fn message(document: &Document, graded: &Graded) -> String {
    match graded.verdict {
        Verdict::Fail => failure::text(document, graded),
        Verdict::Unjudged => format!("could not judge: {}", gist::why(document, graded)),
        Verdict::Pass | Verdict::Skip | Verdict::Blocked => gist::why(document, graded),
    }
}

/// Of all tests: one that failed says more than one that nobody can tell about.
fn overall(tests: &[Value]) -> &'static str {
    let any = |status: &str| tests.iter().any(|test| test["status"] == status);
    if any("fail") {
        "fail"
    } else if any("error") {
        "error"
    } else {
        "pass"
    }
}
