//! Copies: the folder in which a run keeps the copies of programs' folders, so that no program sees that of another, and
//! nothing is left when a run was killed.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

/// It goes away with this.
pub(crate) struct Copies {
    folder: TempDir,
    /// Locked while the run goes on.
    _lock: File,
}

impl Copies {
    /// # Errors
    /// Where the system's folder for such things takes none.
    pub(crate) fn new() -> io::Result<Self> {
        sweep(&std::env::temp_dir());
        Self::within(&std::env::temp_dir())
    }

    fn within(place: &Path) -> io::Result<Self> {
        // What a program keeps in it is nobody else's business.
        let own = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix(PREFIX).permissions(own).tempdir_in(place)?;
        let lock = File::open(folder.path())?;
        lock.try_lock()?;
        Ok(Self { folder, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what runs have left that were killed.
fn sweep(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let made = entry.metadata().and_then(|data| data.created().or_else(|_| data.modified()));
        // A moment passes between making one and locking it.
        let is_old = made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > YOUNG));
        // Those of other people cannot be opened.
        if is_old && File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

const PREFIX: &str = "sockeye-check-";
const YOUNG: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_or_young_stays() {
        let place = tempfile::tempdir().unwrap();
        let copies = Copies::within(place.path()).unwrap();
        let young = place.path().join(format!("{PREFIX}young"));
        fs::create_dir(&young).unwrap();
        sweep(place.path());
        assert!(copies.path().exists() && young.exists());
        let own = File::open(copies.path()).unwrap();
        assert!(own.try_lock().is_err());
    }
}
