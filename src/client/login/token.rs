//! Token: what a `login` server gave us for the next visit, in a file that nobody else can read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The place where the token for one server is kept.
#[derive(Debug)]
pub(crate) struct TokenFile {
    folder: PathBuf,
    path: PathBuf,
}

impl TokenFile {
    /// For the server that a person calls `address`, in `dir`.
    pub(crate) fn new(dir: &Path, address: &str) -> Self {
        let folder = dir.join("tokens");
        Self { path: folder.join(file_name(address)), folder }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The token, where one is kept.
    ///
    /// # Errors
    /// Where it cannot be read, or others could get at it.
    pub(super) fn read(&self) -> io::Result<Option<Zeroizing<String>>> {
        let file = OpenOptions::new().read(true).custom_flags(NO_LINK).open(&self.path);
        let mut file = match file {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        self.check_folder()?;
        if file.metadata()?.permissions().mode() & OTHERS != 0 {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "others may read it, so it is not used"));
        }
        let mut token = Zeroizing::new(String::new());
        Read::by_ref(&mut file).take(MOST_BYTES).read_to_string(&mut token)?;
        Ok(Some(Zeroizing::new(token.trim().to_owned())))
    }

    /// Keeps `token` in the place of any before. Whoever is interrupted has the old one or the new one.
    ///
    /// # Errors
    /// Where it cannot be written, or others could get at it.
    pub(super) fn write(&self, token: &str) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        self.check_folder()?;
        let draft = self.folder.join(format!(".{}.draft", std::process::id()));
        // One that a crash has left behind; nobody else has our number.
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let written = file.write_all(token.as_bytes()).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&draft, &self.path)).inspect_err(|_| drop(fs::remove_file(&draft)))
    }

    /// Forgets it; one that is gone is forgotten.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Whoever may write in the folder could put a token of theirs there.
    fn check_folder(&self) -> io::Result<()> {
        let folder = fs::symlink_metadata(&self.folder)?;
        let ours = folder.is_dir() && folder.uid() == rustix::process::geteuid().as_raw();
        if ours && folder.mode() & OTHERS == 0 {
            return Ok(());
        }
        Err(io::Error::new(ErrorKind::PermissionDenied, "others may get into its folder, so it is not used"))
    }
}

/// No two addresses have one: characters that could lead elsewhere are left out, and a hash tells what they were.
fn file_name(address: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
    let hash = Sha256::digest(address);
    let digits: String = hash.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let readable: String = address.chars().take(MOST_READABLE).map(plain).collect();
    format!("{readable}-{digits}")
}

const OTHERS: u32 = 0o077;
const NO_LINK: i32 = OFlags::NOFOLLOW.bits().cast_signed();
/// So many that nobody finds two addresses with the same.
const HASH_BYTES: usize = 16;
/// With the hash behind it, far below the 255 that a file's name may have.
const MOST_READABLE: usize = 64;
/// More than any token has.
const MOST_BYTES: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// What is kept, as the tests write it.
    fn kept(file: &TokenFile) -> Option<String> {
        file.read().unwrap().map(|token| token.to_string())
    }

    #[test]
    fn a_token_is_kept_for_its_server_and_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let ours = TokenFile::new(dir.path(), "unix:/../x y");
        assert_eq!(kept(&ours), None);
        ours.write("sky1_one").unwrap();
        ours.write("sky1_two").unwrap();
        assert_eq!(kept(&ours).as_deref(), Some("sky1_two"));
        assert_eq!(kept(&TokenFile::new(dir.path(), "localhost:5562")), None);
        assert_eq!(ours.path().parent(), Some(&*dir.path().join("tokens")));
        assert_eq!(fs::metadata(ours.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(ours.path().parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(dir.path().join("tokens")).unwrap().count(), 1);
        fs::set_permissions(ours.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(ours.read().unwrap_err().kind(), ErrorKind::PermissionDenied);
        ours.remove();
        assert_eq!(kept(&ours), None);
    }

    #[test]
    fn two_servers_never_share_a_token() {
        let name = |address: &str| TokenFile::new(Path::new("/data"), address).path().to_owned();
        for (one, other) in [("unix:/a/b", "unix:/a_b"), ("unix:/a/b", "unix:_a_b"), ("[::1]:1", "[::1]_1")] {
            assert_ne!(name(one), name(other));
        }
        let long = name(&format!("unix:/{}", "../".repeat(200)));
        assert_eq!(long.parent(), Some(Path::new("/data/tokens")));
        assert!(long.file_name().is_some_and(|name| name.len() < 255));
    }

    #[test]
    fn a_token_that_others_can_get_at_is_neither_used_nor_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, folder) = (TokenFile::new(dir.path(), "localhost:5562"), dir.path().join("tokens"));
        ours.write("sky1_one").unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).unwrap();
        assert_eq!(ours.read().unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(ours.write("sky1_two").unwrap_err().kind(), ErrorKind::PermissionDenied);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let elsewhere = dir.path().join("elsewhere");
        fs::rename(ours.path(), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, ours.path()).unwrap();
        assert!(ours.read().is_err());
        fs::rename(&folder, dir.path().join("real")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("real"), &folder).unwrap();
        assert_eq!(ours.write("sky1_two").unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(fs::read_to_string(elsewhere).unwrap(), "sky1_one");
    }
}
