//! Table: a class on a terminal, a line a student and a letter a case.

use unicode_width::UnicodeWidthStr;

use crate::check::report::words::{cut, printable, wrapped};

use super::{LETTERS, Matrix, letter};

pub(super) fn write(matrix: &Matrix) -> String {
    let mut text = grid(matrix);
    text += &key(matrix);
    text += &cases(matrix);
    text += &mistakes(matrix);
    text + &matrix.sum() + "\n"
}

fn grid(matrix: &Matrix) -> String {
    let students: Vec<String> = matrix.rows.iter().map(|row| cut(&printable(&row.student), MOST_NAME)).collect();
    let names = students.iter().map(|student| student.width()).max().unwrap_or(0);
    let points = matrix.rows.iter().map(|row| row.points().width()).max().unwrap_or(0);
    let pad = |text: &str, columns: usize| format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())));
    let mut text = String::new();
    for digits in numbers(matrix.cases.len()) {
        text += format!("{}  {digits}", pad("", names + 2 + points)).trim_end();
        text += "\n";
    }
    for (row, student) in matrix.rows.iter().zip(students) {
        let letters = matrix.cases.iter().map(|case| letter(row.verdict(case.id)));
        let letters = if row.document.is_some() { grouped(letters) } else { String::new() };
        let trouble = row.trouble().unwrap_or_default();
        let gap = if letters.is_empty() || trouble.is_empty() { "" } else { "  " };
        let line = format!("{}  {}  {letters}{gap}{trouble}", pad(&student, names), pad(&row.points(), points));
        text += line.trim_end();
        text += "\n";
    }
    text
}

/// The numbers of so many cases, a digit above the other.
fn numbers(cases: usize) -> Vec<String> {
    let tens = |number: usize| char::from_digit((number / 10 % 10) as u32, 10).filter(|_| number.is_multiple_of(10));
    let units = |number: usize| char::from_digit((number % 10) as u32, 10);
    let line = |digit: &dyn Fn(usize) -> Option<char>| grouped((1..=cases).map(|number| digit(number).unwrap_or(' ')));
    let lines = [line(&tens), line(&units)];
    lines.into_iter().filter(|line| !line.trim().is_empty()).collect()
}

/// Ten and ten, so that they can be counted.
fn grouped(letters: impl Iterator<Item = char>) -> String {
    let letters: Vec<char> = letters.collect();
    letters.chunks(10).map(|ten| ten.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What the letters mean that are there.
fn key(matrix: &Matrix) -> String {
    let judged = || matrix.rows.iter().filter(|row| row.document.is_some());
    let there = |verdict| judged().any(|row| matrix.cases.iter().any(|case| row.verdict(case.id) == verdict));
    let meanings = LETTERS.into_iter().filter(|(verdict, _)| there(*verdict));
    let meanings: Vec<String> = meanings.map(|(verdict, meaning)| format!("{} {meaning}", letter(verdict))).collect();
    if meanings.is_empty() { "\n".to_owned() } else { format!("\n{}\n\n", meanings.join("   ")) }
}

fn cases(matrix: &Matrix) -> String {
    let ids = matrix.cases.iter().map(|case| printable(case.id).width()).max().unwrap_or(0).min(MOST_ID);
    let mut text = String::new();
    for (number, case) in matrix.cases.iter().enumerate() {
        let (number, id) = (number + 1, cut(&printable(case.id), ids));
        let (gap, level) = (ids.saturating_sub(id.width()), case.level.name());
        text += &format!("{number:>3}  {id}{:gap$}  {level:6}  {} passed, {} failed\n", "", case.passed, case.failed);
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn mistakes(matrix: &Matrix) -> String {
    let mistakes = matrix.mistakes();
    if mistakes.is_empty() {
        return String::new();
    }
    let mut text = "The commonest mistakes:\n".to_owned();
    for case in mistakes {
        let count = format!("{} of {}", case.failed, matrix.judged());
        let what = format!("{}: {}", printable(case.id), printable(case.title));
        let mut lines = wrapped(&what, COLUMNS - COUNT);
        lines.extend(case.so.into_iter().flat_map(|so| wrapped(&printable(so), COLUMNS - COUNT)));
        for (number, line) in lines.iter().enumerate() {
            let count = if number == 0 { count.as_str() } else { "" };
            text += format!("{count:>width$}  {line}", width = COUNT - 2).trim_end();
            text += "\n";
        }
    }
    text + "\n"
}

/// Longer names of students are cut.
const MOST_NAME: usize = 28;
/// Longer names of cases too.
const MOST_ID: usize = 44;
/// ` 140 of 160` and two spaces.
const COUNT: usize = 13;
/// Sentences are broken where a page of paper ends.
const COLUMNS: usize = 80;
