//! Opening a database: its connections, its schema.

mod accounts;
mod postgres;
mod sqlite;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use sqlx::migrate::MigrateError;
use sqlx::{Connection, Executor};

pub use accounts::ColumnProblem;

use crate::accounts_table::{AccountsTable, SqlName};
use crate::database_url::DatabaseUrl;
use crate::dialect::Dialect;
use crate::failure::Reported;
use crate::store::SqlStore;

/// How a database is opened.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// The schema that repass keeps its own tables in, on PostgreSQL only; it is made if need be. By
    /// default whichever the connection's `search_path` leads to, which is `public` mostly.
    pub schema: Option<SqlName>,
    /// Where the accounts stand.
    pub accounts: Accounts,
}

/// Where the accounts stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a process has one of them, at its start")]
pub enum Accounts {
    /// Where they stood when the database was last opened by somebody who said it: in repass's own
    /// table if nobody ever said anything else.
    #[default]
    AsNoted,
    /// In repass's own table.
    Own,
    /// In a table of another application. It is noted in the database, and can be changed but for
    /// the table itself and its `id`.
    In(AccountsTable),
}

/// Why a database could not be opened. No variant tells more of the URL than a path or the name of a
/// parameter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL begins with no known scheme.
    #[error("the database URL must begin with sqlite: or postgres:")]
    UnknownScheme,
    /// The URL begins as one of a PostgreSQL database, but goes on wrongly.
    #[error(
        "the database URL is not understood; it reads postgres://user@host:port/database or \
         postgres:///database?host=/folder/of/socket&user=name, percent-encoded"
    )]
    InvalidServer,
    /// The URL of a PostgreSQL database holds a parameter that is not understood.
    #[error(
        "the database URL has an unknown parameter; there are host, port, user, password, dbname, \
         sslmode, sslrootcert, sslcert, sslkey, application_name and options"
    )]
    UnknownServerParameter,
    /// The server cannot be reached, or takes no connections for now.
    #[error("the database server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server knows no such user, password or database, or does not let that user in.
    #[error("the database server refused the connection")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A URL of a database in memory.
    #[error("a database in memory keeps nothing; use sqlite:///path/to/file")]
    Memory,
    /// A URL that allows no writing.
    #[error("the database cannot be served read-only")]
    ReadOnly,
    /// The URL holds a parameter that is not understood, or a value of it that is not.
    #[error("the database URL has an unknown parameter; there is mode=rwc and mode=rw")]
    UnknownParameter,
    /// The URL names no file.
    #[error("the database URL names no file; it reads sqlite:///path/to/file, in UTF-8")]
    InvalidPath,
    /// The folder of the file does not exist. It is not made, since a missing folder is more often a
    /// slip or a missing mount.
    #[error("the folder {} of the database does not exist", .0.display())]
    MissingFolder(PathBuf),
    /// There is no such file, and `mode=rw` forbids to make it.
    #[error("there is no database {}", .0.display())]
    MissingFile(PathBuf),
    /// The file cannot be made or reached.
    #[error("the database {} cannot be opened", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is in the way.
        #[source]
        source: io::Error,
    },
    /// The file is no SQLite database, or a damaged one.
    #[error("the database {} is damaged, or no SQLite database", .0.display())]
    NoDatabase(PathBuf),
    /// The write-ahead log cannot be used, as on most network file systems.
    #[error("no write-ahead log at this place (journal mode {0})")]
    NoWriteAheadLog(String),
    /// The schema is that of a later version of repass.
    #[error("the database has schema version {found}, but this program knows none after {known}")]
    Newer {
        /// The version found.
        found: i64,
        /// The last version known.
        known: i64,
    },
    /// The schema could not be brought up to date; it is as it was.
    #[error("the schema could not be brought up to date")]
    Schema(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The accounts' table does not fit its mapping. Everything that is wrong is told.
    #[error("the accounts table {table} does not fit: {}", listed(.problems))]
    AccountsTable {
        /// Which table.
        table: String,
        /// What is wrong.
        problems: Vec<ColumnProblem>,
    },
    /// The accounts were said to be repass's own, but stand in a mapped table.
    #[error("the accounts of this database stand in the table {0}, not in one of repass's own")]
    AccountsElsewhere(String),
    /// The accounts stand in another mapped table.
    #[error(
        "the accounts of this database are those of {noted}, not of {wanted}; other accounts need \
         another schema or database"
    )]
    OtherAccountsTable {
        /// The table and its id that are noted.
        noted: String,
        /// Those that were given.
        wanted: String,
    },
    /// A table was mapped, but the database has accounts of repass's own.
    #[error(
        "the database holds accounts of repass's own; those of a mapped table need another schema \
         or database"
    )]
    OwnAccounts,
    /// The application in whose SQLite file repass is to keep its tables has some of their names.
    #[error("the file has tables or indexes of the names that repass needs for its own: {0}")]
    NamesTaken(String),
    /// The tables stand in a schema that was not named.
    #[error("repass's tables stand in another schema of this database ({0}); name that")]
    OtherSchema(String),
    /// A schema was named for an SQLite file.
    #[error("SQLite has no schemas")]
    NoSchemas,
    /// The database does not answer as it should.
    #[error("the database could not be opened")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The longest wait for a connection, or for another process to end its transaction.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl SqlStore {
    /// Opens the database of a URL and brings its schema up to date, waiting for other processes
    /// that do so.
    ///
    /// `sqlite:///absolute/path` and `sqlite://relative/path` name a file; characters such as `?`
    /// are written percent-encoded. A missing file is made, readable and writable by its owner only
    /// (mode 0600), unless the URL ends in `?mode=rw`. There are no other parameters but
    /// `mode=rwc`, which is the default.
    ///
    /// `postgres://user:password@host:port/database` names a database on a PostgreSQL server, which
    /// must be there; its schema is made. `postgres:///database?host=/folder&user=name` reaches it
    /// by the Unix socket in that folder. Across a network, `?sslmode=verify-full` has the server
    /// prove who it is, to a certificate authority that this machine trusts or that `sslrootcert`
    /// names. What the URL leaves out is taken from libpq's environment variables, such as
    /// `PGPASSWORD`, and from its password file. Connections are made when they are needed, and
    /// made anew when the server comes back.
    ///
    /// This and all other methods need a tokio runtime with time and I/O enabled.
    ///
    /// # Errors
    /// When the URL is not understood, or the database cannot be opened, or is of a later version.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, &StoreOptions::default()).await
    }

    /// The same with something else said of it.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when the accounts do not stand where they are said to.
    pub async fn open_with(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        match DatabaseUrl::parse(url)? {
            DatabaseUrl::Sqlite { .. } if options.schema.is_some() => Err(OpenError::NoSchemas),
            DatabaseUrl::Sqlite { path, create } => {
                sqlite::open(&path, create, &options.accounts).await
            }
            DatabaseUrl::Postgres(server) => postgres::open(&server, options).await,
        }
    }

    /// The URL of the database in this file, for [`open`](Self::open): whatever would mean something
    /// else in a URL is percent-encoded.
    ///
    /// # Errors
    /// [`OpenError::InvalidPath`] when the path is no UTF-8.
    pub fn url_of(path: &Path) -> Result<String, OpenError> {
        Ok(format!("sqlite://{}", sqlite::encoded(path)?))
    }

    /// Whether [`open`](Self::open) can succeed, as far as that shows without opening or making
    /// anything: for checking a configuration.
    ///
    /// # Errors
    /// When the URL is not understood, or names a folder, or its folder, or a file that must exist,
    /// does not.
    pub fn check_url(url: &str) -> Result<(), OpenError> {
        let (path, create) = match DatabaseUrl::parse(url)? {
            DatabaseUrl::Sqlite { path, create } => (path, create),
            DatabaseUrl::Postgres(_) => return Ok(()),
        };
        let folder = sqlite::folder_of(&path);
        if !folder.is_dir() {
            return Err(OpenError::MissingFolder(folder.to_owned()));
        }
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => {
                Err(OpenError::File { path, source: io::ErrorKind::IsADirectory.into() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !create => {
                Err(OpenError::MissingFile(path))
            }
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(OpenError::File { path, source })
            }
            _ => Ok(()),
        }
    }
}

fn listed(problems: &[ColumnProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// All missing versions in one transaction, so that two processes that start at once do not both
/// make them, and a failure leaves nothing half done.
async fn migrate(
    dialect: Dialect,
    connection: &mut sqlx::AnyConnection,
) -> Result<(), MigrateError> {
    let mut transaction = connection.begin_with(dialect.begin_write()).await?;
    if let Some(lock) = dialect.lock_schema() {
        transaction.execute(lock).await?;
    }
    // Not `run`: the future of that is `Send` for no compiler yet, says sqlx.
    dialect.migrations().run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}

fn schema_error(dialect: Dialect, error: MigrateError) -> OpenError {
    let known = dialect.newest_version();
    match error {
        MigrateError::VersionMissing(found) if found > known => OpenError::Newer { found, known },
        MigrateError::Execute(sqlx::Error::Database(error))
        | MigrateError::ExecuteMigration(sqlx::Error::Database(error), _) => {
            OpenError::Schema(Reported::new(dialect, &*error).into())
        }
        error => OpenError::Schema(error.into()),
    }
}
