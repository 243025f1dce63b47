//! Class: many submissions of one lab, and the table of them. What was found out about each is kept at once, so that a
//! run that is cut short goes on where it was; a submission that cannot be judged is a row like any other.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Bench, Round, Subjects};
use crate::check::case::{Case, Role};
use crate::check::document::Document;
use crate::check::report::class::{self, ClassRow};
use crate::check::report::json;
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
pub(super) fn run(mut class: Class, talk: Talk) -> Result<Exit, Failure> {
    let keep = |e: std::io::Error| {
        let results = class.results.display();
        Failure::failed(format!("cannot keep results in {results}: {}; name another folder with --results", Reason(&e)))
    };
    fs::create_dir_all(&class.results).map_err(keep)?;
    let results = class.results.canonicalize().map_err(keep)?;
    let folders = submissions(&class.folders)?;
    let (cases, command, environment) = (class.cases, class.command, class.environment);
    let typed = std::mem::take(&mut class.subjects.again.subject);
    let mut bench = Bench::set_up(class.subjects, talk)?;
    let hidden: Vec<PathBuf> = folders.iter().map(|(_, folder)| folder.clone()).chain([results.clone()]).collect();
    let mut rows = Vec::new();
    for (at, (student, folder)) in folders.iter().enumerate() {
        if bench.stop.is_set() {
            break;
        }
        let kept = results.join(format!("{student}.json"));
        if class.anew == Anew::Missing
            && let Some(document) = read(&kept, folder)
        {
            rows.push(ClassRow { student: student.clone(), document: Some(document), trouble: None });
            continue;
        }
        let words = if command.is_empty() { program_of(folder, bench.subjects.lab.role) } else { Ok(command.clone()) };
        let judged = words.and_then(|words| {
            let shown = if command.is_empty() { shown(&words) } else { typed.clone() };
            bench.subjects.again.subject = shown;
            bench.subjects.again.options = with_folder(&bench.subjects.again.options, folder);
            let found = Command::typed(words, folder, Some(folder));
            let subject = Subject::Started(Command { environment: environment.clone(), ..found });
            let name = format!("{student} ({} of {})", at + 1, folders.len());
            let round = Round { subject, cases: &cases, schedule: None, hidden: hidden.clone(), name: Some(&name) };
            bench.judge(&round).map_err(|failure| failure.sentence)
        });
        match judged {
            // What was cut short is no result.
            Ok(_) if bench.stop.is_set() => break,
            Ok(document) => {
                let text = serde_json::to_string(&document).map_err(|e| Failure::failed(e.to_string()))?;
                write_whole(&kept, &text).map_err(keep)?;
                rows.push(ClassRow { student: student.clone(), document: Some(document), trouble: None });
            }
            Err(trouble) => rows.push(ClassRow { student: student.clone(), document: None, trouble: Some(trouble) }),
        }
    }
    match class.stdout {
        Table::Text => print::run(class::matrix_text(&rows).as_bytes())?,
        Table::Json => print::run(class::matrix_json(&rows).as_bytes())?,
    };
    print::to_file(class.csv.as_deref(), |out| out.write_all(class::matrix_csv(&rows).as_bytes()))?;
    print::to_file(class.html.as_deref(), |out| out.write_all(class::matrix_html(&rows).as_bytes()))?;
    Ok(match bench.stop.signal() {
        Some(signal) => Exit::Signal(signal),
        None if rows.iter().any(|row| row.document.is_none()) => Exit::CouldNotJudge,
        None => Exit::Done,
    })
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

/// What was found out about a submission before, where it has not changed since.
fn read(kept: &Path, folder: &Path) -> Option<Document> {
    let judged = fs::metadata(kept).and_then(|data| data.modified()).ok()?;
    let files = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let is_newer = |entry: fs::DirEntry| entry.metadata().and_then(|data| data.modified()).is_ok_and(|at| at > judged);
    if files.into_iter().any(is_newer) {
        return None;
    }
    json::read(&fs::read_to_string(kept).ok()?).ok()
}

/// There or not there, however we end.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let half = path.with_extension("json.part");
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
    let found = known.or_else(|| {
        let scripts = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
        let scripts: Vec<OsString> = scripts.filter(|name| name.to_string_lossy().ends_with(".py")).collect();
        (scripts.len() == 1).then(|| scripts.into_iter().next()).flatten()
    });
    match found {
        Some(script) => Ok(vec!["python3".into(), script]),
        None => Err(format!("it has neither {} nor one Python file; name the command behind --", names.join(" nor "))),
    }
}

fn shown(words: &[OsString]) -> String {
    format!("-- {}", shell_words::join(words.iter().map(|word| word.to_string_lossy())))
}

fn with_folder(options: &[String], folder: &Path) -> Vec<String> {
    let mut options: Vec<String> = options.to_vec();
    if let Some(at) = options.iter().position(|option| option == "--cwd") {
        options.drain(at..(at + 2).min(options.len()));
    }
    options.extend(["--cwd".to_owned(), folder.to_string_lossy().into_owned()]);
    options
}
