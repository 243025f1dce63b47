//! Case: one row of a lab, with every text that is said about it. Its name never changes, so that notes, points and
//! command lines that name it stay true when others are added.

use super::document::Level;
use super::fault::Miss;
use super::stage::Stage;

/// What is tried, what has to come of it, and what is said about it. The texts stand here and nowhere else, so that they
/// can be translated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Its name within its part of the catalogue: `basic/one` of `echo/basic/one`.
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    /// Names, within the same part, of cases that have to pass first.
    pub(crate) needs: &'static [&'static str],
    /// What is done, and what has to come of it.
    pub(crate) title: &'static str,
    /// Why anybody should care.
    pub(crate) why: &'static str,
    /// The mistake that it was made for.
    pub(crate) bug: &'static str,
    /// How to mend that.
    pub(crate) fix: &'static str,
    pub(crate) play: fn(&mut Stage) -> Played,
}

/// What came of a case: a pass, which may have something to remark, or a miss.
pub(crate) type Played = Result<Option<String>, Miss>;

/// Which side of the conversation the program takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Server,
    Client,
    Scanner,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Scanner => "scanner",
        }
    }
}

/// The task of a sheet, as cases.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// What the program has to be.
    pub(crate) summary: &'static str,
    /// Which sheet sets the task.
    pub(crate) sheet: &'static str,
    /// In the order of reports.
    pub(crate) parts: &'static [Part],
    /// What an echo server of this lab may answer to these bytes. Labs without one answer nothing.
    pub(crate) answers: fn(&[u8]) -> Vec<Vec<u8>>,
}

/// Rows under one name: an upper-casing server has to do all that an echo server does, and its cases are called after
/// it.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) prefix: &'static str,
    pub(crate) rows: &'static [Row],
}

/// A row in its lab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) lab: &'static Lab,
    pub(crate) prefix: &'static str,
    pub(crate) row: &'static Row,
}

impl Case {
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.prefix, self.row.name)
    }

    /// The ids of those that have to pass first.
    pub(crate) fn needs(&self) -> Vec<String> {
        let own = self.row.needs.iter().map(|name| format!("{}/{name}", self.prefix));
        let ready = match self.lab.role {
            _ if self.prefix == START => None,
            Role::Server => Some("start/listens"),
            Role::Client | Role::Scanner => Some("start/runs"),
        };
        own.chain(ready.map(ToOwned::to_owned)).collect()
    }
}

impl Lab {
    pub(crate) fn cases(&'static self) -> impl Iterator<Item = Case> {
        self.parts
            .iter()
            .flat_map(move |part| part.rows.iter().map(move |row| Case { lab: self, prefix: part.prefix, row }))
    }
}

/// The same rows for a lab of its own, where nothing can be said before `need` has passed.
pub(crate) const fn behind<const N: usize>(need: &'static [&'static str], rows: &'static [Row]) -> [Row; N] {
    assert!(rows.len() == N, "as many rows as there are");
    let mut all = [rows[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = rows[at];
        if rows[at].needs.is_empty() {
            all[at].needs = need;
        }
        at += 1;
    }
    all
}

/// What every program has to do before anything else can be asked of it.
pub(crate) const START: &str = "start";
