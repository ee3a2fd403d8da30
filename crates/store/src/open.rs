use std::path::{Path, PathBuf};
use std::time::Duration;

use repass_accounts_table::{Accounts, AccountsMismatch, ColumnProblem, SqlName};
use repass_store_postgres::{OpenError as PostgresError, PostgresOptions, PostgresStore};
use repass_store_sqlite::{OpenError as SqliteError, SqliteOptions, SqliteStore};

use crate::database_url::{DatabaseUrl, url_of};
use crate::store::{Database, Store};

/// How a database is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// Whether the schema is brought up to date; otherwise a database that is not up to date is
    /// refused. By default it is.
    pub migrate: bool,
    /// Where the accounts are.
    pub accounts: Accounts,
    /// The schema that repass keeps its own tables in, on PostgreSQL only; by default `repass`.
    pub schema: Option<SqlName>,
    /// The most connections to a server, at least 1.
    pub connections: Option<usize>,
    /// How long a server may take for one statement or commit.
    pub statement_timeout: Option<Duration>,
    /// How long a connection to a server may be unused before it is closed.
    pub idle_timeout: Option<Duration>,
    /// How long a connection to a server is used before it is replaced.
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

/// Why a database could not be opened. No message tells more of the URL than a path or the name of a
/// parameter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL begins with no known scheme.
    #[error("the database URL must begin with sqlite: or postgres:")]
    UnknownScheme,
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
    /// Only PostgreSQL has this.
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
    /// Whether the URL, the options or the operator's environment are wrong, rather than the database
    /// failing.
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

    /// Whether there is no database yet, which opening with `migrate` makes.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::Sqlite(SqliteError::MissingFile(_) | SqliteError::OutOfDate { found: 0, .. })
                | Self::Postgres(PostgresError::NotMigrated { found: 0, .. })
        )
    }

    /// Whether the URL names a file that does not exist.
    pub fn is_missing_file(&self) -> bool {
        matches!(self, Self::Sqlite(SqliteError::MissingFile(_)))
    }

    /// Whether the database has the schema of an earlier version, which opening with `migrate` brings
    /// up to date.
    pub fn is_out_of_date(&self) -> bool {
        matches!(
            self,
            Self::Sqlite(SqliteError::OutOfDate { found: 1.., .. })
                | Self::Postgres(PostgresError::NotMigrated { found: 1.., .. })
        )
    }

    /// The table and everything that is wrong with its mapping, if that is the reason.
    pub fn mapping_problems(&self) -> Option<(&str, &[ColumnProblem])> {
        let (Self::Sqlite(SqliteError::Accounts(mismatch))
        | Self::Postgres(PostgresError::Accounts(mismatch))) = self
        else {
            return None;
        };
        match mismatch {
            AccountsMismatch::DoesNotFit { table, problems } => Some((table, problems)),
            _ => None,
        }
    }
}

impl Store {
    /// Opens the database of a URL.
    ///
    /// `sqlite:///absolute/path` and `sqlite://relative/path` name a file; characters such as `?`
    /// are written percent-encoded. A missing file is made, readable and writable by its owner only
    /// (mode 0600), unless the URL ends in `?mode=rw`, or the options forbid to migrate.
    ///
    /// `postgres://user:password@host:port/database` names a database on a PostgreSQL server; see
    /// the front page of [`repass_store_postgres`] for its parameters.
    ///
    /// # Errors
    /// When the URL is not understood, or the database cannot be opened.
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

    /// The URL of the database in this file, for [`open`](Self::open).
    ///
    /// # Errors
    /// [`OpenError::InvalidPath`] when the path is not UTF-8.
    pub fn url_of(path: &Path) -> Result<String, OpenError> {
        url_of(path)
    }

    /// Whether [`open`](Self::open) can succeed, as far as that shows without opening or making
    /// anything: for checking a configuration.
    ///
    /// # Errors
    /// When the URL is not understood, or names a folder, or its folder, or a file that must exist,
    /// does not.
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
        _ => Ok(()),
    }
}
