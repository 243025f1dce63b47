//! The words of `check`.

/// What is known about the ways of a program.
mod knowledge;
/// Which lab.
mod lab;
/// Where reports go.
mod reports;
/// Which cases of a lab.
mod selection;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{quantity, seed};
use crate::check::case::Lab;
use crate::check::setting::Subject;
use crate::check::workplace::Command;
use crate::commands::check::{self, Class, Deed, Judging, Pace, Sandbox, Subjects};
use crate::commands::{Failure, Plan};
use crate::net::Address;
use knowledge::KnowledgeWords;
use lab::{lab, learned, nothing_stray};
use reports::ReportWords;
use selection::SelectionWords;

/// Judge a program that somebody wrote for a lab: a server, a client or a port scanner
///
/// It is started anew for each case, in a copy of its folder and, where the system allows, in a network of its own;
/// the other side is played; and what does not hold is told with what was done, what came, what it usually means, and
/// the command line that does it again. `check list` lists the labs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE, args_conflicts_with_subcommands = true)]
#[command(subcommand_help_heading = "More")]
pub(super) struct Words {
    #[command(subcommand)]
    more: Option<More>,
    /// Which lab; `check list` lists them
    #[arg(value_name = "LAB")]
    lab: Option<String>,
    /// What should have stood behind --
    #[arg(value_name = "WORD", hide = true, requires = "lab")]
    stray: Vec<String>,
    /// A server that runs already, instead of a command
    #[arg(long, value_name = "ADDR")]
    addr: Option<String>,
    #[command(flatten)]
    start: StartWords,
    #[command(flatten)]
    selection: SelectionWords,
    #[command(flatten)]
    pace: PaceWords,
    #[command(flatten)]
    knowledge: KnowledgeWords,
    #[command(flatten)]
    reports: ReportWords,
}

#[derive(Debug, Subcommand)]
enum More {
    /// List the labs, or the cases of one
    List {
        /// Which lab
        lab: Option<String>,
    },
    /// Tell what a case is about: what is done, why, the classic bug, how to mend it
    Explain {
        /// Its id, such as echo/eof/no-spin
        id: String,
    },
    /// Judge many submissions, and make a table of them
    ///
    /// Each DIR is one submission. Without a command its program is looked for: server.py, client.py, scanner.py or
    /// main.py, or the one Python file that is there. What was found out is kept in the folder of results, with a page
    /// about each, so that a run that was cut short goes on where it was.
    Class {
        /// Which lab
        lab: String,
        /// A folder for each submission
        #[arg(value_name = "DIR", required = true)]
        folders: Vec<PathBuf>,
        /// Where results are kept
        #[arg(long, value_name = "DIR", default_value = "check-results")]
        results: PathBuf,
        /// Judge again what was judged before
        #[arg(long)]
        again: bool,
        #[command(flatten)]
        start: Box<StartWords>,
        #[command(flatten)]
        selection: Box<SelectionWords>,
        #[command(flatten)]
        pace: Box<PaceWords>,
        #[command(flatten)]
        knowledge: Box<KnowledgeWords>,
        /// Write the table as CSV
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
        /// Write the table and the commonest mistakes as one page
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Talk to a server as the lab would, and write down a proposal for --dialogue
    Learn {
        /// Which lab: identify, login, rps or chat
        lab: String,
        #[command(flatten)]
        start: Box<StartWords>,
    },
}

#[derive(Debug, Args)]
#[command(next_help_heading = "The program")]
struct StartWords {
    /// The command that starts it; {host}, {port} and {dir} are filled in
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
    /// Its folder, of which each case gets a fresh copy [default: here, where COMMAND names a file of it]
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// Add this to its environment
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(OsString, OsString)>,
    /// Start it without walls around it, one case after the other
    #[arg(long)]
    no_sandbox: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
struct PaceWords {
    /// Wait so many times as long as usual for everything
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = patience)]
    patience: f64,
    /// Begin no case after so long
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = quantity::positive_duration)]
    max_time: Duration,
    /// The same data as the check that printed this seed
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// How many cases at a time, where each has a network of its own [default: 8]
    #[arg(long, value_name = "N", value_parser = quantity::positive_count)]
    jobs: Option<usize>,
}

impl Words {
    pub(super) fn plan(self) -> Result<Plan, Failure> {
        let deed = match self.more {
            Some(more) => more.deed()?,
            None => self.judging()?,
        };
        Ok(Plan::Check(Box::new(deed)))
    }

    fn judging(self) -> Result<Deed, Failure> {
        let name = self.lab.ok_or_else(|| Failure::bad_words(NO_LAB))?;
        if self.start.command.is_empty() {
            nothing_stray(&name, &self.stray)?;
        }
        let lab = lab(&name)?;
        if let Some(word) = self.stray.first() {
            return Err(Failure::bad_words(format!("`{word}` is one word too many before --; leave it out")));
        }
        let subject = match (self.addr, self.start.command.is_empty()) {
            (Some(_), false) => {
                return Err(Failure::bad_words("--addr is a server that runs already; leave COMMAND out"));
            }
            (None, true) => return Err(Failure::bad_words(NO_SUBJECT)),
            (Some(addr), true) => Subject::Address(address(&addr, lab)?),
            (None, false) => Subject::Started(self.start.command()?),
        };
        let (typed, sandbox) = match &subject {
            Subject::Address(address) => (format!("--addr {address}"), Sandbox::RunsAlready),
            Subject::Started(_) => (self.start.typed(), self.start.sandbox()),
        };
        let options = [self.start.options(), self.pace.options(), self.knowledge.options()].concat();
        let again = check::Again { lab: lab.name, options, subject: typed };
        let schedule = self.selection.schedule()?;
        Ok(Deed::Judge(Box::new(Judging {
            cases: self.selection.cases(lab)?,
            subjects: Subjects { lab, sandbox, pace: self.pace.pace(), knowledge: self.knowledge.knowledge()? },
            subject,
            again,
            schedule,
            reports: self.reports.reports()?,
        })))
    }
}

impl More {
    fn deed(self) -> Result<Deed, Failure> {
        match self {
            Self::List { lab: name } => Ok(Deed::List(name.as_deref().map(lab).transpose()?)),
            Self::Explain { id } => selection::find(&id).map(Deed::Explain),
            Self::Learn { lab: name, start } => {
                let lab = learned(&name)?;
                let command = start.command()?;
                Ok(Deed::Learn(Box::new(check::Learning { lab, command, sandbox: start.sandbox() })))
            }
            Self::Class { lab: name, folders, results, again, start, selection, pace, knowledge, csv, html, json } => {
                let lab = lab(&name)?;
                super::report_files::check_paths(&[("--csv", csv.as_deref()), ("--html", html.as_deref())])?;
                if start.cwd.is_some() {
                    return Err(Failure::bad_words(
                        "--cwd is for one program; here each DIR is where its program runs",
                    ));
                }
                let options = [start.options(), pace.options(), knowledge.options()].concat();
                let typed = start.typed();
                Ok(Deed::Class(Box::new(Class {
                    folders,
                    results,
                    anew: if again { check::Anew::All } else { check::Anew::Missing },
                    cases: selection.cases(lab)?,
                    subjects: Subjects {
                        lab,
                        sandbox: start.sandbox(),
                        pace: pace.pace(),
                        knowledge: knowledge.knowledge()?,
                    },
                    again: check::Again { lab: lab.name, options, subject: typed },
                    command: start.command,
                    environment: start.env,
                    csv,
                    html,
                    stdout: if json { check::Table::Json } else { check::Table::Text },
                })))
            }
        }
    }
}

impl StartWords {
    fn command(&self) -> Result<Command, Failure> {
        if self.command.is_empty() {
            return Err(Failure::bad_words(NO_SUBJECT));
        }
        let here =
            std::env::current_dir().map_err(|_| Failure::bad_words("the current folder is gone; go to another"))?;
        let folder = match &self.cwd {
            None => None,
            Some(folder) => Some(folder.canonicalize().map_err(|_| {
                Failure::bad_words(format!("--cwd {}: there is no such folder; check the path", folder.display()))
            })?),
        };
        let command = Command::typed(self.command.clone(), &here, folder.as_deref());
        Ok(Command { environment: self.env.clone(), ..command })
    }

    fn sandbox(&self) -> Sandbox {
        if self.no_sandbox { Sandbox::Off } else { Sandbox::AsFarAsItGoes }
    }

    /// As it stands behind everything else on a command line.
    fn typed(&self) -> String {
        format!("-- {}", shell_words::join(self.command.iter().map(|word| word.to_string_lossy())))
    }

    fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        options.extend(self.cwd.iter().flat_map(|cwd| ["--cwd".to_owned(), cwd.to_string_lossy().into_owned()]));
        for (name, value) in &self.env {
            options.extend(["--env".to_owned(), format!("{}={}", name.to_string_lossy(), value.to_string_lossy())]);
        }
        options.extend(self.no_sandbox.then(|| "--no-sandbox".to_owned()));
        options
    }
}

impl PaceWords {
    fn pace(&self) -> Pace {
        let seed = self.seed.unwrap_or_else(seed::of_the_clock);
        Pace { patience: self.patience, max_time: self.max_time, seed, jobs: self.jobs }
    }

    fn options(&self) -> Vec<String> {
        let usual = (self.patience - 1.0).abs() < f64::EPSILON;
        if usual { Vec::new() } else { vec!["--patience".to_owned(), self.patience.to_string()] }
    }
}

fn address(word: &str, lab: &Lab) -> Result<std::net::SocketAddr, Failure> {
    if lab.role != crate::check::case::Role::Server {
        let what = lab.role.name();
        return Err(Failure::bad_words(format!(
            "--addr is for servers, and {} is about a {what}; give its command behind --",
            lab.name
        )));
    }
    let address: Address = word.parse().map_err(|e| Failure::bad_words(format!("--addr {word}: {e}")))?;
    let found = address.resolve().map_err(|e| Failure::bad_words(format!("--addr {word}: {e}; check the name")))?;
    let first = found.into_iter().next();
    first.ok_or_else(|| Failure::bad_words(format!("--addr {word}: labs are about TCP; name a host and a port")))
}

fn variable(word: &str) -> Result<(OsString, OsString), String> {
    let (name, value) = word.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write NAME=VALUE")?;
    Ok((name.into(), value.into()))
}

fn patience(word: &str) -> Result<f64, String> {
    let factor = word.parse().ok().filter(|factor| (0.1..=100.0).contains(factor));
    factor.ok_or_else(|| "it must be a number from 0.1 to 100".to_owned())
}

/// A file that is read whole, of bounded size.
fn read(path: &Path, flag: &str) -> Result<String, Failure> {
    let wrong = |why: String| Failure::bad_words(format!("{flag} {}: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|e| wrong(format!("{}; check the path", crate::net::Reason(&e))))?.len();
    if size > LARGEST_FILE {
        return Err(wrong(format!("it has {size} bytes, and at most {LARGEST_FILE} are read")));
    }
    std::fs::read_to_string(path).map_err(|e| wrong(format!("{}; check the path", crate::net::Reason(&e))))
}

const LARGEST_FILE: u64 = 1 << 20;
const NO_LAB: &str = "which lab? write check LAB -- COMMAND; `check list` lists the labs";
const NO_SUBJECT: &str =
    "whom? write the command that starts the program behind --, as in -- python3 server.py, or --addr HOST:PORT";

const USAGE: &str = "sockeye check LAB [OPTIONS] -- COMMAND...
       sockeye check LAB [OPTIONS] --addr ADDR
       sockeye check list [LAB]
       sockeye check explain ID
       sockeye check class LAB DIR... [-- COMMAND...]
       sockeye check learn LAB -- COMMAND...";

const EXAMPLES: &str = "\
Examples:
  sockeye check list                              the labs
  sockeye check echo -- python3 server.py         judge a server for one client
  sockeye check many --level must -- ./server {port}
                                                  only what the sheet asks for; {port} is a free port
  sockeye check echo --only echo/eof -- python3 server.py
                                                  one group of cases
  sockeye check explain echo/eof/no-spin          what a case is about
  sockeye check client -- python3 client.py       judge a client: we are the server
  sockeye check echo --addr 5555                  judge a server that runs already
  sockeye check echo --junit report.xml --html report.html -- python3 server.py
                                                  for a build server, and for a person
  sockeye check class echo students/* --html class.html
                                                  forty submissions, one table

Exit codes: 0 every must passed, 1 some did not, 2 bad words, 3 could not judge.";
