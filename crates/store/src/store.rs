use std::path::{Path, PathBuf};
use std::sync::Arc;

use repass_core::{AdministrationStore, StoreError};
use repass_store_postgres::PostgresStore;
use repass_store_sqlite::{Finding, SqliteStore};

/// An open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store(Database);

#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// Why a backup could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// A server makes its own.
    #[error("back up a PostgreSQL database with pg_dump or the server's own means")]
    OnServer,
    /// The copy of the file failed.
    #[error(transparent)]
    Sqlite(#[from] repass_store_sqlite::BackupError),
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// The ports of the engine on this database.
    pub fn ports(&self) -> Arc<dyn AdministrationStore> {
        match &self.0 {
            Database::Sqlite(store) => Arc::new(store.clone()),
            Database::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// The database file; `None` on a server.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.0 {
            Database::Sqlite(store) => Some(store.path().to_owned()),
            Database::Postgres(_) => None,
        }
    }

    /// Whether the accounts are in the store's own tables, and not in one of another application, which
    /// reads the hashes, too.
    pub fn keeps_accounts(&self) -> bool {
        match &self.0 {
            Database::Sqlite(store) => store.keeps_accounts(),
            Database::Postgres(store) => store.keeps_accounts(),
        }
    }

    /// Whether the schema is one version ahead of this program, which should be upgraded.
    pub fn schema_ahead(&self) -> bool {
        match &self.0 {
            Database::Sqlite(store) => store.schema_ahead(),
            Database::Postgres(store) => store.schema_ahead(),
        }
    }

    /// Checks that a change could be committed now: for health probes. One verdict serves all that ask
    /// within a second.
    ///
    /// # Errors
    /// When no change could be committed, with the reason as `source`.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        match &self.0 {
            Database::Sqlite(store) => store.check_ready().await,
            Database::Postgres(store) => store.check_ready().await,
        }
    }

    /// Copies the database to a new file while it is used; SQLite only.
    ///
    /// # Errors
    /// When the file exists or cannot be written, or the database is on a server.
    pub async fn backup(&self, to: &Path) -> Result<(), BackupError> {
        match &self.0 {
            Database::Sqlite(store) => Ok(store.backup(to).await?),
            Database::Postgres(_) => Err(BackupError::OnServer),
        }
    }

    /// Checks the database and returns everything that is wrong: of a file, its whole content; of a
    /// server, which checks its own, that a change could be committed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn check(&self) -> Result<Vec<Finding>, StoreError> {
        match &self.0 {
            Database::Sqlite(store) => store.check().await,
            Database::Postgres(store) => store.check_ready().await.map(|()| Vec::new()),
        }
    }

    /// Waits for what is under way and closes all connections, those of clones, too.
    ///
    /// # Errors
    /// When the write-ahead log of a file could not be moved into it. Nothing is lost.
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
