//! Ctrf: the Common Test Report Format 1.0, for the reporters that read it. It allows no field that it does not know but in
//! `extra`, and there our own are: what a case is worth, and what it waits for.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::check::document::{Document, Graded, Verdict};

use super::words::{lines, printable};
use super::{failure, gist, transcript};

/// Indented, as ours is.
pub(super) fn write(document: &Document) -> String {
    let totals = &document.totals;
    let start = document.started.parse().map_or(0, Timestamp::as_millisecond);
    let stop = start.saturating_add(i64::try_from(document.elapsed_ms).unwrap_or(i64::MAX));
    let report = json!({
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "generatedBy": "sockeye",
        "results": {
            "tool": { "name": "sockeye", "version": printable(&document.sockeye) },
            "summary": {
                "tests": document.cases.len(),
                "passed": totals.pass,
                "failed": totals.fail,
                "skipped": totals.skip,
                "pending": totals.blocked,
                "other": totals.unjudged,
                "flaky": document.cases.iter().filter(|graded| graded.flaky).count(),
                "suites": 1,
                "start": start,
                "stop": stop,
                "duration": document.elapsed_ms,
                "extra": { "points": totals.points, "max_points": totals.max_points },
            },
            "tests": document.cases.iter().map(|graded| test(document, graded)).collect::<Vec<_>>(),
            "environment": {
                "appName": printable(&document.subject),
                "extra": {
                    "lab": printable(&document.lab),
                    "isolation": printable(&document.isolation),
                    "seed": document.seed,
                },
            },
        },
    });
    format!("{report:#}\n")
}

fn test(document: &Document, graded: &Graded) -> Value {
    let name = Some(printable(&graded.id)).filter(|name| !name.is_empty()).unwrap_or_else(|| "unnamed".to_owned());
    let mut test = Map::new();
    let mut put = |key: &str, value: Value| test.insert(key.to_owned(), value);
    put("name", name.into());
    put("suite", json!([printable(&document.lab)]));
    put("status", status(graded.verdict).into());
    put("rawStatus", graded.verdict.name().into());
    put("duration", graded.duration_ms.into());
    put("tags", json!([graded.level.name()]));
    if let Some(message) = message(document, graded) {
        put("message", message.into());
    }
    if graded.verdict == Verdict::Fail {
        put("trace", failure::text(document, graded).into());
    }
    if graded.flaky {
        put("flaky", true.into());
        put("retries", 1.into());
        put("retryAttempts", json!([first_attempt(document, graded)]));
    }
    if !graded.transcript.is_empty() {
        put("stdout", transcript::text(&graded.transcript).lines().collect());
    }
    if let Some(program) = graded.program.as_ref().filter(|program| !program.stderr.is_empty()) {
        put("stderr", lines(&program.stderr).collect());
    }
    put("extra", extra(graded));
    Value::Object(test)
}

/// A case that waits is pending: it will be run when another one passes.
const fn status(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Skip => "skipped",
        Verdict::Blocked => "pending",
        Verdict::Unjudged => "other",
    }
}

fn message(document: &Document, graded: &Graded) -> Option<String> {
    match (&graded.finding, graded.verdict) {
        (Some(finding), Verdict::Fail) => {
            Some(format!("want: {}; got: {}", printable(&finding.want), printable(&finding.got)))
        }
        _ => Some(gist::why(document, graded)).filter(|why| !why.is_empty()),
    }
}

fn first_attempt(document: &Document, graded: &Graded) -> Value {
    let mut attempt = json!({ "attempt": 1, "status": "failed" });
    if graded.finding.is_some() {
        attempt["trace"] = failure::text(document, graded).into();
    }
    attempt
}

fn extra(graded: &Graded) -> Value {
    let mut extra = json!({
        "title": printable(&graded.title),
        "points": graded.points,
        "max_points": graded.max_points,
    });
    if let Some(finding) = graded.finding.as_ref().filter(|_| graded.verdict == Verdict::Fail) {
        extra["transport"] = transcript::outcome(finding.transport).into();
    }
    if let Some(cause) = &graded.blocked_by {
        extra["blocked_by"] = printable(cause).into();
    }
    extra
}
