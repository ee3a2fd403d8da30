use std::path::{Path, PathBuf};
use std::sync::Arc;

use repass_core::{AdministrationStore, StoreError, StoreStatus};
use repass_store_postgres::PostgresStore;
use repass_store_sqlite::{Finding, SqliteStore};

/// An open database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store(Database);

#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// A backup failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Databases on a server are backed up with the server's tools.
    #[error("back up a PostgreSQL database with pg_dump or other tools of the server")]
    OnServer,
    /// The copy of the file failed.
    #[error(transparent)]
    Sqlite(#[from] repass_store_sqlite::BackupError),
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// Returns the store as the ports of the engine.
    pub fn ports(&self) -> Arc<dyn AdministrationStore> {
        match &self.0 {
            Database::Sqlite(store) => Arc::new(store.clone()),
            Database::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Returns the database file; `None` on a server.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.0 {
            Database::Sqlite(store) => Some(store.path().to_owned()),
            Database::Postgres(_) => None,
        }
    }

    /// Returns whether the accounts are in the store's own table, and not in one of another
    /// application.
    pub fn keeps_accounts(&self) -> bool {
        match &self.0 {
            Database::Sqlite(store) => store.keeps_accounts(),
            Database::Postgres(store) => store.keeps_accounts(),
        }
    }

    /// Returns whether the schema is one version newer than this program, which should be upgraded.
    pub fn schema_ahead(&self) -> bool {
        match &self.0 {
            Database::Sqlite(store) => store.schema_ahead(),
            Database::Postgres(store) => store.schema_ahead(),
        }
    }

    /// Returns the counts of operations and connections.
    pub fn status(&self) -> StoreStatus {
        match &self.0 {
            Database::Sqlite(store) => store.status(),
            Database::Postgres(store) => store.status(),
        }
    }

    /// Checks that changes can be committed, for health probes. The result is reused for one
    /// second.
    ///
    /// # Errors
    /// When changes cannot be committed, with the cause as `source`.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        match &self.0 {
            Database::Sqlite(store) => store.check_ready().await,
            Database::Postgres(store) => store.check_ready().await,
        }
    }

    /// Copies the database to a new file while it is in use; SQLite only.
    ///
    /// # Errors
    /// When the file exists or cannot be written, or the database is on a server.
    pub async fn backup(&self, to: &Path) -> Result<(), BackupError> {
        match &self.0 {
            Database::Sqlite(store) => Ok(store.backup(to).await?),
            Database::Postgres(_) => Err(BackupError::OnServer),
        }
    }

    /// Checks the database and returns its defects. Checks the whole content of a SQLite file; on a
    /// server, only checks that changes can be committed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn check(&self) -> Result<Vec<Finding>, StoreError> {
        match &self.0 {
            Database::Sqlite(store) => store.check().await,
            Database::Postgres(store) => store.check_ready().await.map(|()| Vec::new()),
        }
    }

    /// Waits for running calls and closes all connections, including those of clones.
    ///
    /// # Errors
    /// When the write-ahead log of a file could not be checkpointed. Nothing is lost.
    pub async fn close(&self) -> Result<(), StoreError> {
        match &self.0 {
            Database::Sqlite(store) => store.close().await,
            Database::Postgres(store) => {
                store.close().await;
                Ok(())
            }
        }
    }
}
