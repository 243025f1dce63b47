//! Pages: what can be read about labs and cases.

use crate::check::case::{Case, Lab};
use crate::check::document::Level;
use crate::check::labs::LABS;

/// All labs, a line each.
pub(super) fn labs() -> String {
    let width = LABS.iter().map(|lab| lab.name.len()).max().unwrap_or_default();
    let mut page = String::new();
    for lab in LABS {
        let count = |level| lab.cases().filter(|case| case.row.level == level).count();
        let counts: Vec<String> =
            Level::ALL.iter().map(|level| format!("{} {}", count(*level), level.name())).collect();
        page.push_str(&format!("{:width$}  {:7}  {}\n", lab.name, lab.role.name(), lab.summary));
        page.push_str(&format!("{:width$}           {}; {}\n", "", counts.join(", "), lab.sheet));
    }
    page
}

/// The cases of a lab, a line each.
pub(super) fn cases(lab: &'static Lab) -> String {
    let width = lab.cases().map(|case| case.id().len()).max().unwrap_or_default();
    let line = |case: Case| format!("{:width$}  {:6}  {}\n", case.id(), case.row.level.name(), case.row.title);
    format!("{}: {} ({})\n\n{}", lab.name, lab.summary, lab.sheet, lab.cases().map(line).collect::<String>())
}

/// All that is said about a case.
pub(super) fn explain(case: &Case) -> String {
    let row = case.row;
    let needs = case.needs().join(", ");
    let needs = if needs.is_empty() { String::new() } else { format!("needs   {needs}\n") };
    format!(
        "{} ({}, lab {}: {})\n\nwhat    {}\nwhy     {}\nbug     {}\nfix     {}\n{needs}try     sockeye check {} --only {} -- COMMAND\n",
        case.id(),
        row.level.name(),
        case.lab.name,
        case.lab.sheet,
        row.title,
        row.why,
        row.bug,
        row.fix,
        case.lab.name,
        case.id(),
    )
}
