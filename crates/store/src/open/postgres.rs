//! A PostgreSQL database: its connections, and its schema, which several nodes may make at once.

use std::sync::Arc;
use std::time::Duration;

use backon::Retryable;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::accounts::{self, Unbound};
use super::{Accounts, LONGEST_WAIT, OpenError, StoreOptions, migrate, schema_error};
use crate::accounts_source::AccountsSource;
use crate::accounts_table::SqlName;
use crate::connections::Connections;
use crate::database_url::ServerUrl;
use crate::dialect::{Dialect, Fault};
use crate::failure::Reported;
use crate::retry::patience;
use crate::store::SqlStore;

/// Connections of one node. Servers take a hundred by default, from all nodes together.
const CONNECTIONS: u32 = 16;

/// A connection that was idle for so long is tried before it is used: the server may have restarted
/// meanwhile. One that fails in use is replaced, and what was to be done is done again.
const TRIED_AFTER: Duration = Duration::from_secs(1);

/// Connections are made anew now and then, so that nodes spread over servers that joined.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);

const LONGEST_IDLE: Duration = Duration::from_secs(5 * 60);

/// Every connection must have these. A node that stops or is cut off in the midst of a transaction
/// does not hold its locks for ever, and what is committed is on a disk.
const SESSION: &str = "
    SET statement_timeout = '30s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '30s';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// The row that is locked while the schema changes. Several nodes may make it at once.
const SCHEMA_LOCK: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS repass_schema_lock (id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1))",
    "INSERT INTO repass_schema_lock (id) VALUES (1) ON CONFLICT (id) DO NOTHING",
];

pub(super) async fn open(server: &ServerUrl, wanted: &StoreOptions) -> Result<SqlStore, OpenError> {
    install_default_drivers();
    let ServerUrl(options) = server;
    let source = (|| prepare(options, wanted))
        .retry(patience())
        .sleep(tokio::time::sleep)
        .when(Unready::passes)
        .await
        .map_err(Unready::into_error)?;

    let session: Arc<str> = match &wanted.schema {
        None => SESSION.into(),
        Some(schema) => format!("{SESSION}; {}", enter(schema)).into(),
    };
    let pool = AnyPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(LONGEST_WAIT)
        .idle_timeout(LONGEST_IDLE)
        .max_lifetime(LONGEST_LIFE)
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for >= TRIED_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            let session = Arc::clone(&session);
            Box::pin(
                async move { connection.execute(AssertSqlSafe(session.as_ref())).await.map(drop) },
            )
        })
        .connect_lazy_with(options.clone());
    let connections = Connections::Pooled(pool);
    Ok(SqlStore {
        dialect: Dialect::Postgres,
        writer: connections.clone(),
        readers: connections,
        accounts: Arc::new(source),
    })
}

/// Why the schema is not up to date yet.
enum Unready {
    Connecting(sqlx::Error),
    Migrating(MigrateError),
    Refused(OpenError),
}

impl From<MigrateError> for Unready {
    fn from(error: MigrateError) -> Self {
        Self::Migrating(error)
    }
}

impl From<Unbound> for Unready {
    fn from(unbound: Unbound) -> Self {
        match unbound {
            Unbound::Sql(error) => Self::Connecting(error),
            Unbound::Refused(error) => Self::Refused(error),
        }
    }
}

/// Has a connection find our own tables, and nobody else's by mistake.
fn enter(schema: &SqlName) -> String {
    format!("SET search_path TO {}", schema.quoted())
}

/// Brings the schema up to date. It may be tried again after any failure.
async fn prepare(
    options: &AnyConnectOptions,
    wanted: &StoreOptions,
) -> Result<AccountsSource, Unready> {
    let connecting = tokio::time::timeout(LONGEST_WAIT, options.connect()).await;
    let connecting = connecting.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    let mut connection = connecting.map_err(Unready::Connecting)?;
    let prepared = bring_up_to_date(&mut connection, wanted).await;
    // The server sees to it if this fails.
    let _ = connection.close().await;
    prepared
}

async fn bring_up_to_date(
    connection: &mut AnyConnection,
    wanted: &StoreOptions,
) -> Result<AccountsSource, Unready> {
    accounts::check(Dialect::Postgres, connection, &wanted.accounts).await?;
    if let Some(schema) = &wanted.schema {
        connection.execute(AssertSqlSafe(enter(schema))).await.map_err(Unbound::Sql)?;
    }
    // Looked at first, since a node with nothing to change need not be allowed to.
    if !is_up_to_date(connection, &Dialect::Postgres.migrations()).await? {
        make_up_to_date(connection, wanted).await?;
    }
    Ok(accounts::bind(Dialect::Postgres, connection, &wanted.accounts).await?)
}

async fn make_up_to_date(
    connection: &mut AnyConnection,
    wanted: &StoreOptions,
) -> Result<(), Unready> {
    match &wanted.schema {
        Some(schema) => {
            let made = accounts::make_schema(connection, schema).await;
            made.map_err(|error| Unready::Migrating(MigrateError::Execute(error)))?;
        }
        // Whoever does not even say where accounts stand is not to begin beside those that there
        // are.
        None if wanted.accounts == Accounts::AsNoted && !has_tables(connection).await? => {
            let others = accounts::other_schemas(connection).await.map_err(Unbound::Sql)?;
            if !others.is_empty() {
                return Err(Unready::Refused(OpenError::OtherSchema(others.join(", "))));
            }
        }
        None => {}
    }
    for statement in SCHEMA_LOCK {
        connection.execute(*statement).await.map_err(MigrateError::Execute)?;
    }
    Ok(migrate(Dialect::Postgres, connection).await?)
}

/// Whether there are tables of ours, of an older version perhaps.
async fn has_tables(connection: &mut AnyConnection) -> Result<bool, Unready> {
    let migrations = Dialect::Postgres.migrations();
    match connection.list_applied_migrations(&migrations.table_name).await {
        Ok(applied) => Ok(!applied.is_empty()),
        Err(MigrateError::Execute(error)) if code(&error) == UNDEFINED_TABLE => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn is_up_to_date(
    connection: &mut AnyConnection,
    migrator: &Migrator,
) -> Result<bool, MigrateError> {
    let applied = match connection.list_applied_migrations(&migrator.table_name).await {
        Ok(applied) => applied,
        Err(MigrateError::Execute(error)) if code(&error) == UNDEFINED_TABLE => return Ok(false),
        Err(error) => return Err(error),
    };
    let known: Vec<_> =
        migrator.iter().map(|migration| (migration.version, &migration.checksum)).collect();
    let applied: Vec<_> =
        applied.iter().map(|migration| (migration.version, &migration.checksum)).collect();
    Ok(applied == known)
}

const UNDEFINED_TABLE: &str = "42P01";

/// What PostgreSQL says, although `IF NOT EXISTS` was asked, to those who make the same table at
/// once: unique_violation in its own catalogue, duplicate_table, or duplicate_object.
const MADE_MEANWHILE: &[&str] = &["23505", "42P07", "42710"];

fn code(error: &sqlx::Error) -> String {
    let database = error.as_database_error();
    database.and_then(sqlx::error::DatabaseError::code).unwrap_or_default().into_owned()
}

impl Unready {
    fn passes(&self) -> bool {
        let error = match self {
            Self::Connecting(error)
            | Self::Migrating(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            ) => error,
            Self::Migrating(_) | Self::Refused(_) => return false,
        };
        if matches!(error, sqlx::Error::Io(_)) {
            return true;
        }
        let code = code(error);
        match Dialect::Postgres.fault(&code) {
            Fault::Conflict | Fault::Disconnected | Fault::Locked | Fault::Unavailable => true,
            _ => MADE_MEANWHILE.contains(&&*code),
        }
    }

    fn into_error(self) -> OpenError {
        let error = match self {
            Self::Refused(error) => return error,
            Self::Connecting(error) => error,
            Self::Migrating(MigrateError::Execute(error @ sqlx::Error::Io(_))) => error,
            Self::Migrating(error) => return schema_error(Dialect::Postgres, error),
        };
        match error {
            sqlx::Error::Database(error) => {
                let reported = Reported::new(Dialect::Postgres, &*error).into();
                match Dialect::Postgres.fault(&error.code().unwrap_or_default()) {
                    Fault::Login => OpenError::Refused(reported),
                    Fault::Disconnected | Fault::Unavailable => OpenError::Unreachable(reported),
                    _ => OpenError::Database(reported),
                }
            }
            error @ (sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut) => {
                OpenError::Unreachable(error.into())
            }
            // What it holds may be a part of the URL.
            sqlx::Error::Configuration(_) => OpenError::InvalidServer,
            error => OpenError::Database(error.into()),
        }
    }
}
