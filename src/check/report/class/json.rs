//! Json: a class for other programs.

use serde_json::{Map, Value, json};

use crate::check::document::Verdict;
use crate::check::report::json::SCHEMA;
use crate::check::report::words::printable;

use super::{Case, ClassRow, Matrix};

pub(super) fn write(matrix: &Matrix) -> String {
    let report = json!({
        "schema": SCHEMA,
        "students": matrix.rows.iter().map(student).collect::<Vec<_>>(),
        "cases": matrix.cases.iter().map(case).collect::<Vec<_>>(),
        "mistakes": matrix.mistakes().into_iter().map(mistake).collect::<Vec<_>>(),
    });
    format!("{report:#}\n")
}

/// What was not judged has no points, and not none of them.
fn student(row: &ClassRow) -> Value {
    let totals = row.document.as_ref().map(|document| document.totals);
    let cases = row.document.iter().flat_map(|document| &document.cases);
    let verdicts: Map<String, Value> = cases.map(|graded| (printable(&graded.id), word(graded.verdict))).collect();
    json!({
        "student": printable(&row.student),
        "points": totals.map(|totals| totals.points),
        "max_points": totals.map(|totals| totals.max_points),
        "trouble": row.trouble(),
        "verdicts": verdicts,
    })
}

fn case(case: &Case) -> Value {
    json!({
        "id": printable(case.id),
        "title": printable(case.title),
        "level": case.level.name(),
        "passed": case.passed,
        "failed": case.failed,
    })
}

fn mistake(case: &Case) -> Value {
    json!({ "id": printable(case.id), "failed": case.failed, "so": case.so.map(printable) })
}

/// As a document writes it.
fn word(verdict: Verdict) -> Value {
    serde_json::to_value(verdict).expect("it is a word")
}
