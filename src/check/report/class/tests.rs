//! Tests of the class: what each form writes of the same students, and what holds whatever they are called.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::check::report::sample;

/// Three who were judged, one whose folder is strange, one who was interrupted.
fn class() -> Vec<ClassRow> {
    let row = |student: &str, document: Option<Document>, trouble: Option<&str>| ClassRow {
        student: student.to_owned(),
        page: document.is_some().then(|| PathBuf::from(format!("check-results/{student}.html"))),
        document,
        trouble: trouble.map(str::to_owned),
    };
    vec![
        row("anna", Some(sample::perfect()), None),
        row("bartek", Some(sample::document()), None),
        row("=cmd|'/c calc'!A0, <script>", None, Some("there is no server.py in its folder")),
        row("daria", Some(sample::dead()), Some("it was stopped after 10 min")),
        row("Ewa Brzęczyszczykiewicz-Konstantynopolitańczykowianeczka", Some(sample::document()), None),
    ]
}

#[test]
fn a_class_on_a_terminal() {
    same!(matrix_text(&class()), "class.txt");
}

#[test]
fn a_class_in_a_spreadsheet() {
    same!(matrix_csv(&class()), "class.csv");
}

#[test]
fn a_class_for_programs() {
    same!(matrix_json(&class()), "class.json");
}

#[test]
fn a_class_in_a_browser() {
    same!(matrix_html(&class()), "class.html");
}

#[test]
fn a_class_of_nobody_is_written_too() {
    assert_eq!(matrix_text(&[]), "\n0 students: 0 have every must, 0 do not, 0 could not be judged\n");
    assert_eq!(matrix_csv(&[]), "student,points,max_points,passed,failed,trouble\n");
    assert!(matrix_html(&[]).contains("0 students"));
    assert!(serde_json::from_str::<Value>(&matrix_json(&[])).unwrap()["students"].as_array().unwrap().is_empty());
}

#[test]
fn the_commonest_mistake_comes_first_with_the_meaning_that_most_failures_share() {
    let of = |so: &[&str]| {
        let mut cases = vec![sample::utf8()];
        cases.extend(so.iter().map(|so| {
            let mut graded = sample::utf8();
            graded.id = "echo/other".to_owned();
            graded.finding.as_mut().unwrap().so = Some((*so).to_owned());
            graded
        }));
        let document = Document { totals: sample::totals(&cases), cases, ..sample::document() };
        ClassRow { student: "x".to_owned(), document: Some(document), trouble: None, page: None }
    };
    let rows = [of(&["first"]), of(&["second"]), of(&[]), of(&["second"])];
    let matrix = Matrix::of(&rows);
    let mistakes: Vec<_> = matrix.mistakes().into_iter().map(|case| (case.id, case.failed, case.so)).collect();
    assert_eq!(mistakes[0].0, "echo/utf8/at-1024");
    assert_eq!(mistakes[1], ("echo/other", 3, Some("second")));
    let rows = [of(&["first"]), of(&["second"])];
    assert_eq!(Matrix::of(&rows).mistakes()[1].so, None, "one of two means nothing for the other");
}

proptest! {
    #[test]
    fn no_name_breaks_a_form(student: String, trouble: String, said: String) {
        let rows = [
            ClassRow { student: student.clone(), document: None, trouble: Some(trouble.clone()), page: None },
            ClassRow {
                page: Some(PathBuf::from(&student)),
                student,
                document: Some(sample::hostile(&said)),
                trouble: Some(trouble),
            },
        ];
        let texts = [matrix_text(&rows), matrix_csv(&rows), matrix_html(&rows), matrix_json(&rows)];
        for text in &texts {
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{:?}", text);
        }
        prop_assert_eq!(texts[1].lines().count(), 3);
        prop_assert!(!texts[2].contains("<script"));
        serde_json::from_str::<Value>(&texts[3]).unwrap();
    }
}
