//! Trouble: what an error of SQLite means to whoever asked.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::store::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error().copied() else { return Self::Failed(error.to_string()) };
        let sentence = || match &error {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            _ => ffi::code_to_str(code.extended_code).to_owned(),
        };
        match (code.code, code.extended_code) {
            (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => Self::SyncFailed(sentence()),
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
                Self::Unwritable("another process has been writing to it for too long".into())
            }
            (ErrorCode::DiskFull, _) => Self::Unwritable("no space is left".into()),
            (ErrorCode::ReadOnly | ErrorCode::CannotOpen, _)
            | (_, WRITE | TRUNCATE | SHM_OPEN | SHM_SIZE | SHM_MAP) => Self::Unwritable(sentence()),
            _ => Self::Failed(sentence()),
        }
    }
}

const WRITE: i32 = ffi::SQLITE_IOERR_WRITE;
const TRUNCATE: i32 = ffi::SQLITE_IOERR_TRUNCATE;
/// The index of the WAL is a file as well, which grows and needs space.
const SHM_OPEN: i32 = ffi::SQLITE_IOERR_SHMOPEN;
const SHM_SIZE: i32 = ffi::SQLITE_IOERR_SHMSIZE;
const SHM_MAP: i32 = ffi::SQLITE_IOERR_SHMMAP;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_disk_are_told_apart() {
        let kind = |code| match StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)) {
            StoreError::Unwritable(_) => "unwritable",
            StoreError::SyncFailed(_) => "sync failed",
            _ => "failed",
        };
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_READONLY, ffi::SQLITE_CANTOPEN] {
            assert_eq!(kind(code), "unwritable", "{code}");
        }
        assert_eq!(kind(ffi::SQLITE_IOERR_FSYNC), "sync failed");
        assert_eq!(kind(ffi::SQLITE_IOERR_DIR_FSYNC), "sync failed");
        assert_eq!(kind(ffi::SQLITE_CORRUPT), "failed");
    }
}
