//! Which cases of a lab.

use clap::Args;

use crate::check::case::{Case, Lab};
use crate::check::document::Level;
use crate::check::schedule::Schedule;
use crate::check::{labs, near};
use crate::cli::one_of;
use crate::commands::Failure;

#[derive(Debug, Args)]
#[command(next_help_heading = "Cases")]
pub(super) struct SelectionWords {
    /// Only these: ids, or beginnings of them such as echo/eof
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Not these
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
    /// How much is asked: must, should and what is above it, or extra and everything [default: should]
    #[arg(long, value_name = "LEVEL", value_parser = one_of(&Level::ALL, Level::name))]
    level: Option<Level>,
    /// In the one case that --only names, say this instead, as a failure printed it
    #[arg(long, value_name = "STEPS", requires = "only")]
    schedule: Option<String>,
}

impl SelectionWords {
    /// # Errors
    /// Where a word names no case, or none is left.
    pub(super) fn cases(&self, lab: &'static Lab) -> Result<Vec<Case>, Failure> {
        let all: Vec<Case> = lab.cases().collect();
        for word in self.only.iter().chain(&self.skip) {
            if !all.iter().any(|case| is_meant(word, &case.id())) {
                return Err(unknown(word, &all));
            }
        }
        // Who names a case wants it, whatever its level.
        let usual = if self.only.is_empty() { Level::Should } else { Level::Extra };
        let level = self.level.unwrap_or(usual);
        let wanted = |id: &str| self.only.is_empty() || self.only.iter().any(|word| is_meant(word, id));
        let unwanted = |id: &str| self.skip.iter().any(|word| is_meant(word, id));
        let chosen = all.into_iter().filter(|case| case.row.level <= level);
        let chosen: Vec<Case> = chosen.filter(|case| wanted(&case.id()) && !unwanted(&case.id())).collect();
        if chosen.is_empty() {
            return Err(Failure::bad_words(
                "no case is left; ask for less with --skip, or for more with --level extra",
            ));
        }
        if self.schedule.is_some() && chosen.len() > 1 {
            return Err(Failure::bad_words("--schedule is for one case; name it with --only"));
        }
        Ok(chosen)
    }

    pub(super) fn schedule(&self) -> Result<Option<Schedule>, Failure> {
        let parsed = self.schedule.as_deref().map(str::parse).transpose();
        parsed.map_err(|e| Failure::bad_words(format!("--schedule: {e}")))
    }
}

/// The case of this id, in whichever lab.
///
/// # Errors
/// Where there is none; of a lab and of a group it says how to read about those.
pub(super) fn find(id: &str) -> Result<Case, Failure> {
    let all: Vec<Case> = labs::LABS.iter().flat_map(|lab| lab.cases()).collect();
    if let Some(case) = all.iter().find(|case| case.id() == id) {
        return Ok(*case);
    }
    if labs::find(id).is_some() {
        return Err(Failure::bad_words(format!("`{id}` is a lab, and no case; write check list {id}")));
    }
    let mut group: Vec<String> = all.iter().map(Case::id).filter(|case| is_meant(id, case)).collect();
    group.dedup();
    if group.is_empty() {
        return Err(unknown(id, &all));
    }
    Err(Failure::bad_words(format!("`{id}` is a group; name one case of it: {}", group.join(", "))))
}

/// The case itself, or all that are below it.
fn is_meant(word: &str, id: &str) -> bool {
    let word = word.trim_end_matches('/');
    id == word || id.strip_prefix(word).is_some_and(|rest| rest.starts_with('/'))
}

/// Says which may have been meant: nearly the same word, or the same end.
fn unknown(word: &str, all: &[Case]) -> Failure {
    let ids: Vec<String> = all.iter().map(Case::id).collect();
    let ids = || ids.iter().map(String::as_str);
    // `echo/eof` of `echo/eof/no-spin`.
    let groups = ids().filter_map(|id| id.rsplit_once('/')).map(|(group, _)| group);
    let of_this_end = || ids().find(|id| id.rsplit('/').next() == word.rsplit('/').next());
    let meant = near::meant(word, ids().chain(groups)).or_else(of_this_end);
    let meant = meant.map(|meant| format!("did you mean {meant}? ")).unwrap_or_default();
    let lab = word.split('/').next().filter(|name| labs::find(name).is_some()).unwrap_or("LAB");
    Failure::bad_words(format!("no case is called `{word}`; {meant}`check list {lab}` lists all"))
}
