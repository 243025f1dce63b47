//! Which cases of a lab.

use clap::Args;

use crate::check::case::{Case, Lab};
use crate::check::document::Level;
use crate::check::labs;
use crate::check::schedule::Schedule;
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
/// Where there is none.
pub(super) fn find(id: &str) -> Result<Case, Failure> {
    let all: Vec<Case> = labs::LABS.iter().flat_map(|lab| lab.cases()).collect();
    all.iter().find(|case| case.id() == id).copied().ok_or_else(|| unknown(id, &all))
}

/// The case itself, or all that are below it.
fn is_meant(word: &str, id: &str) -> bool {
    let word = word.trim_end_matches('/');
    id == word || id.strip_prefix(word).is_some_and(|rest| rest.starts_with('/'))
}

/// Says which is nearest.
fn unknown(word: &str, all: &[Case]) -> Failure {
    let same = |id: &str| id.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
    let last = |id: &str| usize::from(id.rsplit('/').next() == word.rsplit('/').next()) * word.len();
    let nearest = all.iter().map(Case::id).max_by_key(|id| same(id) + last(id)).unwrap_or_default();
    Failure::bad_words(format!("no case is called `{word}`; the nearest is {nearest}, and `check list LAB` lists all"))
}
