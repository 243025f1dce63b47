//! What holds of the whole catalogue, so that a new row cannot forget it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{Case, Lab, START};
use super::super::document::Level;
use super::super::labs::{LABS, find};

fn all() -> impl Iterator<Item = (&'static Lab, Case)> {
    LABS.iter().flat_map(|lab| lab.cases().map(move |case| (*lab, case)))
}

#[test]
fn an_id_is_one_case_in_all_labs() {
    let mut titles: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (lab, case) in all().filter(|(_, case)| case.prefix != START) {
        let first = titles.insert(case.id(), (lab.name, case.row.title));
        assert!(first.is_none(), "{} is in {first:?} and in {}", case.id(), lab.name);
    }
    for lab in LABS {
        let ids: BTreeSet<String> = lab.cases().map(|case| case.id()).collect();
        assert_eq!(ids.len(), lab.cases().count(), "{}", lab.name);
    }
}

#[test]
fn an_id_is_made_of_words_that_nobody_has_to_quote() {
    for (_, case) in all() {
        let id = case.id();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/.".contains(c);
        assert!(id.chars().all(fits) && id.split('/').all(|part| !part.is_empty()), "{id}");
    }
}

#[test]
fn everything_that_is_said_of_a_case_is_said() {
    for (lab, case) in all() {
        let row = case.row;
        for (name, text) in [("title", row.title), ("why", row.why), ("bug", row.bug), ("fix", row.fix)] {
            assert!(text.len() > 8, "{}: {name} is {text:?}", case.id());
            assert!(!text.ends_with('.'), "{}: {name} ends with a full stop, which the page adds", case.id());
            assert!(text.trim() == text && !text.contains('\n'), "{}: {name}", case.id());
        }
        assert!(!lab.summary.is_empty() && !lab.sheet.is_empty(), "{}", lab.name);
    }
}

#[test]
fn what_a_case_needs_is_a_case_of_its_lab() {
    for (lab, case) in all() {
        for need in case.needs() {
            assert!(lab.cases().any(|other| other.id() == need), "{} needs {need}", case.id());
            assert_ne!(need, case.id());
        }
    }
}

#[test]
fn no_case_waits_for_itself_on_a_roundabout_way() {
    for (lab, case) in all() {
        let (mut waits, mut seen) = (case.needs(), BTreeSet::new());
        while let Some(need) = waits.pop() {
            assert_ne!(need, case.id());
            if seen.insert(need.clone()) {
                waits.extend(lab.cases().filter(|other| other.id() == need).flat_map(|other| other.needs()));
            }
        }
    }
}

#[test]
fn a_must_needs_nothing_but_musts() {
    for (lab, case) in all().filter(|(_, case)| case.row.level == Level::Must) {
        for need in case.needs() {
            let other = lab.cases().find(|other| other.id() == need);
            assert_eq!(other.map(|other| other.row.level), Some(Level::Must), "{} needs {need}", case.id());
        }
    }
}

#[test]
fn every_lab_has_a_must_of_its_own_and_is_found_by_its_name() {
    for lab in LABS {
        let is_own = |case: &Case| case.prefix != START || lab.name == START;
        assert!(lab.cases().any(|case| is_own(&case) && case.row.level == Level::Must), "{}", lab.name);
        assert_eq!(find(lab.name).map(|found| found.name), Some(lab.name));
    }
    assert!(find("no-such-lab").is_none());
}
