//! Page: a check from its head to its foot: what is to be made of it, how many, under which conditions, and case by case.

use std::time::Duration;

use crate::check::document::Document;
use crate::check::report::gist;
use crate::event::sinks::Lasted;

use super::{Text, case, class, frame, tone_class};

pub(super) fn write(document: &Document) -> String {
    let title = format!("sockeye check: {} lab, {}", document.lab, document.subject);
    let mut body = format!(
        "<h1>{} lab</h1>\n<p class=subject><code>{}</code></p>\n",
        Text(&document.lab),
        Text(&document.subject)
    );
    body += &verdict(document);
    body += &counts(document);
    body += &facts(document);
    body += "<section>\n<h2>Cases</h2>\n<table class=cases>\n<thead><tr><th class=verdicts>verdict</th><th>case</th>\
             <th class=level>level</th><th class=num>points</th><th class=\"num time\">time</th></tr></thead>\n<tbody>\n";
    for (number, graded) in document.cases.iter().enumerate() {
        body += &case::rows(document, number, graded);
    }
    body += "</tbody>\n</table>\n</section>\n";
    frame(&title, &body)
}

fn verdict(document: &Document) -> String {
    let (class, verdict) = (tone_class(gist::tone(document)), gist::verdict(document));
    let next = gist::next(document).map_or_else(String::new, |next| format!("<p>{}</p>\n", Text(&next)));
    format!("<div class=\"verdict {class}\">\n<p><strong>{}</strong></p>\n{next}</div>\n", Text(&verdict))
}

fn counts(document: &Document) -> String {
    let there = gist::tallies(document).into_iter().filter(|(_, count, _)| *count > 0);
    let items =
        there.map(|(verdict, count, word)| format!("<li class={}><b>{count}</b> {word}</li>\n", class(verdict)));
    let points = format!("<li><b>{}</b> of {} points</li>\n", document.totals.points, document.totals.max_points);
    format!("<ul class=counts>\n{}{points}</ul>\n", items.collect::<String>())
}

fn facts(document: &Document) -> String {
    let facts = [
        ("isolation", document.isolation.clone()),
        ("started", document.started.clone()),
        ("took", Lasted(Duration::from_millis(document.elapsed_ms)).to_string()),
        ("seed", document.seed.to_string()),
        ("judged by", format!("sockeye {}", document.sockeye)),
    ];
    let rows = facts.iter().map(|(key, fact)| format!("<dt>{key}</dt><dd>{}</dd>\n", Text(fact)));
    format!("<dl class=facts>\n{}</dl>\n", rows.collect::<String>())
}
