//! Program: whether what is to be judged is there at all. Whoever mistyped its name is told so before anything is
//! started, and not by as many cases as there are.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::check::near;
use crate::check::workplace::{Command, in_path, may_run};
use crate::commands::Failure;

/// Looks for the program, and for the script that it is to run.
///
/// # Errors
/// In a sentence with the way out, where one of them is not there or cannot be started.
pub(super) fn look_for(command: &Command) -> Result<(), Failure> {
    let Some(base) = command.folder.clone().or_else(|| std::env::current_dir().ok()) else { return Ok(()) };
    let Some(program) = command.words.first() else { return Ok(()) };
    startable(command, program, &base).and_then(|()| scripted(command, &base)).map_err(Failure::bad_words)
}

fn startable(command: &Command, program: &OsStr, base: &Path) -> Result<(), String> {
    let (path, shown) = (Path::new(program), program.display());
    if is_filled_in(program) || path.components().count() < 2 && finds_by_itself(command, path) {
        return Ok(());
    }
    let here = base.join(path);
    if path.components().count() < 2 {
        return Err(match here.is_file() {
            true => format!("{shown} is not in PATH, where programs are looked for; write {}", by_hand(path, &here)),
            false => format!("there is no `{shown}` in PATH or here; check the name, or install it"),
        });
    }
    match fs::metadata(&here) {
        Err(_) => Err(format!("there is no {shown}{}; check the name", where_it_was_sought(path, base))),
        Ok(found) if !found.is_file() => Err(format!("{shown} is a folder, and no program; name a file in it")),
        Ok(_) if !may_run(&here) => {
            let instead = interpreter(path).map(|runs| format!(", or write {runs} {}", plain(path)));
            Err(format!("{shown} is not executable: chmod +x it{}", instead.unwrap_or_default()))
        }
        Ok(_) => Ok(()),
    }
}

/// Whether the system finds it where programs are. Who changes that place is believed.
fn finds_by_itself(command: &Command, program: &Path) -> bool {
    let changed = command.environment.iter().any(|(name, _)| name == "PATH");
    changed || in_path(program).is_some()
}

/// What to write for a file that is here.
fn by_hand(path: &Path, here: &Path) -> String {
    match interpreter(path) {
        Some(runs) if !may_run(here) => format!("{runs} {}", path.display()),
        _ => format!("./{}", path.display()),
    }
}

/// The first word behind the program that is called like a script names a file.
fn scripted(command: &Command, base: &Path) -> Result<(), String> {
    let program = command.words.first().map(Path::new).and_then(Path::file_name).unwrap_or_default();
    // These run it where other files are.
    if ELSEWHERE.iter().any(|name| program == *name) {
        return Ok(());
    }
    let Some(script) = command.words.iter().skip(1).map(Path::new).find(|word| is_script(word)) else { return Ok(()) };
    let at = base.join(script);
    if at.exists() {
        return Ok(());
    }
    let shown = script.display();
    let beside = at.parent().and_then(|folder| nearest(&at, folder));
    let instead = match beside {
        Some(name) => Some(script.with_file_name(name)),
        None => nearest(&at, base).map(PathBuf::from),
    };
    let way_out = instead.map_or("check the name".to_owned(), |there| format!("there is {}", there.display()));
    Err(format!("there is no {shown}{}; {way_out}", where_it_was_sought(script, base)))
}

/// The script in `folder` whose name is most like that of `wanted`.
fn nearest(wanted: &Path, folder: &Path) -> Option<String> {
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut scripts: Vec<String> = names.filter(|name| is_script(Path::new(name))).collect();
    scripts.sort_unstable();
    near::nearest(&wanted.file_name()?.to_string_lossy(), scripts.iter().map(String::as_str)).map(str::to_owned)
}

/// ` in FOLDER`, unless the word says that itself.
fn where_it_was_sought(word: &Path, base: &Path) -> String {
    if word.is_absolute() { String::new() } else { format!(" in {}", base.display()) }
}

/// One file, and not a flag or a line of a shell.
fn is_script(word: &Path) -> bool {
    let text = word.to_string_lossy();
    let is_name = !text.starts_with('-') && !text.contains(['=', ':', '{', '*']) && !text.contains(char::is_whitespace);
    is_name && interpreter(word).is_some()
}

fn is_filled_in(word: &OsStr) -> bool {
    word.to_string_lossy().contains('{')
}

/// Without the `./` that only a program needs.
fn plain(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// What runs files that are called so.
fn interpreter(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?;
    INTERPRETERS.iter().find(|(known, _)| ending == *known).map(|(_, runs)| *runs)
}

const INTERPRETERS: [(&str, &str); 8] = [
    ("py", "python3"),
    ("js", "node"),
    ("rb", "ruby"),
    ("jar", "java -jar"),
    ("sh", "sh"),
    ("pl", "perl"),
    ("php", "php"),
    ("lua", "lua"),
];
const ELSEWHERE: [&str; 4] = ["docker", "podman", "ssh", "adb"];

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// What is said about a command that was typed in a folder with a server, another script and a program.
    fn said(words: &[&str]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("server.py", 0o644), ("test_it.py", 0o644), ("run", 0o755), ("notes", 0o644)] {
            fs::write(folder.path().join(name), "").unwrap();
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let refused = look_for(&Command::typed(words, folder.path(), Some(folder.path()))).err()?;
        Some(refused.sentence.replace(folder.path().to_str().unwrap(), "FOLDER"))
    }

    #[test]
    fn what_is_there_is_not_talked_about() {
        for words in [
            &["sh", "-c", "exec python3 srver.py"][..],
            &["./run"],
            &["sh", "server.py", "other.py"],
            &["sh", "--script=other.py", "http://x/y.js"],
            &["{dir}/run", "5555"],
        ] {
            assert_eq!(said(words), None, "{words:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        let words = ["docker", "run", "image", "python3", "/srv/app.py"].map(OsString::from).to_vec();
        assert_eq!(scripted(&Command::typed(words, folder.path(), None), folder.path()), Ok(()));
    }

    #[test]
    fn what_cannot_be_started_is_told_with_the_way_out() {
        for (words, wanted) in [
            (&["no-such-program"][..], "there is no `no-such-program` in PATH or here; check the name, or install it"),
            (&["./rnu"], "there is no ./rnu in FOLDER; check the name"),
            (&["/nowhere/run"], "there is no /nowhere/run; check the name"),
            (&["./server.py"], "./server.py is not executable: chmod +x it, or write python3 server.py"),
            (&["./notes"], "./notes is not executable: chmod +x it"),
            (&["run"], "run is not in PATH, where programs are looked for; write ./run"),
            (&["server.py"], "server.py is not in PATH, where programs are looked for; write python3 server.py"),
            (&["./"], "there is no `./` in PATH or here; check the name, or install it"),
            (&["sh", "srver.py"], "there is no srver.py in FOLDER; there is server.py"),
            (&["sh", "-u", "x/server.py", "1"], "there is no x/server.py in FOLDER; there is server.py"),
            (&["sh", "/nowhere/server.js"], "there is no /nowhere/server.js; there is server.py"),
        ] {
            assert_eq!(said(words).as_deref(), Some(wanted), "{words:?}");
        }
    }
}
