//! Class: many programs side by side: students and cases, points, and what most of them got wrong. One that could not be
//! judged has its row too, and says why.

/// For spreadsheets.
mod csv;
/// For other programs.
mod json;
/// For a browser.
mod page;
/// For a terminal.
mod table;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::check::document::{Document, Level, Verdict};

use super::gist::{self, Tone};
use super::words::{Count, printable};

/// A student, and what came of the program.
#[derive(Clone, Debug)]
pub(crate) struct ClassRow {
    pub(crate) student: String,
    pub(crate) document: Option<Document>,
    /// What got in the way, whether something was judged or not.
    pub(crate) trouble: Option<String>,
    /// The page about this program alone, as the page of the class calls it; nothing where it cannot.
    pub(crate) page: Option<PathBuf>,
}

/// Lines for people: a letter a case.
pub(crate) fn matrix_text(rows: &[ClassRow]) -> String {
    table::write(&Matrix::of(rows))
}

/// A line a student, a column a case.
pub(crate) fn matrix_csv(rows: &[ClassRow]) -> String {
    csv::write(&Matrix::of(rows))
}

/// One page.
pub(crate) fn matrix_html(rows: &[ClassRow]) -> String {
    page::write(&Matrix::of(rows))
}

/// One object.
pub(crate) fn matrix_json(rows: &[ClassRow]) -> String {
    json::write(&Matrix::of(rows))
}

/// Students and cases.
struct Matrix<'a> {
    rows: &'a [ClassRow],
    /// Every case that somebody has, in the order in which they are met.
    cases: Vec<Case<'a>>,
}

/// A case, and how students did in it.
struct Case<'a> {
    id: &'a str,
    title: &'a str,
    level: Level,
    passed: usize,
    failed: usize,
    /// What the failures meant: the hint that more than half of them share. Of a few it says nothing about the others.
    so: Option<&'a str>,
}

impl<'a> Matrix<'a> {
    fn of(rows: &'a [ClassRow]) -> Self {
        let mut cases: Vec<Case<'a>> = Vec::new();
        for graded in rows.iter().filter_map(|row| row.document.as_ref()).flat_map(|document| &document.cases) {
            if !cases.iter().any(|case| case.id == graded.id) {
                cases.push(Case::of(&graded.id, &graded.title, graded.level));
            }
        }
        for case in &mut cases {
            case.count(rows);
        }
        Self { rows, cases }
    }

    /// The cases that most students failed, the commonest first.
    fn mistakes(&self) -> Vec<&Case<'a>> {
        let mut mistakes: Vec<&Case> = self.cases.iter().filter(|case| case.failed > 0).collect();
        mistakes.sort_by_key(|case| (std::cmp::Reverse(case.failed), case.level));
        mistakes.truncate(MOST_MISTAKES);
        mistakes
    }

    /// `40 students: 3 have every must, 35 do not, 2 could not be judged`.
    fn sum(&self) -> String {
        let count = |tone| self.rows.iter().filter(|row| row.tone() == tone).count();
        let [good, bad, open] = [Tone::Good, Tone::Bad, Tone::Open].map(count);
        let (has, does) = (if good == 1 { "has" } else { "have" }, if bad == 1 { "does not" } else { "do not" });
        let students = Count(self.rows.len(), "student");
        format!("{students}: {good} {has} every must, {bad} {does}, {open} could not be judged")
    }

    /// How many students were judged at all.
    fn judged(&self) -> usize {
        self.rows.iter().filter(|row| row.document.is_some()).count()
    }
}

impl<'a> Case<'a> {
    const fn of(id: &'a str, title: &'a str, level: Level) -> Self {
        Self { id, title, level, passed: 0, failed: 0, so: None }
    }

    fn count(&mut self, rows: &'a [ClassRow]) {
        let mut hints: Vec<(&'a str, usize)> = Vec::new();
        let all = rows.iter().filter_map(|row| row.document.as_ref()).flat_map(|document| &document.cases);
        for graded in all.filter(|graded| graded.id == self.id) {
            match graded.verdict {
                Verdict::Pass => self.passed += 1,
                Verdict::Fail => self.failed += 1,
                Verdict::Skip | Verdict::Unjudged | Verdict::Blocked => {}
            }
            let finding = graded.finding.as_ref().filter(|_| graded.verdict == Verdict::Fail);
            let Some(so) = finding.and_then(|finding| finding.so.as_deref()) else { continue };
            match hints.iter_mut().find(|(hint, _)| *hint == so) {
                Some((_, count)) => *count += 1,
                None => hints.push((so, 1)),
            }
        }
        self.so = hints.into_iter().find(|(_, count)| count * 2 > self.failed).map(|(hint, _)| hint);
    }
}

impl ClassRow {
    /// What came of a case; nothing where it was not tried.
    fn verdict(&self, id: &str) -> Option<Verdict> {
        let graded = self.document.as_ref()?.cases.iter().find(|graded| graded.id == id);
        graded.map(|graded| graded.verdict)
    }

    fn tone(&self) -> Tone {
        self.document.as_ref().map_or(Tone::Open, gist::tone)
    }

    /// `41 of 52`, and a dash where nothing was judged.
    fn points(&self) -> String {
        let totals = self.document.as_ref().map(|document| document.totals);
        totals.map_or_else(|| "–".to_owned(), |totals| format!("{} of {}", totals.points, totals.max_points))
    }

    /// What got in the way, in a sentence.
    fn trouble(&self) -> Option<String> {
        match (&self.trouble, &self.document) {
            (Some(trouble), _) => Some(printable(trouble)),
            (None, None) => Some("it was not judged, and nobody knows why".to_owned()),
            (None, Some(_)) => None,
        }
    }
}

/// A verdict as one letter. What was not tried is a dash.
const fn letter(verdict: Option<Verdict>) -> char {
    match verdict {
        Some(Verdict::Pass) => '.',
        Some(Verdict::Fail) => 'F',
        Some(Verdict::Skip) => 's',
        Some(Verdict::Unjudged) => '?',
        Some(Verdict::Blocked) => 'w',
        None => '-',
    }
}

/// What the letters mean.
const LETTERS: [(Option<Verdict>, &str); 6] = [
    (Some(Verdict::Pass), "passed"),
    (Some(Verdict::Fail), "failed"),
    (Some(Verdict::Blocked), "waits for another case"),
    (Some(Verdict::Skip), "skipped"),
    (Some(Verdict::Unjudged), "could not be judged"),
    (None, "not tried"),
];
/// Of mistakes, enough for a lesson.
const MOST_MISTAKES: usize = 10;
