//! Page: a class in a browser: the commonest mistakes, and a table of students and cases.

use std::path::Path;

use crate::check::report::html::{Mark, Text, frame};

use super::{Case, ClassRow, Matrix};

pub(super) fn write(matrix: &Matrix) -> String {
    let mut body = "<h1>A class</h1>\n".to_owned();
    body += &format!("<div class=verdict><p><strong>{}</strong></p></div>\n", Text(&matrix.sum()));
    body += &mistakes(matrix);
    body += &students(matrix);
    body += &cases(matrix);
    frame("sockeye check: a class", &body)
}

fn mistakes(matrix: &Matrix) -> String {
    let mistakes = matrix.mistakes();
    if mistakes.is_empty() {
        return String::new();
    }
    let judged = matrix.judged();
    let row = |case: &&Case| {
        let so = case.so.map_or_else(String::new, |so| format!("<div>{}</div>", Text(so)));
        let (id, title) = (Text(case.id), Text(case.title));
        format!(
            "<tr><td class=count>{} of {judged}</td><td class=what><code>{id}</code> {title}{so}</td></tr>\n",
            case.failed
        )
    };
    let rows: String = mistakes.iter().map(row).collect();
    format!("<section>\n<h2>The commonest mistakes</h2>\n<table class=mistakes>\n{rows}</table>\n</section>\n")
}

fn students(matrix: &Matrix) -> String {
    let head =
        |(number, case): (usize, &Case)| format!("<th scope=col title=\"{}\">{}</th>", Text(case.id), number + 1);
    let heads: String = matrix.cases.iter().enumerate().map(head).collect();
    let rows: String = matrix.rows.iter().map(|row| student(matrix, row)).collect();
    format!(
        "<section>\n<h2>Students and cases</h2>\n<div class=wide><table class=matrix>\n\
         <thead><tr><th scope=col>student</th><th scope=col>points</th>{heads}<th></th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n</section>\n"
    )
}

fn student(matrix: &Matrix, row: &ClassRow) -> String {
    let cell = |case: &Case| match row.verdict(case.id) {
        Some(verdict) => format!("<td class=cell>{}</td>", Mark(verdict)),
        None => "<td class=cell>–</td>".to_owned(),
    };
    let cells: String = matrix.cases.iter().map(cell).collect();
    let (student, points, trouble) = (Text(&row.student), row.points(), row.trouble().unwrap_or_default());
    let student = match &row.page {
        Some(page) => format!("<a href=\"{}\">{student}</a>", reference(page)),
        None => student.to_string(),
    };
    format!(
        "<tr><th scope=row>{student}</th><td class=num>{points}</td>{cells}<td class=note>{}</td></tr>\n",
        Text(&trouble)
    )
}

/// A path as a page refers to it (RFC 3986, section 2).
fn reference(path: &Path) -> String {
    let letter = |byte: &u8| match byte {
        b'/' | b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    path.as_os_str().as_encoded_bytes().iter().map(letter).collect()
}

fn cases(matrix: &Matrix) -> String {
    let row = |(number, case): (usize, &Case)| {
        let (id, title, level) = (Text(case.id), Text(case.title), case.level.name());
        format!(
            "<tr><td class=num>{}</td><td class=what><code>{id}</code> <span class=title>{title}</span></td><td>{level}</td>\
             <td class=num>{}</td><td class=num>{}</td></tr>\n",
            number + 1,
            case.passed,
            case.failed
        )
    };
    let rows: String = matrix.cases.iter().enumerate().map(row).collect();
    format!(
        "<section>\n<h2>The cases by their numbers</h2>\n<table class=mistakes>\n<thead><tr><th></th><th>case</th>\
         <th>level</th><th class=num>passed</th><th class=num>failed</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</section>\n"
    )
}
