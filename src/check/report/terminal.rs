//! Terminal: what a person reads. What failed comes first and says the most; of what passed a count is enough; last
//! comes what is to be made of it.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use std::time::Duration;

use crate::check::document::{Document, Graded, Verdict};
use crate::event::sinks::{Colour, Lasted};

use super::failure::{self, KEY, Line, MOST_LINES};
use super::gist::{self, Cause, Tone};
use super::words::{Count, printable, wrapped};

/// How it looks, where there is a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    pub(crate) colour: Colour,
    /// Of the terminal that it is read on; `usize::MAX` where it is none, and lines are as long as they are.
    pub(crate) columns: usize,
    pub(crate) passes: Passes,
}

/// What is said of the cases that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passes {
    Counted,
    /// A line each.
    Listed,
}

/// All of a check.
pub(crate) fn text(document: &Document, looks: Looks) -> String {
    let mut page = Page { document, looks, text: String::new() };
    page.head();
    for graded in of(document, Verdict::Fail) {
        page.gap();
        page.failure(graded);
    }
    page.gap();
    page.passes();
    page.others();
    page.gap();
    page.summary();
    page.text
}

/// Where it is written.
struct Page<'a> {
    document: &'a Document,
    looks: Looks,
    text: String,
}

impl Page<'_> {
    fn head(&mut self) {
        let Document { lab, subject, isolation, .. } = self.document;
        let bold = self.looks.colour.style(Style::new().bold());
        self.wrapped("", &format!("{} lab: {}", printable(lab), printable(subject)), bold);
        let dim = self.looks.colour.style(Style::new().dimmed());
        self.wrapped("", &printable(isolation), dim);
    }

    fn failure(&mut self, graded: &Graded) {
        let columns = self.columns().saturating_sub(INDENT + KEY);
        let head = self.failure_head(graded);
        let dim = self.looks.colour.style(Style::new().dimmed());
        for Line { key, text } in failure::lines(graded, columns, MOST_LINES - head) {
            let line = format!("{:INDENT$}{dim}{key:KEY$}{dim:#}{text}", "");
            self.text += line.trim_end();
            self.text += "\n";
        }
    }

    /// `FAIL  echo/basic/one       must · 2 pts · seed 7`, and how many lines that took.
    fn failure_head(&mut self, graded: &Graded) -> usize {
        let paint = self.paint(Verdict::Fail);
        let (id, tail) = (printable(&graded.id), format!("{} · seed {}", gist::worth(graded), self.document.seed));
        let room = self.columns().saturating_sub(MARK);
        let column = (id.width() + 2).max(TAIL.min(room.saturating_sub(tail.width())));
        let (mark, fits) = (gist::mark(Verdict::Fail), column.saturating_add(tail.width()) <= room);
        let gap = column.saturating_sub(id.width());
        let between = if fits { " ".repeat(gap) } else { format!("\n{:MARK$}", "") };
        self.text += &format!("{paint}{mark:MARK$}{id}{paint:#}{between}{tail}\n");
        if fits { 1 } else { 2 }
    }

    /// The cases that passed, or how many; what one of them remarks is never left out.
    fn passes(&mut self) {
        let passes: Vec<&Graded> = of(self.document, Verdict::Pass).collect();
        let listed = self.looks.passes == Passes::Listed;
        if !listed && !passes.is_empty() {
            self.row(Verdict::Pass, &format!("{} passed", Count(passes.len(), "case")));
        }
        for graded in passes.into_iter().filter(|graded| listed || graded.flaky || graded.note.is_some()) {
            let flaky = graded.flaky.then(|| FLAKY.to_owned());
            let remarks: Vec<String> = flaky.into_iter().chain(graded.note.as_deref().map(printable)).collect();
            self.case(graded, &remarks.join("; "));
        }
    }

    /// The cases that neither passed nor failed, and why.
    fn others(&mut self) {
        for graded in of(self.document, Verdict::Skip) {
            self.case(graded, &gist::why(self.document, graded));
        }
        for graded in of(self.document, Verdict::Unjudged) {
            self.case(graded, &format!("could not judge: {}", gist::why(self.document, graded)));
        }
        for cause in gist::causes(self.document) {
            self.cause(&cause);
        }
    }

    /// `11 cases wait for start/listens: …`.
    fn cause(&mut self, Cause { id, waiting, .. }: &Cause) {
        let wait = if waiting.len() == 1 { "waits" } else { "wait" };
        let head = format!("{} {wait} for {id}: ", Count(waiting.len(), "case"));
        if self.looks.passes == Passes::Listed {
            return self.row(Verdict::Blocked, &(head + &waiting.join(", ")));
        }
        // The first one always, and as many more as the line holds.
        let room = self.columns().saturating_sub(MARK + head.width());
        let mut names = waiting[0].clone();
        for (number, name) in waiting.iter().enumerate().skip(1) {
            let end = if number + 1 < waiting.len() { ", …".width() } else { 0 };
            if names.width().saturating_add(2 + name.width() + end) > room {
                names += ", …";
                break;
            }
            names = names + ", " + name;
        }
        self.row(Verdict::Blocked, &(head + &names));
    }

    fn summary(&mut self) {
        let document = self.document;
        self.wrapped("", &gist::counts(document), Style::new());
        let elapsed = match document.elapsed_ms {
            0 => String::new(),
            ms => format!(" in {}", Lasted(Duration::from_millis(ms))),
        };
        self.wrapped("", &format!("{}{elapsed}, seed {}", gist::points(document), document.seed), Style::new());
        let next = gist::next(document).map_or_else(String::new, |next| format!("; {next}"));
        let verdict = gist::verdict(document);
        let colour = match gist::tone(document) {
            Tone::Good => AnsiColor::Green,
            Tone::Bad => AnsiColor::Red,
            Tone::Open => AnsiColor::Yellow,
        };
        let paint = self.looks.colour.style(colour.on_default().bold());
        self.wrapped("", &format!("{verdict}{next}"), paint);
    }

    /// A case, and what is to be said of it.
    fn case(&mut self, graded: &Graded, what: &str) {
        let id = printable(&graded.id);
        self.row(graded.verdict, format!("{id}  {what}").trim_end());
    }

    fn row(&mut self, verdict: Verdict, words: &str) {
        let paint = self.paint(verdict);
        let mark = format!("{paint}{:MARK$}{paint:#}", gist::mark(verdict));
        self.wrapped(&mark, words, Style::new());
    }

    /// Words that go on below themselves, behind a mark or at the margin.
    fn wrapped(&mut self, mark: &str, words: &str, paint: Style) {
        let indent = if mark.is_empty() { 0 } else { MARK };
        let lines = wrapped(words, self.columns().saturating_sub(indent));
        for (number, line) in lines.iter().enumerate() {
            let before = if number == 0 { mark.to_owned() } else { " ".repeat(indent) };
            self.text += &format!("{before}{paint}{line}{paint:#}\n");
        }
    }

    fn gap(&mut self) {
        self.text += "\n";
    }

    fn paint(&self, verdict: Verdict) -> Style {
        let style = match verdict {
            Verdict::Pass => AnsiColor::Green.on_default(),
            Verdict::Fail => AnsiColor::Red.on_default().bold(),
            Verdict::Unjudged => AnsiColor::Yellow.on_default(),
            Verdict::Skip | Verdict::Blocked => Style::new().dimmed(),
        };
        self.looks.colour.style(style)
    }

    fn columns(&self) -> usize {
        self.looks.columns.max(LEAST_COLUMNS)
    }
}

fn of(document: &Document, verdict: Verdict) -> impl Iterator<Item = &Graded> {
    document.cases.iter().filter(move |graded| graded.verdict == verdict)
}

const FLAKY: &str = "flaky: it failed once, and passed when it was tried again";
/// Before the rows of a failure.
const INDENT: usize = 2;
/// `FAIL` and two spaces.
const MARK: usize = 6;
/// Behind an id, where there is room, the worth of a case stands in one column.
const TAIL: usize = 40;
/// On a narrower terminal lines wrap where it likes.
const LEAST_COLUMNS: usize = 40;
