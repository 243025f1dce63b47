//! Csv: a class as spreadsheets read it (RFC 4180), a line a student and a column a case.

use crate::check::report::words::printable;

use super::Matrix;

pub(super) fn write(matrix: &Matrix) -> String {
    let ids = matrix.cases.iter().map(|case| field(case.id));
    let heads = ["student", "points", "max_points", "passed", "failed"].map(str::to_owned);
    let mut text = line(heads.into_iter().chain(ids).chain(["trouble".to_owned()]));
    for row in matrix.rows {
        let totals = row.document.as_ref().map(|document| document.totals);
        let number = |number: Option<usize>| number.map_or_else(String::new, |number| number.to_string());
        let fields = [
            field(&row.student),
            number(totals.map(|totals| totals.points as usize)),
            number(totals.map(|totals| totals.max_points as usize)),
            number(totals.map(|totals| totals.pass)),
            number(totals.map(|totals| totals.fail)),
        ];
        let verdicts =
            matrix.cases.iter().map(|case| row.verdict(case.id).map_or("", |verdict| verdict.name()).to_owned());
        let trouble = row.trouble().map_or_else(String::new, |trouble| field(&trouble));
        text += &line(fields.into_iter().chain(verdicts).chain([trouble]));
    }
    text
}

fn line(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\n"
}

/// A text of others: in quotes where it has to be, and never a formula of a spreadsheet.
fn field(text: &str) -> String {
    let text = printable(text);
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_text_of_others_is_neither_two_fields_nor_a_formula() {
        for (text, shown) in [
            ("anna", "anna"),
            ("anna, \"the\" one", "\"anna, \"\"the\"\" one\""),
            ("=HYPERLINK(1,2)", "\"'=HYPERLINK(1,2)\""),
            ("a\nb", "a\\nb"),
        ] {
            assert_eq!(field(text), shown);
        }
    }
}
