//! Opening a file: its folder, its schema, its accounts, its threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io, thread};

use repass_accounts_table::{Accounts, AccountsMismatch};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use crate::accounts::{self, AccountsSource};
use crate::connection::{self, Db};
use crate::failure::Failure;
use crate::file::{self, Access, FileFault, FileWatch, folder_of};
use crate::schema;
use crate::store::SqliteStore;

/// How a file is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// Whether a missing file is made, readable and writable by its owner only (mode 0600). It is not
    /// made without [`migrate`](Self::migrate). By default it is.
    pub create: bool,
    /// Whether the schema is brought up to date; otherwise a database that is not up to date is
    /// refused. By default it is.
    pub migrate: bool,
    /// Where the accounts are.
    pub accounts: Accounts,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { create: true, migrate: true, accounts: Accounts::default() }
    }
}

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path does not end in the name of a file.
    #[error("the path {} of the database names no file", .0.display())]
    InvalidPath(PathBuf),
    /// The folder of the file does not exist. It is not made, since a missing folder is more often a
    /// mistake or a missing mount.
    #[error("the folder {} of the database does not exist; create or mount it", .0.display())]
    MissingFolder(PathBuf),
    /// The file does not exist and must not be made.
    #[error("there is no database {}; `repass database init` makes it", .0.display())]
    MissingFile(PathBuf),
    /// The file cannot be reached, made or opened.
    #[error("the database {} cannot be opened: {access}", .path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// Its owner and mode, and the user of this process.
        access: String,
        /// What is in the way.
        #[source]
        source: io::Error,
    },
    /// This user may not write the file.
    #[error("the database {} is read-only: {access}; make it writable for this user", .path.display())]
    ReadOnly {
        /// Which file.
        path: PathBuf,
        /// Its owner and mode, and the user of this process.
        access: String,
    },
    /// The file is not a SQLite database, or a damaged one.
    #[error("the file {} is damaged, or not a SQLite database; restore a backup", .0.display())]
    NotADatabase(PathBuf),
    /// The write-ahead log cannot be used, as on most network file systems.
    #[error("{}: the file system has no write-ahead log (journal mode {mode}); use a local disk", .path.display())]
    NoWriteAheadLog {
        /// Which file.
        path: PathBuf,
        /// The mode that the file is in.
        mode: String,
    },
    /// The schema is not up to date, and must not be migrated.
    #[error(
        "the database {} has schema version {found}, but this program needs {known}; run `repass \
         database migrate`", .path.display()
    )]
    OutOfDate {
        /// Which file.
        path: PathBuf,
        /// The version found; 0 when there is no schema.
        found: i64,
        /// The version that is needed.
        known: i64,
    },
    /// The schema is more than one version ahead of this program.
    #[error(
        "the database {} has schema version {found}, but this program can use at most version {}; \
         upgrade it", .path.display(), known + 1
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The version found.
        found: i64,
        /// The last version that this program knows.
        known: i64,
    },
    /// The file was made by a development version from before the first release.
    #[error(
        "the database {} was made by a version from before the first release; import its accounts \
         into a new one", .0.display()
    )]
    Unreleased(PathBuf),
    /// The accounts are not where they are said to be.
    #[error(transparent)]
    Accounts(#[from] AccountsMismatch),
    /// SQLite failed.
    #[error("the database {} could not be opened", .path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a step of opening failed, where the path is known to the caller.
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
    /// Opens a file, and brings its schema up to date unless the options forbid it. If another
    /// program does so at the same time, this waits for it, at most a few seconds.
    ///
    /// # Errors
    /// When the file cannot be opened, or is of another version, or the accounts are not where the
    /// options say.
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
    let path = existing_file(path, options.create && options.migrate)?;
    let file_error = |source| file_error(&path, source);
    let watch = FileWatch::new(&path).map_err(file_error)?;
    if watch.verify() == Err(FileFault::ReadOnly) {
        let access = Access(&path).to_string();
        return Err(OpenError::ReadOnly { path, access });
    }
    let prepared = prepare(&path, options).map_err(|failure| described(failure, &path))?;
    let (connection, source, version) = prepared;
    let watch = watch.with_log().map_err(file_error)?;
    watch.verify().map_err(|fault| file_error(io::Error::other(fault)))?;
    let ahead = version > schema::KNOWN;
    let started = SqliteStore::start(connection, watch, Arc::new(source), ahead);
    started.map_err(|failure| described(failure.into(), &path))
}

/// A connection to the file, whose schema is usable, where its accounts are, and its version.
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
    // Whatever is refused is refused before anything is written.
    accounts::check(db, &options.accounts)?;
    let mut version = schema::version(db)?;
    if version == 0 && schema::is_of_predecessor(db)? {
        return refused(OpenError::Unreleased(path()));
    }
    if version > known + 1 {
        return refused(OpenError::Newer { path: path(), found: version, known });
    }
    if version < known && !options.migrate {
        return refused(OpenError::OutOfDate { path: path(), found: version, known });
    }
    let mode = connection::write_ahead(&connection)?;
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

/// The full path of the file, which exists afterwards.
fn existing_file(path: &Path, create: bool) -> Result<PathBuf, OpenError> {
    let name = path.file_name().ok_or_else(|| OpenError::InvalidPath(path.to_owned()))?;
    let folder = folder_of(path);
    let full = match fs::canonicalize(folder) {
        Ok(folder) => folder.join(name),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::MissingFolder(folder.to_owned()));
        }
        Err(source) => return Err(file_error(folder, source)),
    };
    // A file that exists is not opened here: closing it again would release the locks that SQLite
    // holds on it elsewhere in this process.
    match fs::metadata(&full) {
        Ok(found) if found.is_dir() => Err(file_error(&full, io::ErrorKind::IsADirectory.into())),
        Ok(_) => Ok(full),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !create => {
            Err(OpenError::MissingFile(full))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match file::create(&full) {
            // Another program may have made it meanwhile.
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(file_error(folder_of(&full), source))
            }
            _ => Ok(full),
        },
        Err(source) => Err(file_error(&full, source)),
    }
}

fn file_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::File { path: path.to_owned(), access: Access(path).to_string(), source }
}

fn described(failure: OpenFailure, path: &Path) -> OpenError {
    let path = path.to_owned();
    match failure {
        OpenFailure::Refused(error) => error,
        OpenFailure::Sqlite(Failure::Sqlite(reported)) => match reported.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => OpenError::NotADatabase(path),
            // The file itself can be reached, so it is the folder's -wal and -shm, or the mode.
            ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                let folder = folder_of(&path);
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
