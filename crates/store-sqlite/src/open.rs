//! Opens a database file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io, thread};

use repass_accounts_table::{Accounts, AccountsMismatch};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use crate::accounts::{self, AccountsSource};
use crate::connection::{self, Db};
use crate::failure::Failure;
use crate::file::{self, Access, FileFault, OpenedFile, parent_folder};
use crate::schema;
use crate::store::SqliteStore;

/// Options for opening a database file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// Whether to create a missing file, readable and writable by its owner only (mode 0600);
    /// `true` by default. Has no effect without [`migrate`](Self::migrate).
    pub create: bool,
    /// Whether to migrate the schema to the current version; `true` by default. Otherwise opening
    /// an older schema fails.
    pub migrate: bool,
    /// The location of the accounts.
    pub accounts: Accounts,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { create: true, migrate: true, accounts: Accounts::default() }
    }
}

/// A database file could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path does not name a file.
    #[error("the path {} of the database names no file", .0.display())]
    InvalidPath(PathBuf),
    /// The folder of the file does not exist. It is not created, since the cause is often a wrong
    /// path or a missing mount.
    #[error("the folder {} of the database does not exist; create or mount it", .0.display())]
    MissingFolder(PathBuf),
    /// The file does not exist, and the options do not allow to create it.
    #[error("there is no database {}; create it with `repass database init`", .0.display())]
    MissingFile(PathBuf),
    /// The file cannot be accessed, created or opened.
    #[error("the database {} cannot be opened: {access}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Owner and mode of the file, and the user of this process.
        access: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// This user has no permission to write the file.
    #[error("the database {} is read-only: {access}; make it writable for this user", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// Owner and mode of the file, and the user of this process.
        access: String,
    },
    /// The file is not a SQLite database, or is damaged.
    #[error("the file {} is not a SQLite database, or is damaged; restore a backup", .0.display())]
    NotADatabase(PathBuf),
    /// The write-ahead log cannot be used, as on most network file systems.
    #[error("{}: the file system does not support write-ahead logs (journal mode {mode}); use a local disk", .path.display())]
    NoWriteAheadLog {
        /// The file.
        path: PathBuf,
        /// The journal mode of the file.
        mode: String,
    },
    /// The schema is older than the current version, and the options do not allow to migrate it.
    #[error(
        "the database {} has schema version {found}, but this program needs {known}; run `repass \
         database migrate`", .path.display()
    )]
    OutOfDate {
        /// The file.
        path: PathBuf,
        /// The version found; 0 when there is no schema.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// The schema is more than one version ahead of this program.
    #[error(
        "the database {} has schema version {found}, but this program can use at most version {}; \
         upgrade this program", .path.display(), known + 1
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The location of the accounts does not match the database.
    #[error(transparent)]
    Accounts(#[from] AccountsMismatch),
    /// SQLite failed.
    #[error("the database {} could not be opened", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The failure of a step of opening; the caller adds the path.
pub(crate) enum OpenFailure {
    Sqlite(Failure),
    Refused(OpenError),
}

impl From<Failure> for OpenFailure {
    fn from(failure: Failure) -> Self {
        Self::Sqlite(failure)
    }
}

impl From<AccountsMismatch> for OpenFailure {
    fn from(mismatch: AccountsMismatch) -> Self {
        Self::Refused(mismatch.into())
    }
}

impl SqliteStore {
    /// Opens a file and migrates its schema, depending on the options. Waits a few seconds for
    /// another program that migrates.
    ///
    /// # Errors
    /// When the file cannot be opened, has another schema version, or the location of the accounts
    /// does not match.
    pub async fn open(path: impl AsRef<Path>, options: &SqliteOptions) -> Result<Self, OpenError> {
        let (path, options) = (path.as_ref().to_owned(), options.clone());
        let (opened, answer) = oneshot::channel();
        let opening = thread::Builder::new().name("repass-sqlite-open".to_owned());
        let spawned = opening.spawn({
            let path = path.clone();
            move || {
                let _ = opened.send(open(&path, &options));
            }
        });
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
            Err(OpenError::Database { path: path.clone(), source })
        };
        match spawned {
            Err(error) => failed(error.into()),
            Ok(_) => answer.await.unwrap_or_else(|error| failed(error.into())),
        }
    }
}

fn open(path: &Path, options: &SqliteOptions) -> Result<SqliteStore, OpenError> {
    let path = resolve_file(path, options.create && options.migrate)?;
    let file_error = |source| file_error(&path, source);
    let file = OpenedFile::new(&path).map_err(file_error)?;
    if file.verify() == Err(FileFault::ReadOnly) {
        let access = Access(&path).to_string();
        return Err(OpenError::ReadOnly { path, access });
    }
    let prepared = prepare(&path, options).map_err(|failure| open_error(failure, &path))?;
    let (connection, source, version) = prepared;
    let file = file.with_log().map_err(file_error)?;
    file.verify().map_err(|fault| file_error(io::Error::other(fault)))?;
    let ahead = version > schema::KNOWN;
    let started = SqliteStore::start(connection, file, Arc::new(source), ahead);
    started.map_err(|failure| open_error(failure.into(), &path))
}

/// Returns a connection to the file, the table of its accounts, and its schema version.
fn prepare(
    path: &Path,
    options: &SqliteOptions,
) -> Result<(Connection, AccountsSource, i64), OpenFailure> {
    let refused = |error| Err(OpenFailure::Refused(error));
    let path = || path.to_owned();
    let connection = connection::open(&path())?;
    if connection.is_readonly("main").map_err(Failure::from)? {
        let access = Access(&path()).to_string();
        return refused(OpenError::ReadOnly { path: path(), access });
    }
    let (db, known) = (Db(&connection), schema::KNOWN);
    // All checks come before the first write.
    accounts::check(db, &options.accounts)?;
    let mut version = schema::version(db)?;
    if version > known + 1 {
        return refused(OpenError::Newer { path: path(), found: version, known });
    }
    if version < known && !options.migrate {
        return refused(OpenError::OutOfDate { path: path(), found: version, known });
    }
    let mode = connection::enable_write_ahead_log(&connection)?;
    if mode != "wal" {
        return refused(OpenError::NoWriteAheadLog { path: path(), mode });
    }
    if version < known {
        schema::migrate(&connection)?;
        version = schema::version(db)?;
    }
    let source = accounts::bind(&connection, &options.accounts)?;
    Ok((connection, source, version))
}

/// Returns the absolute path of the file, which is created if it is missing.
fn resolve_file(path: &Path, create: bool) -> Result<PathBuf, OpenError> {
    let name = path.file_name().ok_or_else(|| OpenError::InvalidPath(path.to_owned()))?;
    let folder = parent_folder(path);
    let full = match fs::canonicalize(folder) {
        Ok(folder) => folder.join(name),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::MissingFolder(folder.to_owned()));
        }
        Err(source) => return Err(file_error(folder, source)),
    };
    // An existing file is not opened here: closing it would release the locks that SQLite holds on
    // it elsewhere in this process.
    match fs::metadata(&full) {
        Ok(found) if found.is_dir() => Err(file_error(&full, io::ErrorKind::IsADirectory.into())),
        Ok(_) => Ok(full),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !create => {
            Err(OpenError::MissingFile(full))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match file::create(&full) {
            // Another program may have created it meanwhile.
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(file_error(parent_folder(&full), source))
            }
            _ => Ok(full),
        },
        Err(source) => Err(file_error(&full, source)),
    }
}

fn file_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::File { path: path.to_owned(), access: Access(path).to_string(), source }
}

fn open_error(failure: OpenFailure, path: &Path) -> OpenError {
    let path = path.to_owned();
    match failure {
        OpenFailure::Refused(error) => error,
        OpenFailure::Sqlite(Failure::Sqlite(reported)) => match reported.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => OpenError::NotADatabase(path),
            // The file itself can be accessed, so the cause is the -wal or -shm file, or the mode.
            ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                let folder = parent_folder(&path);
                let access = format!("{}; of its folder, {}", Access(&path), Access(folder));
                OpenError::File { path, access, source: io::Error::other(reported) }
            }
            _ => OpenError::Database { path, source: reported.into() },
        },
        OpenFailure::Sqlite(failure) => {
            let source = failure.into_store_error(&path).into();
            OpenError::Database { path, source }
        }
    }
}
