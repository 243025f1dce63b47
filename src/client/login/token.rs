//! Token: what a `login` server gave us for the next visit, in a file that nobody else can read.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The place where the token for one server is kept.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// For the server that a person calls `address`, in `dir`.
    pub(crate) fn new(dir: &Path, address: &str) -> Self {
        // Another character than these could lead elsewhere, or not be a file's name.
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
        Self { path: dir.join("tokens").join(address.chars().map(plain).collect::<String>()) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The token, where one is kept.
    ///
    /// # Errors
    /// Where it cannot be read, or others could read it.
    pub(super) fn read(&self) -> io::Result<Option<String>> {
        let mut file = match OpenOptions::new().read(true).open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "others may read it, so it is not used"));
        }
        let mut token = String::new();
        Read::by_ref(&mut file).take(MOST_BYTES).read_to_string(&mut token)?;
        Ok(Some(token.trim().to_owned()))
    }

    /// Keeps `token` in the place of any before. Whoever is interrupted has the old one or the new one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn write(&self, token: &str) -> io::Result<()> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let draft = self.path.with_extension(format!("{}.draft", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        let written = file.write_all(token.as_bytes()).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&draft, &self.path)).inspect_err(|_| drop(fs::remove_file(&draft)))
    }

    /// Forgets it; one that is gone is forgotten.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// More than any token has.
const MOST_BYTES: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_for_its_server_and_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let ours = TokenFile::new(dir.path(), "unix:/../x y");
        assert_eq!(ours.read().unwrap(), None);
        ours.write("sky1_one").unwrap();
        ours.write("sky1_two").unwrap();
        assert_eq!(ours.read().unwrap().as_deref(), Some("sky1_two"));
        assert_eq!(TokenFile::new(dir.path(), "localhost:5562").read().unwrap(), None);
        assert_eq!(ours.path().parent(), Some(&*dir.path().join("tokens")));
        assert_eq!(fs::metadata(ours.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(ours.path().parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(dir.path().join("tokens")).unwrap().count(), 1);
        fs::set_permissions(ours.path(), Permissions::from_mode(0o640)).unwrap();
        assert_eq!(ours.read().unwrap_err().kind(), ErrorKind::PermissionDenied);
        ours.remove();
        assert_eq!(ours.read().unwrap(), None);
    }
}
