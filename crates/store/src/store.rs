use std::fmt;
use std::sync::Arc;

use repass_core::{AuditRecord, StoreError};
use sqlx::any::{Any, AnyRow};
use sqlx::query::Query;
use sqlx::{AnyPool, Transaction};

use crate::accounts_source::AccountsSource;
use crate::dialect::Dialect;
use crate::failure::{may_be_committed, outcome_unknown, store_error};
use crate::retry::retried;

/// Every port of the engine on one SQL database.
///
/// Clones share their connections. Futures of its methods may be dropped at any time: a transaction
/// that did not reach its end is rolled back.
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) dialect: Dialect,
    /// All writing goes through this pool. SQLite has one writer at a time, so there is one
    /// connection in it, and tasks queue for that instead of polling a locked database. On
    /// PostgreSQL it is the same pool as the readers'.
    pub(crate) writer: AnyPool,
    pub(crate) readers: AnyPool,
    pub(crate) accounts: Arc<AccountsSource>,
}

pub(crate) type WriteTransaction = Transaction<'static, Any>;
pub(crate) type Statement<'q> = Query<'q, Any, sqlx::any::AnyArguments>;

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

impl SqlStore {
    /// Whether the accounts stand in the store's own tables, and not in one of another application
    /// ([`AccountsTable`](crate::AccountsTable)), which reads the hashes, too.
    pub fn keeps_accounts(&self) -> bool {
        self.accounts.foreign.is_none()
    }

    /// Waits for what is under way, moves everything into the database file itself (SQLite) and
    /// closes all connections, those of clones too. Later calls report [`StoreError::Unavailable`].
    ///
    /// Nothing is lost without it, but files of the write-ahead log stay beside the database.
    ///
    /// # Errors
    /// When the write-ahead log could not be moved. The connections are closed all the same.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let moved = match self.dialect {
            Dialect::Sqlite => {
                let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
                checkpoint.execute(&self.writer).await.map(drop)
            }
            Dialect::Postgres => Ok(()),
        };
        self.writer.close().await;
        moved.map_err(|error| self.error(error))
    }

    /// Begins what will end with [`end`](Self::end), or is undone when dropped.
    pub(crate) async fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let begun = self.writer.begin_with(self.dialect.begin_write()).await;
        begun.map_err(|error| self.error(error))
    }

    /// Makes everything written in `transaction` durable, `record` among it.
    ///
    /// When the connection is lost meanwhile, the record tells whether the server got to it. It
    /// passes, by trying again, only if it is certain that it did not.
    pub(crate) async fn end(
        &self,
        transaction: WriteTransaction,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        let Err(error) = transaction.commit().await else { return Ok(()) };
        if !may_be_committed(self.dialect, &error) {
            return Err(self.error(error));
        }
        match self.is_recorded(record).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.error(error)),
            Err(_) => Err(outcome_unknown(error)),
        }
    }

    /// As [`end`](Self::end) for what leaves no record. When the connection is lost meanwhile,
    /// nobody knows, so it is never tried again.
    pub(crate) async fn end_unrecorded(
        &self,
        transaction: WriteTransaction,
    ) -> Result<(), StoreError> {
        let Err(error) = transaction.commit().await else { return Ok(()) };
        if may_be_committed(self.dialect, &error) {
            return Err(outcome_unknown(error));
        }
        Err(self.error(error))
    }

    /// Whether the transaction that wrote `record` was committed. Waits until it has ended, if the
    /// server is still busy with it: writing the same id again does, where reading would not.
    async fn is_recorded(&self, record: &AuditRecord) -> Result<bool, StoreError> {
        retried(|| async {
            let mut transaction = self.begin().await?;
            let written = self.write_audit_once(&mut transaction, record).await?;
            self.undo(transaction).await?;
            Ok(!written)
        })
        .await
    }

    /// Undoes everything written in `transaction`, and waits until that is done.
    pub(crate) async fn undo(&self, transaction: WriteTransaction) -> Result<(), StoreError> {
        transaction.rollback().await.map_err(|error| self.error(error))
    }

    /// How many rows `statement` wrote.
    pub(crate) async fn write(
        &self,
        transaction: &mut WriteTransaction,
        statement: Statement<'_>,
    ) -> Result<u64, StoreError> {
        let done = statement.execute(&mut **transaction).await;
        done.map(|done| done.rows_affected()).map_err(|error| self.error(error))
    }

    /// The one row that `statement` finds, seen by what `transaction` wrote already.
    pub(crate) async fn row_within(
        &self,
        transaction: &mut WriteTransaction,
        statement: Statement<'_>,
    ) -> Result<Option<AnyRow>, StoreError> {
        let found = statement.fetch_optional(&mut **transaction).await;
        found.map_err(|error| self.error(error))
    }

    /// All rows that `statement` finds, seen by what `transaction` wrote already.
    pub(crate) async fn rows_within(
        &self,
        transaction: &mut WriteTransaction,
        statement: Statement<'_>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let found = statement.fetch_all(&mut **transaction).await;
        found.map_err(|error| self.error(error))
    }

    /// The one row that `statement` finds.
    pub(crate) async fn row(&self, statement: Statement<'_>) -> Result<Option<AnyRow>, StoreError> {
        let found = statement.fetch_optional(&self.readers).await;
        found.map_err(|error| self.error(error))
    }

    /// All rows that `statement` finds.
    pub(crate) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<AnyRow>, StoreError> {
        let found = statement.fetch_all(&self.readers).await;
        found.map_err(|error| self.error(error))
    }

    fn error(&self, error: sqlx::Error) -> StoreError {
        store_error(self.dialect, error)
    }
}

#[cfg(test)]
mod tests {
    use repass_core::{CredentialStore, Subject};
    use sqlx::Executor;

    use super::*;

    #[tokio::test]
    async fn a_database_that_stays_locked_is_unavailable_to_writers_only() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("repass.db").display());
        let (store, other) =
            (SqlStore::open(&url).await.unwrap(), SqlStore::open(&url).await.unwrap());
        store.writer.execute("PRAGMA busy_timeout = 1").await.unwrap();

        let held = other.begin().await.unwrap();
        let error = store.begin().await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let subject = Subject::new("shop".parse().unwrap(), "pat");
        assert_eq!(store.find(&subject).await.unwrap(), None, "readers go on meanwhile");

        other.undo(held).await.unwrap();
        let begun = store.begin().await.unwrap();
        store.end_unrecorded(begun).await.unwrap();
    }
}
