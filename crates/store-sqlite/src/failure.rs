use std::fmt;
use std::path::{Path, PathBuf};

use repass_core::StoreError;
use rusqlite::ErrorCode;

use crate::file::FileFault;

/// The failure of a job. The failure of a transaction is reported to all its callers.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    Sqlite(Reported),
    File(FileFault),
    /// A stored value is invalid. The value is not reported, as it may be a hash.
    Damaged(String),
    /// A value cannot be stored.
    Unstorable(&'static str),
    /// Another job of the transaction made SQLite roll it back.
    RolledBack,
    Closed,
}

/// An error of SQLite. Its messages name tables, columns and constraints, but contain no values.
#[derive(Debug, Clone)]
pub(crate) struct Reported {
    pub(crate) code: ErrorCode,
    extended_code: i32,
    message: String,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Returns a failure for an invalid value in `column`.
pub(crate) fn damaged(column: &str) -> Failure {
    Failure::Damaged(format!("{column} cannot be read"))
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(error, message) => Self::Sqlite(Reported {
                code: error.code,
                extended_code: error.extended_code,
                message: message.unwrap_or_else(|| error.to_string()),
            }),
            // The statement is left out, as it is long.
            rusqlite::Error::SqlInputError { error, msg, .. } => Self::Sqlite(Reported {
                code: error.code,
                extended_code: error.extended_code,
                message: msg,
            }),
            // Messages of other errors may contain values.
            _ => Self::Damaged("a value has another type than its column".to_owned()),
        }
    }
}

impl Failure {
    /// Converts the failure for the caller. Errors of the file name its path.
    pub(crate) fn into_store_error(self, path: &Path) -> StoreError {
        match self {
            Self::Sqlite(reported) => reported.into_store_error(path),
            Self::File(fault) => {
                StoreError::Unavailable(Unavailable { path: path.to_owned(), fault }.into())
            }
            Self::Damaged(what) => StoreError::Damaged(what),
            Self::Unstorable(what) => StoreError::Failed(what.into()),
            Self::RolledBack => {
                StoreError::Unavailable("the transaction was rolled back; try again".into())
            }
            Self::Closed => StoreError::Unavailable("the store is closed".into()),
        }
    }
}

impl Reported {
    fn into_store_error(self, path: &Path) -> StoreError {
        match self.code {
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen => {
                let path = path.to_owned();
                StoreError::Unavailable(Unavailable { path, fault: self }.into())
            }
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                StoreError::Damaged(format!("{}: {self}", path.display()))
            }
            _ => StoreError::Failed(self.into()),
        }
    }
}

/// Says what an operator can do.
impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                "another program held a lock on the file for too long"
            }
            ErrorCode::ReadOnly => {
                "the file, or the folder or file system that it is in, is read-only for this user"
            }
            ErrorCode::DiskFull => "the disk is full",
            ErrorCode::CannotOpen => {
                "the file, or its -wal or -shm file, cannot be opened; this user must be able to \
                 write to the folder"
            }
            ErrorCode::SystemIoFailure => "the operating system reported an I/O error",
            ErrorCode::DatabaseCorrupt => "the file is damaged; restore a backup",
            ErrorCode::NotADatabase => "the file is not a SQLite database",
            _ => return write!(f, "{} (SQLite code {})", self.message, self.extended_code),
        })?;
        match self.code {
            ErrorCode::SystemIoFailure => write!(f, " (SQLite code {})", self.extended_code),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Reported {}

/// The database cannot be used at present.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", .path.display())]
struct Unavailable<E: fmt::Display + fmt::Debug> {
    path: PathBuf,
    fault: E,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> StoreError {
        let error = rusqlite::ffi::Error::new(code);
        Failure::from(rusqlite::Error::SqliteFailure(error, None))
            .into_store_error(Path::new("/srv/a.db"))
    }

    #[test]
    fn temporary_conditions_are_unavailable() {
        // SQLITE_BUSY, BUSY_SNAPSHOT, LOCKED, READONLY_DBMOVED, IOERR_FSYNC, FULL, CANTOPEN
        for code in [5, 517, 6, 1032, 1034, 13, 14] {
            assert!(matches!(failure(code), StoreError::Unavailable(_)), "{code}");
        }
        // CORRUPT, NOTADB
        for code in [11, 26] {
            assert!(matches!(failure(code), StoreError::Damaged(_)), "{code}");
        }
        // CONSTRAINT_UNIQUE, ERROR
        for code in [2067, 1] {
            assert!(matches!(failure(code), StoreError::Failed(_)), "{code}");
        }
    }

    /// Proves L7.
    #[test]
    fn l7_a_message_names_the_file_and_the_condition() {
        let StoreError::Unavailable(source) = failure(14) else { unreachable!("CANTOPEN") };
        let text = source.to_string();
        assert!(text.starts_with("/srv/a.db: ") && text.contains("write to the folder"), "{text}");
    }

    #[test]
    fn values_are_not_reported() {
        let error = rusqlite::Error::IntegralValueOutOfRange(1, 4_711);
        let text = format!("{:?}", Failure::from(error));
        assert!(!text.contains("4711"), "{text}");
    }
}
