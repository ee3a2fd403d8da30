use std::path::{Path, PathBuf};
use std::time::Duration;

use repass_accounts_table::{Accounts, AccountsMismatch, ColumnProblem, SqlName};
use repass_store_postgres::{OpenError as PostgresError, PostgresOptions, PostgresStore};
use repass_store_sqlite::{Access, OpenError as SqliteError, SqliteOptions, SqliteStore};

use crate::database_url::{DatabaseUrl, file_url};
use crate::store::{Database, Store};

/// Options for opening a database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// Whether to migrate the schema to the current version; `true` by default. Otherwise opening
    /// an older schema fails.
    pub migrate: bool,
    /// The location of the accounts.
    pub accounts: Accounts,
    /// The schema of repass's own tables, on PostgreSQL only; `repass` by default.
    pub schema: Option<SqlName>,
    /// The maximum number of connections to a server, at least 1.
    pub connections: Option<usize>,
    /// The maximum wait for the answer of a server to a statement or commit.
    pub statement_timeout: Option<Duration>,
    /// The idle time after which a connection to a server is closed.
    pub idle_timeout: Option<Duration>,
    /// The age after which a connection to a server is replaced.
    pub max_lifetime: Option<Duration>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            migrate: true,
            accounts: Accounts::default(),
            schema: None,
            connections: None,
            statement_timeout: None,
            idle_timeout: None,
            max_lifetime: None,
        }
    }
}

/// A database could not be opened. Of the URL, messages contain only paths and names of parameters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The scheme of the URL is unknown.
    #[error("the database URL must begin with sqlite: or postgres:")]
    UnknownScheme,
    /// The URL names an in-memory database.
    #[error("an in-memory database is not supported; use sqlite:///path/to/file")]
    Memory,
    /// The URL requests read-only access.
    #[error("the database cannot be opened read-only; use mode=rw")]
    ReadOnly,
    /// The URL has an unknown parameter, or an unknown value of a parameter.
    #[error("the database URL has an unknown parameter; the known ones are mode=rwc and mode=rw")]
    UnknownParameter,
    /// The URL names no file.
    #[error("the database URL names no file; it has the form sqlite:///path/to/file, in UTF-8")]
    InvalidPath,
    /// The option applies to PostgreSQL only.
    #[error("SQLite has no {0}")]
    NotOnSqlite(&'static str),
    /// The SQLite file could not be opened.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// The database on a server could not be opened.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
}

impl OpenError {
    /// Returns whether the cause is the URL, the options or the environment, rather than a failure
    /// of the database.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Sqlite(error) => !matches!(error, SqliteError::Database { .. }),
            Self::Postgres(error) => !matches!(
                error,
                PostgresError::Unreachable(_)
                    | PostgresError::Schema(_)
                    | PostgresError::Database(_)
            ),
            _ => true,
        }
    }

    /// Returns whether the database does not exist, and opening with `migrate` would create it.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::Sqlite(SqliteError::MissingFile(_) | SqliteError::OutOfDate { found: 0, .. })
                | Self::Postgres(PostgresError::NotMigrated { found: 0, .. })
        )
    }

    /// Returns whether the URL names a file that does not exist.
    pub fn is_missing_file(&self) -> bool {
        matches!(self, Self::Sqlite(SqliteError::MissingFile(_)))
    }

    /// Returns whether the schema is older than the current version, and opening with `migrate`
    /// would migrate it.
    pub fn is_out_of_date(&self) -> bool {
        matches!(
            self,
            Self::Sqlite(SqliteError::OutOfDate { found: 1.., .. })
                | Self::Postgres(PostgresError::NotMigrated { found: 1.., .. })
        )
    }

    /// Returns the mapped table and the problems of its mapping, if that is the cause.
    pub fn mapping_problems(&self) -> Option<(&str, &[ColumnProblem])> {
        let (Self::Sqlite(SqliteError::Accounts(mismatch))
        | Self::Postgres(PostgresError::Accounts(mismatch))) = self
        else {
            return None;
        };
        match mismatch {
            AccountsMismatch::InvalidMapping { table, problems } => Some((table, problems)),
            _ => None,
        }
    }
}

impl Store {
    /// Opens the database of a URL.
    ///
    /// `sqlite:///absolute/path` and `sqlite://relative/path` name a file; characters such as `?`
    /// are percent-encoded. A missing file is created, readable and writable by its owner only
    /// (mode 0600), unless the URL ends in `?mode=rw` or the options do not allow to migrate.
    ///
    /// `postgres://user:password@host:port/database` names a database on a PostgreSQL server; see
    /// the front page of [`repass_store_postgres`] for its parameters.
    ///
    /// # Errors
    /// When the URL is invalid, or the database cannot be opened.
    pub async fn open(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let database = match DatabaseUrl::parse(url)? {
            DatabaseUrl::Sqlite { path, create } => {
                let only_on_servers = [
                    ("schema", options.schema.is_some()),
                    ("pool of connections", options.connections.is_some()),
                    ("statement time-out", options.statement_timeout.is_some()),
                    ("idle time-out", options.idle_timeout.is_some()),
                    ("lifetime of connections", options.max_lifetime.is_some()),
                ];
                if let Some((name, _)) = only_on_servers.iter().find(|(_, given)| *given) {
                    return Err(OpenError::NotOnSqlite(name));
                }
                let mut sqlite = SqliteOptions::default();
                sqlite.create = create;
                sqlite.migrate = options.migrate;
                sqlite.accounts = options.accounts.clone();
                Database::Sqlite(SqliteStore::open(path, &sqlite).await?)
            }
            DatabaseUrl::Postgres => {
                let mut postgres = PostgresOptions::default();
                postgres.migrate = options.migrate;
                postgres.accounts = options.accounts.clone();
                if let Some(schema) = &options.schema {
                    postgres.schema = schema.clone();
                }
                postgres.connections = options.connections.unwrap_or(postgres.connections);
                postgres.statement_timeout =
                    options.statement_timeout.unwrap_or(postgres.statement_timeout);
                postgres.idle_timeout = options.idle_timeout.unwrap_or(postgres.idle_timeout);
                postgres.max_lifetime = options.max_lifetime.unwrap_or(postgres.max_lifetime);
                Database::Postgres(PostgresStore::connect(url, &postgres).await?)
            }
        };
        Ok(Self::new(database))
    }

    /// Returns the URL of a SQLite file, for [`open`](Self::open).
    ///
    /// # Errors
    /// [`OpenError::InvalidPath`] when the path is not UTF-8.
    pub fn file_url(path: &Path) -> Result<String, OpenError> {
        file_url(path)
    }

    /// Checks a URL without opening or creating the database, for checking a configuration.
    ///
    /// # Errors
    /// When the URL is invalid or names a folder, or if its folder or a required file does not
    /// exist.
    pub fn check_url(url: &str) -> Result<(), OpenError> {
        match DatabaseUrl::parse(url)? {
            DatabaseUrl::Sqlite { path, create } => Ok(check_path(path, create)?),
            DatabaseUrl::Postgres => Ok(PostgresStore::check_url(url)?),
        }
    }
}

fn check_path(path: PathBuf, create: bool) -> Result<(), SqliteError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(SqliteError::MissingFolder(folder.to_owned()));
    }
    match path.try_exists() {
        Ok(false) if !create => Err(SqliteError::MissingFile(path)),
        _ if path.is_dir() => Err(SqliteError::InvalidPath(path)),
        // An unnamed file shows whether the database could be created.
        Ok(false) => tempfile::tempfile_in(folder).map(drop).map_err(|source| {
            let (path, access) = (folder.to_owned(), Access(folder).to_string());
            SqliteError::File { path, access, source }
        }),
        _ => Ok(()),
    }
}
