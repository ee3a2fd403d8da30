//! Opening a database: its connections, its schema, its accounts.

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
use crate::mapped::{MappedTable, Uninspected};
use crate::migrations::{self, Migrating};
use crate::privileges;
use crate::query::Query;
use crate::readiness::Readiness;
use crate::retry::backoff;
use crate::row::json;
use crate::server_url::ServerUrl;
use crate::store::{Inner, PostgresStore};
use crate::tls::InvalidCertificate;

/// How a database is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// The schema of repass's own tables; `repass` by default. It is always named, so it need not be
    /// in a `search_path`, and several installations can share a database.
    pub schema: SqlName,
    /// Where the accounts are.
    pub accounts: Accounts,
    /// Whether the schema is brought up to date; `true` by default. Otherwise a database that is not
    /// is refused.
    pub migrate: bool,
    /// The most connections of this node, at least 1; 16 by default. A pool of your own has its own limit.
    pub connections: usize,
    /// The longest wait for the answer to a statement or a commit, and for a connection; 5 seconds by
    /// default.
    pub statement_timeout: Duration,
    /// How long a connection may be unused before it is closed; 5 minutes by default.
    pub idle_timeout: Duration,
    /// How long a connection is used before it is replaced; 30 minutes by default.
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
        Err(_) => unreachable!("six letters are a name"),
    }
}

/// Why a database could not be opened. No variant contains more of the URL than a path or the name of a
/// parameter.
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
    /// The URL has a parameter that nobody knows.
    #[error("the database URL has an unknown parameter; the manual lists the known ones")]
    UnknownParameter,
    /// The URL has a parameter of libpq that is not supported.
    #[error("the parameter {0} of the database URL is not supported")]
    UnsupportedParameter(&'static str),
    /// A parameter of the URL, or of the environment, is missing or has a value that is not supported.
    #[error("the parameter {name} of the database URL {expected}")]
    InvalidParameter {
        /// The parameter.
        name: &'static str,
        /// That it is missing, or what it must be.
        expected: &'static str,
    },
    /// A file that the URL names cannot be used.
    #[error(transparent)]
    Certificate(#[from] InvalidCertificate),
    /// No server that takes writes can be reached.
    #[error("no database server that takes writes can be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server knows no such user, password or database, or does not let that user in.
    #[error("the database server refused the connection")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The schema is missing or of an older version, and is not to be migrated.
    #[error(
        "the schema {schema} has version {found}, and {known} is needed; run `repass database migrate`"
    )]
    NotMigrated {
        /// The schema.
        schema: SqlName,
        /// The version found, 0 for none.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// The schema is of a later version of repass.
    #[error("the schema has version {found}, but this program knows {known}; upgrade this program")]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The schema could not be brought up to date; it is as it was.
    #[error("the schema could not be brought up to date")]
    Schema(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The role lacks privileges.
    #[error("this role lacks {}; run GRANT with each of them TO this role", .0.join(", "))]
    MissingPrivileges(Vec<String>),
    /// The accounts are not where they are said to be.
    #[error(transparent)]
    Accounts(#[from] AccountsMismatch),
    /// Anything else.
    #[error("the database could not be opened")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The longest that opening takes, migrations included.
const OPENING: Duration = Duration::from_secs(60);

impl PostgresStore {
    /// Connects to the database of a URL, and brings its schema up to date if the options say so.
    ///
    /// `postgres://user:password@host:port/database` names a database, `postgres:///database?host=/folder`
    /// one that is reached by the Unix socket in that folder. Several hosts, separated by commas, are
    /// tried in turn; only one that takes writes is used. What the URL leaves out is taken from libpq's
    /// environment variables and its password file. The [front page](crate) lists the parameters.
    ///
    /// Needs a tokio runtime with time and I/O enabled, as all other methods do.
    ///
    /// # Errors
    /// When the URL cannot be read, no server can be reached within a minute, the schema is not up to
    /// date and not to be migrated, or the accounts are not where they are said to be.
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

    /// As [`connect`](Self::connect) with a pool of your own, whose connections are used as they are.
    /// See to it that they lead to a server that takes writes
    /// ([`TargetSessionAttrs::ReadWrite`](tokio_postgres::config::TargetSessionAttrs)).
    ///
    /// # Errors
    /// As for [`connect`](Self::connect), but for the URL.
    pub async fn from_pool(pool: Pool, options: &PostgresOptions) -> Result<Self, OpenError> {
        let connections = Connections::from_pool(pool, options.statement_timeout, &prefix(options));
        Self::open(connections, options).await
    }

    /// Checks a URL without connecting: for checking a configuration.
    ///
    /// # Errors
    /// When the URL, or a file that it names, cannot be read.
    pub fn check_url(url: &str) -> Result<(), OpenError> {
        ServerUrl::parse(url, |name| std::env::var(name).ok()).map(drop)
    }

    async fn open(connections: Connections, options: &PostgresOptions) -> Result<Self, OpenError> {
        let opening = (|| prepare(&connections, options))
            .retry(backoff())
            .sleep(tokio::time::sleep)
            .when(Unready::is_retryable);
        let opened = timeout(OPENING, opening).await;
        let prepared = opened
            .map_err(|_| OpenError::Unreachable("it took longer than a minute".into()))?
            .map_err(Unready::into_error)?;
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

/// What is known of an open database.
struct Prepared {
    version: i64,
    accounts: AccountsSource,
}

/// Why the database cannot be used yet.
enum Unready {
    Store(StoreError),
    Migrating(StoreError),
    MadeMeanwhile,
    Refused(OpenError),
}

impl From<StoreError> for Unready {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Uninspected> for Unready {
    fn from(error: Uninspected) -> Self {
        match error {
            Uninspected::Store(error) => Self::Store(error),
            Uninspected::Mismatch(mismatch) => Self::Refused(mismatch.into()),
        }
    }
}

/// May be tried again after any failure.
async fn prepare(
    connections: &Connections,
    options: &PostgresOptions,
) -> Result<Prepared, Unready> {
    // Before anything of our own is made.
    if let Accounts::In(mapping) = &options.accounts {
        MappedTable::inspect(connections, mapping).await?;
    }
    let schema = options.schema.as_str();
    granted(privileges::missing(connections, schema).await?)?;
    let (mut version, known) = (migrations::version(connections).await?, migrations::newest());
    if version < known {
        if !options.migrate {
            let schema = options.schema.clone();
            return Err(Unready::Refused(OpenError::NotMigrated { schema, found: version, known }));
        }
        granted(privileges::missing_to_migrate(connections, schema).await?)?;
        migrations::migrate(connections, schema).await.map_err(|error| match error {
            Migrating::MadeMeanwhile => Unready::MadeMeanwhile,
            Migrating::Failed(error) => Unready::Migrating(error),
        })?;
        version = migrations::version(connections).await?;
        granted(privileges::missing(connections, schema).await?)?;
    }
    if version > known.saturating_add(1) {
        return Err(Unready::Refused(OpenError::Newer { found: version, known }));
    }
    let accounts = match locate(connections, &options.accounts).await? {
        None => AccountsSource::own(),
        Some(mapping) => AccountsSource::mapped(MappedTable::inspect(connections, &mapping).await?),
    };
    Ok(Prepared { version, accounts })
}

fn granted(missing: Vec<String>) -> Result<(), Unready> {
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Unready::Refused(OpenError::MissingPrivileges(missing)))
    }
}

/// Where the accounts are. A mapping is noted, so that everybody else who opens the database finds the
/// same accounts.
async fn locate(
    connections: &Connections,
    wanted: &Accounts,
) -> Result<Option<AccountsTable>, Unready> {
    let noted = Query::new("SELECT mapping FROM @accounts_table WHERE id = 1");
    let noted = connections.run(&noted).await.map_err(StoreError::from)?;
    let noted: Option<AccountsTable> =
        noted.rows.first().map(|row| json(row, "mapping")).transpose()?;
    let resolved =
        wanted.resolve(noted.as_ref()).map_err(|mismatch| Unready::Refused(mismatch.into()))?;
    if let Some(table) = &resolved
        && resolved != noted
    {
        if noted.is_none() {
            let own = Query::new("SELECT 1 FROM @accounts LIMIT 1");
            if !connections.run(&own).await.map_err(StoreError::from)?.rows.is_empty() {
                return Err(Unready::Refused(AccountsMismatch::OwnAccounts.into()));
            }
        }
        let mapping = serde_json::to_value(table)
            .map_err(|error| Unready::Refused(OpenError::Database(error.into())))?;
        let note = Query::new(
            "INSERT INTO @accounts_table (id, mapping) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET mapping = excluded.mapping",
        );
        connections.run(&note.bind(mapping)).await.map_err(StoreError::from)?;
    }
    Ok(resolved)
}

impl Unready {
    fn is_retryable(&self) -> bool {
        match self {
            Self::MadeMeanwhile => true,
            Self::Store(error) | Self::Migrating(error) => error.is_retryable(),
            Self::Refused(_) => false,
        }
    }

    fn into_error(self) -> OpenError {
        match self {
            Self::Refused(error) => error,
            Self::MadeMeanwhile => OpenError::Schema("other nodes keep changing it".into()),
            Self::Migrating(StoreError::Failed(source)) => OpenError::Schema(source),
            Self::Store(error) | Self::Migrating(error) => match error {
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
