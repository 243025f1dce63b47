//! Class: many submissions of one lab, and the table of them. What was found out about each is kept at once, so that a
//! run that is cut short goes on where it was; a submission that cannot be judged is a row like any other.

use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::{Deserialize, Serialize};

use super::{Again, Bench, Round, Subjects, verdict};
use crate::check::case::{Case, Role};
use crate::check::document::Document;
use crate::check::report::class::{self, ClassRow};
use crate::check::report::{Form, json};
use crate::check::setting::Subject;
use crate::check::workplace::Command;
use crate::commands::{Exit, Failure, Talk, print};
use crate::net::Reason;

/// Who is judged, and where the table goes.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) results: PathBuf,
    pub(crate) anew: Anew,
    pub(crate) cases: Vec<Case>,
    pub(crate) subjects: Subjects,
    pub(crate) again: Again,
    /// Empty where it is to be looked for.
    pub(crate) command: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) csv: Option<PathBuf>,
    pub(crate) html: Option<PathBuf>,
    pub(crate) stdout: Table,
}

/// What is judged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anew {
    /// What was not judged yet, or has changed since.
    Missing,
    All,
}

/// How the table is written to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Text,
    Json,
}

/// # Errors
/// Where results cannot be kept, or a table cannot be written. Not where submissions are wrong.
pub(super) fn run(class: Class, talk: Talk) -> Result<Exit, Failure> {
    fs::create_dir_all(&class.results).map_err(|e| not_kept(&class.results, &e))?;
    let results = class.results.canonicalize().map_err(|e| not_kept(&class.results, &e))?;
    let folders = submissions(&class.folders)?;
    let (bench, stop) = Bench::set_up(class.subjects, talk)?;
    let pages = class.html.as_deref().and_then(|html| as_seen_from(html, &results));
    let school = School {
        hidden: folders.iter().map(|(_, folder)| folder.clone()).chain([results.clone()]).collect(),
        folders,
        results,
        pages,
        anew: class.anew,
        cases: class.cases,
        again: class.again,
        command: class.command,
        environment: class.environment,
        bench,
        known: AtomicUsize::new(0),
    };
    let rows = school.rows()?;
    let (known, results) = (school.known.into_inner(), school.results.display());
    if known > 0 {
        talk.say(&format!("{known} of {} are known from {results}; --again judges all of them", rows.len()));
    }
    talk.say(&format!("a page about each that was judged is in {results}"));
    match class.stdout {
        Table::Text => print::run(class::matrix_text(&rows).as_bytes())?,
        Table::Json => print::run(class::matrix_json(&rows).as_bytes())?,
    };
    print::to_file(class.csv.as_deref(), |out| out.write_all(class::matrix_csv(&rows).as_bytes()))?;
    print::to_file(class.html.as_deref(), |out| out.write_all(class::matrix_html(&rows).as_bytes()))?;
    Ok(match stop.signal() {
        Some(signal) => Exit::Signal(signal),
        None if rows.iter().any(|row| !is_judged(row)) => Exit::CouldNotJudge,
        None => Exit::Done,
    })
}

fn is_judged(row: &ClassRow) -> bool {
    row.document.as_ref().is_some_and(|document| verdict(document) != Exit::CouldNotJudge)
}

/// Where submissions are judged, some beside each other.
struct School {
    folders: Vec<(String, PathBuf)>,
    /// No submission sees the others, or what was found out.
    hidden: Vec<PathBuf>,
    results: PathBuf,
    /// The same, as the page of the class calls it.
    pages: Option<PathBuf>,
    anew: Anew,
    cases: Vec<Case>,
    again: Again,
    command: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    bench: Bench,
    /// How many were judged before.
    known: AtomicUsize,
}

impl School {
    /// A row for each submission that there was time for, in the order in which they were named.
    fn rows(&self) -> Result<Vec<ClassRow>, Failure> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<(usize, ClassRow)>, Failure> {
            let mut rows = Vec::new();
            while let at = next.fetch_add(1, Ordering::Relaxed)
                && at < self.folders.len()
                && let Some(row) = self.row(at)?
            {
                rows.push((at, row));
            }
            Ok(rows)
        };
        let abreast = if self.bench.walls.network { ABREAST } else { 1 };
        let done = thread::scope(|scope| {
            let workers: Vec<_> = (0..abreast).map(|_| scope.spawn(work)).collect();
            let done = workers.into_iter().map(|worker| worker.join().expect("a worker catches what its cases throw"));
            done.collect::<Result<Vec<_>, _>>()
        })?;
        let mut rows: Vec<_> = done.into_iter().flatten().collect();
        rows.sort_unstable_by_key(|(at, _)| *at);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// What is known of a submission, or is found out now; nothing where we were stopped before.
    fn row(&self, at: usize) -> Result<Option<ClassRow>, Failure> {
        let stopped = || self.bench.stop.load(Ordering::Relaxed);
        let (student, folder) = &self.folders[at];
        let kept = self.results.join(format!("{student}.json"));
        let none = |trouble| ClassRow { student: student.clone(), document: None, trouble: Some(trouble), page: None };
        let (command, again) = match self.words(folder) {
            Ok(words) => words,
            Err(trouble) => return Ok(Some(none(trouble))),
        };
        let of = self.digest(&command, &again);
        if self.anew == Anew::Missing
            && let Some(document) = read(&kept, &of)
        {
            self.known.fetch_add(1, Ordering::Relaxed);
            return self.told(student, document).map(Some);
        }
        if stopped() {
            return Ok(None);
        }
        let name = format!("{student} ({} of {})", at + 1, self.folders.len());
        let round = Round {
            subject: Subject::Started(command),
            cases: &self.cases,
            again: &again,
            schedule: None,
            // Its own is hidden where it can be.
            hidden: self.hidden.iter().filter(|hidden| *hidden != folder).cloned().collect(),
            name: Some(&name),
        };
        match self.bench.judge(&round) {
            // What was cut short is no result.
            Ok(_) if stopped() => Ok(None),
            // Another time more may be found out.
            Ok(document) if document.totals.unjudged > 0 => self.told(student, document).map(Some),
            Ok(document) => {
                let whole = Kept { of, document };
                let text = serde_json::to_string(&whole).map_err(|e| Failure::failed(e.to_string()))?;
                write_whole(&kept, &text).map_err(|e| not_kept(&self.results, &e))?;
                self.told(student, whole.document).map(Some)
            }
            Err(failure) => Ok(Some(none(failure.sentence))),
        }
    }

    /// The row of one who was judged, whose page is written.
    fn told(&self, student: &str, document: Document) -> Result<ClassRow, Failure> {
        let name = format!("{student}.html");
        let whose = Document { subject: format!("{student}: {}", document.subject), ..document.clone() };
        write_whole(&self.results.join(&name), &Form::Html.write(&whose)).map_err(|e| not_kept(&self.results, &e))?;
        let page = self.pages.as_ref().map(|pages| pages.join(name));
        Ok(ClassRow { student: student.to_owned(), document: Some(document), trouble: None, page })
    }

    /// How its program is started, and what starts it again.
    fn words(&self, folder: &Path) -> Result<(Command, Again), String> {
        let words = match &self.command[..] {
            [] => program_of(folder, self.bench.subjects.lab.role)?,
            command => command.to_vec(),
        };
        let mut again = self.again.clone();
        again.options.extend(["--cwd".to_owned(), folder.to_string_lossy().into_owned()]);
        if self.command.is_empty() {
            again.subject = shown(&words);
        }
        let command = Command { environment: self.environment.clone(), ..Command::typed(words, folder, Some(folder)) };
        Ok((command, again))
    }

    /// Another number where anything is other that a verdict may hang on, but for chance.
    fn digest(&self, command: &Command, again: &Again) -> String {
        let mut digest = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), again.lab, &again.options, &self.bench.isolation).hash(&mut digest);
        // A dialogue is more than the name of its file.
        format!("{:?}", self.bench.subjects.knowledge).hash(&mut digest);
        self.cases.iter().for_each(|case| case.id().hash(&mut digest));
        command.hash(&mut digest);
        format!("{:016x}", digest.finish())
    }
}

/// A check, and the number of what it was about.
#[derive(Serialize)]
struct Kept {
    of: String,
    #[serde(flatten)]
    document: Document,
}

/// What of it is looked at first.
#[derive(Deserialize)]
struct About {
    of: String,
}

fn not_kept(results: &Path, e: &std::io::Error) -> Failure {
    let (results, why) = (results.display(), Reason(e));
    Failure::failed(format!("cannot keep results in {results}: {why}; name another folder with --results"))
}

/// The names of students and their folders.
fn submissions(folders: &[PathBuf]) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for folder in folders.iter().filter(|path| !path.is_file()) {
        let whole = folder.canonicalize().map_err(|e| {
            Failure::bad_words(format!("{}: {}; name a folder for each submission", folder.display(), Reason(&e)))
        })?;
        let name = whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned();
        // Two may have the same name in different places.
        let again = found.iter().filter(|(other, _)| *other == name || other.starts_with(&format!("{name}~"))).count();
        found.push((if again == 0 { name } else { format!("{name}~{}", again + 1) }, whole));
    }
    if found.is_empty() {
        return Err(Failure::bad_words("none of these is a folder; name one for each submission"));
    }
    Ok(found)
}

/// What was found out before, where it was about the same.
fn read(kept: &Path, of: &str) -> Option<Document> {
    let text = fs::read_to_string(kept).ok()?;
    let known: About = serde_json::from_str(&text).ok()?;
    if known.of == of { json::read(&text).ok() } else { None }
}

/// What a page calls a folder that lies beside or below it; nothing where it lies elsewhere.
fn as_seen_from(page: &Path, folder: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(page).ok()?;
    let beside = whole.parent()?.canonicalize().ok()?;
    folder.strip_prefix(beside).ok().map(Path::to_owned)
}

/// There or not there, however we end.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let half = path.with_extension("part");
    fs::write(&half, text)?;
    fs::rename(&half, path)
}

/// The program of a folder in which nobody said which it is.
fn program_of(folder: &Path, role: Role) -> Result<Vec<OsString>, String> {
    let names = match role {
        Role::Server => ["server.py", "main.py"],
        Role::Client => ["client.py", "main.py"],
        Role::Scanner => ["scanner.py", "main.py"],
    };
    let known = names.iter().find(|name| folder.join(name).is_file()).map(|name| OsString::from(*name));
    let names_of = |entries: fs::ReadDir| entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    let files: Vec<OsString> = fs::read_dir(folder).map(names_of).unwrap_or_default();
    let mut scripts: Vec<OsString> = files.into_iter().filter(|name| name.to_string_lossy().ends_with(".py")).collect();
    scripts.sort_unstable();
    match (known, &scripts[..]) {
        (Some(script), _) => Ok(vec!["python3".into(), script]),
        (None, [script]) => Ok(vec!["python3".into(), script.clone()]),
        (None, []) => {
            Err(format!("it has neither {} nor one Python file; name the command behind --", names.join(" nor ")))
        }
        (None, several) => {
            let several: Vec<_> = several.iter().map(|name| name.to_string_lossy()).collect();
            Err(format!("which of {} it is, nobody knows; call it {}", several.join(", "), names.join(" or ")))
        }
    }
}

fn shown(words: &[OsString]) -> String {
    format!("-- {}", shell_words::join(words.iter().map(|word| word.to_string_lossy())))
}

/// Submissions at a time, where each case has a network of its own: they wait for their last cases far more than they
/// work.
const ABREAST: usize = 4;
