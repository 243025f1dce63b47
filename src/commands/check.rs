//! `check`: judges a program, or many. Raises the walls, plays the cases, and writes what came of them.

/// Many submissions, and the table of them.
mod class;
/// Where reports go.
mod outputs;
/// What can be read about labs and cases.
mod pages;
/// Whether the program is there.
mod program;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::stop::Stop;
use super::{Exit, Failure, Talk, Volume, descriptors, print};
use crate::check::case::{Case, Lab};
use crate::check::copies::Copies;
use crate::check::dialogue::Dialogue;
use crate::check::document::{Document, Graded, Level, Verdict};
use crate::check::events::EventWords;
use crate::check::frame::Frame;
use crate::check::judge::{self, Job};
use crate::check::prompts::Rule;
use crate::check::report::{Form, Hints, json};
use crate::check::schedule::Schedule;
use crate::check::setting::{Setting, Subject};
use crate::check::workplace::{Command, Workplace};
use crate::net::Reason;
use crate::subject::{Limits, Walls};
pub(crate) use class::{Anew, Class, Table};

/// What is done.
#[derive(Debug)]
pub(crate) enum Deed {
    List(Option<&'static Lab>),
    Explain(Case),
    Judge(Box<Judging>),
    Class(Box<Class>),
    Learn(Box<Learning>),
}

/// One program, judged.
#[derive(Debug)]
pub(crate) struct Judging {
    pub(crate) subject: Subject,
    pub(crate) cases: Vec<Case>,
    pub(crate) subjects: Subjects,
    pub(crate) again: Again,
    /// Said instead of what the one case would say.
    pub(crate) schedule: Option<Schedule>,
    pub(crate) reports: Reports,
}

/// What is the same for all who are judged together.
#[derive(Debug)]
pub(crate) struct Subjects {
    pub(crate) lab: &'static Lab,
    pub(crate) sandbox: Sandbox,
    pub(crate) pace: Pace,
    pub(crate) knowledge: Knowledge,
}

/// A server whose ways are to be written down.
#[derive(Debug)]
pub(crate) struct Learning {
    pub(crate) lab: &'static Lab,
    pub(crate) command: Command,
    pub(crate) sandbox: Sandbox,
}

/// Whether walls are raised around a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sandbox {
    AsFarAsItGoes,
    Off,
    /// Nothing to raise them around: the program is started by somebody else.
    RunsAlready,
}

/// How long we wait, and what chance does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) patience: f64,
    pub(crate) max_time: Duration,
    pub(crate) seed: u64,
    /// How many cases at a time, where each has a network of its own.
    pub(crate) jobs: Option<usize>,
}

/// What we were told about the ways of a program.
#[derive(Clone, Debug)]
pub(crate) struct Knowledge {
    pub(crate) rules: Vec<Rule>,
    pub(crate) port: Option<u16>,
    pub(crate) frame: Frame,
    pub(crate) events: EventWords,
    pub(crate) dialogue: Option<Dialogue>,
}

/// What the command line has to have for the same to happen again.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    pub(crate) lab: &'static str,
    pub(crate) options: Vec<String>,
    /// `-- COMMAND`, or `--addr ADDR`.
    pub(crate) subject: String,
}

/// Who is told.
#[derive(Debug)]
pub(crate) struct Reports {
    /// Instead of lines for people.
    pub(crate) stdout: Option<Form>,
    pub(crate) files: Vec<(Form, PathBuf)>,
    pub(crate) hints: Hints,
}

/// # Errors
/// Where nothing can be started at all, or a report cannot be written.
pub(crate) fn run(deed: Deed, talk: Talk) -> Result<Exit, Failure> {
    match deed {
        Deed::List(None) => print::run(pages::labs().as_bytes()),
        Deed::List(Some(lab)) => print::run(pages::cases(lab).as_bytes()),
        Deed::Explain(case) => print::run(pages::explain(&case).as_bytes()),
        Deed::Judge(judging) => judge(*judging, talk),
        Deed::Class(class) => class::run(*class, talk),
        Deed::Learn(learning) => learn(*learning, talk),
    }
}

fn judge(judging: Judging, talk: Talk) -> Result<Exit, Failure> {
    let Judging { subject, cases, subjects, again, schedule, reports } = judging;
    let (bench, stop) = Bench::raise(subjects, talk)?;
    // The report for people says it itself.
    if reports.stdout.is_some() {
        bench.tell_isolation(talk);
    }
    let round = Round { subject, cases: &cases, again: &again, schedule, hidden: Vec::new(), name: None };
    let document = bench.judge(&round)?;
    outputs::tell(&document, &reports, talk)?;
    Ok(match stop.signal() {
        Some(signal) => Exit::Signal(signal),
        None => verdict(&document),
    })
}

/// Writes a proposal for `--dialogue` to stdout.
fn learn(learning: Learning, talk: Talk) -> Result<Exit, Failure> {
    let Learning { lab, command, sandbox } = learning;
    program::look_for(&command)?;
    let pace = Pace { patience: 1.0, max_time: Duration::from_secs(60), seed: 1, jobs: None };
    let knowledge = Knowledge {
        rules: Vec::new(),
        port: None,
        frame: Frame::default(),
        events: EventWords::default(),
        dialogue: None,
    };
    let (bench, _stop) = Bench::set_up(Subjects { lab, sandbox, pace, knowledge }, talk)?;
    let setting = bench.setting(Subject::Started(command), Vec::new());
    let proposal = judge::learn(lab, &setting).map_err(Failure::failed)?;
    print::run(proposal.as_bytes())
}

/// What the exit code is made of: whether every must has passed, and whether we could tell.
fn verdict(document: &Document) -> Exit {
    let any = |verdict| document.cases.iter().any(|case| case.level == Level::Must && case.verdict == verdict);
    if any(Verdict::Fail) {
        Exit::Failed
    } else if any(Verdict::Unjudged) || any(Verdict::Blocked) || document.totals.pass + document.totals.fail == 0 {
        Exit::CouldNotJudge
    } else {
        Exit::Done
    }
}

/// Where programs are judged: the walls that stand, and everything that is the same for all of them.
struct Bench {
    subjects: Subjects,
    walls: Walls,
    isolation: String,
    /// Set when nothing is to be begun any more.
    stop: Arc<AtomicBool>,
    /// A line for each program that is being judged, on a terminal.
    lines: MultiProgress,
    copies: Copies,
}

/// One program and its cases.
struct Round<'a> {
    subject: Subject,
    cases: &'a [Case],
    again: &'a Again,
    schedule: Option<Schedule>,
    /// What it does not see.
    hidden: Vec<PathBuf>,
    /// Whose it is, where it is one of many.
    name: Option<&'a str>,
}

impl Bench {
    /// For reports that do not say what stands around a program.
    fn set_up(subjects: Subjects, talk: Talk) -> Result<(Self, Stop), Failure> {
        let (bench, stop) = Self::raise(subjects, talk)?;
        bench.tell_isolation(talk);
        Ok((bench, stop))
    }

    fn tell_isolation(&self, talk: Talk) {
        talk.say(&format!("isolation: {}", self.isolation));
    }

    fn raise(subjects: Subjects, talk: Talk) -> Result<(Self, Stop), Failure> {
        descriptors::raise();
        // Before there is a second thread.
        let (walls, why) = match subjects.sandbox {
            Sandbox::Off => (Walls::NONE, Some("--no-sandbox".to_owned())),
            Sandbox::RunsAlready => (Walls::NONE, Some("it runs already".to_owned())),
            Sandbox::AsFarAsItGoes => Walls::raise(),
        };
        let isolation = isolation(walls, why.as_deref());
        let stop = Stop::watch().map_err(|e| Failure::failed(format!("cannot watch for signals: {}", Reason(&e))))?;
        let quiet = talk.volume == Volume::Quiet;
        let lines = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let lines = MultiProgress::with_draw_target(lines);
        let copies = Copies::new().map_err(|e| {
            let place = std::env::temp_dir();
            let (place, why) = (place.display(), Reason(&e));
            let sentence = format!("cannot make copies in {place}: {why}; name another place in TMPDIR");
            Failure { exit: Exit::CouldNotJudge, sentence }
        })?;
        Ok((Self { subjects, walls, isolation, stop: Arc::clone(&stop.set), lines, copies }, stop))
    }

    fn setting(&self, subject: Subject, hidden: Vec<PathBuf>) -> Setting {
        let Subjects { pace, knowledge, .. } = &self.subjects;
        Setting {
            walls: if matches!(subject, Subject::Started(_)) { self.walls } else { Walls::NONE },
            subject,
            // Those of other programs, of which one may run beside it.
            hidden: hidden.into_iter().chain([self.copies.path().to_owned()]).collect(),
            copies: self.copies.path().to_owned(),
            limits: Limits::default(),
            seed: pace.seed,
            patience: pace.patience,
            rules: knowledge.rules.clone(),
            port: knowledge.port,
            events: knowledge.events.clone(),
            frame: knowledge.frame,
            dialogue: knowledge.dialogue.clone(),
            stop: Arc::clone(&self.stop),
            learned: OnceLock::new(),
            spoken: OnceLock::new(),
        }
    }

    fn judge(&self, round: &Round) -> Result<Document, Failure> {
        if let Subject::Started(command) = &round.subject {
            program::look_for(command)?;
            // What cannot be copied is said once, and not for each case.
            Workplace::new(command, self.copies.path()).map_err(|e| Failure::bad_words(e.to_string()))?;
        }
        let (Subjects { lab, pace, .. }, again) = (&self.subjects, round.again);
        let (started, begun) = (Timestamp::now(), Instant::now());
        let mut hidden = round.hidden.clone();
        if let Subject::Started(command) = &round.subject {
            hidden.extend(command.original().map(Path::to_owned));
        }
        let setting = self.setting(round.subject.clone(), hidden);
        let job = Job {
            cases: round.cases,
            setting: &setting,
            workers: if setting.walls.network { pace.jobs.unwrap_or(USUAL_JOBS) } else { 1 },
            until: Some(begun + pace.max_time),
            schedule: round.schedule.as_ref(),
            again: &|id, schedule| again.line(id, pace.seed, schedule),
        };
        let bar = self.bar(round);
        let cases = judge::run(&job, &mut |graded: &Graded| {
            bar.inc(1);
            bar.set_message(graded.id.clone());
        });
        bar.finish_and_clear();
        Ok(Document {
            schema: json::SCHEMA,
            sockeye: env!("CARGO_PKG_VERSION").to_owned(),
            lab: lab.name.to_owned(),
            subject: again.subject.strip_prefix("-- ").unwrap_or(&again.subject).to_owned(),
            started: format!("{started:.0}"),
            elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            seed: pace.seed,
            isolation: self.isolation.clone(),
            totals: judge::totals(&cases),
            cases,
        })
    }

    /// What is under way, on a terminal.
    fn bar(&self, round: &Round) -> ProgressBar {
        let bar = self.lines.add(ProgressBar::new(round.cases.len() as u64));
        let style = ProgressStyle::with_template("{prefix}{pos}/{len} {bar:20} {elapsed} {msg}");
        bar.set_style(style.expect("the template is sound"));
        bar.set_prefix(round.name.map(|name| format!("{name}: ")).unwrap_or_default());
        bar
    }
}

impl Again {
    fn line(&self, id: &str, seed: u64, schedule: Option<&Schedule>) -> String {
        let mut words = vec!["sockeye".to_owned(), "check".to_owned(), self.lab.to_owned()];
        words.extend(self.options.iter().cloned());
        words.extend(["--only".to_owned(), id.to_owned(), "--seed".to_owned(), seed.to_string()]);
        if let Some(schedule) = schedule.map(ToString::to_string).filter(|schedule| schedule.len() <= LONGEST_SCHEDULE)
        {
            words.extend(["--schedule".to_owned(), schedule]);
        }
        format!("{} {}", shell_words::join(words), self.subject)
    }
}

/// What stands between a program and the rest of the machine, in a sentence.
fn isolation(walls: Walls, why: Option<&str>) -> String {
    let parts = [
        (walls.network, "its own network"),
        (walls.processes, "its own processes"),
        (walls.files, "files outside its copy read-only"),
        (walls.hidden, "its original folder hidden"),
    ];
    let stand: Vec<&str> = parts.iter().filter(|(stands, _)| *stands).map(|(_, what)| *what).collect();
    match (stand.len(), why) {
        (0, Some(why)) => format!("none: {why}; cases run one after the other"),
        (0, None) => "none; cases run one after the other".to_owned(),
        (_, Some(why)) => format!("each case has {} ({why})", stand.join(", ")),
        (_, None) => format!("each case has {}", stand.join(", ")),
    }
}

/// Cases wait more than they work.
const USUAL_JOBS: usize = 8;
/// A longer one is made from the seed again.
const LONGEST_SCHEDULE: usize = 2000;
