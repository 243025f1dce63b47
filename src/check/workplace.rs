//! Workplace: the fresh copy of a program's folder that a case runs in, so that no case finds what another left.

use std::collections::HashMap;
use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use regex::Regex;
use rustix::fs::OFlags;
use tempfile::TempDir;

/// Where programs come from: what was typed, sorted out once.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    /// `{host}`, `{port}`, `{first}`, `{last}`, `{ports}` and `{dir}` stand for what is known only when it is started.
    pub(crate) words: Vec<OsString>,
    /// Its folder; nothing for a program that has none, such as one that is installed.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// What a program is told in its words and its environment.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) host: String,
    pub(crate) port: String,
    /// A scanner's range, as two words and as one.
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) ports: String,
}

/// A folder that goes away again.
pub(crate) struct Workplace {
    folder: TempDir,
    /// Size and time of change of what was copied.
    fresh: HashMap<PathBuf, Stamp>,
}

type Stamp = (u64, Option<SystemTime>);

/// A folder that is too much to be copied for each case.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkplaceError {
    #[error("{} has more than {} files or {} MiB, too much to copy it for each case; run check in the program's own folder, or name it with --cwd", folder.display(), MOST_FILES, MOST_BYTES >> 20)]
    TooMuch { folder: PathBuf },
    #[error("cannot copy {}: {}", path.display(), crate::net::Reason(source))]
    Copy { path: PathBuf, source: io::Error },
}

impl Command {
    /// `words` as they were typed in `here`. A program's folder is where it is started; but who names no file of it
    /// needs none of it.
    pub(crate) fn typed(mut words: Vec<OsString>, here: &Path, named: Option<&Path>) -> Self {
        let base = named.unwrap_or(here);
        let names_a_file = words.iter().any(|word| is_ours(base, Path::new(word)));
        let means_one = words.iter().skip(1).any(|word| means_ours(base, word));
        let makes_one =
            words.first().is_some_and(|word| word == "make") && MAKEFILES.iter().any(|name| base.join(name).is_file());
        let folder = (named.is_some() || names_a_file || means_one || makes_one).then(|| base.to_owned());
        if let Some(program) = words.first_mut() {
            let path = Path::new(program);
            let elsewhere = path.is_relative() && path.components().count() > 1 && !is_ours(base, path);
            if elsewhere && here.join(path).exists() {
                *program = here.join(path).into_os_string();
            }
        }
        Self { words, folder, environment: Vec::new() }
    }

    /// Its own folder, of which it gets a copy, so that it need not see it: unless what runs it, or what that needs, is
    /// in there too.
    pub(crate) fn original(&self) -> Option<&Path> {
        let folder = self.folder.as_deref()?;
        let home = std::env::home_dir().is_some_and(|home| home.starts_with(folder));
        let program = Path::new(self.words.first()?);
        let found = if program.components().count() > 1 { Some(program.to_owned()) } else { in_path(program) };
        let inside = found.and_then(|program| program.canonicalize().ok()).is_some_and(|at| at.starts_with(folder));
        (!home && !inside).then_some(folder)
    }

    /// The words for one start, with what is known by then.
    pub(crate) fn filled(&self, told: &Told, folder: &Path) -> Vec<OsString> {
        self.words.iter().map(|word| self.fill(word, told, folder)).collect()
    }

    fn fill(&self, word: &OsString, told: &Told, folder: &Path) -> OsString {
        let Some(text) = word.to_str() else { return word.clone() };
        let inside = self.folder.as_deref().and_then(|original| Path::new(text).strip_prefix(original).ok());
        if let Some(rest) = inside.filter(|_| Path::new(text).is_absolute()) {
            return folder.join(rest).into_os_string();
        }
        let blanks = told.blanks();
        let filled = blanks.iter().fold(text.to_owned(), |text, (blank, value)| text.replace(blank, value));
        filled.replace("{dir}", &folder.to_string_lossy()).into()
    }

    /// Whether it takes its port from its words or its environment.
    pub(crate) fn takes_port(&self) -> bool {
        self.takes("{port}")
    }

    /// Whether `blank` is left for us in its words or its environment.
    pub(crate) fn takes(&self, blank: &str) -> bool {
        let values = self.environment.iter().map(|(_, value)| value);
        self.words.iter().chain(values).any(|word| word.to_str().is_some_and(|word| word.contains(blank)))
    }

    /// What is added to its environment, with what is known by then.
    pub(crate) fn environment(&self, told: &Told, folder: &Path) -> Vec<(OsString, OsString)> {
        let filled = |(name, value): &(OsString, OsString)| (name.clone(), self.fill(value, told, folder));
        self.environment.iter().map(filled).collect()
    }

    /// Numbers in its texts that could be ports: most programs have theirs written in them.
    pub(crate) fn ports_in_its_texts(&self) -> Vec<u16> {
        let mut found: Vec<u16> = self.texts().iter().flat_map(|text| numbers(text)).collect();
        found.sort_unstable();
        found.dedup();
        found.truncate(MOST_PORTS);
        found
    }

    /// Whether a file that its words name has this in it: in its folder others of the same author may lie.
    pub(crate) fn says_in_its_text(&self, pattern: &str) -> bool {
        let Some(folder) = &self.folder else { return false };
        let pattern = Regex::new(pattern).expect("ours are sound, as the cases that use them show");
        let named = self.words.iter().map(Path::new).filter(|word| is_ours(folder, word));
        // What cannot be read says nothing to us.
        let mut texts = named.filter_map(|word| fs::read(folder.join(word)).ok());
        texts.any(|text| pattern.is_match(&String::from_utf8_lossy(&text)))
    }

    /// What can be read in its folder.
    fn texts(&self) -> Vec<String> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let mut files = Vec::new();
        // What cannot be read says nothing to us.
        let _ = list(folder, Path::new(""), &mut files);
        let small = files.into_iter().filter(|(_, size)| (1..MOST_TEXT).contains(size));
        let read = small.filter_map(|(file, _)| fs::read(folder.join(file)).ok());
        read.filter(|text| !text.contains(&0)).map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
    }
}

/// Two are the same where a case cannot tell them apart: the same words, and the same files with the same bytes.
impl Hash for Command {
    fn hash<H: Hasher>(&self, digest: &mut H) {
        (&self.words, &self.environment).hash(digest);
        let mut files = self.folder.as_deref().map(|folder| contents(folder, |_| true)).unwrap_or_default();
        files.sort_unstable();
        files.hash(digest);
    }
}

impl Told {
    /// What a server or a client is told: where, and of ports no more than that one.
    pub(crate) fn place(host: &str, port: u16) -> Self {
        Self { port: port.to_string(), ..Self::range(host, &port.to_string(), &port.to_string()) }
    }

    /// What a scanner is told.
    pub(crate) fn range(host: &str, first: &str, last: &str) -> Self {
        let (first, last, ports) = (first.to_owned(), last.to_owned(), format!("{first}-{last}"));
        Self { host: host.to_owned(), port: ports.clone(), first, last, ports }
    }

    fn blanks(&self) -> [(&'static str, &str); 5] {
        [
            ("{host}", &self.host),
            ("{port}", &self.port),
            ("{first}", &self.first),
            ("{last}", &self.last),
            ("{ports}", &self.ports),
        ]
    }
}

impl Workplace {
    /// # Errors
    /// Where the folder is too much, or cannot be read, or there is no room for it.
    pub(crate) fn new(command: &Command, copies: &Path) -> Result<Self, WorkplaceError> {
        let failed = |path: &Path, source| WorkplaceError::Copy { path: path.to_owned(), source };
        // What a program keeps in it is nobody else's business, and some refuse to keep it otherwise.
        let own = fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("copy-").permissions(own).tempdir_in(copies);
        let folder = folder.map_err(|e| failed(copies, e))?;
        let mut fresh = HashMap::new();
        if let Some(original) = &command.folder {
            let mut files = Vec::new();
            list(original, Path::new(""), &mut files).map_err(|e| failed(original, e))?;
            if files.len() > MOST_FILES || files.iter().map(|(_, size)| size).sum::<u64>() > MOST_BYTES {
                return Err(WorkplaceError::TooMuch { folder: original.clone() });
            }
            for (file, _) in files {
                let to = folder.path().join(&file);
                let parent = to.parent().unwrap_or(folder.path());
                let copied = fs::create_dir_all(parent).and_then(|()| fs::copy(original.join(&file), &to));
                copied.map_err(|e| failed(&file, e))?;
                fresh.extend(stamp(&to).map(|stamp| (file, stamp)));
            }
        }
        Ok(Self { folder, fresh })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// All that is in it now, with the first 8 MiB of each file and no more than 64 MiB in all.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        contents(self.path(), |_| true)
    }

    /// Those of them that the program has made or changed.
    pub(crate) fn changed(&self) -> Vec<(PathBuf, Vec<u8>)> {
        contents(self.path(), |file| stamp(&self.path().join(file)).as_ref() != self.fresh.get(file))
    }
}

/// The files of a folder with their bytes, as far as there is anything to read and as [`Workplace::files`] bounds it.
fn contents(folder: &Path, is_wanted: impl Fn(&Path) -> bool) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut files, mut room) = (Vec::new(), MOST_BYTES);
    // What cannot be read says nothing to us.
    let _ = list(folder, Path::new(""), &mut files);
    let read = |(file, _): (PathBuf, u64)| {
        let bytes = read_plain(&folder.join(&file), room.min(MOST_READ)).ok()?;
        room -= bytes.len() as u64;
        Some((file, bytes))
    };
    files.into_iter().filter(|(file, _)| is_wanted(file)).filter_map(read).collect()
}

fn stamp(path: &Path) -> Option<Stamp> {
    fs::symlink_metadata(path).map(|data| (data.len(), data.modified().ok())).ok()
}

/// What stands in a file that a program has written, and may put something else in the place of at any time.
fn read_plain(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (mut options, mut bytes) = (fs::OpenOptions::new(), Vec::new());
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = options.read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() {
        file.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Where the system finds a program of this name, which somebody may start.
pub(crate) fn in_path(program: &Path) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|at| may_run(at))
}

/// Whether it is a program, and not a file that nobody may start.
pub(crate) fn may_run(at: &Path) -> bool {
    fs::metadata(at).is_ok_and(|found| found.is_file() && found.permissions().mode() & ANYBODY_MAY_RUN != 0)
}

/// Whether this word names a file of the folder, and not one in a part of it that is not copied.
fn is_ours(folder: &Path, word: &Path) -> bool {
    let relative = if word.is_absolute() { word.strip_prefix(folder).ok() } else { Some(word) };
    relative.is_some_and(|path| {
        let kept = path.components().all(|part| !LEFT_OUT.iter().any(|name| part.as_os_str() == *name));
        kept && !path.as_os_str().is_empty() && folder.join(path).is_file()
    })
}

/// Whether this word means the folder or something in it by less than its name, as in `python3 -m server`, `java Server`
/// and `node .`.
fn means_ours(folder: &Path, word: &OsString) -> bool {
    let is_meant = |entry: fs::DirEntry| {
        let path = entry.path();
        path.file_stem() == Some(word) && !LEFT_OUT.iter().any(|name| entry.file_name() == *name)
    };
    word == "." || fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(is_meant))
}

/// Regular files below `folder`, with their sizes; links are followed nowhere.
fn list(folder: &Path, below: &Path, files: &mut Vec<(PathBuf, u64)>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let (name, kind) = (below.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() && !LEFT_OUT.iter().any(|left| entry.file_name() == *left) {
            list(folder, &name, files)?;
        } else if kind.is_file() {
            files.push((name, entry.metadata()?.len()));
        }
        if files.len() > MOST_FILES {
            break;
        }
    }
    Ok(())
}

fn numbers(text: &str) -> impl Iterator<Item = u16> + '_ {
    let words = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| (3..=5).contains(&digits.len()));
    words.filter_map(|digits| digits.parse().ok()).filter(|port| *port >= FIRST_PORT)
}

/// Where `make` looks for what to do.
const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];
/// What is made, and not written, by people.
const LEFT_OUT: [&str; 7] = [".git", "target", "node_modules", "__pycache__", ".venv", "venv", ".idea"];
const MOST_FILES: usize = 2000;
const MOST_BYTES: u64 = 64 << 20;
const MOST_TEXT: u64 = 1 << 20;
const MOST_READ: u64 = 8 << 20;
const ANYBODY_MAY_RUN: u32 = 0o111;
/// A listener each, while a client is awaited.
const MOST_PORTS: usize = 200;
const FIRST_PORT: u16 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_program_is_copied_where_its_words_name_a_file_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("server.py"), "port = 9090").unwrap();
        fs::write(folder.path().join("Makefile"), "run: server").unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("target/server"), "").unwrap();
        for (typed, copied) in [
            (&["python3", "server.py"][..], true),
            (&["sockeye", "serve", "echo"], false),
            (&["python3", "-m", "server"], true),
            (&["node", "."], true),
            (&["make", "run"], true),
            (&["target/server", "5555"], false),
        ] {
            let command = Command::typed(words(typed), folder.path(), None);
            assert_eq!(command.folder.is_some(), copied, "{typed:?}");
        }
        let command = Command::typed(words(&["target/server"]), folder.path(), None);
        assert_eq!(Path::new(&command.words[0]), folder.path().join("target/server"));
    }

    #[test]
    fn a_copy_is_fresh_and_leaves_out_what_nobody_wrote() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("data/.git")).unwrap();
        fs::write(folder.path().join("data/names.txt"), "ala").unwrap();
        fs::write(folder.path().join("data/.git/config"), "secret").unwrap();
        let command = Command::typed(words(&["cat", "data/names.txt"]), folder.path(), None);
        let place = Workplace::new(&command, &std::env::temp_dir()).unwrap();
        assert_eq!(place.files(), [(PathBuf::from("data/names.txt"), b"ala".to_vec())]);
        fs::write(place.path().join("data/names.txt"), "changed").unwrap();
        assert_eq!(fs::read(folder.path().join("data/names.txt")).unwrap(), b"ala");
    }

    #[test]
    fn too_much_to_copy_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.py"), "").unwrap();
        fs::File::create(folder.path().join("big")).unwrap().set_len(MOST_BYTES + 1).unwrap();
        let command = Command::typed(words(&["python3", "a.py"]), folder.path(), None);
        let refused = Workplace::new(&command, &std::env::temp_dir()).err().unwrap().to_string();
        assert!(refused.contains("--cwd"), "{refused}");
    }

    #[test]
    fn words_are_filled_in_and_paths_lead_to_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("a.py");
        fs::write(&script, "").unwrap();
        let typed = words(&["python3", script.to_str().unwrap(), "--on={host}:{port}"]);
        let command = Command::typed(typed, Path::new("/"), Some(folder.path()));
        assert!(command.takes_port());
        let filled = command.filled(&Told::place("127.0.0.1", 5555), Path::new("/copy"));
        assert_eq!(filled, words(&["python3", "/copy/a.py", "--on=127.0.0.1:5555"]));
    }

    #[test]
    fn a_range_is_told_as_two_words_or_as_one() {
        let command =
            Command::typed(words(&["scan", "{host}", "{first}", "{last}", "-p{ports}"]), Path::new("/"), None);
        assert!(command.takes("{ports}") && !command.takes_port());
        let filled = command.filled(&Told::range("::1", "20", "30"), Path::new("/copy"));
        assert_eq!(filled, words(&["scan", "::1", "20", "30", "-p20-30"]));
    }

    #[test]
    fn ports_stand_in_the_texts_of_programs() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.py"), "s.connect(('10.38.165.12', 9090)) # 80 70000 2048").unwrap();
        let command = Command::typed(words(&["python3", "a.py"]), folder.path(), None);
        assert_eq!(command.ports_in_its_texts(), [2048, 9090]);
    }
}
