//! Page: the report from its head to its foot: what was run, what is to be believed, the numbers, the plots, and what
//! went wrong.

use std::io::{self, Write};

use crate::bench::figure;
use crate::bench::report::document::Document;

use super::{Runs, Text, charts, tables};

/// One section: its heading, and what stands below it.
type Section = (&'static str, fn(&Runs, &mut dyn Write) -> io::Result<()>);

pub(super) fn write(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    let title = title(runs);
    let title = Text(&title);
    writeln!(out, "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>")?;
    // Nothing of the page may load or run, even if an escape were missing.
    writeln!(
        out,
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )?;
    writeln!(out, "<meta name=viewport content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>")?;
    for (heading, section) in SECTIONS {
        writeln!(out, "<section>\n<h2>{heading}</h2>")?;
        section(runs, out)?;
        writeln!(out, "</section>")?;
    }
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "</main>\n<footer>Drawn by sockeye {version}.</footer>\n</body>\n</html>")
}

fn title(runs: &Runs) -> String {
    match runs {
        [(_, run)] => format!("sockeye bench: {}", run.setup.address),
        _ => format!("sockeye bench: {} runs", runs.len()),
    }
}

const SECTIONS: &[Section] = &[
    ("Verdict", verdict),
    ("Setup", |runs, out| tables::columns(runs, "what was asked for, and how long each part took", tables::SETUP, out)),
    ("Numbers", numbers),
    ("Latency over time", latency),
    ("Latency by percentile", percentiles),
    ("Rate over time", |runs, out| {
        together(runs, "the mean", out)?;
        charts::rate(runs, out)
    }),
    ("Faults", faults),
    ("Generator and server", processes),
];

fn verdict(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    for (name, run) in runs {
        let bound = run.verdict.bound.name();
        let name = if runs.len() > 1 { format!("{name}: ") } else { String::new() };
        writeln!(out, "<div class=verdict><p><bdi>{}</bdi><strong>{bound}</strong></p>", Text(&name))?;
        writeln!(out, "<p>{}</p>\n<ul>", Text(&gist(run)))?;
        for sentence in &run.verdict.evidence {
            writeln!(out, "<li>{}</li>", Text(sentence))?;
        }
        writeln!(out, "</ul></div>")?;
    }
    Ok(())
}

/// The figures that one looks for first.
fn gist(run: &Document) -> String {
    let rate = figure::rate(run.rate.messages_per_s);
    let response = &run.latency.response;
    let faults = match run.errors() {
        0 => "no faults".to_owned(),
        1 => "1 fault".to_owned(),
        errors => format!("{} faults", figure::count(errors)),
    };
    if response.count == 0 {
        return format!("no answers, {faults}");
    }
    let [p50, p99, max] = [response.p50_us, response.p99_us, response.max_us].map(figure::duration);
    format!("{rate}; response p50 {p50}, p99 {p99}, max {max}; {faults}")
}

fn numbers(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<div class=beside>")?;
    tables::columns(runs, "messages of the measured time", tables::COUNTS, out)?;
    tables::latency(runs, out)?;
    writeln!(out, "</div>")?;
    note("Response counts the time that a message had to wait for its turn; service does not.", out)?;
    tables::columns(runs, "other times", tables::OTHERS, out)
}

fn latency(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    note("Response, from the intended instant, of the answers that came in each second.", out)?;
    together(runs, "the greatest", out)?;
    charts::latency(runs, out)
}

/// Where a run has more seconds than points.
fn together(runs: &Runs, what: &str, out: &mut dyn Write) -> io::Result<()> {
    match runs.iter().map(|(_, run)| charts::together(run)).max() {
        None | Some(0 | 1) => Ok(()),
        Some(most) => note(&format!("Of long runs a point is {what} of up to {most} seconds."), out),
    }
}

fn percentiles(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    note("Response, from the intended instant, is solid; service, from the actual send, is dashed.", out)?;
    charts::percentiles(runs, out)
}

fn faults(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    if runs.iter().all(|(_, run)| run.errors() == 0) {
        return note("Nothing went wrong.", out);
    }
    tables::faults(runs, out)?;
    for (name, run) in runs {
        let Some(first) = &run.first_fault else { continue };
        let (name, kind, what) = (Text(name), Text(&first.kind), Text(&first.what));
        let of = if runs.len() > 1 { format!(" of <bdi>{name}</bdi>") } else { String::new() };
        writeln!(out, "<p>The first fault{of}: <strong>{kind}</strong>, <code>{what}</code></p>")?;
    }
    Ok(())
}

fn processes(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<div class=beside>")?;
    tables::columns(runs, "the generator", tables::GENERATOR, out)?;
    if runs.iter().any(|(_, run)| run.server.is_some()) {
        tables::columns(runs, "the server", tables::SERVER, out)?;
    } else {
        note("What the server used is not known.", out)?;
    }
    writeln!(out, "</div>")
}

fn note(sentence: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<p class=note>{}</p>", Text(sentence))
}

const STYLE: &str = include_str!("page.css");
