//! Opens a database.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use backon::Retryable as _;
use deadpool_postgres::Pool;
use repass_accounts_table::{Accounts, AccountsMismatch, AccountsTable, SqlName};
use repass_core::StoreError;
use tokio::time::timeout;

use crate::accounts_source::AccountsSource;
use crate::connections::{Connections, Limits};
use crate::failure::{Retryable, login_refused};
use crate::mapped::{InspectError, MappedTable};
use crate::migrations::{self, MigrateError};
use crate::privileges;
use crate::query::Query;
use crate::readiness::Readiness;
use crate::retry::backoff;
use crate::row::json;
use crate::server_url::ServerUrl;
use crate::store::{Inner, PostgresStore};
use crate::tls::InvalidCertificate;

/// Options for opening a database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// The schema of repass's own tables; `repass` by default. Statements qualify names with it, so
    /// it need not be in the `search_path`, and several installations can share a database.
    pub schema: SqlName,
    /// The location of the accounts.
    pub accounts: Accounts,
    /// Whether to migrate the schema to the current version; `true` by default. Otherwise opening
    /// an older schema fails.
    pub migrate: bool,
    /// The maximum number of connections of this node, at least 1; 16 by default. A pool of your
    /// own has its own limit.
    pub connections: usize,
    /// The maximum wait for the answer to a statement or a commit, and for a connection; 5 seconds
    /// by default.
    pub statement_timeout: Duration,
    /// The idle time after which a connection is closed; 5 minutes by default.
    pub idle_timeout: Duration,
    /// The age after which a connection is replaced; 30 minutes by default.
    pub max_lifetime: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            schema: default_schema(),
            accounts: Accounts::default(),
            migrate: true,
            connections: 16,
            statement_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(5 * 60),
            max_lifetime: Duration::from_secs(30 * 60),
        }
    }
}

fn default_schema() -> SqlName {
    match "repass".parse() {
        Ok(name) => name,
        Err(_) => unreachable!("a valid name"),
    }
}

/// A database could not be opened. Of the URL, errors contain only paths and names of parameters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL begins with another scheme.
    #[error("the database URL must begin with postgres:")]
    UnknownScheme,
    /// The URL cannot be read.
    #[error(
        "the database URL cannot be read; it has the form postgres://user@host:port/database or \
         postgres:///database?host=/folder/of/socket&user=name, percent-encoded"
    )]
    InvalidUrl,
    /// The URL has an unknown parameter.
    #[error("the database URL has an unknown parameter; the manual lists the supported ones")]
    UnknownParameter,
    /// The URL has a parameter of libpq that is not supported.
    #[error("the parameter {0} of the database URL is not supported")]
    UnsupportedParameter(&'static str),
    /// A parameter of the URL, or of the environment, is missing or has a value that is not
    /// supported.
    #[error("the parameter {name} of the database URL {expected}")]
    InvalidParameter {
        /// The parameter.
        name: &'static str,
        /// The reason: it is missing, or must have other values.
        expected: &'static str,
    },
    /// A file that the URL names cannot be used.
    #[error(transparent)]
    Certificate(#[from] InvalidCertificate),
    /// No server that accepts writes can be reached.
    #[error("no database server that accepts writes can be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The login failed, or the database does not exist.
    #[error("the database server refused the connection")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The schema is missing or older than the current version, and the options do not allow to
    /// migrate it.
    #[error(
        "the schema {schema} has version {found}, and {known} is needed; run `repass database migrate`"
    )]
    NotMigrated {
        /// The schema.
        schema: SqlName,
        /// The version found; 0 without a schema.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// The schema is more than one version ahead of this program.
    #[error(
        "the schema has version {found}, but this program supports {known}; upgrade this program"
    )]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The migration failed. The schema is unchanged.
    #[error("the schema could not be migrated")]
    Schema(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The role lacks privileges.
    #[error("this role lacks privileges; run GRANT for each of: {}", .0.join(", "))]
    MissingPrivileges(Vec<String>),
    /// The location of the accounts does not match the database.
    #[error(transparent)]
    Accounts(#[from] AccountsMismatch),
    /// Anything else.
    #[error("the database could not be opened")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The maximum time for opening, including migrations.
const OPEN_TIMEOUT: Duration = Duration::from_secs(60);

impl PostgresStore {
    /// Connects to a database, and migrates its schema, depending on the options.
    ///
    /// The URL is `postgres://user:password@host:port/database`, or
    /// `postgres:///database?host=/folder` for the Unix socket in that folder. Several hosts,
    /// separated by commas, are tried in turn; only one that accepts writes is used. Defaults come
    /// from libpq's environment variables and its password file. The [front page](crate) lists the
    /// parameters.
    ///
    /// Needs a tokio runtime with time and I/O enabled, as all other methods do.
    ///
    /// # Errors
    /// When the URL is invalid, no server can be reached within a minute, the schema has another
    /// version, or the location of the accounts does not match.
    pub async fn connect(url: &str, options: &PostgresOptions) -> Result<Self, OpenError> {
        let ServerUrl { servers, tls } = ServerUrl::parse(url, |name| std::env::var(name).ok())?;
        let limits = Limits {
            connections: options.connections,
            idle: options.idle_timeout,
            lifetime: options.max_lifetime,
            deadline: options.statement_timeout,
        };
        let connections = Connections::new(servers, tls, limits, &prefix(options));
        Self::open(connections, options).await
    }

    /// Like [`connect`](Self::connect), with a pool of your own. Its connections must lead to a
    /// server that accepts writes
    /// ([`TargetSessionAttrs::ReadWrite`](tokio_postgres::config::TargetSessionAttrs)).
    ///
    /// # Errors
    /// As for [`connect`](Self::connect), except for the URL.
    pub async fn from_pool(pool: Pool, options: &PostgresOptions) -> Result<Self, OpenError> {
        let connections = Connections::from_pool(pool, options.statement_timeout, &prefix(options));
        Self::open(connections, options).await
    }

    /// Checks a URL without connecting, for checking a configuration.
    ///
    /// # Errors
    /// When the URL is invalid, or a file that it names cannot be read.
    pub fn check_url(url: &str) -> Result<(), OpenError> {
        ServerUrl::parse(url, |name| std::env::var(name).ok()).map(drop)
    }

    async fn open(connections: Connections, options: &PostgresOptions) -> Result<Self, OpenError> {
        let opening = (|| prepare(&connections, options))
            .retry(backoff())
            .sleep(tokio::time::sleep)
            .when(PrepareError::is_retryable);
        let opened = timeout(OPEN_TIMEOUT, opening).await;
        let prepared = opened
            .map_err(|_| OpenError::Unreachable("it took longer than a minute".into()))?
            .map_err(PrepareError::into_error)?;
        Ok(Self(Arc::new(Inner {
            accounts: RwLock::new(Arc::new(prepared.accounts)),
            schema_ahead: prepared.version > migrations::newest(),
            readiness: Readiness::default(),
            connections,
        })))
    }
}

fn prefix(options: &PostgresOptions) -> String {
    format!("{}.", options.schema.quoted())
}

/// The schema version and the accounts of a database.
struct Prepared {
    version: i64,
    accounts: AccountsSource,
}

/// The preparation of a database failed.
enum PrepareError {
    Store(StoreError),
    Migrate(StoreError),
    ConcurrentChange,
    Refused(OpenError),
}

impl From<StoreError> for PrepareError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<InspectError> for PrepareError {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Store(error) => Self::Store(error),
            InspectError::Mismatch(mismatch) => Self::Refused(mismatch.into()),
        }
    }
}

/// Checks and migrates the database. Can be repeated after any failure.
async fn prepare(
    connections: &Connections,
    options: &PostgresOptions,
) -> Result<Prepared, PrepareError> {
    // Before anything is written.
    if let Accounts::Mapped(mapping) = &options.accounts {
        MappedTable::inspect(connections, mapping).await?;
    }
    let schema = options.schema.as_str();
    require_none(privileges::missing(connections, schema).await?)?;
    let (mut version, known) = (migrations::version(connections).await?, migrations::newest());
    if version < known {
        if !options.migrate {
            let schema = options.schema.clone();
            return Err(PrepareError::Refused(OpenError::NotMigrated {
                schema,
                found: version,
                known,
            }));
        }
        require_none(privileges::missing_to_migrate(connections, schema).await?)?;
        migrations::migrate(connections, schema).await.map_err(|error| match error {
            MigrateError::ConcurrentChange => PrepareError::ConcurrentChange,
            MigrateError::Failed(error) => PrepareError::Migrate(error),
        })?;
        version = migrations::version(connections).await?;
        require_none(privileges::missing(connections, schema).await?)?;
    }
    if version > known.saturating_add(1) {
        return Err(PrepareError::Refused(OpenError::Newer { found: version, known }));
    }
    let accounts = match locate(connections, &options.accounts).await? {
        None => AccountsSource::own(),
        Some(mapping) => AccountsSource::mapped(MappedTable::inspect(connections, &mapping).await?),
    };
    Ok(Prepared { version, accounts })
}

fn require_none(missing: Vec<String>) -> Result<(), PrepareError> {
    if missing.is_empty() {
        Ok(())
    } else {
        Err(PrepareError::Refused(OpenError::MissingPrivileges(missing)))
    }
}

/// Returns the mapping of the accounts; `None` for repass's own table. A requested mapping is
/// recorded, so that every other program that opens the database uses the same accounts.
async fn locate(
    connections: &Connections,
    requested: &Accounts,
) -> Result<Option<AccountsTable>, PrepareError> {
    let recorded = Query::new("SELECT mapping FROM @accounts_table WHERE id = 1");
    let recorded = connections.run(&recorded).await.map_err(StoreError::from)?;
    let recorded: Option<AccountsTable> =
        recorded.rows.first().map(|row| json(row, "mapping")).transpose()?;
    let resolved = requested
        .resolve(recorded.as_ref())
        .map_err(|mismatch| PrepareError::Refused(mismatch.into()))?;
    if let Some(table) = &resolved
        && resolved != recorded
    {
        if recorded.is_none() {
            let own = Query::new("SELECT 1 FROM @accounts LIMIT 1");
            if !connections.run(&own).await.map_err(StoreError::from)?.rows.is_empty() {
                return Err(PrepareError::Refused(AccountsMismatch::HasOwnAccounts.into()));
            }
        }
        let mapping = serde_json::to_value(table)
            .map_err(|error| PrepareError::Refused(OpenError::Database(error.into())))?;
        let insert = Query::new(
            "INSERT INTO @accounts_table (id, mapping) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET mapping = excluded.mapping",
        );
        connections.run(&insert.bind(mapping)).await.map_err(StoreError::from)?;
    }
    Ok(resolved)
}

impl PrepareError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::ConcurrentChange => true,
            Self::Store(error) | Self::Migrate(error) => error.is_retryable(),
            Self::Refused(_) => false,
        }
    }

    fn into_error(self) -> OpenError {
        match self {
            Self::Refused(error) => error,
            Self::ConcurrentChange => {
                OpenError::Schema("other nodes kept changing the schema".into())
            }
            Self::Migrate(StoreError::Failed(source)) => OpenError::Schema(source),
            Self::Store(error) | Self::Migrate(error) => match error {
                StoreError::Unavailable(source) if login_refused(&*source) => {
                    OpenError::Refused(source)
                }
                StoreError::Unavailable(source) => OpenError::Unreachable(source),
                StoreError::Failed(source) => OpenError::Database(source),
                error => OpenError::Database(error.into()),
            },
        }
    }
}
