//! Folder: where a store lives on disk. Nobody else can read or change what is in it, and one server at a time has it.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{Role, StoreError};

/// A folder that was found, or made, as it has to be. Dropped, it is free for another server.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) database: PathBuf,
    /// Closing the file gives the lock back, as does the end of the process, whatever ends it.
    _lock: Option<File>,
}

impl Folder {
    /// Makes folder and file where they are missing, unless an operator asks.
    ///
    /// # Errors
    /// Where others could look in, another server has it, or the system refuses.
    pub(super) fn open(dir: &Path, role: Role) -> Result<Self, StoreError> {
        let looks = matches!(role, Role::Operator | Role::Reader);
        if looks && !dir.exists() {
            return Err(missing(dir));
        }
        make_folder(dir).map_err(|e| cannot("make", dir, &e))?;
        let found = fs::metadata(dir).map_err(|e| cannot("look at", dir, &e))?;
        must_be_ours_alone(dir, &found)?;
        let lock = match role {
            Role::Server => Some(lock(dir)?),
            Role::Operator | Role::Founder | Role::Reader => None,
        };
        let database = dir.join(DATABASE);
        for name in [DATABASE, "store.db-wal", "store.db-shm", "audit.jsonl"] {
            let path = dir.join(name);
            // Looked at and not opened: closing a second descriptor would take away the locks that SQLite has here.
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_file() => must_be_ours_alone(&path, &found)?,
                Ok(_) => return Err(StoreError::Failed(format!("{} is no file", path.display()))),
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(cannot("look at", &path, &e)),
            }
        }
        if looks && !database.exists() {
            return Err(missing(dir));
        }
        make_file(dir, &database)?;
        Ok(Self { database, _lock: lock })
    }
}

fn missing(dir: &Path) -> StoreError {
    StoreError::Missing { dir: dir.display().to_string() }
}

/// With those above it, as far as they are missing.
fn make_folder(dir: &Path) -> io::Result<()> {
    let missing = dir.ancestors().take_while(|folder| !folder.exists()).count();
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    dir.ancestors().take(missing).filter_map(Path::parent).try_for_each(sync)
}

/// An empty file, for SQLite to fill, with the mode that SQLite then gives to the files beside it as well.
fn make_file(dir: &Path, database: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(database) {
        Ok(_) => sync(dir).map_err(|e| cannot("write to", dir, &e)),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(cannot("make", database, &e)),
    }
}

/// What was made in a folder has to be on disk before anything in it counts.
fn sync(folder: &Path) -> io::Result<()> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(here)?.sync_all()
}

fn must_be_ours_alone(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    let path = || path.display().to_string();
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(StoreError::Failed(format!("{} belongs to the user with id {}", path(), found.uid())));
    }
    match found.mode() & 0o7777 {
        mode if mode & 0o077 != 0 => Err(StoreError::TooOpen { path: path(), mode }),
        _ => Ok(()),
    }
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("server.lock");
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = file.open(&path).map_err(|e| cannot("open", &path, &e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            // Without the number the sentence still says what is the matter.
            let _ = file.read_to_string(&mut pid);
            return Err(StoreError::InUse { dir: dir.display().to_string(), pid: pid.trim().to_owned() });
        }
        Err(TryLockError::Error(e)) => return Err(cannot("lock", &path, &e)),
    }
    let write = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    write.map_err(|e| cannot("write to", &path, &e))?;
    Ok(file)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> StoreError {
    let sentence = format!("cannot {what} {}: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::ReadOnlyFilesystem | ErrorKind::QuotaExceeded => {
            StoreError::Unwritable(sentence)
        }
        _ => StoreError::Failed(sentence),
    }
}

const DATABASE: &str = "store.db";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// One of the right kind, in one that is removed with the test.
    fn folder() -> (tempfile::TempDir, PathBuf) {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("data");
        DirBuilder::new().mode(0o700).create(&dir).unwrap();
        (above, dir)
    }

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone() {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("a/b");
        let folder = Folder::open(&dir, Role::Server).unwrap();
        assert_eq!((mode_of(&dir), mode_of(&above.path().join("a"))), (0o700, 0o700));
        assert_eq!((mode_of(&folder.database), mode_of(&dir.join("server.lock"))), (0o600, 0o600));
    }

    #[test]
    fn a_folder_or_file_that_others_can_reach_is_refused_by_name_and_mode() {
        for name in ["", "store.db", "store.db-wal", "audit.jsonl"] {
            let (_above, dir) = folder();
            let path = if name.is_empty() { dir.clone() } else { dir.join(name) };
            if !name.is_empty() {
                File::create(&path).unwrap();
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(0o744)).unwrap();
            let refusal = Folder::open(&dir, Role::Operator).unwrap_err().to_string();
            assert!(refusal.ends_with(&format!("{} is open to others (mode 744)", path.display())), "{refusal}");
        }
    }

    #[test]
    fn an_operator_makes_neither_folder_nor_file() {
        let (_above, dir) = folder();
        for (dir, role) in
            [(dir.join("none"), Role::Operator), (dir.clone(), Role::Reader), (dir.clone(), Role::Operator)]
        {
            let refusal = Folder::open(&dir, role).unwrap_err().to_string();
            assert_eq!(refusal, format!("there is no store in {}", dir.display()));
        }
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        Folder::open(&dir.join("some"), Role::Founder).unwrap();
        Folder::open(&dir.join("some"), Role::Operator).unwrap();
    }

    #[test]
    fn a_link_or_a_folder_in_the_place_of_the_file_is_refused() {
        let (_above, dir) = folder();
        let path = dir.join("store.db");
        let refused = || {
            let refusal = Folder::open(&dir, Role::Operator).unwrap_err().to_string();
            assert!(refusal.ends_with(&format!("{} is no file", path.display())), "{refusal}");
        };
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        refused();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused();
    }

    #[test]
    fn a_second_server_is_told_who_has_the_folder_and_an_operator_is_let_in() {
        let (_above, dir) = folder();
        let first = Folder::open(&dir, Role::Server).unwrap();
        let refusal = Folder::open(&dir, Role::Server).unwrap_err();
        assert!(matches!(&refusal, StoreError::InUse { pid, .. } if *pid == std::process::id().to_string()));
        Folder::open(&dir, Role::Operator).unwrap();
        drop(first);
        Folder::open(&dir, Role::Server).unwrap();
    }
}
