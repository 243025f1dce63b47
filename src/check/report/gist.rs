//! Gist: what is to be made of all of it, in a sentence or two: how many, what holds, and where to begin.

use crate::check::document::{Document, Graded, Level, Verdict};

use super::words::{Count, printable};

/// Whether it is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    /// Nobody can tell.
    Open,
}

/// As the exit code has it.
pub(super) fn tone(document: &Document) -> Tone {
    let totals = &document.totals;
    match Musts::of(document) {
        Musts { failed: 0, .. } if totals.musts_missed == 0 && totals.pass > 0 => Tone::Good,
        Musts { failed: 0, .. } => Tone::Open,
        _ => Tone::Bad,
    }
}

/// What holds, in a sentence without its stop.
pub(super) fn verdict(document: &Document) -> String {
    let totals = &document.totals;
    let others = totals.fail + totals.unjudged + totals.blocked;
    match totals.musts_missed {
        _ if totals.pass + others == 0 => "nothing was judged".to_owned(),
        0 if others == 0 && totals.skip == 0 => "everything holds".to_owned(),
        0 if others == 0 => "everything that applies here holds".to_owned(),
        0 if totals.pass == 0 => "no must was tried, and nothing passed".to_owned(),
        0 => "every must passed, and not everything else".to_owned(),
        _ => Musts::of(document).words(),
    }
}

/// The cases of level `must` that did not pass, by what became of them.
struct Musts {
    failed: usize,
    waiting: usize,
    unjudged: usize,
}

impl Musts {
    fn of(document: &Document) -> Self {
        let of = |verdict| {
            let cases = document.cases.iter().filter(|case| case.level == Level::Must && case.verdict == verdict);
            cases.count()
        };
        Self { failed: of(Verdict::Fail), waiting: of(Verdict::Blocked), unjudged: of(Verdict::Unjudged) }
    }

    /// `2 musts failed, 1 waits, 1 could not be judged`.
    fn words(&self) -> String {
        let parts = [
            (self.failed, "failed"),
            (self.waiting, if self.waiting == 1 { "waits" } else { "wait" }),
            (self.unjudged, "could not be judged"),
        ];
        let there = parts.into_iter().filter(|(count, _)| *count > 0).enumerate();
        let parts: Vec<String> = there
            .map(
                |(at, (count, word))| {
                    if at == 0 { format!("{} {word}", Count(count, "must")) } else { format!("{count} {word}") }
                },
            )
            .collect();
        parts.join(", ")
    }
}

/// Where to begin; nothing where there is nothing to do.
pub(super) fn next(document: &Document) -> Option<String> {
    let waiting = causes(document).into_iter().filter(|cause| cause.failed).max_by_key(|cause| cause.waiting.len());
    if let Some(Cause { id, waiting, .. }) = waiting {
        let (cases, wait) = (Count(waiting.len(), "case"), if waiting.len() == 1 { "waits" } else { "wait" });
        return Some(format!("begin with {id}: {cases} {wait} for it"));
    }
    let of = |verdict| document.cases.iter().filter(move |graded| graded.verdict == verdict);
    // The first of the most important ones.
    if let Some(first) = of(Verdict::Fail).min_by_key(|graded| graded.level) {
        return Some(format!("begin with {}", printable(&first.id)));
    }
    of(Verdict::Unjudged)
        .next()
        .map(|_| "what could not be judged says nothing about the program: try it again".to_owned())
}

/// `38 cases: 23 passed, 2 failed, 11 wait`. What there is none of is left out.
pub(super) fn counts(document: &Document) -> String {
    let all = Count(document.cases.len(), "case").to_string();
    let parts = tallies(document).into_iter().filter(|(_, count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(_, count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { all } else { format!("{all}: {}", parts.join(", ")) }
}

/// How many cases came to which verdict, and what they did then.
pub(super) fn tallies(document: &Document) -> [(Verdict, usize, &'static str); 5] {
    let totals = &document.totals;
    [
        (Verdict::Pass, totals.pass, "passed"),
        (Verdict::Fail, totals.fail, "failed"),
        (Verdict::Blocked, totals.blocked, if totals.blocked == 1 { "waits" } else { "wait" }),
        (Verdict::Skip, totals.skip, "skipped"),
        (Verdict::Unjudged, totals.unjudged, "could not be judged"),
    ]
}

/// `41 of 52 points`.
pub(super) fn points(document: &Document) -> String {
    format!("{} of {}", document.totals.points, Count(document.totals.max_points as usize, "point"))
}

/// A case that others wait for.
pub(super) struct Cause {
    pub(super) id: String,
    /// Whether it is the program that is to be mended.
    pub(super) failed: bool,
    /// The others, in the order of the lab.
    pub(super) waiting: Vec<String>,
}

/// What cases wait for in the end, in the order of the lab.
pub(super) fn causes(document: &Document) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for graded in document.cases.iter().filter(|graded| graded.verdict == Verdict::Blocked) {
        let root = root(document, graded);
        let id = printable(root.unwrap_or("another case"));
        let waiting = printable(&graded.id);
        match causes.iter_mut().find(|cause| cause.id == id) {
            Some(cause) => cause.waiting.push(waiting),
            None => {
                let failed =
                    root.and_then(|root| case(document, root)).is_some_and(|case| case.verdict == Verdict::Fail);
                causes.push(Cause { id, failed, waiting: vec![waiting] });
            }
        }
    }
    causes
}

/// What a case waits for in the end: where its cause waits too, the cause of that.
pub(super) fn root<'a>(document: &'a Document, graded: &'a Graded) -> Option<&'a str> {
    let mut root = graded.blocked_by.as_deref()?;
    // A document that goes round in circles is nobody's; it ends all the same.
    for _ in 0..document.cases.len() {
        let further = case(document, root).filter(|case| case.verdict == Verdict::Blocked);
        match further.and_then(|case| case.blocked_by.as_deref()) {
            Some(further) => root = further,
            None => break,
        }
    }
    Some(root)
}

fn case<'a>(document: &'a Document, id: &str) -> Option<&'a Graded> {
    document.cases.iter().find(|graded| graded.id == id)
}

/// Why there is no finding: its note, or what can be said without one.
pub(super) fn why(document: &Document, graded: &Graded) -> String {
    let root = root(document, graded).unwrap_or("another case");
    match (&graded.note, graded.verdict) {
        (_, Verdict::Blocked) => format!("waits for {}", printable(root)),
        (Some(note), _) => printable(note),
        (None, Verdict::Skip) => "it does not apply here".to_owned(),
        (None, Verdict::Unjudged) => "nobody knows why".to_owned(),
        (None, Verdict::Pass | Verdict::Fail) => String::new(),
    }
}

/// Short, and never a colour alone.
pub(super) const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "ok",
        Verdict::Fail => "FAIL",
        Verdict::Skip => "skip",
        Verdict::Unjudged => "????",
        Verdict::Blocked => "wait",
    }
}

/// `must · 2 pts`, and of what is told for interest only `extra`.
pub(super) fn worth(graded: &Graded) -> String {
    match (graded.level, graded.max_points) {
        (Level::Extra, 0) => graded.level.name().to_owned(),
        (level, 1) => format!("{} · 1 pt", level.name()),
        (level, points) => format!("{} · {points} pts", level.name()),
    }
}
