//! Case: its row in the table, and below it what happened: what was wrong, who said what when, and what the program
//! printed.

use crate::check::document::{Document, Finding, Graded, Program, Verdict};
use crate::check::report::words::lines;
use crate::check::report::{failure, gist};

use super::{Mark, Text, class, sequence};

/// The `number`th of the document.
pub(super) fn rows(document: &Document, number: usize, graded: &Graded) -> String {
    let (class, mark) = (class(graded.verdict), Mark(graded.verdict));
    let (id, title) = (Text(&graded.id), Text(&graded.title));
    let flaky = if graded.flaky { " <span class=\"mark open\">flaky</span>" } else { "" };
    let (level, points, max, ms) = (graded.level.name(), graded.points, graded.max_points, graded.duration_ms);
    let row = format!(
        "<tr id=case{number} class={class}><td>{mark}{flaky}</td><td><code>{id}</code> <span class=title>{title}</span></td>\
         <td class=level>{level}</td><td class=num>{points} of {max}</td><td class=\"num time\">{ms} ms</td></tr>\n"
    );
    match details(document, graded) {
        details if details.is_empty() => row,
        details => {
            let open = if graded.verdict == Verdict::Fail { " open" } else { "" };
            let summary = summary(graded.verdict);
            row + &format!(
                "<tr class=more><td colspan=5><details{open}><summary>{summary}</summary>\n{details}</details></td></tr>\n"
            )
        }
    }
}

const fn summary(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "a remark",
        Verdict::Fail => "what happened",
        Verdict::Skip => "why it was skipped",
        Verdict::Unjudged => "why nobody can tell",
        Verdict::Blocked => "what it waits for",
    }
}

fn details(document: &Document, graded: &Graded) -> String {
    let why = match (gist::why(document, graded), graded.flaky) {
        (why, false) if why.is_empty() => String::new(),
        (why, false) => format!("<p>{}</p>\n", Text(&why)),
        (why, true) => format!("<p>It failed once, and passed when it was tried again. {}</p>\n", Text(&why)),
    };
    if !matches!(graded.verdict, Verdict::Fail | Verdict::Unjudged) {
        return why;
    }
    let found = graded.finding.as_ref().map_or_else(String::new, shape);
    let said = sequence::draw(&graded.transcript);
    let printed = graded.program.as_ref().map_or_else(String::new, program);
    why + &found + &said + &printed
}

/// The same rows as on a terminal, as long as they are.
fn shape(finding: &Finding) -> String {
    let words = |key: &str, text: &str| format!("<dt>{key}</dt><dd>{}</dd>\n", Text(text));
    let code = |key: &str, lines: &[String]| {
        let lines: Vec<String> = lines.iter().map(|line| Text(line).to_string()).collect();
        format!("<dt>{key}</dt><dd><pre>{}</pre></dd>\n", lines.join("\n"))
    };
    let command = |key: &str, line: &str| format!("<dt>{key}</dt><dd><pre class=command>{}</pre></dd>\n", Text(line));
    let mut rows = words("did", &finding.did) + &words("want", &finding.want) + &words("got", &finding.got);
    if let Some(shown) = &finding.shown {
        rows += &code("", &failure::place(shown, PLACE));
    }
    if !finding.stderr.is_empty() {
        rows += &code("stderr", &finding.stderr);
    }
    for (key, hint) in [("so", &finding.so), ("try", &finding.attempt)] {
        rows += &hint.as_ref().map_or_else(String::new, |hint| words(key, hint));
    }
    rows += &command("again", &finding.again);
    rows += &finding.more.as_ref().map_or_else(String::new, |more| command("more", more));
    format!("<dl class=shape>\n{rows}</dl>\n")
}

fn program(program: &Program) -> String {
    let mut text = String::new();
    for prompted in &program.prompts {
        text += &format!(
            "<p>It asked <q>{}</q>, and was told <q>{}</q>.</p>\n",
            Text(&prompted.prompt),
            Text(&prompted.answer)
        );
    }
    for (what, written) in [("stdout", &program.output), ("stderr", &program.stderr)] {
        let written: Vec<String> = lines(written).map(|line| Text(&line).to_string()).collect();
        if !written.is_empty() {
            text += &format!("<h3>{what}</h3>\n<pre class=printed>{}</pre>\n", written.join("\n"));
        }
    }
    let ended = program.ended.as_ref().map_or_else(String::new, |how| format!("It ended by itself: {}. ", Text(how)));
    let memory = program.memory_bytes as f64 / f64::from(1 << 20);
    text + &format!("<p class=note>{ended}It used {} ms of CPU and {memory:.1} MiB of memory.</p>\n", program.cpu_ms)
}

/// So many columns of what came fit beside its key.
const PLACE: usize = 90;
