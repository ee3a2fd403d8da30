use std::fmt;
use std::sync::Arc;

use repass_core::{AuditRecord, StoreError};
use sqlx::any::{Any, AnyRow};
use sqlx::query::Query;

use crate::accounts_source::AccountsSource;
use crate::connections::Connections;
use crate::dialect::Dialect;
use crate::effect::Effect;
use crate::failure::{is_violation, may_be_committed, outcome_unknown, store_error};
use crate::retry::retried;
use crate::transaction::WriteTransaction;

/// Every port of the engine on one SQL database.
///
/// Clones share their connections. Futures of its methods may be dropped at any time: a transaction
/// that did not reach its end is rolled back.
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) dialect: Dialect,
    /// All writing goes through these. SQLite has one writer at a time, so it is one connection, and
    /// tasks queue for that instead of polling a locked database. On PostgreSQL they are the same as
    /// the readers'.
    pub(crate) writer: Connections,
    pub(crate) readers: Connections,
    pub(crate) accounts: Arc<AccountsSource>,
}

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
            Dialect::Sqlite => self.move_log().await,
            Dialect::Postgres => Ok(()),
        };
        self.writer.close().await;
        moved.map_err(|error| self.error(error))
    }

    /// Moves the write-ahead log into the database file.
    async fn move_log(&self) -> Result<(), sqlx::Error> {
        let mut writer = self.writer.lend().await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await?;
        writer.give_back();
        Ok(())
    }

    /// Begins what will end with [`end`](Self::end), or is undone when dropped.
    pub(crate) async fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let begun = WriteTransaction::begin(self.dialect, &self.writer).await;
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
        transaction.commit().await.map_err(|error| {
            if may_be_committed(self.dialect, &error) {
                outcome_unknown(error)
            } else {
                self.error(error)
            }
        })
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

    /// Has all `effects` and makes them durable, or has none: on SQLite only.
    pub(crate) async fn have_at_once(
        &self,
        effects: impl IntoIterator<Item = Effect>,
    ) -> Result<(), sqlx::Error> {
        let mut writer = self.writer.lend().await?;
        let had = writer.have_at_once(effects.into_iter().collect()).await;
        match &had {
            Err(error) if !is_violation(error) => {
                // To a trigger a table may stay missing that was missing once.
                writer.discard();
            }
            _ => writer.give_back(),
        }
        had
    }

    /// Has an effect, at the end of `transaction` at the latest.
    pub(crate) async fn effect(
        &self,
        transaction: &mut WriteTransaction,
        effect: Effect,
    ) -> Result<(), StoreError> {
        transaction.effect(effect).await.map_err(|error| self.error(error))
    }

    /// Has an effect now: how many rows it changed.
    pub(crate) async fn effect_now(
        &self,
        transaction: &mut WriteTransaction,
        effect: Effect,
    ) -> Result<u64, StoreError> {
        transaction.effect_now(effect).await.map_err(|error| self.error(error))
    }

    /// How many rows `statement` wrote.
    pub(crate) async fn write(
        &self,
        transaction: &mut WriteTransaction,
        statement: Statement<'_>,
    ) -> Result<u64, StoreError> {
        transaction.execute(statement).await.map_err(|error| self.error(error))
    }

    /// The one row that `statement` finds, seen by what `transaction` wrote already.
    pub(crate) async fn row_within(
        &self,
        transaction: &mut WriteTransaction,
        statement: Statement<'_>,
    ) -> Result<Option<AnyRow>, StoreError> {
        Ok(self.rows_within(transaction, statement).await?.into_iter().next())
    }

    /// All rows that `statement` finds, seen by what `transaction` wrote already.
    pub(crate) async fn rows_within(
        &self,
        transaction: &mut WriteTransaction,
        statement: Statement<'_>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        transaction.fetch_all(statement).await.map_err(|error| self.error(error))
    }

    /// The one row that `statement` finds.
    pub(crate) async fn row(&self, statement: Statement<'_>) -> Result<Option<AnyRow>, StoreError> {
        let found = async {
            // Whatever SQLite's writer writes, all other connections have to read from the file again.
            let mut reader = match self.writer.lend_idle() {
                Some(writer) => writer,
                None => self.readers.lend().await?,
            };
            let found = statement.fetch_optional(&mut *reader).await?;
            reader.give_back();
            Ok(found)
        };
        found.await.map_err(|error| self.error(error))
    }

    /// All rows that `statement` finds.
    pub(crate) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<AnyRow>, StoreError> {
        let found = async {
            let mut reader = self.readers.lend().await?;
            let found = statement.fetch_all(&mut *reader).await?;
            reader.give_back();
            Ok(found)
        };
        found.await.map_err(|error| self.error(error))
    }

    pub(crate) fn error(&self, error: sqlx::Error) -> StoreError {
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
        for store in [&store, &other] {
            let mut writer = store.writer.lend().await.unwrap();
            writer.execute("PRAGMA busy_timeout = 1").await.unwrap();
            writer.give_back();
        }

        let mut held = other.begin().await.unwrap();
        let write = || Effect::new("DELETE FROM attempts", []);
        other.effect_now(&mut held, write()).await.unwrap();
        let mut waiting = store.begin().await.unwrap();
        let error = store.effect_now(&mut waiting, write()).await.unwrap_err();
        drop(waiting);
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let subject = Subject::new("shop".parse().unwrap(), "pat");
        assert_eq!(store.find(&subject).await.unwrap(), None, "readers go on meanwhile");

        other.undo(held).await.unwrap();
        let mut begun = store.begin().await.unwrap();
        store.effect_now(&mut begun, write()).await.unwrap();
        store.end_unrecorded(begun).await.unwrap();
    }
}
